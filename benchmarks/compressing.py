"""What does a budget of tokens cost? Right answers and F1 of the named words over the share that is kept.

    python -m benchmarks.compressing DATA --sets squad-dev-a nq-lost-in-the-middle --questions 60

Each set is ingested with every default; questions are evenly spread. The ten hits of `rerank` and
`duplicates` are cut by `compress` to a share of their tokens, and the built-in generator answers from what is
left; nothing is withdrawn. `share` is the stage as it is without a budget. Changes are means of paired
differences from whole hits, with 95 % bootstrap intervals.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.corpora import ingested, read
from benchmarks.stages import Remembering, RememberingReader, spread
from rag import Rag
from rag.embedding.onnx import OnnxEmbedder
from rag.evaluate.measures.words import f1
from rag.evaluate.statistics import difference
from rag.reading.onnx import OnnxReader

SHARES = (0.75, 0.5, 0.25, 0.125)


class Outcome(NamedTuple):
    """One question: whether an accepted answer is said, F1 of the named words, and the share of tokens."""

    right: float
    f1: float
    kept: float


def asked(rag: Rag, row: dict[str, Any]) -> Outcome:
    answer = rag.ask(row["question"])
    said = answer.text.lower()
    named = answer.span.quote if answer.span else answer.text
    kept = [record.detail["tokens"] for record in answer.trace if "tokens" in record.detail]
    share = kept[0]["after"] / max(1, kept[0]["before"]) if kept else 1.0
    right = float(any(one.lower() in said for one in row["answers"]))
    return Outcome(right, f1(named, row["answers"]), share)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--sets", nargs="+", default=["squad-dev-a", "nq-lost-in-the-middle"])
    parser.add_argument("--questions", type=int, default=60)
    parser.add_argument("--keep", type=Path, help="folder for the indexes, to use them again")
    options = parser.parse_args()
    embedder, reader = Remembering(OnnxEmbedder.open()), RememberingReader(OnnxReader.open())
    with tempfile.TemporaryDirectory() as folder:
        for name in options.sets:
            index = (options.keep or Path(folder)) / name / "index"
            ingested(index, options.data / name)
            rows = [row for row in read(options.data / name / "qa.jsonl") if row["answers"]]
            sample = spread(rows, options.questions)
            whole: Sequence[Outcome] = []
            for share in (None, *SHARES, 0.0):
                stages = ["rerank", "duplicates", *([] if share is None else ["compress"])]
                settings = {"stages.compress": {"tokens": share or 0.0}}
                with Rag(index, embedder=embedder, denoise=stages, ground=[], settings=settings) as rag:
                    rag.reader = reader
                    now = [asked(rag, row) for row in sample]
                whole = whole or now
                label = "whole" if share is None else f"{share:.3f}" if share else "share"
                told = [label, f"kept {sum(one.kept for one in now) / len(now):.3f}"]
                for measure in ("right", "f1"):
                    change = difference(
                        [getattr(one, measure) for one in whole], [getattr(one, measure) for one in now]
                    )
                    mean = sum(getattr(one, measure) for one in now) / len(now)
                    within = f"[{change.low:+.3f}, {change.high:+.3f}]"
                    told.append(f"{measure} {mean:.3f} {change.mean:+.3f} {within}")
                print(name, len(now), *told, sep="  ", flush=True)


if __name__ == "__main__":
    main()
