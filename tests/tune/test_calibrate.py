"""Calibrated probabilities keep their word, from wherever the logits begin."""

from __future__ import annotations

import math
import random

import pytest

from rag.tune.calibrate import platt


def drawn(scale: float, bias: float, middle: float, number: int = 4000) -> list[tuple[float, bool]]:
    """Logits around `middle`, each true with the probability σ(scale · logit + bias)."""
    chance = random.Random(0)
    logits = [chance.gauss(middle, 4) for _ in range(number)]
    return [(x, chance.random() < 1 / (1 + math.exp(-(scale * x + bias)))) for x in logits]


@pytest.mark.parametrize(("scale", "bias", "middle"), [(1.0, 0.0, 0.0), (0.7, 1.6, -2.0), (0.5, 10.0, -20.0)])
def test_the_scale_and_bias_that_made_the_data_are_found(scale: float, bias: float, middle: float) -> None:
    found = platt(drawn(scale, bias, middle))
    assert found[0] == pytest.approx(scale, rel=0.12)
    assert found[1] == pytest.approx(bias, abs=0.12 * max(1.0, abs(bias)))


def test_the_mean_probability_is_the_share_of_true_ones() -> None:
    judged = drawn(0.3, -1.0, 2.0)
    scale, bias = platt(judged)
    mean = sum(1 / (1 + math.exp(-(scale * x + bias))) for x, _ in judged) / len(judged)
    assert mean == pytest.approx(sum(true for _, true in judged) / len(judged), abs=0.002)


def test_what_is_told_apart_without_a_fault_stays_finite() -> None:
    scale, bias = platt([(-3.0, False), (-2.0, False), (2.0, True), (3.0, True)])
    assert 0 < scale < 10
    assert abs(bias) < 1


def test_one_kind_alone_says_nothing() -> None:
    assert platt([(1.0, True), (2.0, True)]) == (1.0, 0.0)
