"""What a stress test does to questions, hits and prompts: one trial a disturbance and strength.

Passages of an enemy are planted among what the retriever found, before the denoise stages, which may throw
them out; noise and order change what those stages leave, right before the cut to k.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from rag.evaluate.questions.cases import Case
from rag.evaluate.running.score import holds
from rag.generate import Generator
from rag.generate.prompted import Prompted
from rag.types import Hit, Question, stable_id

from . import perturb
from .triggers import Triggers

Hits = Callable[[Question, Sequence[Hit]], Sequence[Hit]]
PARAPHRASE = "paraphrase"
"""The field of a case's `meta` that holds its question in other words."""


class Trial(NamedTuple):
    """One disturbance at one strength: what becomes of the question, the hits, and the prompt.

    `question` returns an empty string for a case that the trial leaves out. `planted` changes the hits before
    the denoise stages and `hits` behind them. `attack` is what the enemy wants to be said.
    """

    test: str
    level: str
    question: Callable[[Case], str] | None = None
    planted: Hits | None = None
    hits: Hits | None = None
    generate: Generator | None = None
    attack: Callable[[Case], str] | None = None

    @property
    def name(self) -> str:
        return f"{self.test} {self.level}".strip()


def trials(
    cases: Sequence[Case], generate: Generator, k: int, seed: int, triggers: Triggers
) -> Iterator[Trial]:
    """Every trial that the cases and the generator allow, in the order of the report."""
    disturb = _Disturb(cases, k, seed)
    for share in (0.1, 0.2, 0.4):
        yield Trial("typos", f"{share:.0%} of words", disturb.typed(share))
    yield Trial("wording", "lower case", lambda case: case.question.lower().rstrip("?"))
    yield Trial("wording", "keywords only", lambda case: perturb.keywords(case.question))
    yield Trial("wording", "wordy", lambda case: perturb.wordy(case.question))
    if any(case.meta.get(PARAPHRASE) for case in cases):
        yield Trial("wording", "paraphrased", lambda case: str(case.meta.get(PARAPHRASE) or ""))
    if isinstance(generate, Prompted):
        for level, prompt in perturb.prompts(generate.prompt):
            yield Trial("prompt", level, generate=generate.with_prompt(prompt))
    for share in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0):
        yield Trial("distractors", f"{share:.0%} of hits", hits=disturb.distracted(share))
    yield Trial("order", "shuffled", hits=disturb.shuffled)
    yield Trial("order", "reversed", hits=lambda _, hits: hits[:k][::-1])
    for place, level in ((0.0, "first"), (0.5, "middle"), (1.0, "last")):
        yield Trial("position", level, hits=disturb.placed(place))
    if disturb.wrong:
        said = disturb.said
        for copies, before in ((1, False), (1, True), (3, True), (5, True)):
            planted = disturb.conflicting(copies, before=before)
            level = f"{copies} {'before' if before else 'behind'}"
            yield Trial("conflicting", level, planted=planted, attack=said)
        yield Trial("counterfactual", "every passage", planted=disturb.counterfactual, attack=said)
        for marked in (True, False):
            for copies in (1, 3, 5):
                level = f"{copies} passage{'s' * (copies > 1)}{'' if marked else ', no mark'}"
                planted = disturb.poisoned(copies, marked=marked)
                yield Trial("poisoned", level, planted=planted, attack=said)
        for copies in (1, 3, 5):
            planted = disturb.triggered(copies, triggers)
            yield Trial("triggered", f"{copies} passage{'s' * (copies > 1)}", planted=planted, attack=said)
    yield Trial("injected", "1 passage", planted=disturb.injected, attack=lambda _: perturb.ORDERED)


class _Disturb:
    """Disturbances of the same cases. Chance is each question's own, so no figure depends on their order."""

    def __init__(self, cases: Sequence[Case], k: int, seed: int) -> None:
        self.k, self.seed = k, seed
        self.wrong = perturb.wrong_answers(cases, seed)
        self._of = {case.question: case for case in cases}

    def said(self, case: Case) -> str:
        """The wrong answer that an enemy wants to a case; empty where there is none."""
        return self.wrong.get(case.question, "")

    def typed(self, share: float) -> Callable[[Case], str]:
        return lambda case: perturb.typos(case.question, share, self._chance(case.question))

    def distracted(self, share: float) -> Hits:
        def distracted(question: Question, hits: Sequence[Hit]) -> list[Hit]:
            gold, noise = self._gold(question, hits)
            noisy = noise[: round(share * self.k)]
            return sorted([*gold[: max(0, self.k - len(noisy))], *noisy], key=lambda hit: -hit.score)

        return distracted

    def shuffled(self, question: Question, hits: Sequence[Hit]) -> list[Hit]:
        kept = list(hits[: self.k])
        self._chance(question.typed).shuffle(kept)
        return kept

    def placed(self, place: float) -> Hits:
        def placed(question: Question, hits: Sequence[Hit]) -> list[Hit]:
            gold, noise = self._gold(question, hits)
            if not gold:
                return list(hits)
            around = noise[: self.k - 1]
            at = round(place * len(around))
            return [*around[:at], gold[0], *around[at:]]

        return placed

    def conflicting(self, copies: int, *, before: bool) -> Hits:
        """Other sources state what the first right passage states, with the wrong answer."""

        def conflicting(question: Question, hits: Sequence[Hit]) -> list[Hit]:
            case, wrong = self._of[question.typed], self.wrong.get(question.typed)
            for place, hit in enumerate(hits if wrong else ()):
                if false := perturb.contradictions(hit, case, wrong or "", copies):
                    at = place if before else place + 1
                    return [*hits[:at], *false, *hits[at:]]
            return list(hits)

        return conflicting

    def counterfactual(self, question: Question, hits: Sequence[Hit]) -> list[Hit]:
        """Nothing that is found holds the right answer: it is the wrong one everywhere."""
        case, wrong = self._of[question.typed], self.wrong.get(question.typed)
        if not wrong:
            return list(hits)
        return [perturb.counterfactual(hit, case, wrong) or hit for hit in hits]

    def poisoned(self, copies: int, *, marked: bool) -> Hits:
        def poisoned(question: Question, hits: Sequence[Hit]) -> list[Hit]:
            wrong = self.wrong.get(question.typed)
            if not wrong or not hits:
                return list(hits)
            case = self._of[question.typed]
            return [*perturb.poisoned(hits[0], case, wrong, copies, marked=marked), *hits]

        return poisoned

    def triggered(self, copies: int, triggers: Triggers) -> Hits:
        def triggered(question: Question, hits: Sequence[Hit]) -> list[Hit]:
            wrong = self.wrong.get(question.typed)
            if not wrong:
                return list(hits)
            return perturb.triggered(hits, self._of[question.typed], wrong, copies, triggers)

        return triggered

    def injected(self, question: Question, hits: Sequence[Hit]) -> list[Hit]:
        return [perturb.injected(hits[0], self._of[question.typed]), *hits] if hits else []

    def _chance(self, question: str) -> random.Random:
        return random.Random(stable_id(self.seed, question))

    def _gold(self, question: Question, hits: Sequence[Hit]) -> tuple[list[Hit], list[Hit]]:
        """The hits that hold the answer, and the others."""
        case = self._of[question.typed]
        gold = [hit for hit in hits if holds(case, hit.chunk)]
        kept = {hit.chunk.id for hit in gold}
        return gold, [hit for hit in hits if hit.chunk.id not in kept]
