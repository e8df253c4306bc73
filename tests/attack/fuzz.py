"""Files and texts drawn by chance: a loader gives documents or a LoadError, a chunker keeps its promises."""

from __future__ import annotations

import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from rag.chunking import chunker
from rag.ingest.parsing.pool import Job, ParsePool
from rag.types import Document
from tests.chunking.conftest import check, token_ends
from tests.loaders import samples
from tests.stores.damage import damage
from tests.text.hostile import PIECES

SEEDS: dict[str, bytes] = {
    "a.md": b"---\ntitle: T\n---\n# H\n\ntext [a](b)\n\n| a | b |\n|---|---|\n| 1 | 2 |\n",
    "a.rst": b"Title\n=====\n\n.. code::\n\n   x\n\n== ==\na  b\n== ==\n",
    "a.html": b"<html><head><title>T</title></head><body><h1>H</h1><p>text</p><table><tr><td>1</table>",
    "a.csv": b'a,b\n1,"2\n3"\n',
    "a.json": b'[{"text": "one", "id": 1, "tags": ["x", {"y": 2}]}]',
    "a.jsonl": b'{"text": "one"}\n{"text": "two"}\n',
    "a.ipynb": b'{"cells": [{"cell_type": "markdown", "source": ["# H"]}], "metadata": {}, "nbformat": 4}',
    "a.eml": b"From: a@b.c\nTo: d@e.f\nSubject: S\nContent-Type: text/html; charset=utf-8\n\n<p>text</p>\n",
    "a.srt": b"1\n00:00:01,000 --> 00:00:02,000\ntext\n",
    "a.py": b"class A:\n    def f(self):\n        return 1\n",
    "a.txt": "text ü\n\n1.1 Heading\n\nmore".encode("utf-16"),
    "a.docx": samples.docx(samples.paragraph("text") + samples.table([["a", "b"], ["1", "2"]]), title="T"),
    "a.pdf": samples.pdf_of(["BT /F1 12 Tf 72 720 Td (text) Tj ET"]),
}
_KINDS = (
    "text/plain",
    "text/markdown",
    "text/x-rst",
    "text/csv",
    "text/x-python",
    "text/x-go",
    "application/json",
)
_METHODS = ("structure", "headings", "sentences", "fixed", "code")


def loaders(chance: random.Random, until: float, figures: Counter[str]) -> list[str]:
    """Damaged samples through the parsing processes, where hangs and crashes are seen as well."""
    with tempfile.TemporaryDirectory(prefix="attack-") as place, ParsePool(2, 30.0, memory_mb=2048) as pool:

        def jobs() -> Iterator[Job]:
            number = 0
            while time.monotonic() < until:
                number += 1
                name = chance.choice(sorted(SEEDS))
                path = Path(place) / f"{number}-{name}"
                path.write_bytes(SEEDS[name])
                for _ in range(chance.randint(1, 3)):
                    if path.is_file():
                        damage(path, chance) if chance.random() < 0.7 else _spliced(path, chance)
                yield Job(path, path.name)

        wrong = []
        for parsed in pool.parse(jobs()):
            figures["hostile files"] += 1
            if (parsed.error or "").startswith(
                ("the loader failed", "took longer", "the parsing process died")
            ):
                wrong.append(f"{parsed.job.source}: {parsed.error}")
            if parsed.job.path.is_file():
                parsed.job.path.unlink()
    return wrong


def _spliced(path: Path, chance: random.Random) -> None:
    """A hostile piece, again and again, somewhere in the file."""
    data, piece = path.read_bytes(), chance.choice(PIECES).encode()
    at = chance.randrange(len(data) + 1)
    path.write_bytes(data[:at] + piece * chance.choice((1, 7, 300)) + data[at:])


def chunkers(chance: random.Random, until: float, figures: Counter[str]) -> list[str]:
    """Texts of hostile pieces through every method."""
    wrong = []
    while time.monotonic() < until:
        text = "".join(
            chance.choice(PIECES) * chance.choice((1, 1, 2, 40)) for _ in range(chance.randint(1, 60))
        )
        document = Document("d", text, "d", title=chance.choice(("", "T")), media_type=chance.choice(_KINDS))
        method = chance.choice(_METHODS)
        settings = {"max_tokens": chance.choice((16, 40, 200))}
        if method in ("structure", "sentences", "code"):
            settings["min_tokens"] = settings["max_tokens"] // 6
        figures["hostile texts"] += 1
        try:
            check(document, chunker(method, **settings)(document, token_ends))
        except Exception as error:
            wrong.append(f"{method} of {document.media_type} {text[:80]!r}: {type(error).__name__}: {error}")
    return wrong
