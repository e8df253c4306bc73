"""The store contract as a test suite: each test is one promise of `VectorStore`, with exact scores."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import FrozenInstanceError, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from rag.errors import FilterError, FingerprintError, LockedError, StoreError
from rag.stores import (
    AllOf,
    AnyOf,
    Capabilities,
    Filter,
    NotOf,
    Upsert,
    VectorStore,
    Where,
    fields_of,
    matches,
    parse_where,
)
from rag.types import Chunk, Document, Scored, stable_id

from .embedder import WordEmbedder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DIM = 64
OPERATORS: dict[str, Any] = {
    "=": 1, "!=": 1, "<": 1, "<=": 1, ">": 1, ">=": 1, "in": (1,), "~": "*", "has": 1, "exists": True,
}  # fmt: skip
WORDS = ("amber", "basil", "cedar", "delta", "ember", "fjord", "grove", "haze", "iris", "jade", "kelp",
         "lotus", "maple", "north", "olive", "pearl")  # fmt: skip
EMBEDDER = WordEmbedder(DIM)


def make(source: str, *parts: str, title: str = "", **metadata: Any) -> Upsert:
    """A document whose chunks are the given parts, embedded by words."""
    text = "\n".join(parts)
    document = Document.make(text, source, title=title, metadata=metadata)
    chunks, start = [], 0
    for part in parts:
        end = start + len(part)
        chunk_id = stable_id("chunk", document.id, start, end, part)
        chunks.append(
            Chunk(chunk_id, document.id, source, part, start, end, title, metadata=document.metadata)
        )
        start = end + 1
    vectors = EMBEDDER.embed([chunk.indexed_text for chunk in chunks])
    return Upsert(document, chunks, vectors, stable_id(text, title, sorted(metadata.items(), key=str)))


def query(text: str) -> NDArray[np.float32]:
    vector: NDArray[np.float32] = EMBEDDER.embed([text])[0]
    return vector


def ids(ranked: Sequence[Scored]) -> list[str]:
    return [hit.chunk_id for hit in ranked]


def library(number: int = 40) -> list[Upsert]:
    """Documents of one to three chunks over sixteen words, with metadata of every kind."""
    triples = itertools.islice(itertools.cycle(itertools.combinations(WORDS, 3)), number * 3)
    parts = [f"{' '.join(words)} n{place}" for place, words in enumerate(triples)]
    items = []
    for place in range(number):
        metadata: dict[str, Any] = {"year": 2000 + place % 7, "draft": place % 3 == 0, "ratio": place / 4}
        if place % 2:
            metadata["tags"] = ["odd", WORDS[place % len(WORDS)]]
        if place % 5 == 0:
            metadata["lang"] = "de"
        items.append(
            make(
                f"shelf{place % 4}/book-{place:02}.txt",
                *parts[place * 3 : place * 3 + 1 + place % 3],
                **metadata,
            )
        )
    return items


FILTERS: tuple[Filter, ...] = (
    Where("source", "=", "shelf1/book-01.txt"),
    Where("source", "~", "shelf1/*"),
    Where("source", "~", "*[b]ook-0?.txt"),
    Where("year", ">=", 2004),
    Where("year", "<", 2001.5),
    Where("year", "=", "2004"),
    Where("year", "!=", 2004),
    Where("ratio", "in", (1, 2.5, "3")),
    Where("draft", "=", True),
    Where("draft", "!=", True),
    Where("draft", "=", 1),
    Where("draft", "<", True),
    Where("lang", "exists"),
    Where("lang", "!=", "en"),
    NotOf(Where("lang", "=", "de")),
    Where("lang", ">", "aa"),
    Where("tags", "has", "odd"),
    Where("tags", "=", "odd"),
    Where("tags", "!=", "odd"),
    Where("tags", "exists"),
    Where("page", "exists"),
    Where("heading", "=", ""),
    Where("nowhere", "=", 1),
    AllOf(()),
    AnyOf(()),
    AllOf((Where("year", ">", 2002), AnyOf((Where("draft", "=", True), Where("tags", "has", "odd"))))),
    parse_where('source ~ "shelf?/*" and not (year in [2001, 2002] or lang exists)'),
)


def revision(number: int, chunks: int = 12) -> Upsert:
    """One document in many versions; every chunk says of which version it is."""
    return make("book.txt", *(f"amber v{number} part{part}" for part in range(chunks)))


def together(*work: Callable[[], object]) -> None:
    """Runs functions at once, in threads; raises what one of them raises."""
    with ThreadPoolExecutor(len(work)) as pool:
        for done in [pool.submit(task) for task in work]:
            done.result()


class StoreContract:
    """What every store does. Inherit it and define `open`; `path` is an empty place of the test's own.

    A path that was opened before is the same store again. What a store says it cannot do is skipped.
    """

    def open(self, path: Path, *, fingerprint: str = EMBEDDER.fingerprint, dim: int = DIM) -> VectorStore:
        raise NotImplementedError("return your store, opened at this path")

    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[VectorStore]:
        store = self.open(tmp_path / "store")
        yield store
        store.close()

    @pytest.fixture
    def full(self, store: VectorStore) -> VectorStore:
        store.upsert(library())
        store.sync()
        return store

    def test_capabilities_are_fixed(self, store: VectorStore) -> None:
        caps = store.caps
        assert isinstance(caps, Capabilities)
        assert caps.name
        assert caps.filters <= set(OPERATORS)
        assert caps.vectors in ("float32", "float16")
        assert not caps.bm25 or caps.lexical
        assert not caps.unspaced or caps.lexical
        with pytest.raises(FrozenInstanceError):
            caps.name = "another"  # type: ignore[misc]
        store.upsert(library(3))
        store.sync()
        assert store.caps == caps

    # ------------------------------------------------------------------------------ storing

    def test_an_empty_store_answers_with_nothing(self, store: VectorStore) -> None:
        assert store.dense(query("amber"), 5) == []
        assert store.lexical("amber", 5) == []
        assert list(store.documents()) == []
        assert store.scan() == []
        assert store.get(["nothing"]) == []
        assert store.load(["nothing"]) == []
        assert store.delete(["nothing"]) == 0
        assert store.stats()["chunks"] == 0
        store.sync()

    def test_what_goes_in_comes_out(self, store: VectorStore) -> None:
        item = make("a/ünï 文.txt", "amber basil", "cedar 🙂 delta", title="Ä title", year=2024, tags=["x"])
        store.upsert([item])
        assert store.load([item.document.id]) == [item.document]
        assert store.get([chunk.id for chunk in reversed(item.chunks)]) == list(reversed(item.chunks))
        (info,) = store.documents()
        assert info == (
            item.document.id,
            item.document.source,
            "Ä title",
            item.hash,
            2,
            item.document.metadata,
        )

    def test_pages_headings_and_headers_come_back(self, store: VectorStore) -> None:
        item = make("a.pdf", "amber basil", "cedar delta")
        document = replace(item.document, pages=(0, 12), media_type="text/markdown")
        chunks = [
            replace(item.chunks[0], page=1, heading="One › Two"),
            replace(item.chunks[1], page=2, header="| a |"),
        ]
        store.upsert([item._replace(document=document, chunks=chunks)])
        assert store.get([chunk.id for chunk in chunks]) == chunks
        assert store.load([document.id]) == [document]

    def test_vectors_come_back_in_the_precision_named(self, full: VectorStore) -> None:
        wanted = {c.id: v for item in library() for c, v in zip(item.chunks, item.vectors, strict=True)}
        tolerance = {"float32": 0.0, "float16": 1e-3}[full.caps.vectors]
        for chunk, vector in full.scan(limit=10_000):
            assert abs(vector - wanted.pop(chunk.id)).max() <= tolerance
        assert not wanted

    def test_scan_pages_through_everything_once_in_order_of_id(self, full: VectorStore) -> None:
        seen: list[str] = []
        while rows := full.scan(after=seen[-1] if seen else "", limit=7):
            assert len(rows) <= 7
            seen += [chunk.id for chunk, _ in rows]
        assert seen == sorted(chunk.id for item in library() for chunk in item.chunks)

    def test_upserting_twice_changes_nothing(self, full: VectorStore) -> None:
        before = full.lexical("amber basil", 20)
        full.upsert(library())
        full.sync()
        assert full.stats()["chunks"] == sum(len(item.chunks) for item in library())
        assert full.lexical("amber basil", 20) == before

    def test_of_repeats_in_a_call_the_last_wins(self, store: VectorStore) -> None:
        store.upsert([make("a.txt", "amber basil"), make("a.txt", "cedar delta")])
        assert [doc.text for doc in store.load([make("a.txt", "x").document.id])] == ["cedar delta"]
        assert store.stats()["chunks"] == 1

    def test_of_a_chunk_twice_in_a_document_one_is_kept(self, store: VectorStore) -> None:
        import numpy as np

        item = make("a.txt", "amber basil", "cedar delta")
        twice = item._replace(
            chunks=[*item.chunks, item.chunks[0]], vectors=np.concatenate([item.vectors, item.vectors[:1]])
        )
        for _ in range(2):
            store.upsert([twice])
            assert [chunk.id for chunk, _ in store.scan()] == sorted(chunk.id for chunk in item.chunks)
            assert store.stats()["chunks"] == 2
            assert len(store.dense(query("amber"), 10)) == 2

    def test_a_document_without_chunks_is_kept(self, store: VectorStore) -> None:
        empty = make("empty.txt")
        store.upsert([empty])
        assert [(info.source, info.chunks) for info in store.documents()] == [("empty.txt", 0)]
        assert store.load([empty.document.id]) == [empty.document]
        assert store.dense(query("amber"), 5) == []
        assert store.delete([empty.document.id]) == 1
        assert list(store.documents()) == []

    def test_a_long_document_comes_back_whole(self, store: VectorStore) -> None:
        parts = [f"amber 文 {number} " + "x" * 1500 for number in range(200)]
        item = make("long.txt", *parts)
        store.upsert([item])
        assert store.load([item.document.id]) == [item.document]
        assert store.get([item.chunks[150].id]) == [item.chunks[150]]
        assert store.stats()["chunks"] == 200

    def test_a_replaced_document_loses_its_old_chunks(self, full: VectorStore) -> None:
        old = library()[2]
        new = make(old.document.source, old.chunks[0].text, "zinc yarrow", year=1999)
        full.upsert([new])
        assert full.get([old.chunks[1].id, old.chunks[2].id]) == []
        assert full.dense(query("zinc yarrow"), 1)[0].chunk_id == new.chunks[1].id
        kept = full.get([new.chunks[0].id])
        assert kept[0].metadata == {"year": 1999}

    def test_a_new_title_reaches_the_chunks_of_unchanged_text(self, store: VectorStore) -> None:
        if not store.caps.lexical:
            pytest.skip(f"{store.caps.name} has no lexical leg")
        store.upsert([make("a.txt", "amber basil", title="kelp")])
        assert len(store.lexical("kelp", 5)) == 1
        store.upsert([make("a.txt", "amber basil", title="lotus")])
        assert store.lexical("kelp", 5) == []
        assert len(store.lexical("lotus", 5)) == 1

    def test_deleting_by_id_and_by_filter(self, full: VectorStore) -> None:
        items = library()
        assert full.delete([items[0].document.id, "nothing"]) == 1
        assert full.delete(where=Where("source", "~", "shelf1/*")) == 10
        left = [item for item in items[1:] if not item.document.source.startswith("shelf1/")]
        assert {info.id for info in full.documents()} == {item.document.id for item in left}
        assert full.stats()["chunks"] == sum(len(item.chunks) for item in left)
        living = {hit.chunk_id for hit in full.dense(query("amber"), 1000)}
        assert living == {chunk.id for item in left for chunk in item.chunks}

    @pytest.mark.parametrize("wrong", ["rows", "dim", "nan"])
    def test_vectors_that_do_not_fit_are_refused_and_nothing_is_stored(
        self, store: VectorStore, wrong: str
    ) -> None:
        import numpy as np

        item = make("a.txt", "amber", "basil")
        vectors = {
            "rows": item.vectors[:1],
            "dim": np.zeros((2, DIM + 1), np.float32),
            "nan": np.full((2, DIM), np.nan, np.float32),
        }[wrong]
        with pytest.raises(StoreError, match=r"a\.txt"):
            store.upsert([item._replace(vectors=vectors)])
        assert list(store.documents()) == []

    # ------------------------------------------------------------------------------ searching

    def test_dense_scores_are_exact_inner_products(self, full: VectorStore) -> None:
        import numpy as np

        asked = query("amber cedar ember")
        expected = {
            chunk.id: float(np.dot(vector, asked))
            for item in library()
            for chunk, vector in zip(item.chunks, item.vectors, strict=True)
        }
        ranked = full.dense(asked, 10)
        best = sorted(expected.values(), reverse=True)[:10]
        assert [hit.score for hit in ranked] == pytest.approx(best, abs=2e-3)
        assert all(hit.score == pytest.approx(expected[hit.chunk_id], abs=2e-3) for hit in ranked)

    def test_lexical_finds_what_shares_a_word_and_nothing_else(self, full: VectorStore) -> None:
        if not full.caps.lexical:
            pytest.skip(f"{full.caps.name} has no lexical leg")
        ranked = full.lexical("amber", 1000)
        holding = {c.id for item in library() for c in item.chunks if "amber" in c.text}
        assert {hit.chunk_id for hit in ranked} == holding
        assert all(hit.score > 0 for hit in ranked)
        assert full.lexical("nowhere", 5) == []
        assert full.lexical("", 5) == []

    def test_rare_words_count_more_than_common_ones(self, store: VectorStore) -> None:
        """Six, two and one occurrences, the one in a long text, among 60 chunks that hold the common word."""
        if not store.caps.bm25:
            pytest.skip(f"{store.caps.name} does not score by BM25")
        rare = [make(f"r{n}.txt", text) for n, text in enumerate(("common " + "zyx " * 6, "common zyx zyx"))]
        rare.append(make("r2.txt", "common zyx " + " ".join(f"word{n}" for n in range(80))))
        store.upsert(rare + [make(f"c{n}.txt", "common common common text") for n in range(60)])
        store.sync()
        expected = [item.chunks[0].id for item in rare]
        assert ids(store.lexical("zyx", 10)) == expected
        assert ids(store.lexical("common zyx", 3)) == expected

    def test_codes_are_found(self, store: VectorStore) -> None:
        if not store.caps.lexical:
            pytest.skip(f"{store.caps.name} has no lexical leg")
        coded = make("codes.txt", "the pump shows E-4711 when hot")
        store.upsert([coded, make("other.txt", "the pump shows E-4712 when cold"), *library(6)])
        store.sync()
        assert store.lexical("E-4711", 3)[0].chunk_id == coded.chunks[0].id

    def test_parts_of_chinese_text_are_found(self, store: VectorStore) -> None:
        if not store.caps.unspaced:
            pytest.skip(f"{store.caps.name} finds words between spaces only")
        wanted = make("zh.txt", "第三章介绍向量数据库的备份方法。")
        store.upsert([wanted, make("other.txt", "第四章介绍用户界面。"), *library(6)])
        store.sync()
        assert ids(store.lexical("数据库", 3)) == [wanted.chunks[0].id]

    def test_ranked_lists_are_sorted_and_ties_go_by_id(self, full: VectorStore) -> None:
        for ranked in (full.dense(query("amber basil"), 30), full.lexical("amber basil", 30)):
            assert ranked == sorted(ranked, key=lambda hit: (-hit.score, hit.chunk_id))
            assert len(set(ids(ranked))) == len(ranked)

    def test_more_than_there_is_gives_all_there_is(self, full: VectorStore) -> None:
        assert len(full.dense(query("amber"), 100_000)) == full.stats()["chunks"]

    @pytest.mark.parametrize("where", FILTERS, ids=str)
    def test_filters_are_those_of_the_reference(self, full: VectorStore, where: Filter) -> None:
        chunks = [chunk for item in library() for chunk in item.chunks]
        wanted = {chunk.id for chunk in chunks if matches(where, fields_of(chunk))}
        assert {hit.chunk_id for hit in full.dense(query("amber"), 1000, where)} == wanted
        assert {chunk.id for chunk, _ in full.scan(limit=1000, where=where)} == wanted
        texts = {chunk.id for chunk in chunks if "amber" in chunk.text}
        if full.caps.lexical:
            assert {hit.chunk_id for hit in full.lexical("amber", 1000, where)} == wanted & texts
        documents = {chunk.document_id for chunk in chunks if chunk.id in wanted}
        assert {info.id for info in full.documents(where)} == documents

    @pytest.mark.parametrize("where", FILTERS, ids=str)
    def test_k_filtered_hits_come_back_whenever_k_exist(self, full: VectorStore, where: Filter) -> None:
        everything = dict(full.dense(query("basil jade"), 1000, where))
        best = full.dense(query("basil jade"), 3, where)
        assert [hit.score for hit in best] == list(everything.values())[:3]
        assert all(everything[hit.chunk_id] == hit.score for hit in best)

    def test_a_selective_filter_finds_far_chunks_among_many(self, store: VectorStore) -> None:
        """Ten chunks that share nothing with the query, behind 1,500 that do."""
        near = [
            make(f"near{n}.txt", *(f"amber basil {n} {part}" for part in range(30)), kind="near")
            for n in range(50)
        ]
        far = [make(f"far{n}.txt", f"zinc yarrow {n}", kind="far") for n in range(10)]
        store.upsert(near + far)
        store.sync()
        wanted = {item.chunks[0].id for item in far}
        for k in (10, 50):
            hits = store.dense(query("amber basil"), k, Where("kind", "=", "far"))
            assert {hit.chunk_id for hit in hits} == wanted

    def test_equal_values_of_two_kinds_are_two_filters(self, full: VectorStore) -> None:
        """What a filter let through may be remembered; in Python, `1 == True`."""
        drafts = len(full.dense(query("amber"), 1000, Where("draft", "=", True)))
        assert drafts > 0
        assert full.dense(query("amber"), 1000, Where("draft", "=", 1)) == []
        assert len(full.dense(query("amber"), 1000, Where("draft", "=", True))) == drafts

    def test_a_filter_sees_new_metadata_of_unchanged_chunks(self, store: VectorStore) -> None:
        where = Where("state", "=", "final")
        store.upsert([make("a.txt", "amber basil", state="draft")])
        assert store.dense(query("amber"), 5, where) == []
        store.upsert([make("a.txt", "amber basil", state="final")])
        assert len(store.dense(query("amber"), 5, where)) == 1

    def test_an_operator_it_cannot_do_is_refused(self, full: VectorStore) -> None:
        for op, value in OPERATORS.items():
            where = Where("year", op, value)  # type: ignore[arg-type]
            if op in full.caps.filters:
                full.dense(query("amber"), 1, where)
            else:
                with pytest.raises(FilterError):
                    full.dense(query("amber"), 1, where)

    def test_a_snapshot_sees_one_state(self, full: VectorStore) -> None:
        with full.snapshot():
            ranked = full.dense(query("amber"), 5)
            assert [chunk.id for chunk in full.get(ids(ranked))] == ids(ranked)
            assert full.lexical("amber", 5) == full.lexical("amber", 5)

    # ------------------------------------------------------------------------------ at once

    def test_threads_write_together_and_nothing_is_lost(self, tmp_path: Path) -> None:
        """Four threads with overlapping documents, on one store; then it is closed and opened again."""
        store = self.open(tmp_path / "busy")
        items = library(24)
        together(*(lambda part=part: store.upsert(items[part * 4 : part * 4 + 12]) for part in range(4)))
        store.sync()
        store.close()
        store = self.open(tmp_path / "busy")
        expected = sorted(chunk.id for item in items for chunk in item.chunks)
        assert [chunk.id for chunk, _ in store.scan(limit=1000)] == expected
        assert store.stats()["chunks"] == len(expected)
        assert sorted(ids(store.dense(query("amber"), 1000))) == expected
        assert {info.id for info in store.documents()} == {item.document.id for item in items}
        assert list(store.problems()) == []
        store.close()

    def test_two_writers_write_together_or_one_is_refused(self, tmp_path: Path) -> None:
        first, second = self.open(tmp_path / "two"), self.open(tmp_path / "two")
        items = library(20)
        refused: list[StoreError] = []

        def write(store: VectorStore, items: Sequence[Upsert]) -> None:
            for item in items:
                try:
                    store.upsert([item])
                except LockedError as error:
                    refused.append(error)

        together(lambda: write(first, items[:14]), lambda: write(second, items[6:]))
        if first.caps.concurrent_writers:
            assert not refused
        first.upsert(items)
        first.sync()
        assert first.stats()["documents"] == len(items)
        assert first.stats()["chunks"] == len({chunk.id for chunk, _ in first.scan(limit=1000)})
        first.close()
        second.close()

    def test_what_is_written_is_seen_by_others(self, tmp_path: Path) -> None:
        writer, reader = self.open(tmp_path / "seen"), self.open(tmp_path / "seen")
        for number in (1, 2):
            item = revision(number)
            writer.upsert([item])
            if not writer.caps.visible_at_once:
                writer.sync()
            expected = [chunk.id for chunk in item.chunks]
            assert sorted(ids(reader.dense(query("amber"), 100))) == sorted(expected)
            assert len(reader.get(expected)) == len(expected)
            assert next(reader.documents()).hash == item.hash
        reader.close()
        writer.close()

    def test_nobody_sees_half_a_document(self, tmp_path: Path) -> None:
        """A document goes through versions while another handle looks at its chunks, one search a look."""
        writer, reader = self.open(tmp_path / "half"), self.open(tmp_path / "half")
        if not writer.caps.atomic_documents:
            pytest.skip(f"{writer.caps.name} does not replace documents as a whole")
        writer.upsert([revision(0)])
        writer.sync()
        versions = {frozenset(chunk.id for chunk in revision(n).chunks): n for n in range(25)}
        seen: list[int | None] = []

        def look() -> None:
            while len(seen) < 400 and (not seen or seen[-1] != 24):
                seen.append(versions.get(frozenset(ids(reader.dense(query("amber"), 100)))))

        def write() -> None:
            for number in range(1, 25):
                writer.upsert([revision(number)])
            writer.sync()

        together(look, write)
        assert None not in seen
        reader.close()
        writer.close()

    def test_a_snapshot_does_not_see_what_others_write(self, tmp_path: Path) -> None:
        writer, reader = self.open(tmp_path / "snap"), self.open(tmp_path / "snap")
        if not writer.caps.snapshots:
            pytest.skip(f"{writer.caps.name} has no snapshots")
        old, new = revision(1), revision(2)
        writer.upsert([old])
        writer.sync()
        with reader.snapshot():
            ranked = reader.dense(query("amber"), 100)
            together(lambda: writer.upsert([new]))
            assert reader.dense(query("amber"), 100) == ranked
            assert [chunk.id for chunk in reader.get(ids(ranked))] == ids(ranked)
            assert reader.load([old.document.id]) == [old.document]
        writer.sync()
        assert {hit.chunk_id for hit in reader.dense(query("amber"), 100)} == {c.id for c in new.chunks}
        reader.close()
        writer.close()

    # ------------------------------------------------------------------------------ lasting

    def test_a_healthy_store_has_no_problems(self, full: VectorStore) -> None:
        full.upsert([make("shelf0/book-00.txt", "amber changed")])
        full.delete(where=Where("source", "~", "shelf3/*"))
        assert list(full.problems()) == []

    def test_a_reopened_store_is_the_same(self, tmp_path: Path) -> None:
        store = self.open(tmp_path / "again")
        store.upsert(library())
        store.sync()
        asked = query("cedar delta")
        before = (store.dense(asked, 99), store.lexical("cedar delta", 99), list(store.documents()))
        store.close()
        store = self.open(tmp_path / "again")
        assert (store.dense(asked, 99), store.lexical("cedar delta", 99), list(store.documents())) == before
        store.close()

    def test_edits_end_where_a_fresh_build_does(self, full: VectorStore, tmp_path: Path) -> None:
        edited = [make(f"shelf0/book-{n:02}.txt", f"amber kelp {n}", "pearl") for n in range(0, 40, 4)]
        full.upsert(edited)
        full.delete(where=Where("source", "~", "shelf2/*"))
        full.sync()
        fresh = self.open(tmp_path / "fresh")
        kept = [item for item in library() if item.document.source[:6] in ("shelf1", "shelf3")]
        fresh.upsert(edited + kept)
        fresh.sync()
        for text in ("amber", "kelp pearl", "basil north olive", "amber 4"):
            for after, built in (
                (full.dense(query(text), 1000), fresh.dense(query(text), 1000)),
                (full.lexical(text, 1000), fresh.lexical(text, 1000)),
            ):
                assert ids(after) == ids(built)
                assert [hit.score for hit in after] == pytest.approx([hit.score for hit in built], abs=1e-5)
        fresh.close()

    def test_another_embedder_is_refused(self, tmp_path: Path) -> None:
        self.open(tmp_path / "mine").close()
        with pytest.raises(FingerprintError, match="embedder"):
            self.open(tmp_path / "mine", fingerprint="another")

    def test_another_dimension_is_refused(self, tmp_path: Path) -> None:
        self.open(tmp_path / "mine").close()
        with pytest.raises(FingerprintError):
            self.open(tmp_path / "mine", dim=DIM // 2)
