"""What a search returns: scores and order by hand and by numpy, ties, filters, removals, threads."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from rag.indexes import DenseIndex

EXACT, CODED = 1 << 40, 0
DIM = 32


def unit(rng: np.random.Generator, rows: int, dim: int = DIM) -> NDArray[np.float32]:
    vectors = rng.standard_normal((rows, dim)).astype(np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def by_hand(
    vectors: NDArray[np.float32], positions: NDArray[np.int64], query: NDArray[np.float32], k: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Exact search in double precision over the half floats that an index stores."""
    scores = vectors.astype(np.float16).astype(np.float64) @ query.astype(np.float64)
    best = np.lexsort((positions, -scores))[:k]
    return scores[best], positions[best]


def test_scores_are_inner_products(tmp_path: Path) -> None:
    index = DenseIndex.open(tmp_path, 2)
    index.add(np.array([5, 3, 9]), np.array([[1, 0], [0, 1], [0.5, 0.75]], np.float32))
    scores, positions = index.search(np.array([[1, 0], [1, 2]], np.float32), 2)
    assert positions.tolist() == [[5, 9], [3, 9]]  # the second query: 1·0.5 + 2·0.75 = 2 = 2·1, a tie
    assert scores.tolist() == [[1.0, 0.5], [2.0, 2.0]]
    assert (scores.dtype, positions.dtype) == (np.float32, np.int64)


def test_an_empty_index_pads(tmp_path: Path) -> None:
    index = DenseIndex.open(tmp_path, 2)
    scores, positions = index.search(np.ones((2, 2), np.float32), 3)
    assert scores.tolist() == [[-np.inf] * 3] * 2
    assert positions.tolist() == [[-1] * 3] * 2
    assert (len(index), index.stamp, index.pending, index.dim) == (0, 0, 0, 2)


@pytest.mark.parametrize("limit", [EXACT, CODED])
def test_k_beyond_the_rows_pads(tmp_path: Path, limit: int) -> None:
    index = DenseIndex.open(tmp_path, 2, exact_limit=limit)
    index.add(np.array([1, 2]), np.array([[0, 1], [1, 0]], np.float32))
    scores, positions = index.search(np.array([[1, 0]], np.float32), 4)
    assert positions.tolist() == [[2, 1, -1, -1]]
    assert scores.tolist() == [[1, 0, -np.inf, -np.inf]]


@pytest.mark.parametrize("limit", [EXACT, CODED])
def test_search_equals_numpy(tmp_path: Path, limit: int) -> None:
    rng = np.random.default_rng(1)
    vectors, positions = unit(rng, 3000), rng.permutation(9000)[:3000]
    index = DenseIndex.open(tmp_path, DIM, exact_limit=limit, rescore=3000)
    for rows in np.array_split(np.arange(3000), 17):
        index.add(positions[rows], vectors[rows])
    queries = unit(rng, 20)
    scores, found = index.search(queries, 10)
    for query, got, where in zip(queries, scores, found, strict=True):
        expected, right = by_hand(vectors, positions, query, 10)
        assert where.tolist() == right.tolist()
        np.testing.assert_allclose(got, expected, atol=2e-7)


def test_codes_find_nearly_all_neighbours(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    centres = unit(rng, 100, 128)
    vectors = centres[rng.integers(100, size=6000)] + 0.6 * unit(rng, 6000, 128)
    queries = centres[:50] + 0.6 * unit(rng, 50, 128)
    index = DenseIndex.open(tmp_path, 128, exact_limit=CODED, rescore=200)
    index.add(np.arange(6000), vectors)
    _, found = index.search(queries, 10)
    right = [by_hand(vectors, np.arange(6000), query, 10)[1] for query in queries]
    recall = np.mean([len(np.intersect1d(a, b)) / 10 for a, b in zip(found, right, strict=True)])
    assert recall >= 0.98


@pytest.mark.parametrize("limit", [EXACT, CODED])
def test_equal_scores_come_by_position(tmp_path: Path, limit: int) -> None:
    """4,500 copies of one vector: more than an exact scan's margin or the codes' depth holds."""
    rng = np.random.default_rng(3)
    index = DenseIndex.open(tmp_path, DIM, exact_limit=limit, rescore=20)
    copy = unit(rng, 1)
    positions = rng.permutation(6000)
    index.add(positions[:1500], unit(rng, 1500))
    index.add(positions[1500:], np.repeat(copy, 4500, axis=0))
    index.save(1)
    index.remove(positions[:100])
    scores, found = index.search(copy, 5)
    assert found[0].tolist() == np.sort(positions[1500:])[:5].tolist()
    assert np.unique(scores).size == 1


@pytest.mark.parametrize("limit", [EXACT, CODED])
def test_a_position_that_exists_is_replaced(tmp_path: Path, limit: int) -> None:
    index = DenseIndex.open(tmp_path, 2, exact_limit=limit)
    index.add(np.array([1, 2]), np.array([[1, 0], [0, 1]], np.float32))
    index.save(1)
    index.add(np.array([1]), np.array([[0.25, 0]], np.float32))
    scores, positions = index.search(np.array([[1, 0]], np.float32), 3)
    assert (positions.tolist(), scores.tolist()) == ([[1, 2, -1]], [[0.25, 0, -np.inf]])
    assert len(index) == 2


@pytest.mark.parametrize("saved", [False, True])
@pytest.mark.parametrize("limit", [EXACT, CODED])
@pytest.mark.parametrize("left", [50, 5000])
def test_removed_rows_cost_no_hits(tmp_path: Path, limit: int, saved: bool, left: int) -> None:
    """The 700 rows nearest to the query go; those behind them take their places."""
    rng = np.random.default_rng(4)
    query = unit(rng, 1)
    near = query + 0.1 * unit(rng, 700)
    index = DenseIndex.open(tmp_path, DIM, exact_limit=limit, rescore=10)
    index.add(np.arange(700 + left), np.concatenate([near, unit(rng, left)]).astype(np.float32))
    if saved:
        index.save(1)
    assert index.remove(np.arange(700)) == 700
    assert index.remove(np.arange(700)) == 0
    scores, positions = index.search(query, 60)
    held = positions[0] >= 0
    assert held.sum() == min(left, 60)
    assert (positions[0][held] >= 700).all()
    assert (np.diff(scores[0][held]) <= 0).all()
    assert len(index) == left


def test_the_best_rows_may_all_lie_in_one_segment(tmp_path: Path) -> None:
    """500 near rows among 10,000, one segment of eleven: it must put forward far more than its share."""
    rng = np.random.default_rng(12)
    query = unit(rng, 1)
    vectors = np.concatenate([unit(rng, 4500), query + unit(rng, 500), unit(rng, 5000)]).astype(np.float32)
    index = DenseIndex.open(tmp_path, DIM, exact_limit=CODED, rescore=500, segment_rows=950)
    index.add(np.arange(10_000), vectors)
    index.save(1)
    scores, positions = index.search(query, 125)
    expected, right = by_hand(vectors, np.arange(10_000), query[0], 125)
    assert positions[0].tolist() == right.tolist()
    np.testing.assert_allclose(scores[0], expected, atol=5e-7)


@pytest.mark.parametrize("spread", [1, 1 << 40])
@pytest.mark.parametrize("limit", [EXACT, CODED])
def test_every_selectivity_of_a_filter(tmp_path: Path, limit: int, spread: int) -> None:
    rng = np.random.default_rng(5)
    vectors, positions = unit(rng, 5000), np.arange(5000) * spread
    index = DenseIndex.open(tmp_path, DIM, exact_limit=limit, rescore=5000)
    index.add(positions, vectors)
    index.remove(positions[:100])
    queries = unit(rng, 3)
    for count in (0, 1, 7, 900, 1100, 2500, 4999, 5000):
        rows = np.sort(rng.permutation(5000)[:count])
        allowed = np.concatenate([positions[rows], [positions[-1] + 1]])  # one that does not exist
        live = rows[rows >= 100]
        scores, found = index.search(queries, 10, rng.permutation(allowed))
        for query, got, where in zip(queries, scores, found, strict=True):
            expected, right = by_hand(vectors[live], positions[live], query, 10)
            assert where[: len(right)].tolist() == right.tolist()
            assert (where[len(right) :] == -1).all()
            np.testing.assert_allclose(got[: len(right)], expected, atol=2e-7)


def test_a_score_depends_on_its_row_alone(tmp_path: Path) -> None:
    """The same bits, whether found by a scan, by codes, under a filter, alone or among others."""
    rng = np.random.default_rng(6)
    vectors, query = unit(rng, 4000), unit(rng, 1)
    exact = DenseIndex.open(tmp_path / "a", DIM)
    exact.add(np.arange(4000), vectors)
    scores, positions = exact.search(query, 50)
    coded = DenseIndex.open(tmp_path / "b", DIM, exact_limit=CODED, rescore=4000, segment_rows=300)
    for rows in np.array_split(np.arange(4000), 40):
        coded.add(rows, vectors[rows])
    coded.save(1)
    assert coded.search(query, 50)[0].tobytes() == scores.tobytes()
    for index in (exact, coded):
        assert index.search(query, 50, positions[0])[0].tobytes() == scores.tobytes()
        assert index.search(query, 50, np.arange(4000))[0].tobytes() == scores.tobytes()
        one = [index.search(query, 1, positions[0][i : i + 1])[0][0, 0] for i in range(50)]
        assert np.array(one).tobytes() == scores.tobytes()
    assert exact.search(np.repeat(query, 3, axis=0), 50)[0][2].tobytes() == scores.tobytes()


def test_a_search_on_threads_equals_one_on_one(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    rows, dim = 600_000, 8
    vectors = rng.standard_normal((rows, dim)).astype(np.float32)
    index = DenseIndex.open(tmp_path, dim)
    index.add(np.arange(rows), vectors)
    index.save(2)
    queries = rng.standard_normal((3, dim)).astype(np.float32)
    one = DenseIndex.open(tmp_path, dim, threads=1).search(queries, 10)
    three = DenseIndex.open(tmp_path, dim, threads=3).search(queries, 10)
    assert one[0].tobytes() == three[0].tobytes()
    assert one[1].tobytes() == three[1].tobytes()


def test_a_zero_vector_is_an_ordinary_row(tmp_path: Path) -> None:
    rng = np.random.default_rng(8)
    index = DenseIndex.open(tmp_path, DIM, exact_limit=CODED, rescore=5)
    index.add(np.arange(300), unit(rng, 300))
    index.add(np.array([300]), np.zeros((1, DIM), np.float32))
    scores, positions = index.search(unit(rng, 1), 301)
    assert scores[0][positions[0] == 300].tolist() == [0.0]
    scores, positions = index.search(np.zeros((1, DIM), np.float32), 4)
    assert (scores.tolist(), positions.tolist()) == ([[0.0] * 4], [[0, 1, 2, 3]])


def test_searches_run_while_rows_come_and_go(tmp_path: Path) -> None:
    """Four readers ask for a row that stays, while the writer adds, removes and saves."""
    rng = np.random.default_rng(9)
    index = DenseIndex.open(tmp_path, DIM, exact_limit=400, segment_rows=200)
    query = unit(rng, 1)
    index.add(np.array([0]), query)
    done, wrong = threading.Event(), []

    def read() -> None:
        while not done.is_set():
            try:
                scores, positions = index.search(query, 3)
                if positions[0, 0] != 0 or abs(scores[0, 0] - 1) > 1e-3:
                    wrong.append((scores, positions))
            except Exception as error:
                wrong.append(error)

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    for step in range(40):
        index.add(np.arange(1 + 50 * step, 51 + 50 * step), 0.5 * unit(rng, 50))
        index.remove(np.arange(1 + 50 * step, 31 + 50 * step))
        if step % 5 == 4:
            index.save(step)
    done.set()
    for reader in readers:
        reader.join()
    assert not wrong
    assert len(index) == 1 + 40 * 20


ONE = np.ones((1, 2), np.float32)


@pytest.mark.parametrize(
    ("positions", "vectors", "message"),
    [
        (np.array([1.0]), ONE, "type float64: expected int64"),
        (np.array([[1]]), ONE, r"shape \(1, 1\)"),
        (np.array([-1]), ONE, "position -1: expected 0 or more"),
        (np.array([1, 1]), np.ones((2, 2), np.float32), "position twice"),
        (np.array([1, 2]), ONE, "2 positions for 1 vector:"),
        (np.array([1]), np.ones((1, 2)), "type float64: expected float32"),
        (np.array([1]), np.ones((1, 3), np.float32), r"expected float32 of shape \(n, 2\)"),
        (np.array([1]), np.ones(2, np.float32), r"shape \(2,\)"),
        (np.array([1]), np.array([[1, np.nan]], np.float32), "NaN or infinite"),
        (np.array([1]), np.array([[1, 70_000]], np.float32), "largest half float"),
    ],
)
def test_add_refuses(
    tmp_path: Path, positions: NDArray[np.int64], vectors: NDArray[np.float32], message: str
) -> None:
    index = DenseIndex.open(tmp_path, 2)
    with pytest.raises(ValueError, match=message):
        index.add(positions, vectors)
    assert (len(index), index.pending) == (0, 0)


def test_search_refuses(tmp_path: Path) -> None:
    index = DenseIndex.open(tmp_path, 2)
    with pytest.raises(ValueError, match="k = 0"):
        index.search(ONE, 0)
    with pytest.raises(ValueError, match="queries with NaN"):
        index.search(np.array([[np.inf, 0]], np.float32), 1)
    with pytest.raises(ValueError, match="queries of shape"):
        index.search(np.ones((1, 3), np.float32), 1)
    with pytest.raises(ValueError, match="expected int64"):
        index.search(ONE, 1, np.array([True]))
    with pytest.raises(ValueError, match="rescore 0"):
        DenseIndex.open(tmp_path, 2, rescore=0)
