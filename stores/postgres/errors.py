"""The errors of PostgreSQL and of its driver as the framework's, each with the next step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rag.errors import CorruptError, LockedError, RagError, StoreError

_CONNECTING = (
    (
        "password authentication failed",
        "the password is wrong: set PGPASSWORD, or write it into ~/.pgpass",
    ),
    ("no password supplied", "it wants a password: set PGPASSWORD, or write it into ~/.pgpass"),
    ("pg_hba.conf", "the server does not let this user in from here: see its pg_hba.conf"),
    ("too many clients", "it has no free connection: close some, or raise its max_connections"),
    ("does not exist", "create it first, with createdb or createuser, or correct the URL"),
    ("starting up", "it is starting: try again in a moment"),
    ("SSL", "check sslmode and the certificates in the URL"),
)
_STATES = {
    "53100": (StoreError, "the server's disk is full: free some space and run the command again"),
    "53200": (
        StoreError,
        "the server is out of memory: lower [stores.postgres] build_memory, or give it more",
    ),
    "53300": (StoreError, "the server has no free connection: close some, or raise its max_connections"),
    "42501": (StoreError, "this user may not do that: ask for the rights to create and write in the schema"),
    "25006": (StoreError, "this server only reads: name its primary in the URL"),
    "55P03": (LockedError, "another process holds a lock: wait until it is done and try again"),
    "40P01": (LockedError, "two writers waited for each other, and this one gave way: run the command again"),
    "40001": (LockedError, "another writer was faster: run the command again"),
    "57014": (LockedError, "the server cancelled it, for its own time limit: raise statement_timeout"),
    "23505": (
        StoreError,
        "every chunk id belongs to one document: make it of the document's id and the chunk's place",
    ),
    "22P05": (StoreError, "the text holds NUL or half of a surrogate pair: replace such characters"),
    "22021": (StoreError, "the text holds NUL or half of a surrogate pair: replace such characters"),
    "42P01": (
        CorruptError,
        "a table of the store is gone: restore a backup, or drop the schema and ingest again",
    ),
    "3F000": (CorruptError, "the schema is gone: restore a backup, or ingest again"),
    "58P01": (CorruptError, "the server misses a file of its own: restore a backup of the database"),
    "XX001": (CorruptError, "the server finds its data damaged: restore a backup of the database"),
    "XX002": (CorruptError, "the server finds an index damaged: run REINDEX on it"),
}


@contextmanager
def translated(place: str) -> Iterator[None]:
    """What the driver raises, as a StoreError that names the place. Needs the driver to be installed."""
    import psycopg
    from psycopg_pool import PoolClosed, PoolTimeout

    try:
        yield
    except RagError:
        raise
    except UnicodeEncodeError as error:
        raise StoreError(
            f"{place} keeps no text that holds half of a surrogate pair ({error}): replace such characters"
        ) from error
    except PoolClosed as error:
        raise StoreError(f"{place} was closed: open the store again") from error
    except PoolTimeout as error:
        raise StoreError(
            f"{place} gave no free connection ({error}): raise [stores.postgres] connections"
        ) from error
    except psycopg.Error as error:
        raise _store_error(place, error) from error


def unreachable(place: str, error: Exception) -> StoreError:
    """Why a connection could not be made."""
    lines = (line.strip() for line in str(error).splitlines())
    text = " ".join(line for line in lines if not line.startswith("Is the server running"))
    text = text.removeprefix("connection failed: ")
    step = next((step for sign, step in _CONNECTING if sign in text), "is it running, and the address right?")
    return StoreError(f"{place} cannot be reached ({text}): {step}")


def _store_error(place: str, error: Any) -> StoreError:
    text = str(error).strip().partition("\n")[0]
    if error.sqlstate is None or error.sqlstate.startswith(("08", "57P")):
        return StoreError(f"{place}: the connection was lost ({text}): what was committed stays; try again")
    kind, step = _STATES.get(error.sqlstate, (StoreError, "look into the server's log"))
    if error.sqlstate.startswith("22") and error.sqlstate not in _STATES:
        step = "a value that it cannot hold: replace it"
    return kind(f"{place} refuses ({text}): {step}")
