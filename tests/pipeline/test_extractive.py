"""What may be quoted, and how a quotation reads."""

from __future__ import annotations

import pytest

from rag.ground.plain import header_of, plain
from rag.reading.candidates import cut

PAGE = """# Title

One sentence. Is this a question? Another sentence.

```python
answer = 42
```

| name | age |
|---|---:|
| Ann | 31 |
| Bob | 32 |

Setext
------
- a point
- another point
"""


def texts(page: str) -> list[str]:
    return [page[start:end] for start, end in cut(page)]


def test_headings_fences_rules_table_heads_and_questions_are_no_answers() -> None:
    assert texts(PAGE) == [
        "One sentence.", "Another sentence.", "| Ann | 31 |", "| Bob | 32 |", "Setext", "- a point",
        "- another point",
    ]  # fmt: skip


def test_where_nothing_else_is_there_all_is() -> None:
    assert texts("# Only a title") == ["# Only a title"]
    assert texts("```\nx = 1\n```") == texts("```\nx = 1\n```")
    assert texts("```\nx = 1\n```") != []
    assert texts("Why?") == ["Why?"]
    assert texts("--- ...") == []


def test_an_unclosed_fence_bars_the_rest() -> None:
    assert texts("Before it.\n\n```\ncode here\nmore code") == ["Before it."]


@pytest.mark.parametrize(
    ("quote", "shown"),
    [
        ("- -l — Only list bytecode.", "-l — Only list bytecode."),
        ("3. Press **the red** button.", "Press the red button."),
        ("> Quoted *words* here.", "Quoted words here."),
        ('See [the guide](docs/guide.md "Guide") and ![a](b.png).', "See the guide and a."),
        ("Keep `code_with_underscores` and 2 * 3 * 4.", "Keep `code_with_underscores` and 2 * 3 * 4."),
        ("two\n  lines", "two lines"),
        ("In 2014. it began", "In 2014. it began"),
        ("2014 was a year.", "2014 was a year."),
        ("snake_case_name stays", "snake_case_name stays"),
    ],
)
def test_marks_go_and_words_stay(quote: str, shown: str) -> None:
    assert plain(quote) == shown


def test_a_row_is_told_under_its_column_names() -> None:
    assert plain("| Ann | 31 |", "| name | age |") == "name: Ann; age: 31"
    assert plain("| Ann | |", "| name | age |") == "name: Ann"
    assert plain("| Ann | 31 |") == "Ann; 31"
    assert header_of(PAGE, PAGE.index("| Bob"), "") == "| name | age |"
    assert header_of("| Bob | 32 |", 0, "| name | age |\n|---|---|") == "| name | age |"
    assert header_of("Just text. | x |", 11, "") == ""
