"""Embeds everything that is stored with another embedder, from the stored texts: no source file is needed.

The new store grows beside the old one and takes its place when it is whole; interrupted, it goes on where it
stopped. Until then the old store stays as it is.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rag.errors import ConfigError, StoreError
from rag.progress import Watcher
from rag.stores import LocalStore, store_name
from rag.types import Document

from .report import Report
from .run import base_of, recipe_of
from .sync import FILE_KEY, Sync

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rag.pipeline.parts import Parts


def reembed(rag: Parts, *, progress: Watcher | None = None) -> Report:
    """Replaces the local index by one made with `rag`'s embedder. Returns what was done.

    Raises StoreError where there is no index, ConfigError where it is not local, LockedError while another
    process writes to it.
    """
    if store_name(rag.origin.url) != "local":
        raise ConfigError(
            f"{rag.origin.place} is not a folder, so no other can take its place: ingest with the new "
            "embedder into a new store beside it, and then use that store's URL"
        )
    folder = Path(rag.origin.url)
    identity = LocalStore.identity_of(folder)
    if identity is None:
        raise StoreError(f"there is no index at {folder}: run `rag ingest PATH` first")
    if rag.embedder.fingerprint == identity.fingerprint:
        raise ConfigError(f"{folder} has been made with this embedder: name another with --embedder")
    old = LocalStore.open(folder, fingerprint=identity.fingerprint, dim=identity.dim)
    recipe = recipe_of(rag)
    with old.writing():
        new = _grown(rag, LocalStore.grown_beside(folder), old)
        sync = Sync(new, rag.embedder, rag.chunks, recipe, base_of(rag), progress or (lambda _: None))
        sync.timeout = rag.settings.ingest.timeout
        report = sync.documents(_all(old, recipe))
        kept = {info.id for info in old.documents()}
        new.delete([info.id for info in new.documents() if info.id not in kept])
        new.sync()
        new.close()
        old.close()
        LocalStore.exchange(folder)
    rag.origin.trust_own()
    rag.close()
    return report


def _grown(rag: Parts, folder: Path, old: LocalStore) -> LocalStore:
    """The store that takes the old one's place: a former run's, if that was with the same embedder."""
    begun = LocalStore.identity_of(folder)
    if begun is not None and begun.fingerprint != rag.embedder.fingerprint:
        shutil.rmtree(folder)
    return LocalStore.open(
        folder,
        fingerprint=rag.embedder.fingerprint,
        dim=rag.embedder.dim,
        embedder=rag.origin.embedder,
        language=old.identity.language,
        engine=old.identity.engine,
    )


def _all(store: LocalStore, recipe: str) -> Iterator[Document]:
    """Every document as it is stored; files need not be read again for the new recipe."""
    for info in list(store.documents()):
        for document in store.load([info.id]):
            stamp = document.metadata.get(FILE_KEY)
            metadata = (
                {**document.metadata, FILE_KEY: {**stamp, "recipe": recipe}} if stamp else document.metadata
            )
            yield replace(document, metadata=metadata)
