"""Boosted regression trees, read from JSON and run by numpy: what `rag tune ranker` learned, on its own.

    {"columns": [names], "trees": [{"column": […], "threshold": […], "left": […], "right": […],
                                    "missing_left": […], "value": […]}]}

One entry a node of a tree, the root first; a leaf has column −1. A row goes left where its value is not above
the threshold, and where it is unknown (NaN) as `missing_left` says. The score of a row is the sum of its
leaves' values. `value` of an inner node is the mean of the leaves below it, weighted by how many rows they
had when they were learned; so a step from node to child changes the expectation, and the changes by column
add up to the score less the roots' values: that is each column's share. Sources: Burges, From RankNet to
LambdaRank to LambdaMART; Saabas, Interpreting Random Forests.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rag.errors import CorruptError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FILE = "trees.json"
_FIELDS = ("column", "threshold", "left", "right", "missing_left", "value")
_MOST = 64  # levels of a tree; more is no tree but a circle


class Trees(NamedTuple):
    """All nodes of all trees in one row of arrays; `roots` are the first nodes, children are counted anew."""

    columns: tuple[str, ...]
    roots: NDArray[np.int64]
    column: NDArray[np.int64]
    threshold: NDArray[np.float64]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    missing_left: NDArray[np.bool_]
    value: NDArray[np.float64]

    def scored(self, rows: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Rows (n, columns) → scores (n,) and each column's share of them (n, columns)."""
        import numpy as np

        n = len(rows)
        at = np.broadcast_to(self.roots, (n, len(self.roots))).copy()
        which = np.broadcast_to(np.arange(n)[:, None], at.shape)
        shares = np.zeros((n, len(self.columns)))
        for _ in range(_MOST):
            column = self.column[at]
            inner = column >= 0
            if not inner.any():
                break
            node, row, held = at[inner], which[inner], column[inner]
            values = rows[row, held]
            unknown = np.isnan(values)
            goes_left = np.where(unknown, self.missing_left[node], values <= self.threshold[node])
            child = np.where(goes_left, self.left[node], self.right[node])
            np.add.at(shares, (row, held), self.value[child] - self.value[node])
            at[inner] = child
        return self.value[at].sum(axis=1), shares

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Trees:
        """Trees of the JSON above. Raises ValueError, KeyError or TypeError where it does not fit."""
        import numpy as np

        columns, trees = tuple(values["columns"]), values["trees"]
        parts: dict[str, list[Any]] = {name: [] for name in _FIELDS}
        roots, begun = [], 0
        for tree in trees:
            size = len(tree["value"])
            if not size or any(len(tree[name]) != size for name in _FIELDS):
                raise ValueError("a tree whose lists differ in length")
            roots.append(begun)
            for name in _FIELDS:
                moved = [begun + child for child in tree[name]] if name in ("left", "right") else tree[name]
                parts[name].extend(moved)
            for node, (column, *children) in enumerate(
                zip(tree["column"], tree["left"], tree["right"], strict=True)
            ):
                inside = all(node < child < size for child in children)
                if not -1 <= column < len(columns) or (column >= 0 and not inside):
                    raise ValueError(f"node {node} of a tree leads nowhere")
            begun += size
        trees = cls(
            columns,
            np.array(roots, np.int64),
            np.array(parts["column"], np.int64),
            np.array(parts["threshold"], np.float64),
            np.array(parts["left"], np.int64),
            np.array(parts["right"], np.int64),
            np.array(parts["missing_left"], np.bool_),
            np.array(parts["value"], np.float64),
        )
        if not np.isfinite(trees.value).all():
            raise ValueError("a value that is no number")
        return trees


def load(folder: Path, columns: Sequence[str]) -> Trees:
    """The trees in a folder. Raises CorruptError for a file that is damaged or knows other columns."""
    path = folder / FILE
    try:
        trees = Trees.of(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CorruptError(f"{path} cannot be used ({error}): `rag tune undo ranker`") from error
    if trees.columns != tuple(columns):
        raise CorruptError(
            f"{path} was learned on other signals ({', '.join(trees.columns)}): tune the ranker again"
        )
    return trees
