"""`rag eval` and `rag why` on the command line: options in, one call into `rag.evaluate`, rendered out.

`rag eval QA` is `rag eval run QA`; `rag eval make` writes a question set. Exit codes are those of `rag`,
and 1 where a figure is out of its bounds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, Protocol

import typer
from typer.core import TyperGroup

from rag.errors import ConfigError

from .common import DEFAULT_INDEX, AsJson, Index, K, Offline, Store, opened, reported

if TYPE_CHECKING:
    from rag import Rag
    from rag.evaluate import Comparison, Run
    from rag.evaluate.experiments.bounds import Check

_GATE = {"worse": 1, "undecided": 4}  # exit codes
WHY_EXAMPLES = (
    "Examples:\n\n    rag why 'How long is a session?' --answer 'thirty minutes'\n\n"
    "    rag why q17 --qa questions.jsonl"
)


class _RunByDefault(TyperGroup):
    """What is no command of the group is what `run` is to be called with."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in (*self.commands, "-h", "--help"):
            args = ["run", *args]
        return super().parse_args(ctx, args)


eval_app = typer.Typer(
    cls=_RunByDefault,
    no_args_is_help=True,
    help="Measure the pipeline on your own questions: `rag eval QA`, or `rag eval make` to have some made.",
)
Corpus = Annotated[
    Path | None, typer.Option("--corpus", help="Ask these documents instead; they get an index of their own.")
]


@eval_app.command(
    "run",
    epilog="Examples:\n\n    rag eval questions.jsonl\n\n"
    "    rag eval qa.jsonl --corpus corpus.jsonl --limit 200\n\n"
    "    rag eval qa.jsonl --compare default 'search.retrieve=dense'\n\n"
    "    rag eval qa.jsonl --tests bounds.toml\n\n"
    "    rag eval qa.jsonl --modes --tuned 'model.adapter=tuned'",
)
def eval_run(
    questions: Annotated[
        Path, typer.Argument(metavar="QA", help="JSONL, CSV, SQuAD JSON, a BEIR folder, or TREC topics.")
    ],
    index: Index = DEFAULT_INDEX,
    store: Store = None,
    corpus: Corpus = None,
    qrels: Annotated[Path | None, typer.Option("--qrels", help="Judgements of TREC topics.")] = None,
    measure: Annotated[
        list[str] | None, typer.Option("--measure", help="A measure, such as nDCG@10 or F1; may be repeated.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="At most this many questions, taken evenly.")
    ] = None,
    k: K = None,
    seed: Annotated[int, typer.Option("--seed", help="Seed of all that is drawn at random.")] = 0,
    out: Annotated[Path | None, typer.Option("--out", help="Folder of the run.")] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Ask again what an earlier run has already asked.")
    ] = False,
    workers: Annotated[
        int, typer.Option("--workers", min=0, help="Questions asked in parallel; 0: one per core.")
    ] = 0,
    compare: Annotated[
        tuple[str, str] | None,
        typer.Option(
            "--compare",
            metavar="A B",
            help="Compare two runs, settings files or settings, question by question.",
        ),
    ] = None,
    ablate: Annotated[bool, typer.Option("--ablate", help="What each stage gains and costs.")] = False,
    stress: Annotated[bool, typer.Option("--stress", help="Noise, order, poison: what still holds.")] = False,
    curve: Annotated[
        str | None,
        typer.Option("--curve", metavar="K,K,…", help="Answers over the number of hits: 1,2,5,10,20."),
    ] = None,
    reorder: Annotated[
        str | None,
        typer.Option("--reorder", help="With --curve: orders of the hits to try, comma-separated."),
    ] = None,
    modes: Annotated[bool, typer.Option("--modes", help="Closed book, retrieval alone, both.")] = False,
    tuned: Annotated[
        str | None,
        typer.Option("--tuned", help="With --modes: settings, or a file of them, to compare with the rest."),
    ] = None,
    judge: Annotated[
        str | None, typer.Option("--judge", help="A language model that judges answers, by name or path.")
    ] = None,
    tests: Annotated[
        Path | None, typer.Option("--tests", help="File of bounds; exit code 1 if one is not kept.")
    ] = None,
    offline: Offline = False,
    as_json: AsJson = False,
) -> None:
    """Ask every question of a set, and show what came back: figures with intervals, and a report to read."""
    from . import live, render

    given: dict[str, Any] = {"corpus": corpus, "limit": limit, "k": k, "seed": seed, "fresh": fresh}
    given |= {"out": out, "workers": workers, "qrels": qrels, "measures": measure or None}
    given |= {"tuned": tuned, "judge": judge, "reorder": reorder}
    task = Task(compare=compare, ablate=ablate, stress=stress, modes=modes, tests=tests, curve=curve)
    with reported(as_json), opened(index, {}, store=store, offline=offline) as rag:
        with live.progress(quiet=as_json) as shown:
            result = evaluated(rag, questions, task, {**given, "progress": shown})
        render.result(result, as_json=as_json)
        if not result.passed:
            raise typer.Exit(1)


@eval_app.command(
    "gate",
    epilog="Examples:\n\n    rag eval run qa.jsonl --out baseline\n\n"
    "    rag eval gate qa.jsonl --baseline baseline --junit gate.xml --markdown gate.md",
)
def eval_gate(
    questions: Annotated[Path, typer.Argument(metavar="QA", help="The question set of the baseline.")],
    baseline: Annotated[
        Path, typer.Option("--baseline", help="The kept run: its folder, or run.json in it.")
    ],
    index: Index = DEFAULT_INDEX,
    store: Store = None,
    corpus: Corpus = None,
    min_effect: Annotated[float, typer.Option("--min-effect", help="The smallest drop that matters.")] = 0.02,
    measure: Annotated[
        list[str] | None,
        typer.Option("--measure", help="A measure that counts, such as Correct; may be repeated."),
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="At most this many questions, taken evenly.")
    ] = None,
    k: K = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder of the run.")] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Ask again what an earlier run has already asked.")
    ] = False,
    workers: Annotated[
        int, typer.Option("--workers", min=0, help="Questions asked in parallel; 0: one per core.")
    ] = 0,
    allow_other: Annotated[
        bool, typer.Option("--allow-other", help="Compare although documents or questions differ.")
    ] = False,
    junit: Annotated[Path | None, typer.Option("--junit", help="Write the verdicts as JUnit XML.")] = None,
    markdown: Annotated[
        Path | None, typer.Option("--markdown", help="Write them as a Markdown table.")
    ] = None,
    offline: Offline = False,
    as_json: AsJson = False,
) -> None:
    """Compare the pipeline with a kept run. Exit code 1: something is proven worse; 4: undecided."""
    from rag.evaluate.gate import gate
    from rag.evaluate.measures import DEFAULT
    from rag.evaluate.measures import measure as named
    from rag.evaluate.result import Run
    from rag.evaluate.run import evaluate

    from . import live, render

    counted = [named(name).name for name in measure or ()]
    given: dict[str, Any] = {"corpus": corpus, "limit": limit, "k": k, "out": out, "fresh": fresh}
    given |= {"workers": workers, "measures": tuple(dict.fromkeys([*DEFAULT, *counted]))}
    with reported(as_json), opened(index, {}, store=store, offline=offline) as rag:
        kept = Run.load(baseline.parent if baseline.name == "run.json" else baseline)
        with live.progress(quiet=as_json) as shown:
            run = evaluate(rag, questions, progress=shown, **given)
        gated = gate(kept, run, measures=counted, min_effect=min_effect, allow_other=allow_other)
        for path, text in ((junit, gated.junit), (markdown, gated.markdown)):
            if path is not None:
                path.write_text(text(), "utf-8")
        render.result(gated, as_json=as_json)
        if not gated.passed:
            raise typer.Exit(_GATE[gated.verdict])


@eval_app.command(
    "needles",
    epilog="Examples:\n\n    rag eval needles\n\n    rag eval needles --tokens 500,2000,8000 --depth 0,100",
)
def eval_needles(
    index: Index = DEFAULT_INDEX,
    store: Store = None,
    tokens: Annotated[
        str, typer.Option("--tokens", metavar="N,N,…", help="Lengths of the context.")
    ] = "500,1000,2000,4000",
    depth: Annotated[
        str, typer.Option("--depth", metavar="P,P,…", help="Where the fact stands: 0 first, 100 last.")
    ] = "0,50,100",
    wording: Annotated[
        list[str] | None,
        typer.Option("--wording", help="literal, reworded, keys or chain; may be repeated."),
    ] = None,
    number: Annotated[int, typer.Option("--number", min=1, help="Needles of each kind.")] = 3,
    seed: Annotated[int, typer.Option("--seed", help="Seed of all that is drawn at random.")] = 0,
    model: Annotated[
        str | None, typer.Option("--model", "-m", help="A language model, by name or path.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder of the report.")] = None,
    offline: Offline = False,
    as_json: AsJson = False,
) -> None:
    """Hide facts in longer and longer contexts: how much text the generator can use."""
    from rag.evaluate.experiments.needles import WORDINGS, needles, parsed

    from . import live, render

    settings = {"model.name": model, "ask.generate": "model" if model else None}
    with reported(as_json), opened(index, settings, store=store, offline=offline) as rag:
        depths = [share / 100 for share in parsed(depth, "--depth", float)]
        with live.progress(quiet=as_json) as shown:
            found = needles(
                rag,
                list(parsed(tokens, "--tokens", int)),
                depths,
                tuple(wording or WORDINGS),
                number=number,
                seed=seed,
                out=out,
                progress=shown,
            )
        render.result(found, as_json=as_json)


@eval_app.command(
    "make",
    epilog="Examples:\n\n    rag eval make questions.jsonl\n\n"
    "    rag eval make q.jsonl --number 200 --model small\n\n"
    "    rag eval make reworded.jsonl --paraphrase questions.jsonl --model small",
)
def eval_make(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write the questions (JSONL).")],
    index: Index = DEFAULT_INDEX,
    store: Store = None,
    number: Annotated[int, typer.Option("--number", min=1, help="Questions wanted.")] = 100,
    unanswerable: Annotated[
        float, typer.Option("--unanswerable", min=0, max=1, help="Share of them without an answer.")
    ] = 0.2,
    seed: Annotated[int, typer.Option("--seed", help="Seed of all that is drawn at random.")] = 0,
    model: Annotated[
        str | None, typer.Option("--model", "-m", help="A language model that writes them, by name or path.")
    ] = None,
    paraphrase: Annotated[
        Path | None,
        typer.Option("--paraphrase", help="Write this set again, each question in other words too."),
    ] = None,
    offline: Offline = False,
    as_json: AsJson = False,
) -> None:
    """Write questions about your own documents, each checked to be answerable; edit the file as you like."""
    from rag.evaluate.questions import make as making

    from . import live, render

    with reported(as_json), opened(index, {"model.name": model}, store=store, offline=offline) as rag:
        with live.progress(quiet=as_json) as shown:
            if paraphrase:
                made = making.paraphrase(rag, path, paraphrase, progress=shown)
            else:
                made = making.make(
                    rag, path, number=number, unanswerable=unanswerable, seed=seed, progress=shown
                )
        render.result(made, as_json=as_json)


@eval_app.command("from-feedback", epilog="Example:\n\n    rag eval from-feedback feedback.jsonl")
def eval_from_feedback(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write the questions (JSONL).")],
    index: Index = DEFAULT_INDEX,
    store: Store = None,
    as_json: AsJson = False,
) -> None:
    """Write a question set from what was rated with `rag good` and corrected with `rag correct`."""
    from rag.evaluate.questions.from_feedback import from_feedback

    from . import render

    with reported(as_json), opened(index, {}, store=store) as rag:
        render.result(from_feedback(rag, path), as_json=as_json)


@eval_app.command("label", epilog="Example:\n\n    rag eval label asked.txt label.jsonl --number 20")
def eval_label(
    questions: Annotated[
        Path, typer.Argument(metavar="QUESTIONS", help="Questions, one per line, or JSONL.")
    ],
    path: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write those to judge (JSONL).")],
    index: Index = DEFAULT_INDEX,
    store: Store = None,
    number: Annotated[int, typer.Option("--number", min=1, help="Questions wanted.")] = 20,
    offline: Offline = False,
    as_json: AsJson = False,
) -> None:
    """Choose the questions most worth judging: doubtful ones that stand for many others."""
    from rag.evaluate.questions.label import label

    from . import live, render

    with reported(as_json), opened(index, {}, store=store, offline=offline) as rag:
        with live.progress(quiet=as_json) as shown:
            made = label(rag, questions, path, number=number, progress=shown)
        render.result(made, as_json=as_json)


def why(
    question: Annotated[
        str, typer.Argument(metavar="QUESTION", help="A question, or the id of one in --qa.")
    ],
    index: Index = DEFAULT_INDEX,
    store: Store = None,
    answer: Annotated[
        list[str] | None, typer.Option("--answer", "-a", help="The right answer; may be repeated.")
    ] = None,
    qa: Annotated[Path | None, typer.Option("--qa", help="The question set that holds the id.")] = None,
    corpus: Corpus = None,
    k: K = None,
    offline: Offline = False,
    as_json: AsJson = False,
) -> None:
    """Find the stage that lost an answer, with the evidence and the smallest change that brings it back."""
    from rag.evaluate.why import explained

    from . import render

    with reported(as_json), opened(index, {}, store=store, offline=offline) as rag:
        lost = explained(rag, question, answers=answer or (), qa=qa, corpus=corpus, k=k)
        render.result(lost, as_json=as_json)


# ------------------------------------------------------------------------------------------ tasks


class Outcome(Protocol):
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
    curve: str | None = None


@dataclass(frozen=True, slots=True)
class Tested:
    """A run and the bounds it was held against."""

    run: "Run"
    checks: tuple["Check", ...]

    @property
    def passed(self) -> bool:
        return all(check.passed for check in self.checks)

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        rows = [
            {**check.bound._asdict(), "value": check.value, "passed": check.passed} for check in self.checks
        ]
        return {**self.run.to_dict(), "passed": self.passed, "tests": rows}

    def __str__(self) -> str:
        rows = [f"{'ok    ' if check.passed else 'failed'}  {check}" for check in self.checks]
        return "\n".join([str(self.run), "", *rows])


def evaluated(rag: "Rag", questions: Path, task: Task, options: Mapping[str, Any]) -> Outcome:
    """One of the tasks of `rag eval`. Raises ConfigError where more than one is asked for."""
    given = {name: value for name, value in options.items() if value is not None}
    if sum(value not in (None, False) for value in task) > 1:
        raise ConfigError(f"one task at a time: give only one of --{', --'.join(Task._fields)}")
    if "tuned" in given and not task.modes:
        raise ConfigError("--tuned sets settings beside the modes: give --modes with it")
    if "reorder" in given and not task.curve:
        raise ConfigError("--reorder names orders for the curve: give --curve with it")
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
    if task.curve:
        from rag.evaluate.experiments.passages import passages

        orders = [order.strip() for order in str(given.pop("reorder", "")).split(",") if order.strip()]
        return passages(rag, questions, _numbers(task.curve), orders, **given)
    if task.modes:
        from rag.evaluate.experiments.modes import side_by_side

        return side_by_side(rag, questions, **given)
    from rag.evaluate.run import evaluate

    return evaluate(rag, questions, **given)


def _numbers(text: str) -> list[int]:
    try:
        return [int(number) for number in text.split(",")]
    except ValueError:
        raise ConfigError(f"--curve is {text!r}, expected numbers of hits such as 1,2,5,10") from None


def compared(rag: "Rag", questions: Path, two: tuple[str, str], options: Mapping[str, Any]) -> "Comparison":
    """Two runs, each saved before or made now."""
    from rag.evaluate.paired import compare
    from rag.evaluate.result import Run
    from rag.evaluate.run import evaluate
    from rag.evaluate.running.configs import configured

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


def tested(rag: "Rag", questions: Path, bounds: Path, options: Mapping[str, Any]) -> Tested:
    """A run held against the bounds of a file; what the file names is measured too."""
    from rag.evaluate.experiments.bounds import check, measured_by, read_bounds
    from rag.evaluate.measures import DEFAULT, measure
    from rag.evaluate.run import evaluate

    wanted = read_bounds(bounds)
    named = [measure(name).name for name in options.get("measures", DEFAULT)]
    measures = tuple(dict.fromkeys([*named, *measured_by(wanted)]))
    run = evaluate(rag, questions, **{**options, "measures": measures})
    return Tested(run, tuple(check(run, wanted)))
