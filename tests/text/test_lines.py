"""Files of JSON lines: whatever a string holds, a row stays one row."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rag.augment import ratings
from rag.text.lines import json_lines

SEPARATORS = "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"


def test_rows_end_at_line_feeds_alone() -> None:
    rows = [{"question": f"a{one}b"} for one in SEPARATORS]
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    assert [json.loads(line) for line in json_lines(text)] == rows
    assert json_lines("") == []
    assert json_lines("1\r\n2") == ["1", "2"]
    assert json_lines("1\n\n2\n") == ["1", "", "2"]


@pytest.mark.parametrize("separator", SEPARATORS)
def test_a_question_with_a_separator_of_lines_is_rated_and_forgotten(tmp_path: Path, separator: str) -> None:
    asked = f"Who signs?{separator}Now?"
    for question in (asked, "Who else?"):
        ratings.rate(tmp_path, ratings.Rating(question, good=True, answer=f"Ana{separator}Berg"))
    assert [one.question for one in ratings.ratings(tmp_path)] == [asked, "Who else?"]
    ratings.forget(tmp_path, [ratings.NAME], asked)
    assert [one.question for one in ratings.ratings(tmp_path)] == ["Who else?"]
