"""Analysis: the terms of words, codes, names and unspaced scripts, and the language of texts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import ConfigError
from rag.indexes import Analyzer, detect_language


@pytest.fixture(scope="module")
def english() -> Analyzer:
    return Analyzer("english")


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("The cats were running", ["cat", "run"]),
        ("ERR_4021", ["err_4021", "err4021", "err", "4021"]),
        ("faiss-cpu==1.15", ["faiss-cpu==1.15", "faiss-cpu", "1.15", "faiss", "cpu", "15"]),
        ("v2.3.1", ["v2.3.1", "2.3.1", "v2"]),
        ("foo.bar()", ["foo.bar", "foo", "bar"]),
        ("C++, C# and g++", ["c++", "c#", "g++"]),
        ("e-mail", ["e-mail", "email", "mail"]),
        ("boundary-layer", ["boundary-layer", "boundari", "layer"]),
        ("camelCase", ["camelcas", "camel", "case"]),
        ("HTTPServer", ["httpserver", "http", "server"]),
        ("snake_case __init__", ["snake_case", "snake", "case", "init"]),
        ("src/rag/types.py", ["src/rag/types.py", "types.py", "src", "rag", "type", "py"]),
        ("std::vector x->y", ["std::vector", "std", "vector", "x->y"]),
        ("me@mail.org", ["me@mail.org", "mail.org", "mail", "org"]),
        ("1,234,567.5", ["1,234,567.5", "1234567.5", "1234567"]),
        ("1.199,00", ["1.199,00", "1199,00", "1199"]),
        ("1\u202f250,50", ["1250,50", "1250", "50"]),
        ("E-4021", ["e-4021", "e4021", "4021"]),
        ("AX-77/B", ["ax-77/b", "ax77b", "ax77", "ax-77", "ax", "77"]),
        ("AX77/B", ["ax77/b", "ax77b", "ax77"]),
        ("café Übersicht naïve", ["cafe", "ubersicht", "naiv"]),
        ("cafe\u0301", ["cafe"]),
        ("Łódź", ["lodz"]),
        ("йод", ["йод"]),
        ("3.14 and 10:30", ["3.14", "14", "10:30", "10", "30"]),
        ("2024-01-15", ["2024-01-15", "2024", "01", "15"]),
        ("U.S.A. Ph.D.", ["u.s.a", "usa", "ph.d", "phd"]),
        ("don't", ["don't"]),
        ("Darwin’s", ["darwin"]),
        ("It's what's", []),
        ("the US and us, THE WHO", ["us", "the", "who"]),
        ("word—word…word", ["word", "word", "word"]),
        ("ﬁle Ｗｉｄｅ co\u00adoperate", ["file", "wide", "cooper"]),
        ("", []),
        (" \n\t… !?", []),
    ],
)
def test_terms_of_english(english: Analyzer, text: str, terms: list[str]) -> None:
    assert english.analyze(text) == terms


@pytest.mark.parametrize(
    ("language", "text", "terms"),
    [
        ("french", "L'eau des rivières", ["eau", "rivi"]),
        ("german", "Die Häuser der Straßen", ["haus", "strass"]),
        ("spanish", "los gatos de la casa", ["gat", "cas"]),
        ("russian", "Кошки и собаки", ["кошк", "собак"]),
        ("turkish", "İstanbul'da", ["istanbul"]),
        ("none", "The cats were running", ["the", "cats", "were", "running"]),
    ],
)
def test_terms_of_other_languages(language: str, text: str, terms: list[str]) -> None:
    found = Analyzer(language).analyze(text)
    assert [term for term in found if term in terms] == terms


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("全文検索", ["全文", "文検", "検索"]),
        ("中", ["中"]),
        ("用Python写代码", ["用", "python", "写代", "代码"]),
        ("カタカナ、ひらがな", ["カタ", "タカ", "カナ", "ひら", "らが", "がな"]),
        ("한국어 문장", ["한국", "국어", "문장"]),
        ("ไทย", ["ไท", "ทย"]),
    ],
)
def test_unspaced_scripts_become_bigrams(english: Analyzer, text: str, terms: list[str]) -> None:
    assert Analyzer("none").analyze(text) == terms
    assert english.analyze(text)[: len(terms)] == terms  # behind them, what the words of Chinese mean


def test_marks_do_not_split_words() -> None:
    assert Analyzer("none").analyze("हिन्दी किताब") == ["हिन्दी", "किताब"]


@pytest.mark.parametrize(
    "code",
    [
        "ERR_4021",
        "faiss-cpu==1.15",
        "v2.3.1",
        "foo.bar()",
        "C++",
        "e-mail",
        "camelCase",
        "l'eau",
        "10.5.0.1",
        "a/b/c",
    ],
)
def test_a_code_is_found_whole_in_any_punctuation(english: Analyzer, code: str) -> None:
    whole = english.analyze(code)[0]
    for text in (f"see {code}.", f"({code})", f'"{code}", then', f"\t{code}\n"):
        assert whole in english.analyze(text)


def test_very_long_strings_are_not_terms(english: Analyzer) -> None:
    digest, blob = "0f" * 64, "A" * 5000
    assert english.analyze(f"{digest} {blob}") == [digest]


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("cafe", "café"),
        ("ecole", "l'école"),
        ("E4021", "E-4021"),
        ("E_4021", "E-4021"),
        ("AX77/B", "AX-77/B"),
        ("ax-77b", "AX77-B"),
        ("1199", "1.199,00"),
        ("1199", "1'199.00"),
        ("1,199", "1.199,00"),
    ],
)
@pytest.mark.parametrize("language", ["english", "french", "german", "none"])
def test_what_is_typed_and_what_is_written_share_a_term(language: str, typed: str, written: str) -> None:
    analyzer = Analyzer(language)
    assert set(analyzer.analyze(typed)) & set(analyzer.analyze(written))
    assert set(analyzer.analyze(written)) & set(analyzer.analyze(typed))


def test_an_unknown_language() -> None:
    with pytest.raises(ConfigError, match=r"'klingon'.*english.*'none'"):
        Analyzer("klingon")


@given(st.text())
def test_any_text_gives_clean_terms_and_the_same_ones_again(text: str) -> None:
    analyzer = Analyzer("english")
    terms = analyzer.analyze(text)
    assert all(term and term.split() == [term] for term in terms)
    assert analyzer.analyze(text) == terms
    assert sorted(analyzer.analyze(f"{text}\n{text}")) == sorted(terms * 2)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The cat sleeps on the table and it does not wake up.", "english"),
        ("Die Katze schläft auf dem Tisch und wacht nicht auf.", "german"),
        ("Le chat dort sur la table et il ne se réveille pas.", "french"),
        ("El gato duerme sobre la mesa y no se despierta.", "spanish"),
        ("Il gatto dorme sulla tavola e non si sveglia.", "italian"),
        ("O gato dorme em cima da mesa e não acorda.", "portuguese"),
        ("De kat slaapt op de tafel en wordt niet wakker.", "dutch"),
        ("Katten sover på bordet och den vaknar inte.", "swedish"),
        ("Kissa nukkuu pöydällä ja se ei herää.", "finnish"),
        ("Кошка спит на столе и не просыпается.", "russian"),
        ("Η γάτα κοιμάται στο τραπέζι και δεν ξυπνά.", "greek"),
        ("القطة نائمة على الطاولة و لا تستيقظ", "arabic"),
        ("बिल्ली मेज पर सो रही है", "hindi"),
        ("猫在桌子上睡觉。", "none"),
        ("猫はテーブルの上で寝ています。", "none"),
        ("고양이가 탁자 위에서 자고 있다.", "none"),
        ("החתול ישן על השולחן", "none"),
        ("ERR_4021 XJ-9 7714", "english"),
        ("", "english"),
    ],
)
def test_language_of_a_text(text: str, language: str) -> None:
    assert detect_language([text]) == language


def test_most_of_the_texts_decide() -> None:
    german = "Das ist ein Satz, der nicht auf Englisch ist und auch nicht kurz."
    assert detect_language([german, german, "This one is in English."]) == "german"


def test_only_a_sample_is_read() -> None:
    def endless() -> object:
        while True:
            yield "This is the text that is read again and again. " * 1000

    assert detect_language(endless()) == "english"  # type: ignore[arg-type]


def test_an_english_index_has_what_the_words_of_other_languages_mean() -> None:
    german = "Die Kündigungsfrist beträgt drei Monate."
    terms = Analyzer("english").analyze(german)
    assert set(Analyzer("english").analyze("notice period three months")) <= set(terms)
    assert "kundigungsfrist" in terms
    assert not set(Analyzer("english").analyze("notice")) & set(Analyzer("german").analyze(german))
