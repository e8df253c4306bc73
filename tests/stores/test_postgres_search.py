"""What PostgreSQL finds: BM25 as the oracle scores it, filters as the reference has them, and by HNSW."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rag.stores import Filter, LocalStore, NotOf, Upsert, VectorStore, Where, open_store
from rag.testing.store import DIM, EMBEDDER, WORDS, ids, make, together
from rag.types import Scored
from tests.stores.postgres_server import Server, server
from tests.stores.test_where import agrees, documents, filters

FEW = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), database=None)


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    with server() as one:
        yield one


def opened(one: Server, schema: str, language: str = "english", dim: int = DIM, **options: Any) -> Any:
    url = f"{one.url}?schema={schema.lower()}"
    return open_store(
        url, fingerprint=EMBEDDER.fingerprint, dim=dim, embedder="words", language=language, options=options
    )


def oracle(folder: Path, language: str = "english") -> LocalStore:
    """A local store that scores by rank-bm25."""
    return LocalStore.open(
        folder, fingerprint=EMBEDDER.fingerprint, dim=DIM, language=language, engine="rank-bm25"
    )


def texts(chance: random.Random, number: int) -> list[Upsert]:
    """Documents of one to four chunks, of very different lengths, over few words."""
    return [
        make(
            f"book-{n}.txt",
            *(
                " ".join(chance.choices(WORDS, weights=range(1, 17), k=chance.randint(0, 80))) + f" E-{n}"
                for _ in range(chance.randint(1, 4))
            ),
            year=2000 + n % 5,
        )
        for n in range(number)
    ]


def assert_scored_alike(one: list[Scored], other: list[Scored]) -> None:
    assert dict(one) == pytest.approx(dict(other), rel=2e-6)
    assert [hit.score for hit in one] == pytest.approx([hit.score for hit in other], rel=2e-6)


def test_bm25_is_the_oracles_through_edits_and_deletes(running: Server, tmp_path: Path) -> None:
    chance = random.Random(3)
    store, reference = opened(running, "bm25"), oracle(tmp_path / "oracle")
    for turn in range(4):
        items = texts(chance, 30)[turn * 5 :]
        for each in (store, reference):
            each.upsert(items)
            each.delete([items[0].document.id], Where("source", "~", f"book-*{turn}.txt"))
        if turn == 2:
            store.sync()
        for text in ("amber", "pearl pearl amber", "E-17", "basil kelp nowhere", " ".join(WORDS), "nowhere"):
            assert_scored_alike(store.lexical(text, 1000), reference.lexical(text, 1000))
            where = NotOf(Where("year", "in", (2001, 2003)))
            assert_scored_alike(store.lexical(text, 1000, where), reference.lexical(text, 1000, where))
    assert list(store.problems()) == []
    store.close()
    reference.close()


def test_bm25_by_hand(running: Server) -> None:
    """Two texts of 2 and 4 terms, the word in both: N 2, df 2, mean 3, idf ln(1 + 0.5 / 2.5)."""
    store = opened(running, "hand", language="none")
    short, long = make("short.txt", "amber basil"), make("long.txt", "amber cedar delta ember")
    store.upsert([short, long])
    idf = 0.1823216  # ln 1.2
    expected = {
        short.chunks[0].id: idf * 2.2 / (1 + 1.2 * (0.25 + 0.75 * 2 / 3)),  # 0.2111
        long.chunks[0].id: idf * 2.2 / (1 + 1.2 * (0.25 + 0.75 * 4 / 3)),  # 0.1604
    }
    assert dict(store.lexical("amber", 5)) == pytest.approx(expected, rel=1e-6)
    assert dict(store.lexical("amber amber", 5)) == pytest.approx(
        {chunk_id: 2 * score for chunk_id, score in expected.items()}, rel=1e-6
    )
    store.close()


@pytest.mark.parametrize("engine", ["postings", "ts_rank"])
def test_the_language_is_that_of_the_first_chunks(running: Server, tmp_path: Path, engine: str) -> None:
    """The first text says little, and the second speaks German: both are then stemmed as German."""
    schema = f"told_{engine}"
    store = opened(running, schema, language="auto", lexical=engine)
    assert store.language == "auto"
    store.upsert([make("a.txt", "Pumpen 2024")])
    assert store.language == "english"
    german = "Die Pumpe wird nach der Wartung nicht wieder eingeschaltet, und das Ventil ist zu. " * 3
    store.upsert([make("b.txt", german)])
    assert store.language == "german"
    assert len(store.lexical("Pumpe", 5)) == 2
    other = opened(running, schema, language="auto")
    other.sync()
    assert other.language == "german"
    english = [
        make(f"c{n}.txt", "the engine was not what it had been before, and that is it") for n in range(9)
    ]
    store.upsert(english)
    assert store.language == other.language == "german"
    assert len(other.lexical("Pumpe", 50)) == 2
    assert list(other.problems()) == []
    store.close()
    other.close()


def test_terms_of_another_analysis_are_made_anew(running: Server) -> None:
    import psycopg

    store = opened(running, "older")
    store.upsert(texts(random.Random(1), 5))
    expected = store.lexical("amber E-3", 50)
    store.close()
    with psycopg.connect(running.url, autocommit=True) as connection:
        connection.execute("SET search_path = older, public")
        connection.execute("UPDATE meta SET value = '0' WHERE name = 'analysis'")
        connection.execute("UPDATE posting SET term = term + 1")
        connection.execute("UPDATE analysed SET terms = (SELECT array_agg(t + 1) FROM unnest(terms) t)")
    store = opened(running, "older")
    assert store.lexical("amber E-3", 50) == []
    store.upsert([make("book-0.txt", "pearl")])
    store.upsert(texts(random.Random(1), 5)[:1])
    assert_scored_alike(store.lexical("amber E-3", 50), expected)
    assert list(store.problems()) == []
    store.close()


@pytest.fixture(scope="module")
def filtered(running: Server) -> Iterator[VectorStore]:
    store = opened(running, "filtered", language="none")
    yield store
    store.close()


@FEW
@given(documents, st.lists(filters, min_size=5, max_size=15))
def test_random_filters_equal_the_reference(
    filtered: Any, fields: list[dict[str, Any]], wheres: list[Filter]
) -> None:
    agrees(filtered, fields, wheres)


def test_large_integers_are_told_apart(filtered: Any) -> None:
    large = [2**53, 2**53 + 1, 2**53 + 2, 2**63 - 1, -(2**63), 2.0**53, 10**400, 0.1 + 0.2, 0.3]
    wheres = [Where("x", op, value) for value in large for op in ("=", "!=", "<", "<=", ">", ">=")]
    agrees(filtered, [{"x": value} for value in large], wheres)


def units(chance: np.random.Generator, number: int, dim: int) -> Any:
    rows = chance.standard_normal((number, dim)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def large(running: Server) -> Iterator[tuple[Any, Any, list[Any]]]:
    """3,000 random vectors under an index: the store, the vectors, and the chunks in their order.

    The server's planner, which would look at so few rows one by one, is told to use the index.
    """
    rows, items = units(np.random.default_rng(0), 3000, 32), []
    for n in range(30):
        item = make(f"book-{n}.txt", *(f"word{n} part{part}" for part in range(100)), shelf=n)
        items.append(item._replace(vectors=rows[n * 100 : n * 100 + 100]))
    store = opened(running, "large&options=-c%20enable_seqscan%3Doff", dim=32, exact_up_to=1000)
    store.upsert(items)
    store.sync()
    yield store, rows, [chunk for item in items for chunk in item.chunks]
    store.close()


def test_the_index_finds_what_is_near(large: tuple[Any, Any, list[Any]]) -> None:
    store, rows, chunks = large
    asked = units(np.random.default_rng(1), 50, 32)
    found = 0
    for vector in asked:
        best = {chunks[place].id for place in np.argsort(-(rows @ vector))[:10]}
        found += len(best & set(ids(store.dense(vector, 10))))
    assert found >= 0.97 * 500
    with store._connections.snapshot(), store._connections.reading() as cursor:
        store.dense(asked[0], 10)
        cursor.execute("SELECT pg_stat_get_xact_numscans('embedding_hnsw'::regclass) AS scans")
        assert cursor.fetchone()["scans"] >= 1


@pytest.mark.parametrize("k", [1, 10, 100, 399, 401, 2500])
def test_as_many_hits_as_there_are_with_and_without_filters(
    large: tuple[Any, Any, list[Any]], k: int
) -> None:
    store, rows, chunks = large
    vector = units(np.random.default_rng(2), 1, 32)[0]
    for where, fits in (
        (None, lambda shelf: True),
        (Where("shelf", "=", 7), lambda shelf: shelf == 7),
        (Where("shelf", ">", 2), lambda shelf: shelf > 2),
    ):
        hits = store.dense(vector, k, where)
        there = [place for place, chunk in enumerate(chunks) if fits(chunk.metadata["shelf"])]
        assert len(set(ids(hits))) == len(hits) == min(k, len(there))
        exact = {chunks[place].id: float(rows[place] @ vector) for place in there}
        assert all(hit.score == pytest.approx(exact[hit.chunk_id], abs=2e-3) for hit in hits)


def test_filters_that_let_much_through_search_the_index(large: tuple[Any, Any, list[Any]]) -> None:
    store, rows, chunks = large
    found = 0
    for vector in units(np.random.default_rng(3), 20, 32):
        there = [place for place, chunk in enumerate(chunks) if chunk.metadata["shelf"] % 2]
        best = sorted(there, key=lambda place: -float(rows[place] @ vector))[:10]
        odd = [n for n in range(30) if n % 2]
        hits = store.dense(vector, 10, Where("shelf", "in", odd))
        assert len(hits) == 10
        found += len({chunks[place].id for place in best} & set(ids(hits)))
    assert found >= 0.95 * 200


def test_vectors_are_kept_in_the_precision_asked_for(running: Server) -> None:
    item = make("a.txt", "amber basil cedar", "delta")
    for kind, tolerance in (("float16", 5e-4), ("float32", 0.0)):
        store = opened(running, f"kept_{kind}", vectors=kind)
        store.upsert([item])
        kept = {chunk.id: vector for chunk, vector in store.scan()}
        for chunk, vector in zip(item.chunks, item.vectors, strict=True):
            assert abs(kept[chunk.id] - vector).max() <= tolerance
        assert store.caps.vectors == store.stats()["vectors"] == kind
        store.close()


def test_many_open_a_new_store_at_once(running: Server) -> None:
    stores: list[Any] = []
    together(*(lambda: stores.append(opened(running, "rush")) for _ in range(6)))
    together(*(lambda n=n: stores[n].upsert([make(f"{n}.txt", "amber")]) for n in range(6)))  # type: ignore[misc]
    assert len(stores[0].lexical("amber", 10)) == 6
    for store in stores:
        store.close()


def test_chunks_that_did_not_change_keep_their_rows(running: Server) -> None:
    """What is not written anew keeps its place in the indexes."""
    import psycopg

    def positions() -> dict[str, int]:
        with psycopg.connect(running.url) as connection:
            return dict(connection.execute("SELECT text, position FROM rows.chunk").fetchall())

    store = opened(running, "rows")
    store.upsert([make("a.txt", "amber basil", "cedar")])
    before = positions()
    store.upsert([make("a.txt", "amber basil", "delta", state="new")])
    after = positions()
    assert after["amber basil"] == before["amber basil"]
    assert set(after) == {"amber basil", "delta"}
    store.upsert([make("a.txt", "amber basil", "delta", title="Another")])
    assert set(positions().values()).isdisjoint(after.values())
    store.close()
