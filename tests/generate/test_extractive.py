"""The built-in answer over small files: cells, rows by their conditions, numbers of rows, doubt, refusal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rag import Answer, Rag
from rag.generate.extractive import build
from rag.reading.onnx import OnnxReader
from rag.text.questions import parts_of
from rag.types import Chunk, Hit, Question

ORDERS = "order;date;customer;article;pieces;state\n" + "".join(
    f"B-{number:03};2031-{1 + number % 9:02}-14;{('Aker Yard', 'Lund Tools', 'Opal Line')[number % 3]};"
    f"{('drill', 'saw')[number % 2]};{number % 7 + 1};"
    f"{('open', 'shipped', 'cancelled', 'open')[number % 4]}\n"
    for number in range(120)
)
FILES = {
    "board-2031-02-11.md": """# Minutes of the board, 11 February 2031

## 2 New crane

The crane of Hollis & Co. is bought. The crane will be delivered in October 2031.
""",
    "board-2031-04-08.md": """# Minutes of the board, 8 April 2031

## 3 Hollis & Co.

The delivery of the crane moves from October 2031 to January 2032.
""",
    "tickets.jsonl": "".join(
        f'{{"id": "H-{number}", "opened_on": "2031-03-0{number}", "area": "{area}", "state": "{state}"}}\n'
        for number, (area, state) in enumerate(
            (
                ("phones", "open"),
                ("phones", "closed"),
                ("doors", "open"),
                ("phones", "open"),
                ("doors", "closed"),
            )
        )
    ),
    "guests.md": """# Guests

## What guests may take

- A towel from the shelf
- Fruit from the bowl
- A map of the harbour

## Moving a booking

1. Open the booking with F4.
2. Choose Amend and the new day.
3. Send the letter with F8.
""",
    "orders-2031.csv": ORDERS,
    "machines.md": """# Machines

## Technical data

| Model | Head (m) | Power (kW) | Weight (kg) | Housing |
| --- | --- | --- | --- | --- |
| KX-20 | 12 | 3 | 88 | cast iron |
| KX-40 | 31 | 9 | 240 | steel |
""",
    "inspection.md": """# Inspection of hall 4

| No. | Finding | Severity | Owner |
| --- | --- | --- | --- |
| 1 | Fire door wedged open | High | Berit Holm |
| 2 | Lamp flickers | Low | Jan Voss |
| 3 | Guard of the saw missing | High | Berit Holm |
""",
    "kitchen.md": "# Minutes of 3 May\n\nKitchen: The council chose the Veld oven over the Brand oven. "
    "The Brand oven was cheaper, but needs a chimney.\n\nStock: Keep 45 filters 7712-080 on the shelf.\n",
    "results.md": """# Results

## Turnover by year

| Figure | 2029 | 2030 |
| --- | --- | --- |
| Turnover (million) | 44 | 51 |
| Profit (million) | 3 | 2 |

## Leaks

| No | Place | Class |
| --- | --- | --- |
| L1 | yard | B |
| L2 | cellar | A |
| L3 | roof | A |
""",
    "plant.json": """{
  "site": "North",
  "alarms": {
    "tank_low_percent": 35,
    "tank_high_percent": 96
  },
  "history": {
    "retention_days": 1100
  }
}
""",
    "gates.ini": "[gate.east]\nopen_seconds = 12\n\n[gate.west]\nopen_seconds = 31\n",
    "visit.eml": "From: Gerda Moll <gerda@inspect.example>\nTo: Jan Voss <jan@works.example>\n"
    "Date: Tue, 04 Mar 2031 09:12:00 +0100\nSubject: Visit of the lift inspector\n\nDear Jan,\n\n"
    "the inspector comes on 20 March. Please keep the lift free.\n\nBest wishes\nGerda\n",
    "pump.md": "# Feed pump\n\n## Stopping the feed pump\n\n1. Close valve A. The pressure falls slowly.\n"
    "2. Press STOP.\n3. Open the drain.\n\n## Faults\n\nThe seal of the feed pump dried out in the store. "
    "This cracked it.\n",
    "mill.md": "# The mill\n\nThe mill was built in 1874. Its wheel turns twelve times a minute.\n",
}


@pytest.fixture(scope="module")
def rag(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rag]:
    folder = tmp_path_factory.mktemp("office")
    for name, text in FILES.items():
        (folder / name).write_text(text, "utf-8")
    with Rag(folder / ".rag") as rag:
        rag.ingest(folder)
        yield rag


def proven(rag: Rag, answer: Answer) -> None:
    for citation in answer.citations:
        (document,) = rag.store.load([citation.document_id])
        assert document.text[citation.start : citation.end] == citation.quote


def test_a_cell_is_named_by_the_column_that_is_meant(rag: Rag) -> None:
    answer = rag.ask("How heavy is the KX-40?")
    assert answer.span is not None
    assert answer.span.quote == "240"
    assert "Weight (kg): 240" in answer.text
    proven(rag, answer)


def test_rows_that_meet_a_condition_are_listed(rag: Rag) -> None:
    answer = rag.ask("Which findings had severity High?")
    assert [one.text.split("; ")[1] for one in answer.sentences] == [
        "Finding: Fire door wedged open",
        "Finding: Guard of the saw missing",
    ]
    proven(rag, answer)


def test_rows_are_counted_over_the_whole_table(rag: Rag) -> None:
    rows = [line.split(";") for line in ORDERS.splitlines()[1:]]
    wanted = [row for row in rows if row[2] == "Lund Tools" and row[5] == "cancelled"]
    answer = rag.ask("How many orders of Lund Tools were cancelled in 2031?")
    assert answer.text.startswith(f"{len(wanted)} of 120 rows: ")
    assert [one.quote for one in answer.citations] == [";".join(row) for row in wanted]
    assert f"[1]–[{len(wanted)}]" in answer.text
    proven(rag, answer)


def test_a_number_of_rows_is_not_told_where_a_condition_is_unknown(rag: Rag) -> None:
    assert "of 120 rows" not in rag.ask("How many orders of Lund Tools were insured?").text
    assert "of 120 rows" not in rag.ask("How many orders of Zander were cancelled?").text


def test_rows_are_summed_over_the_whole_table(rag: Rag) -> None:
    rows = [line.split(";") for line in ORDERS.splitlines()[1:]]
    wanted = [row for row in rows if row[2] == "Opal Line" and row[3] == "saw"]
    answer = rag.ask("What is the total of pieces for customer Opal Line and article saw?")
    summed = sum(int(row[4]) for row in wanted)
    assert answer.text.startswith(f"pieces: {summed} (sum of {len(wanted)} rows: ")
    assert [one.quote for one in answer.citations] == [";".join(row) for row in wanted]
    proven(rag, answer)
    assert "in total" not in rag.ask("What is the total of pieces for customer Opal Line in blue?").text


def test_two_questions_in_one_are_both_answered(rag: Rag) -> None:
    answer = rag.ask("Which oven did the council choose, and why?")
    assert answer.span is not None
    assert "Veld" in answer.span.quote
    assert answer.sentences[-1].text == "The Brand oven was cheaper, but needs a chimney."
    proven(rag, answer)


def test_of_two_questions_the_second_may_have_nothing_to_judge(rag: Rag) -> None:
    text = "## The stones are tall and heavy\n\n***\n"  # has words of the first question alone
    hit = Hit(Chunk("c", "d", "a.md", text, 40, 40 + len(text)), 1.0)
    question = "How heavy was it, and why?"
    generate = build(rag.embedder, OnnxReader.open(), rag.store)
    assert parts_of(question) == ("How heavy was it?", "Why: it?")
    assert [text[piece.start : piece.end] for piece in generate(Question(question), [hit])] == [
        "The stones are tall and heavy"
    ]


def test_where_a_number_is_asked_for_no_code_is_named(rag: Rag) -> None:
    answer = rag.ask("How many filters should be kept on the shelf?")
    assert answer.span is not None
    assert answer.span.quote.split()[0] == "45"


def test_a_number_that_a_sentence_has_is_quoted(rag: Rag) -> None:
    answer = rag.ask("How many times a minute does the wheel turn?")
    assert answer.sentences[0].text == "Its wheel turns twelve times a minute."


def test_a_row_of_a_csv_file_reads_under_its_columns(rag: Rag) -> None:
    answer = rag.ask("Who is the customer of order B-007?")
    assert answer.span is not None
    assert answer.span.quote == "Lund Tools"
    assert answer.sentences[0].text.startswith("order: B-007; date: 2031-08-14; customer: Lund Tools; ")
    assert answer.citations[0].quote == ORDERS.splitlines()[8]
    proven(rag, answer)


def test_of_the_columns_of_years_the_one_that_is_said_answers(rag: Rag) -> None:
    for year, turnover in (("2029", "44"), ("2030", "51")):
        answer = rag.ask(f"What was the turnover in {year}?")
        assert answer.span is not None
        assert answer.span.quote == turnover


def test_a_condition_may_be_a_single_letter(rag: Rag) -> None:
    answer = rag.ask("Which leaks were class A?")
    assert [one.text.split("; ")[1] for one in answer.sentences] == ["Place: cellar", "Place: roof"]
    proven(rag, answer)


def test_rows_are_counted_by_a_value_but_not_where_pieces_are_asked_for(rag: Rag) -> None:
    rows = [line.split(";") for line in ORDERS.splitlines()[1:]]
    drills = sum(row[3] == "drill" and row[2] == "Aker Yard" for row in rows)
    answer = rag.ask("How many orders of Aker Yard had the article drill?")
    assert answer.text.startswith(f"{drills} of 120 rows: ")
    assert "of 120 rows" not in rag.ask("How many pieces of the article drill did Aker Yard order?").text


def test_a_setting_is_answered_by_its_own_line(rag: Rag) -> None:
    answer = rag.ask("What percentage is the tank's low alarm?")
    assert answer.sentences[0].text == 'alarms › "tank_low_percent": 35'
    assert answer.citations[0].quote == '"tank_low_percent": 35,'
    proven(rag, answer)


def test_a_setting_is_answered_by_its_own_section(rag: Rag) -> None:
    for gate, seconds in (("east", "12"), ("west", "31")):
        answer = rag.ask(f"How many seconds does the {gate} gate stay open?")
        assert answer.span is not None
        assert answer.span.quote == seconds
        proven(rag, answer)


def test_who_sent_a_mail_and_when_is_told_by_its_header(rag: Rag) -> None:
    for question, wanted in (
        ("Who sent the mail about the visit of the lift inspector?", "Gerda Moll"),
        ("When was the mail about the visit of the lift inspector sent?", "04 Mar 2031"),
    ):
        answer = rag.ask(question)
        assert answer.span is not None
        assert wanted in answer.span.quote
        proven(rag, answer)


def test_a_step_of_two_sentences_is_one_item(rag: Rag) -> None:
    answer = rag.ask("What are the steps for stopping the feed pump?")
    assert [one.text for one in answer.sentences] == [
        "1. Close valve A. The pressure falls slowly.",
        "2. Press STOP.",
        "3. Open the drain.",
    ]
    proven(rag, answer)


def test_a_reason_that_refers_back_comes_with_what_it_refers_to(rag: Rag) -> None:
    answer = rag.ask("Why did the seal of the feed pump crack?")
    assert answer.text.startswith("The seal of the feed pump dried out in the store. [1] This cracked it.")
    proven(rag, answer)


def test_rows_of_one_month_are_summed(rag: Rag) -> None:
    rows = [line.split(";") for line in ORDERS.splitlines()[1:]]
    wanted = [row for row in rows if row[2] == "Lund Tools" and row[1].startswith("2031-05")]
    answer = rag.ask("How many pieces did Lund Tools order in May 2031 altogether?")
    summed = sum(int(row[4]) for row in wanted)
    assert answer.text.startswith(f"pieces: {summed} (sum of {len(wanted)} rows: ")
    proven(rag, answer)


def test_the_most_and_the_least_of_a_table(rag: Rag) -> None:
    answer = rag.ask("Which model is the heaviest?")
    assert answer.span is not None
    assert answer.span.quote == "KX-40"
    assert "highest of 2 values of “Weight (kg)”" in answer.notes
    proven(rag, answer)


def test_records_are_counted(rag: Rag) -> None:
    answer = rag.ask("How many tickets are still open?")
    assert answer.text.startswith("3 of 5 rows: state open.")
    assert [citation.quote[:13] for citation in answer.citations] == [
        '{"id": "H-0",',
        '{"id": "H-2",',
        '{"id": "H-3",',
    ]
    proven(rag, answer)


def test_later_minutes_answer_where_they_say_that_something_changed(rag: Rag) -> None:
    answer = rag.ask("When will the crane be delivered?")
    assert answer.citations[0].source == "board-2031-04-08.md"
    assert any("board-2031-02-11.md, an older version" in note for note in answer.notes)
    proven(rag, answer)


def test_a_list_is_found_by_its_answers(rag: Rag) -> None:
    answer = rag.ask("How do I shift a reservation to another day?")
    assert [sentence.text for sentence in answer.sentences] == [
        "1. Open the booking with F4.",
        "2. Choose Amend and the new day.",
        "3. Send the letter with F8.",
    ]
    proven(rag, answer)


def test_the_place_of_a_hit_does_not_matter(rag: Rag) -> None:
    question = "When was the mill built?"
    turned = rag.variant(reorder=[lambda _, hits: hits[::-1]])
    for answer in (rag.ask(question), turned.ask(question)):
        assert answer.span is not None
        assert answer.span.quote == "1874"


def test_the_newer_version_answers_and_the_older_one_is_named(tmp_path: Path) -> None:
    for year, fee in ((2029, 40), (2030, 45), (2031, 52)):
        text = f"# Fees {year}\n\nThe fee for a late return is EUR {fee} a day.\n"
        (tmp_path / f"fees-{year}.md").write_text(text, "utf-8")
    with Rag(tmp_path / ".rag") as rag:
        rag.ingest(tmp_path)
        answer = rag.ask("What is the fee for a late return?")
        assert answer.citations[0].source == "fees-2031.md"
        assert any("older version, says: “The fee for a late return is EUR" in note for note in answer.notes)
        assert rag.ask("What is the fee for a late return now?").citations[0].source == "fees-2031.md"
        asked = rag.ask("What was the fee for a late return in 2029?")
        assert asked.citations[0].source == "fees-2029.md"
        assert not any("older version" in note for note in asked.notes)


def test_the_same_row_of_the_newer_school_year_answers(tmp_path: Path) -> None:
    for name, fees in (("2029-30", (30, 40, 50)), ("2030-31", (33, 44, 55))):
        lines = "".join(f"| Grade {grade} | EUR {fee} |\n" for grade, fee in enumerate(fees, 1))
        head = f"# Fees {name.replace('-', '–')}\n\n| Grade | Entry fee |\n| --- | --- |\n"
        text = f"{head}{lines}| Late entry | EUR 9 |\n"
        (tmp_path / f"fees-{name}.md").write_text(text, "utf-8")
    with Rag(tmp_path / ".rag") as rag:
        rag.ingest(tmp_path)
        answer = rag.ask("What is the entry fee for grade 2 now?")
        assert answer.span is not None
        assert (answer.span.quote, answer.citations[0].source) == ("EUR 44", "fees-2030-31.md")
        assert any("older version" in note and "EUR 40" in note for note in answer.notes)


def test_later_minutes_in_another_format_answer(tmp_path: Path) -> None:
    (tmp_path / "board-2031-02-11.md").write_text(
        "# Board, 11 February 2031\n\nThe choir will travel to Bergen.\n"
    )
    (tmp_path / "board-2031-05-06.html").write_text(
        "<title>Board, 6 May 2031</title><h1>Board, 6 May 2031</h1>"
        "<p>The choir will travel to Turku instead.</p>"
    )
    with Rag(tmp_path / ".rag") as rag:
        rag.ingest(tmp_path)
        answer = rag.ask("Where will the choir travel?")
        assert answer.citations[0].source == "board-2031-05-06.html"
        assert any("board-2031-02-11.md, an older version" in note for note in answer.notes)


def test_monthly_reports_are_no_versions(tmp_path: Path) -> None:
    (tmp_path / "report-2031-03.md").write_text("# Report\n\nThe ferry carried 410 people.\n")
    (tmp_path / "report-2031-04.md").write_text("# Report\n\nThe bus carried 95 people.\n")
    with Rag(tmp_path / ".rag") as rag:
        rag.ingest(tmp_path)
        answer = rag.ask("How many people did the ferry carry?")
        assert answer.citations[0].source == "report-2031-03.md"
        assert not any("older version" in note for note in answer.notes)


def test_a_reply_begins_with_what_stands_first_under_the_question(tmp_path: Path) -> None:
    (tmp_path / "faq.md").write_text(
        "# Questions\n\n## Is the blue candle fit for churches?\n\n"
        "No. We melt it with beef tallow. The white candle is made of beeswax and is fit for churches.\n\n"
        "## When do you open?\n\nAt nine.\n"
    )
    with Rag(tmp_path / ".rag") as rag:
        rag.ingest(tmp_path)
        answer = rag.ask("Is the blue candle fit for churches?")
        assert answer.text.startswith("No. We melt it with beef tallow.")
        proven(rag, answer)


def test_files_that_are_only_numbered_are_no_versions(tmp_path: Path) -> None:
    for number, text in (
        (17, "The bridge opened in 1921. It was built by the county."),
        (18, "A bridge was planned for 1934, and the town voted against paying for it."),
    ):
        (tmp_path / f"scan-{number}.txt").write_text(text, "utf-8")
    with Rag(tmp_path / ".rag") as rag:
        rag.ingest(tmp_path)
        answer = rag.ask("When did the bridge open?")
        assert answer.span is not None
        assert answer.span.quote == "1921"
        assert not any("older version" in note for note in answer.notes)


def test_an_older_version_answers_where_it_is_asked_for(tmp_path: Path) -> None:
    for year, hours in ((2029, 40), (2031, 38)):
        text = f"# Staff handbook {year}\n\nFull-time staff work {hours} hours a week.\n"
        (tmp_path / f"handbook-{year}.md").write_text(text, "utf-8")
    with Rag(tmp_path / ".rag") as rag:
        rag.ingest(tmp_path)
        old = rag.ask("How many hours a week did full-time staff work under the old handbook?")
        assert old.citations[0].source == "handbook-2029.md"
        new = rag.ask("How many hours a week do full-time staff work?")
        assert new.citations[0].source == "handbook-2031.md"


def test_what_a_clause_says_is_quoted_from_that_clause(tmp_path: Path) -> None:
    text = (
        "# Lease of the kiosk\n\n## 2 Rent\n\n2.1 The rent is EUR 300 a month.\n\n"
        "2.2 It is due on the third day of the month.\n\n## 3 Keys\n\nClause 2.2 holds for the keys too.\n"
    )
    (tmp_path / "lease.md").write_text(text, "utf-8")
    with Rag(tmp_path / ".rag") as rag:
        rag.ingest(tmp_path)
        answer = rag.ask("What does clause 2.2 say?")
        assert answer.text == "2.2 It is due on the third day of the month. [1]"
        proven(rag, answer)
        section = rag.ask("What does section 3 of the lease say?")
        assert section.text == "3 Keys › Clause 2.2 holds for the keys too. [1]"
        proven(rag, section)


def test_a_row_in_german_answers_a_question_in_english(tmp_path: Path) -> None:
    rows = "Artikel;Preis;Ort\nRechen;12,50;Graz\nSpaten;18,00;Wien\n"
    (tmp_path / "lager.csv").write_text(rows, "utf-8")
    with Rag(tmp_path / ".rag") as rag:
        rag.ingest(tmp_path)
        for question, value in (
            ("What does the Spaten cost?", "18,00"),
            ("Where is the Rechen sold?", "Graz"),
        ):
            answer = rag.ask(question)
            assert answer.span is not None
            assert answer.span.quote == value
            proven(rag, answer)


def test_what_announces_a_list_is_answered_by_the_list(tmp_path: Path) -> None:
    text = (
        "# Kiln\n\n## Before firing\n\nTest the seal of the kiln each morning:\n\n"
        "- close the door\n- press the lamp\n- wait a minute\n\n"
        "## After firing\n\n- open the vent\n- wait a day\n"
    )
    (tmp_path / "kiln.md").write_text(text, "utf-8")
    with Rag(tmp_path / ".rag") as rag:
        rag.ingest(tmp_path)
        answer = rag.ask("How do I test the seal of the kiln each morning?")
        assert [sentence.text.lstrip("- ") for sentence in answer.sentences] == [
            "close the door",
            "press the lamp",
            "wait a minute",
        ]
        proven(rag, answer)


def test_by_how_much_something_changed_is_told_with_the_rows_that_say_so(tmp_path: Path) -> None:
    (tmp_path / "report.md").write_text(
        "# Year in figures\n\n| Figure | 2029 | 2030 | 2031 |\n|---|---|---|---|\n"
        "| Visitors | 18,250 | 21,400 | 20,150 |\n| Staff | 12 | 14 | 15 |\n",
        "utf-8",
    )
    for year, price in ((2030, "38.50"), (2031, "41.00")):
        (tmp_path / f"prices-{year}.md").write_text(
            f"# Prices {year}\n\n| Article | Price EUR |\n|---|---|\n| Bilge filter | {price} |\n"
            "| Hose | 12.00 |\n",
            "utf-8",
        )
    with Rag(tmp_path / ".rag") as rag:
        rag.ingest(tmp_path)
        columns = rag.ask("By how much did the number of visitors fall between 2030 and 2031?")
        versions = rag.ask("How much more expensive has the bilge filter become?")
        assert "20,150 − 21,400 = -1,250" in columns.text
        assert "41.00 − 38.50 = 2.50" in versions.text
        between = rag.ask("How much did the price of the bilge filter rise from 2030 to 2031?")
        assert "41.00 − 38.50 = 2.50" in between.text
        assert {citation.source.rpartition("/")[2] for citation in versions.citations} == {
            "prices-2030.md",
            "prices-2031.md",
        }
        proven(rag, columns)
        proven(rag, versions)


def test_each_meaning_of_an_abbreviation_is_cited(tmp_path: Path) -> None:
    (tmp_path / "pumps.md").write_text("# Pumps\n\nThe remote filling unit (RFU) stands behind the lock.\n")
    (tmp_path / "clubs.md").write_text("# Clubs\n\nThe Royal Ferry Union (RFU) meets in May.\n")
    (tmp_path / "rota.md").write_text("# Rota\n\nThe RFU is cleaned on Mondays.\n")
    with Rag(tmp_path / ".rag") as rag:
        rag.ingest(tmp_path)
        answer = rag.ask("What does RFU stand for?")
        proven(rag, answer)
        assert {one.text for one in answer.sentences} == {
            "The remote filling unit (RFU) stands behind the lock.",
            "The Royal Ferry Union (RFU) meets in May.",
        }
        assert any("more than one thing" in one for one in answer.notes)


def test_a_label_in_bold_is_answered_by_its_paragraph(tmp_path: Path) -> None:
    faults = "**Fault 720: no slot.** All 40 slots are taken. Wait ten minutes, or use the lower lock.\n\n"
    faults += "**Fault 619: the gate stays shut.** The clock of the gate is slow. Set it by hand.\n"
    (tmp_path / "faults.md").write_text(f"# Faults of the lock\n\n{faults}")
    with Rag(tmp_path / ".rag") as rag:
        rag.ingest(tmp_path)
        answer = rag.ask("What should I do when I get fault 720?")
        proven(rag, answer)
        assert [one.text for one in answer.sentences] == [
            "Fault 720: no slot.",
            "All 40 slots are taken.",
            "Wait ten minutes, or use the lower lock.",
        ]


def test_the_line_that_announces_a_list_names_it(tmp_path: Path) -> None:
    minutes = "# Minutes of the lock board, 9 April\n\nPresent: Ada Lund, Bo Ek.\n\n"
    minutes += "1. **State.** The new gate is silent.\n2. **Budget.** Spent: 334 euros.\n"
    minutes += "3. **Dates.** None moved.\n\n"
    minutes += "Actions:\n\n- Ada claims the missing bolts\n- Bo mends the manual\n\nNext meeting: 7 May.\n"
    (tmp_path / "minutes.md").write_text(minutes)
    with Rag(tmp_path / ".rag") as rag:
        rag.ingest(tmp_path)
        answer = rag.ask("What are the actions from the April meeting?")
        proven(rag, answer)
        assert [one.text for one in answer.sentences] == [
            "- Ada claims the missing bolts",
            "- Bo mends the manual",
        ]
