"""One evaluation: every question of a set through the pipeline, journalled, then measured."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from rag.cores import cores
from rag.errors import ConfigError, StoreError
from rag.evaluate.questions.cases import Case, QuestionSet, question_set
from rag.evaluate.questions.formats import corpus_of, read_questions
from rag.evaluate.questions.judgements import Judged, match
from rag.evaluate.running.corpora import over
from rag.evaluate.running.journal import Journal, run_id
from rag.evaluate.running.judge import Judge, judge_of, judged, with_judge
from rag.evaluate.running.load import watching
from rag.evaluate.running.outcome import Outcome, observe
from rag.options import Count, Whole, checked_options
from rag.pipeline.parts import has_stage, stages_of
from rag.progress import Progress, Watcher

from .measures import DEFAULT, Measure, measure
from .result import Run
from .running import provenance

if TYPE_CHECKING:
    from rag.llm.chat import ChatModel
    from rag.pipeline.pipeline import Pipeline

_ALL = 100  # documents ranked for measures without a cutoff


class RunOptions(TypedDict, total=False):
    """Those options of `evaluate` that say how one set is asked and measured."""

    measures: Sequence[str]
    limit: Count | None
    k: Count | None
    seed: int
    fresh: bool
    workers: Whole
    judge: str | Judge | ChatModel | None


class Options(RunOptions, total=False):
    """The options of `evaluate`, which says what each means."""

    qrels: str | Path | None
    corpus: str | Path | None
    out: str | Path | None
    progress: Watcher | None


def evaluate(
    rag: Pipeline,
    questions: QuestionSet | Sequence[Case] | str | Path,
    *,
    qrels: str | Path | None = None,
    corpus: str | Path | None = None,
    measures: Sequence[str] = DEFAULT,
    limit: int | None = None,
    k: int | None = None,
    seed: int = 0,
    out: str | Path | None = None,
    fresh: bool = False,
    workers: int = 0,
    judge: str | Judge | ChatModel | None = None,
    progress: Watcher | None = None,
) -> Run:
    """Asks every question, measures what comes back, and keeps both in a folder.

    `questions`: a set, cases, or a path (`qrels` with TREC topics). `corpus`: documents to ask in the place
    of the index's; they get an index of their own, kept for the next time. `limit`: that many questions,
    taken evenly. `k`: hits a question, else the setting. `out`: the folder, else one below `.rag-eval/`
    beside the index; a run that was stopped goes on there, and a finished one is not asked again unless
    `fresh`. `workers`: questions asked side by side, else one a core. `seed` is that of the resampling.
    `judge`: a language model, by name or as it is, that judges answers beside the other measures; a finished
    run can be judged, or judged by another, without being asked again.

    Raises ConfigError for malformed questions, names or options, StoreError where there is no index.
    """
    given = {"measures": measures, "limit": limit, "k": k, "seed": seed, "fresh": fresh, "workers": workers}
    measures = checked_options("evaluate", given, Options)["measures"]
    asked = read(questions, qrels).first(limit)
    judge = None if judge is None else judge_of(rag, judge)  # opened before the long run, to fail at once
    named = with_judge([measure(name) for name in measures], judged=judge is not None)
    report = progress or (lambda _: None)
    home = home_of(rag)
    with over(rag, corpus, home, report) as pipeline:
        if not pipeline.exists:
            raise StoreError(
                f"there is no index at {rag.origin.place}: run `rag ingest PATH` first{_hint(questions)}"
            )
        pipeline = talking(pipeline, asked)
        documents = match(asked, pipeline.store)
        _refuse_foreign(asked, documents, _hint(questions))
        depth = _depth(named)
        identity = provenance.identity(pipeline, asked, k=k, depth=depth, seed=seed)
        folder = Path(out) if out else home / "runs" / f"{asked.name}-{run_id(identity)}"
        journal = Journal(folder, identity, fresh=fresh)
        began = time.perf_counter()
        try:
            with watching() as watched:
                outcomes = _asked(pipeline, asked, documents, journal, depth, k, workers, report)
            if judge is not None:

                def judging(done: int, of: int) -> None:
                    report(Progress("judging", done, of))

                outcomes = judged(judge, asked, outcomes, journal.add, judging)
        finally:
            journal.close()
        run = Run(
            questions=asked,
            outcomes=outcomes,
            measures=tuple(named),
            identity=identity,
            setting=provenance.setting()
            | {"memory_peak_mb": _peak_mb(), "other_processes": watched.load.others},
            missing=tuple(sorted(documents.missing)),
            folder=folder,
            seconds=time.perf_counter() - began,
        )
        run.save(folder)
        return run


def read(
    questions: QuestionSet | Sequence[Case] | str | Path, qrels: str | Path | None = None
) -> QuestionSet:
    """A set from whatever it is given as."""
    if isinstance(questions, str | Path):
        return read_questions(questions, qrels)
    return question_set(questions)


def talking(rag: Pipeline, questions: QuestionSet) -> Pipeline:
    """The pipeline as `rag chat` has it, with the stage `history`, where a question follows on others."""
    augment = [stage for kind, stage in stages_of(rag) if kind == "augment"]
    if has_stage(rag, "augment", "history") or not any(case.history for case in questions):
        return rag
    return rag.variant(augment=["history", *augment])


def home_of(rag: Pipeline) -> Path:
    """Where evaluations of an index are kept: `.rag-eval` beside it."""
    return home_beside(rag.index)


def home_beside(index: Path) -> Path:
    """The same, of the index in a folder."""
    return Path(os.path.abspath(index)).parent / ".rag-eval"  # noqa: PTH100 (resolve() would follow links)


def ask_all(
    rag: Pipeline,
    cases: Sequence[Case],
    judged: Judged,
    depth: int = 10,
    k: int | None = None,
    workers: int = 0,
) -> Iterator[Outcome]:
    """The outcomes of cases as they are done, in any order. Each case is asked in a thread of its own."""
    threads = min(workers or cores(), len(cases))
    _ready(rag)
    if threads <= 1:
        yield from (observe(rag, case, judged, depth, k) for case in cases)
        return
    with ThreadPoolExecutor(threads, thread_name_prefix="rag-eval") as pool:
        pending = iter(cases)
        running = [pool.submit(observe, rag, case, judged, depth, k) for case in _take(pending, 2 * threads)]
        try:
            while running:
                yield running.pop(0).result()
                running += [pool.submit(observe, rag, case, judged, depth, k) for case in _take(pending, 1)]
        finally:
            for future in running:
                future.cancel()


def _asked(
    rag: Pipeline,
    questions: QuestionSet,
    judged: Judged,
    journal: Journal,
    depth: int,
    k: int | None,
    workers: int,
    report: Watcher,
) -> tuple[Outcome, ...]:
    """Outcomes in the order of the questions; those in the journal are not asked again."""
    done = journal.done()
    left = [case for case in questions if case.id not in done]
    report(Progress("asking", len(questions) - len(left), len(questions)))
    for outcome in ask_all(rag, left, judged, depth, k, workers):
        journal.add(outcome)
        done[outcome.id] = outcome
        report(Progress("asking", len(done), len(questions)))
    return tuple(done[case.id] for case in questions)


def _ready(rag: Pipeline) -> None:
    """Makes every part once, before several threads ask for them."""
    for kind in ("store", "embedder", "augment", "retrieve", "denoise", "reorder", "generate", "ground"):
        getattr(rag, kind)


def _take(cases: Iterator[Case], count: int) -> list[Case]:
    return [case for _, case in zip(range(count), cases, strict=False)]


def _depth(measures: Sequence[Measure]) -> int:
    return max((measure.k or _ALL for measure in measures if measure.family == "retrieval"), default=1)


def _refuse_foreign(questions: QuestionSet, judged: Judged, hint: str) -> None:
    """Judgements of which none is in the index were made for another one."""
    if judged.missing and not judged.names:
        example = next(iter(sorted(judged.missing)))
        raise ConfigError(
            f"none of the relevant documents of {questions.name} is in the index, {example!r} for one: "
            f"expected sources as `rag ls` shows them{hint}"
        )


def _hint(questions: object) -> str:
    beside = corpus_of(questions) if isinstance(questions, str | Path) else None
    return f"; or give --corpus {beside}" if beside else ""


def _peak_mb() -> int:
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
