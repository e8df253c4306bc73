"""Real texts and questions from folders of evaluation sets, and text grown from them to any size.

A set is a folder with `corpus.jsonl` (`id`, `title`, `text`) and `qa.jsonl` (`question`, `relevant`, `meta`);
`reader-train` holds gzipped JSON lines, most with a `context`. Growth: each further paragraph is made of
runs of one to three sentences of real paragraphs, drawn at random, up to about 100 words.
"""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rag import Document, Rag

_ENGLISH = ("squad-dev-a", "nq-lost-in-the-middle", "cranfield", "lihua-world", "acronyms-a", "rgb-en-a")


def read(path: Path) -> list[dict[str, Any]]:
    """The rows of a JSON lines file, gzipped or not."""
    with (
        gzip.open(path, "rt", encoding="utf-8")
        if path.suffix == ".gz"
        else path.open(encoding="utf-8") as file
    ):
        return [json.loads(line) for line in file]


def documents(folder: Path) -> Iterator[Document]:
    """The documents of a set's corpus."""
    for row in read(folder / "corpus.jsonl"):
        yield Document.make(row["text"], row["id"], title=row["title"])


def ingested(index: Path, folder: Path) -> None:
    """The files of a set, or its corpus, as an index; kept if it is there."""
    if index.exists():
        return
    with Rag(index) as rag:
        rag.ingest(folder / "files" if (folder / "files").is_dir() else documents(folder))


def questions(data: Path) -> list[str]:
    """Real questions of the English sets."""
    return [row["question"] for name in _ENGLISH for row in read(data / name / "qa.jsonl")]


def paragraphs(data: Path, size: int, seed: int = 0) -> tuple[list[str], int]:
    """`size` different paragraphs, and how many of them are real; the real ones come first."""
    found = dict.fromkeys(row["text"] for name in _ENGLISH for row in read(data / name / "corpus.jsonl"))
    for path in sorted((data / "reader-train").glob("*.jsonl.gz")):
        found |= dict.fromkeys(row["context"] for row in read(path) if "context" in row)
    real = [text for text in found if 40 <= len(text.split()) <= 400]
    random.Random(seed).shuffle(real)
    real = real[:size]
    grown = _grown(real, random.Random(seed))
    return real + [next(grown) for _ in range(size - len(real))], len(real)


def _grown(real: list[str], chance: random.Random) -> Iterator[str]:
    sentences = [[part for part in text.split(". ") if part] for text in real]
    while True:
        parts: list[str] = []
        words = 0
        while words < 90:
            source = chance.choice(sentences)
            start = chance.randrange(len(source))
            for part in source[start : start + chance.randint(1, 3)]:
                parts.append(part.rstrip("."))
                words += part.count(" ") + 1
        yield ". ".join(parts) + "."
