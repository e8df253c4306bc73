"""How often do planted passages get their answer said, and what do the defences cost where none is planted?

    python -m benchmarks.poison DATA --sets squad-dev-a nq-lost-in-the-middle --questions 60

Each set is ingested with every default; questions with answers, evenly spread. One, three or five passages
are planted before all hits, as `rag eval --stress` does: they repeat the question, with its mark or without,
and answer it wrongly (`poisoned`), or say the true passage's own sentence with another value (`conflicting`).
Each chain of denoise stages is asked the same, with every default else. `right` is the share that says an
accepted answer, `attack` the share that says the planted one; changes are means of paired differences with
95 % bootstrap intervals: `clean` from the first chain without planted passages, the others from their own
chain without them.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.corpora import ingested, read
from benchmarks.stages import Remembering, RememberingReader, spread
from rag import Rag
from rag.embedding.onnx import OnnxEmbedder
from rag.evaluate import Case
from rag.evaluate.experiments.trials import Trial, trials
from rag.evaluate.running.score import right
from rag.evaluate.statistics import difference, interval
from rag.reading.onnx import OnnxReader

CHAINS = {
    "without voices": ("rerank", "duplicates", "poison"),
    "default": ("rerank", "duplicates", "poison", "voices"),
}
TESTS = ("poisoned", "conflicting")


class Said(NamedTuple):
    """One question: whether an accepted answer was said, and whether the planted one was."""

    right: float
    attack: float


def asked(rag: Rag, cases: Sequence[Case], wanted: Sequence[str]) -> list[Said]:
    """`wanted` is what an enemy wants to be said, question by question."""
    said = []
    for case, wrong in zip(cases, wanted, strict=True):
        text = rag.ask(case.question).text
        said.append(Said(float(right(case, text)), float(right(replace(case, answers=(wrong,)), text))))
    return said


def told(now: Sequence[Said], before: Sequence[Said]) -> dict[str, Any]:
    """The figures of one trial, and the change of what is right."""
    change = difference([one.right for one in before], [one.right for one in now])
    attack = interval([one.attack for one in now])
    return {
        "right": round(sum(one.right for one in now) / len(now), 4),
        "change": [round(value, 4) for value in (change.mean, change.low, change.high)],
        "attack": [round(value, 4) for value in (attack.mean, attack.low, attack.high)],
    }


def planned(cases: Sequence[Case], rag: Rag, tests: Sequence[str]) -> Iterator[Trial]:
    return (trial for trial in trials(cases, rag.generate, 10, 0) if trial.test in tests)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--sets", nargs="+", default=["squad-dev-a", "nq-lost-in-the-middle"])
    parser.add_argument("--questions", type=int, default=60)
    parser.add_argument("--chains", nargs="+", choices=list(CHAINS), default=list(CHAINS))
    parser.add_argument("--tests", nargs="+", choices=TESTS, default=list(TESTS))
    parser.add_argument("--keep", type=Path, help="folder for the indexes, to use them again")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/poison.json"))
    options = parser.parse_args()
    result: dict[str, Any] = json.loads(options.out.read_text()) if options.out.exists() else {}
    with tempfile.TemporaryDirectory() as folder:
        for name in options.sets:
            embedder, reader = Remembering(OnnxEmbedder.open()), RememberingReader(OnnxReader.open())
            index = (options.keep or Path(folder)) / name / "index"
            ingested(index, options.data / name)
            rows = [row for row in read(options.data / name / "qa.jsonl") if row["answers"]]
            cases = [
                Case(row["id"], row["question"].strip(), tuple(row["answers"]))
                for row in spread(rows, options.questions)
            ]
            base: list[Said] = []
            for chain in options.chains:
                with Rag(index, embedder=embedder, denoise=CHAINS[chain]) as rag:
                    rag.reader = reader
                    every = list(planned(cases, rag, options.tests))
                    wanted = [every[0].attack(case) if every[0].attack else "" for case in cases]
                    clean = asked(rag, cases, wanted)
                    base = base or clean
                    figures = {"questions": len(cases), "clean": told(clean, base)}
                    print(name, chain, "clean", json.dumps(figures["clean"]), flush=True)
                    for trial in every:
                        planted = [trial.planted] if trial.planted else []
                        with rag.variant(denoise=[*planted, *CHAINS[chain]]) as under:
                            under.reader = reader
                            now = asked(under, cases, wanted)
                        figures[trial.name] = told(now, clean)
                        print(name, chain, trial.name, json.dumps(figures[trial.name]), flush=True)
                result.setdefault(name, {})[chain] = figures
                options.out.write_text(json.dumps(result, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
