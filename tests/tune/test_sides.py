"""Whole documents are held out, and nothing of them is learned from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pytest

from rag.errors import ConfigError
from rag.evaluate import Case
from rag.tune.sides import sides

LONG = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"


def texts(known: Mapping[str, str]) -> object:
    def given(names: Iterable[str]) -> Mapping[str, str]:
        return {name: known.get(name, f"text of {name}") for name in names}

    return given


def questions(documents: int, each: int = 3) -> list[Case]:
    return [
        Case(f"{document}-{n}", f"question {n} on {document}?", ("a",), {f"d{document}": 1.0})
        for document in range(documents)
        for n in range(each)
    ]


def test_no_document_is_on_both_sides() -> None:
    cases = [*questions(60), Case("both", "and both?", ("a",), {"d1": 1.0, "d2": 1.0, "d3": 1.0})]
    found = sides(cases, 0.4, texts({}))  # type: ignore[arg-type]
    learned = {name for case in found.train for name in case.relevant}
    assert not learned & found.barred
    assert found.barred == {name for case in found.held for name in case.relevant}
    assert 0.4 <= len(found.held) / len(cases) < 0.5
    assert {case.id for case in found.train}.isdisjoint(case.id for case in found.held)


def test_the_same_documents_are_held_out_whatever_the_order() -> None:
    cases = questions(60)
    assert sides(cases, 0.4, texts({})).barred == sides(cases[::-1], 0.4, texts({})).barred  # type: ignore[arg-type]


def test_duplicates_across_the_sides_are_refused() -> None:
    cases = questions(60)
    first = sides(cases, 0.4, texts({}))  # type: ignore[arg-type]
    held, learned = first.held[0], first.train[0]
    again = Case("again", held.question.upper(), ("a",), learned.relevant)
    copies = {next(iter(held.relevant)): f"{LONG} end", next(iter(learned.relevant)): f"{LONG} finish"}
    found = sides([*cases, again], 0.4, texts(copies))  # type: ignore[arg-type]
    assert found.refused == {
        "asked on both sides": 1,
        "with held-out documents alone": 0,
        "on copies of held-out text": 3,
    }
    assert "again" not in {case.id for case in found.train}
    assert not {name for case in found.train for name in case.relevant} & set(learned.relevant)


def test_too_few_questions_say_how_many_would_do() -> None:
    with pytest.raises(ConfigError, match=r"10 questions are too few: .* about \d+ questions would do"):
        sides(questions(10, 1), 0.4, texts({}))  # type: ignore[arg-type]


def test_the_share_has_to_be_one() -> None:
    with pytest.raises(ConfigError, match="held-out is 1, expected between 0 and 1"):
        sides(questions(60), 1.0, texts({}))  # type: ignore[arg-type]
