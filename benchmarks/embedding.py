"""Measure the built-in embedder against the float32 model it was made from, run by sentence-transformers.

    python -m benchmarks.embedding CORPUS.jsonl… --weights FOLDER --datasets FOLDER

Speed: paragraphs a second (wall) and CPU milliseconds a paragraph, all cores, plain order, batches of 32 for
sentence-transformers; both take turns on the same slices, so that other load on the machine hits both, and
what counts is their ratio. Quality: nDCG@10 by exact search on each dataset, and the cosine between both
vectors of a passage. A dataset is a folder with `corpus.jsonl` (id, title, text) and `qa.jsonl` (question,
relevant). Without --weights only the built-in model is measured.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import time
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rag.embedding import Embedder
from rag.embedding.onnx import OnnxEmbedder
from rag.embedding.sentence_transformers import SentenceTransformerEmbedder
from rag.evaluate.measures.ranking import ndcg

if TYPE_CHECKING:
    from numpy.typing import NDArray

K = 10
SLICE = 100
SETS = ("squad-dev-a", "cranfield", "nq-lost-in-the-middle")
Embedders = dict[str, Embedder]


def main() -> None:
    options = arguments()
    embedders: Embedders = {"built-in": OnnxEmbedder.open()}
    if options.weights:
        embedders["sentence-transformers fp32"] = SentenceTransformerEmbedder.open(
            options.weights, device="cpu", offline=True
        )
    report: dict[str, Any] = {"setup": setup(embedders)}
    if options.corpora:
        texts = [text for path in options.corpora for text in passages(path)]
        chosen = np.random.default_rng(0).permutation(len(texts))[: options.paragraphs]
        report["speed"] = speed(embedders, [texts[position] for position in chosen])
        report["query"] = query_latency(embedders)
    if options.datasets:
        report["quality"] = {name: quality(embedders, options.datasets / name) for name in SETS}
    options.out.parent.mkdir(exist_ok=True)
    options.out.write_text(json.dumps(report, indent=1) + "\n")
    print(json.dumps(report, indent=1))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("corpora", type=Path, nargs="*", help="corpus.jsonl files to time on")
    parser.add_argument("--weights", help="folder of the float32 sentence-transformers model")
    parser.add_argument("--datasets", type=Path, help="folder that holds " + ", ".join(SETS))
    parser.add_argument("--paragraphs", type=int, default=600)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "embedding.json")
    return parser.parse_args()


def passages(path: Path) -> list[str]:
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return [f"{row['title']}\n{row['text']}" for row in rows]


def speed(embedders: Embedders, texts: list[str]) -> dict[str, Any]:
    """Medians over slices, and the ratios of the medians to the built-in model's."""
    for embedder in embedders.values():
        embedder.embed(texts[:8])
    wall: dict[str, list[float]] = {name: [] for name in embedders}
    cpu: dict[str, list[float]] = {name: [] for name in embedders}
    for start in range(0, len(texts), SLICE):
        part = texts[start : start + SLICE]
        for name, embedder in embedders.items():
            began, began_cpu = time.perf_counter(), time.process_time()
            embedder.embed(part)
            wall[name].append((time.perf_counter() - began) / len(part))
            cpu[name].append((time.process_time() - began_cpu) / len(part))
    counts = [len(embedders["built-in"].token_ends(text)) for text in texts]
    rows: dict[str, Any] = {"paragraphs": len(texts), "mean_tokens": round(statistics.mean(counts), 1)}
    for name in embedders:
        rows[name] = {
            "paragraphs_per_s": round(1 / statistics.median(wall[name]), 1),
            "cpu_ms": round(1e3 * statistics.median(cpu[name]), 2),
            "wall_ratio": round(statistics.median(wall[name]) / statistics.median(wall["built-in"]), 2),
            "cpu_ratio": round(statistics.median(cpu[name]) / statistics.median(cpu["built-in"]), 2),
        }
    return rows


def query_latency(embedders: Embedders, repeats: int = 200) -> dict[str, float]:
    """Median wall milliseconds for one question."""
    times: dict[str, list[float]] = {name: [] for name in embedders}
    for number in range(repeats):
        for name, embedder in embedders.items():
            began = time.perf_counter()
            embedder.embed([f"When does ferry {number} to the island leave in winter?"], "query")
            times[name].append(1e3 * (time.perf_counter() - began))
    return {f"{name} ms": round(statistics.median(values), 2) for name, values in times.items()}


def quality(embedders: Embedders, folder: Path) -> dict[str, Any]:
    """nDCG@10 by name of the embedder, and how near the vectors are."""
    ids = [json.loads(line)["id"] for line in (folder / "corpus.jsonl").read_text("utf-8").splitlines()]
    position = {identity: number for number, identity in enumerate(ids)}
    asked = [json.loads(line) for line in (folder / "qa.jsonl").read_text("utf-8").splitlines()]
    asked = [row for row in asked if row["relevant"]]
    relevant = [{str(position[one]): 1.0 for one in row["relevant"]} for row in asked]
    texts, questions = passages(folder / "corpus.jsonl"), [row["question"] for row in asked]
    row: dict[str, Any] = {"passages": len(texts), "questions": len(questions), "nDCG@10": {}}
    vectors = {}
    for name, embedder in embedders.items():
        vectors[name] = embedder.embed(texts)
        scores = embedder.embed(questions, "query") @ vectors[name].T
        row["nDCG@10"][name] = round(mean_ndcg(scores, relevant), 4)
    if len(vectors) == 2:
        ours, exact = vectors.values()
        cosines = (ours * exact).sum(axis=1)
        row["cosine"] = {
            "lowest": round(float(cosines.min()), 4),
            "median": round(float(np.median(cosines)), 4),
        }
    return row


def mean_ndcg(scores: NDArray[np.float32], relevant: list[dict[str, float]]) -> float:
    """Mean nDCG@10 of exact search; positions stand for passages."""
    best = (np.argsort(-row, kind="stable")[:K] for row in scores)
    rankings = ([str(position) for position in top] for top in best)
    return float(np.mean([ndcg(top, gains, K) for top, gains in zip(rankings, relevant, strict=True)]))


def setup(embedders: Embedders) -> dict[str, Any]:
    packages = ["numpy", "onnxruntime", "tokenizers"]
    if len(embedders) > 1:
        packages += ["sentence-transformers", "torch"]
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "embedders": {name: embedder.fingerprint for name, embedder in embedders.items()},
        "versions": {name: version(name) for name in packages},
    }


if __name__ == "__main__":
    main()
