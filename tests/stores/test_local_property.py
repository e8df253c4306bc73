"""Any history ends where a fresh build does: the same documents, hits and scores."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from rag.stores import Filter, LocalStore, NotOf, Upsert, Where, fields_of, matches
from rag.testing.store import WORDS, make
from tests.stores.fresh import assert_like_a_fresh_build, found, open_store

WAYS = ("delete", "empty", "halve")
SOURCES = [f"shelf{n % 2}/book-{n}.txt" for n in range(6)]
FILTERS: tuple[Filter | None, ...] = (
    None,
    Where("source", "~", "shelf1/*"),
    Where("year", ">=", 2002),
    Where("draft", "=", True),
    Where("draft", "=", 1),
    NotOf(Where("year", "exists")),
)

parts = st.lists(st.lists(st.sampled_from(WORDS), max_size=5).map(" ".join), max_size=4, unique=True)
metadata = st.fixed_dictionaries(
    {}, optional={"year": st.integers(2000, 2004), "draft": st.sampled_from([True, False, 1, 0])}
)


@st.composite
def documents(draw: st.DrawFn) -> Upsert:
    """A document of few words, so that chunks share words, texts and scores."""
    title = draw(st.sampled_from(["", "kelp", "lotus"]))
    return make(draw(st.sampled_from(SOURCES)), *draw(parts), title=title, **draw(metadata))


class History(RuleBasedStateMachine):
    """The store against a dictionary of what it should hold."""

    engine = "tantivy"

    def __init__(self) -> None:
        super().__init__()
        self.room = tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None)
        self.lives = 0
        self.store = self.open()
        self.kept: dict[str, Upsert] = {}

    @property
    def folder(self) -> Path:
        return Path(self.room.name) / str(self.lives)

    def open(self) -> LocalStore:
        return open_store(self.folder, engine=self.engine)

    @initialize(items=st.lists(documents(), max_size=6))
    def begin(self, items: list[Upsert]) -> None:
        self.upsert(items)

    @rule(items=st.lists(documents(), min_size=1, max_size=4))
    def upsert(self, items: list[Upsert]) -> None:
        self.store.upsert(items)
        self.kept |= {item.document.id: item for item in items}

    @rule()
    def upsert_the_same(self) -> None:
        self.store.upsert(list(self.kept.values()))

    @rule(source=st.sampled_from(SOURCES), fields=metadata)
    def change_only_metadata(self, source: str, fields: dict[str, Any]) -> None:
        for item in [item for item in self.kept.values() if item.document.source == source]:
            self.upsert([make(source, *(c.text for c in item.chunks), title=item.document.title, **fields)])

    @rule(sources=st.sets(st.sampled_from(SOURCES), max_size=3))
    def delete(self, sources: set[str]) -> None:
        gone = [item.document.id for item in self.kept.values() if item.document.source in sources]
        assert self.store.delete([*gone, "nothing"]) == len(gone)
        self.kept = {key: item for key, item in self.kept.items() if key not in gone}

    @rule(where=st.sampled_from(FILTERS[1:3]))
    def delete_by_filter(self, where: Filter) -> None:
        gone = [
            key
            for key, item in self.kept.items()
            if matches(where, {**item.document.metadata, "source": item.document.source})
        ]
        assert self.store.delete(where=where) == len(gone)
        self.kept = {key: item for key, item in self.kept.items() if key not in gone}

    @rule()
    def sync(self) -> None:
        self.store.sync()

    @rule(text=st.sampled_from(WORDS), where=st.sampled_from(FILTERS))
    def search(self, text: str, where: Filter | None) -> None:
        chunks = [chunk for item in self.kept.values() for chunk in item.chunks]
        wanted = {chunk.id for chunk in chunks if where is None or matches(where, fields_of(chunk))}
        assert found(self.store, text, 10_000, where)[0].keys() == wanted

    @rule()
    def reopen(self) -> None:
        self.store.close()
        self.store = self.open()

    @rule(
        damage=st.lists(
            st.tuples(st.integers(0, 99), st.sampled_from(["delete", "empty", "halve"])), max_size=4
        )
    )
    def crash(self, damage: list[tuple[int, str]]) -> None:
        """What a killed process leaves, its derived files torn in any way."""
        before = self.folder
        self.lives += 1
        shutil.copytree(before, self.folder)
        self.store.close()
        shutil.rmtree(before)
        derived = sorted(path for path in self.folder.rglob("*") if path.is_file() and _is_derived(path))
        for place, way in damage if derived else ():
            path = derived[place % len(derived)]
            if path.exists() and way == "delete":
                path.unlink()
            elif path.exists():
                content = path.read_bytes()
                path.write_bytes(content[: len(content) // 2] if way == "halve" else b"")
        self.store = self.open()

    @invariant()
    def nothing_is_lost(self) -> None:
        assert {info.id: info.hash for info in self.store.documents()} == {
            key: item.hash for key, item in self.kept.items()
        }

    def teardown(self) -> None:
        try:
            assert_like_a_fresh_build(self.store, self.kept.values(), ("amber basil", *WORDS[2:5]), FILTERS)
        finally:
            self.store.close()
            self.room.cleanup()


def _is_derived(path: Path) -> bool:
    return path.parent.name in ("dense", "lexical") or path.suffix == ".owner"


class HistoryWithRankBM25(History):
    engine = "rank-bm25"


def told(examples: int) -> settings:
    return settings(
        max_examples=examples,
        stateful_step_count=20,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


TestHistory = History.TestCase
TestHistory.settings = told(examples=30)
TestHistoryWithRankBM25 = HistoryWithRankBM25.TestCase
TestHistoryWithRankBM25.settings = told(examples=10)
