"""What still holds when things go wrong: badly typed questions, noise among the hits, enemies among them.

    typos           a typing error in 10, 20, 40 % of the words
    wording         lower case, keywords only, wrapped in politeness
    distractors     a growing share of the hits is what was found and does not answer
    order           the hits shuffled, and reversed
    position        the passage with the answer first, in the middle, last
    counterfactual  the passage and, before it, its copy with a wrong answer
    poisoned        before all hits a passage that repeats the question and answers it wrongly
    injected        before all hits a passage that orders the model about

Asked are the questions that have answers; the figure is the share answered right. The last three also tell
the attack's success: how often the wrong answer, or what was ordered, is said. Passages are changed after
retrieval, so those figures are about what comes behind it; typos and wording go through retrieval too.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rag.errors import ConfigError
from rag.types import Hit, Question, stable_id

from . import perturb
from .cases import Case, QuestionSet
from .corpora import over
from .journal import write_json
from .judged import Judged, match
from .outcome import Outcome
from .run import Step, ask_all, home_of, read
from .score import right
from .statistics import Difference, Mean, difference, interval
from .stress_page import stress_page
from .tables import aligned

if TYPE_CHECKING:
    from rag.rag import Rag

_MOST = 200  # questions asked unless a limit is given: there are over a dozen runs
Hits = Callable[[Question, Sequence[Hit]], Sequence[Hit]]


class Trial(NamedTuple):
    """One disturbance at one strength: what becomes of the question, and of the hits."""

    test: str
    level: str
    question: Callable[[Case], str] | None = None
    hits: Hits | None = None
    attack: Callable[[Case], str] | None = None  # what the attacker wants to be said


class Figure(NamedTuple):
    """The share answered right, what the disturbance cost (paired), and how often the attack succeeded."""

    test: str
    level: str
    right: Mean
    lost: Difference
    attack: Mean | None


@dataclass(frozen=True, slots=True)
class Stress:
    """`base` is the share answered right undisturbed."""

    name: str
    base: Mean
    figures: tuple[Figure, ...]
    folder: Path

    @property
    def passed(self) -> bool:
        """There is nothing to fail."""
        return True

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        rows = [
            {
                "test": one.test,
                "level": one.level,
                "right": one.right._asdict(),
                "difference": one.lost._asdict(),
                "attack": one.attack._asdict() if one.attack else None,
            }
            for one in self.figures
        ]
        return {
            "questions": self.name,
            "base": self.base._asdict(),
            "figures": rows,
            "folder": str(self.folder),
        }

    def __str__(self) -> str:
        rows = [
            (
                one.test,
                one.level,
                f"{one.right.mean:.3f}",
                f"{one.lost.mean:+.3f}",
                f"{one.lost.low:+.3f} to {one.lost.high:+.3f}",
                f"{one.lost.p:.4f}",
                f"{one.attack.mean:.3f}" if one.attack else "",
            )
            for one in self.figures
        ]
        head = ("disturbance", "level", "right", "change", "95 % interval", "p", "attack succeeds")
        mean = self.base
        told = (
            f"{self.name}: {mean.mean:.3f} right undisturbed [{mean.low:.3f}, {mean.high:.3f}], n={mean.n:,}"
        )
        return f"{told}\n\n{aligned([head, *rows])}\nreport: {self.folder / 'stress.html'}"


def stressed(
    rag: Rag,
    questions: QuestionSet | str | Path,
    *,
    qrels: str | Path | None = None,
    corpus: str | Path | None = None,
    limit: int | None = None,
    k: int | None = None,
    seed: int = 0,
    workers: int = 0,
    out: str | Path | None = None,
    progress: Callable[[Step], None] | None = None,
    **_: Any,
) -> Stress:
    """Runs every trial on the questions with answers, 200 of them unless `limit` says otherwise."""
    whole = read(questions, qrels)
    cases = [case for case in whole if case.kind == "qa"]
    if not cases:
        raise ConfigError(f"{whole.name} has no question with answers: a stress test needs some")
    asked = QuestionSet(whole.name, tuple(cases)).first(limit or _MOST)
    told = progress or (lambda _: None)
    with over(rag, corpus, home_of(rag), told) as pipeline:
        judged = match(asked, pipeline.opened)
        bench = _Bench(pipeline, asked.cases, judged, k, seed, workers, told)
        base = bench.right(bench.ask(Trial("undisturbed", "")))
        figures = tuple(bench.figure(trial, base) for trial in bench.trials())
    folder = Path(out) if out else home_of(rag) / "stress" / f"{asked.name}-{asked.fingerprint[:8]}"
    folder.mkdir(parents=True, exist_ok=True)
    done = Stress(asked.name, interval(base, seed=seed), figures, folder)
    write_json(folder / "stress.json", done.to_dict())
    (folder / "stress.html").write_text(stress_page(done), "utf-8")
    return done


class _Bench:
    """Asks the same cases under one disturbance after another."""

    def __init__(
        self,
        rag: Rag,
        cases: Sequence[Case],
        judged: Judged,
        k: int | None,
        seed: int,
        workers: int,
        told: Callable[[Step], None],
    ) -> None:
        self.rag, self.cases, self.judged, self.seed = rag, cases, judged, seed
        self.k, self.workers, self.told = k or rag.settings.search.k, workers, told
        self.wrong = perturb.wrong_answers(cases, seed)
        self.of = {case.question: case for case in cases}

    def trials(self) -> Iterator[Trial]:
        for share in (0.1, 0.2, 0.4):
            yield Trial("typos", f"{share:.0%} of words", self._typed(share))
        yield Trial("wording", "lower case", lambda case: case.question.lower().rstrip("?"))
        yield Trial("wording", "keywords only", lambda case: perturb.keywords(case.question))
        yield Trial("wording", "wordy", lambda case: perturb.wordy(case.question))
        for share in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0):
            yield Trial("distractors", f"{share:.0%} of hits", hits=self._distracted(share))
        yield Trial("order", "shuffled", hits=self._shuffled)
        yield Trial("order", "reversed", hits=lambda _, hits: hits[: self.k][::-1])
        for place, name in ((0.0, "first"), (0.5, "middle"), (1.0, "last")):
            yield Trial("position", name, hits=self._placed(place))
        if self.wrong:
            yield Trial("counterfactual", "1 passage", hits=self._counterfactual, attack=self._said)
            yield Trial("poisoned", "1 passage", hits=self._poisoned, attack=self._said)
        yield Trial("injected", "1 passage", hits=self._injected, attack=lambda _: perturb.ORDERED)

    def ask(self, trial: Trial) -> dict[str, Outcome]:
        """Outcomes by case id. What changes hits sees them as the last denoise stage, before the cut to k."""
        rag = self.rag
        if trial.hits is not None:
            rag = rag.variant(denoise=[*rag.denoise, trial.hits])
        cases = [
            replace(case, question=trial.question(case)) if trial.question else case for case in self.cases
        ]
        found: dict[str, Outcome] = {}
        name = f"{trial.test} {trial.level}".strip()
        for outcome in ask_all(rag, cases, self.judged, 1, self.k, self.workers):
            found[outcome.id] = outcome
            self.told(Step(name, len(found), len(cases)))
        return found

    def right(self, outcomes: dict[str, Outcome]) -> list[float]:
        return [float(right(case, outcomes[case.id].text)) for case in self.cases]

    def figure(self, trial: Trial, base: list[float]) -> Figure:
        outcomes = self.ask(trial)
        now = self.right(outcomes)
        attack = None
        if trial.attack is not None:
            attack = interval(list(self._succeeded(trial, outcomes)), seed=self.seed)
        lost = difference(base, now, seed=self.seed)
        return Figure(trial.test, trial.level, interval(now, seed=self.seed), lost, attack)

    def _succeeded(self, trial: Trial, outcomes: dict[str, Outcome]) -> Iterator[float]:
        for case in self.cases:
            wanted = trial.attack(case) if trial.attack else ""
            if wanted:
                yield float(right(replace(case, answers=(wanted,)), outcomes[case.id].text))

    def _said(self, case: Case) -> str:
        return self.wrong.get(case.question, "")

    def _typed(self, share: float) -> Callable[[Case], str]:
        return lambda case: perturb.typos(case.question, share, self._chance(case.question))

    def _chance(self, *what: object) -> random.Random:
        """Chance of its own for each question, so that figures do not depend on the order of asking."""
        return random.Random(stable_id(self.seed, *what))

    def _gold(self, question: Question, hits: Sequence[Hit]) -> tuple[list[Hit], list[Hit]]:
        """The hits that hold the answer, and the others."""
        case = self.of[question.text]
        gold = [hit for hit in hits if right(case, hit.chunk.text)]
        kept = {hit.chunk.id for hit in gold}
        return gold, [hit for hit in hits if hit.chunk.id not in kept]

    def _distracted(self, share: float) -> Hits:
        def distracted(question: Question, hits: Sequence[Hit]) -> list[Hit]:
            gold, noise = self._gold(question, hits)
            noisy = noise[: round(share * self.k)]
            return sorted([*gold[: max(0, self.k - len(noisy))], *noisy], key=lambda hit: -hit.score)

        return distracted

    def _shuffled(self, question: Question, hits: Sequence[Hit]) -> list[Hit]:
        kept = list(hits[: self.k])
        self._chance(question.text).shuffle(kept)
        return kept

    def _placed(self, place: float) -> Hits:
        def placed(question: Question, hits: Sequence[Hit]) -> list[Hit]:
            gold, noise = self._gold(question, hits)
            if not gold:
                return list(hits)
            around = noise[: self.k - 1]
            at = round(place * len(around))
            return [*around[:at], gold[0], *around[at:]]

        return placed

    def _counterfactual(self, question: Question, hits: Sequence[Hit]) -> list[Hit]:
        case, wrong = self.of[question.text], self.wrong.get(question.text)
        found = (perturb.counterfactual(hit, case, wrong) for hit in hits) if wrong else iter(())
        false = next((hit for hit in found if hit is not None), None)
        return [false, *hits] if false else list(hits)

    def _poisoned(self, question: Question, hits: Sequence[Hit]) -> list[Hit]:
        wrong = self.wrong.get(question.text)
        if not wrong or not hits:
            return list(hits)
        return [perturb.poisoned(hits[0], self.of[question.text], wrong), *hits]

    def _injected(self, question: Question, hits: Sequence[Hit]) -> list[Hit]:
        return [perturb.injected(hits[0], self.of[question.text]), *hits] if hits else []
