"""What came of a run: figures with intervals, by group and by question; saved, loaded, compared, drawn."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.counts import counted
from rag.errors import ConfigError, MissingExtra
from rag.evaluate.questions.cases import QuestionSet
from rag.evaluate.questions.formats import read_questions
from rag.evaluate.report.page import page
from rag.evaluate.report.tables import aligned

from .figures import Figures
from .measures import meaning, measure
from .paired import Comparison, compare
from .running import journal
from .running.load import Load

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Run(Figures):
    """An evaluated question set.

    run = rag.evaluate("qa.jsonl")
    print(run)
    run.summary["Correct"]           # Mean(mean, low, high, n)
    run.to_pandas()                  # a row a question
    """

    def compare(self, other: Run) -> Comparison:
        """What another run gains over this one, question by question."""
        return compare(self, other)

    def to_dict(self) -> dict[str, Any]:
        """JSON values: figures, groups, cost and provenance, without the single questions."""
        return {
            "questions": len(self.questions),
            "measures": {name: mean._asdict() for name, mean in self.summary.items()},
            "groups": {
                name: {value: {m: mean._asdict() for m, mean in row.items()} for value, row in rows.items()}
                for name, rows in self.groups.items()
            },
            "calibration": {
                "ece": self.calibration.ece,
                "bins": [
                    {"confidence": filled.confidence, "right": filled.right._asdict()}
                    for filled in self.calibration.bins
                ],
            },
            "risk_coverage": {"aurc": self.curve.aurc, "best": self.curve.best, "random": self.curve.random},
            "judge": self.judging._asdict() if self.judging else None,
            "cost": self.cost,
            "seconds": round(self.seconds, 3),
            "missing": list(self.missing),
            "setting": dict(self.setting),
            "folder": None if self.folder is None else str(self.folder),
        }

    def to_pandas(self) -> pd.DataFrame:
        """A table with a row a question and a column a score. Raises MissingExtra without pandas."""
        try:
            import pandas as pd
        except ImportError:
            raise MissingExtra("a table", "eval") from None
        rows = [{**row, **row["scores"]} for row in self.rows()]
        return pd.DataFrame(rows).drop(columns="scores").set_index("id")

    def plots(self) -> dict[str, Figure]:
        """Figures of matplotlib by name. Raises MissingExtra without matplotlib."""
        from rag.evaluate.report.plots import figures

        return figures(self)

    def save(self, folder: str | Path) -> Path:
        """Writes the folder of the run (see `running/journal.py`) and returns the path of the report."""
        path = Path(folder)
        path.mkdir(parents=True, exist_ok=True)
        about = {"id": journal.run_id(self.identity), "identity": dict(self.identity), **self.to_dict()}
        about["names"] = [measure.name for measure in self.measures]
        journal.write_json(path / journal.RUN, about)
        journal.write_lines(path / journal.OUTCOMES, (outcome.to_dict() for outcome in self.outcomes))
        journal.write_lines(path / journal.CASES, (case.to_dict() for case in self.questions))
        journal.write_lines(path / journal.QUESTIONS, self.rows())
        (path / journal.PAGE).write_text(page(self), "utf-8")
        return path / journal.PAGE

    @classmethod
    def load(cls, folder: str | Path) -> Run:
        """A saved run. Raises ConfigError where there is none, or where it was not finished."""
        path = Path(folder)
        about, outcomes = journal.read_run(path)
        if "names" not in about or not (path / journal.CASES).exists():
            raise ConfigError(f"the run in {path} was not finished: the same `rag eval` goes on with it")
        cases = read_questions(path / journal.CASES).cases
        return cls(
            questions=QuestionSet(about["identity"]["questions"]["name"], cases),
            outcomes=tuple(outcomes),
            measures=tuple(measure(name) for name in about["names"]),
            identity=about["identity"],
            setting=about["setting"],
            missing=tuple(about["missing"]),
            folder=path,
            seconds=about["seconds"],
        )

    @property
    def passed(self) -> bool:
        """A run alone has nothing to fail."""
        return True

    def __str__(self) -> str:
        rows = [
            (name, f"{mean.mean:.3f}", f"{mean.low:.3f} to {mean.high:.3f}", f"{mean.n:,}", meaning(name))
            for name, mean in self.summary.items()
        ]
        lines = [f"{self.questions.name}: {counted(len(self.questions), 'question')}", ""]
        lines.append(aligned([("measure", "mean", "95 % interval", "n", "what it says"), *rows]))
        if "total" in self.cost:
            total = self.cost["total"]
            lines.append(
                f"\n{total['mean']:.0f} ms a question (95 % interval {total['low']:.0f} to "
                f"{total['high']:.0f}), half within {total['median']:.0f} ms, 95 % within "
                f"{total['p95']:.0f} ms"
            )
            if (load := Load(self.setting.get("other_processes"))).busy:
                lines.append(str(load))
        if self.calibration.bins:
            lines.append(f"confidence is off by {self.calibration.ece:.3f} on average (ECE; 0 is best)")
        if self.judging:
            lines.append(str(self.judging))
        if self.missing:
            absent = counted(len(self.missing), "judged document is", "judged documents are")
            lines.append(f"{absent} not in the index: {self.missing[0]} …")
        if self.folder is not None:
            lines.append(f"report: {self.folder / journal.PAGE}")
        return "\n".join(lines)
