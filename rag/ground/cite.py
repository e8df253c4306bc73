"""Sentences with citations, from the pieces that a generator yields.

A quote is proved by where it stands. A written sentence is proved by its markers: each is resolved to the
span of that hit which shares most of its words (`align.py`). A marker of a hit that does not exist, or that
shares too little, is wrong: another hit that clearly has the sentence takes its place, or two spans that have
it together, or it is dropped. A sentence without markers has those at the end of its paragraph. Citations
are numbered by first use, so an answer never lists a
source it did not use. Where nothing is written, or only that the sources do not answer, the answer is an
abstention.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cache, cached_property
from typing import NamedTuple

from rag.types import Answer, Citation, Derived, Hit, Question, Quote, Sentence

from .abstain import withdrawn
from .align import Aligned, Aligner, bare, numbers
from .compose import joined, shown_with
from .markers import plain_markers, without_bracketed_values
from .plain import header_of, plain
from .refusal import is_refusal

_MARKER = re.compile(r"(?<!\s)\s*+\[(\d{1,3})\]")
Pages = Callable[[str], Sequence[int]]
"""Document id → the offsets at which its pages begin; empty where it has none."""

_NUMBER = re.compile(r"\s*\(?(\d{1,3})[.)]\s")

_LEAST_SHARED = 0.3  # share of a written sentence's terms that a span must have to prove its marker
_CLEARLY = 0.6  # and to stand in for a marker that is wrong or missing


def cite(
    question: Question,
    pieces: Iterable[str | Quote | Derived],
    hits: Sequence[Hit],
    pages: Pages = lambda _: (),
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
        if isinstance(piece, Derived):
            citer.derive(piece)
        else:
            citer.quote(piece)
    citer.write(written)
    sentences = tuple(citer.sentences)
    answer = Answer(
        question=question.text,
        text=joined([shown_with(sentence) for sentence in sentences]),
        sentences=sentences,
        citations=tuple(citer.citations.values()),
        span=citer.span,
        confidence=max((sentence.support for sentence in sentences if sentence.citations), default=0.0),
        hits=tuple(hits),
    )
    return (
        answer
        if any(sentence.citations or not is_refusal(sentence.text) for sentence in sentences)
        else withdrawn(answer)
    )


class _Citer:
    """Collects sentences; numbers each cited span once."""

    def __init__(self, hits: Sequence[Hit], pages: Pages) -> None:
        self.hits, self.pages = hits, cache(pages)
        self.sentences: list[Sentence] = []
        self.citations: dict[tuple[str, int, int], Citation] = {}
        self.span: Citation | None = None

    def quote(self, quote: Quote) -> None:
        chunk = self.hits[quote.hit].chunk
        header = header_of(chunk.text, quote.start, chunk.header)
        said = quote.text or chunk.text[quote.start : quote.end]
        text = (_mark_of(said) if quote.item else "") + (quote.shown or plain(said, header))
        citation = self._citation(quote.hit, quote.start, quote.end, quote.text)
        self.sentences.append(Sentence(text, (citation,), quote.score, quoted=True))
        if quote.span is not None and self.span is None:
            begin, end = quote.span
            self.span = replace(
                citation,
                start=chunk.start + begin,
                end=chunk.start + end,
                quote=said[begin - quote.start : end - quote.start],
            )

    def derive(self, piece: Derived) -> None:
        """A sentence in words of its own, with a citation for each quote that it follows from."""
        cited = tuple(self._citation(quote.hit, quote.start, quote.end, quote.text) for quote in piece.quotes)
        self.sentences.append(Sentence(piece.text, cited, piece.score, quoted=True))

    def write(self, written: str) -> None:
        """Cuts written text into sentences, with the markers that follow each."""
        written = without_bracketed_values(written, [hit.chunk.text for hit in self.hits])
        for text, markers, own in _marked_sentences(written):
            spans = self._proof(text, markers, own)
            if is_refusal(text) and not any(span.share >= _CLEARLY for span in spans):
                spans = []
            shares = {self._citation(span.hit, span.start, span.end): span.share for span in spans}
            self.sentences.append(Sentence(text, tuple(shares), max(shares.values(), default=0.0)))

    def _proof(self, text: str, markers: Sequence[int], own: bool) -> list[Aligned]:
        """The spans that the markers point to; where a marker is wrong or missing, the one that should be."""
        spans = [self._aligner.best(text, marker - 1) for marker in markers if 1 <= marker <= len(self.hits)]
        if not own and spans:  # of a paragraph's markers, the one that is this sentence's
            spans = [max(spans, key=lambda span: span.share)]
        # A sentence made of two sources has part of its terms from each.
        least = _LEAST_SHARED / 2 if len(spans) > 1 else _LEAST_SHARED
        right = [span for span in spans if span.share >= least]
        if right and _supported(text, right):
            return right
        other = self._aligner.anywhere(text)
        if other.share >= _CLEARLY and _supported(text, [other]):
            return [other]
        share, both = self._aligner.together(text)
        return both if share >= _CLEARLY and _supported(text, both) else []

    @cached_property
    def _aligner(self) -> Aligner:
        return Aligner(self.hits)

    def _citation(self, hit: int, start: int, end: int, text: str = "") -> Citation:
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
                quote=text or chunk.text[start:end],
            )
        return self.citations[key]


def _mark_of(item: str) -> str:
    """The number of an item in its list, or a dash."""
    number = _NUMBER.match(item)
    return f"{number[1]}. " if number else "- "


def _supported(text: str, spans: Sequence[Aligned]) -> bool:
    """Whether every number of a sentence stands in its spans: a wrong number is never a paraphrase."""
    return numbers(bare(text)) <= frozenset().union(*(span.numbers for span in spans))


class _Marked(NamedTuple):
    """A sentence without its markers, and those; `own` unless they stand further on in its paragraph."""

    text: str
    markers: list[int]
    own: bool


def _marked_sentences(written: str) -> list[_Marked]:
    """The sentences, for markers before or behind the full stop.

    A sentence without any has those of the next one that has some, within its paragraph.
    """
    from rag.text.sentences import sentences

    rows: list[_Marked] = []
    ends: list[int] = []
    written = plain_markers(written)
    for start, end in sentences(written):
        part = written[start:end]
        text = _MARKER.sub("", part).strip()
        markers = [int(marker) for marker in _MARKER.findall(part)]
        if re.search(r"\w", text):
            rows.append(_Marked(" ".join(text.split()), markers, own=True))
            ends.append(end)
        elif rows:  # markers that stand behind the stop belong to the sentence before
            rows[-1].markers.extend(markers)
    for place in range(len(rows) - 1, 0, -1):
        if not rows[place - 1].markers and "\n\n" not in written[ends[place - 1] : ends[place]]:
            rows[place - 1] = rows[place - 1]._replace(markers=rows[place].markers, own=False)
    return rows
