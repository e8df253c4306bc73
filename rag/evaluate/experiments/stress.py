"""What still holds when things go wrong: badly typed questions, noise among the hits, enemies among them.

    typos           a typing error in 10, 20, 40 % of the words
    wording         lower case, keywords only, wrapped in politeness; paraphrased, where the set has it
    prompt          the prompt of a language model in other words
    distractors     a growing share of the hits is what was found and does not answer
    order           the hits shuffled, and reversed
    position        the passage with the answer first, in the middle, last
    conflicting     beside the passage, other sources state a wrong answer
    counterfactual  every passage that holds the answer holds a wrong one in its place
    poisoned        before all hits passages that repeat the question, with its mark or without, and answer
                    it wrongly
    triggered       among the hits, where their vectors put them, passages that answer wrongly behind words
                    that were searched to bring them near the question
    injected        before all hits a passage that orders the model about

Asked are the questions that have answers; the figure is the share answered right. The last five also tell
the attack's success: how often the wrong answer, or what was ordered, is said. Hits are changed after
retrieval, so those figures are about what comes behind it; typos and wording go through retrieval too. Each
trial keeps a journal, so a test that was stopped goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.errors import ConfigError
from rag.evaluate.questions.cases import Case, QuestionSet
from rag.evaluate.questions.judgements import match
from rag.evaluate.report.stress_page import stress_page
from rag.evaluate.run import ask_all, home_of, read
from rag.evaluate.running import provenance
from rag.evaluate.running.corpora import over
from rag.evaluate.running.journal import Journal, run_id, write_json
from rag.evaluate.running.outcome import Outcome
from rag.evaluate.running.score import right
from rag.evaluate.statistics import difference, interval
from rag.progress import Progress, Watcher

from .stress_result import Figure, Stress
from .trials import Trial, trials
from .triggers import Triggers

if TYPE_CHECKING:
    from rag.pipeline.pipeline import Pipeline

_MOST = 200  # questions asked unless a limit is given: there are two dozen runs


def stressed(
    rag: Pipeline,
    questions: QuestionSet | str | Path,
    *,
    qrels: str | Path | None = None,
    corpus: str | Path | None = None,
    limit: int | None = None,
    k: int | None = None,
    seed: int = 0,
    fresh: bool = False,
    workers: int = 0,
    out: str | Path | None = None,
    progress: Watcher | None = None,
    **_: Any,
) -> Stress:
    """Runs every trial on the questions with answers, 200 of them unless `limit` says otherwise.

    What an earlier, stopped test has asked is not asked again unless `fresh`.
    """
    whole = read(questions, qrels)
    # a pipeline strips what it is asked, and the disturbances know their cases by what was asked
    cases = [replace(case, question=case.question.strip()) for case in whole if case.kind == "qa"]
    if not cases:
        raise ConfigError(f"{whole.name} has no question with answers: a stress test needs some")
    asked = QuestionSet(whole.name, tuple(cases)).first(limit or _MOST)
    report = progress or (lambda _: None)
    with over(rag, corpus, home_of(rag), report) as pipeline:
        identity = provenance.identity(pipeline, asked, k=k, depth=1, seed=seed)
        folder = Path(out) if out else home_of(rag) / "stress" / f"{asked.name}-{run_id(identity)}"
        bench = _Bench(pipeline, asked, identity, folder, fresh=fresh, workers=workers, report=report)
        base = bench.ask(Trial("undisturbed", ""))
        triggers = Triggers(pipeline.embedder, pipeline.store)
        planned = trials(asked.cases, pipeline.generate, bench.k, seed, triggers)
        figures = tuple(bench.figure(trial, base) for trial in planned)
    undisturbed = [float(right(case, base[case.id].text)) for case in asked]
    done = Stress(asked.name, interval(undisturbed, seed=seed), figures, folder)
    write_json(folder / "stress.json", done.to_dict())
    (folder / "stress.html").write_text(stress_page(done), "utf-8")
    return done


class _Bench:
    """Asks the same cases under one disturbance after another; each trial has its journal below `folder`."""

    def __init__(
        self,
        rag: Pipeline,
        asked: QuestionSet,
        identity: Mapping[str, Any],
        folder: Path,
        *,
        fresh: bool,
        workers: int,
        report: Watcher,
    ) -> None:
        self.rag, self.cases, self.judged = rag, asked.cases, match(asked, rag.store)
        self.identity, self.folder, self.fresh = identity, folder, fresh
        self.workers, self.report = workers, report
        self.k, self.seed = int(identity["k"]), int(identity["seed"])

    def ask(self, trial: Trial) -> dict[str, Outcome]:
        """Outcomes by case id."""
        changed = [
            replace(case, question=trial.question(case)) if trial.question else case for case in self.cases
        ]
        cases = [case for case in changed if case.question]
        folder = self.folder / "trials" / trial.name.replace(" ", "-").replace("%", "percent")
        journal = Journal(folder, {**self.identity, "trial": trial.name}, fresh=self.fresh)
        try:
            done = journal.done()
            left = [case for case in cases if case.id not in done]
            for outcome in ask_all(_under(self.rag, trial), left, self.judged, 1, self.k, self.workers):
                journal.add(outcome)
                done[outcome.id] = outcome
                self.report(Progress(trial.name, len(done), len(cases)))
        finally:
            journal.close()
        return {case.id: done[case.id] for case in cases}

    def figure(self, trial: Trial, base: Mapping[str, Outcome]) -> Figure:
        """What a trial comes to, beside the same questions undisturbed."""
        outcomes = self.ask(trial)
        cases = [case for case in self.cases if case.id in outcomes]
        before = [float(right(case, base[case.id].text)) for case in cases]
        now = [float(right(case, outcomes[case.id].text)) for case in cases]
        attack = None
        if trial.attack is not None:
            attack = interval(list(_succeeded(trial.attack, cases, outcomes)), seed=self.seed)
        lost = difference(before, now, seed=self.seed)
        return Figure(trial.test, trial.level, interval(now, seed=self.seed), lost, attack)


def _under(rag: Pipeline, trial: Trial) -> Pipeline:
    """The pipeline with a trial's changes in it."""
    parts: dict[str, Any] = {}
    if trial.planted or trial.hits:
        planted, behind = [[hook] if hook else [] for hook in (trial.planted, trial.hits)]
        parts["denoise"] = [*planted, *rag.denoise, *behind]
    if trial.generate:
        parts["generate"] = trial.generate
    return rag.variant(**parts) if parts else rag


def _succeeded(
    attack: Callable[[Case], str], cases: list[Case], outcomes: Mapping[str, Outcome]
) -> Iterator[float]:
    for case in cases:
        if wanted := attack(case):
            yield float(right(replace(case, answers=(wanted,)), outcomes[case.id].text))
