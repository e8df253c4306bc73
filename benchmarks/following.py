"""What following files costs beside the embedder alone, and what files cost that have not changed.

    python -m benchmarks.following DATA --files 600 --rounds 3 --unchanged 6000

Each round ingests the same small files, of one paragraph each, into a new index and embeds the same chunks
alone, one after the other in a random order: the ratio of both, in wall time and in CPU time with all child
processes, is of one round. `--unchanged` files are then ingested, and again three times without a change.
DATA holds the evaluation sets (`benchmarks/corpora.py`).
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.corpora import paragraphs
from rag import Rag
from rag.testing import WordEmbedder


def spent(work: Callable[[], object]) -> tuple[float, float]:
    """Wall seconds, and CPU seconds with those of child processes that have ended."""
    before, began = os.times(), time.perf_counter()
    work()
    after = os.times()
    cpu = sum(after[:4]) - sum(before[:4])
    return time.perf_counter() - began, cpu


def written(folder: Path, texts: Sequence[str]) -> Path:
    """A folder with a file for each text."""
    folder.mkdir()
    for number, text in enumerate(texts):
        (folder / f"{number}.txt").write_text(text, "utf-8")
    return folder


def beside_the_embedder(place: Path, texts: Sequence[str], rounds: int) -> dict[str, Any]:
    """Ratios of an ingest to the embedding of its chunks alone."""
    files = written(place / "files", texts)
    ratios: list[tuple[float, float]] = []
    seconds: list[float] = []
    with Rag(place / "first") as rag:  # what there is to embed, and a warm file cache
        rag.ingest(files)
        chunks = [chunk.text for chunk, _ in rag.store.scan(limit=1_000_000)]
    for number in range(rounds):
        index = place / f"index-{number}"
        with Rag(index) as rag:
            rag.embedder.embed(["warm up"])

            def followed(rag: Rag = rag) -> None:
                rag.ingest(files)

            def alone(rag: Rag = rag) -> None:
                rag.embedder.embed(chunks)

            works = [followed, alone]
            random.Random(number).shuffle(works)
            took = {work: spent(work) for work in works}
        (wall, cpu), (wall_alone, cpu_alone) = took[followed], took[alone]
        ratios.append((wall / wall_alone, cpu / cpu_alone))
        seconds.append(wall)
        print(
            f"round {number}: {wall:.1f} s beside {wall_alone:.1f} s, CPU {cpu:.1f} beside {cpu_alone:.1f}",
            flush=True,
        )
    walls, cpus = zip(*ratios, strict=True)
    return {
        "files": len(texts),
        "chunks": len(chunks),
        "files a second, each round": [round(len(texts) / each, 1) for each in seconds],
        "wall time by that of the embedder alone, each round": [round(each, 3) for each in walls],
        "CPU time by that of the embedder alone, each round": [round(each, 3) for each in cpus],
        "median of the wall ratios": round(statistics.median(walls), 3),
        "median of the CPU ratios": round(statistics.median(cpus), 3),
    }


def unchanged(place: Path, texts: Sequence[str]) -> dict[str, Any]:
    """Files a second of an ingest that finds nothing new."""
    files = written(place / "unchanged", texts)
    rates, cpus = [], []
    with Rag(place / "followed", embedder=WordEmbedder()) as rag:
        rag.ingest(files)
        for _ in range(3):
            wall, cpu = spent(lambda: rag.ingest(files))
            rates.append(round(len(texts) / wall))
            cpus.append(round(len(texts) / cpu))
    return {"files": len(texts), "files a second": rates, "files a CPU second": cpus}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--files", type=int, default=600)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--unchanged", type=int, default=6000)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/following.json"))
    options = parser.parse_args()
    texts, _ = paragraphs(options.data, max(options.files, options.unchanged))
    with tempfile.TemporaryDirectory() as place:
        result = {
            "unchanged": unchanged(Path(place), texts[: options.unchanged]),
            "beside the embedder": beside_the_embedder(Path(place), texts[: options.files], options.rounds),
        }
    options.out.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
