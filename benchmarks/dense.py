"""Measure the dense index and what else FAISS offers: time, recall, size, edits and filters, by corpus size.

    python -m benchmarks.dense --vectors passages.npy --queries questions.npy --sizes 20000 200000 1000000

Vectors are .npy files of float32 unit rows. A size beyond the real vectors is reached by growth: each
further row is normalise(a·e_i + (1-a)·e_j + 0.25·noise), j one of the 20 nearest neighbours of i in 70 % of
the cases and any row else, a uniform in 0.5 to 0.9, the noise a random unit vector. Such rows lie closer to
each other than real ones, which is harder on codes. Recall is recall@10 against exact float32 search. Times
are medians over single queries: wall, and CPU time of the process, which other load disturbs less.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import faiss
import numpy as np

from rag.indexes import DenseIndex

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Search = Callable[[NDArray[np.float32]], NDArray[np.int64]]

K = 10
NO_LIMIT = 1 << 62


def main() -> None:
    options = arguments()
    real = np.concatenate([np.load(path) for path in options.vectors]).astype(np.float32)
    queries = np.concatenate([np.load(path) for path in options.queries]).astype(np.float32)
    rng = np.random.default_rng(0)
    queries = queries[rng.permutation(len(queries))[: options.count]]
    rows = []
    for size in options.sizes:
        vectors = grow(real, size, rng)
        truth = exact(vectors, queries)
        for row in measure(vectors, queries, truth, options):
            print(json.dumps(row), flush=True)
            rows.append(row)
        report = {"setup": setup(len(real), len(queries)), "rows": rows}
        options.out.write_text(json.dumps(report, indent=1) + "\n")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--vectors", type=Path, nargs="+", required=True, help=".npy of embedded passages")
    parser.add_argument("--queries", type=Path, nargs="+", required=True, help=".npy of embedded questions")
    parser.add_argument("--sizes", type=int, nargs="+", default=[20_000, 200_000, 1_000_000])
    parser.add_argument("--count", type=int, default=300, help="questions to ask")
    parser.add_argument("--graph-limit", type=int, default=20_000, help="largest size to build HNSW for")
    parser.add_argument("--lists-limit", type=int, default=200_000, help="largest size to build IVF for")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/dense.json"))
    return parser.parse_args()


def setup(real: int, queries: int) -> dict[str, Any]:
    return {
        "faiss": faiss.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "machine": platform.machine(),
        "processor": processor(),
        "cores": faiss.omp_get_max_threads(),
        "real_vectors": real,
        "queries": queries,
        "k": K,
    }


def processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "unknown")


def grow(real: NDArray[np.float32], size: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """`size` unit rows, real ones first; see the module's text for how the others are made."""
    flat = faiss.IndexFlatIP(real.shape[1])
    flat.add(real)
    near = flat.search(real, 21)[1][:, 1:]
    out = np.empty((size, real.shape[1]), np.float32)
    out[: len(real)] = real[:size]
    for start in range(min(len(real), size), size, 50_000):
        n = min(50_000, size - start)
        first = rng.integers(len(real), size=n)
        second = np.where(
            rng.random(n) < 0.7, near[first, rng.integers(20, size=n)], rng.integers(len(real), size=n)
        )
        a = rng.uniform(0.5, 0.9, size=(n, 1)).astype(np.float32)
        noise = rng.standard_normal((n, real.shape[1]), dtype=np.float32)
        rows = a * real[first] + (1 - a) * real[second] + 0.25 * unit(noise)
        out[start : start + n] = unit(rows)
    return out


def unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def exact(
    vectors: NDArray[np.float32], queries: NDArray[np.float32], allowed: NDArray[np.int64] | None = None
) -> NDArray[np.int64]:
    """The truth: the K best rows by float32 products."""
    rows = vectors if allowed is None else vectors[allowed]
    found: NDArray[np.int64] = faiss.knn(queries, rows, K, metric=faiss.METRIC_INNER_PRODUCT)[1]
    return found if allowed is None else allowed[found]


def timed(search: Search, queries: NDArray[np.float32], truth: NDArray[np.int64]) -> dict[str, float]:
    """Median wall and CPU milliseconds of one query, and recall@K."""
    for query in queries[:5]:
        search(query[None])
    wall, cpu, recall = [], [], []
    for query, right in zip(queries, truth, strict=True):
        began, used = time.perf_counter(), time.process_time()
        found = search(query[None])
        wall.append(time.perf_counter() - began)
        cpu.append(time.process_time() - used)
        recall.append(len(np.intersect1d(found[0], right)) / K)
    return {
        "wall_ms": round(1e3 * float(np.median(wall)), 3),
        "wall_ms_best_tenth": round(1e3 * float(np.quantile(wall, 0.1)), 3),
        "cpu_ms": round(1e3 * float(np.median(cpu)), 3),
        "recall": round(float(np.mean(recall)), 4),
    }


def measure(
    vectors: NDArray[np.float32],
    queries: NDArray[np.float32],
    truth: NDArray[np.int64],
    options: argparse.Namespace,
) -> Iterator[dict[str, Any]]:
    yield from index_rows(vectors, queries, truth)
    yield from faiss_rows(vectors, queries, truth, options)


def index_rows(
    vectors: NDArray[np.float32], queries: NDArray[np.float32], truth: NDArray[np.int64]
) -> Iterator[dict[str, Any]]:
    """This project's index: exact, and with codes at several depths of rescoring; then edits and filters."""
    size = len(vectors)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        yield {"size": size, "index": "DenseIndex", "what": "build", **build(folder, vectors)}
        for threads in (1, 2):
            for rescore in (0, 100, 200, 400, 800):
                limit, label = (0, f"codes + {rescore}") if rescore else (NO_LIMIT, "exact fp16")
                index = open_index(folder, vectors, exact_limit=limit, rescore=rescore or 1, threads=threads)
                figures = timed(lambda query, index=index: index.search(query, K)[1], queries, truth)  # type: ignore[misc]
                yield {"size": size, "index": f"DenseIndex {label}", "threads": threads, **figures}
        index = open_index(folder, vectors)
        yield from filtered(index, vectors, queries)
        yield {"size": size, "index": "DenseIndex", "what": "edits", **edits(index, vectors)}


def build(folder: Path, vectors: NDArray[np.float32]) -> dict[str, float]:
    """Add everything and save, as one ingest would: in portions, with codes. Then open it again."""
    used = time.process_time()
    index = open_index(folder, vectors, exact_limit=0)
    for start in range(0, len(vectors), 50_000):
        stop = min(start + 50_000, len(vectors))
        index.add(np.arange(start, stop), vectors[start:stop])
        index.save(stop)
    build_cpu = time.process_time() - used
    sizes = {
        kind: sum(path.stat().st_size for path in folder.glob(f"*.{kind}")) for kind in ("vectors", "codes")
    }
    opened = np.median([clock(lambda: open_index(folder, vectors)) for _ in range(5)])
    first = np.median([clock(lambda: open_index(folder, vectors).search(vectors[:1], K)) for _ in range(5)])
    return {
        "build_cpu_s": round(build_cpu, 2),
        "vector_mb": round(sizes["vectors"] / 1e6, 1),
        "code_mb": round(sizes["codes"] / 1e6, 1),
        "open_ms": round(1e3 * float(opened), 2),
        "open_and_first_search_ms": round(1e3 * float(first), 2),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3, 0),
    }


def filtered(
    index: DenseIndex, vectors: NDArray[np.float32], queries: NDArray[np.float32]
) -> Iterator[dict[str, Any]]:
    """Random positions, and one run of them, as the chunks of a few documents are."""
    rng = np.random.default_rng(1)
    for share in (0.0001, 0.01, 0.05, 0.1, 0.5):
        allowed = np.sort(rng.choice(len(vectors), max(K, int(share * len(vectors))), replace=False))
        truth = exact(vectors, queries[:100], allowed)
        figures = timed(lambda query, own=allowed: index.search(query, K, own)[1], queries[:100], truth)  # type: ignore[misc]
        yield {"size": len(vectors), "index": "DenseIndex", "what": f"filter {share:.2%}", **figures}


def edits(index: DenseIndex, vectors: NDArray[np.float32]) -> dict[str, float]:
    """Milliseconds to add 1,000 rows, to remove 1,000, and to save either."""
    size = len(vectors)
    fresh = np.arange(size, size + 1000)
    old = np.random.default_rng(2).choice(size, 1000, replace=False)
    out = {"add_1000_ms": clock(lambda: index.add(fresh, vectors[:1000]))}
    out["save_added_ms"] = clock(lambda: index.save(1))
    out["remove_1000_ms"] = clock(lambda: index.remove(old))
    out["save_removed_ms"] = clock(lambda: index.save(2))
    return {name: round(1e3 * value, 2) for name, value in out.items()}


def clock(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def open_index(folder: Path, vectors: NDArray[np.float32], **options: Any) -> DenseIndex:
    return DenseIndex.open(folder, vectors.shape[1], **options)


def faiss_rows(
    vectors: NDArray[np.float32],
    queries: NDArray[np.float32],
    truth: NDArray[np.int64],
    options: argparse.Namespace,
) -> Iterator[dict[str, Any]]:
    """FAISS' own indexes on one thread. Those with codes rescore 100 or 200 rows from float32 vectors."""
    cores = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    for label, make, settings in alternatives(vectors, options):
        used = time.process_time()
        index = make()
        cpu = round(time.process_time() - used, 2)
        for text, search in settings(index):
            figures = timed(search, queries, truth)
            yield {"size": len(vectors), "index": label, "what": text, "build_cpu_s": cpu, **figures}
        del index
    faiss.omp_set_num_threads(cores)


def alternatives(
    vectors: NDArray[np.float32], options: argparse.Namespace
) -> Iterator[tuple[str, Callable[[], Any], Callable[[Any], Iterator[tuple[str, Search]]]]]:
    dim, size = vectors.shape[1], len(vectors)

    def by_factory(text: str) -> Callable[[], Any]:
        def make() -> Any:
            index = faiss.index_factory(dim, text, faiss.METRIC_INNER_PRODUCT)
            index.train(vectors[np.random.default_rng(3).permutation(size)[:65_536]])
            index.add(vectors)
            return index

        return make

    def plain(index: Any) -> Iterator[tuple[str, Search]]:
        yield "", lambda query: index.search(query, K)[1]

    def rescored(index: Any) -> Iterator[tuple[str, Search]]:
        for depth in (0, 100, 200):
            yield f"rescore {depth}", lambda query, depth=depth: rescore(index, vectors, query, depth)  # type: ignore[misc]

    def probed(index: Any) -> Iterator[tuple[str, Search]]:
        for probes in (16, 32, 64, 128):
            index.nprobe = probes
            yield f"{probes} probes", lambda query: index.search(query, K)[1]

    def graph(index: Any) -> Iterator[tuple[str, Search]]:
        for breadth in (32, 64, 128):
            index.hnsw.efSearch = breadth
            yield f"ef {breadth}", lambda query: index.search(query, K)[1]

    yield "flat fp32", by_factory("Flat"), plain
    yield "SQ8", by_factory("SQ8"), plain
    yield "RaBitQ fast scan, centre 0", lambda: codes(vectors, trained=False, rotated=False), rescored
    yield "RaBitQ fast scan, centre 0, rotated", lambda: codes(vectors, trained=False, rotated=True), rescored
    yield "RaBitQ fast scan, trained centre", lambda: codes(vectors, trained=True, rotated=False), rescored
    if size <= options.lists_limit:
        lists = 256 if size <= 50_000 else 1024
        yield f"IVF{lists} fp16", by_factory(f"IVF{lists},SQfp16"), probed
    if size <= options.graph_limit:
        yield "HNSW16 fp32", by_factory("HNSW16,Flat"), graph


def codes(vectors: NDArray[np.float32], *, trained: bool, rotated: bool) -> Any:
    dim = vectors.shape[1]
    index: Any = faiss.IndexRaBitQFastScan(dim, faiss.METRIC_INNER_PRODUCT)
    if trained:
        index.train(vectors)
    else:
        faiss.copy_array_to_vector(np.zeros(dim, np.float32), index.center)
        index.is_trained = True
    if rotated:
        turn = faiss.RandomRotationMatrix(dim, dim)
        turn.init(7)
        index = faiss.IndexPreTransform(turn, index)
    index.add(vectors)
    return index


def rescore(
    index: Any, vectors: NDArray[np.float32], query: NDArray[np.float32], depth: int
) -> NDArray[np.int64]:
    found: NDArray[np.int64] = index.search(query, depth or K)[1]
    if not depth:
        return found
    return found[:, np.argsort(-(vectors[found[0]] @ query[0]))[:K]]


if __name__ == "__main__":
    main()
