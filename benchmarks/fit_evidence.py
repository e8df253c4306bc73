"""Fits the weights of `rag/generate/evidence.py` and shows thresholds of abstention, on answered questions.

    python -m benchmarks.fit_evidence DATA/reader-train --questions 1200

The folder holds JSON lines (`context`, `question`, `answers` with `text`); passages become an index. Each
question is asked twice: as it is, and with its passage filtered out, when nothing that is left answers it.
A sentence is positive where it stands in the question's passage and holds an answer. Two thirds of the
questions fit the logistic model (Newton's method, ridge 1.0), one third measures it.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag import Document, NotOf, Rag, Where
from rag.reading.candidates import cut
from rag.reading.evidence import FEATURES, Candidate, Evidence

FILES = ("squadshifts-new-wiki", "squad2-dev-8-articles", "nq-qed")
Rows = NDArray[np.float64]


def read(folder: Path) -> list[dict[str, Any]]:
    rows = []
    for name in FILES:
        with gzip.open(folder / f"{name}.jsonl.gz", "rt", encoding="utf-8") as file:
            rows += [json.loads(line) for line in file]
    return rows


def asked(rag: Rag, evidence: Evidence, row: dict[str, Any], source: str, *, gold: bool) -> tuple[Rows, Rows]:
    """Features of the candidates of one question, and which of them answer it."""
    where = None if gold else NotOf(Where("source", "=", source))
    hits = rag.search(row["question"], where=where)
    candidates = [
        Candidate(place, start, end, hit)
        for place, hit in enumerate(hits[:6])
        for start, end in cut(hit.chunk.text)
    ]
    answers = [answer["text"].lower() for answer in row["answers"]]
    right = [
        one.hit.chunk.source == source and any(answer in one.text.lower() for answer in answers)
        for one in candidates
    ]
    return evidence.features(row["question"], candidates), np.array(right, np.float64)


def fit(features: Rows, right: Rows, ridge: float = 1.0, counts: Rows | None = None) -> Rows:
    """Logistic regression by Newton's method; the last weight is the bias and is not shrunk.

    `counts` says how often each row counts, once where it is missing.
    """
    count = np.ones(len(features)) if counts is None else counts
    rows = np.column_stack([features, np.ones(len(features))])
    weights = np.zeros(rows.shape[1])
    shrink = np.diag([ridge] * features.shape[1] + [0.0])
    for _ in range(30):
        chance = 1 / (1 + np.exp(-rows @ weights))
        slope = rows.T @ (count * (chance - right)) + shrink @ weights
        curve = (rows * (count * chance * (1 - chance))[:, None]).T @ rows + shrink
        weights -= np.linalg.solve(curve, slope)
    return weights


def auc(positive: Rows, negative: Rows) -> float:
    """The probability that a positive scores above a negative."""
    return float(
        (positive[:, None] > negative[None, :]).mean() + 0.5 * (positive[:, None] == negative).mean()
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--questions", type=int, default=1200)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "evidence.json")
    options = parser.parse_args()
    rows = read(options.data)
    sources = {text: f"passage-{n}" for n, text in enumerate(dict.fromkeys(row["context"] for row in rows))}
    titles = {row["context"]: row["title"] for row in rows}
    random.Random(0).shuffle(rows)
    began = time.time()
    with tempfile.TemporaryDirectory() as folder, Rag(Path(folder) / "index") as rag:
        rag.ingest(Document.make(text, source, title=titles[text]) for text, source in sources.items())
        evidence = Evidence(rag.embedder)
        kept = []
        for number, row in enumerate(rows[: options.questions]):
            source = sources[row["context"]]
            if not row["unanswerable"]:
                kept.append((*asked(rag, evidence, row, source, gold=True), True))
                kept.append((*asked(rag, evidence, row, source, gold=False), False))
            else:
                kept.append((*asked(rag, evidence, row, source, gold=True), False))
            if number % 50 == 0:
                print(f"{number} questions, {time.time() - began:.0f} s", file=sys.stderr, flush=True)
    split = len(kept) * 2 // 3
    weights = fit(np.vstack([x for x, _, _ in kept[:split]]), np.concatenate([y for _, y, _ in kept[:split]]))
    held = [
        (1 / (1 + np.exp(-(x @ weights[:-1] + weights[-1]))), y, gold)
        for x, y, gold in kept[split:]
        if len(x)
    ]
    best = np.array([score.max() for score, _, _ in held])
    answerable = np.array([gold for _, _, gold in held])
    right = np.array([y[score.argmax()] > 0 for score, y, _ in held])
    curve = []
    for threshold in np.arange(0.05, 0.8, 0.05):
        refused = best < threshold
        curve.append(
            {
                "threshold": round(float(threshold), 2),
                "answerable refused": round(float(refused[answerable].mean()), 3),
                "unanswerable refused": round(float(refused[~answerable].mean()), 3),
                "risk of what is answered": round(float(1 - right[~refused].mean()), 3),
            }
        )
    result = {
        "command": " ".join(["python", *sys.argv]),
        "questions": options.questions,
        "held out": len(held),
        "weights": dict(zip(FEATURES, np.round(weights[:-1], 3).tolist(), strict=True)),
        "bias": round(float(weights[-1]), 3),
        "best sentence right, answerable": round(float(right[answerable].mean()), 3),
        "AUC answerable": round(auc(best[answerable], best[~answerable]), 3),
        "curve": curve,
    }
    options.out.parent.mkdir(exist_ok=True)
    options.out.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
