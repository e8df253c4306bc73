"""The same question in other forms, and questions made of tables."""

from __future__ import annotations

import random
from difflib import SequenceMatcher

from rag.tune.phrasing import keywords, mistyped, wordy
from rag.tune.tables import Table, lookup, read_table

QUESTION = "Which supplier delivers the pumps in March?"
PRICES = (
    "Prices of this year.\n\n| Model | Weight | Price |\n|---|---|---|\n"
    "| Pump Alpha | 41 kg | 900 EUR |\n| Pump Beta | 52 kg | 950 EUR |\n| Pump Gamma | 63 kg | 1,100 EUR |\n"
    "| Valve One | 2 kg | 40 EUR |\n| Valve Two | 3 kg | 45 EUR |\n\nAll without tax."
)
TABLE = Table(
    ("Model", "Weight", "Price"),
    (
        ("Pump Alpha", "41 kg", "900 EUR"),
        ("Pump Beta", "52 kg", "950 EUR"),
        ("Pump Gamma", "63 kg", "1,100 EUR"),
        ("Valve One", "2 kg", "40 EUR"),
        ("Valve Two", "3 kg", "45 EUR"),
    ),
)


class TestPhrasing:
    def test_at_least_one_word_is_misspelt_and_stays_near_itself(self) -> None:
        for seed in range(100):
            made = mistyped(QUESTION, 0.0, random.Random(seed))
            pairs = list(zip(QUESTION.split(), made.split(), strict=True))
            wrong = [(right, typed) for right, typed in pairs if right != typed]
            assert len(wrong) <= 1  # two equal letters may have changed places
            assert all(SequenceMatcher(None, *pair).ratio() > 0.7 for pair in wrong)

    def test_the_rate_is_kept(self) -> None:
        words, wrong, right = 0, 0, ["supplier", "delivers", "heaters", "monday"]
        for seed in range(400):
            made = mistyped(" ".join(right), 0.25, random.Random(seed)).split()
            words += 4
            wrong += sum(a != b for a, b in zip(right, made, strict=True))
        assert 0.2 < wrong / words < 0.4

    def test_short_words_and_numbers_stay(self) -> None:
        assert mistyped("Is it 2023 or 19?", 1.0, random.Random(0)) == "Is it 2023 or 19?"

    def test_keywords_and_more_words(self) -> None:
        assert keywords(QUESTION) == "Which supplier delivers pumps March"
        assert keywords("Is it so?") == "Is"
        assert keywords("it is so") == "it is so"
        made = {wordy("Who signs?", random.Random(seed)) for seed in range(60)}
        assert "Can you tell me who signs?" in made
        assert all("signs" in one for one in made)


class TestTables:
    def test_a_pipe_table_is_read_with_what_stands_around_it(self) -> None:
        assert read_table(PRICES) == TABLE
        assert read_table("No table | here.") is None
        assert read_table("| A |\n|---|\n| 1 |\n| 2 |") is None, "one column names nothing"

    def test_the_span_is_the_cell_asked_for(self) -> None:
        forms = set()
        for seed in range(300):
            item = lookup(TABLE, "Prices", random.Random(seed), misses=0)
            assert item is not None
            ((start, end),) = item.spans
            cell = item.passage[start:end]
            (row,) = [row for row in TABLE.rows if cell in row]
            others = [one for one in row if one != cell]
            assert any(one.lower() in item.text.lower() for one in others), (item.text, cell)
            assert item.answerable
            forms.add((item.passage[:1] == "|", item.title == "Prices", "; " in item.passage))
        # pipe table, delimited or one row; the column names above it or not
        assert forms == {
            (True, True, False),
            (True, False, False),
            (False, True, False),
            (False, False, False),
            (False, True, True),
        }

    def test_a_near_miss_is_not_in_the_rows_shown(self) -> None:
        made = [lookup(TABLE, "", random.Random(seed), misses=1) for seed in range(200)]
        misses = [item for item in made if item is not None]
        assert len(misses) > 100
        for item in misses:
            assert (item.answerable, item.spans) == (False, ())
            asked = item.text.lower()
            shown = f"{item.title}\n{item.passage}".lower()
            rows = [row for row in TABLE.rows if any(cell.lower() in asked for cell in row)]
            columns = [name.lower() for name in TABLE.header if name.lower() in asked]
            assert any(row[0].lower() not in shown for row in rows) or any(
                name not in shown for name in columns
            )

    def test_rows_that_nothing_tells_apart_cannot_be_asked_for(self) -> None:
        alike = Table(("Year", "Sold"), (("2020", "5"), ("2021", "5"), ("2022", "7")))
        assert all(lookup(alike, "", random.Random(seed)) is None for seed in range(20))
