"""What noise in the context costs: answers from passages that hold the answer, mixed with ones that do not.

    python -m benchmarks.noise DATA

Questions of `rgb-en-a` come with lists of passages that answer them and passages that only look like it. At
each rate, that share of five passages is drawn from the second list, the rest from the first (as many as it
has), in random order, and the built-in generator answers from them: with the default denoise stages before it
and without any; from all that is left of them, and from the first alone, as where a model has little room.
What denoising without error would reach is what comes of the passages of the first list alone. Nothing is
withdrawn. F1 of the words that answer, the fall from no noise at all, and its 95 % interval over questions;
each question is drawn `--draws` times.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.corpora import documents, read
from rag import Hit, Rag
from rag.evaluate.measures.words import f1
from rag.evaluate.statistics import difference

RATES = (0.0, 0.2, 0.4, 0.6, 0.8)
PASSAGES = 5
WITHOUT_ERROR = "denoise without error"
CHAINS: dict[str, tuple[str, ...] | None] = {"default denoise": None, "no denoise": (), WITHOUT_ERROR: ()}


def drawn(rag: Rag, row: dict[str, Any], rate: float, seed: int, name: str) -> list[Hit]:
    """The first chunk of each passage, in random order, with scores that say nothing of them.

    Only those that answer, where `name` is of the chain that makes no error.
    """
    chance = random.Random(f"{row['id']} {seed}")
    noise = round(PASSAGES * rate)
    right, wrong = row["meta"]["positive"], row["meta"]["negative"]
    names = chance.sample(right, min(PASSAGES - noise, len(right)))
    names += chance.sample(wrong, min(noise, len(wrong)))
    chance.shuffle(names)
    if name.startswith(WITHOUT_ERROR):
        names = [one for one in names if one in right]
    chunks = [rag.search(row["question"], 1, where=f'source = "{one}"')[0].chunk for one in names]
    return [Hit(chunk, 1.0 - place / 100) for place, chunk in enumerate(chunks)]


def answered(
    rag: Rag, row: dict[str, Any], hits: Sequence[Hit], chain: Sequence[str] | None, keep: int
) -> float:
    """F1 of the answer from the first `keep` of these hits, once the chain has seen them all."""
    asked = rag.variant(
        augment=[],
        retrieve=lambda *_: list(hits),
        denoise=chain if chain is not None else list(rag.settings.search.denoise),
        ground=[],
    )
    answer = asked.ask(row["question"], k=keep)
    said = answer.span.quote if answer.span else " ".join(one.text for one in answer.sentences)
    return f1(said, row["answers"])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--draws", type=int, default=3)
    options = parser.parse_args()
    rows = read(options.data / "rgb-en-a" / "qa.jsonl")
    kinds = {
        f"{name}, {told}": (chain, keep)
        for told, keep in (("all passages", PASSAGES), ("first passage", 1))
        for name, chain in CHAINS.items()
    }
    found: dict[str, dict[float, list[float]]] = {name: {} for name in kinds}
    with tempfile.TemporaryDirectory() as folder, Rag(Path(folder) / "index") as rag:
        rag.ingest(documents(options.data / "rgb-en-a"))
        plain = rag.variant(denoise=[])
        for rate in RATES:
            for name, (chain, keep) in kinds.items():
                found[name][rate] = [
                    sum(
                        answered(rag, row, drawn(plain, row, rate, seed, name), chain, keep)
                        for seed in range(options.draws)
                    )
                    / options.draws
                    for row in rows
                ]
    result: dict[str, Any] = {"questions": len(rows), "draws": options.draws}
    for name, values in found.items():
        result[name] = {}
        for rate in RATES:
            fall = difference(values[0.0], values[rate])
            result[name][f"{rate:.0%}"] = {
                "F1": round(sum(values[rate]) / len(rows), 4),
                "change": [round(one, 4) for one in (fall.mean, fall.low, fall.high)],
            }
        print(name, json.dumps(result[name]), flush=True)
    file = Path(__file__).parent / "results" / "noise.json"
    file.write_text(json.dumps(result, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
