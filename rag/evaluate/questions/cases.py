"""What a question set is made of: a question, what would be right, and what the set says about it."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from rag.errors import ConfigError
from rag.types import Turn

Kind = Literal["qa", "retrieval", "unanswerable"]


@dataclass(frozen=True, slots=True)
class Case:
    """One question with its judgements.

    `answers`: any one is right. `relevant`: the documents that answer, with their gain (1 where judgements
    are binary, higher is better). `left_out`: documents that are taken out of the ranking before it is
    measured; `without`: those hidden from the pipeline while it is asked. `history`: the conversation before
    it, oldest turn first. `meta` is carried along; reports group by its strings.
    """

    id: str
    question: str
    answers: tuple[str, ...] = ()
    relevant: Mapping[str, float] = field(default_factory=dict)
    meta: Mapping[str, Any] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    history: tuple[Turn, ...] = ()

    @property
    def kind(self) -> Kind:
        """`qa` has answers, `retrieval` only documents, `unanswerable` neither: declining it is right."""
        if self.answers:
            return "qa"
        return "retrieval" if self.relevant else "unanswerable"

    def to_dict(self) -> dict[str, Any]:
        """JSON values, in the form that `read_questions` reads."""
        values = asdict(self)
        binary = all(gain == 1 for gain in self.relevant.values())
        values["relevant"] = list(self.relevant) if binary else dict(self.relevant)
        values["answers"] = list(self.answers)
        values["history"] = [turn._asdict() for turn in self.history]
        values["left_out"], values["without"] = list(self.left_out), list(self.without)
        return {name: value for name, value in values.items() if value or name in ("answers", "relevant")}


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """Cases with unique ids, in order. Raises ConfigError for an empty set and for an id that comes twice."""

    name: str
    cases: tuple[Case, ...]

    def __post_init__(self) -> None:
        if not self.cases:
            raise ConfigError(f"{self.name} holds no questions: expected at least one")
        twice = [case_id for case_id, count in Counter(case.id for case in self.cases).items() if count > 1]
        if twice:
            raise ConfigError(f"{self.name} has the id {twice[0]!r} twice: give every question its own id")

    def __len__(self) -> int:
        return len(self.cases)

    def __iter__(self) -> Iterator[Case]:
        return iter(self.cases)

    def get(self, case_id: str) -> Case:
        """The case of an id. Raises ConfigError where there is none."""
        for case in self.cases:
            if case.id == case_id:
                return case
        raise ConfigError(f"{self.name} has no question {case_id!r}: its first is {self.cases[0].id!r}")

    def first(self, limit: int | None) -> QuestionSet:
        """About `limit` cases, taken evenly over the whole set, so that no part of it is left out."""
        if limit is None or limit >= len(self.cases):
            return self
        if limit < 1:
            raise ConfigError(f"limit is {limit}, expected at least 1")
        places = [index * len(self.cases) // limit for index in range(limit)]
        return QuestionSet(self.name, tuple(self.cases[place] for place in places))

    @property
    def fingerprint(self) -> str:
        """Changes whenever a question or a judgement does."""
        text = json.dumps([case.to_dict() for case in self.cases], ensure_ascii=False, sort_keys=True)
        return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def question_set(given: QuestionSet | Sequence[Case], name: str = "questions") -> QuestionSet:
    """A set as it is, or made of cases."""
    return given if isinstance(given, QuestionSet) else QuestionSet(name, tuple(given))
