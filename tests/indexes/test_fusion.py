"""Fusion: written-out arithmetic for every method, and the lists that have no spread."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import ConfigError
from rag.indexes import FUSIONS, dbsf, fuse, minmax, rrf, zscore

LEG = [("a", 4.0), ("b", 2.0), ("c", 0.0)]
"""Mean 2, deviation sqrt(8/3)."""

SPREAD = math.sqrt(8 / 3)


def test_rrf_adds_reciprocal_ranks() -> None:
    legs = [[("a", 9.0), ("b", 8.0), ("c", 7.0)], [("c", 0.3), ("d", 0.2)]]
    assert rrf(legs) == [
        ("c", pytest.approx(1 / (60 + 3) + 1 / (60 + 1))),
        ("a", pytest.approx(1 / (60 + 1))),
        ("b", pytest.approx(1 / (60 + 2))),
        ("d", pytest.approx(1 / (60 + 2))),
    ]


def test_rrf_takes_another_constant_and_weights() -> None:
    legs = [[("a", 9.0), ("b", 8.0)], [("b", 0.3)]]
    fused = rrf(legs, weights=[2.0, 0.5], rrf_k=10)
    assert fused == [("b", pytest.approx(2 / 12 + 0.5 / 11)), ("a", pytest.approx(2 / 11))]


def test_zscore_gives_missing_ids_the_lowest_value() -> None:
    other = [("c", 3.0), ("d", 2.0), ("e", 1.0)]  # mean 2, deviation sqrt(2/3)
    small = math.sqrt(2 / 3)
    assert dict(zscore([LEG, other])) == {
        "a": pytest.approx(2 / SPREAD - 1 / small),
        "b": pytest.approx(0 / SPREAD - 1 / small),
        "c": pytest.approx(-2 / SPREAD + 1 / small),
        "d": pytest.approx(-2 / SPREAD + 0 / small),
        "e": pytest.approx(-2 / SPREAD - 1 / small),
    }


def test_minmax_stretches_each_leg() -> None:
    other = [("c", 10.0), ("b", 9.0), ("d", 6.0)]
    assert minmax([LEG, other]) == [
        ("b", pytest.approx(2 / 4 + 3 / 4)),
        ("a", pytest.approx(1.0)),
        ("c", pytest.approx(0 + 1.0)),
        ("d", pytest.approx(0.0)),
    ]


def test_dbsf_spans_three_deviations_to_each_side() -> None:
    fused = dict(dbsf([LEG, [("x", 1.0)]]))
    assert fused["a"] == pytest.approx((4 - (2 - 3 * SPREAD)) / (6 * SPREAD))
    assert fused["c"] == pytest.approx((0 - (2 - 3 * SPREAD)) / (6 * SPREAD))
    assert fused["x"] == 0.5


def test_zscore_takes_a_short_leg_for_complete() -> None:
    # The short leg is 6, 0, 0: mean 2, deviation sqrt(8).
    fused = dict(zscore([LEG, [("c", 6.0)]]))
    assert fused["c"] == pytest.approx(-2 / SPREAD + 4 / math.sqrt(8))
    assert fused["a"] == pytest.approx(2 / SPREAD - 2 / math.sqrt(8))


def test_minmax_takes_a_short_leg_for_complete() -> None:
    fused = dict(minmax([LEG, [("b", 8.0), ("d", 6.0)]]))
    assert fused == {"a": 1.0, "b": 0.5 + 1.0, "c": 0.0, "d": 6 / 8}


def test_every_match_of_a_short_leg_beats_a_miss() -> None:
    dense = [(f"d{i:02}", 0.5 - i / 1000) for i in range(50)]
    codes = [("d40", 9.0), ("d45", 8.9)]
    for method in (zscore, minmax):
        assert {name for name, _ in method([dense, codes])[:2]} == {"d40", "d45"}, method


@pytest.mark.parametrize(
    ("method", "held", "missed"), [("zscore", 1.0, -1.0), ("minmax", 1.0, 0.0), ("dbsf", 0.5, 0.0)]
)
def test_a_leg_without_spread(method: str, held: float, missed: float) -> None:
    legs = [[("a", 7.0), ("b", 7.0)], [("c", 1.0), ("d", 1.0)]]
    assert fuse(method, legs) == [(name, pytest.approx(held + missed)) for name in "abcd"]


@pytest.mark.parametrize("method", FUSIONS)
def test_nothing_to_fuse(method: str) -> None:
    assert fuse(method, []) == []
    assert fuse(method, [[], []]) == []


@pytest.mark.parametrize("method", FUSIONS)
def test_an_empty_leg_says_nothing(method: str) -> None:
    assert fuse(method, [LEG, []]) == fuse(method, [LEG])
    assert [name for name, _ in fuse(method, [LEG])] == ["a", "b", "c"]


@pytest.mark.parametrize("method", FUSIONS)
def test_weight_zero_takes_a_leg_out(method: str) -> None:
    legs = [LEG, [("c", 3.0), ("b", 2.0), ("a", 1.0)]]
    assert [name for name, _ in fuse(method, legs, [1.0, 0.0])] == ["a", "b", "c"]
    assert [name for name, _ in fuse(method, legs, [0.0, 1.0])] == ["c", "b", "a"]


@pytest.mark.parametrize("method", FUSIONS)
def test_an_id_that_comes_twice_counts_where_it_comes_first(method: str) -> None:
    other = [("c", 1.0), ("d", 0.5)]
    twice = fuse(method, [[("a", 3.0), ("b", 2.0), ("a", 1.0)], other])
    assert twice == fuse(method, [[("a", 3.0), ("b", 2.0)], other])


@pytest.mark.parametrize("method", FUSIONS)
def test_equal_sums_go_by_id_whatever_the_order_of_the_legs(method: str) -> None:
    legs = [[(1, 3.0), (2, 2.0), (3, 1.0)], [(2, 3.0), (3, 2.0), (1, 1.0)], [(3, 3.0), (1, 2.0), (2, 1.0)]]
    for order in itertools.permutations(legs):
        assert [position for position, _ in fuse(method, order)] == [1, 2, 3]


@pytest.mark.parametrize("weights", [[1.0], [1.0, -1.0], [1.0, math.nan], [1.0, math.inf], [1.0, 1e308]])
def test_weights_that_do_not_fit(weights: list[float]) -> None:
    with pytest.raises(ConfigError, match="expected one a list"):
        zscore([LEG, LEG], weights=weights)


def test_names_and_constants_that_cannot_be() -> None:
    with pytest.raises(ConfigError, match=r"'borda'.*zscore"):
        fuse("borda", [LEG])
    with pytest.raises(ConfigError, match="rrf_k=-1"):
        rrf([LEG], rrf_k=-1)


legs_of_numbers = st.lists(
    st.lists(
        st.tuples(st.integers(0, 30), st.floats(0, 100)), max_size=20, unique_by=lambda entry: entry[0]
    ).map(lambda leg: sorted(leg, key=lambda entry: -entry[1])),
    max_size=4,
)


@pytest.mark.parametrize("method", FUSIONS)
@given(legs=legs_of_numbers)
def test_every_id_comes_out_once_best_first(method: str, legs: list[list[tuple[int, float]]]) -> None:
    fused = fuse(method, legs)
    assert sorted(position for position, _ in fused) == sorted(
        {position for leg in legs for position, _ in leg}
    )
    sums = [total for _, total in fused]
    assert all(math.isfinite(total) for total in sums)
    assert all(first >= second - 1e-9 for first, second in itertools.pairwise(sums))


@pytest.mark.parametrize("method", ["zscore", "minmax", "dbsf"])
@given(factor=st.floats(0.01, 1000), legs=legs_of_numbers.filter(lambda legs: len(legs) > 1))
def test_the_scale_of_a_leg_does_not_matter(
    method: str, factor: float, legs: list[list[tuple[int, float]]]
) -> None:
    legs = [[(position, round(score)) for position, score in leg] for leg in legs]
    scaled = [[(position, score * factor) for position, score in legs[0]], *legs[1:]]
    assert dict(fuse(method, scaled)) == pytest.approx(dict(fuse(method, legs)))
