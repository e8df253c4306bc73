"""The values that flow through the framework: frozen, small, and the same for every store and stage.

A document is split into chunks; a retriever answers a query with hits; an answer cites spans of them.
Nothing here does any work, and nothing here knows how a value was made.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

Metadata = Mapping[str, Any]
"""JSON values by name: strings, numbers, booleans, null, and lists of them."""


def stable_id(*parts: object) -> str:
    """A 24-character hexadecimal id that depends on the parts alone (BLAKE2b, 96 bits)."""
    digest = hashlib.blake2b(digest_size=12)
    for part in parts:
        data = str(part).encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class Document:
    """One source text. Offsets everywhere in the framework count characters of `text`.

    `media_type` says how `text` is structured, which is what chunkers go by: `text/plain`,
    `text/markdown`, `text/x-rst`, `text/csv`, `text/tab-separated-values`, `application/json`, or
    `text/x-<language>` for source code. Loaders of rich formats (HTML, DOCX, EPUB, …) write Markdown.
    `pages[i]` is the offset at which page i + 1 begins; empty where the format has no pages.
    """

    id: str
    text: str
    source: str
    title: str = ""
    metadata: Metadata = field(default_factory=dict)
    pages: tuple[int, ...] = ()
    media_type: str = "text/plain"

    @classmethod
    def make(
        cls,
        text: str,
        source: str,
        *,
        title: str = "",
        metadata: Metadata | None = None,
        pages: Sequence[int] = (),
        media_type: str = "text/plain",
    ) -> Document:
        """A document whose id is derived from its source, so that the same source replaces itself."""
        return cls(
            stable_id("document", source), text, source, title, dict(metadata or {}), tuple(pages), media_type
        )


@dataclass(frozen=True, slots=True)
class Chunk:
    """A span of a document: `text == document.text[start:end]`, always.

    `page` counts from 1 (None where there are no pages). `heading` is the path of headings above the
    chunk, `Guide › Install`; `header` is what a continued table repeats (its column names). Both are
    embedded and indexed with the chunk but are no part of `text`. `metadata` is the document's.
    """

    id: str
    document_id: str
    source: str
    text: str
    start: int
    end: int
    title: str = ""
    page: int | None = None
    heading: str = ""
    header: str = ""
    metadata: Metadata = field(default_factory=dict)

    @property
    def context(self) -> str:
        """Title, heading path and table header: what gives the text its place, one part a line."""
        title = "" if self.heading.startswith(self.title) else self.title
        return "\n".join(part for part in (title, self.heading, self.header) if part)

    @property
    def indexed_text(self) -> str:
        """What is embedded and indexed: the context, then the text."""
        context = self.context
        return f"{context}\n{self.text}" if context else self.text


class Span(NamedTuple):
    """What a chunker yields: a span of the document's text and the context it stands in."""

    start: int
    end: int
    heading: str = ""
    header: str = ""


DOUBTED = "doubted"
"""In `Hit.scores`, how far a hit is to be believed only where no other says it: 0 not so, 1 altogether."""


class Scored(NamedTuple):
    """One entry of a ranked list: a chunk id and its score, higher is better."""

    chunk_id: str
    score: float


@dataclass(frozen=True, slots=True)
class Hit:
    """A retrieved chunk. `score` is the last stage's; `ranks` and `scores` say where each retriever put it.

    Ranks count from 1.
    """

    chunk: Chunk
    score: float
    ranks: Mapping[str, int] = field(default_factory=dict)
    scores: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Query:
    """What a retriever gets. `weight` scales this query's ranked list when several are fused.

    `leg` keeps it to one leg, `dense` or `lexical`. `vector`, a unit row of the embedder's dimension, is what
    the dense leg searches with in place of the text's own.
    """

    text: str
    weight: float = 1.0
    leg: Literal["", "dense", "lexical"] = ""
    vector: Sequence[float] | None = field(default=None, compare=False, repr=False)


class Turn(NamedTuple):
    """One turn of a conversation: what was asked, and the answer's text."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Question:
    """What a person asks, and the queries made of it. Augment stages return it with other queries.

    `history` is the conversation before it, oldest turn first. A stage that corrects the question, or makes a
    follow-up stand alone, changes `text`; `typed` stays what the pipeline was asked.
    """

    text: str
    queries: tuple[Query, ...] = ()
    history: tuple[Turn, ...] = ()
    typed: str = field(default="", compare=False)

    @property
    def to_search(self) -> tuple[Query, ...]:
        """What a retriever looks for: the queries, or the question itself where no stage made any."""
        return self.queries or (Query(self.text),)


class Quote(NamedTuple):
    """A sentence of a hit, `hits[hit].chunk.text[start:end]`, and how likely it answers (0 to 1).

    `span` are the characters of the chunk's text, within the sentence, that are the answer itself. A heading
    stands before its chunk: its `start` is negative, and `text` has its words; so has that of what stands
    behind it. An `item` is one of a list, and is shown on a line of its own. `shown` is how it reads, where
    that is not the quote without its marks.
    """

    hit: int
    start: int
    end: int
    score: float
    span: tuple[int, int] | None = None
    text: str = ""
    item: bool = False
    shown: str = ""


class Derived(NamedTuple):
    """A sentence that follows from quotes, such as a number of rows, and how likely it answers (0 to 1)."""

    text: str
    quotes: tuple[Quote, ...]
    score: float


class Detail(NamedTuple):
    """No piece of the answer: what a generator has to show for itself in the trace, as JSON values."""

    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Citation:
    """The proof of one sentence: `quote == document.text[start:end]`."""

    marker: int
    chunk_id: str
    document_id: str
    source: str
    title: str
    page: int | None
    start: int
    end: int
    quote: str


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of an answer, what it cites, and how well that supports it (0 to 1).

    `quoted`: it was taken from its source, at most with marks of layout away, or follows from quotes,
    and so is its own proof.
    """

    text: str
    citations: tuple[Citation, ...] = ()
    support: float = 0.0
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """One stage: what came in, what went out, and how long it took (milliseconds).

    `detail` holds what a stage has to show for itself, as JSON values.
    """

    stage: str
    name: str
    came_in: str
    went_out: str
    ms: float
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """A grounded answer. `abstained` means that the sources do not answer the question; `text` then says so.

    `span` are the words that answer a question about a name, a number or the like, within a sentence of the
    answer; None where only whole sentences answer. `confidence` estimates the probability that the sources
    answer the question (0 to 1). `notes` are what its reader should know besides, in whole sentences: that
    sources disagree, say.
    """

    question: str
    text: str
    sentences: tuple[Sentence, ...] = ()
    citations: tuple[Citation, ...] = ()
    span: Citation | None = None
    abstained: bool = False
    confidence: float = 0.0
    hits: tuple[Hit, ...] = ()
    trace: tuple[Record, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """One step of a streamed answer.

    `stage`: a stage finished (`record`). `hits`: retrieval is done (`hits`). `text`: a piece of the
    answer (`text`). `answer`: the final, grounded answer (`answer`), always the last event.
    """

    kind: Literal["stage", "hits", "text", "answer"]
    text: str = ""
    record: Record | None = None
    hits: tuple[Hit, ...] = ()
    answer: Answer | None = None


class DocumentInfo(NamedTuple):
    """What a store knows of a document without its text. `hash` changes when its content or recipe does."""

    id: str
    source: str
    title: str
    hash: str
    chunks: int
    metadata: Metadata
