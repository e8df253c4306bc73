"""Source code → chunks: what belongs together, and the path above it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rag.chunking import chunker
from rag.types import Document

PYTHON = '''"""A module."""

import os

LIMIT = 3

# Opens it.
# Twice.
@cached
def outer(path):
    """Open."""

    def inner():
        return path

    return inner


class Store:
    """Keeps."""

    size = 1

    # Reads one.
    @property
    def get(self):
        return os.getcwd()

    class Inner:
        def deep(self):
            return "\\d"

    after = 2


print(LIMIT)
'''

TYPESCRIPT = """import x from "y";

// Keeps things.
export class Store {
  private size: number;

  /* Gets one. */
  async get(key: string): Promise<string> {
    for (const k of key) {
      use(k);
    }
    return "a";
  }
}

export const twice = (x) => {
  return 2 * x;
};
"""

C = """#include <stdio.h>

/* Adds
 * two. */
int add(int a, int b)
{
    return a + b;
}

struct point {
    int x;
};
"""


def cut(text: str, media_type: str, ends: Any, **values: Any) -> list[tuple[str, str]]:
    document = Document.make(text, "a", media_type=media_type)
    spans = chunker("structure", **{"min_tokens": 0, **values})(document, ends)
    return [(span.heading, text[span.start : span.end]) for span in spans]


def test_python(ends: Callable[..., Any]) -> None:
    assert cut(PYTHON, "text/x-python", ends) == [
        ("", '"""A module."""\n\nimport os\n\nLIMIT = 3'),
        ("outer", PYTHON[PYTHON.index("# Opens") : PYTHON.index("\n\n\nclass")]),
        ("Store", 'class Store:\n    """Keeps."""\n\n    size = 1'),
        ("Store › get", "# Reads one.\n    @property\n    def get(self):\n        return os.getcwd()"),
        ("Store › Inner", "class Inner:"),
        ("Store › Inner › deep", 'def deep(self):\n            return "\\d"'),
        ("Store", "after = 2"),
        ("", "print(LIMIT)"),
    ]


def test_typescript(ends: Callable[..., Any]) -> None:
    headings = [heading for heading, _ in cut(TYPESCRIPT, "text/x-typescript", ends)]
    assert headings == ["", "Store", "Store › get", "twice"]
    texts = [text for _, text in cut(TYPESCRIPT, "text/x-typescript", ends)]
    assert texts[1].startswith("// Keeps things.")
    assert texts[2].startswith("/* Gets one. */")
    assert texts[2].endswith("}\n}")


def test_c(ends: Callable[..., Any]) -> None:
    assert cut(C, "text/x-c", ends) == [
        ("", "#include <stdio.h>"),
        ("add", C[C.index("/*") : C.index("\n\nstruct")]),
        ("point", "struct point {\n    int x;\n};"),
    ]


@pytest.mark.parametrize(
    "broken", ["print 'old'\n\ndef f():\n    return 1\n", "def f(:\n    x\n", "x = '\0'\ndef f(): 1\n"]
)
def test_python_that_does_not_parse_goes_by_its_lines(broken: str, ends: Callable[..., Any]) -> None:
    found = cut(broken, "text/x-python", ends)
    assert found[-1][0] == "f"
    assert "".join("".join(text for _, text in found).split()) == "".join(broken.split())


def test_small_functions_share_a_chunk_under_their_class(ends: Callable[..., Any]) -> None:
    text = "class A:\n    def a(self):\n        return 1\n\n    def b(self):\n        return 2\n"
    assert cut(text, "text/x-python", ends, min_tokens=32) == [("A", text.strip())]


def test_long_function_splits_at_blank_lines_and_keeps_its_path(ends: Callable[..., Any]) -> None:
    body = "\n\n".join(f"    a{i} = {i}\n    b{i} = {i}" for i in range(9))
    found = cut(f"def f():\n{body}\n", "text/x-python", ends, max_tokens=20)
    assert {heading for heading, _ in found} == {"f"}
    assert [text.splitlines()[0] for _, text in found[1:]] == ["a2 = 2", "a5 = 5", "a8 = 8"][: len(found) - 1]


def test_code_method_reads_any_document_as_code(ends: Callable[..., Any]) -> None:
    document = Document.make(C, "a.txt")
    spans = chunker("code", min_tokens=0)(document, ends)
    assert [span.heading for span in spans] == ["", "add", "point"]
