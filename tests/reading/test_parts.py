"""Parts of a document that a question names by their number or their code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from rag.indexes import Analyzer
from rag.reading.parts import named_part
from rag.types import Chunk, Hit

ANALYZE = Analyzer("english").analyze
LEASE = """# Lease of the kiosk

## 1 Parties

The parties are Orr and Bell.

## 2 Rent

2.1 The rent is EUR 300 a month.

2.2 The rent is due on the third day:

(a) by transfer,

(b) never in cash.

2.10 Interest is 4 %.

## Appendix A: Keys

Two keys are handed over.
"""
MANUAL = """# Manual of the saw

## Error E-17

The guard is open. Close it.

## E-18: blade worn

Call the workshop.

## Service

After E-17 wait a minute.
"""
RULES = "# House rules of the kiosk\n\n## 2 Noise\n\nIt is quiet after ten.\n"


def part(question: str, *texts: str) -> tuple[int, str, bool] | None:
    hits = [
        Hit(Chunk(f"c{at}", f"d{at}", f"{at}.md", text, 0, len(text), title=text[2 : text.index("\n")]), 1.0)
        for at, text in enumerate(texts)
    ]

    def load(ids: Sequence[str]) -> Mapping[str, str]:
        return {name: texts[int(name[1:])] for name in ids}

    found = named_part(question, hits, load, ANALYZE)
    if found is None:
        return None
    own = found.hit.chunk
    assert texts[found.place][own.start : own.end] == own.text
    return found.place, own.text.strip(), found.whole


@pytest.mark.parametrize(
    ("question", "begins", "ends"),
    [
        ("What does clause 2.1 say?", "2.1 The rent", "a month."),
        ("What does clause 2.2 say?", "2.2 The rent", "never in cash."),
        ("What does clause 2.2 (b) say?", "(b) never", "in cash."),
        ("What is in section 2?", "## 2 Rent", "Interest is 4 %."),
        ("What does § 1 say?", "## 1 Parties", "Orr and Bell."),
        ("What does Appendix A cover?", "## Appendix A", "handed over."),
    ],
)
def test_a_part_is_found_by_its_number(question: str, begins: str, ends: str) -> None:
    found = part(question, LEASE)
    assert found is not None
    assert (found[1].startswith(begins), found[1].endswith(ends), found[2]) == (True, True, True), found


def test_a_question_about_something_in_a_part_is_not_for_the_whole() -> None:
    found = part("When is the rent due under clause 2.2?", LEASE)
    assert found is not None
    assert not found[2]


@pytest.mark.parametrize(
    "question",
    ["What does clause 7 say?", "What is the rent?", "What does clause B say?", "Is it in part a?"],
)
def test_no_part_has_that_number(question: str) -> None:
    assert part(question, LEASE) is None


def test_a_code_names_the_part_that_is_called_so() -> None:
    found = part("What does error E-17 mean?", MANUAL)
    assert found is not None
    assert found[1] == "## Error E-17\n\nThe guard is open. Close it."
    other = part("What does E-18 mean?", MANUAL)
    assert other is not None
    assert other[1].endswith("Call the workshop.")
    assert part("How long do I wait after E-17?", MANUAL) is None


def test_of_several_documents_the_one_is_taken_that_the_question_names() -> None:
    assert part("What does section 2 of the lease say?", RULES, LEASE) == (
        1,
        LEASE[LEASE.index("## 2 Rent") : LEASE.index("## Appendix")].strip(),
        True,
    )
    first = part("What does section 2 of the house rules say?", RULES, LEASE)
    assert first is not None
    assert first[0] == 0
