"""Keeps hits that were written to steer the answer from steering it.

A hit is quarantined where its chunk (`poison_signs.py`) hides characters, gives instructions to a model, or
is near to everything (z ≥ `near`). One that asks the question itself, or strings its key words together, is
ranked behind five others: it was written to be found, so it may answer only where they do not. Of several
that do so only the best is left: they were written for one question, so they are one voice, however many
they are. What was done, and why, stands in the trace and in the answer's notes. Help pages carry questions
honestly, as titles, on lines of their own, in cells, in quotes, behind a `Q:`; such copies count only with
`copies="drop"`. Sources: AgentPoison: Red-teaming LLM Agents via Poisoning Memory or Knowledge Bases;
PoisonedRAG.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatch
from functools import cache, lru_cache
from typing import NamedTuple

from rag.embedding import Embedder
from rag.errors import ConfigError
from rag.loaders.guard.invisible import suspicious
from rag.options import Amount
from rag.retrieve.vectors import sample, vectors_of
from rag.stores import VectorStore
from rag.trace import note_dropped, note_reader
from rag.types import DOUBTED, Chunk, Hit, Question

from .poison_signs import Nearness, copy_of, instructs, strung

_BATCH = 1000
NEAR = 6.0
"""Deviations above the mean from which a chunk is near to everything."""
COPIES = ("weigh", "drop", "ignore")
_BEHIND = 5  # hits that go before one that asks the question
# A question as help pages show it: alone on a line or in a cell, or marked as one. What is matched is not
# given back, so that a line of dashes takes no longer than another.
_SHOWN = re.compile(
    r"(?:^|\|)[#>*+•_\- \t]*+(?:\(?\d{1,3}[.):][*_ \t]*+)?"
    r"(?:[^.!?？\n|]*+[?？][*_ \t]*+(?=\||$)|q(?:uestion)?[ \t]*+\d{0,3}[.:)][*_ \t]*+[^?？\n|]*+[?？])",
    re.MULTILINE | re.IGNORECASE,
)
_QUOTED = re.compile(
    r"`[^`]{1,400}`|\"[^\"\n]{1,400}\"|“[^“”\n]{1,400}”|«[^«»\n]{1,400}»|„[^„“”\n]{1,400}[“”]"
)


class Suspect(NamedTuple):
    """A stored chunk that shows a sign, and the sign in words."""

    chunk: Chunk
    why: str


def build(
    store: VectorStore,
    embedder: Embedder,
    language: str = "english",
    copies: str = "weigh",
    near: Amount = 0.0,
    trusted: Sequence[str] = (),
) -> Callable[[Question, Sequence[Hit]], Sequence[Hit]]:
    """A stage that drops suspicious hits. `trusted` are patterns of sources that are never suspected.

    `copies` says what becomes of hits that ask the question: they are weighed less, dropped (help pages too),
    or left alone. `near` 0 leaves the vectors alone; 6 is a good bound, at the price of one read of the store
    for every hit. Raises ConfigError for another word.
    """
    from rag.indexes import Analyzer

    analyze = Analyzer(language).analyze if language == "english" else None
    if copies not in COPIES:
        raise ConfigError(f"[stages.poison] copies is {copies!r}, expected one of {', '.join(COPIES)}")

    @cache
    def nearness() -> Nearness:
        return Nearness(sample(store)[1])

    def poison(question: Question, hits: Sequence[Hit]) -> Sequence[Hit]:
        suspected = [hit for hit in hits if not _any(hit.chunk.source, trusted)]
        far = [0.0] * len(suspected)
        if near:
            far = list(nearness().z(vectors_of(store, embedder, [hit.chunk for hit in suspected])))
        signs = {hit.chunk.id: _stands_out(hit.chunk, z, near) for hit, z in zip(suspected, far, strict=True)}
        # a passage was written for what people type, which the pipeline may have read otherwise
        spelled = dict.fromkeys((question.text, question.typed or question.text))
        asking = {
            hit.chunk.id: next(
                filter(None, (_copied(one, hit.chunk, copies, analyze) for one in spelled)), ""
            )
            for hit in suspected
        }
        if copies == "drop":
            signs, asking = {chunk_id: signs[chunk_id] or asking[chunk_id] for chunk_id in signs}, {}
        dropped = [hit for hit in hits if signs.get(hit.chunk.id)]
        kept = [hit for hit in hits if not signs.get(hit.chunk.id)]
        behind = [hit for hit in kept if asking.get(hit.chunk.id)]
        for hit in behind[1:]:
            signs[hit.chunk.id] = (
                f"{asking[hit.chunk.id]}, as in {behind[0].chunk.source}, which stands for it"
            )
        dropped += behind[1:]
        for hit in dropped:
            note_dropped(hit, f"quarantined: {signs[hit.chunk.id]}")
        _report("Left out", dropped, signs)
        _report("Ranked lower", behind[:1], asking)
        return _weighed([hit for hit in kept if hit not in behind[1:]], behind[:1])

    return poison


def _report(done: str, hits: Sequence[Hit], why: Mapping[str, str]) -> None:
    """One note for the reader of the answer a source."""
    reasons: dict[str, str] = {}
    for hit in hits:
        reasons.setdefault(hit.chunk.source, why[hit.chunk.id])
    for source, sign in reasons.items():
        note_reader(f"{done} {source}: {sign}.")


def _weighed(hits: Sequence[Hit], behind: Sequence[Hit]) -> Sequence[Hit]:
    """The hits with some of them behind the five best others, with the score of the last of these at most."""
    if not behind:
        return hits
    moved = {hit.chunk.id for hit in behind}
    others = [hit for hit in hits if hit.chunk.id not in moved]
    first, rest = others[:_BEHIND], others[_BEHIND:]
    most = first[-1].score if first else math.inf
    doubted = [
        replace(hit, score=min(hit.score, most), scores={**hit.scores, DOUBTED: 1.0}) for hit in behind
    ]
    return [*first, *doubted, *rest]


def suspects(
    store: VectorStore, near: float = NEAR, most: int = 100_000, trusted: Sequence[str] = ()
) -> Iterator[Suspect]:
    """Stored chunks that hide characters, instruct a model, or are near to everything; reads up to `most`."""
    import numpy as np

    nearness, after = Nearness(sample(store)[1]), ""
    for _ in range(0, most, _BATCH):
        rows = store.scan(after=after, limit=_BATCH)
        if not rows:
            return
        after = rows[-1][0].id
        far = nearness.z(np.array([vector for _, vector in rows], np.float32))
        for (chunk, _), z in zip(rows, far, strict=True):
            if not _any(chunk.source, trusted) and (why := _stands_out(chunk, z, near)):
                yield Suspect(chunk, why)


def _copied(question: str, chunk: Chunk, copies: str, analyze: Callable[[str], Sequence[str]] | None) -> str:
    """Why a chunk asks the question, or ""; key words are looked for where there is an `analyze` for them."""
    if copies == "ignore":
        return ""
    if copies == "drop":
        copied = copy_of(question, chunk.indexed_text)
    else:
        copied = copy_of(question, _QUOTED.sub(" ", _SHOWN.sub("\n", chunk.text)), asked=True)
    return copied or (strung(question, chunk.text, analyze) if analyze else "")


def _stands_out(chunk: Chunk, z: float, near: float) -> str:
    if near and z >= near:
        return f"near to everything, {z:.1f} deviations above the mean"
    return _written(chunk.indexed_text)


@lru_cache(maxsize=4096)
def _written(text: str) -> str:
    return suspicious(text) or instructs(text)


def _any(source: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch(source, pattern) for pattern in patterns)
