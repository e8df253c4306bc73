"""Adjacent chunks of a document become one hit when both are hits, so that no sentence is torn from the next.

Two chunks [a, b) and [c, d) of one document, a ≤ c, are adjacent when c − b ≤ `gap`. The joined hit has the
text of the document from a to max(b, d), read from the store, and stands where its best part stood, with that
part's id, score and ranks. So `chunk.text == document.text[start:end]` still holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from rag.options import Whole
from rag.stores import VectorStore
from rag.trace import note
from rag.types import Hit, Question


def build(store: VectorStore, gap: Whole = 3) -> Callable[[Question, Sequence[Hit]], Sequence[Hit]]:
    """A stage that joins hits that are at most `gap` characters apart: white space and a mark, by default."""

    def neighbours(question: Question, hits: Sequence[Hit]) -> Sequence[Hit]:
        place = {hit.chunk.id: at for at, hit in enumerate(hits)}
        parts = [hit for group in _groups(hits, gap) for hit in _joined(store, group, place)]
        joined = sorted(parts, key=lambda hit: place[hit.chunk.id])
        note("joined", len(hits) - len(joined))
        return joined

    return neighbours


def _groups(hits: Sequence[Hit], gap: int) -> Iterator[list[Hit]]:
    """Hits by document and offset, cut where more than `gap` characters lie between two."""
    group: list[Hit] = []
    end = 0
    for hit in sorted(hits, key=lambda hit: (hit.chunk.document_id, hit.chunk.start)):
        if group and (hit.chunk.document_id != group[0].chunk.document_id or hit.chunk.start - end > gap):
            yield group
            group = []
        end = max(end, hit.chunk.end) if group else hit.chunk.end
        group.append(hit)
    if group:
        yield group


def _joined(store: VectorStore, group: list[Hit], place: Mapping[str, int]) -> list[Hit]:
    """One hit for the group; the group as it is where the document has changed since it was searched."""
    if len(group) == 1:
        return group
    first, start, end = group[0].chunk, group[0].chunk.start, max(hit.chunk.end for hit in group)
    for document in store.load([first.document_id]):
        if all(document.text[hit.chunk.start : hit.chunk.end] == hit.chunk.text for hit in group):
            best = min(group, key=lambda hit: place[hit.chunk.id])
            text = document.text[start:end]
            return [replace(best, chunk=replace(first, id=best.chunk.id, text=text, start=start, end=end))]
    return group
