"""Asking one question of a set, and keeping what measures need to know of it."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

from rag.evaluate.questions.cases import Case
from rag.evaluate.questions.judgements import Judged
from rag.pipeline.pipeline import Pipeline, answer_of
from rag.types import Answer, Hit, Record

from .proofs import supports


class RankedHit(NamedTuple):
    """One hit: the document by the name that judgements use, and the chunk's place in it."""

    document: str
    chunk: str
    start: int
    end: int
    score: float


class Said(NamedTuple):
    """One sentence of an answer, how well `proofs.py` finds it supported (0 to 1), and what it cites."""

    text: str
    support: float
    cites: tuple[str, ...] = ()


class Verdict(NamedTuple):
    """What a judge said of an answer; `right` is None where its reply was no verdict."""

    judge: str
    right: bool | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one question.

    `ranking`: documents, each at its best chunk. `said`: the sentences of the answer as given, none where it
    was declined; `short`: the words that answer, where the answer names them; `draft`: the answer's text
    before that decision. `ms`: milliseconds by stage, `total` among them; `tokens`: tokens of the hits that
    the generator was given, by the embedder's count.
    """

    id: str
    ranking: tuple[str, ...] = ()
    hits: tuple[RankedHit, ...] = ()
    said: tuple[Said, ...] = ()
    short: str = ""
    draft: str = ""
    abstained: bool = False
    confidence: float = 0.0
    tokens: int = 0
    ms: Mapping[str, float] = field(default_factory=dict)
    verdict: Verdict | None = None

    @property
    def text(self) -> str:
        """The answer without its markers; empty where it was declined."""
        return " ".join(sentence.text for sentence in self.said)

    @property
    def prediction(self) -> str:
        """What is compared with a reference answer word by word: the answer's own words, else all of it."""
        return self.short or self.text

    @property
    def cited(self) -> tuple[str, ...]:
        """The document of every citation, in order."""
        return tuple(document for sentence in self.said for document in sentence.cites)

    def to_dict(self) -> dict[str, Any]:
        """JSON values; `from_dict` reads them."""
        values = asdict(self)
        values["hits"] = [list(hit) for hit in self.hits]
        values["said"] = [[sentence.text, sentence.support, list(sentence.cites)] for sentence in self.said]
        values["verdict"] = list(self.verdict) if self.verdict else None
        return values

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Outcome:
        """Reads what `to_dict` wrote."""
        return cls(
            **{
                **values,
                "ranking": tuple(values["ranking"]),
                "hits": tuple(RankedHit(*hit) for hit in values["hits"]),
                "said": tuple(Said(text, support, tuple(cites)) for text, support, cites in values["said"]),
                "verdict": Verdict(*values["verdict"]) if values.get("verdict") else None,
            }
        )


def observe(rag: Pipeline, case: Case, judged: Judged, depth: int, k: int | None = None) -> Outcome:
    """Asks one question; questions without reference answers to judge are only searched for.

    `depth`: how many documents the ranking should hold. Where the hits of the pipeline come from fewer, those
    of a deeper search follow them; the first places are always what the pipeline itself saw.
    """
    hidden = judged.hidden(case)
    began = time.perf_counter()
    if case.kind == "retrieval":
        hits, trace = rag.explain(case.question, k, hidden, case.history)
        answer = None
    else:
        events = list(rag.stream(case.question, k=k, where=hidden, history=case.history))
        hits = next(list(event.hits) for event in events if event.kind == "hits")
        answer = answer_of(events)
        trace = list(answer.trace)
    spent = time.perf_counter() - began
    ranking = _documents(hits, judged, case)
    if case.relevant and len(ranking) < depth and len(hits) == (k or rag.settings.search.k):
        deeper = rag.explain(case.question, 4 * depth, hidden, case.history)[0]
        ranking = tuple(dict.fromkeys(ranking + _documents(deeper, judged, case)))
    return Outcome(
        id=case.id,
        ranking=ranking,
        hits=tuple(_ranked(hit, judged) for hit in hits),
        ms={**_by_stage(trace), "total": round(spent * 1000, 3)},
        **(_answered(answer, trace, judged, supports(rag, answer)) if answer else {}),
        tokens=sum(len(rag.embedder.token_ends(hit.chunk.text)) for hit in answer.hits) if answer else 0,
    )


def _documents(hits: Sequence[Hit], judged: Judged, case: Case) -> tuple[str, ...]:
    names = dict.fromkeys(judged.name(hit.chunk.document_id, hit.chunk.source) for hit in hits)
    return tuple(name for name in names if name not in case.left_out)


def _ranked(hit: Hit, judged: Judged) -> RankedHit:
    chunk = hit.chunk
    name = judged.name(chunk.document_id, chunk.source)
    return RankedHit(name, chunk.id, chunk.start, chunk.end, round(hit.score, 6))


def _answered(
    answer: Answer, trace: Sequence[Record], judged: Judged, support: Sequence[float]
) -> dict[str, Any]:
    drafts = [record.detail["sentences"] for record in trace if record.detail.get("sentences")]
    return {
        "said": tuple(
            Said(
                sentence.text,
                round(proved, 4),
                tuple(judged.name(cited.document_id, cited.source) for cited in sentence.citations),
            )
            for sentence, proved in zip(answer.sentences, support, strict=True)
        ),
        "short": answer.span.quote if answer.span else "",
        "draft": " ".join(row["text"] for row in drafts[-1]) if drafts else "",
        "abstained": answer.abstained,
        "confidence": round(answer.confidence, 6),
    }


def _by_stage(trace: Sequence[Record]) -> dict[str, float]:
    spent: dict[str, float] = defaultdict(float)
    for record in trace:
        spent[f"{record.stage} {record.name}"] += record.ms
    return {name: round(ms, 3) for name, ms in spent.items()}
