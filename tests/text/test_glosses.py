"""German, French, Spanish and Chinese texts in English words, each in its place."""

from __future__ import annotations

import hashlib
import json
import re
from importlib.resources import files

import pytest

from rag.models import BUILT_IN_EMBEDDER, BUILT_IN_READER
from rag.text.glosses import GLOSSES_VERSION, LANGUAGES, gloss, in_english, knows, language_of

GERMAN = "Die Kündigungsfrist beträgt drei Monate. Der Wartungsvertrag kostet 345 Euro im Jahr."
FRENCH = "Le délai de livraison est de trois semaines. L'abonnement coûte 96 euros."
SPANISH = "El plazo de entrega es de tres semanas y el pedido mínimo es de 200 euros."


def test_words_become_english_and_what_is_no_word_stays() -> None:
    assert in_english(GERMAN).startswith("the notice period amount to three month. the maintenance contract")
    assert in_english(FRENCH).startswith("the delivery time is of three week. the ")
    assert in_english(SPANISH).startswith(
        "the delivery time be of three week and the minimum order be of 200 euro"
    )


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (GERMAN, "german"),
        (FRENCH, "french"),
        (SPANISH, "spanish"),
        ("Wie viel kostet die Wartung?", "german"),
        ("Mindestbestand; Lieferdatum; Stückpreis; Gesamtbetrag", "german"),
        ("The notice period is three months.", ""),
        ("Der Verein, as the club calls itself, has its rooms in the Rathaus.", ""),
        ("Los Angeles, San Diego and La Jolla", ""),
        ("ERR_4021: disk full", ""),
        ("这份合同的期限是三年。", "chinese"),
        ("株式会社の契約期間は三年です。", ""),
        ("Срок поставки три недели.", ""),
        ("", ""),
    ],
)
def test_the_language_is_told_by_its_function_words_or_by_words_that_are_all_known(
    text: str, language: str
) -> None:
    assert language_of(text) == language
    assert (gloss(text) is None) == (language == "")


@pytest.mark.parametrize("text", [GERMAN, FRENCH, SPANISH])
def test_the_pieces_cover_text_and_gloss_without_a_gap(text: str) -> None:
    found = gloss(text)
    assert found is not None
    at = source = 0
    for start, end, first, last in found.pieces:
        assert (start, first) == (at, source)
        at, source = end, last
    assert (at, source) == (len(found.text), len(text))


def test_an_answer_in_the_gloss_is_one_in_the_text() -> None:
    found = gloss(GERMAN)
    assert found is not None
    for said, words in (
        ("three month", "drei Monate"),
        ("345", "345"),
        ("maintenance contract", "Wartungsvertrag"),
    ):
        start = found.text.index(said)
        first, last = found.located(start, start + len(said))
        assert GERMAN[first:last] == words


def test_chinese_is_cut_into_the_longest_words_of_the_list() -> None:
    text = "合同期限为三年，租金每月五千元。"
    found = gloss(text)
    assert found is not None
    words = found.text.split()
    assert "contract" in words
    assert "rent" in words
    start = found.text.index("rent")
    first, last = found.located(start, start + len("rent"))
    assert text[first:last] == "租金"


def test_persons_keep_their_names() -> None:
    assert "Claire Fontaine" in in_english("La directrice est Claire Fontaine, elle est absente.")
    assert "Rosa Campos" in in_english("La encargada es Rosa Campos y no está los lunes.")


def test_a_word_has_other_english_words_to_be_found_by() -> None:
    found = gloss("Die Frist ist der 3. Mai.")
    assert found is not None
    assert "deadline" in f"{found.text} {found.also}"


def test_a_phrase_is_one_word() -> None:
    assert "in advance" in in_english("Die Miete ist im Voraus zu zahlen.")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_lists_are_well_formed_and_no_form_stands_twice(language: str) -> None:
    lines = (files("rag.text.glosses") / f"{language}.txt").read_text("utf-8").splitlines()
    assert len(lines) > 5000
    assert [
        line for line in lines if not re.fullmatch(r"[^\s:]+(?: [^\s:]+)*: [^/]+(?: / [^/]+){0,2}", line)
    ] == []
    forms = [form for line in lines for form in line.partition(": ")[0].split()]
    assert len(forms) == len(set(forms))
    assert lines == sorted(lines)


def test_lists_that_change_have_another_version_and_the_models_that_ship_name_it() -> None:
    lists = b"".join((files("rag.text.glosses") / f"{language}.txt").read_bytes() for language in LANGUAGES)
    assert (hashlib.sha256(lists).hexdigest()[:16], GLOSSES_VERSION) == ("efac365901753908", 1)
    for model, name in ((BUILT_IN_EMBEDDER, "embedder.json"), (BUILT_IN_READER, "reader.json")):
        assert json.loads((model / name).read_text("utf-8"))["glosses"] == GLOSSES_VERSION


def test_a_word_of_a_list_is_known_and_one_with_a_slip_is_not() -> None:
    assert knows("german", "Handschuhe")
    assert knows("german", "Wartungsvertrag")
    assert not knows("german", "Kündigunsfrist")
    assert not knows("", "Handschuhe")
