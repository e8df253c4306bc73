"""Measures against trec_eval (through pytrec_eval), published definitions, and arithmetic written out."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag import ConfigError
from rag.evaluate import Case, risk_coverage
from rag.evaluate.measures import DEFAULT, meaning, measure
from rag.evaluate.measures.ranking import average_precision, ndcg, precision, recall, reciprocal_rank, success
from rag.evaluate.measures.words import contains, exact_match, f1, rouge_l
from rag.evaluate.running.outcome import Outcome, Said
from rag.evaluate.running.score import score
from rag.text.shared_words import normalised


def test_ranking_by_hand() -> None:
    gains = {"a": 3.0, "b": 1.0, "c": 2.0}
    ranking = ["x", "b", "a", "y"]
    # gains by rank 0, 1, 3, 0; the best ranking is 3, 2, 1
    dcg = 1 / math.log2(3) + 3 / math.log2(4)
    best = 3 / math.log2(2) + 2 / math.log2(3) + 1 / math.log2(4)
    assert ndcg(ranking, gains, 10) == pytest.approx(dcg / best)
    assert recall(ranking, gains, 3) == pytest.approx(2 / 3)
    assert precision(ranking, gains, 3) == pytest.approx(2 / 3)
    assert reciprocal_rank(ranking, gains) == 1 / 2
    assert average_precision(ranking, gains) == pytest.approx((1 / 2 + 2 / 3) / 3)
    assert (success(ranking, gains, 1), success(ranking, gains, 2)) == (0, 1)
    assert recall(ranking, gains, 10, least=3) == 1, "only `a` has a gain of 3"


TREC = ["nDCG@5", "nDCG@10", "nDCG", "R@5", "R@10", "P@5", "P@10", "RR", "AP", "AP@10", "Success@5"]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_ranking_measures_equal_trec_evals(seed: int) -> None:
    pytrec_eval = pytest.importorskip("pytrec_eval")
    chance = random.Random(seed)
    documents = [f"d{n}" for n in range(40)]
    gains = {
        one: chance.choice([0, 0, 1, 1, 2, 3]) for one in chance.sample(documents, chance.randint(1, 25))
    }
    gains[documents[0]] = 1
    ranking = chance.sample(documents, chance.randint(1, 40))
    run = {"q": {one: float(len(ranking) - place) for place, one in enumerate(ranking)}}
    names = {"ndcg_cut.5,10", "ndcg", "recall.5,10", "P.5,10", "recip_rank", "map", "map_cut.10", "success.5"}
    theirs = pytrec_eval.RelevanceEvaluator({"q": gains}, names).evaluate(run)["q"]
    judged = {one: float(gain) for one, gain in gains.items() if gain > 0}
    ours = score(
        Case("q", "?", (), judged),
        Outcome("q", tuple(ranking)),
        [measure(name) for name in TREC],
    )  # fmt: skip
    assert ours == pytest.approx(
        {
            "nDCG@5": theirs["ndcg_cut_5"], "nDCG@10": theirs["ndcg_cut_10"], "nDCG": theirs["ndcg"],
            "R@5": theirs["recall_5"], "R@10": theirs["recall_10"],
            "P@5": theirs["P_5"], "P@10": theirs["P_10"],
            "RR": theirs["recip_rank"], "AP": theirs["map"], "AP@10": theirs["map_cut_10"],
            "Success@5": theirs["success_5"],
        },
        abs=1e-6,
    )  # fmt: skip


def test_the_relevant_grade_equals_trec_evals_level() -> None:
    pytrec_eval = pytest.importorskip("pytrec_eval")
    gains = {"a": 3, "b": 1, "c": 2, "d": 2}
    run = {"q": {"b": 4.0, "c": 3.0, "x": 2.0, "a": 1.0}}
    theirs = pytrec_eval.RelevanceEvaluator({"q": gains}, {"P.2", "map"}, relevance_level=2).evaluate(run)[
        "q"
    ]
    ours = score(
        Case("q", "?", (), {one: float(gain) for one, gain in gains.items()}),
        Outcome("q", ("b", "c", "x", "a")),
        [measure("P(rel=2)@2"), measure("AP(rel=2)")],
    )
    assert ours == pytest.approx({"P(rel=2)@2": theirs["P_2"], "AP(rel=2)": theirs["map"]})


def test_squads_normal_form() -> None:
    assert normalised("  The Cat,\tsat on   a MAT! ") == "cat sat on mat"
    assert normalised("Théâtre d'Orsay") == "théâtre dorsay"
    assert normalised("theatre another") == "theatre another", "articles are whole words"
    assert normalised("工党，2022年") == "工 党 2022 年"


def test_squads_measures_by_hand() -> None:
    assert exact_match("the Denver Broncos.", ["Denver Broncos", "x"]) == 1
    assert exact_match("Denver", ["Denver Broncos"]) == 0
    # given 4 words, wanted 2, shared 2: P = 2/4, R = 2/2
    assert f1("Broncos of Denver won", ["Denver Broncos"]) == pytest.approx(2 * 0.5 * 1 / 1.5)
    # a word counts as often as both texts have it: shared "to be" once each, 2 of 6 and 2 of 2
    assert f1("to be or not to be", ["to be"]) == pytest.approx(2 * (2 / 6) / (2 / 6 + 1))
    assert f1("x", ["y", "x z"]) == pytest.approx(2 / 3), "the best reference counts"
    assert (f1("", [""]), f1("", ["x"]), f1("the", ["a"])) == (1, 0, 1), "as in SQuAD 2.0"


def test_rouge_l_of_lins_own_example() -> None:
    # Lin's example: "police kill the gunman" shares police … the gunman with the reference: 3 of 4 and 4
    assert rouge_l("police kill the gunman", ["police killed the gunman"]) == pytest.approx(3 / 4)
    assert rouge_l("the gunman kill police", ["police killed the gunman"]) == pytest.approx(2 / 4)
    assert rouge_l("", ["x"]) == 0


def test_containment_keeps_to_whole_words_in_order() -> None:
    assert contains("It opened in 1995, in May.", ["1995"]) == 1
    assert contains("It opened in 19951.", ["1995"]) == 0
    assert contains("Bruno and Mars", ["Bruno Mars"]) == 0
    assert contains("赢得选举的是工党。", ["工党"]) == 1
    assert contains("anything", ["", "the"]) == 0, "an answer of no words is in nothing"


def outcome(abstained: bool = False, *said: Said) -> Outcome:
    return Outcome("q", said=said, abstained=abstained, confidence=0.5)


ANSWER = [measure(name) for name in DEFAULT if measure(name).family != "retrieval"]


def test_scores_of_an_answered_question() -> None:
    said = (Said("Rome.", 0.9, ("d1", "d2")), Said("It rains.", 0.4, ("d1",)), Said("Always.", 0.9, ()))
    found = score(Case("q", "?", ("Rome",), {"d1": 1.0, "d3": 1.0}), outcome(False, *said), ANSWER)
    assert found["Correct"] == found["Contains"] == found["Answered"] == 1
    assert found["EM"] == 0
    assert found["CiteP"] == pytest.approx(2 / 3), "d1, d1 of d1, d2, d1"
    assert found["CiteR"] == pytest.approx(1 / 2), "d1 of d1, d3"
    assert found["Support"] == pytest.approx(1 / 3), "one sentence is supported and cites"
    assert found["AbstainP"] is found["AbstainR"] is None


def test_scores_of_declined_questions() -> None:
    wrongly = score(Case("q", "?", ("Rome",), {"d1": 1.0}), outcome(True), ANSWER)
    assert (wrongly["Correct"], wrongly["Answered"], wrongly["AbstainP"], wrongly["AbstainR"]) == (
        0,
        0,
        0,
        None,
    )
    assert (wrongly["EM"], wrongly["F1"], wrongly["CiteP"], wrongly["Support"]) == (0, 0, None, None)
    rightly = score(Case("q", "?"), outcome(True), ANSWER)
    assert (rightly["Correct"], rightly["Answered"], rightly["AbstainP"], rightly["AbstainR"]) == (
        1,
        None,
        1,
        1,
    )
    assert (rightly["EM"], rightly["F1"], rightly["Contains"]) == (1, 1, None), "as in SQuAD 2.0"
    fooled = score(Case("q", "?"), outcome(False, Said("x", 1, ("d",))), ANSWER)
    assert (fooled["Correct"], fooled["AbstainP"], fooled["AbstainR"], fooled["CiteP"]) == (0, None, 0, None)


def test_questions_without_answers_to_judge_are_scored_by_rank_only() -> None:
    found = score(Case("q", "?", (), {"d": 1.0}), Outcome("q", ("d",)), [measure("R@1"), *ANSWER])
    assert found == {"R@1": 1.0, **dict.fromkeys((one.name for one in ANSWER), None)}


def test_risk_and_coverage_by_hand() -> None:
    curve = risk_coverage([(0.9, True), (0.8, False), (0.7, True), (0.1, False)])
    assert [coverage for coverage, _, _ in curve.points] == [1 / 4, 2 / 4, 3 / 4, 1]
    assert [risk for _, risk, _ in curve.points] == pytest.approx([0, 1 / 2, 1 / 3, 1 / 2])
    assert curve.aurc == pytest.approx((0 + 1 / 2 + 1 / 3 + 1 / 2) / 4)
    assert curve.best == pytest.approx((0 + 0 + 1 / 3 + 2 / 4) / 4), "both right answers first"
    assert curve.random == 1 / 2
    assert (curve.coverage_at(0), curve.coverage_at(0.4), curve.coverage_at(0.5)) == (0.25, 0.75, 1)


def test_equal_confidence_is_answered_together_whatever_the_order() -> None:
    one = risk_coverage([(0.5, True), (0.5, False)])
    assert one == risk_coverage([(0.5, False), (0.5, True)])
    assert one.points == ((1.0, 0.5, 0.5),)
    assert one.aurc == pytest.approx(0.5)
    assert risk_coverage([]).points == ()


@pytest.mark.parametrize(
    ("given_name", "name"),
    [("ndcg@10", "nDCG@10"), ("MRR", "RR"), ("recall@5", "R@5"), ("P(rel=2)@5", "P(rel=2)@5")],
)
def test_names_and_aliases(given_name: str, name: str) -> None:
    assert measure(given_name).name == name
    assert meaning(given_name)


@pytest.mark.parametrize("name", ["nDCG@", "bleu", "nDCG@0", "F1@3", "Correct(rel=1)", ""])
def test_unknown_names_are_refused(name: str) -> None:
    with pytest.raises(ConfigError):
        measure(name)
