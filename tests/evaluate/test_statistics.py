"""Intervals hold what they promise in simulation; p-values and corrections equal arithmetic written out."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from rag import ConfigError
from rag.evaluate import difference, interval
from rag.evaluate.statistics import holm, needed, permutation_p, student_t


@pytest.mark.parametrize(
    ("law", "true", "n"),
    [
        ("coin", 0.7, 20),
        ("coin", 0.5, 60),
        ("coin", 0.9, 200),
        ("uniform", 0.5, 12),
        ("skewed", 0.2, 60),
    ],
)
def test_intervals_have_their_nominal_coverage(law: str, true: float, n: int) -> None:
    """95 % of 600 intervals hold the true mean, within three standard errors: ±2.7 points."""
    random = np.random.default_rng(1)
    draw = {
        "coin": lambda: random.random(n) < true,
        "uniform": lambda: random.random(n),
        "skewed": lambda: random.beta(0.5, 2.0, n),
    }[law]
    held = 0
    for trial in range(600):
        found = interval(draw().astype(float).tolist(), seed=trial)
        held += found.low <= true <= found.high
    assert 0.95 - 0.027 <= held / 600 <= 0.95 + 0.035, held / 600


def test_an_interval_is_that_of_the_normal_law_where_n_is_large() -> None:
    values = [1.0] * 700 + [0.0] * 300
    found = interval(values)
    half = 1.96 * (0.7 * 0.3 / 1000) ** 0.5
    assert found.mean == 0.7
    assert (found.low, found.high) == pytest.approx((0.7 - half, 0.7 + half), abs=0.003)
    assert found == interval(values), "the same seed gives the same figures"


def test_both_ways_of_resampling_agree() -> None:
    values = np.random.default_rng(3).random(50)
    many = interval(values.tolist())
    few = interval(np.repeat(values, 1).round(1).tolist())
    assert (many.low, many.high) == pytest.approx((few.low, few.high), abs=0.02)


def test_equal_values_have_the_exact_binomial_bound() -> None:
    # were the rate p, ten of ten would come with p¹⁰; 0.025 of that at p = 0.025^(1/10) = 0.6915
    assert interval([1.0] * 10) == pytest.approx((1.0, 0.6915, 1.0, 10), abs=1e-4)
    assert interval([0.0] * 10) == pytest.approx((0.0, 0.0, 0.3085, 10), abs=1e-4)


def test_wrong_calls_are_refused() -> None:
    for call in (lambda: interval([]), lambda: interval([1.0], confidence=95), lambda: difference([1.0], [])):
        with pytest.raises(ConfigError):
            call()


def test_the_p_value_is_the_share_of_sign_flips() -> None:
    differences = [0.3, 0.1, -0.05, 0.2]
    sums = [
        abs(sum(s * d for s, d in zip(signs, differences, strict=True)))
        for signs in itertools.product((1, -1), repeat=4)
    ]
    assert permutation_p(differences) == pytest.approx(sum(one >= 0.55 - 1e-9 for one in sums) / 16)
    assert permutation_p([0.0, 0.0]) == 1
    assert permutation_p([1.0] * 5) == 2 / 32, "only all plus and all minus are as far"


def test_sampled_flips_come_near_the_exact_value_and_never_reach_zero() -> None:
    differences = [1.0] * 9 + [-1.0] * 4  # exact: P(|S| ≥ 5) for 13 coins
    exact = sum(1 for signs in itertools.product((1, -1), repeat=13) if abs(sum(signs)) >= 5) / 2**13
    assert permutation_p(differences) == pytest.approx(exact, abs=0.015)
    assert permutation_p([1.0] * 200) == pytest.approx(1 / 10_001)


def test_false_alarms_are_as_rare_as_promised() -> None:
    """Two systems that do not differ: p < .05 in about one of twenty, within three standard errors."""
    random = np.random.default_rng(2)
    alarms = sum(
        permutation_p((random.random(40) - random.random(40)).tolist(), flips=500, seed=n) < 0.05
        for n in range(400)
    )
    assert alarms / 400 <= 0.05 + 0.033


def test_a_difference_that_is_there_is_found_and_paired() -> None:
    random = np.random.default_rng(0)
    base = random.random(200)
    found = difference(base.tolist(), (base + 0.05 + 0.02 * random.standard_normal(200)).tolist())
    assert found.decided
    assert found.mean == pytest.approx(0.05, abs=0.01)
    assert found.needed is None
    assert found.p < 0.001


def test_undecided_differences_say_how_many_questions_would_decide() -> None:
    a = [0.0] * 50 + [1.0] * 50
    b = [0.0] * 45 + [1.0] * 55  # five questions better, none worse of 100; then five worse
    b[95:] = [0.0] * 4 + [1.0]
    found = difference(a, b)
    assert not found.decided
    # nine differences of ±1: mean 1/100; variance (9 − 100 · 0.01²) / 99; z = 1.96 + 0.8416
    spread = ((9 - 100 * 0.01**2) / 99) ** 0.5
    assert found.needed == pytest.approx((2.8016 * spread / 0.01) ** 2, rel=0.001)
    assert needed([1.0, -1.0]) is None
    assert difference(a, a) == (0.0, 0.0, 0.0, 1.0, 100, None)
    assert not difference([0.0], [1.0]).decided, "one question decides nothing"


def test_holm_by_hand() -> None:
    # sorted .01, .03, .04: times 3, 2, 1 is .03, .06, .04, and never less than the one before
    assert holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    assert holm([]) == []


@pytest.mark.parametrize(
    ("tail", "freedom", "t"),
    [
        (0.025, 1, 12.7062), (0.025, 2, 4.30265), (0.025, 3, 3.18245), (0.025, 4, 2.77645),
        (0.025, 9, 2.26216), (0.025, 29, 2.04523), (0.025, 100, 1.98397), (0.025, 999, 1.96234),
        (0.05, 2, 2.91999), (0.005, 2, 9.92484), (0.005, 3, 5.84091), (0.05, 1, 6.31375),
    ],
)  # fmt: skip
def test_students_t_of_the_tables(tail: float, freedom: int, t: float) -> None:
    assert student_t(tail, freedom) == pytest.approx(t, rel=1e-5)


def test_students_t_goes_on_smoothly_where_the_method_changes() -> None:
    assert student_t(0.025, 200) == pytest.approx(student_t(0.025, 201), rel=1e-4)
    assert student_t(0.025, 200) > student_t(0.025, 201) > student_t(0.025, 202)
