"""What `rag eval` and `rag why` do, by their options; what comes back tells itself as text or JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from rag.errors import ConfigError
from rag.evaluate.experiments.bounds import Check, check, measured_by, read_bounds
from rag.evaluate.questions.cases import Case
from rag.evaluate.running.configs import configured
from rag.evaluate.running.corpora import over

from .measures import DEFAULT, measure
from .paired import Comparison, compare
from .result import Run
from .run import evaluate, home_of, read
from .why import Why, why

if TYPE_CHECKING:
    from rag.rag import Rag


class Told(Protocol):
    """What a task comes back with: text by `str`, JSON by `to_dict`; `passed` decides the exit code."""

    @property
    def passed(self) -> bool: ...

    def to_dict(self) -> dict[str, Any]: ...


class Task(NamedTuple):
    """What is wanted beyond one run; at most one of them."""

    compare: tuple[str, str] | None = None
    ablate: bool = False
    stress: bool = False
    modes: bool = False
    tests: Path | None = None


@dataclass(frozen=True, slots=True)
class Tested:
    """A run and the bounds it was held against."""

    run: Run
    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        return all(one.passed for one in self.checks)

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        rows = [{**one.bound._asdict(), "value": one.value, "passed": one.passed} for one in self.checks]
        return {**self.run.to_dict(), "passed": self.passed, "tests": rows}

    def __str__(self) -> str:
        rows = [f"{'ok    ' if one.passed else 'failed'}  {one}" for one in self.checks]
        return "\n".join([str(self.run), "", *rows])


def evaluated(rag: Rag, questions: Path, task: Task, options: Mapping[str, Any]) -> Told:
    """One of the tasks of `rag eval`. Raises ConfigError where more than one is asked for."""
    given = {name: value for name, value in options.items() if value is not None}
    if sum(value not in (None, False) for value in task) > 1:
        raise ConfigError(f"one task at a time: give only one of --{', --'.join(Task._fields)}")
    if "tuned" in given and not task.modes:
        raise ConfigError("--tuned sets settings beside the modes: give --modes with it")
    if "judge" in given and task.stress:
        raise ConfigError("--stress counts answers that hold a reference, without a judge: leave --judge out")
    if task.compare:
        return compared(rag, questions, task.compare, given)
    if task.tests is not None:
        return tested(rag, questions, task.tests, given)
    if task.ablate:
        from rag.evaluate.experiments.ablation import ablation

        return ablation(rag, questions, **given)
    if task.stress:
        from rag.evaluate.experiments.stress import stressed

        return stressed(rag, questions, **given)
    if task.modes:
        from rag.evaluate.experiments.modes import side_by_side

        return side_by_side(rag, questions, **given)
    return evaluate(rag, questions, **given)


def compared(rag: Rag, questions: Path, two: tuple[str, str], options: Mapping[str, Any]) -> Comparison:
    """Two runs, each saved before or made now."""
    runs = []
    for text in two:
        if (Path(text) / "run.json").exists():
            runs.append(Run.load(text))
            continue
        pipeline = configured(rag, text, own_index=options.get("corpus") is not None)
        given = dict(options)
        if "out" in given:
            given["out"] = Path(given["out"]) / ("A" if not runs else "B")
        runs.append(evaluate(pipeline, questions, **given))
    return compare(runs[0], runs[1], two)


def tested(rag: Rag, questions: Path, bounds: Path, options: Mapping[str, Any]) -> Tested:
    """A run held against the bounds of a file; what the file names is measured too."""
    wanted = read_bounds(bounds)
    named = [measure(name).name for name in options.get("measures", DEFAULT)]
    measures = tuple(dict.fromkeys([*named, *measured_by(wanted)]))
    run = evaluate(rag, questions, **{**options, "measures": measures})
    return Tested(run, tuple(check(run, wanted)))


def explained(
    rag: Rag,
    question: str,
    *,
    answers: Sequence[str] = (),
    qa: Path | None = None,
    corpus: Path | None = None,
    k: int | None = None,
) -> Why:
    """Where the answer to a question was lost; `question` is an id where a set is given."""
    if qa is not None:
        case = read(qa).get(question)
        if answers:
            case = Case(case.id, case.question, tuple(answers), case.relevant, case.meta, case.left_out)
    else:
        case = Case("asked", question, tuple(answers))
    with over(rag, corpus, home_of(rag), lambda _: None) as pipeline:
        return why(pipeline, case, k)
