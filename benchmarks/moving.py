"""A store through others and back into a folder: what it takes, and what is the same at the end.

    python -m benchmarks.moving DATA --through 'postgresql://me@host/db?schema=moved' lancedb:///tmp/moved

The set is ingested into a local store below `--work`, if it is not there, and moved into each store that is
named in turn, then into a folder. That folder and the first one are compared: every document and every chunk,
the largest difference of a vector's component, and the hits of questions. Results go to
`benchmarks/results/moving.json`.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks.corpora import read
from benchmarks.stores import local
from rag import Rag, export_archive, import_archive, move
from rag.moving.copying import stored
from rag.stores import store_name

RETRIEVERS = ("dense", "lexical", "hybrid")


def moved(start: Path, through: Sequence[str], work: Path) -> dict[str, Any]:
    """Seconds of each move, and what each found when it compared the two."""
    steps = [str(start), *through, str(work / "moved-back")]
    result: dict[str, Any] = {}
    for source, target in pairwise(steps):
        began = time.perf_counter()
        done = move(source, target)
        seconds = round(time.perf_counter() - began, 1)
        told = {"s": seconds, **done.to_dict()}
        result[f"{store_name(source)} to {store_name(target)}"] = {
            name: told[name] for name in ("s", "documents", "chunks", "there", "passed", "check")
        }
    return result


def archived(start: Path, work: Path) -> dict[str, Any]:
    """Seconds of an export and an import, and the size of the archive."""
    file = work / "moved.ragz"
    began = time.perf_counter()
    export_archive(start, file)
    between = time.perf_counter()
    import_archive(file, work / "imported")
    seconds = {"export, s": round(between - began, 1), "import, s": round(time.perf_counter() - between, 1)}
    return {**seconds, "bytes of the archive": file.stat().st_size}


def compared(start: Path, end: Path, asked: Sequence[str]) -> dict[str, Any]:
    """What of the first folder is the same in the last."""
    with Rag(start) as one, Rag(end) as other:
        ours, theirs = ({item.document.id: item for item in everything(rag)} for rag in (one, other))
        pairs = [(item, theirs[name]) for name, item in ours.items() if name in theirs]
        result: dict[str, Any] = {
            "documents": len(ours),
            "the same documents": sum(a.document == b.document and a.hash == b.hash for a, b in pairs),
            "the same chunks": sum(list(a.chunks) == list(b.chunks) for a, b in pairs),
            "vectors differ by": max(float(abs(a.vectors - b.vectors).max(initial=0)) for a, b in pairs),
            "questions": len(asked),
        }
        for name in RETRIEVERS:
            searches = [rag.variant(retrieve=name, denoise=[]) for rag in (one, other)]
            hits = [[[hit.chunk.id for hit in rag.search(text, 10)] for text in asked] for rag in searches]
            same = sum(a == b for a, b in zip(*hits, strict=True))
            shared = sum(len({*a} & {*b}) for a, b in zip(*hits, strict=True))
            result[name] = {"the same hits in order": same, "hits shared": shared / sum(map(len, hits[0]))}
    return result


def everything(rag: Rag) -> Any:
    """All that a store holds, document by document."""
    return (item for batch in stored(rag.store, list(rag.store.documents())) for item in batch)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--through", nargs="*", default=[], help="URLs of empty stores")
    parser.add_argument("--set", default="squad-dev-a")
    parser.add_argument("--questions", type=int, default=200, help="at most so many")
    parser.add_argument("--work", type=Path, default=Path("/tmp/bench-moving"))
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/moving.json"))
    options = parser.parse_args()
    start = local(options.data, options.set, options.work)
    rows = [row["question"] for row in read(options.data / options.set / "qa.jsonl") if row["relevant"]]
    found: dict[str, Any] = {"moves": moved(start, options.through, options.work)}
    found["peak MB of the process that moved"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    found["archive"] = archived(start, options.work)
    asked = rows[:: max(1, len(rows) // options.questions)][: options.questions]
    found["back against first"] = compared(start, options.work / "moved-back", asked)
    text = json.dumps({options.set: found}, indent=1)
    options.out.write_text(text + "\n")
    print(text)


if __name__ == "__main__":
    main()
