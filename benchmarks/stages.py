"""What does each stage gain, and what does it cost? Each alone against plain retrieval, on evaluation sets.

    python -m benchmarks.stages DATA --sets squad-dev-a acronyms-a --only glossary mmr
    python -m benchmarks.stages DATA --only hyde listwise --model FILE.gguf --questions 40 --out FILE.json
    python -m benchmarks.stages DATA --only cross_encoder --cross-encoder FOLDER

Each set is ingested with every default; a sample of its questions, evenly spread, is asked plainly (hybrid
retrieval, duplicates dropped) and with each stage added to that; `default chain` is what ships. Stages that
ask a language model, and the cross-encoder, are measured where one is named. Per question: nDCG@10 of the
hits (a document counts at its best chunk), whether the extractive answer contains an accepted one (`right`,
in sets with answers; nothing is withdrawn by abstention here), and hits left. Changes are means of paired
differences with a 95 % bootstrap interval (10,000 resamples). Texts are embedded and read once for all
variants; `ms` is measured apart, on `--timed` questions without that memory: the median of the processor
time, all threads together, that augment, retrieve and denoise take. The memory stage is given the questions
outside the sample, with a chunk of a relevant document each.
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
from numpy.typing import NDArray

from benchmarks.corpora import ingested, read
from benchmarks.quality import gains, interval
from rag import Rag
from rag.augment.instruction import build as instruction
from rag.augment.memory import NAME, remember
from rag.embedding import Embedder, Kind
from rag.embedding.onnx import OnnxEmbedder
from rag.evaluate.measures.ranking import ndcg
from rag.pipeline.parts import Stages
from rag.reading import Passage, Reader, Reading
from rag.reading.onnx import OnnxReader

SETS = (
    *("squad-dev-a", "nq-lost-in-the-middle", "lihua-world", "acronyms-a", "rgb-en-a", "rgb-zh-a"),
    "cranfield",
)
RETRIEVAL_ONLY = ("rgb-zh-a", "cranfield")


class Variant(NamedTuple):
    """A chain: the plain one with something added."""

    augment: Stages = ()
    denoise: Stages = ("duplicates",)
    reorder: Stages = ()


def _denoise(name: str) -> Variant:
    return Variant(denoise=("duplicates", name))


VARIANTS: dict[str, Variant] = {
    "plain": Variant(),
    "default chain": Variant(
        augment=("spelling", "glossary"), denoise=("rerank", "duplicates", "poison", "voices")
    ),
    "rerank": Variant(denoise=("rerank", "duplicates")),
    "no duplicates": Variant(denoise=()),
    "spelling": Variant(augment=("spelling",)),
    "glossary": Variant(augment=("glossary",)),
    "feedback": Variant(augment=("feedback",)),
    "memory": Variant(augment=("memory",)),
    "instruction": Variant(augment=(instruction("Find a passage that answers the question."),)),
    **{name: _denoise(name) for name in ("threshold", "mmr", "conflicts", "poison", "voices")},
    "compress": _denoise("compress"),
    **{name: Variant(reorder=(name,)) for name in ("edges", "score", "reverse", "source", "neighbours")},
    **{name: Variant(augment=(name,)) for name in ("hyde", "rewrite", "multi_query", "decompose")},
    "listwise": _denoise("listwise"),
    "cross_encoder": _denoise("cross_encoder"),
}
ASKING = ("hyde", "rewrite", "multi_query", "decompose", "listwise")
"""Stages that need `--model`."""


class Asked(NamedTuple):
    """One question under one variant."""

    ndcg: float
    right: float
    hits: int
    detail: Mapping[str, Any]


class Remembering:
    """An embedder that embeds each text once."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._rows: dict[tuple[Kind, str], NDArray[np.float32]] = {}
        self.name, self.fingerprint = embedder.name, embedder.fingerprint
        self.dim, self.max_tokens = embedder.dim, embedder.max_tokens
        self.token_ends = embedder.token_ends

    def embed(self, texts: Sequence[str], kind: Kind = "document") -> NDArray[np.float32]:
        new = [text for text in dict.fromkeys(texts) if (kind, text) not in self._rows]
        for text, row in zip(new, self._embedder.embed(new, kind), strict=True):
            self._rows[kind, text] = row
        return np.array([self._rows[kind, text] for text in texts], np.float32).reshape(-1, self.dim)


class RememberingReader:
    """A reader that reads each pair once."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._known: dict[tuple[str, Passage], Reading] = {}
        self.name, self.fingerprint, self.support = reader.name, reader.fingerprint, reader.support

    def read(self, question: str, passages: Sequence[Passage]) -> list[Reading]:
        new = [one for one in dict.fromkeys(passages) if (question, one) not in self._known]
        for passage, reading in zip(new, self._reader.read(question, new), strict=True):
            self._known[question, passage] = reading
        return [self._known[question, one] for one in passages]


class Models(NamedTuple):
    """What reads and embeds, and what the stages that need more are given."""

    embedder: Embedder
    reader: Reader
    settings: Mapping[str, Any]


def opened(index: Path, variant: Variant, models: Models) -> Rag:
    rag = Rag(
        index,
        embedder=models.embedder,
        augment=variant.augment,
        denoise=variant.denoise,
        reorder=variant.reorder,
        ground=[],
        settings=models.settings,
    )
    rag.reader = models.reader
    return rag


def ask(rag: Rag, row: Mapping[str, Any], answers: bool) -> Asked:
    """The stream is followed to the hits, or to the answer."""
    detail: dict[str, Any] = {}
    sources: list[str] = []
    text = ""
    for event in rag.stream(row["question"], k=10):
        if event.record and event.record.stage in ("augment", "retrieve", "denoise"):
            detail.update(_told(event.record.detail))
        if event.kind == "hits":
            sources = [hit.chunk.source for hit in event.hits]
            if not answers:
                break
        if event.answer:
            text = event.answer.text.lower()
    found = ndcg(list(dict.fromkeys(sources)), gains(row), 10) if row["relevant"] else float("nan")
    right = float(any(one.lower() in text for one in row["answers"])) if row["answers"] else float("nan")
    return Asked(found, right, len(sources), detail)


def took(rag: Rag, row: Mapping[str, Any]) -> float:
    """Milliseconds of processor time before generation: what else runs on the machine does not count."""
    began = time.process_time()
    rag.search(row["question"], k=10)
    return (time.process_time() - began) * 1000


def _told(detail: Mapping[str, Any]) -> dict[str, Any]:
    """What the trace says of this stage, as numbers."""
    told: dict[str, Any] = {}
    if "tokens" in detail:
        told["tokens"] = detail["tokens"]["after"] / max(1, detail["tokens"]["before"])
    if "notes" in detail:
        told["notes"] = len(detail["notes"])
    if "dropped" in detail:
        told["dropped"] = len(detail["dropped"])
    return told


def spread(rows: Sequence[dict[str, Any]], most: int) -> list[dict[str, Any]]:
    """At most so many rows, evenly spread."""
    places = np.linspace(0, len(rows) - 1, min(most, len(rows))).round().astype(int)
    return [rows[place] for place in places]


def solve(index: Path, embedder: Embedder, rows: Sequence[Mapping[str, Any]]) -> None:
    """Fills the memory with questions and the first chunk found of a relevant document."""
    (index / NAME).unlink(missing_ok=True)
    with Rag(index, embedder=embedder) as rag:
        for row in rows:
            hits = rag.search(row["question"], k=20)
            good = [hit.chunk.id for hit in hits if hit.chunk.source in row["relevant"]]
            if good:
                remember(index, embedder, row["question"], good[:1])


def told(base: Sequence[Asked], now: Sequence[Asked], answers: bool) -> dict[str, Any]:
    """The figures of one variant, and their differences from plain retrieval's."""
    measures = {"nDCG@10": "ndcg"} | ({"right": "right"} if answers else {})
    figures: dict[str, Any] = {
        shown: round(float(np.mean([getattr(one, key) for one in now])), 4) for shown, key in measures.items()
    }
    figures["hits"] = round(float(np.mean([one.hits for one in now])), 2)
    for key in ("tokens", "notes", "dropped"):
        values = [one.detail[key] for one in now if key in one.detail]
        if values:
            share = np.mean(values) if key == "tokens" else len(values) / len(now)
            figures[f"questions with {key}" if key != "tokens" else "tokens left"] = round(float(share), 4)
    if now is not base:
        for shown, key in measures.items():
            change = [getattr(one, key) - getattr(other, key) for one, other in zip(now, base, strict=True)]
            figures[f"change of {shown}"] = interval(change)
    return figures


def measured(
    index: Path,
    data: Path,
    name: str,
    only: Sequence[str],
    most: int,
    timed: int,
    settings: Mapping[str, Any],
) -> Iterator[tuple[str, dict[str, Any]]]:
    judged = [row for row in read(data / name / "qa.jsonl") if row["relevant"]]
    sample = spread(judged, most)
    chosen = {row["id"] for row in sample}
    answers = name not in RETRIEVAL_ONLY
    real = Models(OnnxEmbedder.open(), OnnxReader.open(), settings)
    remembering = Models(Remembering(real.embedder), RememberingReader(real.reader), settings)
    base: list[Asked] = []
    for variant in dict.fromkeys(["plain", *only]):
        if variant == "memory":
            solve(index, remembering.embedder, [row for row in judged if row["id"] not in chosen][:300])
        if "glossary" in VARIANTS[variant].augment:
            with opened(index, VARIANTS[variant], real) as rag:
                rag.build_glossary()
        with opened(index, VARIANTS[variant], remembering) as rag:
            now = [ask(rag, row, answers) for row in sample]
        apart = spread(sample, timed + 1) if timed else []
        with opened(index, VARIANTS[variant], real._replace(reader=OnnxReader.open())) as rag:
            times = [took(rag, row) for row in apart][1:]
        base = base or now
        ms = {"ms": round(float(np.median(times)), 1)} if times else {}
        yield variant, {"questions": len(sample), **told(base, now, answers), **ms}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--sets", nargs="+", default=list(SETS))
    parser.add_argument("--only", nargs="+", choices=list(VARIANTS), help="default: what needs no model")
    parser.add_argument("--model", default="", help="a GGUF file or a folder, for stages that ask one")
    parser.add_argument("--cross-encoder", default="", help="a folder that CrossEncoder opens")
    parser.add_argument("--weight", type=float, default=1.0, help="the share of the cross-encoder")
    parser.add_argument("--questions", type=int, default=150, help="questions of a set that are asked")
    parser.add_argument("--timed", type=int, default=15, help="questions that are timed; 0 times none")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/stages.json"))
    parser.add_argument("--keep", type=Path, help="folder for the indexes, to use them again")
    options = parser.parse_args()
    needed = {**dict.fromkeys(ASKING, options.model), "cross_encoder": options.cross_encoder}
    only = options.only or [name for name in VARIANTS if needed.get(name, "none")]
    cross_encoder = {"model": options.cross_encoder, "weight": options.weight}
    if lacking := [name for name in only if not needed.get(name, "none")]:
        parser.error(f"{', '.join(lacking)}: name a model (--model, --cross-encoder)")
    settings = {"model.name": options.model, "stages.cross_encoder": cross_encoder}
    result: dict[str, Any] = json.loads(options.out.read_text()) if options.out.exists() else {}
    with tempfile.TemporaryDirectory() as folder:
        for name in options.sets:
            index = (options.keep or Path(folder)) / name / "index"
            ingested(index, options.data / name)
            for variant, figures in measured(
                index, options.data, name, only, options.questions, options.timed, settings
            ):
                result.setdefault(name, {})[variant] = figures
                print(name, variant, json.dumps(figures), flush=True)
                options.out.write_text(json.dumps(result, indent=1, allow_nan=False) + "\n")


if __name__ == "__main__":
    main()
