"""What every method guarantees, over generated Markdown and over any text under any media type."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from rag.chunking import chunker, make_chunks, methods
from rag.types import Document

TYPES = [
    "text/plain",
    "text/markdown",
    "text/x-rst",
    "text/csv",
    "text/tab-separated-values",
    "application/json",
    "text/x-python",
    "text/x-c",
]
LINES = [
    "# ",
    "## ",
    "- ",
    "1. ",
    "> ",
    "    ",
    "```",
    "~~~",
    "---",
    "===",
    "+--+",
    "..",
    "def f():",
    "class A:",
]
MARKS = [
    "}",
    "{",
    '"',
    "'",
    ",",
    "::",
    "|",
    "| a | b |\n|---|---|\n",
    " ",
    "\t",
    "\n",
    "\r\n",
    "\f",
    "\u2028",
]
TEXTS = [
    "word",
    "Two words.",
    "CAPS",
    "é",
    "x" * 70,
    "e\u0301",
    "漢字。",
    "👩\u200d🚀",
    "\ud83d\ude00",
    "\ud800",
]
BREAKS = ["\n\n", "\n# ", "\n\n3.1 Title\n\n", "\n---\n", "\n- "]
PIECES = st.sampled_from([*LINES, *MARKS, *TEXTS, *BREAKS])
ANY = st.lists(PIECES, max_size=40).map("".join) | st.text(max_size=200)
WORD = st.text("abcdefgh", min_size=1, max_size=8)
SENTENCE = st.lists(WORD, min_size=1, max_size=30).map(lambda words: " ".join(words).capitalize() + ".")
BLOCK = st.one_of(
    st.builds(
        lambda level, words: "#" * level + " " + " ".join(words),
        st.integers(1, 6),
        st.lists(WORD, max_size=9),
    ),
    st.builds(
        lambda words, mark: " ".join(words) + "\n" + mark,
        st.lists(WORD, min_size=1, max_size=5),
        st.just("---"),
    ),
    st.lists(SENTENCE, min_size=1, max_size=6).map(" ".join),
    st.lists(SENTENCE, min_size=1, max_size=6).map("\n".join),
    st.lists(SENTENCE, min_size=1, max_size=8).map(lambda items: "\n".join(f"- {item}" for item in items)),
    st.lists(WORD, min_size=1, max_size=30).map(
        lambda r: "| a | b |\n|---|---|\n" + "\n".join(f"| {w} | 1 |" for w in r)
    ),
    st.lists(WORD, min_size=1, max_size=30).map(lambda rows: "```text\n" + "\n\n".join(rows) + "\n```"),
    st.just("***"),
)
MARKDOWN = st.lists(BLOCK, max_size=14).map("\n\n".join)
Ends = Callable[[str], NDArray[np.int64]]


def embed(texts: Sequence[str]) -> NDArray[np.float32]:
    """How often each of the letters a to h occurs, as unit rows."""
    counts = (
        np.array([[text.count(letter) for letter in "abcdefgh"] for text in texts], dtype=np.float32) + 0.01
    )
    return counts / np.linalg.norm(counts, axis=1, keepdims=True)


def made(method: str, **values: Any) -> Any:
    if method == "semantic":
        values["embed"] = embed
    return chunker(method, **{"min_tokens": 8, **values} if method not in ("fixed", "headings") else values)


@pytest.mark.parametrize("method", methods())
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=MARKDOWN, limit=st.integers(16, 90), title=st.sampled_from(["", "Guide"]))
def test_markdown(
    method: str, ends: Ends, owes: Callable[..., None], text: str, limit: int, title: str
) -> None:
    document = Document.make(text, "a.md", title=title, media_type="text/markdown")
    cut = made(method, max_tokens=limit)
    spans = cut(document, ends)
    owes(document, spans)
    assert spans == cut(document, ends)
    for chunk in make_chunks(document, spans):
        assert chunk.text == text[chunk.start : chunk.end]
        assert len(ends(chunk.indexed_text)) <= limit


@pytest.mark.parametrize("media_type", TYPES)
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@example(text='"# # # # # | a | b |\n|---|---|\n', limit=16, overlap=0)  # a quoted field over two lines
@given(text=ANY, limit=st.integers(16, 60), overlap=st.integers(0, 2))
def test_any_text(
    media_type: str, ends: Ends, owes: Callable[..., None], text: str, limit: int, overlap: int
) -> None:
    document = Document.make(text, "a", media_type=media_type)
    spans = made("structure", max_tokens=limit, min_tokens=limit // 4, overlap=overlap)(document, ends)
    owes(document, spans, may_overlap=overlap > 0)
    assert all(len(ends(chunk.indexed_text)) <= limit for chunk in make_chunks(document, spans))


@pytest.mark.parametrize("method", ["fixed", "sentences"])
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=ANY | MARKDOWN, limit=st.integers(16, 60), overlap=st.integers(0, 12))
def test_methods_without_structure_lose_nothing_at_all(
    method: str, ends: Ends, owes: Callable[..., None], unseen: Any, text: str, limit: int, overlap: int
) -> None:
    document = Document.make(text, "a")
    spans = made(method, max_tokens=limit, overlap=overlap)(document, ends)
    owes(document, spans, may_overlap=overlap > 0)
    assert unseen(document, spans) == []
    assert all(len(ends(text[span.start : span.end])) <= limit for span in spans)


@pytest.mark.parametrize("method", ["structure", "headings", "semantic", "code"])
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@example(text="---\n# 1. \n---\n")  # front matter needs a key
@example(text="# # # # # # # # \f- # | a | b |\n|---|---|\n")  # a list on the line of a heading
@example(
    text="# One two three four five six seven eight nine ten eleven twelve\u2028- a b\n- c d e f g h i\n"
)
@given(text=ANY)
def test_every_method_takes_any_text(method: str, ends: Ends, owes: Callable[..., None], text: str) -> None:
    for media_type in ("text/markdown", "text/plain", "text/x-rst"):
        document = Document.make(text, "a", media_type=media_type)
        owes(document, made(method, max_tokens=20)(document, ends))


HOSTILE = {
    "headings": "".join(f"{'#' * (i % 6 + 1)} h{i}\n" for i in range(10_000)),
    "one line": "word " * 60_000,
    "one word": "x" * 300_000,
    "nested lists": "".join(" " * i + "- x\n" for i in range(800)),
    "nested quotes": "> " * 50_000 + "x\n" + ">x\n" * 10_000,
    "long table": "| a | b |\n|---|---|\n" + "| 1 | 2 |\n" * 20_000,
    "open fences": "```x\n" + "- ```y\n" * 20_000,
    "open brackets": "# " + "[" * 100_000 + "\n\n" + "*" * 100_000 + "a",
    "rules": "a\n---\n" * 20_000,
    "combining marks": "a" + "\u0301" * 50_000,
    "open quotes": 'a,b\n"' + "x,y\n" * 40_000,
    "nested classes": "".join("    " * i + f"class C{i}:\n" for i in range(150)),
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("media_type", ["text/markdown", "text/plain", "text/csv", "text/x-python"])
def test_hostile_input(name: str, media_type: str, ends: Ends, unseen: Any) -> None:
    document = Document.make(HOSTILE[name], "a", media_type=media_type)
    spans = chunker("structure", max_tokens=100)(document, ends)
    assert all(before.end <= after.start for before, after in pairwise(spans))
    shown = {word for span in spans for word in span.heading.replace("›", " ").split()}
    for line in unseen(document, spans):
        assert media_type == "text/markdown"
        assert set(line.strip("#- ").split()) <= shown
