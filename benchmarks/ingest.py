"""End to end: paragraphs a second from a file on disk to a searchable index, against the usual way.

    python -m benchmarks.ingest DATA --paragraphs 20000 --index /tmp/bench-20k

Ours: `Rag.ingest` of one JSON lines file: parse, cut, embed, store, index. The usual way: encoding with
sentence-transformers in float32, in plain order, batches of 32, embedding alone; it is measured on a sample
before, between and after our slices of the run when the package is installed. DATA holds the evaluation sets
(`benchmarks/corpora.py`). The index is kept for `benchmarks.search`.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import platform
import resource
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.corpora import paragraphs
from rag import Progress, Rag

SAMPLE = 192


def usual(model: str | None) -> Callable[[list[str]], float] | None:
    """Paragraphs a second of sentence-transformers; None where there is none to measure."""
    if model is None or importlib.util.find_spec("sentence_transformers") is None:
        return None
    from sentence_transformers import SentenceTransformer

    encoder = SentenceTransformer(model, device="cpu")
    encoder.encode(["warm up"])

    def rate(texts: list[str]) -> float:
        began = time.perf_counter()
        for start in range(0, len(texts), 32):
            encoder.encode(texts[start : start + 32], batch_size=32, normalize_embeddings=True)
        return len(texts) / (time.perf_counter() - began)

    return rate


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--paragraphs", type=int, default=20_000)
    parser.add_argument("--slices", type=int, default=4, help="ingests, with the usual way measured between")
    parser.add_argument("--index", type=Path, required=True)
    parser.add_argument("--model", help="folder of the same model for sentence-transformers")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/ingest.json"))
    options = parser.parse_args()
    texts, real = paragraphs(options.data, options.paragraphs)
    other = usual(options.model)
    rates = [other(texts[:SAMPLE])] if other else []
    seconds = cpu = 0.0
    size = -(-len(texts) // options.slices)
    source = options.index.parent / "paragraphs"
    source.mkdir(parents=True, exist_ok=True)
    for number in range(options.slices):
        part = texts[number * size : (number + 1) * size]
        file = source / f"part-{number}.jsonl"
        file.write_text("".join(json.dumps({"id": n, "text": text}) + "\n" for n, text in enumerate(part)))
        before = time.process_time()
        began = time.perf_counter()
        with Rag(options.index) as rag:
            report = rag.ingest(file, progress=_shown(number))
        seconds += time.perf_counter() - began
        cpu += time.process_time() - before
        print(f"{report} in {report.seconds:.1f} s", flush=True)
        if other:
            rates.append(other(texts[:SAMPLE]))
    ours = len(texts) / seconds
    result: dict[str, Any] = {
        "paragraphs": len(texts),
        "real": real,
        "paragraphs a second": round(ours, 1),
        "CPU ms a paragraph (without the parsing processes)": round(cpu / len(texts) * 1000, 2),
        "peak memory MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "index bytes a paragraph": round(
            sum(path.stat().st_size for path in options.index.rglob("*") if path.is_file()) / len(texts)
        ),
        "setup": {"python": platform.python_version(), "machine": platform.machine()},
    }
    if rates:
        result["sentence-transformers fp32, plain order, paragraphs a second"] = [round(r, 1) for r in rates]
        result["ratio"] = round(ours / statistics.median(rates), 2)
    options.out.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))


def _shown(number: int) -> Callable[[Progress], None]:
    last = [0.0]

    def shown(now: Progress) -> None:
        if time.perf_counter() - last[0] > 10:
            last[0] = time.perf_counter()
            print(f"slice {number}: {now.chunks} chunks", flush=True)

    return shown


if __name__ == "__main__":
    main()
