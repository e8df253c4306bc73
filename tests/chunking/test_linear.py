"""Every method does work in proportion to the text, whatever the text is, and in bounded memory."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import numpy as np
import pytest
from numpy.typing import NDArray

from rag.chunking import chunker
from rag.chunking.tokens import WINDOW, Tokens
from rag.types import Document
from tests.chunking.conftest import token_ends

SHAPES: dict[str, tuple[str, Callable[[int], str]]] = {
    "statements on a line": ("text/x-python", lambda n: "x=1;" * (n // 4)),
    "a table on a line": ("text/x-python", lambda n: "x = {" + "'k': 12, " * (n // 9) + "}"),
    "open brackets": ("text/x-python", lambda n: "(" * n),
    "definitions": ("text/x-python", lambda n: "def f(): pass\n" * (n // 14)),
    "comments": ("text/x-go", lambda n: "# a\n" * (n // 8) + " # b\n" * (n // 10)),
    "keys": ("application/json", lambda n: '  "key": "value",\n' * (n // 18)),
    "one word": ("text/plain", lambda n: "a" * n),
    "capital lines": ("text/plain", lambda n: "ABCD EFG\n\n" * (n // 10)),
    "combining marks": ("text/plain", lambda n: "e" + "\u0301" * n),
    "joined emoji": ("text/plain", lambda n: "\U0001f469\u200d" * (n // 2)),
    "stops": ("text/plain", lambda n: "A. " * (n // 3)),
    "blank lines": ("text/markdown", lambda n: "a\n" + "\n \n" * (n // 3)),
    "headings": ("text/markdown", lambda n: "# a\n###### b\n" * (n // 13)),
    "items": ("text/markdown", lambda n: "- a\n  - b\n\n" * (n // 11)),
    "quotes": ("text/markdown", lambda n: "> a\n" * (n // 4)),
    "fences": ("text/markdown", lambda n: "```\n~~~\n" * (n // 8)),
    "pipes": ("text/markdown", lambda n: "|a|\n|-|\n" + "|b|\n" * (n // 4)),
    "a wide row": (
        "text/markdown",
        lambda n: "|a" * (n // 8) + "|\n" + "|-" * (n // 8) + "|\n" + "|b" * (n // 4) + "|",
    ),
    "borders": ("text/x-rst", lambda n: "== ==\na\n" * (n // 8)),
    "cells": ("text/csv", lambda n: "a,b\n" + '"1\n2",3\n' * (n // 8)),
    "an open quote": ("text/csv", lambda n: 'a,b\n"' + "1,2\n" * (n // 4)),
}
METHODS = ("structure", "headings", "sentences", "fixed", "code")


def calls(method: str, media_type: str, text: str) -> int:
    """How many functions are called, in Python and below, to cut a text."""
    cut = chunker(method)
    count = 0

    def tell(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(tell)
    try:
        cut(Document("d", text, "d", media_type=media_type), token_ends)
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("shape", SHAPES)
def test_twice_the_text_is_twice_the_work(shape: str, method: str) -> None:
    media_type, make = SHAPES[shape]
    once, twice = (calls(method, media_type, make(n)) for n in (14_000, 28_000))
    assert twice <= 2.3 * once + 500


def test_a_long_text_is_tokenised_in_windows_that_begin_between_words() -> None:
    sizes = []

    def told(text: str) -> NDArray[np.int64]:
        sizes.append(len(text))
        return token_ends(text)

    text = "three more words, " * 20_000
    tokens = Tokens(text, told)
    assert max(sizes) <= WINDOW
    assert sum(sizes) == len(text)
    assert tokens.count(0, len(text)) == len(token_ends(text)) == 80_000
    assert tokens.reach(0, 3) == len("three more words")
    for at in range(0, len(text), 9_001):
        assert tokens.count(0, at) == np.count_nonzero(token_ends(text) <= at)


_CHILD = """
import resource, sys
from tests.chunking.test_linear import SHAPES
from rag.chunking import chunker
from rag.embedding.onnx import OnnxEmbedder
from rag.types import Document
ends = OnnxEmbedder.open().token_ends
resource.setrlimit(resource.RLIMIT_CPU, (120, 120))
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
for name, (media_type, make) in SHAPES.items():
    document = Document("d", make(250_000), "d", media_type=media_type)
    print(name, len(chunker("structure")(document, ends)), flush=True)
"""


def test_long_texts_are_cut_within_time_and_memory() -> None:
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", _CHILD], cwd=root, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert len(done.stdout.splitlines()) == len(SHAPES)
