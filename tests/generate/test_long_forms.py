"""What an abbreviation stands for is quoted from where it is given, and from nowhere else."""

from __future__ import annotations

import pytest

from rag.generate.long_forms import meanings_of
from rag.indexes import Analyzer
from rag.types import Chunk, Hit, Quote, stable_id


def hits(*texts: str, heading: str = "") -> list[Hit]:
    return [
        Hit(
            Chunk(
                id=stable_id(text),
                document_id=str(place),
                text=text,
                start=0,
                end=len(text),
                source=f"{place}.md",
                heading=heading,
            ),
            1.0,
        )
        for place, text in enumerate(texts)
    ]


def named(term: str, found: list[Hit]) -> list[tuple[int, str, str]]:
    """The hit, the quoted unit and the words in it that are the long form, of each meaning."""
    quotes: list[Quote] = meanings_of(term, found, Analyzer("english").analyze)
    texts = [found[quote.hit].chunk.text for quote in quotes]
    return [
        (quote.hit, text[quote.start : quote.end], text[slice(*(quote.span or (0, 0)))])
        for quote, text in zip(quotes, texts, strict=True)
    ]


@pytest.mark.parametrize(
    ("text", "unit", "long"),
    [
        (
            "Tanks are old. The remote filling unit (RFU) stands outside. It hums.",
            "The remote filling unit (RFU) stands outside.",
            "remote filling unit",
        ),
        (
            "Call the RFU (remote filling unit) first.",
            "Call the RFU (remote filling unit) first.",
            "remote filling unit",
        ),
        ("RFU stands for rescue float, upper.", "RFU stands for rescue float, upper.", "rescue float, upper"),
        (
            "The remote filling unit hums. Never touch the RFU.",
            "The remote filling unit hums.",
            "remote filling unit",
        ),
        (
            "| Abbreviation | Meaning |\n| --- | --- |\n| LKP | lock keeper on post |\n| RFU | refuge |\n",
            "| RFU | refuge |",
            "refuge",
        ),
    ],
)
def test_a_long_form_is_quoted_in_what_gives_it(text: str, unit: str, long: str) -> None:
    assert named("RFU", hits("The RFU was moved.", text)) == [(1, unit, long)]


def test_an_entry_of_a_glossary_gives_it() -> None:
    found = hits("- RFU: refuge of the upper lock\n- LKP: keeper\n", heading="Handbook\nAbbreviations")
    assert named("rfu", found) == [(0, "- RFU: refuge of the upper lock", "refuge of the upper lock")]


def test_every_meaning_has_its_own_quote_and_the_most_frequent_is_first() -> None:
    found = hits(
        "The Royal Ferry Union (RFU) met.",
        "The remote filling unit (RFU) hums.",
        "Both remote filling units (RFUs) hum.",
    )
    assert [long for _, _, long in named("RFU", found)] == ["remote filling unit", "Royal Ferry Union"]


@pytest.mark.parametrize(
    "text",
    [
        "The RFU is used to fill the tanks.",
        "Fill it. Then read the manual of the RFU, as the rules say.",
        "DA and LT stand for Dock Arm and Lower Tank.",
        "The remote filling unit hums.",  # nothing says that it is the RFU
    ],
)
def test_who_only_uses_an_abbreviation_does_not_say_what_it_means(text: str) -> None:
    assert named("RFU", hits(text)) == []


def test_two_initials_are_chance() -> None:
    assert named("IT", hits("In town, IT is slow. It is the inner tank that leaks.")) == []
