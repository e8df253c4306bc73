"""EM, F1 and ROUGE-L against their published definitions: examples worked out, and random runs.

The oracles below are written from the papers' definitions alone, each in the plainest way there is, and share
no line with what they check.
"""

from __future__ import annotations

import itertools
import string
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.evaluate import Case, Run
from rag.evaluate.measures import measure
from rag.evaluate.measures.words import exact_match, f1, rouge_l
from rag.evaluate.questions.cases import QuestionSet
from rag.evaluate.running.outcome import Outcome, Said
from rag.text.shared_words import normalised

# ------------------------------------------------------------------------------------------ the oracles


def normal(text: str) -> list[str]:
    """Lower case, ASCII punctuation removed, then the words that are no articles."""
    bare = "".join(letter for letter in text.lower() if letter not in string.punctuation)
    words = "".join(" " if letter.isspace() else letter for letter in bare).split(" ")
    return list(itertools.chain.from_iterable(without_articles(word) for word in words))


def without_articles(word: str) -> list[str]:
    """An article ends where letters, digits and underscores end: a curly quote beside it is left standing."""
    pieces, run = [], ""
    for letter in word + "\0":
        if letter.isalnum() or letter == "_":
            run += letter
            continue
        pieces += [" " if run in ("a", "an", "the") else run, letter]
        run = ""
    return "".join(pieces[:-1]).split()


def squad_1_em(answer: str, references: list[str]) -> float:
    return 1.0 if any(normal(answer) == normal(one) for one in references) else 0.0


def squad_1_f1(answer: str, references: list[str]) -> float:
    """Shared words are taken out of the reference one at a time; without any, F1 is 0."""
    best = 0.0
    for one in references:
        wanted, got = normal(one), normal(answer)
        left, shared = list(wanted), 0
        for word in got:
            if word in left:
                left.remove(word)
                shared += 1
        if shared:
            precision, recall = shared / len(got), shared / len(wanted)
            best = max(best, 2 * precision * recall / (precision + recall))
    return best


def squad_2(answer: str, references: list[str]) -> tuple[float, float]:
    """EM and F1: references of no words are left out; without any left, only no answer is right."""
    kept = [one for one in references if normal(one)]
    if not kept:
        nothing = float(not normal(answer))
        return nothing, nothing
    return squad_1_em(answer, kept), squad_1_f1(answer, kept)


def longest_common(one: tuple[str, ...], other: tuple[str, ...]) -> int:
    """The longest list of words that both have in this order, by trying every choice of words."""
    for size in range(min(len(one), len(other)), 0, -1):
        choices = set(itertools.combinations(one, size))
        if any(chosen in choices for chosen in itertools.combinations(other, size)):
            return size
    return 0


# --------------------------------------------------------------------------------------- worked examples


@pytest.mark.parametrize(
    ("answer", "references", "em", "score"),
    [
        ("The Cat!", ["cat"], 1, 1),
        ("in 1066", ["1066", "the year 1066"], 0, 2 / 3),  # 1 shared: P = 1/2, R = 1
        ("of the north wind", ["north", "the north-wind"], 0, 1 / 2),  # of north wind | north: P 1/3, R 1
        ("U.S.A.", ["USA"], 1, 1),
        ("two two three", ["two three three"], 0, 2 / 3),  # two once, three once: 2 of 3 and 2 of 3
        ("", ["Rome"], 0, 0),
        ("Rome", [], 0, 0),  # answered, and there is no answer
        ("", [], 1, 1),  # declined, and there is no answer
        ("", ["the"], 1, 1),  # a reference of no words is none
        ("Rome", ["the", "Rome"], 1, 1),
        ("", ["the", "Rome"], 0, 0),
        ("“Rome”", ["Rome"], 0, 0),  # curly quotes are no ASCII punctuation: SQuAD keeps them
    ],
)
def test_worked_examples(answer: str, references: list[str], em: float, score: float) -> None:
    assert (exact_match(answer, references), f1(answer, references)) == (em, pytest.approx(score))
    assert squad_2(answer, references) == (em, pytest.approx(score)), "the oracle agrees"


# ------------------------------------------------------------------------------------------- random runs

WORDS = st.sampled_from(
    [
        *("the", "a", "An", "cat", "Cat,", "sat", "on", "mat.", "1066", "north-wind", "Théâtre", "d'Orsay"),
        *("it_s", "“the", "theme", "!", "…", "ß", "ÄRGER", "ﬁsh", "İstanbul", "a.", "–", "", "\t", "\n"),
    ]
)
PHRASES = st.lists(WORDS, max_size=7).map(" ".join)
UNSPACED = ((0x0E00, 0x0EFF), (0x3040, 0x30FF), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF))


def spaced(text: str) -> bool:
    return not any(low <= ord(letter) <= high for letter in text for low, high in UNSPACED)


ANY = st.text(max_size=30).filter(spaced)


@settings(max_examples=250, deadline=None)
@given(PHRASES, st.lists(PHRASES, max_size=4))
def test_random_phrases_score_as_squad_2_says(answer: str, references: list[str]) -> None:
    assert (exact_match(answer, references), f1(answer, references)) == pytest.approx(
        squad_2(answer, references)
    )


@settings(max_examples=150, deadline=None)
@given(PHRASES, st.lists(PHRASES.filter(normal), min_size=1, max_size=4))
def test_where_there_is_an_answer_squad_1_says_the_same(answer: str, references: list[str]) -> None:
    assert exact_match(answer, references) == squad_1_em(answer, references)
    assert f1(answer, references) == pytest.approx(squad_1_f1(answer, references))


@settings(max_examples=150, deadline=None)
@given(ANY)
def test_any_text_has_squads_normal_form(text: str) -> None:
    text = "".join(letter for letter in text if unicodedata.category(letter) not in ("Mn", "Mc", "Cs"))
    assert normalised(text).split() == " ".join(normal(text)).split()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(PHRASES, st.lists(PHRASES.filter(normal), max_size=3)), min_size=1, max_size=8))
def test_a_random_run_has_squads_means(rows: list[tuple[str, list[str]]]) -> None:
    """Over a whole run: answered and declined, answerable and not."""
    cases = tuple(Case(str(n), f"{n}?", tuple(references)) for n, (_, references) in enumerate(rows))
    outcomes = tuple(
        Outcome(str(n), said=(Said(answer, 1.0, ()),)) if answer else Outcome(str(n), abstained=True)
        for n, (answer, _) in enumerate(rows)
    )
    run = Run(QuestionSet("random", cases), outcomes, (measure("EM"), measure("F1")))
    expected = [squad_2(answer, references) for answer, references in rows]
    assert run.summary["EM"].mean == pytest.approx(sum(em for em, _ in expected) / len(rows))
    assert run.summary["F1"].mean == pytest.approx(sum(score for _, score in expected) / len(rows))


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.sampled_from("abcde"), max_size=7),
    st.lists(st.lists(st.sampled_from("abcde"), max_size=7), max_size=3),
)
def test_rouge_l_is_the_longest_common_subsequence(answer: list[str], references: list[list[str]]) -> None:
    expected = 0.0
    for one in references:
        if shared := longest_common(tuple(answer), tuple(one)):
            precision, recall = shared / len(answer), shared / len(one)
            expected = max(expected, 2 * precision * recall / (precision + recall))
    assert rouge_l(" ".join(answer), [" ".join(one) for one in references]) == pytest.approx(expected)


def test_rouge_l_worked_out_over_several_references() -> None:
    # w1 w2 w3 w4 w5 against w1 w2 w6 w7 w8 shares 2 of 5 and 5; against w1 w3 w8 w9 w5 shares 3 of 5 and 5
    assert rouge_l("w1 w2 w3 w4 w5", ["w1 w2 w6 w7 w8"]) == pytest.approx(2 / 5)
    assert rouge_l("w1 w2 w3 w4 w5", ["w1 w2 w6 w7 w8", "w1 w3 w8 w9 w5"]) == pytest.approx(3 / 5)
