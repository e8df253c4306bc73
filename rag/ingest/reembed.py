"""Embeds everything that is stored with another embedder, from the stored texts: no source file is needed.

The new store grows beside the old one and takes its place when it is whole; interrupted, it goes on where it
stopped. Until then the old store stays as it is.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from rag.errors import ConfigError, StoreError
from rag.stores import LocalStore
from rag.types import Document

from .report import Report, Watcher
from .run import base_of, recipe_of
from .sync import Sync

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rag.rag import Rag


def reembed(rag: Rag, *, progress: Watcher | None = None) -> Report:
    """Replaces the local index by one made with `rag`'s embedder. Returns what was done.

    Raises StoreError where there is no local index, LockedError while another process writes to it.
    """
    identity = LocalStore.identity_of(rag.index)
    if identity is None:
        raise StoreError(f"there is no index at {rag.index}: run `rag ingest PATH` first")
    if rag.embedder.fingerprint == identity.fingerprint:
        raise ConfigError(f"{rag.index} has been made with this embedder: name another with --embedder")
    old = LocalStore.open(rag.index, fingerprint=identity.fingerprint, dim=identity.dim)
    grown = rag.index.with_name(rag.index.name + ".new")
    new = LocalStore.open(
        grown,
        fingerprint=rag.embedder.fingerprint,
        dim=rag.embedder.dim,
        embedder=rag.embedder_name,
        language=identity.language,
        engine=identity.engine,
    )
    with old.writing():
        sync = Sync(new, rag.embedder, rag.chunks, recipe_of(rag), base_of(rag), progress or (lambda _: None))
        report = sync.documents(_all(old))
        kept = {info.id for info in old.documents()}
        new.delete([info.id for info in new.documents() if info.id not in kept])
        new.sync()
        new.close()
        old.close()
        _exchange(rag.index, grown)
    rag.close()
    return report


def _all(store: LocalStore) -> Iterator[Document]:
    for info in list(store.documents()):
        yield from store.load([info.id])


def _exchange(index: Path, grown: Path) -> None:
    """Puts the new folder in the old one's place. Between the two steps the old one is kept under `.old`."""
    aside = index.with_name(index.name + ".old")
    shutil.rmtree(aside, ignore_errors=True)
    index.rename(aside)
    grown.rename(index)
    shutil.rmtree(aside)
