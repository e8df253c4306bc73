"""Where the queue of an ingest is: as given, else in the store's own database, else in the index folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rag.errors import ConfigError
from rag.stores import store_name, without_password

from .leases import Queue

if TYPE_CHECKING:
    from rag.pipeline.parts import Parts

NAME = "queue.sqlite"


def open_queue(url: str) -> Queue:
    """The queue at `postgresql://…` or in a file. Raises ConfigError for another URL, StoreError."""
    name = store_name(url)
    if name == "postgres":
        from .postgres import PostgresDatabase

        return Queue(PostgresDatabase(url))
    if name != "local":
        raise ConfigError(
            f"a queue cannot live at {without_password(url)}: expected a file, or a URL with postgresql://"
        )
    from .sqlite import SqliteDatabase

    return Queue(SqliteDatabase(Path(url)))


def queue_url(rag: Parts) -> str:
    """Where an ingest of this pipeline and its workers meet."""
    if rag.settings.ingest.queue:
        return rag.settings.ingest.queue.reveal()
    if not rag.origin.store_is_named:
        return str(rag.home / NAME)
    if store_name(rag.origin.url) == "postgres":
        return rag.origin.url
    folder = Path(rag.origin.url) if store_name(rag.origin.url) == "local" else rag.home
    return str(folder / NAME)
