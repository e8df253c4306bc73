"""What a file keeps from its readers: counted while a loader leaves it out, and told with its document.

A loader calls `note_hidden` for each piece; `load_with` opens the count and marks the document with it.
The mark is the metadata entry `HIDDEN_KEY`, one sentence, from which an ingest and `rag doctor` warn.
Hidden text is no sign of guilt by itself: pages hide menus and help texts. It is told, not judged.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace

from rag.types import Document

HIDDEN_KEY = "_hidden"
"""The metadata entry that says what a document's file hides: kinds, and how many characters or words."""

_COUNTED: ContextVar[Counter[str] | None] = ContextVar("what the file being read hides", default=None)
_WORDS = re.compile(r"[^\W\d_]{2,}")
_LEAST_WORDS = 5  # fewer say nothing: icons, labels, marks for other programs
_LEAST_SIGNS = 12  # letters beyond ASCII, for scripts that put no space between words


@contextmanager
def counting() -> Iterator[Counter[str]]:
    """Counts what is noted within: what was hidden, in words → how much. Counts within counts are apart."""
    counts: Counter[str] = Counter()
    token = _COUNTED.set(counts)
    try:
        yield counts
    finally:
        _COUNTED.reset(token)


def note_hidden(what: str, amount: int) -> None:
    """Adds to the count of the file that is being read; without one it does nothing."""
    counts = _COUNTED.get()
    if counts is not None and amount:
        counts[what] += amount


def says_something(text: str) -> bool:
    """Whether a hidden text could inform anyone: five words, or twelve letters beyond ASCII."""
    if len(_WORDS.findall(text)) >= _LEAST_WORDS:
        return True
    return not text.isascii() and sum(sign.isalpha() and sign > "\x7f" for sign in text) >= _LEAST_SIGNS


def marked(document: Document, counts: Counter[str]) -> Document:
    """The document with a sentence on what was counted, most first, behind what it is marked with already."""
    if not counts:
        return document
    report = ", ".join(f"{amount:,} {what}" for what, amount in counts.most_common())
    before = document.metadata.get(HIDDEN_KEY)
    report = f"{before}, {report}" if isinstance(before, str) else f"left out as hidden: {report}"
    return replace(document, metadata={**document.metadata, HIDDEN_KEY: report})
