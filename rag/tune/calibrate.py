"""Logits → probabilities that keep their word: P = σ(a · logit + b), fitted on held-out items.

Platt, "Probabilistic Outputs for Support Vector Machines" (1999), with its smoothed targets.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def platt(scored: Sequence[tuple[float, bool]], steps: int = 50) -> tuple[float, float]:
    """(scale, bias) by Newton's method; (1, 0) where only one of the two kinds is there."""
    import numpy as np

    true = sum(is_true for _, is_true in scored)
    false = len(scored) - true
    if not true or not false:
        return 1.0, 0.0
    x = np.array([[logit, 1.0] for logit, _ in scored])
    high, low = (true + 1) / (true + 2), 1 / (false + 2)
    y = np.array([high if is_true else low for _, is_true in scored])

    def loss(weights: NDArray[np.float64]) -> float:
        z = x @ weights
        return float(np.logaddexp(0, z).sum() - y @ z)

    weights = np.array([1.0, 0.0])
    for _ in range(steps):
        p = 1 / (1 + np.exp(-np.clip(x @ weights, -30, 30)))
        curve = x.T @ (x * (p * (1 - p))[:, None]) + 1e-6 * np.eye(2)
        change = np.linalg.solve(curve, x.T @ (p - y))
        now = loss(weights)
        while loss(weights - change) > now and float(np.abs(change).max()) > 1e-8:
            change = change / 2  # a full step from far away may overshoot
        weights = weights - change
        if float(np.abs(change).max()) < 1e-8:
            break
    return float(weights[0]), float(weights[1])
