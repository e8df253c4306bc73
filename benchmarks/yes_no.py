"""How often is yes or no said, and rightly, to questions about made-up documents?

    python -m benchmarks.yes_no [--questions QA --corpus CORPUS]

`benchmarks/data/yes_no.toml` has the documents and 135 questions: yes, no, or not told. The documents `fit`
were looked at for the thresholds. With `--questions` and `--corpus`, those questions of a set in the format
of `rag eval` are asked whose answer begins with yes or no. A word is right where it is the answer; a question
without one is counted as not told.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from rag import Document, Rag
from rag.evaluate.statistics import interval

DATA = Path(__file__).parent / "data" / "yes_no.toml"
_GOLD = {"y": "yes", "n": "no", "-": ""}


class Asked(NamedTuple):
    """A question, the word that is right, and the part of the data that it belongs to."""

    part: str
    question: str
    right: str


def made_up() -> tuple[list[Document], list[Asked]]:
    """The documents and questions of this project."""
    rows = tomllib.loads(DATA.read_text("utf-8"))["documents"]
    documents = [Document.make(row["text"].strip(), f"{row['name']}.txt", title=row["title"]) for row in rows]
    lines = ((row["part"], line) for row in rows for line in row["questions"].strip().splitlines())
    return documents, [Asked(part, line[2:], _GOLD[line[0]]) for part, line in lines]


def given(questions: Path, corpus: Path) -> tuple[list[Document], list[Asked]]:
    """Questions of a set whose first answer is yes or no."""
    rows = [json.loads(line) for line in corpus.read_text("utf-8").splitlines()]
    documents = [Document.make(row["text"], row["id"], title=row["title"]) for row in rows]
    asked = []
    for line in questions.read_text("utf-8").splitlines():
        row = json.loads(line)
        word = str(row["answers"][0] if row["answers"] else "").lower().rstrip(".")
        if word.partition(",")[0] in ("yes", "no"):
            asked.append(Asked(questions.parent.name, row["question"], word.partition(",")[0]))
    return documents, asked


def said(rag: Rag, asked: Iterable[Asked]) -> Iterator[tuple[Asked, str]]:
    for one in asked:
        answer = rag.ask(one.question)
        first = answer.text.partition(".")[0].lower()
        yield one, first if not answer.abstained and first in ("yes", "no") else ""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--questions", type=Path)
    parser.add_argument("--corpus", type=Path)
    options = parser.parse_args()
    documents, asked = (
        given(options.questions, options.corpus) if options.questions and options.corpus else made_up()
    )
    settings = {"stages.extractive": {"yes_no": True}}
    with tempfile.TemporaryDirectory() as folder, Rag(Path(folder) / "index", settings=settings) as rag:
        rag.ingest(documents)
        told = list(said(rag, asked))
    for part in dict.fromkeys(one.part for one, _ in told):
        words = [(one, word) for one, word in told if one.part == part and word]
        right = interval([float(one.right == word) for one, word in words])
        number = sum(one.part == part for one, _ in told)
        share = f"{right.mean:.3f} of them right [{right.low:.3f}, {right.high:.3f}]"
        print(f"{part}: of {number} questions {len(words)} got a word, {share}")
        for one, word in words:
            if one.right != word:
                print(f"  {word} for {one.right or 'what is not told'}: {one.question}")


if __name__ == "__main__":
    main()
