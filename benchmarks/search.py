"""What a question costs: cold command, warm search, memory; on an index of paragraphs and on a large one.

    python -m benchmarks.search DATA --index /tmp/bench-20k --grow 1000000 --folder /tmp/bench-1m

The first index is that of `benchmarks.ingest`. The large one is made here: grown text (`corpora.py`) in
documents of 100 chunks, with vectors grown from the first index's (`dense.py`), written through the store's
own `upsert`. Warm times are one question at a time, embedding included, in one process.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.corpora import paragraphs, questions
from benchmarks.dense import grow
from rag import Document, Rag
from rag.chunking import make_chunks
from rag.stores import LocalStore, Upsert
from rag.types import Span

if TYPE_CHECKING:
    from numpy.typing import NDArray

RAG = [str(Path(sys.executable).with_name("rag"))]
PER_DOCUMENT = 100


def cold(arguments: list[str], times: int = 9) -> dict[str, float]:
    """Wall and CPU seconds of a whole process, median and best."""
    walls, cpus = [], []
    for _ in range(times):
        before = os.times()
        began = time.perf_counter()
        subprocess.run([*RAG, *arguments], capture_output=True, check=False)
        walls.append(time.perf_counter() - began)
        after = os.times()
        cpus.append(
            after.children_user + after.children_system - before.children_user - before.children_system
        )
    return {
        "wall s, median": round(statistics.median(walls), 3),
        "wall s, best": round(min(walls), 3),
        "CPU s, median": round(statistics.median(cpus), 3),
    }


def warm(ask: Callable[[str], object], asked: list[str]) -> dict[str, float]:
    """Milliseconds a question, after a first pass over all, so that the file cache is warm."""
    for question in asked:
        ask(question)
    return timed(ask, asked)


def timed(ask: Callable[[str], object], asked: list[str]) -> dict[str, float]:
    """Milliseconds a question: what a part keeps of a question asked before counts, so ask new ones."""
    times = []
    for question in asked:
        began = time.perf_counter()
        ask(question)
        times.append((time.perf_counter() - began) * 1000)
    cuts = statistics.quantiles(times, n=100)
    return {"p50 ms": round(cuts[49], 2), "p95 ms": round(cuts[94], 2), "best ms": round(min(times), 2)}


def resident() -> int:
    """Megabytes of this process in memory now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 2**20


def small(options: argparse.Namespace, asked: list[str]) -> dict[str, Any]:
    index = str(options.index)
    result: dict[str, Any] = {
        "rag --help": cold(["--help"]),
        "rag ask, cold": cold(["ask", asked[0], "--index", index]),
        "rag search, cold": cold(["search", asked[0], "--index", index]),
    }
    with Rag(options.index) as rag:
        result["chunks"] = rag.store.stats()["chunks"]
        result["hybrid search"] = warm(rag.search, asked)
        result["embedding the query"] = warm(lambda q: rag.embedder.embed([q], "query"), asked)
        result["ask, extractive"] = warm(rag.ask, asked[:100])
        result["resident MB after it all"] = resident()
        result["recall@10 of the dense leg"] = recall(rag, asked[:200])
    return result


def recall(rag: Rag, asked: list[str]) -> float:
    """Of the ten truly nearest chunks by float32, the share among the ten that the dense leg brings."""
    ids: list[str] = []
    rows: list[NDArray[np.float32]] = []
    while page := rag.store.scan(after=ids[-1] if ids else "", limit=20_000):
        ids += [chunk.id for chunk, _ in page]
        rows.append(np.stack([vector for _, vector in page]))
    vectors = np.concatenate(rows)
    found = 0
    for vector in rag.embedder.embed(asked, "query"):
        best = {ids[place] for place in np.argpartition(-(vectors @ vector), 10)[:10]}
        found += len(best & {hit.chunk_id for hit in rag.store.dense(vector, 10)})
    return round(found / (10 * len(asked)), 4)


def uploads(texts: list[str], vectors: NDArray[np.float32]) -> Iterator[Upsert]:
    for start in range(0, len(texts), PER_DOCUMENT):
        part = texts[start : start + PER_DOCUMENT]
        ends = np.cumsum([len(text) + 1 for text in part]).tolist()
        spans = [Span(end - len(text) - 1, end - 1) for text, end in zip(part, ends, strict=True)]
        document = Document.make("\n".join(part), f"grown/{start:08}.txt")
        yield Upsert(document, make_chunks(document, spans), vectors[start : start + len(part)], "grown")


def large(options: argparse.Namespace, asked: list[str]) -> dict[str, Any]:
    result: dict[str, Any] = {"chunks": options.grow}
    with Rag(options.index) as first:
        embedder = first.embedder
        rows = first.store.scan(limit=8000)
    store = LocalStore.open(
        options.folder,
        fingerprint=embedder.fingerprint,
        dim=embedder.dim,
        embedder="builtin",
        language="english",
    )
    if not store.stats()["chunks"]:
        texts, real = paragraphs(options.data, options.grow)
        result["real paragraphs among them"] = real
        vectors = grow(np.stack([vector for _, vector in rows]), options.grow, np.random.default_rng(0))
        began = time.perf_counter()
        with store.writing():
            for item in uploads(texts, vectors):
                store.upsert([item])
        result["upsert, chunks a second"] = round(options.grow / (time.perf_counter() - began))
        began = time.perf_counter()
        store.sync()
        result["index both legs, s"] = round(time.perf_counter() - began, 1)
        del texts, vectors
    result["bytes on disk a chunk"] = store.stats()["bytes"] // options.grow
    store.close()
    result["rag search, cold"] = cold(["search", asked[0], "--index", str(options.folder)], times=5)
    with Rag(options.folder) as rag:
        rag.search(asked[0])
        result["resident MB after opening"] = resident()
        result["hybrid search"] = warm(rag.search, asked)
        vectors = rag.embedder.embed(asked, "query")
        numbered = iter([*vectors, *vectors])
        result["dense leg"] = warm(lambda _: rag.store.dense(next(numbered), 100), asked)
        result["lexical leg"] = warm(lambda q: rag.store.lexical(q, 100), asked)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--index", type=Path, required=True)
    parser.add_argument("--grow", type=int, default=0, help="size of the large index; 0 for none")
    parser.add_argument("--folder", type=Path, help="where the large index is made")
    parser.add_argument("--questions", type=int, default=400)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/search.json"))
    options = parser.parse_args()
    everything = questions(options.data)
    asked = everything[:: max(1, len(everything) // options.questions)][: options.questions]
    result = json.loads(options.out.read_text()) if options.out.exists() else {}
    result["paragraphs"] = small(options, asked)
    if options.grow:
        result["large"] = large(options, asked)
    options.out.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
