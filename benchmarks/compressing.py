"""What does a budget of tokens cost? Right answers and F1 of the named words over the share that is kept.

    python -m benchmarks.compressing DATA --sets squad-dev-a nq-lost-in-the-middle --questions 100

Each set is ingested with every default; questions are evenly spread. The ten hits of `rerank` and
`duplicates` are cut by `compress` to a share of their tokens, and the built-in generator answers from what is
left; nothing is withdrawn. `share` is the stage as it is without a budget. Changes are means of paired
differences from whole hits, with 95 % bootstrap intervals.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from benchmarks.sampled import parser, sampled
from rag import Rag
from rag.evaluate import Case
from rag.evaluate.measures.words import f1
from rag.evaluate.running.score import right
from rag.evaluate.statistics import difference

SHARES = (0.75, 0.5, 0.25, 0.125)


class Outcome(NamedTuple):
    """One question: whether an accepted answer is said, F1 of the named words, and the share of tokens."""

    right: float
    f1: float
    kept: float


def asked(rag: Rag, case: Case) -> Outcome:
    answer = rag.ask(case.question)
    named = answer.span.quote if answer.span else answer.text
    kept = [record.detail["tokens"] for record in answer.trace if "tokens" in record.detail]
    share = kept[0]["after"] / max(1, kept[0]["before"]) if kept else 1.0
    return Outcome(float(right(case, answer.text)), f1(named, case.answers), share)


def told(now: Sequence[Outcome], whole: Sequence[Outcome]) -> dict[str, Any]:
    """The figures of one share: means, and the changes from whole hits with their intervals."""
    figures: dict[str, Any] = {"kept": round(sum(one.kept for one in now) / len(now), 4)}
    for measure in ("right", "f1"):
        values = [getattr(one, measure) for one in now]
        change = difference([getattr(one, measure) for one in whole], values)
        figures[measure] = round(sum(values) / len(values), 4)
        figures[f"{measure} change"] = [round(value, 4) for value in (change.mean, change.low, change.high)]
    return figures


def main() -> None:
    options = parser(__doc__, "compressing.json").parse_args()
    result: dict[str, Any] = json.loads(options.out.read_text()) if options.out.exists() else {}
    for one in sampled(options):
        whole: Sequence[Outcome] = []
        result[one.name] = {"questions": len(one.cases)}
        for share in (None, *SHARES, 0.0):
            stages = ["rerank", "duplicates", *([] if share is None else ["compress"])]
            settings = {"stages.compress": {"tokens": share or 0.0}}
            with one.opened(denoise=stages, ground=[], settings=settings) as rag:
                now = [asked(rag, case) for case in one.cases]
            whole = whole or now
            label = "whole" if share is None else f"{share:.3f}" if share else "share"
            result[one.name][label] = told(now, whole)
            print(one.name, label, json.dumps(result[one.name][label]), flush=True)
            options.out.write_text(json.dumps(result, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
