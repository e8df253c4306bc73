"""Formats whose text is the file's own: plain text, Markdown, reStructuredText, code, CSV, JSON."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from rag.errors import LoadError
from rag.loaders import Limits, load, load_bytes
from rag.types import Document


def only(data: bytes, source: str) -> Document:
    loaded = load_bytes(data, source)
    assert loaded.problems == []
    assert len(loaded.documents) == 1
    return loaded.documents[0]


def test_plain_text_is_exact_but_for_mark_and_newlines(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(b"\xef\xbb\xbfone\r\ntwo\rthree \n\n")
    document = load(path, "notes.txt").documents[0]
    assert document.text == "one\ntwo\nthree \n\n"
    assert (document.source, document.title, document.media_type) == ("notes.txt", "", "text/plain")
    assert document.metadata == {}
    assert document.id == Document.make("another text", "notes.txt").id


def test_markdown_keeps_front_matter_and_reads_it() -> None:
    text = "---\ntitle: Red  *Fox*\ndate: 2024-03-01\ntags: [a, b, {c: d}]\n"
    text += "nested: {x: 1}\ndraft: false\n---\n# Body\n"
    document = only(text.encode(), "a.md")
    assert document.text == text
    assert document.title == "Red *Fox*"
    assert document.metadata == {
        "title": "Red  *Fox*",
        "date": "2024-03-01",
        "tags": ["a", "b"],
        "tags.c": ["d"],
        "nested.x": 1,
        "draft": False,
    }
    assert document.media_type == "text/markdown"


def test_front_matter_is_what_a_person_wrote() -> None:
    text = "---\nzip: 01234\ncode: 007\nat: 12:30\ncountry: NO\non: sale\nyear: 2024\ndone: yes\n---\nText.\n"
    metadata = only(text.encode(), "a.md").metadata
    assert metadata == {
        "zip": "01234", "code": "007", "at": "12:30", "country": "NO", "on": "sale", "year": 2024,
        "done": True,
    }  # fmt: skip


def test_front_matter_has_a_largest_size_and_its_values_too() -> None:
    long = only(f"---\nbig: {'x' * 9000}\n---\nText.\n".encode(), "a.md")
    assert long.metadata == {"big": "x" * 2000}
    beyond = load_bytes(f"---\nbig: {'x' * 70_000}\nsmall: 1\n---\nText.\n".encode(), "a.md")
    assert beyond.documents[0].metadata == {}
    assert "small: 1" in beyond.documents[0].text
    assert beyond.problems == ["front matter does not end within 64 KB: it is body text, and no metadata"]
    rule = only(("---\nSome words.\n" + "word " * 14_000).encode(), "a.md")
    assert rule.text.startswith("---\nSome words.")


def test_names_in_front_matter_are_texts() -> None:
    text = "---\nno: 7\ny: 1.5\non: sale\n2024: old\n2030-01-02: new\nat: {yes: 1}\n---\nText.\n"
    assert only(text.encode(), "a.md").metadata == {
        "no": 7, "y": 1.5, "on": "sale", "f_2024": "old", "f_2030-01-02": "new", "at.yes": 1,
    }  # fmt: skip
    merged = only(b"---\nat:\n  <<: {no: 7}\n  y: 8\n---\nText.\n", "a.md")
    assert merged.metadata == {"at.no": 7, "at.y": 8}
    no_map = load_bytes(b"---\nat: !!map no\n---\nText.\n", "a.md")
    assert "front matter is no YAML" in no_map.problems[0]


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("```\n# comment\n```\n\n# The [real](x.md) `one` #\n", "The real one"),
        ("Setext\n======\n", "Setext"),
        ("## only a section\n", ""),
        ("---\nnot front matter\n---\n# After\n", "After"),
    ],
)
def test_markdown_title_is_the_first_heading_outside_code(text: str, title: str) -> None:
    assert only(text.encode(), "a.md").title == title


def test_front_matter_within_front_matter_has_names_with_dots() -> None:
    text = (
        "---\nowner: {team: blue, lead: {name: Ada}}\nauthors:\n  - name: Ann\n    role: text\n  - name: Bo\n"
    )
    text += "Priority Level: 3\n2nd review: yes\n?!: lost\n---\nBody.\n"
    assert only(text.encode(), "a.md").metadata == {
        "owner.team": "blue",
        "owner.lead.name": "Ada",
        "authors.name": ["Ann", "Bo"],
        "authors.role": ["text"],
        "Priority_Level": 3,
        "f_2nd_review": True,
    }
    assert only(b'[{"text": "A fee.", "meta": {"page no": 4}}]', "a.json").metadata["meta.page_no"] == 4


def test_mappings_that_name_each_other_again_and_again_are_read_in_part() -> None:
    lines = ["a0: &a0 {}"]
    lines += [f"a{n}: &a{n} {{{', '.join(f'k{i}: *a{n - 1}' for i in range(9))}}}" for n in range(1, 9)]
    began = time.perf_counter()
    assert only(("---\n" + "\n".join(lines) + "\n---\nbody\n").encode(), "a.md").metadata == {}
    assert time.perf_counter() - began < 5


def test_broken_front_matter_is_a_problem_and_the_document_stays() -> None:
    loaded = load_bytes(b"---\na: [1\n---\n# Still here\n", "a.md")
    assert loaded.documents[0].title == "Still here"
    assert loaded.problems[0].startswith("front matter is no YAML")


def test_alias_bomb_in_front_matter_leaves_no_trace() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    document = only(("---\n" + "\n".join(lines) + "\n---\nbody\n").encode(), "a.md")
    assert document.metadata["a0"] == ["x"] * 9
    assert document.metadata["a8"] == []


def test_rst_title_with_and_without_overline() -> None:
    assert only(b".. note: x\n\n=====\nTitle\n=====\n\ntext\n", "a.rst").title == "Title"
    document = only(b"Under\n-----\n", "a.rst")
    assert (document.title, document.media_type) == ("Under", "text/x-rst")


@pytest.mark.parametrize(
    ("source", "media_type"),
    [
        ("a.py", "text/x-python"),
        ("a.tsx", "text/x-typescript"),
        ("src/Makefile", "text/x-makefile"),
        ("a.toml", "text/x-toml"),
        ("a.xml", "text/x-xml"),
    ],
)
def test_code_names_its_language(source: str, media_type: str) -> None:
    document = only(b"x = 1\n", source)
    assert (document.text, document.media_type) == ("x = 1\n", media_type)


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("a,b\n1,2\n", ","),
        ("a;b\n1,5;2\n3,5;4\n", ";"),
        ('name|note\nx|"a, b"\ny|"c, d, e"\n', "|"),
        ("one column\nonly\n", ","),
    ],
)
def test_csv_delimiter(text: str, delimiter: str) -> None:
    document = only(text.encode(), "a.csv")
    assert (document.text, document.metadata["delimiter"], document.media_type) == (
        text,
        delimiter,
        "text/csv",
    )


def test_tsv() -> None:
    document = only(b"a\tb,c\n", "a.tsv")
    assert (document.media_type, document.metadata) == ("text/tab-separated-values", {"delimiter": "\t"})


def test_jsonl_gives_a_document_a_line_and_reports_the_bad_ones() -> None:
    lines = [
        json.dumps(
            {"id": "x7", "title": "T", "text": "first", "year": 1999, "tags": ["a"], "deep": {"no": 1}}
        ),
        "",
        "{broken",
        json.dumps({"content": "second"}),
        json.dumps({"other": 1}),
    ]
    loaded = load_bytes("\n".join(lines).encode(), "f.jsonl")
    first, second = loaded.documents
    assert (first.source, first.title, first.text) == ("f.jsonl#x7", "T", "first")
    assert first.metadata == {"id": "x7", "year": 1999, "tags": ["a"], "deep.no": 1}
    assert (second.source, second.text) == ("f.jsonl#4", "second")
    assert loaded.problems[0].startswith("line 3 is no JSON: Expecting property name")
    assert loaded.problems[1].startswith("line 5: no object with a text")


def test_repeated_ids_are_told_apart() -> None:
    loaded = load_bytes(b'{"id": 1, "text": "a"}\n{"id": 1, "text": "b"}\n', "f.jsonl")
    assert [document.source for document in loaded.documents] == ["f.jsonl#1", "f.jsonl#1~2"]
    assert len({document.id for document in loaded.documents}) == 2
    assert len(loaded.problems) == 1


def test_json_array_of_texts_and_json_lines_under_the_name_of_json() -> None:
    array = load_bytes(b'[{"body": "a"}, {"body": "b"}]', "f.json").documents
    assert [(document.source, document.text) for document in array] == [("f.json#1", "a"), ("f.json#2", "b")]
    lines = load_bytes(b'{"text": "a"}\n{"text": "b"}\n', "f.json").documents
    assert [document.text for document in lines] == ["a", "b"]


def test_other_json_is_one_document() -> None:
    exact = '{\n  "name": "x",\n  "title": "Config"\n}\n'
    document = only(exact.encode(), "f.json")
    assert (document.text, document.title, document.media_type) == (exact, "Config", "application/json")
    long = json.dumps({"key": ["é" * 300]})
    document = only(long.encode(), "f.json")
    assert document.text == '{\n  "key": [\n    "' + "é" * 300 + '"\n  ]\n}'
    assert document.metadata == {"reformatted": True}


def test_broken_json_names_line_and_column() -> None:
    with pytest.raises(LoadError, match=r"no JSON: Expecting value at line 2, column 8"):
        load_bytes(b'{\n  "a": ,\n}', "f.json")


def test_lone_surrogates_are_replaced_one_for_one() -> None:
    assert load_bytes(b'{"text": "a\\ud800b"}', "f.jsonl").documents[0].text == "a\ufffdb"


def test_notebook() -> None:
    book = {
        "cells": [
            {"cell_type": "markdown", "source": ["# Title\n", "text"]},
            {
                "cell_type": "code",
                "source": "print('```')",
                "outputs": [
                    {"output_type": "stream", "text": ["```\n"]},
                    {"output_type": "execute_result", "data": {"text/plain": "\n".join(map(str, range(30)))}},
                    {"output_type": "error", "ename": "ValueError", "evalue": "bad"},
                ],
            },
            {"cell_type": "code", "source": "  ", "outputs": []},
        ],
        "metadata": {"language_info": {"name": "python"}},
    }
    document = only(json.dumps(book).encode(), "n.ipynb")
    numbers = "\n".join(map(str, range(20)))
    assert document.text == (
        "# Title\ntext\n\n````python\nprint('```')\n````\n\n````text\n```\n````\n\n"
        f"```text\n{numbers}\n…\n```\n\n```text\nValueError: bad\n```"
    )
    assert (document.title, document.metadata) == ("Title", {"programming_language": "python"})


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        ({"text/html": "<table><tr><th>Well<th>Depth<tr><td>Oberau<td>40</table>"}, "| Oberau | 40 |"),
        ({"text/html": "<b>Oberau</b> 40", "text/plain": "<pandas.Styler at 0x7f>"}, "Oberau 40"),
        ({"text/html": "<b>Oberau</b> 40", "text/plain": "Oberau 40"}, "```text\nOberau 40\n```"),
        ({"text/markdown": ["**Sum** ", "42"], "text/plain": "<IPython.Markdown object>"}, "**Sum** 42"),
        ({"text/latex": "$x^2$", "text/plain": ""}, "$x^2$"),
        ({"text/plain": "<Axes: >", "image/png": "x"}, "```text\n<Axes: >\n```"),
        ({"text/html": "<script>draw()</script>"}, "show()\n```"),
    ],
)
def test_outputs_of_notebooks_in_the_form_that_says_most(data: dict[str, object], shown: str) -> None:
    cell = {
        "cell_type": "code",
        "source": "show()",
        "outputs": [{"output_type": "display_data", "data": data}],
    }
    assert only(json.dumps({"cells": [cell]}).encode(), "n.ipynb").text.endswith(shown)


def test_notebook_of_another_shape_is_refused() -> None:
    with pytest.raises(LoadError, match="no list of cells"):
        load_bytes(b'{"worksheets": []}', "n.ipynb")


def test_media_type_picks_the_loader() -> None:
    document = load_bytes(b"<p>Hi</p>", "stdin", media_type="text/html; charset=utf-8").documents[0]
    assert (document.text, document.media_type) == ("Hi", "text/markdown")
    with pytest.raises(LoadError, match="no loader for the media type 'image/png'"):
        load_bytes(b"x", "stdin", media_type="image/png")


def test_limits_are_named_in_the_error(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("12345678901")
    with pytest.raises(LoadError, match=r"11 bytes, at most 10 are read; .*Limits.max_bytes"):
        load(path, "a.txt", limits=Limits(max_bytes=10))
    with pytest.raises(LoadError, match=r"Limits.max_chars"):
        load(path, "a.txt", limits=Limits(max_chars=10))
    with pytest.raises(LoadError, match=r"Limits.max_documents"):
        load_bytes(b'{"text": "a"}\n{"text": "b"}', "a.jsonl", limits=Limits(max_documents=1))


def test_links_and_tags_of_notes_are_metadata() -> None:
    text = (
        "---\naliases: [The dam]\ntags: [water, old/wall]\n---\n# Dam\n\nFed by the [[River Elm]] and "
        "[[Mill#Wheel|its wheel]], see ![[plan.png]] #built/1931 and issue #12.\n\n```\n[[code]] #no\n```\n"
    )
    (document,) = load_bytes(text.encode(), "dam.md").documents
    assert document.text == text
    assert document.metadata == {
        "aliases": ["The dam"],
        "tags": ["water", "old/wall", "built/1931"],
        "links": ["River Elm", "Mill"],
        "embeds": ["plan.png"],
    }
    plain = load_bytes(b"# Readme\n\nFixes #name and [a](b).\n", "readme.md").documents[0]
    assert plain.metadata == {}
    assert load_bytes(b"tags: a b\n[[x]] #y\n", "a.md").documents[0].metadata == {
        "links": ["x"],
        "tags": ["y"],
    }
