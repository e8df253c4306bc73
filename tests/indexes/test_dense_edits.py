"""Any sequence of add, replace, remove, save and reopen searches like a fresh build, to the last bit."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from rag.indexes import DenseIndex

DIM = 16


def vector(position: int, version: int) -> list[float]:
    """Few distinct values, so that ties are common."""
    return np.random.default_rng([position % 40, version]).integers(-3, 4, DIM).tolist()


class Edits(RuleBasedStateMachine):
    """The model: position → version of its vector. `limit` decides between exact scans and codes."""

    limit = 0

    @initialize()
    def start(self) -> None:
        self.place = tempfile.TemporaryDirectory()
        self.folder = Path(self.place.name)
        self.model: dict[int, int] = {}
        self.index = self.reopened()
        self.stamp = self.next = 0

    def teardown(self) -> None:
        if hasattr(self, "place"):
            self.place.cleanup()

    def reopened(self, folder: str = "index") -> DenseIndex:
        # 300 rows are put forward by the codes: all there can be, so that codes are exact too.
        return DenseIndex.open(
            self.folder / folder, DIM, exact_limit=self.limit, rescore=300, segment_rows=30
        )

    def put(self, positions: list[int], version: int) -> None:
        rows = np.array([vector(position, version) for position in positions], np.float32)
        self.index.add(np.array(positions, np.int64), rows)
        self.model |= dict.fromkeys(positions, version)

    @rule(count=st.integers(1, 50))
    def add(self, count: int) -> None:
        count = min(count, 290 - len(self.model))
        if count > 0:
            self.put(list(range(self.next, self.next + count)), 0)
            self.next += count

    @rule(data=st.data(), version=st.integers(1, 3))
    def replace(self, data: st.DataObject, version: int) -> None:
        if self.model:
            self.put(
                data.draw(st.lists(st.sampled_from(sorted(self.model)), unique=True, min_size=1)), version
            )

    @rule(first=st.integers(0, 400), count=st.integers(1, 60))
    def remove(self, first: int, count: int) -> None:
        held = [position for position in range(first, first + count) if position in self.model]
        assert self.index.remove(np.arange(first, first + count)) == len(held)
        for position in held:
            del self.model[position]

    @rule()
    def save(self) -> None:
        self.stamp += 1
        self.index.save(self.stamp)
        assert self.index.pending == 0

    @rule()
    def save_and_reopen(self) -> None:
        self.save()
        self.index = self.reopened()
        assert self.index.stamp == self.stamp

    @invariant()
    def equals_a_fresh_build(self) -> None:
        positions = np.array(sorted(self.model), np.int64)
        assert len(self.index) == len(positions)
        with tempfile.TemporaryDirectory(dir=self.folder) as name:
            fresh = self.reopened(name)
            if len(positions):
                rows = [vector(position, self.model[position]) for position in positions.tolist()]
                fresh.add(positions, np.array(rows, np.float32))
            queries = np.random.default_rng(0).standard_normal((2, DIM)).astype(np.float32)
            for allowed in (None, positions[::3], np.arange(0, 400, 2)):
                expected, got = fresh.search(queries, 12, allowed), self.index.search(queries, 12, allowed)
                assert got[0].tobytes() == expected[0].tobytes()
                assert got[1].tolist() == expected[1].tolist()


class ExactEdits(Edits):
    limit = 1000


class CrossingEdits(Edits):
    """The limit lies where sets grow and shrink across it."""

    limit = 60


SETTINGS = settings(
    max_examples=15, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
)
for machine in (Edits, ExactEdits, CrossingEdits):
    machine.TestCase.settings = SETTINGS  # type: ignore[attr-defined]
TestCodedEdits = Edits.TestCase
TestExactEdits = ExactEdits.TestCase
TestCrossingEdits = CrossingEdits.TestCase


@pytest.mark.parametrize("limit", [0, 1 << 40])
def test_a_long_history_at_scale(tmp_path: Path, limit: int) -> None:
    """Thousands of rows in dozens of edits; the codes put forward far fewer rows than there are."""
    rng = np.random.default_rng(10)
    rows = rng.standard_normal((12_000, 64)).astype(np.float32)
    index = DenseIndex.open(tmp_path / "edited", 64, exact_limit=limit, rescore=100, segment_rows=1500)
    alive: set[int] = set()
    for step in range(30):
        added = np.arange(400 * step, 400 * step + 400)
        index.add(added, rows[added])
        alive |= set(added.tolist())
        gone = rng.choice(sorted(alive), 60, replace=False)
        assert index.remove(gone) == 60
        alive -= set(gone.tolist())
        if step % 4 == 3:
            index.save(step)
        if step % 8 == 7:
            index = DenseIndex.open(
                tmp_path / "edited", 64, exact_limit=limit, rescore=100, segment_rows=1500
            )
    fresh = DenseIndex.open(tmp_path / "fresh", 64, exact_limit=limit, rescore=100)
    positions = np.array(sorted(alive))
    fresh.add(positions, rows[positions])
    queries = rng.standard_normal((50, 64)).astype(np.float32)
    expected, got = fresh.search(queries, 10), index.search(queries, 10)
    assert got[0].tobytes() == expected[0].tobytes()
    assert got[1].tobytes() == expected[1].tobytes()
