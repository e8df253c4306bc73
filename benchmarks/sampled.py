"""What benchmarks of answers share: options, and for each set an index and a sample of its questions.

Every set is ingested with every default; the questions have answers and are evenly spread. Texts are
embedded and read once for all variants of a set.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.corpora import ingested, read
from benchmarks.stages import Remembering, RememberingReader, spread
from rag import Rag
from rag.embedding.onnx import OnnxEmbedder
from rag.evaluate import Case
from rag.reading.onnx import OnnxReader

SETS = ("squad-dev-a", "nq-lost-in-the-middle")


class Sampled(NamedTuple):
    """A set: the folder of its index, the questions asked, and what embeds and reads for all variants."""

    name: str
    folder: Path
    cases: Sequence[Case]
    embedder: Remembering
    reader: RememberingReader

    def opened(self, **parts: Any) -> Rag:
        """A pipeline over the index with these parts; it is closed by its caller."""
        rag = Rag(self.folder, embedder=self.embedder, **parts)
        rag.reader = self.reader
        return rag


def parser(description: str | None, out: str) -> argparse.ArgumentParser:
    """The options that `sampled` reads, and `--out`."""
    made = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("data", type=Path)
    made.add_argument("--sets", nargs="+", default=list(SETS))
    made.add_argument("--questions", type=int, default=60)
    made.add_argument("--keep", type=Path, help="folder for the indexes, to use them again")
    made.add_argument("--out", type=Path, default=Path("benchmarks/results") / out)
    return made


def sampled(options: argparse.Namespace) -> Iterator[Sampled]:
    """Each of the sets that the options name."""
    with tempfile.TemporaryDirectory() as folder:
        for name in options.sets:
            index = (options.keep or Path(folder)) / name / "index"
            ingested(index, options.data / name)
            rows = [row for row in read(options.data / name / "qa.jsonl") if row["answers"]]
            cases = [
                Case(row["id"], row["question"].strip(), tuple(row["answers"]))
                for row in spread(rows, options.questions)
            ]
            models = Remembering(OnnxEmbedder.open()), RememberingReader(OnnxReader.open())
            yield Sampled(name, index, cases, *models)
