"""The door: names, settings, errors, chunks and their pages; and cuts by meaning."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import rag.chunking
from rag import Rag
from rag.chunking import chunker, make_chunks
from rag.errors import ConfigError
from rag.testing import WordEmbedder
from rag.types import Document, Span, stable_id


def test_public_names() -> None:
    assert rag.chunking.__all__ == ["Chunker", "TokenEnds", "chunker", "make_chunks", "methods", "options"]
    assert rag.chunking.methods() == ("structure", "headings", "sentences", "fixed", "semantic", "code")


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("magic", {}, "there is no chunking method named 'magic': known are code, fixed"),
        ("fixed", {"size": 3}, "'fixed' has no setting 'size': it has max_tokens, overlap"),
        ("structure", {"max_tokens": 15}, "max_tokens is 15: it takes 16 at least"),
        ("structure", {"overlap": -1}, "overlap is -1"),
        ("sentences", {"min_tokens": 201}, "min_tokens is 201"),
        ("semantic", {}, "'semantic' needs the setting 'embed'"),
        ("semantic", {"embed": len, "percentile": 101}, "percentile is 101"),
        ("semantic", {"embed": len, "window": -1}, "window is -1"),
    ],
)
def test_settings_that_cannot_be_used(name: str, values: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        chunker(name, **values)


def test_repr_is_the_recipe() -> None:
    assert repr(chunker("fixed", overlap=2)) == "Fixed(max_tokens=200, overlap=2)"
    assert repr(chunker("structure")) == repr(chunker())
    assert "embed" not in repr(chunker("semantic", embed=len))


def test_chunks() -> None:
    document = Document.make(
        "one two\nthree", "a.pdf", title="T", metadata={"k": 1}, pages=(0, 8), media_type="text/plain"
    )
    first, second = make_chunks(document, [Span(0, 7, "H", "h"), Span(8, 13)])
    assert first.id == stable_id("chunk", document.id, 0, 7, "one two")
    assert (first.text, first.page, first.heading, first.header) == ("one two", 1, "H", "h")
    assert (second.text, second.page, second.title, second.source) == ("three", 2, "T", "a.pdf")
    assert second.metadata == {"k": 1}
    assert second.document_id == document.id


def test_page_is_the_one_a_chunk_starts_on() -> None:
    document = Document.make("aaaa bbbb", "a", pages=(0, 5))
    assert [chunk.page for chunk in make_chunks(document, [Span(0, 9), Span(5, 9)])] == [1, 2]
    assert make_chunks(Document.make("a", "a"), [Span(0, 1)])[0].page is None


def letters(texts: Sequence[str]) -> NDArray[np.float32]:
    """Texts about a lie along one axis, texts about b along another."""
    counts = np.array([[text.count("a"), text.count("b")] for text in texts], dtype=np.float32)
    return counts / np.linalg.norm(counts, axis=1, keepdims=True)


def test_semantic_cuts_where_the_subject_changes(ends: Callable[..., Any]) -> None:
    text = "A a a. A aa a. A aaa. B b b. B bb b. B bbb.".replace("A", "Xa").replace("B", "Xb")
    calls = []

    def embed(texts: Sequence[str]) -> NDArray[np.float32]:
        calls.append(len(texts))
        return letters(texts)

    spans = chunker("semantic", embed=embed, min_tokens=0, window=0, percentile=10)(
        Document.make(text, "a"), ends
    )
    assert [text[span.start : span.end] for span in spans] == [
        text[: text.index(" Xb")],
        text[text.index("Xb") :],
    ]
    assert calls == [6]  # one call, one group a sentence


def test_import_is_light() -> None:
    code = "import sys, rag.chunking as c; c.make_chunks; c.chunker(); sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


WRONG: dict[str, tuple[Any, str]] = {
    "nothing": (None, "returned NoneType, expected a list of Span"),
    "a number": (5, "returned int"),
    "texts": (["Kiwis"], "a list with str"),
    "beyond the end": ([Span(0, 99)], "from 0 to 99, expected 0 <= start < end <= 16"),
    "empty": ([Span(3, 3)], "from 3 to 3"),
    "backwards": ([Span(-2, 3)], "from -2 to 3"),
    "halves": ([Span(0.5, 3)], "from 0.5 to 3"),  # type: ignore[arg-type]
    "twice": ([Span(0, 5), Span(0, 5)], "from 0 to 5 twice"),
}


@pytest.mark.parametrize(("returned", "told"), WRONG.values(), ids=WRONG.keys())
def test_a_chunker_that_returns_something_else_is_one_clear_error(
    tmp_path: Path, returned: Any, told: str
) -> None:
    with Rag(tmp_path / ".rag", embedder=WordEmbedder(), chunk=lambda document, ends: returned) as rag:
        report = rag.ingest([Document.make("Kiwis are green.", "a.txt")])
        assert [row.source for row in report.failed] == ["a.txt"]
        assert told in report.failed[0].reason


def test_a_chunker_that_fails_or_takes_other_arguments_fails_its_document(tmp_path: Path) -> None:
    with Rag(tmp_path / ".rag", embedder=WordEmbedder(), chunk=lambda document: []) as rag:  # type: ignore[arg-type, misc]
        report = rag.ingest([Document.make("Kiwis are green.", "a.txt")])
        assert "the chunker failed: TypeError" in report.failed[0].reason
