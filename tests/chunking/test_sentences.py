"""A table of texts and their sentences; and what holds for any text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.text.sentences import sentences

# Each entry is one text: `|` marks where it is to be cut. Texts with newlines or bars follow below.
MARKED = [
    "It rains.| It pours.",
    "Is it so?| Yes!| No.",
    "What?!| Never.",
    "He met Dr. Smith and Mrs. Jones.| Then he left.",
    "Prof. Curie won twice.| She was first.",
    "J. R. R. Tolkien wrote it.| J. K. Rowling did not.",
    "It was George W. Bush.| He won.",
    "He is taller than I.| She is not.",
    "Take vitamin C. The rest is up to you.".replace("C. ", "C.| "),
    "Apples, pears, e.g. Conference, and plums.| Buy some.",
    "That is, i.e. Tuesday.| Not Monday.",
    "Salt, pepper etc. are there.| Sugar too.",
    "Salt, pepper etc.| Sugar is there too.",
    "See Fig. 3 and Eq. 4.| See also Sec. 2.",
    "Compare Figs. A and B, and App. B.| Done.",
    "She opened the app.| A new window came up.",
    "Modern art.| Instead of old.",
    "No. 7 won.| No.| He lost.",
    "Invoice no. R-20817 is paid.| It was late.",
    "See art. AX-7 and order nr. #12.| Fig. B-2 shows it.",
    "It costs 3.14 dollars.| Version 1.2.3 is out.",
    "It ended in 2010.| The next began in 2011.",
    "The U.S. Congress met.| It is in the U.S.| The U.K. is not.",
    "At 5 p.m. on Jan. 5 he came.| At 6 p.m.| The bus left.",
    "Apple Inc. bought it.| So did Foo Ltd.| They agreed.",
    "Smith et al. (2010) found it.| So did Doe et al.| They agree.",
    "Roe v. Wade and Ali vs. Frazier.| Both are known.",
    "She has a Ph.D. in physics.| He has an M.D.| They met.",
    "Martin Luther King Jr. spoke.| They listened to King Jr.| He was heard.",
    "St. Louis is big.| Main St.| The end.",
    "Well... maybe.| I wonder... Then nothing.".replace("wonder... ", "wonder...| "),
    "Wait… what?| So…| The end.",
    "“He left.”| She stayed.",
    '"He left."| "She stayed."',
    '"Why?" he asked.| Nobody knew.',
    "(It rained.)| It stopped.",
    "He left (she had not).| They met [again].| Fine.",
    "It works.| (See below.)| Good.",
    "He said ‘no.’| She said ‘yes.’",
    "Visit example.com.| Then main.py runs.",
    "Use .NET or Node.js today.| It works.",
    "I like it.| iPhones sell.",
    "It is red [1].| It is blue.[2]| It is green. [3]| Done [4, 5].",
    "One.[1][2]| Two.[3, 4]| Three.",
    "**Bold.**| _Italic._| Plain.",
    "Yahoo! is a company.| Really.",
    "Stop!!!| Go!!",
    "Hello .| Spaces before stops .| Fine .",
    "1. First of all.| 2. Second thing.".replace("| 2. ", "| 2.| "),
    "ALL CAPS. REALLY.".replace(". R", ".| R"),
    "我来了。|你好！|他走了吗？|走了。",
    "他说：“好。”|再见。",
    "「はい。」と言った。|次です。",
    "真的吗？！|是的……|好。".replace("|好", "好"),
    "यह है।| वह है।",
    "هل هذا؟| نعم.",
    "Am 3. Oktober kam er.| Im 19. Jahrhundert nicht.",
    "In Wien, z. B. Hietzing, ist es schön.| Ja, d.h. Nein.",
    "Siehe Abb. 3 bzw. Tab. 4.| Hr. Meier kommt.",
    "M. Dupont est là.| Mme. Curie aussi.",
    "¿Qué pasa?| ¡Nada!| El Sr. López vive en la Avda. Mayor.",
    "Il dott. Rossi è qui.| La sig. Bianchi no.",
    "Äpfel sind gut.| Über alles.| Élan vital.",
]


@pytest.mark.parametrize("marked", MARKED)
def test_known_sentences(marked: str) -> None:
    expected = [piece.strip() for piece in marked.split("|")]
    text = marked.replace("|", "")
    assert [text[start:end] for start, end in sentences(text)] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a line that is\nwrapped here. And\nso on.", ["a line that is\nwrapped here.", "And\nso on."]),
        ("no stop\n\nnext", ["no stop", "next"]),
        ("no stop\r\n \r\nnext", ["no stop", "next"]),
        ("Buy:\n- milk\n- bread", ["Buy:", "- milk", "- bread"]),
        ("1. milk\n2. bread and\nbutter", ["1. milk", "2. bread and\nbutter"]),
        ("(a) milk\n(b) bread", ["(a) milk", "(b) bread"]),
        ("• one\n  more\n• two", ["• one\n  more", "• two"]),
        ("# Title\nText goes here.", ["# Title", "Text goes here."]),
        ("| a | b |\n| 1 | 2 |", ["| a | b |", "| 1 | 2 |"]),
        ("The sun goes down,\nThe moon comes up,\nThe stars are out", None),
        ("Name: Ann\nCity: Rome\nWork: cook", None),
        ("page one\fpage two", ["page one", "page two"]),
        ("", []),
        (" \n\t ", []),
        ("...", ["..."]),
    ],
)
def test_lines(text: str, expected: list[str] | None) -> None:
    assert [text[a:b] for a, b in sentences(text)] == (text.split("\n") if expected is None else expected)


def test_part_of_a_text_keeps_the_offsets_of_the_whole() -> None:
    text = "Skip. One. Two. Skip."
    assert sentences(text, 6, 15) == [(6, 10), (11, 15)]


@pytest.mark.parametrize(
    "text", ["." * 300_000, "word " * 200_000, ".)" * 200_000, "A. " * 50_000, "\n " * 200_000]
)
def test_any_input_is_covered_in_linear_time(text: str) -> None:
    found = sentences(text)
    assert sum(len("".join(text[a:b].split())) for a, b in found) == len("".join(text.split()))


@given(
    st.text(st.sampled_from("aB1 .?!…。」\"')[]\n\r\t-#|,ñ\u0301\u2028"), max_size=80) | st.text(max_size=80)
)
def test_nothing_visible_is_lost_or_told_twice(text: str) -> None:
    found = sentences(text)
    position = 0
    for start, end in found:
        assert position <= start < end
        assert not text[position:start].strip()
        assert text[start:end] == text[start:end].strip()
        position = end
    assert not text[position:].strip()
