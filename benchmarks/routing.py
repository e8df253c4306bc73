"""Does a router find the index that a question is for, and what does that change in the answers?

    python -m benchmarks.routing [--folders dairy museum ferries] [--least 0.1]

The written folders of `benchmarks/folders` are ingested each by itself and asked together, every default
else: `alone` is each question's own index, `together` all of them, `routed` all of them with that retriever.
`right` counts answers that hold a reference, and refusals of what has no answer; `own` is the share of
answered questions whose first citation is from the question's own index. Changes are means of paired
differences from `together` with 95 % bootstrap intervals. `kept` is how often the router keeps the right
index, `left` how many indexes it keeps on average.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.fit_choice import FOLDERS
from benchmarks.stages import Remembering, RememberingReader
from rag import Rag
from rag.embedding.onnx import OnnxEmbedder
from rag.evaluate import Case
from rag.evaluate.questions.formats import read_questions
from rag.evaluate.running.score import right
from rag.evaluate.statistics import difference, interval
from rag.reading.onnx import OnnxReader


class Asked(NamedTuple):
    """One question: right or rightly refused, its first citation's index, and what the router kept."""

    right: float
    cited: str
    kept: Sequence[str]


def asked(rag: Rag, case: Case) -> Asked:
    answer = rag.ask(case.question)
    good = right(case, answer.text) and not answer.abstained if case.answers else answer.abstained
    kept = next((record.detail["routed to"] for record in answer.trace if "routed to" in record.detail), ())
    cited = "" if answer.abstained or not answer.citations else answer.citations[0].source.partition(":")[0]
    return Asked(float(good), cited, kept)


def told(
    now: Sequence[Asked], before: Sequence[Asked], owners: Sequence[str], *, answerable: Sequence[bool]
) -> dict[str, Any]:
    change = difference([one.right for one in before], [one.right for one in now])
    figures: dict[str, Any] = {
        "right": round(sum(one.right for one in now) / len(now), 4),
        "change": [round(value, 4) for value in (change.mean, change.low, change.high)],
    }
    own = [float(one.cited == owner) for one, owner in zip(now, owners, strict=True) if one.cited]
    if own:
        figures["own"] = [round(value, 4) for value in interval(own)[:3]]
    rows = list(zip(now, owners, answerable, strict=True))
    if any(one.kept for one in now):
        held = interval([float(owner in one.kept) for one, owner, has_answer in rows if has_answer])
        figures["kept"] = [round(value, 4) for value in held[:3]]
        figures["left"] = round(sum(len(one.kept) for one in now) / len(now), 3)
    return figures


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("--folders", nargs="+", default=["dairy", "museum", "ferries", "music-school"])
    given.add_argument("--least", nargs="+", type=float, default=[0.1, 0.25, 0.5])
    given.add_argument("--out", type=Path, default=Path("benchmarks/results/routing.json"))
    options = given.parse_args()
    out = options.out.absolute()
    embedder, reader = Remembering(OnnxEmbedder.open()), RememberingReader(OnnxReader.open())
    with tempfile.TemporaryDirectory() as work:
        os.chdir(work)
        cases: list[Case] = []
        owners: list[str] = []
        for name in options.folders:
            with zipfile.ZipFile(FOLDERS / f"{name}.zip") as archive:
                archive.extractall(name + "-set")
            with Rag(name, embedder=embedder) as rag:
                rag.ingest(Path(name + "-set") / "files")
            own = read_questions(Path(name + "-set") / "qa.jsonl").cases
            cases += own
            owners += [name] * len(own)
        runs: dict[str, list[Asked]] = {"together": [], "alone": []}
        for name in options.folders:
            with Rag(name, embedder=embedder) as rag:
                rag.reader = reader
                mine = [case for case, owner in zip(cases, owners, strict=True) if owner == name]
                runs["alone"] += [asked(rag, case)._replace(cited="") for case in mine]
        settings: dict[str, dict[str, Any]] = {
            "together": {},
            **{
                f"routed {least}": {"search.retrieve": "routed", "stages.routed": {"least": least}}
                for least in options.least
            },
        }
        for label, setting in settings.items():
            with Rag.over(options.folders, embedder=embedder, settings=setting) as rag:
                rag.reader = reader
                runs[label] = [asked(rag, case) for case in cases]
        answerable = [bool(case.answers) for case in cases]
        result = {"folders": options.folders, "questions": len(cases)} | {
            label: told(run, runs["together"], owners, answerable=answerable) for label, run in runs.items()
        }
        print(json.dumps(result, indent=1))
        out.write_text(json.dumps(result, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
