"""Known documents of each format and the blocks they are read as."""

from __future__ import annotations

import pytest

from rag.chunking.blocks.parse import parser

M, R, P = "text/markdown", "text/x-rst", "text/plain"

CASES = [
    # Markdown: headings
    (M, "# Title #\ntext", [("heading", 1, "Title"), ("paragraph", "text")]),
    (
        M,
        "Title\n===\n\nSub\n---\ntext",
        [("heading", 1, "Title"), ("heading", 2, "Sub"), ("paragraph", "text")],
    ),
    (M, "# C#", [("heading", 1, "C#")]),
    (M, "#hash\n\n####### seven", [("paragraph", "#hash"), ("paragraph", "####### seven")]),
    (M, "## **Bold** [link](http://x.y) `code` {#id}", [("heading", 2, "Bold link code")]),
    (M, '### <a name="x"></a>Named', [("heading", 3, "Named")]),
    (M, "# List<String> of `Map<K, V>`", [("heading", 1, "List<String> of Map<K, V>")]),
    (M, "# <name> of the </a(host;>", [("heading", 1, "<name> of the </a(host;>")]),
    (M, "# Water<br/>H<sub>2</sub>O", [("heading", 1, "Water H2O")]),
    (M, "text\n# Title", [("paragraph", "text"), ("heading", 1, "Title")]),
    # Markdown: what looks like a heading and is none
    (M, "```\n# no\n\n## no\n```\nyes", [("code", "```\n# no\n\n## no\n```"), ("paragraph", "yes")]),
    (M, "~~~~\n~~~\n# no\n~~~~", [("code", "~~~~\n~~~\n# no\n~~~~")]),
    (M, "```\nnever closed\n# no", [("code", "```\nnever closed\n# no")]),
    (M, "text\n\n    # code\n\n    more", [("paragraph", "text"), ("code", "# code\n\n    more")]),
    # Markdown: front matter, breaks
    (M, "---\ntitle: x\ntags: [a]\n---\ntext", [("paragraph", "text")]),
    (M, "+++\ntitle = 'x'\n+++\n\ntext", [("paragraph", "text")]),
    (M, "---\n\nno: matter\n\n---\ntext", [("paragraph", "no: matter"), ("paragraph", "text")]),
    (M, "a\n\n***\n\nb\n\n- - -\n", [("paragraph", "a"), ("paragraph", "b")]),
    # Markdown: lists, quotes, tables, HTML
    (
        M,
        "- a\n  - b\n\n  more a\n- c\nlazy\n\nend",
        [("list", "- a\n  - b\n\n  more a\n- c\nlazy"), ("paragraph", "end")],
    ),
    (M, "1. a\n   ```\n   # no\n   ```\n2. b", [("list", "1. a\n   ```\n   # no\n   ```\n2. b")]),
    (M, "- a\n# T", [("list", "- a"), ("heading", 1, "T")]),
    (M, "so in\n1990. It", [("paragraph", "so in\n1990. It")]),
    (M, "> a\n> # no\nlazy\n\nend", [("paragraph", "> a\n> # no\nlazy"), ("paragraph", "end")]),
    (
        M,
        "see:\n| a | b |\n|:--|--:|\n| 1 | 2 |\nend",
        [
            ("paragraph", "see:"),
            ("table", "| a | b |\n|:--|--:|\n| 1 | 2 |", "| a | b |\n|:--|--:|"),
            ("paragraph", "end"),
        ],
    ),
    (M, "a | b\n---", [("heading", 2, "a | b")]),
    (M, "<!-- note -->\n\n<p>hi</p>", [("paragraph", "<!-- note -->"), ("paragraph", "<p>hi</p>")]),
    (M, "", []),
    (M, " \n\t\n", []),
    # reStructuredText
    (
        R,
        "Title\n=====\n\nSub\n---\n\ntext",
        [("heading", 1, "Title"), ("heading", 2, "Sub"), ("paragraph", "text")],
    ),
    (R, "=====\nTitle\n=====\n\nSub\n===\n", [("heading", 1, "Title"), ("heading", 2, "Sub")]),
    (R, "a\n\n----\n\nb", [("paragraph", "a"), ("paragraph", "b")]),
    (
        R,
        "like this::\n\n  x = 1\n\n  y = 2\n\nend",
        [("paragraph", "like this::"), ("code", "x = 1\n\n  y = 2"), ("paragraph", "end")],
    ),
    (
        R,
        ".. code-block:: c\n\n   int x;\n\nend",
        [("code", ".. code-block:: c\n\n   int x;"), ("paragraph", "end")],
    ),
    (R, ".. note:: Mind\n   this.\n\nend", [("paragraph", ".. note:: Mind\n   this."), ("paragraph", "end")]),
    (R, "* a\n\n* b\n\nend", [("list", "* a\n\n* b"), ("paragraph", "end")]),
    (
        R,
        "== ==\na  b\n== ==\n1  2\n== ==\n\nend",
        [("table", "== ==\na  b\n== ==\n1  2\n== ==", "== ==\na  b\n== =="), ("paragraph", "end")],
    ),
    (R, "+--+\n|a |\n+==+\n|1 |\n+--+", [("table", "+--+\n|a |\n+==+\n|1 |\n+--+", "+--+\n|a |\n+==+")]),
    # Plain text
    (P, "a\nb\n\nc", [("paragraph", "a\nb"), ("paragraph", "c")]),
    (
        P,
        "2 Method\n\n2.1 Data\n\nWe took it.",
        [("heading", 1, "2 Method"), ("heading", 2, "2.1 Data"), ("paragraph", "We took it.")],
    ),
    (P, "RESULTS\n\nThey are good.", [("heading", 1, "RESULTS"), ("paragraph", "They are good.")]),
    (
        P,
        "1. Milk\n\n2. Bread\n\nThe end.",
        [("list", "1. Milk"), ("heading", 1, "2. Bread"), ("paragraph", "The end.")],
    ),
    (P, "A LINE.\n\ntext", [("paragraph", "A LINE."), ("paragraph", "text")]),
    (P, "THE LAST", [("paragraph", "THE LAST")]),
    # Rows and lines
    ("text/csv", 'a,b\n"x\ny",2\n', [("rows", 'a,b\n"x\ny",2', "a,b")]),
    ("text/csv", "a,b\n", [("rows", "a,b")]),
    ("application/json", '{"a":\n 1}\n', [("code", '{"a":\n 1}')]),
]


@pytest.mark.parametrize(("media_type", "text", "expected"), CASES)
def test_blocks(media_type: str, text: str, expected: list[tuple[object, ...]]) -> None:
    found: list[tuple[object, ...]] = []
    for block in parser(media_type)(text):
        if block.kind == "heading":
            found.append((block.kind, block.level, block.title))
        else:
            head = (text[block.start : block.head_end],) if block.head_end else ()
            found.append((block.kind, text[block.start : block.end], *head))
    assert found == expected


def test_media_type_parameters_and_unknown_types() -> None:
    assert parser("Text/Markdown; charset=utf-8") is parser(M)
    assert parser("text/strange") is parser(P)
    assert parser("text/x-rust") is parser("text/x-java")


def test_a_title_without_a_word_keeps_its_marks() -> None:
    assert [block.title for block in parser("text/markdown")("# # ```\n")] == ["# ```"]
