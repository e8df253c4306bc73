"""Filters on streams: what is held back, whatever the pieces are cut into."""

from __future__ import annotations

import pytest

from rag.generate.stream import behind, unless, until, without_reasoning


def pieces(text: str, size: int) -> list[str]:
    return [text[place : place + size] for place in range(0, len(text), size)]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_a_stop_ends_the_text_wherever_it_is_cut(size: int) -> None:
    assert "".join(until(pieces("one two STOP three", size), ["STOP"])) == "one two "
    assert "".join(until(pieces("one ST two", size), ["STOP"])) == "one ST two"
    assert "".join(until(pieces("ends in STO", size), ["STOP", ""])) == "ends in STO"
    assert "".join(until(pieces("a###b STOP", size), ["STOP", "###"])) == "a"


@pytest.mark.parametrize("size", [1, 4, 100])
def test_reasoning_is_left_out(size: int) -> None:
    assert "".join(without_reasoning(pieces("\n<think>\nhm [1]\n</think>\n\nYes. [1]", size))) == "Yes. [1]"
    assert "".join(without_reasoning(pieces("<thin air> is cold", size))) == "<thin air> is cold"
    assert "".join(without_reasoning(pieces("<think> and no end", size))) == ""


@pytest.mark.parametrize("size", [1, 5, 100])
def test_the_answer_stands_behind_its_line(size: int) -> None:
    notes: list[str] = []
    text = "[1] RELEVANT: red\n[2] IRRELEVANT\nANSWER:\nRed. [1]"
    assert "".join(behind(pieces(text, size), "ANSWER:", notes)) == "Red. [1]"
    assert notes == ["[1] RELEVANT: red\n[2] IRRELEVANT"]
    assert "".join(behind(pieces("only notes", size), "ANSWER:", notes)) == ""
    assert notes[1] == "only notes"


@pytest.mark.parametrize("size", [1, 3, 100])
def test_a_refusal_is_never_seen(size: int) -> None:
    for text in ("NO ANSWER", "\n**No answer**.", '"NO ANSWER" is given because of…'):
        assert list(unless(pieces(text, size), "NO ANSWER")) == []
    assert "".join(unless(pieces("No answers came on Monday. [1]", size), "NO ANSWER.")) == (
        "No answers came on Monday. [1]"
    )
    assert "".join(unless(pieces("No", size), "NO ANSWER")) == "No"
    assert "".join(unless(pieces("Red. [1]", size), "")) == "Red. [1]"
