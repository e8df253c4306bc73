"""Every evaluation set through the product with all defaults, and one set under ablation, stress and modes.

    python -m benchmarks.evaluation DATA --work FOLDER --hard-limit 200

Each set is ingested into an index of its own and asked in full; what was done stays in FOLDER, so the same
command goes on where it was stopped. Graded judgements gain 5 − code, and the paper a query was drawn from is
left out of its ranking. `--tuned` sets other settings beside the defaults, in the modes. Writes
benchmarks/results/evaluation.json after each part, and prints the tables of docs/results.md.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from rag import Rag
from rag.evaluate import Case, Mean, QuestionSet, Run, read_questions
from rag.evaluate.experiments.ablation import ablation
from rag.evaluate.experiments.ablation_result import Ablation
from rag.evaluate.experiments.modes import Modes, side_by_side
from rag.evaluate.experiments.stress import stressed
from rag.evaluate.experiments.stress_result import Stress
from rag.evaluate.running.journal import write_json

SETS = (
    *("squad-dev-a", "nq-lost-in-the-middle", "cranfield", "lihua-world"),
    *("rgb-en-a", "rgb-zh-a", "acronyms-a", "files"),
)
SHOWN = (
    *("nDCG@10", "R@10", "Correct", "Contains", "EM", "F1"),
    *("CiteP", "Support", "Answered", "AbstainP", "AbstainR"),
)
PARTS = ("stress", "modes", "ablation")  # of the hard set, the shortest first


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


def markdown(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table as the pages have it."""
    names = list(head)
    return "\n".join(f"| {' | '.join(row)} |" for row in ([*names], ["---"] * len(names), *rows))


def interval(mean: Mean | None) -> str:
    return f"{mean.mean:.3f} [{mean.low:.3f}, {mean.high:.3f}]" if mean else ""


def of_sets(runs: Iterable[Run]) -> str:
    rows = (
        (
            f"`{run.questions.name}`",
            f"{len(run.questions):,}",
            *(interval(run.summary.get(name)) for name in SHOWN),
            f"{run.cost['total']['median']:.0f}",
        )
        for run in runs
    )
    return markdown(("set", "n", *SHOWN, "ms"), rows)


def of_stress(found: Stress) -> str:
    rows = (
        (
            one.test,
            one.level,
            f"{one.right.mean:.3f}",
            f"{one.lost.mean:+.3f}",
            f"{one.lost.low:+.3f} to {one.lost.high:+.3f}",
            f"{one.attack.mean:.3f}" if one.attack else "",
        )
        for one in found.figures
    )
    head = ("disturbance", "level", "right", "change", "95 % interval", "attack succeeds")
    return f"undisturbed {interval(found.base)}\n\n{markdown(head, rows)}"


def of_ablation(found: Ablation) -> str:
    rows = (
        (
            one.variant.name,
            f"{one.row.b:.3f}",
            f"{one.row.difference.mean:+.3f}",
            f"{one.row.difference.low:+.3f} to {one.row.difference.high:+.3f}",
            f"{one.holm:.3f}",
            f"{one.ms.mean:+.0f} [{one.ms.low:+.0f}, {one.ms.high:+.0f}]",
        )
        for one in sorted(found.effects, key=lambda one: -one.row.difference.mean)
    )
    skipped = "".join(f"\nnot tried: {name} ({reason})" for name, reason in found.skipped.items())
    head = ("variant", found.measure, "gain", "95 % interval", "p (Holm)", "ms")
    return f"{markdown(head, rows)}{skipped}"


def of_modes(found: Modes) -> str:
    shown = [name for name in SHOWN if any(name in run.summary for run in found.runs.values())]
    rows = (
        (mode, *(interval(run.summary.get(name)) for name in shown), f"{run.cost['total']['median']:.0f}")
        for mode, run in found.runs.items()
    )
    skipped = "".join(f"\nnot run: {name} ({reason})" for name, reason in found.skipped.items())
    return f"{markdown(('mode', *shown, 'ms'), rows)}{skipped}"


def main() -> None:
    options = arguments()
    result: dict[str, Any] = json.loads(options.out.read_text()) if options.out.exists() else {}
    runs = []
    for name in options.sets:
        began = time.perf_counter()
        folder = options.data / name
        with Rag(options.work / name / "index") as rag:
            run = rag.evaluate(questions(folder), corpus=corpus(folder))
        runs.append(run)
        result.setdefault("sets", {})[name] = {**run.to_dict(), "groups": None, "folder": None}
        keep(options.out, result, f"{name}: {time.perf_counter() - began:.0f} s with ingest\n{run}")
    if runs:
        print(of_sets(runs), flush=True)
    for part in options.parts if options.hard else ():
        folder = options.data / options.hard
        asked, given = questions(folder), {"corpus": corpus(folder), "limit": options.hard_limit}
        began = time.perf_counter()
        with Rag(options.work / options.hard / "index") as rag:
            found, told = hard(part, rag, asked, given, options.tuned)
        result[part] = {**found.to_dict(), "folder": None}
        keep(options.out, result, f"{part}: {time.perf_counter() - began:.0f} s\n{found}\n\n{told}")


def hard(
    part: str, rag: Rag, asked: QuestionSet, given: dict[str, Any], tuned: str | None
) -> tuple[Stress | Modes | Ablation, str]:
    """One part of the hard set, and its table."""
    if part == "stress":
        stress = stressed(rag, asked, **given)
        return stress, of_stress(stress)
    if part == "modes":
        modes = side_by_side(rag, asked, tuned=tuned, **given)
        return modes, of_modes(modes)
    found = ablation(rag, asked, **given)
    return found, of_ablation(found)


def keep(path: Path, result: dict[str, Any], told: str) -> None:
    """Writes what there is so far, so that a stopped run loses nothing."""
    write_json(path, placeless(result))
    print(f"{told}\n", flush=True)


def placeless(value: Any) -> Any:
    """The same without the folders that runs were kept in: they are those of one machine."""
    if isinstance(value, dict):
        return {key: None if key == "folder" else placeless(one) for key, one in value.items()}
    return [placeless(one) for one in value] if isinstance(value, list | tuple) else value


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--sets", nargs="*", default=list(SETS))
    parser.add_argument("--hard", default="squad-dev-a", help="the set of the parts")
    parser.add_argument("--hard-limit", type=int, default=300, help="its questions in each variant")
    parser.add_argument("--parts", nargs="*", default=list(PARTS), choices=PARTS)
    parser.add_argument("--tuned", help="settings, or a file of them, that the modes set beside the defaults")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/evaluation.json"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
