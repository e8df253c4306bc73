"""Is the right passage found, and the right sentence quoted? Through the product itself, on evaluation sets.

    python -m benchmarks.quality DATA --sets squad-dev-a cranfield nq-lost-in-the-middle

Each set is ingested as documents (title and text) with every default. Retrieval: nDCG@10 of the hybrid, the
dense and the lexical retriever; a document counts at its best chunk. Graded judgements gain 5 − code; the
paper a query was drawn from is left out. Answers (sets that have them, a sample): how often a quoted sentence
holds an answer, and how often questions with and without an answer are refused. Paired bootstrap intervals
(95 %, 10,000 resamples) say whether hybrid differs from the better leg.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.corpora import ingested, read
from rag import Rag
from rag.evaluate.measures.ranking import ndcg

SETS = ("squad-dev-a", "nq-lost-in-the-middle", "cranfield")
RETRIEVERS = ("hybrid", "dense", "lexical")


def ranked(rag: Rag, question: str, leave: str | None) -> list[str]:
    """Documents in the order of their best chunk."""
    sources = [hit.chunk.source for hit in rag.search(question, k=30)]
    return [source for source in dict.fromkeys(sources) if source != leave]


def gains(row: Mapping[str, Any]) -> dict[str, int]:
    grades = row["meta"].get("grades")
    return {one: 5 - int(grades[one]) if grades else 1 for one in row["relevant"]}


def interval(differences: Sequence[float]) -> list[float]:
    """Mean and its 95 % bootstrap interval."""
    values = np.array(differences)
    picks = np.random.default_rng(0).integers(0, len(values), (10_000, len(values)))
    means = values[picks].mean(axis=1)
    return [round(float(x), 4) for x in (values.mean(), *np.quantile(means, (0.025, 0.975)))]


def retrieval(index: Path, rows: list[dict[str, Any]]) -> dict[str, Any]:
    judged = [row for row in rows if row["relevant"]]
    found: dict[str, list[float]] = {}
    for name in RETRIEVERS:
        with Rag(index, retrieve=name, denoise=[]) as rag:
            found[name] = [
                ndcg(ranked(rag, row["question"], row["meta"].get("source_document")), gains(row), 10)
                for row in judged
            ]
    means = {name: round(float(np.mean(values)), 4) for name, values in found.items()}
    best = max(RETRIEVERS[1:], key=lambda name: means[name])
    differences = [one - other for one, other in zip(found["hybrid"], found[best], strict=True)]
    return {"questions": len(judged), "nDCG@10": means, f"hybrid - {best}": interval(differences)}


def answers(index: Path, rows: list[dict[str, Any]], most: int) -> dict[str, Any]:
    asked = [row for row in rows if row["meta"]["kind"] in ("qa", "unanswerable")]
    asked = asked[:: max(1, len(asked) // most)]
    told: dict[str, list[bool]] = {"quoted right": [], "refused, answerable": [], "refused, unanswerable": []}
    times = []
    with Rag(index) as rag:
        for row in asked:
            began = time.perf_counter()
            answer = rag.ask(row["question"])
            times.append((time.perf_counter() - began) * 1000)
            if row["answers"]:
                text = answer.text.lower()
                told["quoted right"].append(any(one.lower() in text for one in row["answers"]))
            told["refused, answerable" if row["answers"] else "refused, unanswerable"].append(
                answer.abstained
            )
    shares = {name: round(float(np.mean(values)), 3) for name, values in told.items() if values}
    return {"asked": len(asked), **shares, "ask p50 ms": round(float(np.median(times)), 1)}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--sets", nargs="+", default=list(SETS))
    parser.add_argument("--answers", type=int, default=250, help="questions of a set that are answered")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/quality.json"))
    options = parser.parse_args()
    result: dict[str, Any] = json.loads(options.out.read_text()) if options.out.exists() else {}
    for name in options.sets:
        rows = read(options.data / name / "qa.jsonl")
        with tempfile.TemporaryDirectory() as folder:
            index = Path(folder) / "index"
            ingested(index, options.data / name)
            result[name] = {} if name == "files" else retrieval(index, rows)
            if any(row["meta"]["kind"] == "qa" for row in rows):
                result[name]["answers"] = answers(index, rows, options.answers)
        print(name, json.dumps(result[name]), flush=True)
        options.out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
