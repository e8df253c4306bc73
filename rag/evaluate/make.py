"""A question set from one's own documents: sentences are turned into questions, and each is checked.

Sentences that define, date, count or name are turned by the patterns of `turn.py`. A question is kept if it
makes the round trip: its passage comes back among the hits, and the answer that is given holds what was asked
for. A share of those kept is asked of the index without its document, and is unanswerable there if no other
hit holds the answer; `without` names the document that is hidden while it is asked.

Round trips favour what the pipeline can do already: such a set shows what a change gains or breaks, and not
how good the pipeline is. It is JSON lines; read it, delete what is odd, and add questions of your own.
Source: Alberti et al., Synthetic QA Corpora Generation with Roundtrip Consistency.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.chunking.sentences import sentences
from rag.errors import ConfigError
from rag.stores import NotOf, Where
from rag.types import Chunk, stable_id

from .cases import Case
from .journal import write_lines
from .run import Step
from .score import right
from .turn import turned

if TYPE_CHECKING:
    from rag.rag import Rag

_TRIES = 20  # candidates tried for each question wanted
_PAGE = 1000  # chunks scanned at once


@dataclass(frozen=True, slots=True)
class Made:
    """The questions written to `path`, and how many candidates it took."""

    path: Path
    cases: tuple[Case, ...]
    tried: int

    @property
    def passed(self) -> bool:
        """There is nothing to fail."""
        return True

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "path": str(self.path),
            "tried": self.tried,
            "questions": [case.to_dict() for case in self.cases],
        }

    def __str__(self) -> str:
        without = sum(case.kind == "unanswerable" for case in self.cases)
        lines = [f"{case.question}  {' · '.join(case.answers) or '(no answer)'}" for case in self.cases[:5]]
        return (
            f"{len(self.cases):,} questions of {self.tried:,} tried, {without:,} of them without an answer: "
            f"{self.path}\n\n" + "\n".join(lines) + f"\n\nread and edit them, then: rag eval {self.path}"
        )


def make(
    rag: Rag,
    path: str | Path,
    *,
    number: int = 100,
    unanswerable: float = 0.2,
    seed: int = 0,
    progress: Callable[[Step], None] | None = None,
) -> Made:
    """Writes up to `number` questions, the share `unanswerable` of them without an answer.

    Raises ConfigError where the file exists already, and where no question could be made.
    """
    path = Path(path)
    if path.exists():
        raise ConfigError(f"{path} exists already: move it away, or name another file")
    told = progress or (lambda _: None)
    kept: list[Case] = []
    tried = 0
    hidden = round(number * unanswerable)
    for case, chunk in _candidates(rag, random.Random(seed)):
        if len(kept) >= number or tried >= _TRIES * number:
            break
        tried += 1
        without = sum(one.kind == "unanswerable" for one in kept) < hidden and tried % 3 == 0
        made = _hidden(rag, case, chunk) if without else case if _returns(rag, case, chunk) else None
        if made is None or (made.kind == "qa" and sum(one.kind == "qa" for one in kept) >= number - hidden):
            continue
        kept.append(made)
        told(Step("making", len(kept), number))
    if not kept:
        raise ConfigError(
            f"no question could be made of {tried} sentences: the documents hold few definitions, dates, "
            "numbers or names in plain sentences; write a few questions by hand instead"
        )
    write_lines(path, (case.to_dict() for case in kept))
    return Made(path, tuple(kept), tried)


def _candidates(rag: Rag, chance: random.Random) -> Iterator[tuple[Case, Chunk]]:
    """Questions of all chunks in random order, at most one a document in each round."""
    chunks: dict[str, list[Chunk]] = {}
    after = ""
    while page := rag.opened.scan(after, _PAGE):
        for chunk, _ in page:
            chunks.setdefault(chunk.document_id, []).append(chunk)
        after = page[-1][0].id
    seen: set[str] = set()
    for pile in chunks.values():
        chance.shuffle(pile)
    piles = list(chunks.values())
    while piles:
        chance.shuffle(piles)
        for pile in piles:
            chunk = pile.pop()
            for case in _cases(chunk):
                if case.question not in seen:
                    seen.add(case.question)
                    yield case, chunk
                    break
        piles = [pile for pile in piles if pile]


def _cases(chunk: Chunk) -> Iterator[Case]:
    for start, end in sentences(chunk.text):
        for question, answer, kind in turned(chunk.text[start:end]):
            meta = {"made": kind, "sentence": " ".join(chunk.text[start:end].split())}
            yield Case(f"made-{stable_id(question)[:8]}", question, (answer,), {chunk.source: 1.0}, meta)


def _returns(rag: Rag, case: Case, chunk: Chunk) -> bool:
    """The round trip: the passage is among the hits, and the answer holds what was asked for."""
    answer = rag.ask(case.question)
    found = any(hit.chunk.id == chunk.id for hit in answer.hits)
    return found and not answer.abstained and right(case, " ".join(one.text for one in answer.sentences))


def _hidden(rag: Rag, case: Case, chunk: Chunk) -> Case | None:
    """The question without its document, where nothing else that is found holds the answer."""
    others = rag.search(case.question, k=50, where=NotOf(Where("source", "=", chunk.source)))
    if any(right(case, hit.chunk.text) for hit in others):
        return None
    meta = {**case.meta, "would_be": case.answers[0]}
    return replace(case, answers=(), relevant={}, meta=meta, without=(chunk.source,))
