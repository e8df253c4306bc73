"""Fits `rag/ground/relevant.py`: whether a sentence answers a question, whatever source supports it.

    python -m benchmarks.fit_relevant DATA

To each question belong the sentence of its passage that has the answer, and two that have not: another of
the same passage, and one of another passage, half of them of the same article. Fitted is on
`squad2-dev-8-articles` and `nq-qed` of `reader-train` (logistic regression, Newton's method), measured on
`squad-dev-a`: the area under the curve by kind of wrong sentence, and the share of each kind under a bound.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.corpora import read
from benchmarks.fit_evidence import auc, fit
from rag.embedding import Embedder
from rag.embedding.onnx import OnnxEmbedder
from rag.ground.relevant import features
from rag.reading import Passage, Reader
from rag.reading.candidates import cut
from rag.reading.onnx import OnnxReader

KINDS = ("answers", "same passage", "same article", "elsewhere")
BOUNDS = (0.03, 0.05, 0.1, 0.15, 0.2)


class Asked(NamedTuple):
    """A question, its accepted answers, and the passage that has one."""

    question: str
    answers: Sequence[str]
    title: str
    text: str


class Pair(NamedTuple):
    """A question and a sentence under its title; `kind` is one of `KINDS`."""

    question: str
    passage: Passage
    kind: str


def training(data: Path, name: str, most: int, chance: random.Random) -> list[Asked]:
    rows = [row for row in read(data / "reader-train" / f"{name}.jsonl.gz") if row["answers"]]
    return [
        Asked(row["question"], [one["text"] for one in row["answers"]], row["title"], row["context"])
        for row in chance.sample(rows, most)
    ]


def measuring(data: Path, name: str, most: int, chance: random.Random) -> list[Asked]:
    documents = {row["id"]: row for row in read(data / name / "corpus.jsonl")}
    rows = [row for row in read(data / name / "qa.jsonl") if row["answers"] and row["relevant"]]
    asked = []
    for row in chance.sample(rows, most):
        document = documents[row["relevant"][0]]
        asked.append(Asked(row["question"], row["answers"], document["title"], document["text"]))
    return asked


def pairs(asked: Sequence[Asked], chance: random.Random) -> list[Pair]:
    found = []
    for one in asked:
        sentences = [one.text[start:end] for start, end in cut(one.text)]
        right = [sentence for sentence in sentences if _has(sentence, one.answers)]
        if not right:
            continue
        found.append(Pair(one.question, Passage(one.title, right[0]), "answers"))
        wrong = [sentence for sentence in sentences if sentence not in right and len(sentence) > 20]
        if wrong:
            found.append(Pair(one.question, Passage(one.title, chance.choice(wrong)), "same passage"))
        article = [other for other in asked if other.title == one.title and other.text != one.text]
        others = [other for other in asked if other.title != one.title]
        other = chance.choice(article if article and chance.random() < 0.5 else others)
        sentence = chance.choice([other.text[start:end] for start, end in cut(other.text)])
        if not _has(sentence, one.answers):
            kind = "same article" if other.title == one.title else "elsewhere"
            found.append(Pair(one.question, Passage(other.title, sentence), kind))
    return found


def _has(sentence: str, answers: Sequence[str]) -> bool:
    return any(answer.lower() in sentence.lower() for answer in answers)


def rows_of(found: Sequence[Pair], embedder: Embedder, reader: Reader) -> np.ndarray:
    return np.vstack([features(one.question, [one.passage], embedder, reader) for one in found])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--questions", type=int, default=150)
    parser.add_argument("--seed", type=int, default=3)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    embedder, reader = OnnxEmbedder.open(), OnnxReader.open()
    train = pairs(
        [
            *training(options.data, "squad2-dev-8-articles", options.questions, chance),
            *training(options.data, "nq-qed", options.questions * 2 // 5, chance),
        ],
        chance,
    )
    test = pairs(measuring(options.data, "squad-dev-a", options.questions, chance), chance)
    right = np.array([float(one.kind == "answers") for one in train])
    weights = fit(rows_of(train, embedder, reader), right)
    print("weights", np.round(weights[:-1], 3), "bias", round(float(weights[-1]), 3))
    logits = rows_of(test, embedder, reader) @ weights[:-1] + weights[-1]
    probability = 1 / (1 + np.exp(-logits))
    kinds = np.array([one.kind for one in test])
    for kind in KINDS:
        mine = probability[kinds == kind]
        under = ", ".join(f"{np.mean(mine < bound):.3f} under {bound}" for bound in BOUNDS)
        area = "" if kind == "answers" else f"area {auc(probability[kinds == 'answers'], mine):.3f}, "
        print(f"{kind}: {len(mine)}, {area}{under}")


if __name__ == "__main__":
    main()
