"""A language model as judge: whether an answer says what a reference answer says, in whatever words.

Off unless named, and never the only measure: a judge errs, and prefers what sounds like itself. So its
verdicts stand beside the measures of words, and the report tells how far it agrees with `Contains`, as a
share and as Cohen's κ = (p − pₑ) / (1 − pₑ), with pₑ the agreement of two who decide by chance at the same
rates. Only answers to answerable questions are shown to it; one that was declined is not right. Its replies
are JSON of one shape; what has another shape is no verdict. Verdicts are journalled with the outcomes.
Source: Zheng et al., Judging LLM-as-a-Judge with MT-Bench and Chatbot Arena; Cohen, A Coefficient of
Agreement for Nominal Scales.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rag.counts import counted
from rag.errors import ConfigError, ModelError
from rag.evaluate.measures import Measure, measure
from rag.evaluate.questions.cases import Case, QuestionSet
from rag.llm.chat import ChatModel, Message
from rag.llm.structured import shape, structured
from rag.pipeline.parts import model_of
from rag.prompts import fill, load_prompt
from rag.prompts.data import harmless
from rag.types import stable_id

from .outcome import Outcome, Verdict
from .score import right

if TYPE_CHECKING:
    from rag.pipeline.pipeline import Pipeline

NAME = "Judge"
"""The measure's name."""
_SHAPE = shape(reason={"type": "string", "maxLength": 120}, verdict={"enum": ["right", "wrong"]})
_DELIMITERS = tuple(f"<{slash}{tag}" for slash in ("", "/") for tag in ("question", "references", "answer"))
_MAX_TOKENS = 120
_LEAST_READ = 0.5  # share of replies that have to be verdicts


class Judge:
    """Asks a model for verdicts by a prompt, the name of a packaged file or a path."""

    def __init__(self, model: ChatModel, prompt: str | Path = "judge") -> None:
        self._model = model
        self._prompt = load_prompt(prompt, ("question", "answers", "answer"))
        self.name = f"{model.name} ({stable_id(self._prompt.system, self._prompt.user)[:6]})"

    def __call__(self, case: Case, outcome: Outcome) -> Verdict:
        """The verdict on an answer; `right` is None where the reply was none."""
        values = {
            "question": case.question,
            "answers": "\n".join(case.answers),
            "answer": outcome.text,
        }
        safe = {name: harmless(text, _DELIMITERS, self._model.control) for name, text in values.items()}
        messages = [Message("user", fill(self._prompt.user, safe))]
        if self._prompt.system:
            messages.insert(0, Message("system", self._prompt.system))
        reply = structured(self._model, messages, _SHAPE, max_tokens=_MAX_TOKENS)
        if reply is None:
            return Verdict(self.name, None, "the reply was no verdict")
        return Verdict(self.name, reply["verdict"] == "right", reply["reason"])


class Judging(NamedTuple):
    """Who judged how many answers, how many replies were no verdict, and how far it agrees with Contains."""

    judge: str
    judged: int
    unread: int
    agreement: float
    kappa: float

    def __str__(self) -> str:
        unread = f"; {counted(self.unread, 'reply was', 'replies were')} no verdict" if self.unread else ""
        return (
            f"judge {self.judge}: {counted(self.judged, 'answer')}, agrees with Contains on "
            f"{self.agreement:.0%} (κ {self.kappa:.2f}){unread}"
        )


def judge_of(rag: Pipeline, named: str | Judge | ChatModel) -> Judge:
    """The judge of a name: the pipeline's own model, or one that `rag models` or a path knows."""
    if isinstance(named, Judge):
        return named
    if not isinstance(named, str):
        return Judge(named)
    return Judge(model_of(rag) if named == rag.settings.model.name else _named(rag, named))


def _named(rag: Pipeline, name: str) -> ChatModel:
    """A model by its name alone, with what the catalogue knows of it; the pipeline's own stays as it is."""
    from rag.config import ModelSettings
    from rag.llm.catalogue import completed
    from rag.llm.open import open_model

    settings = completed(ModelSettings(name=name), rag.settings.models)
    return open_model("", settings, offline=rag.offline)


def with_judge(measures: Sequence[Measure], *, judged: bool) -> list[Measure]:
    """The measures with the judge's among them, where there is a judge.

    Raises ConfigError for the judge's measure without a judge, or as the only one.
    """
    others = [measure for measure in measures if measure.base != NAME]
    if not judged and len(others) < len(measures):
        raise ConfigError(f"{NAME} needs a language model as judge: name one with --judge")
    if not others:
        raise ConfigError(
            f"{NAME} is no measure by itself, as judges err: name another beside it, such as F1"
        )
    return [*others, measure(NAME)] if judged else others


def judged(
    judge: Judge,
    questions: QuestionSet,
    outcomes: Sequence[Outcome],
    keep: Callable[[Outcome], None],
    report: Callable[[int, int], None],
) -> tuple[Outcome, ...]:
    """The outcomes with verdicts; `keep` is called with each new one, and earlier ones of this judge stay.

    Raises ModelError where most replies are no verdicts.
    """
    judged: list[Outcome] = []
    for case, outcome in zip(questions, outcomes, strict=True):
        known = outcome.verdict is not None and outcome.verdict.judge == judge.name
        if case.answers and outcome.text and not known:
            outcome = replace(outcome, verdict=judge(case, outcome))
            keep(outcome)
        judged.append(outcome)
        report(len(judged), len(questions))
    verdicts = [outcome.verdict.right for outcome in judged if outcome.verdict]
    read = sum(right is not None for right in verdicts)
    if verdicts and read < _LEAST_READ * len(verdicts):
        raise ModelError(
            f"{judge.name} gave {counted(read, 'verdict')} in {counted(len(verdicts), 'reply', 'replies')}: "
            "judge by another model, one that "
            "follows instructions"
        )
    return tuple(judged)


def judging(questions: QuestionSet, outcomes: Sequence[Outcome]) -> Judging | None:
    """What is to be said of the judge of a run; None where there was none."""
    pairs = [
        (case, outcome, outcome.verdict)
        for case, outcome in zip(questions, outcomes, strict=True)
        if outcome.verdict
    ]
    if not pairs:
        return None
    read = [(v.right, right(case, outcome.text)) for case, outcome, v in pairs if v.right is not None]
    n = len(read) or 1
    agreement = sum(judged == other for judged, other in read) / n
    share, held = sum(bool(verdict) for verdict, _ in read) / n, sum(other for _, other in read) / n
    chance = share * held + (1 - share) * (1 - held)
    kappa = (agreement - chance) / (1 - chance) if chance < 1 else 1.0
    return Judging(pairs[0][2].judge, len(pairs), len(pairs) - len(read), agreement, kappa)
