"""Which stage lost the answer to a question, the evidence, and the smallest change that brings it back.

The stages are gone through in order, with the passages that hold the answer in view:

    not ingested     no stored document goes by the name judged relevant
    not parsed       no stored document holds the answer: the file was not read as hoped, or says it otherwise
    cut apart        a document holds the answer, but no chunk of it does
    below k          the retriever found no chunk with the answer among the hits it was asked for
    denoised away    a denoise stage dropped every chunk with the answer, or put it behind others
    out of budget    the generator was given such a chunk, but behind what it reads
    unread           the generator read such a chunk and took something else
    declined         the answer was drafted, and withdrawn for too little confidence
    answered         nothing was lost

A change is tried before it is reported: `works` says whether the answer came back.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from rag.counts import counted
from rag.errors import ConfigError
from rag.evaluate.questions.cases import Case
from rag.evaluate.questions.judgements import Judged, match
from rag.evaluate.running.corpora import over
from rag.evaluate.running.score import holds, right
from rag.pipeline.pipeline import Pipeline, answer_of
from rag.terminal import one_line
from rag.types import Answer, Chunk, Hit

from .run import home_of, read

_DEEP = 1000  # how far down a lost chunk is looked for
_PAGE = 1000  # chunks scanned at once
_SENTENCES = 8  # of an answer, tried where three do not hold what is right
_ADVICE = {
    "cut apart": "chunk.max_tokens = {tokens} or chunk.overlap = 2, then `rag ingest` again",
    "below k": "question and passage share too little: add the missing term with `rag glossary edit`, or let "
    "a language model word the question anew (`--augment rewrite`)",
    "denoised away": "raise search.k, or ask more closely: the stage is right by its own rule",
    "out of budget": "ask more closely, or let a language model read the passage (`rag ask -m NAME`)",
    "unread": "ask more closely, or let a language model read the passage (`rag ask -m NAME`)",
    "declined": "ask more closely: the answer stays doubtful at every threshold",
}


class Change(NamedTuple):
    """Something to try, in words, and whether the answer came back with it."""

    what: str
    works: bool


@dataclass(frozen=True, slots=True)
class Why:
    """`lost` names the place as in the list above; `evidence` are the facts, one a line.

    `changes` were all tried. Where none of them works, `advice` says what is left to do.
    """

    question: str
    answers: tuple[str, ...]
    lost: str
    because: str
    evidence: tuple[str, ...]
    changes: tuple[Change, ...] = ()
    advice: str = ""

    @property
    def passed(self) -> bool:
        """An explanation has nothing to fail."""
        return True

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return asdict(self) | {"changes": [change._asdict() for change in self.changes]}

    def __str__(self) -> str:
        lines = [f"{self.lost}: {self.because}", *(f"  {one_line(fact)}" for fact in self.evidence)]
        lines += [f"→ {change.what}: brings it back" for change in self.changes if change.works]
        if vain := [change.what for change in self.changes if not change.works]:
            lines.append(f"  tried in vain: {'; '.join(vain)}")
        if self.advice:
            lines.append(f"→ {self.advice}")
        return "\n".join(lines)


def why(rag: Pipeline, case: Case, k: int | None = None) -> Why:
    """Follows the answer of a case through the stages. Raises ConfigError for a case without answers."""
    if not case.answers:
        raise ConfigError(f"{case.question!r} has no answers to look for: give one with --answer")
    asked = _Asked(rag, case, k)
    lost = _before_retrieval(asked) or _in_search(asked) or _in_answering(asked)
    return Why(case.question, case.answers, *lost, advice=_advice(rag, lost))


def explained(
    rag: Pipeline,
    question: str,
    *,
    answers: Sequence[str] = (),
    qa: Path | None = None,
    corpus: Path | None = None,
    k: int | None = None,
) -> Why:
    """Where the answer to a question was lost; `question` is an id where a set is given."""
    if qa is not None:
        case = read(qa).get(question)
        if answers:
            case = replace(case, answers=tuple(answers))
    else:
        case = Case("asked", question, tuple(answers))
    with over(rag, corpus, home_of(rag), lambda _: None) as pipeline:
        return why(pipeline, case, k)


Lost = tuple[str, str, tuple[str, ...], tuple[Change, ...]]


def _advice(rag: Pipeline, lost: Lost) -> str:
    """What is left to do where nothing that was tried brings the answer back."""
    place, *_, changes = lost
    helped = any(change.works for change in changes)
    return "" if helped else _ADVICE.get(place, "").format(tokens=2 * rag.settings.chunk.max_tokens)


class _Asked:
    """One question asked once, and what the steps below look at."""

    def __init__(self, rag: Pipeline, case: Case, k: int | None) -> None:
        self.rag, self.case = rag, case
        self.k = k or rag.settings.search.k
        self.judged = match([case], rag.store)
        self.gold = _holding(rag, case, self.judged)
        events = list(rag.stream(case.question, k=self.k))
        self.hits: Sequence[Hit] = next(event.hits for event in events if event.kind == "hits")
        self.answer = answer_of(events)
        self.trace = self.answer.trace

    def rank(self, hits: Sequence[Hit]) -> int:
        """The place, from 1, of the first hit that holds the answer; 0 where none does."""
        return next((at for at, hit in enumerate(hits, 1) if hit.chunk.id in self.gold), 0)

    def tried(self, what: str, rag: Pipeline, k: int | None = None) -> Change:
        answer = rag.ask(self.case.question, k=k or self.k)
        return Change(what, not answer.abstained and _right(self.case, answer))


def _before_retrieval(asked: _Asked) -> Lost | None:
    case, missing = asked.case, sorted(asked.judged.missing)
    if asked.gold:
        return None
    if missing:
        return (
            "not ingested",
            f"no document of the index goes by the name {missing[0]!r}",
            ("`rag ls` shows what is stored; `rag ingest PATH` tells which files could not be read",),
            (),
        )
    apart = next(_cut_apart(asked), None)
    if apart is not None:
        tokens = asked.rag.settings.chunk.max_tokens
        return (
            "cut apart",
            "the answer stands in a document, but on both sides of a border between chunks",
            (apart, f"chunks have up to {tokens} tokens, by the method {asked.rag.settings.chunk.method!r}"),
            (),
        )
    where = "the relevant documents" if case.relevant else "the index"
    return (
        "not parsed",
        f"nothing in {where} holds the answer word for word",
        (
            f"looked for: {' · '.join(case.answers)}",
            "the file may hold it as a picture, or in other words: `rag search` shows what was read",
        ),
        (),
    )


def _in_search(asked: _Asked) -> Lost | None:
    """Lost between the store and the hits that the generator is given."""
    if asked.rank(asked.hits):
        return None
    stages = [record for record in asked.trace if record.stage in ("retrieve", "denoise")]
    held = [_rank_in(record.detail.get("hits", ()), asked.gold) for record in stages]
    if held and held[0] and len(stages) > 1:
        place = next((at for at, rank in enumerate(held) if not 0 < rank <= asked.k), len(held) - 1)
        if place > 0:
            name = stages[place].name
            effect = (
                "dropped it"
                if not held[place]
                else f"put it at rank {held[place]}, behind the {asked.k} kept"
            )
            kept = [stage for stage in asked.rag.denoise if _name(stage) != name]
            change = asked.tried(f"without {name} in search.denoise", asked.rag.variant(denoise=kept))
            return "denoised away", f"{name} {effect}", (f"rank {held[0]} after retrieval",), (change,)
    bare = asked.rag.variant(denoise=[])
    deep = bare.search(asked.case.question, k=_DEEP)
    rank = asked.rank(deep)
    facts = [_first_gold(asked)]
    if not rank:
        facts.append(f"not among the first {counted(len(deep), 'hit')} of {_name(asked.rag.retrieve)}")
        return "below k", "the retriever does not find the passage", tuple(facts), _other_legs(asked)
    legs = ", ".join(f"{leg} rank {at}" for leg, at in deep[rank - 1].ranks.items())
    facts.append(f"rank {rank} ({legs}), and {counted(asked.k, 'hit is', 'hits are')} kept")
    changes = [asked.tried(f"search.k = {rank}", asked.rag, k=rank), *_other_legs(asked)]
    return "below k", f"the passage is at rank {rank}", tuple(facts), tuple(changes)


def _in_answering(asked: _Asked) -> Lost:
    """Lost between the hits and the answer."""
    case, answer, rank = asked.case, asked.answer, asked.rank(asked.hits)
    facts = [_first_gold(asked), f"rank {rank} of {counted(len(asked.hits), 'hit')}"]
    if not answer.abstained and _right(case, answer):
        return "answered", "the answer holds it", (*facts, f"said: {answer.text}"), ()
    drafted = _draft(answer)
    if right(case, drafted):
        below = asked.rag.settings.ask.abstain_below
        facts.append(f"confidence {answer.confidence:.3f}, and {below:g} is asked for")
        lower = max(0.0, round(answer.confidence - 0.0005, 3))
        change = asked.tried(
            f"ask.abstain_below = {lower:g}", asked.rag.variant({"ask.abstain_below": float(lower)})
        )
        return "declined", "the answer was drafted and withdrawn", tuple(facts), (change,)
    facts.append(f"taken instead: {drafted or answer.text}")
    ahead = asked.rag.variant(
        reorder=[lambda _, hits: sorted(hits, key=lambda hit: hit.chunk.id not in asked.gold)]
    )
    alone = asked.rag.variant(reorder=[lambda _, hits: [hit for hit in hits if hit.chunk.id in asked.gold]])
    first = asked.tried("the passage as the first hit (a better ranking)", ahead)
    only = asked.tried("the passage as the only hit (a stricter denoise)", alone)
    reads = getattr(asked.rag.generate, "_read", None)
    if isinstance(reads, int) and rank > reads:
        because = f"the passage is hit {rank}, and {_name(asked.rag.generate)} reads the first {reads}"
        more = asked.tried(f"[stages.{_name(asked.rag.generate)}] read = {rank}", _reading(asked.rag, rank))
        return "out of budget", because, tuple(facts), (more, first)
    longer = asked.tried(f"ask.sentences = {_SENTENCES}", asked.rag.variant({"ask.sentences": _SENTENCES}))
    changes = (longer, first, only) if longer.works else (first, only)
    because = "the generator had the passage and took something else"
    return "unread", because, tuple(facts), changes


def _holding(rag: Pipeline, case: Case, judged: Judged) -> frozenset[str]:
    """Ids of the chunks that hold an answer, of the relevant documents where they are known."""
    wanted = judged.document_ids(case.relevant)
    if case.relevant and not wanted:
        return frozenset()
    return frozenset(
        chunk.id
        for chunk in _chunks(rag)
        if (not wanted or chunk.document_id in wanted) and holds(case, chunk)
    )


def _chunks(rag: Pipeline) -> Iterator[Chunk]:
    after = ""
    while page := rag.store.scan(after, _PAGE):
        yield from (chunk for chunk, _ in page)
        after = page[-1][0].id


def _cut_apart(asked: _Asked) -> Iterator[str]:
    """Documents whose text holds the answer, though none of their chunks does."""
    wanted = asked.judged.document_ids(asked.case.relevant)
    for info in asked.rag.store.documents():
        if not wanted or info.id in wanted:
            for document in asked.rag.store.load([info.id]):
                if right(asked.case, document.text):
                    yield f"{document.source} holds it, in {counted(info.chunks, 'chunk')}"


def _other_legs(asked: _Asked) -> tuple[Change, ...]:
    """Every other built-in retriever, and whether it alone would do."""
    current = _name(asked.rag.retrieve)
    tried = [
        asked.tried(f"search.retrieve = {name!r}", asked.rag.variant(retrieve=name))
        for name in ("hybrid", "lexical", "dense")
        if name != current
    ]
    return tuple(change for change in tried if change.works) or tuple(tried)


def _first_gold(asked: _Asked) -> str:
    (chunk,) = asked.rag.store.get([min(asked.gold)])
    ranked = [hit.chunk for hit in asked.hits if hit.chunk.id in asked.gold]
    chunk = ranked[0] if ranked else chunk
    more = f" and {counted(len(asked.gold) - 1, 'more chunk')}" if len(asked.gold) > 1 else ""
    page = f" p.{chunk.page}" if chunk.page else ""
    return f"the answer stands in {chunk.source}{page} {chunk.start}–{chunk.end}{more}"


def _rank_in(rows: Sequence[dict[str, Any]], gold: frozenset[str]) -> int:
    return next((at for at, row in enumerate(rows, 1) if row["chunk"] in gold), 0)


def _draft(answer: Answer) -> str:
    for record in reversed(answer.trace):
        rows = record.detail.get("sentences")
        if rows:
            return " ".join(row["text"] for row in rows)
    return ""


def _right(case: Case, answer: Answer) -> bool:
    return right(case, " ".join(sentence.text for sentence in answer.sentences))


def _reading(rag: Pipeline, count: int) -> Pipeline:
    name = _name(rag.generate)
    options = {**rag.settings.stages.get(name, {}), "read": count}
    return rag.variant({f"stages.{name}": options})


def _name(stage: object) -> str:
    from rag.trace import name_of

    return name_of(stage)
