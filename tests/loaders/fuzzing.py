"""A small file for each loader, and edits of its bytes or, in a ZIP, of one of its members."""

from __future__ import annotations

import io
import zipfile
from typing import NamedTuple

from rag.loaders.formats import LOADERS
from tests.loaders import samples

SEEDS: dict[str, bytes] = {
    "a.md": b"---\ntitle: T\n---\n# H\n\ntext [a](b)\n\n| a | b |\n|---|---|\n| 1 | 2 |\n",
    "a.rst": b"Title\n=====\n\n.. code::\n\n   x\n\n== ==\na  b\n== ==\n",
    "a.html": b"<html><head><title>T</title></head><body><h1>H</h1><p>text</p><table><tr><td>1</table>",
    "a.csv": b'a,b\n1,"2\n3"\n',
    "a.json": b'[{"text": "one", "id": 1, "tags": ["x", {"y": 2}]}]',
    "a.jsonl": b'{"text": "one"}\n{"text": "two"}\n',
    "a.ipynb": b'{"cells": [{"cell_type": "markdown", "source": ["# H"]}], "metadata": {}, "nbformat": 4}',
    "a.eml": b"From: a@b.c\nTo: d@e.f\nSubject: S\nContent-Type: text/html; charset=utf-8\n\n<p>text</p>\n",
    "a.mbox": b"From a@b.c Mon Jan  1 00:00:00 2024\nSubject: S\n\none\n\nFrom a@b.c\nSubject: T\n\ntwo\n",
    "a.srt": b"1\n00:00:01,000 --> 00:00:02,000\ntext\n",
    "a.vtt": b"WEBVTT\n\nNOTE n\n\n00:01.000 --> 00:02.000\n<v Ada>text\n",
    "a.py": b"class A:\n    def f(self):\n        return 1\n",
    "a.txt": "text ü\n\n1.1 Heading\n\nmore".encode("utf-16"),
    "a.docx": samples.docx(samples.paragraph("text") + samples.table([["a", "b"], ["1", "2"]]), title="T"),
    "a.pptx": samples.pptx({"1": samples.shape("title", "T") + samples.shape("body", "text")}, ["1"]),
    "a.xlsx": samples.xlsx({"S": samples.grid([["a", "b"], ["x", 2.5]])}),
    "a.ods": samples.ods(
        '<table:table table:name="S"><table:table-row><table:table-cell office:value-type="string">'
        "<text:p>text</text:p></table:table-cell></table:table-row></table:table>"
    ),
    "a.xls": samples.biff4([(0, 0, "a", 0), (1, 0, 2.5, 0)], ["General"]),
    "a.epub": samples.epub({"c.xhtml": "<html><body><h1>H</h1><p>text</p></body></html>"}, ["c.xhtml"]),
    "a.pdf": samples.pdf_of(["BT /F1 12 Tf 72 720 Td (text) Tj ET"]),
}
"""By a name with the suffix: every loader of the table has one."""


def untried() -> set[str]:
    """The loaders that no seed reaches."""
    return set(LOADERS.values()) - {LOADERS[name[1:]] for name in SEEDS}


class Edit(NamedTuple):
    """`cut` bytes at the share `at` of the chosen member become `piece`, `times` over."""

    member: float
    at: float
    cut: int
    piece: bytes
    times: int


def edited(data: bytes, edits: list[Edit]) -> bytes:
    """The data after some edits; a ZIP stays one, so that they come as far as what reads its members."""
    members = _members(data)
    for edit in edits:
        name = sorted(members)[min(int(edit.member * len(members)), len(members) - 1)]
        content = members[name]
        at = int(edit.at * len(content))
        members[name] = content[:at] + edit.piece * edit.times + content[at + edit.cut :]
    if set(members) == {""}:
        return members[""]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def _members(data: bytes) -> dict[str, bytes]:
    """By name; what is no ZIP, or no longer a whole one, is one member without a name."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return {name: archive.read(name) for name in archive.namelist()} or {"": data}
    except Exception:  # zipfile raises a dozen kinds of errors where it is damaged
        return {"": data}
