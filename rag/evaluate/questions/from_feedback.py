"""A question set from what people said of answers: `rag good`, `rag bad`, `rag correct`.

    good        the answer's own words are right, and what it cited is relevant
    corrected   the correction is right; what was cited is not known to be relevant
    bad         left out: that an answer was wrong does not say what is right

Sources of notes are never relevant: a set is to measure what the documents give.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from rag.augment.ratings import NAME as RATINGS
from rag.augment.ratings import ratings
from rag.counts import counted
from rag.denoise.corrections import NOTE
from rag.denoise.corrections import read as corrections
from rag.errors import ConfigError
from rag.evaluate.questions.cases import Case
from rag.pipeline.pipeline import Pipeline


class FromFeedback(NamedTuple):
    """What was written: questions with a right answer, and bad ones without a correction, left out."""

    path: Path
    questions: int
    left_out: tuple[str, ...]

    @property
    def passed(self) -> bool:
        return True

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {"path": str(self.path), "questions": self.questions, "left_out": list(self.left_out)}

    def __str__(self) -> str:
        summary = f"{counted(self.questions, 'question')} in {self.path}"
        if not self.left_out:
            return summary
        return f"{summary}; left out, bad without a `rag correct`: {' · '.join(self.left_out)}"


def from_feedback(rag: Pipeline, path: Path) -> FromFeedback:
    """Writes the set. Raises ConfigError where there is a file already, or nothing to make one of."""
    if path.exists():
        raise ConfigError(f"{path} exists: choose another name, or move it away")
    cases, left_out = cases_of(rag)
    if not cases:
        raise ConfigError(
            f"nothing is right by {rag.home / RATINGS} or a correction: rate answers with `rag good QUESTION`"
        )
    rows = (json.dumps(case.to_dict(), ensure_ascii=False) + "\n" for case in cases)
    path.write_text("".join(rows), "utf-8")
    return FromFeedback(path, len(cases), tuple(left_out))


def cases_of(rag: Pipeline) -> tuple[list[Case], list[str]]:
    """The cases, in the order of the ratings and then of the corrections, and the questions left out."""
    corrected = _texts(rag, corrections(rag.home))
    cases: dict[str, Case] = {}
    left_out = []
    for rating in ratings(rag.home):
        if rating.question in corrected:
            continue
        if not rating.good:
            left_out.append(rating.question)
            continue
        relevant = dict.fromkeys((name for name in rating.sources if not name.startswith(f"{NOTE}:")), 1.0)
        cases[rating.question] = Case(
            f"f{len(cases) + 1}",
            rating.question,
            (rating.short or rating.answer,),
            relevant,
            {"from": "good"},
        )
    for question, answer in corrected.items():
        cases[question] = Case(f"f{len(cases) + 1}", question, (answer,), meta={"from": "corrected"})
    return list(cases.values()), left_out


def _texts(rag: Pipeline, known: dict[str, str]) -> dict[str, str]:
    """Question → the text of its note, of those that are still stored."""
    if not known:
        return {}
    ids = {info.source: info.id for info in rag.store.documents() if info.source.startswith(f"{NOTE}:")}
    texts = {document.source: document.text for document in rag.store.load(list(ids.values()))}
    return {question: texts[source] for question, source in known.items() if source in texts}
