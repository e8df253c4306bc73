"""A document as it will be stored, and where its chunks lie: told in a parsing process, where limits hold."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from rag.chunking import chunker
from rag.embedding.tokenizer import WrittenTokenizer
from rag.errors import LoadError, RagError
from rag.types import Document, Span

if TYPE_CHECKING:
    from rag.chunking import Chunker, TokenEnds

LONGEST_METADATA = 1_000_000
"""Characters of a document's metadata as JSON: every hit carries it."""


@dataclass(slots=True)
class Cutter:
    """A chunking method and a tokenizer as JSON values, opened with the first document."""

    method: str
    options: Mapping[str, Any]
    tokenizer: str
    marks_are_text: bool
    _opened: tuple[Chunker, TokenEnds] | None = field(default=None, init=False)

    def values(self) -> dict[str, Any]:
        """What another process makes the same of."""
        return {
            "method": self.method,
            "options": dict(self.options),
            "tokenizer": self.tokenizer,
            "marks_are_text": self.marks_are_text,
        }

    def spans(self, document: Document) -> list[Span]:
        """Where the chunks lie. Raises RagError for a document that the method cannot cut."""
        if self._opened is None:
            token_ends = WrittenTokenizer(self.tokenizer, self.marks_are_text).open()
            self._opened = chunker(self.method, **self.options), token_ends
        chunk, ends = self._opened
        try:
            return chunk(document, ends)
        except (RagError, MemoryError):
            raise
        except Exception as error:  # a bug of the method is this document's error, not the end of the run
            raise LoadError(f"the chunking method failed: {type(error).__name__}: {error}") from error


def named(document: Document, path: PurePath, source: str) -> Document:
    """A document without a title of its own gets its file's name, which often says what it is about."""
    if document.title or document.source != source:
        return document
    return replace(document, title=re.sub(r"[\W_]+", " ", path.stem).strip())


def storable(document: Document) -> Document:
    """Characters that no store can keep (lone surrogates, NUL), replaced one for one.

    Raises LoadError for metadata that JSON cannot hold, or that is too long.
    """
    text, title, source = map(_kept, (document.text, document.title, document.source))
    try:
        written = json.dumps(dict(document.metadata), ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise LoadError(f"its metadata is no JSON: {error}") from error
    if len(written) > LONGEST_METADATA:
        raise LoadError(
            f"its metadata is too large: {len(written):,} characters as JSON, at most {LONGEST_METADATA:,}; "
            "move long values into the text"
        )
    metadata = json.loads(_kept(written.replace("\\u0000", " ")))
    return replace(document, text=text, title=title, source=source, metadata=metadata)


def _kept(text: str) -> str:
    return text.encode("utf-8", "replace").decode().replace("\0", " ")
