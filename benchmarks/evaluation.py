"""Every evaluation set through the product with all defaults, and one set under ablation and stress.

    python -m benchmarks.evaluation DATA --work FOLDER

Each set is ingested into an index of its own and asked in full; what was done stays in FOLDER, so a stopped
run goes on. Graded judgements gain 5 − code, and the paper a query was drawn from is left out of its ranking.
Writes benchmarks/results/evaluation.json and prints the tables of docs/results.md.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from rag import Rag
from rag.evaluate import Case, QuestionSet, Run, read_questions
from rag.evaluate.ablation import ablation
from rag.evaluate.stress import stressed

SETS = (
    *("squad-dev-a", "nq-lost-in-the-middle", "cranfield", "lihua-world"),
    *("rgb-en-a", "rgb-zh-a", "acronyms-a", "files"),
)
SHOWN = ("nDCG@10", "R@10", "Correct", "Contains", "F1", "CiteP", "Answered", "AbstainP", "AbstainR")


def questions(folder: Path) -> QuestionSet:
    """The questions of a set, with grades as gains where there are grades."""
    found = read_questions(folder / "qa.jsonl")
    return QuestionSet(folder.name, tuple(graded(case) for case in found))


def graded(case: Case) -> Case:
    grades, drawn_from = case.meta.get("grades"), case.meta.get("source_document")
    gains = {one: 5.0 - code for one, code in grades.items()} if grades else case.relevant
    return replace(case, relevant=gains, left_out=(drawn_from,) if drawn_from else ())


def corpus(folder: Path) -> Path:
    return folder / "files" if (folder / "files").is_dir() else folder / "corpus.jsonl"


def table(runs: Iterable[Run]) -> str:
    lines = [f"| set | questions | {' | '.join(SHOWN)} | ms |", f"|---|{'---|' * (len(SHOWN) + 2)}"]
    for run in runs:
        cells = []
        for name in SHOWN:
            mean = run.summary.get(name)
            cells.append(f"{mean.mean:.3f} ({mean.low:.3f}–{mean.high:.3f})" if mean else "")
        ms = run.cost["total"]["median"]
        lines.append(f"| {run.questions.name} | {len(run.questions)} | {' | '.join(cells)} | {ms:.0f} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--sets", nargs="+", default=list(SETS))
    parser.add_argument("--hard", default="squad-dev-a", help="the set of the ablation and the stress test")
    parser.add_argument("--hard-limit", type=int, default=300, help="its questions in each variant")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/evaluation.json"))
    options = parser.parse_args()
    result: dict[str, Any] = json.loads(options.out.read_text()) if options.out.exists() else {}
    runs = []
    for name in options.sets:
        folder = options.data / name
        with Rag(options.work / name / "index") as rag:
            run = rag.evaluate(questions(folder), corpus=corpus(folder))
        runs.append(run)
        result.setdefault("sets", {})[name] = {**run.to_dict(), "groups": None, "folder": None}
        print(run, flush=True)
        options.out.write_text(json.dumps(result, indent=1) + "\n")
    print(table(runs), flush=True)
    if not options.hard:
        return
    folder = options.data / options.hard
    with Rag(options.work / options.hard / "index") as rag:
        given = {"corpus": corpus(folder), "limit": options.hard_limit}
        for name, work in (("stress", stressed), ("ablation", ablation)):
            found = work(rag, questions(folder), **given)
            result[name] = {**found.to_dict(), "folder": None}
            print(found, flush=True)
            options.out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
