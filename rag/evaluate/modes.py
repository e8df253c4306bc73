"""What retrieval and generation each are worth: the same questions, side by side.

closed book        the generator without any hit: what it knows by itself (writing generators only)
retrieval only     the text of the best hit as the answer: what a plain search would show
all                the pipeline as configured
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.errors import RagError
from rag.generate import Quote, Told
from rag.trace import name_of
from rag.types import Hit, Question

from .cases import QuestionSet
from .corpora import over
from .journal import write_json
from .paired import Comparison, compare
from .result import Run
from .run import Step, evaluate, home_of, read
from .tables import aligned

if TYPE_CHECKING:
    from rag.rag import Rag

_SHOWN = ("Correct", "Contains", "F1", "CiteP", "AbstainR", "nDCG@10")


@dataclass(frozen=True, slots=True)
class Modes:
    """The runs by mode, `all` last; `skipped` says why a mode could not be run."""

    runs: dict[str, Run]
    skipped: dict[str, str]

    @property
    def passed(self) -> bool:
        """There is nothing to fail."""
        return True

    @property
    def gains(self) -> dict[str, Comparison]:
        """What the whole pipeline gains over each other mode."""
        whole = self.runs["all"]
        return {name: compare(run, whole, (name, "all")) for name, run in self.runs.items() if name != "all"}

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "modes": {name: run.to_dict() for name, run in self.runs.items()},
            "gains": {name: comparison.to_dict() for name, comparison in self.gains.items()},
            "skipped": self.skipped,
        }

    def __str__(self) -> str:
        shown = [name for name in _SHOWN if any(name in run.summary for run in self.runs.values())]
        rows = [
            (mode, *(_told(run, name) for name in shown), f"{run.cost['total']['mean']:.0f} ms")
            for mode, run in self.runs.items()
        ]
        lines = [aligned([("mode", *shown, "time"), *rows]), ""]
        for mode, comparison in self.gains.items():
            for row in comparison.rows:
                if row.measure == "Contains":
                    found = row.difference
                    lines.append(
                        f"all − {mode}: Contains {found.mean:+.3f} [{found.low:+.3f}, {found.high:+.3f}], "
                        f"p = {found.p:.4f}"
                    )
        lines += [f"not run: {name} ({reason})" for name, reason in self.skipped.items()]
        return "\n".join(lines)


def side_by_side(
    rag: Rag,
    questions: QuestionSet | str | Path,
    *,
    qrels: str | Path | None = None,
    corpus: str | Path | None = None,
    out: str | Path | None = None,
    progress: Callable[[Step], None] | None = None,
    **options: Any,
) -> Modes:
    """Runs every mode. Options are those of `evaluate`."""
    asked = read(questions, qrels)
    told = progress or (lambda _: None)
    runs: dict[str, Run] = {}
    skipped: dict[str, str] = {}
    with over(rag, corpus, home_of(rag), told) as pipeline:
        for name, variant in _modes(pipeline):
            folder = Path(out) / name.replace(" ", "-") if out else None
            try:
                if name == "closed book" and not list(
                    variant.generate(Question(asked.cases[0].question), ())
                ):
                    skipped[name] = f"{name_of(pipeline.generate)} answers from hits alone"
                    continue
                runs[name] = evaluate(variant, asked, out=folder, progress=progress, **options)
            except RagError as error:
                if name == "all":
                    raise
                skipped[name] = str(error).partition("\n")[0]
    done = Modes(runs, skipped)
    write_json((Path(out) if out else runs["all"].folder or home_of(rag)) / "modes.json", done.to_dict())
    return done


def _modes(rag: Rag) -> list[tuple[str, Rag]]:
    generate = rag.generate

    def closed_book(question: Question, hits: Sequence[Hit]) -> Iterable[str | Quote | Told]:
        return generate(question, ())

    def best_hit(question: Question, hits: Sequence[Hit]) -> list[Quote]:
        return [Quote(0, 0, len(hits[0].chunk.text), 1.0)] if hits else []

    return [
        ("closed book", rag.variant(generate=closed_book, ground=[])),
        ("retrieval only", rag.variant(generate=best_hit, ground=[])),
        ("all", rag),
    ]


def _told(run: Run, name: str) -> str:
    mean = run.summary.get(name)
    return f"{mean.mean:.3f}" if mean else ""
