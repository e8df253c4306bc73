"""What does each stage gain, and what does it cost? Each alone against the default chain, on evaluation sets.

    python -m benchmarks.stages DATA --sets squad-dev-a acronyms-a --only glossary mmr

Each set is ingested with every default; a sample of its questions, evenly spread, is asked with the default
chain and with each stage added to it. Per question: nDCG@10 of the hits (a document counts at its best
chunk), whether the extractive answer contains an accepted one (`right`; sets with answers), hits left, and
milliseconds for the whole answer. Changes are means of paired differences with a 95 % bootstrap interval
(10,000 resamples). `refused` counts unanswerable questions that were declined. The memory is given the
questions outside the sample, with a chunk of a relevant document each.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.corpora import read
from benchmarks.quality import gains, interval, ndcg
from rag import Document, Rag
from rag.augment.instruction import build as instruction
from rag.augment.memory import NAME, remember
from rag.rag import Stages

SETS = ("squad-dev-a", "nq-lost-in-the-middle", "lihua-world", "acronyms-a", "rgb-en-a", "rgb-zh-a")
RETRIEVAL_ONLY = ("rgb-zh-a",)


class Variant(NamedTuple):
    """A chain: the default one with something added."""

    augment: Stages = ()
    denoise: Stages = ("duplicates",)
    reorder: Stages = ()


def _denoise(name: str) -> Variant:
    return Variant(denoise=("duplicates", name))


VARIANTS: dict[str, Variant] = {
    "default": Variant(),
    "no duplicates": Variant(denoise=()),
    "glossary": Variant(augment=("glossary",)),
    "feedback": Variant(augment=("feedback",)),
    "memory": Variant(augment=("memory",)),
    "instruction": Variant(augment=(instruction("Find a passage that answers the question."),)),
    **{name: _denoise(name) for name in ("threshold", "adaptive", "mmr", "conflicts", "poison", "compress")},
    **{name: Variant(reorder=(name,)) for name in ("edges", "score", "reverse", "source", "neighbours")},
}


class Asked(NamedTuple):
    """One question under one variant."""

    ndcg: float
    right: float
    refused: float
    hits: int
    ms: float
    detail: Mapping[str, Any]


def opened(index: Path, variant: Variant) -> Rag:
    return Rag(index, augment=variant.augment, denoise=variant.denoise, reorder=variant.reorder)


def ask(rag: Rag, row: Mapping[str, Any], answers: bool) -> Asked:
    """The stream is followed to the hits, or to the answer."""
    detail: dict[str, Any] = {}
    sources: list[str] = []
    number, text, abstained = 0, "", False
    began = time.perf_counter()
    for event in rag.stream(row["question"], k=10):
        if event.record:
            detail.update(_told(event.record.detail))
        if event.kind == "hits":
            sources, number = [hit.chunk.source for hit in event.hits], len(event.hits)
            if not answers:
                break
        if event.answer:
            text, abstained = event.answer.text.lower(), event.answer.abstained
    ms = (time.perf_counter() - began) * 1000
    ranking = list(dict.fromkeys(sources))
    found = ndcg(gains(row), ranking) if row["relevant"] else float("nan")
    right = float(any(one.lower() in text for one in row["answers"])) if row["answers"] else float("nan")
    return Asked(found, right, float(abstained), number, ms, detail)


def _told(detail: Mapping[str, Any]) -> dict[str, Any]:
    """What the trace says of this stage, as numbers."""
    told: dict[str, Any] = {}
    if "tokens" in detail:
        told["tokens"] = detail["tokens"]["after"] / max(1, detail["tokens"]["before"])
    if "notes" in detail:
        told["notes"] = len(detail["notes"])
    return told


def spread(rows: Sequence[dict[str, Any]], most: int) -> list[dict[str, Any]]:
    """At most so many rows, evenly spread."""
    places = np.linspace(0, len(rows) - 1, min(most, len(rows))).round().astype(int)
    return [rows[place] for place in places]


def solve(index: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Fills the memory with questions and the first chunk found of a relevant document."""
    (index / NAME).unlink(missing_ok=True)
    with Rag(index) as rag:
        for row in rows:
            hits = rag.search(row["question"], k=20)
            good = [hit.chunk.id for hit in hits if hit.chunk.source in row["relevant"]]
            if good:
                remember(index, rag.embedder, row["question"], good[:1])


def told(
    base: Sequence[Asked], now: Sequence[Asked], rows: Sequence[Mapping[str, Any]], answers: bool
) -> dict[str, Any]:
    """The figures of one variant, and their differences from the default chain's."""
    answerable = [place for place, row in enumerate(rows) if row["relevant"]]
    other = [place for place, row in enumerate(rows) if not row["relevant"]]
    measures = {"nDCG@10": "ndcg"} | ({"right": "right"} if answers else {})
    figures: dict[str, Any] = {
        **{
            shown: round(float(np.mean([getattr(now[place], key) for place in answerable])), 4)
            for shown, key in measures.items()
        },
        "hits": round(float(np.mean([one.hits for one in now])), 2),
        "ms": round(float(np.median([one.ms for one in now])), 1),
    }
    if other:
        figures["refused"] = round(float(np.mean([now[place].refused for place in other])), 4)
    for key in ("tokens", "notes"):
        values = [one.detail[key] for one in now if key in one.detail]
        if values:
            share = np.mean(values) if key == "tokens" else len(values) / len(now)
            figures[f"{key} share"] = round(float(share), 4)
    if now is not base:
        for shown, key in measures.items():
            change = [getattr(now[place], key) - getattr(base[place], key) for place in answerable]
            figures[f"change of {shown}"] = interval(change)
        figures["change of ms"] = round(figures["ms"] - float(np.median([one.ms for one in base])), 1)
    return figures


def measured(
    index: Path, data: Path, name: str, only: Sequence[str], most: int
) -> Iterator[tuple[str, dict[str, Any]]]:
    rows = read(data / name / "qa.jsonl")
    sample = spread(rows, most)
    chosen = {row["id"] for row in sample}
    answers = name not in RETRIEVAL_ONLY
    base: list[Asked] = []
    for variant in dict.fromkeys(["default", *only]):
        if variant == "memory":
            solve(index, [row for row in rows if row["id"] not in chosen and row["relevant"]][:400])
        with opened(index, VARIANTS[variant]) as rag:
            if variant == "glossary":
                rag.build_glossary()
            ask(rag, sample[0], answers)  # opens what is opened once
            now = [ask(rag, row, answers) for row in sample]
        base = base or now
        yield variant, {"questions": len(sample), **told(base, now, sample, answers)}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--sets", nargs="+", default=list(SETS))
    parser.add_argument("--only", nargs="+", default=list(VARIANTS), choices=list(VARIANTS))
    parser.add_argument("--questions", type=int, default=150, help="questions of a set that are asked")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/stages.json"))
    parser.add_argument("--keep", type=Path, help="folder for the indexes, to use them again")
    options = parser.parse_args()
    result: dict[str, Any] = json.loads(options.out.read_text()) if options.out.exists() else {}
    with tempfile.TemporaryDirectory() as folder:
        for name in options.sets:
            index = (options.keep or Path(folder)) / name / "index"
            if not index.exists():
                with Rag(index) as rag:
                    documents = read(options.data / name / "corpus.jsonl")
                    rag.ingest(Document.make(one["text"], one["id"], title=one["title"]) for one in documents)
            for variant, figures in measured(index, options.data, name, options.only, options.questions):
                result.setdefault(name, {})[variant] = figures
                print(name, variant, json.dumps(figures), flush=True)
                options.out.write_text(json.dumps(result, indent=1, allow_nan=False) + "\n")


if __name__ == "__main__":
    main()
