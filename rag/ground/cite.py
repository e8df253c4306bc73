"""Sentences with citations, from the pieces that a generator yields.

A quote is proved by where it stands. A written sentence is proved by its markers: each marker is resolved to
the sentence of that hit which shares most of its words; a marker of a hit that does not exist, or that shares
too little, is dropped. Citations are numbered by first use, so an answer never lists a source it did not use.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence

from rag.generate import Quote
from rag.types import Answer, Citation, Hit, Question, Sentence

from .plain import header_of, plain

_MARKER = re.compile(r"\s*\[(\d{1,3})\]")
Pages = Callable[[str], Sequence[int]]
"""Document id → the offsets at which its pages begin; empty where it has none."""

_LEAST_SHARED = 0.3  # share of a written sentence's words that the cited sentence must have


def cite(
    question: Question, pieces: Iterable[str | Quote], hits: Sequence[Hit], pages: Pages = lambda _: ()
) -> Answer:
    """The grounded draft of an answer. Its confidence is the best support of a cited sentence."""
    citer = _Citer(hits, pages)
    written = ""
    for piece in pieces:
        if isinstance(piece, str):
            written += piece
            continue
        citer.write(written)
        written = ""
        citer.quote(piece)
    citer.write(written)
    sentences = tuple(citer.sentences)
    return Answer(
        question=question.text,
        text=" ".join(_shown(sentence) for sentence in sentences),
        sentences=sentences,
        citations=tuple(citer.citations.values()),
        confidence=max((one.support for one in sentences if one.citations), default=0.0),
        hits=tuple(hits),
    )


class _Citer:
    """Collects sentences; numbers each cited span once."""

    def __init__(self, hits: Sequence[Hit], pages: Pages) -> None:
        self.hits, self.pages = hits, pages
        self.sentences: list[Sentence] = []
        self.citations: dict[tuple[str, int, int], Citation] = {}

    def quote(self, quote: Quote) -> None:
        chunk = self.hits[quote.hit].chunk
        header = header_of(chunk.text, quote.start, chunk.header)
        text = plain(chunk.text[quote.start : quote.end], header)
        citation = self._citation(quote.hit, quote.start, quote.end)
        self.sentences.append(Sentence(text, (citation,), quote.score))

    def write(self, written: str) -> None:
        """Cuts written text into sentences, with the markers that follow each."""
        for text, markers in _marked_sentences(written):
            found: dict[Citation, float] = {}
            for marker in markers:
                if 1 <= marker <= len(self.hits):
                    start, end, shared = _best_span(text, self.hits[marker - 1].chunk.text)
                    if shared >= _LEAST_SHARED:
                        found[self._citation(marker - 1, start, end)] = shared
            self.sentences.append(Sentence(text, tuple(found), max(found.values(), default=0.0)))

    def _citation(self, hit: int, start: int, end: int) -> Citation:
        chunk = self.hits[hit].chunk
        key = (chunk.id, start, end)
        if key not in self.citations:
            page = bisect_right(self.pages(chunk.document_id), chunk.start + start) or chunk.page
            self.citations[key] = Citation(
                marker=len(self.citations) + 1,
                chunk_id=chunk.id,
                document_id=chunk.document_id,
                source=chunk.source,
                title=chunk.title,
                page=page,
                start=chunk.start + start,
                end=chunk.start + end,
                quote=chunk.text[start:end],
            )
        return self.citations[key]


def _shown(sentence: Sentence) -> str:
    return sentence.text + "".join(f" [{citation.marker}]" for citation in sentence.citations)


def _marked_sentences(written: str) -> list[tuple[str, list[int]]]:
    """(sentence without markers, its markers), for markers before or behind the full stop."""
    from rag.chunking.sentences import sentences

    found: list[tuple[str, list[int]]] = []
    for start, end in sentences(written):
        part = written[start:end]
        text = _MARKER.sub("", part).strip()
        markers = [int(marker) for marker in _MARKER.findall(part)]
        if re.search(r"\w", text):
            found.append((" ".join(text.split()), markers))
        elif found:  # markers that stand behind the stop belong to the sentence before
            found[-1][1].extend(markers)
    return found


def _best_span(sentence: str, source: str) -> tuple[int, int, float]:
    """The sentence of the source that has most of this sentence's words, and their share (0 to 1)."""
    from rag.chunking.sentences import sentences

    words = _words(sentence)
    spans = [
        (len(words & _words(source[start:end])) / max(1, len(words)), start, end)
        for start, end in sentences(source)
    ]
    shared, start, end = max(spans, key=lambda span: span[0], default=(0.0, 0, 0))
    return start, end, shared


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower()))
