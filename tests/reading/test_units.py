"""What can stand as an answer: sentences, items, rows and headings, each with its place in the text."""

from __future__ import annotations

import pytest

from rag.reading.lists import best_list
from rag.reading.units import Unit, heading_unit, units
from rag.text.tables import rows
from rag.types import Chunk, Hit

POLICY = """# Travel

## Flights

Business class is for long flights.

## Hotels

| City | Limit |
| --- | --- |
| Kiel | EUR 90 |
| Oslo | EUR 140 |

1. Book in the portal.
2. Keep the receipt.
"""


def hit(text: str, *, source: str = "a.md", heading: str = "", header: str = "", start: int = 0) -> Hit:
    return Hit(
        Chunk("c", "d", source, text, start, start + len(text), "Handbook", None, heading, header), 1.0
    )


def test_a_unit_reads_under_the_headings_above_it() -> None:
    made = units(0, hit(POLICY))
    assert [(one.kind, one.view) for one in made] == [
        ("sentence", "Business class is for long flights."),
        ("row", "City: Kiel; Limit: EUR 90"),
        ("row", "City: Oslo; Limit: EUR 140"),
        ("item", "Book in the portal."),
        ("item", "Keep the receipt."),
    ]
    assert made[0].context == "Handbook\nTravel\nFlights"
    assert made[1].context == "Handbook\nTravel\nHotels"


def test_every_unit_stands_where_it_says() -> None:
    for unit in units(0, hit(POLICY)):
        for start, end, at in unit.pieces:
            assert unit.view[start:end] == POLICY[at : at + end - start]
            assert unit.start <= at < unit.end


def test_an_answer_in_a_row_is_found_in_its_cell() -> None:
    row = units(0, hit(POLICY))[2]
    begin = row.view.index("EUR 140")
    place = row.located(begin, begin + 7)
    assert place is not None
    assert POLICY[slice(*place)] == "EUR 140" == row.said(*place)
    label = row.view.index("Limit")
    assert row.located(label, label + 5) is None  # a column's name is no value


def test_rows_of_a_csv_file_have_the_names_of_its_head() -> None:
    text = 'SO-1;"Marina; Visby";3\nSO-2;Fjord;'
    made = rows(text, "order;customer;pieces", delimited=True)
    assert [[(cell.name, text[cell.start : cell.end]) for cell in row.cells] for row in made] == [
        [("order", "SO-1"), ("customer", "Marina; Visby"), ("pieces", "3")],
        [("order", "SO-2"), ("customer", "Fjord")],
    ]
    whole = rows(f"order;customer;pieces\n{text}", delimited=True)
    assert [cell.name for cell in whole[0].cells] == ["order", "customer", "pieces"]


@pytest.mark.parametrize("above", ["", "Stock of the shop, May 2024\n\n"])
@pytest.mark.parametrize("mark", [";", ",", "\t"])
def test_a_cell_over_lines_and_a_title_above_the_head(above: str, mark: str) -> None:
    cells = [["Article", "Place"], ["Rake", '"Graz\nSouth"'], ["Spade", '"Linz, north; west"']]
    text = above + "\n".join(mark.join(row) for row in cells)
    made = units(0, hit(text, source="a.csv"))
    assert [one.view for one in made] == [
        "Article: Rake; Place: Graz South", "Article: Spade; Place: Linz, north; west"
    ]  # fmt: skip
    place = made[0].located(made[0].view.index("Graz"), len(made[0].view))
    assert place is not None
    assert text[slice(*place)] == "Graz\nSouth"


def test_a_heading_that_says_something_stands_before_its_chunk() -> None:
    document = "# House rules\n\n## Lunch is at noon\n\nBring your card.\n"
    start = document.index("Bring")
    chunk = hit("Bring your card.", heading="House rules › Lunch is at noon", start=start).chunk
    unit = heading_unit(0, chunk, document)
    assert unit is not None
    assert document[start + unit.start : start + unit.end] == "Lunch is at noon" == unit.view
    assert heading_unit(0, hit("x", heading="House rules › Lunch", start=3).chunk, document) is None


def test_questions_are_no_answers_unless_nothing_else_is_there() -> None:
    assert [one.view for one in units(0, hit("Who pays? The customer pays."))] == ["The customer pays."]
    assert [one.view for one in units(0, hit("Who pays?"))] == ["Who pays?"]


def test_a_number_belongs_to_the_step_behind_it() -> None:
    made = units(0, hit("1. Drain the casing. 2. Fit the seal. 3. Close it."))
    assert [(one.kind, one.view) for one in made] == [
        ("item", "Drain the casing."), ("item", "Fit the seal."), ("item", "Close it."),
    ]  # fmt: skip


def words(text: str) -> list[str]:
    return [word.strip(".").lower() for word in text.split()]


def test_the_list_whose_headings_have_the_words_of_the_question_is_taken_whole() -> None:
    steps = "1. Open the lid.\n2. Pull the filter out.\n3. Close the lid."
    others = "- Call the porter.\n- Leave by the stairs."
    hits = [
        hit(others, heading="Fire alarm"),
        hit(steps, heading="Changing the filter", source="b.md"),
    ]
    best = best_list({"changing", "filter"}, hits, words)
    assert best is not None
    assert [one.view for one in best.items] == ["Open the lid.", "Pull the filter out.", "Close the lid."]
    assert best.score == 1.0
    assert best_list({"roof", "repair"}, hits, words) is None


def test_a_list_goes_on_in_the_next_chunk() -> None:
    one, other = "- First thing.\n- Second thing.", "- Third thing."
    hits = [
        hit(other, heading="Things to do", start=len(one) + 1),
        hit(one, heading="Things to do"),
    ]
    best = best_list({"things"}, hits, words)
    assert best is not None
    assert [one.view for one in best.items] == ["First thing.", "Second thing.", "Third thing."]
    assert all(isinstance(one, Unit) for one in best.items)


def test_a_part_of_a_row_that_is_too_wide_is_read_under_its_own_names() -> None:
    part = hit("| 40 | 41", heading="Serial: SN-7", header="| Width | Depth |")
    assert [(one.kind, one.view, one.context) for one in units(0, part)] == [
        ("row", "Width: 40; Depth: 41", "Handbook\nSerial: SN-7")
    ]
    last = hit("| 42 |", heading="Serial: SN-7", header="| Weight |")
    assert [one.view for one in units(0, last)] == ["Weight: 42"]


def test_a_line_that_begins_with_a_bar_is_no_row_without_a_head() -> None:
    assert [one.kind for one in units(0, hit("| The bar is open."))] == ["sentence"]


def test_a_setting_is_read_under_what_holds_it() -> None:
    text = '{\n  "mail": {\n    "port": 2525,\n    "host": "mx1"\n  },\n  "name": "North"\n}\n'
    made = units(0, hit(text, source="servers.json"))
    assert [(unit.kind, text[unit.start : unit.end], unit.lead) for unit in made] == [
        ("setting", '"port": 2525,', "mail"),
        ("setting", '"host": "mx1"', "mail"),
        ("setting", '"name": "North"', ""),
    ]


def test_a_sentence_that_refers_back_is_read_under_the_one_before() -> None:
    made = units(0, hit("The lamps arrive in May. The carrier brings 51 of them. Tea is served."))
    assert [unit.lead for unit in made] == ["", "The lamps arrive in May.", ""]


def test_a_title_and_a_question_without_its_mark_are_no_headings_that_answer() -> None:
    made = units(0, hit("# Survey of spring 2031\n\n## Why it took long\n\n## Tea is at four\n\nText.\n"))
    assert [unit.view for unit in made if unit.kind == "heading"] == ["Tea is at four"]


def test_yes_or_no_stands_with_its_reason() -> None:
    made = units(0, hit("# Pets\n\nNo. Dogs stay outside. Yes.\n\nCats may come in. No."))
    assert [one.view for one in made] == ["No. Dogs stay outside.", "Yes.", "Cats may come in.", "No."]


def test_greetings_are_no_units() -> None:
    letter = "Dear Mr Holm,\n\nthe crane is back.\n\nKind regards\nBerit Voss"
    assert [one.view for one in units(0, hit(letter))] == ["the crane is back."]
    for kept in (
        "Best results come with dry wood.",
        "Dear customers pay less. Ask us.",
        "Thank you cards cost 2 euros.",
    ):
        assert next(one.view for one in units(0, hit(kept))).startswith(kept.split()[0])
    assert [one.view for one in units(0, hit("Hallo Jan,"))] == ["Hallo Jan,"]


def test_the_header_of_a_mail_is_a_row_that_says_who_sent_it() -> None:
    text = "From: Ada <a@x.example>\nTo: Bo\nDate: Fri, 1 Mar 2030\n\nThe key is with Cy."
    header, body = units(0, hit(text, source="m.eml"))
    assert (header.kind, header.columns()) == ("row", ("sent by", "sent to", "sent on"))
    assert text[header.start : header.end].endswith("1 Mar 2030")
    assert header.said(6, 9) == "Ada"
    assert body.view == "The key is with Cy."
    assert header.is_header
    assert [one.kind for one in units(0, hit(text))] == ["sentence", "sentence"]
    (row,) = units(0, hit("| sent by | weight |\n| --- | --- |\n| Ada | 3 kg |\n"))
    assert not row.is_header


def test_a_setting_reads_under_its_section() -> None:
    text = "# pumps\n[pump.a]\nspeed = 3\n\n[pump.b]\nspeed = 4\n"
    settings = [one for one in units(0, hit(text, source="p.ini")) if one.kind == "setting"]
    assert [(one.lead, one.view) for one in settings] == [("pump.a", "speed = 3"), ("pump.b", "speed = 4")]


def test_a_heading_with_nothing_below_it_is_what_it_says() -> None:
    text = "# Rules\n\n## Dogs stay outside\n\n## Bicycles and carts\n\nRack four.\n\n## Gates close at nine"
    made = [unit.view for unit in units(0, hit(text)) if unit.kind == "heading"]
    assert made == ["Dogs stay outside", "Gates close at nine"]


def test_a_sheet_that_a_mail_carries_has_rows() -> None:
    text = "model,price_eur\nNordic 3,480\nFjord 5,610\n"
    found = units(0, hit(text, source="offers.eml#offers.csv"))
    assert [(unit.kind, unit.view) for unit in found] == [
        ("row", "model: Nordic 3; price eur: 480"),
        ("row", "model: Fjord 5; price eur: 610"),
    ]
