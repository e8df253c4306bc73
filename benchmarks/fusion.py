"""What fusing BM25 and dense retrieval gains: nDCG@10, recall@10 and MRR of the legs and of every fusion.

    python -m benchmarks.fusion DATA [DATA …] --vectors CACHE --out benchmarks/results/fusion.json

DATA: folders with `corpus.jsonl` (id, title, text) and `qa.jsonl` (question, relevant, meta). Every item is
one chunk, indexed as title, newline, text. CACHE keeps `<set>.<questions|titled|plain>.npy`; what is not
there is embedded by the built-in embedder. `meta.grades` (1 best … 4) become gains 4 … 1;
`meta.source_document` is left out of ranking and judgements.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rag.evaluate.measures.ranking import ndcg, recall, reciprocal_rank
from rag.indexes import FUSIONS, detect_language, open_lexical, rrf

Ranking = Sequence[tuple[int, float]]
DEPTHS = (50, 100, 200)
DEPTH = 100
SAMPLES = 10_000

METHODS: dict[str, Callable[[Sequence[Ranking]], Ranking]] = {
    "bm25": lambda legs: legs[0],
    "dense": lambda legs: legs[1],
    "rrf-10": lambda legs: rrf(legs, rrf_k=10),
    "rrf-60": lambda legs: rrf(legs, rrf_k=60),
    **{name: FUSIONS[name] for name in ("minmax", "dbsf", "zscore")},
}


class Case(NamedTuple):
    """One question: the gains of relevant positions, by their names, and both legs at the greatest depth."""

    gains: Mapping[str, float]
    bm25: Ranking
    dense: Ranking


class Set(NamedTuple):
    name: str
    corpus: list[dict[str, Any]]
    questions: list[dict[str, Any]]

    def texts(self, titled: bool) -> list[str]:
        if not titled:
            return [item["text"] for item in self.corpus]
        return [f"{item['title']}\n{item['text']}".strip() for item in self.corpus]


def read_set(folder: Path) -> Set:
    def read(name: str) -> list[dict[str, Any]]:
        with (folder / name).open(encoding="utf-8") as lines:
            return [json.loads(line) for line in lines]

    return Set(folder.name, read("corpus.jsonl"), [q for q in read("qa.jsonl") if q["relevant"]])


def vectors(cache: Path, name: str, texts: Sequence[str], kind: str) -> NDArray[np.float32]:
    path = cache / f"{name}.npy"
    if not path.exists():
        from rag.embedding.open import open_embedder

        embedder = open_embedder("builtin")
        np.save(path, embedder.embed(texts, "query" if kind == "questions" else "document"))
    rows: NDArray[np.float32] = np.load(path)
    if len(rows) != len(texts):
        raise SystemExit(f"{path} has {len(rows)} rows for {len(texts)} texts; delete it to embed anew")
    return rows


def cases(data: Set, cache: Path, *, titled_bm25: bool = True, titled_dense: bool = True) -> list[Case]:
    texts = data.texts(titled_bm25)
    numbers = {item["id"]: number for number, item in enumerate(data.corpus)}
    variant = "titled" if titled_dense and any(item["title"] for item in data.corpus) else "plain"
    rows = vectors(cache, f"{data.name}.{variant}", data.texts(titled_dense), variant)
    asked = vectors(cache, f"{data.name}.questions", [q["question"] for q in data.questions], "questions")
    similarity = asked @ rows.T
    found = []
    with tempfile.TemporaryDirectory() as folder:
        index = open_lexical(Path(folder), detect_language(texts))
        index.update([], list(enumerate(texts)), 1)
        for question, row in zip(data.questions, similarity, strict=True):
            source = numbers.get(question["meta"].get("source_document", ""), -1)
            gains = judged(question, numbers)
            gains.pop(str(source), None)
            if gains:
                scores, positions = index.search(question["question"], max(DEPTHS))
                bm25 = [(int(p), float(s)) for s, p in zip(scores, positions, strict=True) if p != source]
                best = np.argsort(-row, kind="stable")[: max(DEPTHS)]
                found.append(Case(gains, bm25, [(int(p), float(row[p])) for p in best if p != source]))
        index.close()
    return found


def judged(question: Mapping[str, Any], numbers: Mapping[str, int]) -> dict[str, float]:
    grades = question["meta"].get("grades") or dict.fromkeys(question["relevant"], 4)
    return {str(numbers[key]): 5.0 - grade for key, grade in grades.items()}


def measure(asked: Sequence[Case], depth: int) -> dict[str, NDArray[np.float64]]:
    """Method → (questions, 3): nDCG@10, recall@10, reciprocal rank."""
    rows = {}
    for name, method in METHODS.items():
        fused = (method((case.bm25[:depth], case.dense[:depth])) for case in asked)
        rankings = [[str(position) for position, _ in ranking] for ranking in fused]
        rows[name] = np.array(
            [
                (ndcg(r, case.gains, 10), recall(r, case.gains, 10), reciprocal_rank(r, case.gains))
                for case, r in zip(asked, rankings, strict=True)
            ]
        )
    return rows


def interval(differences: NDArray[np.float64], seed: int = 0) -> tuple[float, float, float]:
    """Mean of paired differences and its 95 % percentile bootstrap interval."""
    generator = np.random.default_rng(seed)
    picks = generator.integers(0, len(differences), (SAMPLES, len(differences)), dtype=np.int32)
    means = differences[picks].mean(axis=1)
    low, high = np.percentile(means, (2.5, 97.5))
    return float(differences.mean()), float(low), float(high)


def report(data: Set, cache: Path) -> dict[str, Any]:
    asked = cases(data, cache)
    by_depth = {depth: measure(asked, depth) for depth in DEPTHS}
    main = by_depth[DEPTH]
    ndcgs = {name: rows[:, 0] for name, rows in main.items()}
    started = time.process_time()
    for case in asked:
        METHODS["zscore"]((case.bm25[:DEPTH], case.dense[:DEPTH]))
    seconds = time.process_time() - started
    best_leg = max(("bm25", "dense"), key=lambda leg: float(ndcgs[leg].mean()))
    result: dict[str, Any] = {
        "questions": len(asked),
        "documents": len(data.corpus),
        "bm25 legs shorter than 100": float(np.mean([len(case.bm25) < DEPTH for case in asked])),
        "zscore ms": 1e3 * seconds / len(asked),
        "methods": {
            name: dict(zip(("nDCG@10", "recall@10", "MRR"), rows.mean(axis=0).tolist(), strict=True))
            for name, rows in main.items()
        },
        "nDCG@10 by depth": {
            str(depth): {name: float(rows[:, 0].mean()) for name, rows in table.items()}
            for depth, table in by_depth.items()
        },
        "zscore - rrf-60": interval(ndcgs["zscore"] - ndcgs["rrf-60"]),
        f"zscore - best leg ({best_leg})": interval(ndcgs["zscore"] - ndcgs[best_leg]),
    }
    deep = by_depth[max(DEPTHS)]["zscore"][:, 0]
    result["zscore - at depth 200 against 100"] = interval(deep - ndcgs["zscore"])
    if any(item["title"] for item in data.corpus):
        plain = measure(cases(data, cache, titled_bm25=False, titled_dense=False), DEPTH)
        result["title gains nDCG@10"] = {
            name: interval(main[name][:, 0] - plain[name][:, 0]) for name in ("bm25", "dense", "zscore")
        }
    return result


def show(name: str, result: Mapping[str, Any]) -> None:
    print(f"\n{name}: {result['questions']} questions, {result['documents']} documents")
    for method, values in result["methods"].items():
        depths = "  ".join(f"{result['nDCG@10 by depth'][str(d)][method]:.4f}" for d in DEPTHS)
        print(f"  {method:8}" + "  ".join(f"{key} {value:.4f}" for key, value in values.items()), "|", depths)
    gains = {key: value for key, value in result.items() if key.startswith("zscore - ")}
    titles = {f"title gains {leg}": gain for leg, gain in result.get("title gains nDCG@10", {}).items()}
    for key, (mean, low, high) in (gains | titles).items():
        print(f"  {key}: {mean:+.4f} [{low:+.4f}, {high:+.4f}]")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("data", nargs="+", type=Path)
    parser.add_argument("--vectors", type=Path, required=True, help="folder that keeps the vectors")
    parser.add_argument("--embedder", default="the built-in embedder", help="what made the vectors")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    arguments.vectors.mkdir(parents=True, exist_ok=True)
    results = {}
    for folder in arguments.data:
        results[folder.name] = report(read_set(folder), arguments.vectors)
        show(folder.name, results[folder.name])
    if arguments.out:
        setup = {"embedder": arguments.embedder, "depth": DEPTH, "bootstrap samples": SAMPLES}
        arguments.out.write_text(json.dumps({"setup": setup, "sets": results}, indent=1) + "\n")


if __name__ == "__main__":
    main()
