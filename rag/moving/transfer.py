"""`rag move`, `rag export` and `rag import` as calls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag import trust
from rag.augment import memory, ratings
from rag.counts import counted
from rag.errors import ConfigError, StoreError
from rag.glossary import file as glossary_file
from rag.progress import Progress, Watcher
from rag.stores import (
    BuiltWith,
    Upsert,
    VectorStore,
    built_with,
    open_store,
    store_name,
    without_password,
)

from . import archive, reading
from .checking import Check, check
from .copying import Content, Copied, contents, copy, missing, stored

Options = Mapping[str, Mapping[str, Any]]
"""Options of stores by their name, as `[stores.NAME]` has them."""

_BESIDE = (glossary_file.NAME, memory.NAME, ratings.NAME)


@dataclass(frozen=True, slots=True)
class Moved:
    """What came of it. `check` is None for an export: the archive has checksums instead."""

    source: str
    target: str
    documents: int
    chunks: int
    there: int
    check: Check | None = None

    @property
    def passed(self) -> bool:
        return self.check is None or self.check.passed

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        values: dict[str, Any] = {name: getattr(self, name) for name in ("source", "target", "documents")}
        values |= {"chunks": self.chunks, "there": self.there, "passed": self.passed}
        return values | ({"check": self.check._asdict()} if self.check else {})

    def __str__(self) -> str:
        lines = [
            f"{counted(self.documents, 'document')}, {counted(self.chunks, 'chunk')}: "
            f"{self.source} → {self.target}"
        ]
        if self.there:
            lines.append(f"{counted(self.there, 'document was', 'documents were')} there already")
        if self.check:
            lines.append(_summary(self.check))
        return "\n".join(lines)


def move(
    source: str | Path,
    target: str | Path,
    *,
    options: Options | None = None,
    wait: float = 0.0,
    progress: Watcher | None = None,
) -> Moved:
    """Copies all documents, chunks and vectors of one store into another, and compares the two.

    Both are URLs or folders; the source stays as it is. What the target has already is not written again, so
    a call that was cut off goes on. Raises StoreError where there is no source, ConfigError where both are
    the same, FingerprintError where the target was built with another embedder.
    """
    report = progress or (lambda _: None)
    if _place(source) == _place(target):
        raise ConfigError(f"{without_password(source)} is named twice: expected two stores")
    is_new = built_with(target, _own(target, options)) is None
    with _existing(source, options, wait) as (origin, built):
        engine = origin.caps.lexical if store_name(source) == store_name(target) == "local" else "tantivy"
        with _like(target, built, options, wait, engine) as other:
            done = _copied(origin, other, report)
            report(Progress("comparing", 0, 0))
            compared = check(origin, other)
    _put_beside(target, _beside(source))
    if is_new:
        _trust_as(source, target, built)
    return _moved(source, target, done, compared)


def _trust_as(source: str | Path, target: str | Path, built: BuiltWith) -> None:
    """A new index in a folder is trusted as what it is a copy of; a server is trusted that one names."""
    needs = {"index.embedder": built.embedder}
    trusted = store_name(source) != "local" or trust.is_trusted(Path(source) / "rag.toml", needs)
    if store_name(target) == "local" and built.embedder != "builtin" and trusted:
        trust.trust_own(Path(target) / "rag.toml", needs)


def _copied(origin: VectorStore, other: VectorStore, report: Watcher) -> Copied:
    with other.writing():
        left = missing(origin.documents(), contents(other))
        total = origin.stats()["documents"]
        return copy(stored(origin, left), other, total - len(left), total, report)


def export_archive(
    source: str | Path,
    file: str | Path,
    *,
    options: Options | None = None,
    progress: Watcher | None = None,
) -> Moved:
    """Writes a store into one file with checksums. Errors as in `move`, and of the file."""
    report = progress or (lambda _: None)
    with _existing(source, options, 0.0) as (store, built):
        infos = missing(store.documents(), {})
        documents, chunks = archive.write(
            Path(file), built, stored(store, infos), _beside(source), len(infos), report
        )
    return Moved(without_password(source), str(file), documents, chunks, 0)


def import_archive(
    file: str | Path,
    target: str | Path,
    *,
    options: Options | None = None,
    wait: float = 0.0,
    progress: Watcher | None = None,
) -> Moved:
    """Reads such a file into a store, all of it checked first. What stands there is not written again.

    Raises CorruptError for a damaged file, FingerprintError where the store was built with another embedder.
    """
    report = progress or (lambda _: None)
    archive = reading.opened(Path(file), report)
    kept = reading.kept(archive)
    if glossary_file.NAME in kept:  # another program may have written it: said before anything is stored
        glossary_file.parsed(kept[glossary_file.NAME], Path(file) / glossary_file.NAME)
    with _like(target, archive.built, options, wait) as store:
        wanted: dict[str, Content] = {}
        there = contents(store)

        def left() -> Iterator[list[Upsert]]:
            for batch in reading.items(archive):
                said = {item.document.id: (item.hash, len(item.chunks)) for item in batch}
                wanted.update(said)
                if new := [item for item in batch if there.get(item.document.id) != said[item.document.id]]:
                    yield new

        with store.writing():
            done = copy(left(), store, 0, archive.documents, report)
        now = contents(store)
    _put_beside(target, kept)
    differing = sum(now.get(name) != content for name, content in wanted.items())
    more = len(now.keys() - wanted.keys())
    whole = Check(archive.documents, archive.chunks, differing, more, 0, 1.0, 1.0, 0.0)
    return _moved(file, target, done._replace(there=archive.documents - done.documents), whole)


def _moved(source: str | Path, target: str | Path, done: Copied, check: Check) -> Moved:
    return Moved(
        without_password(source), without_password(target), done.documents, done.chunks, done.there, check
    )


@contextmanager
def _existing(
    url: str | Path, options: Options | None, wait: float
) -> Iterator[tuple[VectorStore, BuiltWith]]:
    built = built_with(url, _own(url, options))
    if built is None:
        raise StoreError(f"there is no store at {without_password(url)}: run `rag ingest PATH` first")
    with _like(url, built, options, wait) as store:
        language = getattr(store, "language", built.language)
        yield store, built._replace(language=str(language))


@contextmanager
def _like(
    url: str | Path, built: BuiltWith, options: Options | None, wait: float, engine: str = "tantivy"
) -> Iterator[VectorStore]:
    store = open_store(
        url,
        fingerprint=built.fingerprint,
        dim=built.dim,
        embedder=built.embedder,
        language=built.language,
        engine=engine,
        wait=wait,
        options=_own(url, options),
    )
    try:
        yield store
    finally:
        store.close()


def _place(url: str | Path) -> str:
    """Where a store is: two spellings of one folder are one place."""
    return str(Path(url).resolve()) if store_name(url) == "local" else str(url)


def _own(url: str | Path, options: Options | None) -> Mapping[str, Any]:
    return (options or {}).get(store_name(url), {})


def _beside(url: str | Path) -> dict[str, bytes]:
    """The glossary, the memory and the ratings of an index folder."""
    if store_name(url) != "local":
        return {}
    return {name: (Path(url) / name).read_bytes() for name in _BESIDE if (Path(url) / name).is_file()}


def _put_beside(url: str | Path, kept: Mapping[str, bytes]) -> None:
    """Puts them beside a store in a folder, where it has none of its own."""
    for name in _BESIDE if store_name(url) == "local" else ():
        if name in kept and not (Path(url) / name).exists():
            (Path(url) / name).write_bytes(kept[name])


def _summary(check: Check) -> str:
    if check.differing:
        return (
            f"{counted(check.differing, 'document differs', 'documents differ')}: give the same command again"
        )
    summary = f"all is there: {counted(check.documents, 'document')}, {counted(check.chunks, 'chunk')}"
    if check.more:
        return f"{summary}, beside {counted(check.more, 'other')}"
    if not check.searches:
        return summary
    return (
        f"{summary}; in {counted(check.searches, 'search', 'searches')} the two agree on "
        f"{check.dense:.1%} of the nearest hits and "
        f"{check.lexical:.1%} of the hits by words; vectors differ by at most {check.vectors:.1g}"
    )
