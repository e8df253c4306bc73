"""Questions made of tables, and typing errors as people make them."""

from __future__ import annotations

import random

from rag.augment.spelling import edits
from rag.tune.tabular import cell_questions
from rag.tune.typing_errors import misspelt

TABLE = """| Model | Weight | Seal |
|---|---|---|
| NP-40 | 41 kg | Lip |
| NP-65 | 78 kg | Mechanical |
| NP-80 | 126 kg | Mechanical |
"""


def test_the_answer_is_the_cell_of_the_row_and_column_that_are_named() -> None:
    for seed in range(20):
        for item in cell_questions(TABLE, "Pumps", random.Random(seed), 3):
            assert item.answerable is not None
            for start, end in item.spans:
                value = item.passage[start:end]
                model = next(name for name in ("NP-40", "NP-65", "NP-80") if name in item.text)
                row = next(line for line in TABLE.splitlines() if model in line)
                assert f"| {value} |" in row
                assert ("weight" in item.text.lower()) == value.endswith("kg")


def test_what_does_not_answer_lacks_the_row_that_is_asked_for() -> None:
    made = [item for seed in range(30) for item in cell_questions(TABLE, "", random.Random(seed), 3)]
    wrong = [item for item in made if not item.answerable]
    assert wrong
    for item in wrong:
        model = next(name for name in ("NP-40", "NP-65", "NP-80") if name in item.text)
        assert model not in item.passage


def test_a_misspelt_word_is_one_edit_away() -> None:
    for seed in range(50):
        wrong = misspelt("the mechanical seal leaks", 0.3, random.Random(seed))
        pairs = zip(["the", "mechanical", "seal", "leaks"], wrong.split(), strict=True)
        assert all(one == other or edits(one, other) in (0, 1) for one, other in pairs)
    assert misspelt("a b c", 1.0, random.Random(0)) == "a b c"
