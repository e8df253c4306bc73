"""Typing errors in questions give way to words of the chunks that the question finds."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag import Rag
from rag.augment.spelling import correction, edits

COMMON = frozenset({"password", "replace", "monthly", "from"})


@pytest.mark.parametrize(
    ("one", "other", "count"),
    [
        ("seel", "seal", 1),
        ("form", "from", 1),  # two letters that changed places are one edit
        ("pasword", "password", 1),
        ("accomodaton", "accommodation", 2),
        ("seal", "sale", None),
        ("cat", "house", None),
    ],
)
def test_edits_are_counted_up_to_what_is_allowed(one: str, other: str, count: int | None) -> None:
    assert edits(one, other) == count


def test_words_of_the_chunks_go_before_common_words() -> None:
    assert correction("pasword", {"passwort": 2.0}, COMMON) == "password"
    assert correction("seel", {"seal": 1.0, "seen": 0.2}, COMMON) == "seal"
    assert correction("Rostok", {"rostock": 1.0}, COMMON) == "Rostock"


def test_known_words_and_names_that_nothing_has_stay() -> None:
    assert correction("seal", {"seal": 1.0}, COMMON) is None
    assert correction("replace", {}, COMMON) is None
    assert correction("Replase", {}, COMMON) is None  # a name may be spelt in any way
    assert correction("qwxzyv", {"seal": 1.0}, COMMON) is None


def test_a_question_is_asked_as_it_was_meant(tmp_path: Path) -> None:
    (tmp_path / "rules.md").write_text("# Rules\n\nPasswords have at least 14 characters.\n")
    with Rag(tmp_path / "index", augment=["spelling"], ground=[]) as rag:
        rag.ingest(tmp_path / "rules.md")
        answer = rag.ask("how meny caracters has a pasword")
        assert "14" in answer.text
        assert answer.notes == ("Read as: how many characters has a password",)
        (record,) = [one for one in answer.trace if one.name == "spelling"]
        assert record.detail["corrected"]["pasword"] == "password"
        assert rag.ask("how many characters has a password").notes == ()


def test_another_form_of_a_word_that_stands_there_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "fees.md").write_text("# Fees\n\nThe fee for a spay is EUR 90.\n", "utf-8")
    with Rag(tmp_path / ".rag") as rag:
        rag.ingest(tmp_path)
        assert not rag.ask("What is the fee for spaying?").notes
        assert rag.ask("What is the fee for a spya?").notes == ("Read as: What is the fee for a spay?",)


def test_words_of_another_language_are_no_errors(tmp_path: Path) -> None:
    (tmp_path / "rules.md").write_text(
        "# Warm clothes\n\nRoll up the carpets. Gloves are only worn with photographs, not with books.\n",
        "utf-8",
    )
    with Rag(tmp_path / ".rag") as rag:
        rag.ingest(tmp_path)
        assert not rag.ask("Warum soll man bei Büchern keine Handschuhe tragen?").notes
