"""The local store's only truth: documents, chunks, vectors and a change log, in one SQLite file.

Every change of a chunk appends a row to `change`; the derived indexes remember the last `seq` they hold and
replay what is missing. Positions are never used twice, so replaying is harmless. A document is replaced in
one transaction. Knows nothing of search.
"""

from __future__ import annotations

import json
import logging
import os
import sqlite3
import threading
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from operator import index
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rag.errors import CorruptError, LockedError, StoreError
from rag.types import Chunk, Document, DocumentInfo

from ..contract import Upsert
from ..where import Filter
from .filter import needs_chunks, to_sql

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FORMAT = 2
"""2: each row has a checksum; a file of format 1 is brought to it when it is opened."""
_log = logging.getLogger("rag.stores")
_APPLICATION_ID = 0x666F6F74  # "foot"
_BUSY_SECONDS = 60
_KEEP_CHANGES = 100_000
_NO_POSITION = 0  # SQLite counts from 1; logged where only a document's own row changed

_SCHEMA = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE document (
    key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, source TEXT NOT NULL, title TEXT NOT NULL,
    media_type TEXT NOT NULL, hash TEXT NOT NULL, metadata TEXT NOT NULL, pages TEXT NOT NULL,
    text TEXT NOT NULL, crc INTEGER
);
CREATE INDEX document_source ON document (source);
CREATE TABLE chunk (
    position INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
    document INTEGER NOT NULL REFERENCES document (key), start INTEGER NOT NULL, "end" INTEGER NOT NULL,
    page INTEGER, heading TEXT NOT NULL, header TEXT NOT NULL, text TEXT NOT NULL, crc INTEGER
);
CREATE INDEX chunk_document ON chunk (document);
CREATE TABLE vector (
    position INTEGER PRIMARY KEY REFERENCES chunk (position), value BLOB NOT NULL, crc INTEGER
);
CREATE TABLE change (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, position INTEGER NOT NULL, added INTEGER NOT NULL
);
"""

_CHUNK = """
SELECT chunk.id, document.id, document.source, chunk.text, chunk.start, chunk."end", document.title,
       chunk.page, chunk.heading, chunk.header, document.metadata, chunk.position, chunk.crc
FROM chunk JOIN document ON document.key = chunk.document
"""


class Changes(NamedTuple):
    """What happened to positions since a stamp; a position is in one of the two, never both."""

    added: list[int]
    removed: list[int]


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """The errors of SQLite and of the file system as the framework's, with the next step."""
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"{path.parent} cannot be read or written ({error}): check permissions and space on the disk"
        ) from error
    except UnicodeDecodeError as error:  # SQLite's own message quotes a name that is damaged
        raise _unreadable(path, error) from error
    except UnicodeEncodeError as error:
        raise StoreError(
            f"{path} keeps no text that holds half of a surrogate pair ({error}): replace such characters"
        ) from error
    except sqlite3.OperationalError as error:
        text = str(error)
        if "locked" in text or "busy" in text:
            raise LockedError(
                f"{path} has been locked by another process for {_BUSY_SECONDS} s: try again later"
            ) from error
        if "full" in text:
            raise StoreError(
                f"no space left for {path}: free some disk and run the command again; nothing stored is lost"
            ) from error
        raise StoreError(f"{path}: {text}: check the folder's permissions, then `rag doctor`") from error
    except sqlite3.IntegrityError as error:
        raise StoreError(
            f"{path} refuses what came ({error}): every chunk id belongs to one document; make it of the "
            "document's id and the chunk's place"
        ) from error
    except sqlite3.DatabaseError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> CorruptError:
    return CorruptError(
        f"{path} is no readable store ({error}): restore a backup, or delete the folder and ingest again"
    )


def damaged_source(path: Path, source: object) -> CorruptError:
    """The error of a damaged row of one document, with what brings it back."""
    return CorruptError(
        f"{path}: what is stored of {source} is damaged: `rag rm {source}`, then ingest it again; "
        "`rag doctor` tells what else is"
    )


@contextmanager
def _rows_read(path: Path) -> Iterator[None]:
    """A row that holds what nobody stored (no number, no JSON, nothing at all) as CorruptError."""
    try:
        yield
    except (TypeError, ValueError, LookupError, OverflowError) as error:
        raise CorruptError(f"{path} has damaged rows ({error}): `rag doctor` tells which") from error


def _text(value: bytes) -> str:
    """A text of SQLite; what is no UTF-8 is damage, which the checksum of its row tells."""
    return value.decode("utf-8", "replace")


_DERIVED = ("dense/dense.json", "lexical/lexical.json", "lexical/lexical.jsonl")


def refuse_lost(database: Path) -> None:
    """Raises CorruptError where there is no database, or an empty one, under indexes that came of one.

    Nothing is derived before the database is safely on disk: a new store that was killed has neither.
    """
    try:
        if database.stat().st_size == 0:
            _refuse(database, "is empty")
    except FileNotFoundError:
        _refuse(database, "is missing")
    except OSError:
        return  # not even to be looked at: opening it tells


def _refuse(database: Path, state: str) -> None:
    if left := [name for name in _DERIVED if (database.parent / name).exists()]:
        raise CorruptError(
            f"{database} {state}, but {left[0]} beside it was made from it, so what was stored is lost. "
            f"Restore it from a backup, or delete {database.parent} and ingest again"
        )


class Truth:
    """One SQLite file. Each thread has its own connection; writers queue on SQLite's own lock."""

    def __init__(self, path: Path, uri: str = "") -> None:
        """`uri` is how to open a file that may only be read, which nobody else may change meanwhile."""
        self.path, self._uri = path, uri
        self._local = threading.local()
        self._open: dict[threading.Thread, sqlite3.Connection] = {}
        self._guard = threading.Lock()
        self._inode: int | None = None
        with translated(path):
            self._prepare()
            self._inode, self._state = path.stat().st_ino, self._seen()

    # ------------------------------------------------------------------------------------- connections

    @property
    def connection(self) -> sqlite3.Connection:
        """This thread's connection, in autocommit mode."""
        opened: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if opened is None:
            opened = sqlite3.connect(
                self._uri or self.path,
                timeout=_BUSY_SECONDS,
                isolation_level=None,
                check_same_thread=False,
                uri=bool(self._uri),
            )
            opened.text_factory = _text
            opened.execute("PRAGMA foreign_keys = ON")
            opened.execute("PRAGMA synchronous = NORMAL")
            opened.execute("PRAGMA cache_size = -16000")
            self._local.connection = opened
            with self._guard:
                for thread in [thread for thread in self._open if not thread.is_alive()]:
                    self._open.pop(thread).close()  # a server with a thread a request would run out of files
                self._open[threading.current_thread()] = opened
        return opened

    def _prepare(self) -> None:
        connection = self.connection
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > FORMAT:
            raise CorruptError(
                f"{self.path} has format {version}, expected at most {FORMAT}: upgrade footnote-rag"
            )
        if version == FORMAT:
            return
        if self._uri and version > 0:
            raise StoreError(
                f"{self.path} has the older format {version}: open it once where it may be written"
            )
        names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
        if version < 0 or (version == 0 and names and "chunk" not in names):
            raise CorruptError(
                f"{self.path} has format {version}, which no version has written: restore a backup, or "
                "delete the folder and ingest again"
            )
        if "chunk" not in names:
            _refuse(self.path, "holds nothing")
        connection.execute("PRAGMA journal_mode = WAL")
        with self.transaction():
            if connection.execute("PRAGMA user_version").fetchone()[0] == FORMAT:
                return  # another process was faster
            there = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
            for statement in _SCHEMA.split(";") if "chunk" not in there else ():
                connection.execute(statement)
            for table in ("document", "chunk", "vector"):  # of format 1: what is there has no checksum yet
                if not connection.execute(
                    f"SELECT 1 FROM pragma_table_info('{table}') WHERE name = 'crc'"
                ).fetchone():
                    connection.execute(f"ALTER TABLE {table} ADD COLUMN crc INTEGER")
            connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {FORMAT}")

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All of it or nothing."""
        connection = self.connection
        if connection.in_transaction:
            raise StoreError("a write inside a snapshot: leave `with store.snapshot()` first")
        with translated(self.path):
            self.check_place()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                self.end()
                raise

    @contextmanager
    def reading(self) -> Iterator[None]:
        """One state of the file for several statements: the snapshot this thread is in, or one of its own."""
        if self.connection.in_transaction:
            yield
            return
        self.begin()
        try:
            yield
        finally:
            self.end()

    def begin(self) -> int:
        """Starts this thread's read snapshot; returns the last change it sees."""
        with translated(self.path):
            self.check_place()
            self.connection.execute("BEGIN")
            return self.seq()

    def check_place(self) -> None:
        """Raises StoreError where the open file was moved away, or another stands in its place."""
        try:
            inode = self.path.stat().st_ino
        except FileNotFoundError as error:
            raise StoreError(f"{self.path} was moved since it was opened: open the store again") from error
        if self._uri and self._inode is not None and self._seen() != self._state:
            raise StoreError(f"{self.path} was changed by another process: open the store again")
        if self._inode is not None and inode != self._inode:
            raise StoreError(f"{self.path} was replaced since it was opened: open the store again")

    def _seen(self) -> tuple[int, int]:
        stat = self.path.stat()
        return stat.st_size, stat.st_mtime_ns

    def end(self) -> None:
        """Leaves a snapshot, or undoes a transaction (SQLite itself may have done so, on a full disk)."""
        if self.connection.in_transaction:
            self.connection.execute("ROLLBACK")

    def close(self) -> None:
        with self._guard:
            for connection in self._open.values():
                connection.close()
            self._open.clear()
        self._local = threading.local()

    # ------------------------------------------------------------------------------------- writing

    def replace(self, item: Upsert) -> None:
        """Stores one document in place of its former self. Chunks that did not change keep their position."""
        document = item.document
        with self.transaction() as connection:
            key = self._write_document(connection, document, item.hash)
            former = {
                row[0]: row[1:]
                for row in connection.execute(
                    "SELECT id, page, heading, header, position, value"
                    " FROM chunk JOIN vector USING (position) WHERE document = ?",
                    (key,),
                )
            }
            wanted = {
                chunk.id: (chunk, vector.tobytes())
                for chunk, vector in zip(item.chunks, item.vectors, strict=True)
            }
            kept = {
                chunk_id
                for chunk_id, row in former.items()
                if chunk_id in wanted and _same(row, *wanted[chunk_id])
            }
            gone = [row[3] for chunk_id, row in former.items() if chunk_id not in kept]
            self._remove_positions(connection, gone)
            for chunk_id, (chunk, value) in wanted.items():
                if chunk_id not in kept:
                    self._add_chunk(connection, key, chunk, value)

    def _write_document(self, connection: sqlite3.Connection, document: Document, content_hash: str) -> int:
        """Inserts or updates the row; returns its key."""
        values: dict[str, Any] = {
            "id": document.id,
            "source": document.source,
            "title": document.title,
            "media_type": document.media_type,
            "hash": content_hash,
            "metadata": _json(document),
            "pages": json.dumps(list(document.pages)),
            "text": document.text,
        }
        values["crc"] = row_crc(*values.values())
        sql = "SELECT key, title, source, metadata FROM document WHERE id = ?"
        row = connection.execute(sql, (document.id,)).fetchone()
        if row is None:
            names = ", ".join(values)
            marks = ", ".join(f":{name}" for name in values)
            insert = connection.execute(f"INSERT INTO document ({names}) VALUES ({marks})", values)
            return int(insert.lastrowid or 0)
        sets = ", ".join(f"{name} = :{name}" for name in values)
        connection.execute(f"UPDATE document SET {sets} WHERE id = :id", values)
        if row[1] != document.title:  # the title is indexed with every chunk
            self._remove_positions(connection, self._positions_of(connection, [row[0]]))
        elif row[2:] != (document.source, values["metadata"]):  # what filters see; no chunk has to change
            connection.execute("INSERT INTO change (position, added) VALUES (?, 0)", (_NO_POSITION,))
        return int(row[0])

    @staticmethod
    def _add_chunk(connection: sqlite3.Connection, key: int, chunk: Chunk, value: bytes) -> None:
        inserted = connection.execute(
            'INSERT INTO chunk (id, document, start, "end", page, heading, header, text, crc)'
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(chunk.id, key, chunk.start, chunk.end, chunk.page, chunk.heading, chunk.header, chunk.text),
                _chunk_crc(chunk),
            ),
        )
        position = int(inserted.lastrowid or 0)
        connection.execute(
            "INSERT INTO vector VALUES (?, ?, ?)", (position, value, vector_crc(position, value))
        )
        connection.execute("INSERT INTO change (position, added) VALUES (?, 1)", (position,))

    @staticmethod
    def _remove_positions(connection: sqlite3.Connection, positions: Sequence[int]) -> None:
        rows = [(position,) for position in positions]
        connection.executemany("DELETE FROM vector WHERE position = ?", rows)
        connection.executemany("DELETE FROM chunk WHERE position = ?", rows)
        connection.executemany("INSERT INTO change (position, added) VALUES (?, 0)", rows)

    @staticmethod
    def _positions_of(connection: sqlite3.Connection, keys: Iterable[int]) -> list[int]:
        sql = "SELECT position FROM chunk WHERE document IN (SELECT value FROM json_each(?))"
        return [row[0] for row in connection.execute(sql, (json.dumps(list(keys)),))]

    def delete(self, document_ids: Sequence[str], where: Filter | None) -> int:
        """Removes documents by id and by filter, in one transaction."""
        with self.transaction() as connection:
            sql = "SELECT key FROM document WHERE id IN (SELECT value FROM json_each(?))"
            keys = {row[0] for row in connection.execute(sql, (json.dumps(list(document_ids)),))}
            if where is not None:
                keys |= {row[0] for row in self._matching(where, "document.key")}
            self._remove_positions(connection, self._positions_of(connection, keys))
            connection.executemany("DELETE FROM document WHERE key = ?", [(key,) for key in keys])
        return len(keys)

    def prune(self, stamp: int) -> None:
        """Forgets old changes that every derived index on disk holds, keeping the newest for late readers."""
        with self.transaction() as connection:
            oldest = min(stamp, self.seq() - _KEEP_CHANGES)
            connection.execute("DELETE FROM change WHERE seq <= ?", (oldest,))

    def harden(self) -> None:
        """Brings what is committed through a power cut, before an index on disk says that it follows it."""
        with suppress(FileNotFoundError):
            log = os.open(f"{self.path}-wal", os.O_RDONLY)
            try:
                os.fsync(log)
            finally:
                os.close(log)

    def checkpoint(self) -> None:
        """Moves what the write-ahead log holds into the main file, as far as readers allow."""
        with translated(self.path):
            self.connection.execute("PRAGMA wal_checkpoint(PASSIVE)")

    def vacuum(self) -> None:
        """Writes file and log anew with what there is, so that no page keeps what was removed.

        Raises StoreError while another process reads.
        """
        with translated(self.path):
            self.connection.execute("VACUUM")
            busy, *_ = self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            raise StoreError(f"{self.path} is read by another process: end it, and try again")

    # ------------------------------------------------------------------------------------- reading

    def seq(self) -> int:
        """The last change there ever was, 0 before the first."""
        row = self.connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'change'").fetchone()
        return int(row[0]) if row else 0

    def changes(self, since: int) -> Changes | None:
        """What changed after `since`, or None where the log does not reach back that far."""
        oldest = self.connection.execute("SELECT min(seq) FROM change").fetchone()[0]
        if since > self.seq() or (since < self.seq() and (oldest is None or oldest > since + 1)):
            return None
        rows = self.connection.execute(
            "SELECT position, added FROM change WHERE seq > ? ORDER BY seq", (since,)
        )
        with _rows_read(self.path):
            last = {index(position): index(added) for position, added in rows}
        return Changes(
            [p for p, added in last.items() if added], [p for p, added in last.items() if not added]
        )

    def positions(self) -> list[int]:
        rows = self.connection.execute("SELECT position FROM chunk ORDER BY position")
        with _rows_read(self.path):
            return [index(row[0]) for row in rows]

    def vectors(self, positions: Sequence[int], dim: int) -> NDArray[np.float32]:
        """float32 (len(positions), dim), in the order asked. Raises CorruptError where one is missing."""
        import numpy as np

        sql = "SELECT position, value, crc FROM vector WHERE position IN (SELECT value FROM json_each(?))"
        blobs = {}
        for position, value, crc in self.connection.execute(sql, (json.dumps(list(positions)),)):
            blobs[position] = value
            if crc is not None and crc != vector_crc(position, value):
                _log.warning("%s: the vector of chunk %s is damaged: run `rag doctor`", self.path, position)
        if missing := [position for position in positions if position not in blobs]:
            raise CorruptError(f"{self.path}: chunk {missing[0]} has no vector: run `rag ingest --reembed`")
        with _rows_read(self.path):
            data = b"".join(blobs[position] for position in positions)
            return np.frombuffer(data, np.float32).reshape(len(positions), dim)

    def texts(self, positions: Sequence[int]) -> list[tuple[int, Chunk]]:
        """(position, chunk without metadata) of those that are stored, in ascending order of position."""
        sql = f"{_CHUNK} WHERE chunk.position IN (SELECT value FROM json_each(?)) ORDER BY chunk.position"
        rows = self.connection.execute(sql, (json.dumps(list(positions)),))
        with _rows_read(self.path):
            return [(index(row[11]), self._chunk((*row[:10], "{}"), {"{}": {}})) for row in rows]

    def chunk_ids(self, positions: Sequence[int]) -> dict[int, str]:
        """Raises CorruptError where a position has no chunk, or one without an id."""
        sql = "SELECT position, id FROM chunk WHERE position IN (SELECT value FROM json_each(?))"
        found = dict(self.connection.execute(sql, (json.dumps(list(positions)),)))
        if lost := [position for position in positions if not isinstance(found.get(position), str)]:
            raise CorruptError(
                f"{self.path} has lost chunk {lost[0]}: `rag doctor` tells what else is damaged"
            )
        return found

    def get(self, chunk_ids: Sequence[str]) -> list[Chunk]:
        sql = f"{_CHUNK} WHERE chunk.id IN (SELECT value FROM json_each(?))"
        chunks = {}
        known: _Known = {}
        for row in self.connection.execute(sql, (json.dumps(list(chunk_ids)),)):
            chunk = chunks[row[0]] = self._chunk(row, known)
            if row[12] is not None and row[12] != _chunk_crc(chunk):
                raise damaged_source(self.path, chunk.source)
        return [chunks[chunk_id] for chunk_id in chunk_ids if chunk_id in chunks]

    def load(self, document_ids: Sequence[str]) -> list[Document]:
        sql = (
            "SELECT id, source, title, media_type, hash, metadata, pages, text, crc FROM document"
            " WHERE id IN (SELECT value FROM json_each(?))"
        )
        documents = {}
        for *row, crc in self.connection.execute(sql, (json.dumps(list(document_ids)),)):
            id_, source, title, media, _, metadata, pages, text = row
            if crc is not None and crc != row_crc(*row):
                raise damaged_source(self.path, source)
            with _rows_read(self.path):
                values, starts = json.loads(metadata), tuple(json.loads(pages))
            documents[id_] = Document(id_, text, source, title, values, starts, media)
        return [documents[document_id] for document_id in document_ids if document_id in documents]

    def documents(self, where: Filter | None) -> Iterator[DocumentInfo]:
        columns = (
            "document.id, document.source, document.title, document.hash,"
            " (SELECT count(*) FROM chunk AS c WHERE c.document = document.key), document.metadata"
        )
        rows = (
            self.connection.execute(f"SELECT {columns} FROM document ORDER BY source, id")
            if where is None
            else self._matching(where, columns, "ORDER BY document.source, document.id")
        )
        for row in rows:
            id_, source, title, content_hash, chunks, metadata = row
            try:
                values = json.loads(metadata)
            except (TypeError, ValueError):  # the others are listed all the same, so that this one can go
                values = {}
                _log.warning("%s", damaged_source(self.path, source))
            yield DocumentInfo(id_, source, title, content_hash, chunks, values)

    def _matching(self, where: Filter, columns: str, order: str = "") -> sqlite3.Cursor:
        """Documents of which at least one chunk (or, without chunk fields, which itself) matches."""
        condition, values = to_sql(where)
        tables = "document"
        if needs_chunks(where):
            tables += " JOIN chunk ON chunk.document = document.key"
        return self.connection.execute(
            f"SELECT DISTINCT {columns} FROM {tables} WHERE {condition} {order}", values
        )

    def allowed(self, where: Filter) -> list[int]:
        """The positions of all chunks that match, ascending; document fields are looked at once each."""
        condition, values = to_sql(where)
        sql = (
            "SELECT chunk.position FROM document CROSS JOIN chunk ON chunk.document = document.key"
            f" WHERE {condition} ORDER BY chunk.position"
        )
        return [row[0] for row in self.connection.execute(sql, values)]

    def scan(
        self, after: str, limit: int, where: Filter | None, dim: int
    ) -> list[tuple[Chunk, NDArray[np.float32]]]:
        condition, values = ("1", []) if where is None else to_sql(where)
        sql = f"{_CHUNK} WHERE chunk.id > ? AND {condition} ORDER BY chunk.id LIMIT ?"
        with self.reading():
            rows = self.connection.execute(sql, [after, *values, limit]).fetchall()
            vectors = self.vectors([row[11] for row in rows], dim)
        known: _Known = {}
        return [(self._chunk(row, known), vector) for row, vector in zip(rows, vectors, strict=True)]

    def _chunk(self, row: Sequence[Any], known: _Known) -> Chunk:
        """The chunk of a row of `_CHUNK`. Raises CorruptError for what no chunk holds."""
        id_, document_id, source, text, start, end, title, page, heading, header, metadata = row[:11]
        texts = (id_, document_id, source, text, title, heading, header, metadata)
        if not all(isinstance(value, str) for value in texts) or not all(
            isinstance(value, int) for value in (start, end, page or 0)
        ):
            raise damaged_source(self.path, source)
        if (values := known.get(metadata)) is None:
            try:
                values = known[metadata] = json.loads(metadata)
            except ValueError as error:
                raise damaged_source(self.path, source) from error
        return Chunk(id_, document_id, source, text, start, end, title, page, heading, header, values)

    def count(self, table: str) -> int:
        return int(self.connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def row_crc(*values: object) -> int:
    """CRC-32 of a row, so that damage inside a page of SQLite is seen."""
    return zlib.crc32("\x1f".join(map(str, values)).encode())


def vector_crc(position: object, value: object) -> int:
    """CRC-32 of a vector under its position; −1 where damage left something else in their place."""
    if not isinstance(position, int) or not isinstance(value, bytes):
        return -1
    return zlib.crc32(value, position & 0xFFFFFFFF)


def _chunk_crc(chunk: Chunk) -> int:
    return row_crc(chunk.id, chunk.start, chunk.end, chunk.page, chunk.heading, chunk.header, chunk.text)


def _json(document: Document) -> str:
    """A document's metadata as JSON. Raises StoreError for what JSON cannot hold."""
    try:
        return json.dumps(dict(document.metadata), ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise StoreError(
            f"{document.source}: its metadata cannot be stored ({error}): expected strings, finite numbers, "
            "booleans, null and lists of them"
        ) from error


def _same(row: tuple[Any, ...], chunk: Chunk, value: bytes) -> bool:
    """Whether a stored row (page, heading, header, position, vector) is this chunk."""
    return row[:3] == (chunk.page, chunk.heading, chunk.header) and row[4] == value


_Known = dict[str, Any]
"""Metadata as JSON → its values: a document has one for all its chunks, and it may be long."""
