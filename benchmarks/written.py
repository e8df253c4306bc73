"""Answers that a language model writes: what the form of the prompt and each check of grounding change.

    python -m benchmarks.written DATA --model FILE.gguf --questions 40

Questions of `squad-dev-a`, some of which nothing answers, and of `nq-lost-in-the-middle` are asked with
three hits and 128 tokens for an answer. The forms of the prompt are asked in turn; then the checks are
applied, each alone, to the answers of the plain form. Per question: `answered` is what is not withdrawn,
`right` an answer that contains an accepted one, `wrong` one that does not, or that answers what nothing
answers. Changes are means of paired differences from the plain form with a 95 % bootstrap interval (10,000
resamples). `area` is the probability that a right answer has more confidence than a wrong one. `ms` is the
median of what model and check take.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.corpora import read
from benchmarks.fit_evidence import auc
from benchmarks.quality import interval
from benchmarks.stages import spread
from rag import Answer, Document, Rag
from rag.types import Question

SETS = ("squad-dev-a", "nq-lost-in-the-middle")
FORMS: dict[str, dict[str, Any]] = {
    "answer": {},
    "notes": {"form": "notes"},
    "examples": {"form": "examples"},
    "grammar": {"grammar": True},
}
CHECKS: dict[str, tuple[str, dict[str, Any]]] = {
    "support, marking": ("support", {}),
    "support, removing": ("support", {"policy": "remove"}),
    "support, abstaining": ("support", {"policy": "abstain"}),
    "relevant": ("relevant", {}),
    "abstain": ("abstain", {}),
    "semantic_entropy": ("semantic_entropy", {"max_tokens": 64}),
}
HITS, TOKENS = 3, 128


class Told(NamedTuple):
    """What became of one question."""

    answered: float
    right: float
    wrong: float
    confidence: float
    cited: float
    ms: float


def told(row: Mapping[str, Any], answer: Answer, ms: float) -> Told:
    accepted = [one.lower() for one in row["answers"]]
    given = not answer.abstained and bool(answer.sentences)
    right = given and any(one in answer.text.lower() for one in accepted)
    cited = [float(bool(one.citations)) for one in answer.sentences]
    share = sum(cited) / len(cited) if given else float("nan")
    return Told(given, right, given and not right, answer.confidence, share, ms)


def figures(base: Sequence[Told], now: Sequence[Told]) -> dict[str, Any]:
    found: dict[str, Any] = {
        name: round(float(np.mean([getattr(one, name) for one in now])), 4)
        for name in ("answered", "right", "wrong")
    }
    shares = [one.cited for one in now if one.answered]
    found["sentences cited"] = round(float(np.mean(shares)), 4) if shares else None
    answered = [(one.confidence, one.right) for one in now if one.answered]
    if 0 < sum(right for _, right in answered) < len(answered):
        sure, unsure = (np.array([score for score, right in answered if right == of]) for of in (1, 0))
        found["area"] = round(auc(sure, unsure), 3)
    found["ms"] = round(float(np.median([one.ms for one in now])))
    if now is not base:
        for name in ("right", "wrong"):
            pairs = zip(now, base, strict=True)
            found[f"change of {name}"] = interval([getattr(a, name) - getattr(b, name) for a, b in pairs])
    return found


def asked(rag: Rag, row: Mapping[str, Any]) -> tuple[Answer, float]:
    """The answer, and the milliseconds that the model took."""
    answer = rag.ask(row["question"], k=HITS)
    return answer, sum(record.ms for record in answer.trace if record.stage == "generate")


def checked(
    rag: Rag, check: str, rows: Sequence[Mapping[str, Any]], plain: Sequence[tuple[Answer, float]]
) -> list[tuple[Answer, float]]:
    """The answers behind one check, and the milliseconds of both."""
    name, options = CHECKS[check]
    found = []
    with rag.variant(ground=[name], settings={f"stages.{name}": options}) as variant:
        (stage,) = variant.ground
        for row, (answer, ms) in zip(rows, plain, strict=True):
            began = time.perf_counter()
            after = stage(Question(row["question"]), answer)
            found.append((after, ms + 1000 * (time.perf_counter() - began)))
    return found


def measured(index: Path, rows: Sequence[Mapping[str, Any]], model: str) -> dict[str, Any]:
    result: dict[str, Any] = {"questions": len(rows), "unanswerable": sum(not row["answers"] for row in rows)}
    base: list[Told] = []
    plain: list[tuple[Answer, float]] = []
    with Rag(index, generate="model", ground=[], settings={"model.name": model}) as rag:
        for form, options in FORMS.items():
            settings = {"stages.model": {**options, "max_tokens": TOKENS}}
            with rag.variant(settings=settings) as variant:
                answers = [asked(variant, row) for row in rows]
            now = [told(row, *one) for row, one in zip(rows, answers, strict=True)]
            plain, base = plain or answers, base or now
            result[form] = figures(base, now)
            print(form, json.dumps(result[form]), flush=True)
        for check in CHECKS:
            answers = checked(rag, check, rows, plain)
            now = [told(row, *one) for row, one in zip(rows, answers, strict=True)]
            result[check] = figures(base, now)
            print(check, json.dumps(result[check]), flush=True)
    return result


def sampled(rows: Sequence[dict[str, Any]], most: int) -> list[dict[str, Any]]:
    """Evenly spread; a quarter of them without an answer, where the set has such."""
    with_answer = [row for row in rows if row["answers"]]
    without = spread([row for row in rows if not row["answers"]], most // 4)
    return [*spread(with_answer, most - len(without)), *without]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--model", required=True)
    parser.add_argument("--sets", nargs="+", default=list(SETS))
    parser.add_argument("--questions", type=int, default=40)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/written.json"))
    options = parser.parse_args()
    result: dict[str, Any] = {"model": Path(options.model).name, "hits": HITS, "tokens": TOKENS}
    for name in options.sets:
        with tempfile.TemporaryDirectory() as folder:
            index = Path(folder) / "index"
            with Rag(index) as rag:
                documents = read(options.data / name / "corpus.jsonl")
                rag.ingest(Document.make(one["text"], one["id"], title=one["title"]) for one in documents)
            rows = sampled(read(options.data / name / "qa.jsonl"), options.questions)
            print(name, flush=True)
            result[name] = measured(index, rows, options.model)
        options.out.write_text(json.dumps(result, indent=1, allow_nan=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
