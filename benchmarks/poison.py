"""How often do planted passages get their answer said, and what do the defences cost where none is planted?

    python -m benchmarks.poison DATA --sets squad-dev-a nq-lost-in-the-middle --questions 60

Each set is ingested with every default; questions with answers, evenly spread. One, three or five passages
are planted before all hits, as `rag eval --stress` does: they repeat the question, with its mark or without,
and answer it wrongly (`poisoned`), or say the true passage's own sentence with another value (`conflicting`).
Or they do not repeat the question, and stand where words that were searched for it bring them (`triggered`).
Each chain of denoise stages is asked the same, with every default else. `right` is the share that says an
accepted answer, `attack` the share that says the planted one; changes are means of paired differences with
95 % bootstrap intervals: `clean` from the first chain without planted passages, the others from their own
chain without them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from benchmarks.sampled import parser, sampled
from rag import Rag
from rag.evaluate import Case
from rag.evaluate.experiments.trials import Trial, trials
from rag.evaluate.experiments.triggers import Triggers
from rag.evaluate.running.score import right
from rag.evaluate.statistics import difference, interval

CHAINS = {
    "without voices": ("rerank", "duplicates", "poison"),
    "default": ("rerank", "duplicates", "poison", "voices"),
}
TESTS = ("poisoned", "conflicting", "triggered")


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
    triggers = Triggers(rag.embedder, rag.store)
    return (trial for trial in trials(cases, rag.generate, 10, 0, triggers) if trial.test in tests)


def main() -> None:
    given = parser(__doc__, "poison.json")
    given.add_argument("--chains", nargs="+", choices=list(CHAINS), default=list(CHAINS))
    given.add_argument("--tests", nargs="+", choices=TESTS, default=list(TESTS))
    options = given.parse_args()
    result: dict[str, Any] = json.loads(options.out.read_text()) if options.out.exists() else {}
    for one in sampled(options):
        base: list[Said] = []
        for chain in options.chains:
            with one.opened(denoise=CHAINS[chain]) as rag:
                every = list(planned(one.cases, rag, options.tests))
                wanted = [every[0].attack(case) if every[0].attack else "" for case in one.cases]
                clean = asked(rag, one.cases, wanted)
                base = base or clean
                figures = {"questions": len(one.cases), "clean": told(clean, base)}
                print(one.name, chain, "clean", json.dumps(figures["clean"]), flush=True)
                for trial in every:
                    planted = [trial.planted] if trial.planted else []
                    with rag.variant(denoise=[*planted, *CHAINS[chain]]) as under:
                        under.reader = one.reader
                        now = asked(under, one.cases, wanted)
                    figures[trial.name] = told(now, clean)
                    print(one.name, chain, trial.name, json.dumps(figures[trial.name]), flush=True)
            result.setdefault(one.name, {})[chain] = figures
            options.out.write_text(json.dumps(result, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
