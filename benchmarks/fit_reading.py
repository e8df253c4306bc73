"""Fits what turns the reader's findings into the decision about a written answer, on questions held out.

    python -m benchmarks.fit_reading DATA/reader-train --questions 400

The folder's Wikipedia files become an index of their passages. Questions of held-out titles
(`rag.tune.split`) are asked twice: as they are, and with their passage filtered out, when nothing that is
left answers them; those written to have no answer once. A logistic model comes of it (Newton's method, ridge
1.0), fitted on two thirds of the questions and measured on the rest: `rag/ground/answerable.py` (whether the
hits answer). The chart shows the risk of the built-in, quoted answers on the same third, by their own
confidence; it is drawn into `docs/images/`.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.fit_evidence import auc, fit
from rag import Document, NotOf, Rag, Where
from rag.evaluate.measures import risk_coverage
from rag.evaluate.report.charts import risk_chart
from rag.evaluate.report.page import picture
from rag.ground.answerable import FEATURES, features
from rag.tune.examples import Example, read_examples
from rag.tune.split import split

FILES = ("squad2-dev-8-articles", "squadshifts-new-wiki", "nq-open-gold", "nq-qed")
Rows = NDArray[np.float64]
Flags = NDArray[np.bool_]


class Asked(NamedTuple):
    """One asking: the decision's features; the answer's own confidence; what is true of it."""

    decision: tuple[float, ...]
    own: float
    answerable: bool
    correct: bool


def asked(rag: Rag, one: Example, source: str, *, gold: bool) -> Asked | None:
    where = None if gold else NotOf(Where("source", "=", source))
    answer = rag.ask(one.question, where=where)
    hits = answer.hits
    if not hits:
        return None
    decision = features(one.question, hits, answer.confidence, rag.reader)
    said = answer.span.quote.lower() if answer.span else answer.text.lower()
    correct = any(text.lower() in said or said in text.lower() for text in one.texts) if said else False
    return Asked(decision, answer.confidence, gold and one.answerable, correct)


def curve(chance: Rows, answerable: Flags, correct: Rows) -> list[dict[str, float]]:
    """What each threshold refuses, and how often what is answered is wrong."""
    found = []
    for threshold in np.arange(0.05, 0.95, 0.05):
        refused = chance < threshold
        found.append(
            {
                "threshold": round(float(threshold), 2),
                "refusals right": round(float((~answerable[refused]).mean()) if refused.any() else 1.0, 3),
                "unanswerable refused": round(float(refused[~answerable].mean()), 3),
                "answerable refused": round(float(refused[answerable].mean()), 3),
                "risk of what is answered": round(float(1 - correct[~refused].mean()), 3)
                if (~refused).any()
                else 0.0,
                "coverage": round(float((~refused).mean()), 3),
            }
        )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--questions", type=int, default=400)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "reading.json")
    parser.add_argument("--threshold", type=float, help="where the chart puts its dot; default: as fitted")
    parser.add_argument("--chart", type=Path, default=Path("docs/images/risk-coverage.svg"))
    options = parser.parse_args()
    examples = read_examples([options.data / f"{name}.jsonl.gz" for name in FILES])
    _, held = split(examples, 0.02)
    sources = {text: f"passage-{n}" for n, text in enumerate(dict.fromkeys(one.context for one in examples))}
    titles = {one.context: one.title for one in examples}
    random.Random(0).shuffle(held)
    found: list[Asked] = []
    began = time.time()
    with (
        tempfile.TemporaryDirectory() as folder,
        Rag(Path(folder) / "index", settings={"ask.abstain_below": 0.0}) as rag,
    ):
        rag.ingest(Document.make(text, source, title=titles[text]) for text, source in sources.items())
        for number, one in enumerate(held[: options.questions]):
            for gold in (True, False) if one.answerable else (True,):
                made = asked(rag, one, sources[one.context], gold=gold)
                found += [made] if made else []
            if number % 20 == 0:
                print(f"{number} questions, {time.time() - began:.0f} s", file=sys.stderr, flush=True)
    result = {"command": " ".join(["python", *sys.argv]), "questions": min(options.questions, len(held))}
    decision, judged = fitted_decision(found)
    result |= {"decision": decision}
    at = options.threshold or best_threshold(decision["curve"])
    chosen = [(chance >= at, right) for chance, right in judged]
    answered = [right for kept, right in chosen if kept]
    point = (len(answered) / len(chosen), 1 - sum(answered) / max(1, len(answered)))
    options.chart.parent.mkdir(exist_ok=True)
    options.chart.write_text(picture(risk_chart(risk_coverage(judged), point)) + "\n", "utf-8")
    result |= {"threshold": at, "answered there": round(point[0], 3), "wrong of them": round(point[1], 3)}
    options.out.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))


def best_threshold(rows: list[dict[str, float]]) -> float:
    """The threshold at which the lower of the refusals' precision and recall is highest."""
    return max(rows, key=lambda row: min(row["refusals right"], row["unanswerable refused"]))["threshold"]


def fitted_decision(found: list[Asked]) -> tuple[dict[str, Any], list[tuple[float, bool]]]:
    """The model, and (probability, whether an answer there is right) of the questions not fitted on."""
    at = len(found) * 2 // 3
    rows = np.array([one.decision for one in found])
    answerable = np.array([one.answerable for one in found])
    correct = np.array([one.correct and one.answerable for one in found])
    weights = fit(rows[:at], answerable[:at].astype(float))
    chance = 1 / (1 + np.exp(-(rows[at:] @ weights[:-1] + weights[-1])))
    told = {
        "weights": dict(zip(FEATURES, np.round(weights[:-1], 3).tolist(), strict=True)),
        "bias": round(float(weights[-1]), 3),
        "AUC": round(auc(chance[answerable[at:]], chance[~answerable[at:]]), 3),
        "held out": len(chance),
        "curve": curve(chance, answerable[at:], correct[at:]),
    }
    return told, [
        (one.own, bool(right)) for one, right in zip(found[at:], correct[at:].tolist(), strict=True)
    ]


if __name__ == "__main__":
    main()
