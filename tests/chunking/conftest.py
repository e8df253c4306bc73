"""A tokeniser that can be checked by eye, and what every chunking method owes its caller."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from rag.types import Document, Span

# A word, a CJK character or a punctuation mark is one token each.
TOKEN = re.compile(r"[\u2e80-\u9fff]|[^\W\u2e80-\u9fff]+|[^\w\s]")
TAG = re.compile(r"</?(?:a|b|em|i|br|code|span|sub|sup)(?:\s[^<>]*)?/?>")  # says nothing in a heading


def token_ends(text: str) -> NDArray[np.int64]:
    return np.fromiter((match.end() for match in TOKEN.finditer(text)), dtype=np.int64)


def check(document: Document, spans: list[Span], *, may_overlap: bool = False) -> None:
    """Stripped, not empty, ascending, apart, and nothing visible lost."""
    text = document.text
    for span in spans:
        piece = text[span.start : span.end]
        assert piece, span
        assert piece == piece.strip(), span
    for before, after in pairwise(spans):
        assert before.start < after.start
        assert before.end < after.end
        assert may_overlap or before.end <= after.start
    for line in lost(document, spans):
        said = words(TAG.sub("", line))
        shown = bool(words(line)) and any(said <= words(span.heading) for span in spans)
        title = " ".join(line.split()).strip("# ")
        assert shown or is_markup(line) or any(title in span.heading for span in spans), line


def lost(document: Document, spans: list[Span]) -> list[str]:
    """The visible stretches that are in no span, line by line."""
    found = []
    position = 0
    for span in [*spans, Span(len(document.text), len(document.text))]:
        found += document.text[position : span.start].splitlines()
        position = max(position, span.end)
    return [line for line in found if line.strip()]


def is_markup(line: str) -> bool:
    """A rule of one mark such as `---` or `* * *`, or a heading without a title."""
    marks = set("".join(line.split()))
    return not any(mark.isalnum() for mark in marks) and (len(marks) == 1 or marks <= set("#=-"))


def words(line: str) -> set[str]:
    return set(re.findall(r"\w+", line))


@pytest.fixture(name="ends")
def _ends() -> Callable[[str], NDArray[np.int64]]:
    return token_ends


@pytest.fixture(name="owes")
def _owes() -> Callable[..., None]:
    return check


@pytest.fixture(name="unseen")
def _unseen() -> Callable[[Document, list[Span]], list[str]]:
    return lost
