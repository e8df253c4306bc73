"""Do all stores find the same? And what do they cost? Prepared vectors go into each store that is named.

    python -m benchmarks.stores DATA --stores 'lancedb:///tmp/{set}' 'postgresql://me@host/db?schema={set}'
    python -m benchmarks.stores DATA --stores 'postgresql://me@host/db?schema={set}' --chunks 1000000

`{set}` in a URL stands for the name of the set. First, each set is ingested into a local store below `--work`
(kept there for the next time); its documents, chunks and vectors are copied into each store, and every judged
question is asked of both: nDCG@10 of the hybrid, the dense and the lexical retriever, and the paired
difference to the local store with its 95 % interval. With `--chunks`, that many grown chunks (`corpora.py`,
`dense.py`) go into a local store and into each other one instead, and questions are timed: one at a time, in
one process, query vectors prepared. `--server` adds the memory of a server by the id of its process.
Results go to `benchmarks/results/stores.json`, by store and set.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.corpora import paragraphs, questions, read
from benchmarks.dense import grow
from benchmarks.quality import RETRIEVERS, gains, interval, ranked
from benchmarks.search import resident, uploads, warm
from rag import Document, Rag
from rag.evaluate.measures.ranking import ndcg
from rag.indexes import fuse
from rag.pipeline.parts import language_of
from rag.stores import Upsert, VectorStore, Where, open_store, store_name

if TYPE_CHECKING:
    from numpy.typing import NDArray

SETS = ("squad-dev-a", "rgb-zh-a")
DEPTH = 100


def local(data: Path, name: str, work: Path) -> Path:
    """A set in a local store, made once."""
    folder = work / name
    with Rag(folder) as rag:
        if not rag.exists:
            rows = read(data / name / "corpus.jsonl")
            rag.ingest(Document.make(row["text"], row["id"], title=row["title"]) for row in rows)
    return folder


def stored(store: VectorStore) -> Iterator[Upsert]:
    """Everything in a store, document by document."""
    for info in list(store.documents()):
        (document,) = store.load([info.id])
        rows = store.scan(limit=info.chunks + 1, where=Where("document_id", "=", info.id))
        vectors = [vector for _, vector in rows]
        yield Upsert(document, [chunk for chunk, _ in rows], np.stack(vectors), info.hash)


def named(url: str, name: str) -> str:
    """The URL of a store for one set."""
    return url.replace("{set}", name.replace("-", "_"))


def opened(url: str, like: Rag) -> VectorStore:
    """A store for the embedder and the language of a local one."""
    embedder = like.embedder
    return open_store(
        url,
        fingerprint=embedder.fingerprint,
        dim=embedder.dim,
        embedder="builtin",
        language=language_of(like),
    )


def measured(rag: Rag, rows: Sequence[dict[str, Any]]) -> dict[str, list[float]]:
    """nDCG@10 of every question, by retriever."""
    found: dict[str, list[float]] = {}
    for name in RETRIEVERS:
        asked = rag.variant(retrieve=name, denoise=[])
        found[name] = [
            ndcg(ranked(asked, row["question"], row["meta"].get("source_document")), gains(row), 10)
            for row in rows
        ]
    return found


def quality(data: Path, name: str, urls: Sequence[str], work: Path, most: int) -> dict[str, Any]:
    """Each store beside the local one, on one set."""
    rows = [row for row in read(data / name / "qa.jsonl") if row["relevant"]]
    rows = rows[:: max(1, len(rows) // most)]
    result: dict[str, Any] = {}
    with Rag(local(data, name, work)) as rag:
        reference = measured(rag, rows)
        result["local"] = {"questions": len(rows), "nDCG@10": means(reference)}
        items = list(stored(rag.store))
        for url in urls:
            store = opened(named(url, name), rag)
            began = time.perf_counter()
            store.upsert(items)
            store.sync()
            seconds = round(time.perf_counter() - began, 1)
            found = measured(rag.variant(store=store), rows)
            store.close()
            differences = {
                leg: interval([one - other for one, other in zip(found[leg], reference[leg], strict=True)])
                for leg in RETRIEVERS
            }
            result[store_name(url)] = {
                "questions": len(rows),
                "nDCG@10": means(found),
                "minus local": differences,
                "copied in s": seconds,
            }
            print(name, store_name(url), json.dumps(result[store_name(url)]), flush=True)
    return result


def means(found: dict[str, list[float]]) -> dict[str, float]:
    return {leg: round(float(np.mean(values)), 4) for leg, values in found.items()}


def costs(url: str, like: Rag, size: int, options: argparse.Namespace) -> dict[str, Any]:
    """Writing `size` chunks, and searching them."""
    rows = np.stack([vector for _, vector in like.store.scan(limit=8000)])
    vectors = grow(rows, size, np.random.default_rng(0))
    store = opened(url, like)
    result: dict[str, Any] = {"chunks": size}
    if not store.stats()["chunks"]:
        texts, real = paragraphs(options.data, size)
        result["real paragraphs among them"] = real
        began = time.perf_counter()
        with store.writing():
            for item in uploads(texts, vectors):
                store.upsert([item])
        result["upsert, chunks a second"] = round(size / (time.perf_counter() - began))
        began = time.perf_counter()
        store.sync()
        result["sync, s"] = round(time.perf_counter() - began, 1)
    result["bytes a chunk"] = store.stats()["bytes"] // size
    everything = questions(options.data)
    asked = everything[:: max(1, len(everything) // options.questions)][: options.questions]
    near = dict(zip(asked, like.embedder.embed(asked, "query"), strict=True))
    result["recall@10 of the dense leg"] = recall(store, vectors, size, list(near.values())[:200])
    result["dense leg"] = warm(lambda question: store.dense(near[question], DEPTH), list(near))
    result["lexical leg"] = warm(lambda question: store.lexical(question, DEPTH), list(near))

    def hybrid(question: str) -> object:
        with store.snapshot():
            legs = [store.lexical(question, DEPTH), store.dense(near[question], DEPTH)]
            return store.get([chunk_id for chunk_id, _ in fuse("zscore", legs, [1.0, 1.0])[:10]])

    result["hybrid, with its chunks"] = warm(hybrid, list(near))
    result["resident MB of this process, vectors in it left out"] = resident() - vectors.nbytes // 2**20
    if options.server:
        result["MB of the server"] = proportional(options.server)
    store.close()
    return result


def recall(
    store: VectorStore, vectors: NDArray[np.float32], size: int, asked: Sequence[NDArray[np.float32]]
) -> float:
    """Of the ten nearest chunks by float32, the share among the ten that the dense leg brings, by score."""
    found = 0
    for vector in asked:
        edge = np.partition(vectors[:size] @ vector, -10)[-10]
        found += sum(hit.score >= edge - 1e-3 for hit in store.dense(vector, 10))
    return round(found / (10 * len(asked)), 4)


def proportional(server: int) -> int:
    """Megabytes of a process and all below it; what they share counts once."""
    parents: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(path.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue  # it ended meanwhile
        parents.setdefault(parent, []).append(int(path.parent.name))
    family = [server]
    for one in family:
        family += parents.get(one, [])
    kilobytes = 0
    for one in family:
        for line in Path(f"/proc/{one}/smaps_rollup").read_text().splitlines():
            kilobytes += int(line.split()[1]) if line.startswith("Pss:") else 0
    return kilobytes // 1024


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--stores", nargs="*", default=[], help="URLs; {set} stands for the set's name")
    parser.add_argument("--sets", nargs="+", default=list(SETS))
    parser.add_argument("--questions", type=int, default=400, help="at most so many of a set")
    parser.add_argument("--chunks", type=int, default=0, help="measure costs with so many grown chunks")
    parser.add_argument("--server", type=int, help="process id of a server whose memory counts")
    parser.add_argument("--work", type=Path, default=Path("/tmp/bench-stores"), help="of the local stores")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/stores.json"))
    options = parser.parse_args()
    found: dict[str, Any] = {}
    if options.chunks:
        name = f"{options.chunks} chunks"
        with Rag(local(options.data, SETS[0], options.work)) as like:
            for url in (str(options.work / f"grown-{options.chunks}"), *options.stores):
                part = costs(named(url, f"grown_{options.chunks}"), like, options.chunks, options)
                found.setdefault(name, {})[store_name(url)] = part
                print(json.dumps({store_name(url): part}, indent=1), flush=True)
    else:
        for name in options.sets:
            found[name] = quality(options.data, name, options.stores, options.work, options.questions)
    kept: dict[str, Any] = json.loads(options.out.read_text()) if options.out.exists() else {}
    for name, stores in found.items():
        kept[name] = {**kept.get(name, {}), **stores}
    options.out.write_text(json.dumps(kept, indent=1) + "\n")


if __name__ == "__main__":
    main()
