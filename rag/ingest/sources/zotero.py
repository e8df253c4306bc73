"""A Zotero library as a source: its attachments, with title, creators, date and identifiers as metadata.

`zotero:///home/me/Zotero` names the folder that holds `zotero.sqlite` and `storage/`. The database is opened
read-only and as it lies there, so that Zotero may be open meanwhile; nothing is ever written.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from rag.errors import ConfigError, LoadError

from . import Fetched, Item, Options, State

_ATTACHMENTS = """
    SELECT items.key, attachments.path, parents.itemID, parents.key
    FROM itemAttachments AS attachments
    JOIN items ON items.itemID = attachments.itemID
    LEFT JOIN items AS parents ON parents.itemID = attachments.parentItemID
    WHERE attachments.path IS NOT NULL
      AND items.itemID NOT IN (SELECT itemID FROM deletedItems)
      AND (parents.itemID IS NULL OR parents.itemID NOT IN (SELECT itemID FROM deletedItems))
    ORDER BY items.key
"""
_FIELDS = """
    SELECT fields.fieldName, itemDataValues.value FROM itemData
    JOIN fields ON fields.fieldID = itemData.fieldID
    JOIN itemDataValues ON itemDataValues.valueID = itemData.valueID
    WHERE itemData.itemID = ?
"""
_CREATORS = """
    SELECT creators.firstName, creators.lastName FROM itemCreators
    JOIN creators ON creators.creatorID = itemCreators.creatorID
    WHERE itemCreators.itemID = ? ORDER BY itemCreators.orderIndex
"""
_TAGS = "SELECT tags.name FROM itemTags JOIN tags ON tags.tagID = itemTags.tagID WHERE itemTags.itemID = ?"
_KEPT = {
    "title": "title",
    "date": "date",
    "DOI": "doi",
    "ISBN": "isbn",
    "url": "url",
    "publicationTitle": "publication",
    "language": "language",
}


class _Attachment(NamedTuple):
    path: Path
    metadata: dict[str, Any]


def open_source(address: str, options: Options) -> Zotero:
    """The library in a folder. Raises ConfigError where there is none."""
    folder = Path(unquote(urlsplit(address).path)).expanduser()
    folder = folder.parent if folder.name == "zotero.sqlite" else folder
    if not (folder / "zotero.sqlite").is_file():
        raise ConfigError(f"{folder} has no zotero.sqlite: name Zotero's folder, zotero:///home/me/Zotero")
    return Zotero(folder, options)


class Zotero:
    """The attachments of a library that lie in its storage, or are linked to."""

    def __init__(self, folder: Path, options: Options) -> None:
        self.name = f"zotero://{folder.as_posix()}"
        self._folder, self._options = folder, options
        self._attached: dict[str, _Attachment] = {}

    def close(self) -> None:
        """Nothing is open between two calls."""

    def discover(self, since: Mapping[str, State]) -> Iterator[Item]:
        """Compares size, time and metadata of each attachment with what was stored."""
        try:
            self._attached = dict(self._attachments())
        except sqlite3.Error as error:
            yield Item(self.name, "failed", f"zotero.sqlite cannot be read: {error}")
            return
        for source, attachment in self._attached.items():
            if not attachment.path.is_file():
                reason = f"its file is not there: {attachment.path}; let Zotero fetch it"
                yield Item(source, "failed", reason)
            elif since.get(source) == self._state(attachment):
                yield Item(source, "unchanged")
            else:
                yield Item(source, "upsert")
        yield from (Item(source, "delete") for source in since if source not in self._attached)

    def fetch(self, item: Item) -> Fetched:
        """The attachment's file. Raises LoadError where it cannot be read, or is too large."""
        attachment = self._attached[item.source]
        state = self._state(attachment)
        if state["size"] > self._options.max_bytes:
            raise LoadError(f"{state['size'] / 2**20:.0f} MB: raise ingest.max_megabytes")
        try:
            data = attachment.path.read_bytes()
        except OSError as error:
            raise LoadError(f"cannot be read: {error.strerror}") from error
        return Fetched(data, attachment.path.name, state, attachment.metadata)

    def _state(self, attachment: _Attachment) -> dict[str, Any]:
        stat = attachment.path.stat()
        return {"size": stat.st_size, "mtime_ns": stat.st_mtime_ns, "metadata": attachment.metadata}

    def _attachments(self) -> Iterator[tuple[str, _Attachment]]:
        address = f"file:{self._folder / 'zotero.sqlite'}?mode=ro&immutable=1"
        with closing(sqlite3.connect(address, uri=True)) as database:
            for key, path, parent, parent_key in database.execute(_ATTACHMENTS).fetchall():
                name = str(path).removeprefix("storage:")
                stored = str(path).startswith("storage:")
                place = self._folder / "storage" / key / Path(name).name if stored else Path(name)
                if not stored and not place.is_absolute():
                    continue  # a path below Zotero's own setting for linked files, which is not known here
                metadata = self._metadata(database, parent) if parent is not None else {}
                source = f"zotero://{parent_key or key}/{key}/{place.name}"
                yield source, _Attachment(place, metadata)

    def _metadata(self, database: sqlite3.Connection, item: int) -> dict[str, Any]:
        values = dict(database.execute(_FIELDS, (item,)).fetchall())
        fields: dict[str, Any] = {
            ours: values[theirs] for theirs, ours in _KEPT.items() if values.get(theirs)
        }
        if "date" in fields:
            fields["date"] = str(fields["date"]).split(" ")[
                0
            ]  # `2019-05-00 May 2019`: sortable, then as typed
        people = [" ".join(filter(None, names)) for names in database.execute(_CREATORS, (item,)).fetchall()]
        tags = [name for (name,) in database.execute(_TAGS, (item,)).fetchall()]
        return {**fields, **({"author": people} if people else {}), **({"tags": tags} if tags else {})}
