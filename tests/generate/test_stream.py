"""Filters on streams: what is held back, whatever the pieces are cut into."""

from __future__ import annotations

import pytest

from rag.llm.stream import behind, unless, until, without_loops, without_reasoning


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


ROUND = "The hall opened in 1931. [1] It was built of brick. [2] The hall opened in 1931 [2]. It was built."


@pytest.mark.parametrize("size", [1, 3, 10, 200])
def test_a_text_ends_where_it_begins_to_go_round(size: int) -> None:
    loops: list[str] = []
    shown = "".join(without_loops(pieces(ROUND, size), loops))
    assert shown.rstrip() == "The hall opened in 1931. [1] It was built of brick. [2]"
    assert [one.rstrip(" [2].") for one in loops] == ["The hall opened in 1931"]


@pytest.mark.parametrize("size", [1, 3, 10, 200])
def test_a_repetition_that_was_cut_short_is_left_out_too(size: int) -> None:
    loops: list[str] = []
    text = "水车是一九一一年烧毁的那一座老水车。[1]水车是一九一一年烧毁的那"
    assert "".join(without_loops(pieces(text, size), loops)) == "水车是一九一一年烧毁的那一座老水车。[1]"
    assert loops == ["水车是一九一一年烧毁的那"]


@pytest.mark.parametrize("size", [1, 3, 10, 200])
@pytest.mark.parametrize(
    "text",
    [
        "The hall opened in 1931. [1] The hall opened again in 1950. [2] The hall op",
        "Yes. It is so. Yes. It is not. Yes",  # too short to be a loop
        "It costs 4.50 euros a day at No. 7. It costs 4.50 euros a day at No. 8.",
        "- red\n- green\n- red and green\n",
        "The hall opened in 1931",
        "",
    ],
)
def test_texts_that_only_begin_alike_pass_as_they_are(text: str, size: int) -> None:
    loops: list[str] = []
    assert "".join(without_loops(pieces(text, size), loops)) == text
    assert loops == []
