"""The lease queue: units of work that many processes take, and that none of them can lose by dying.

A unit is `ready`, `taken` until its lease ends, then free again, and at last `done` or `failed`. Who takes it
gets a turn number, and only the holder of the last turn may finish it. An ingest is a `run`, with a lease of
its own: what belongs to one that ended is handed out no more.

Embedding and storing are units of two kinds. A unit `store` waits until all units `embed` of its batch are
done, and finds their vectors as results. All times are the database's, so clocks of machines may differ.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Literal, NamedTuple, Protocol

LEASE = 30.0
"""Seconds after which what a silent worker held goes to another. It is renewed four times as often."""
TRIES = 5
"""How often a unit is handed out before it counts as failed: it may be what kills its workers."""
_KILLED = "its worker died each time: see whether memory suffices"
_ABANDONED = 3600  # seconds for which an ingest that was suspended may still come back

Execute = Callable[[str, Sequence[Any]], list[Mapping[str, Any]]]
Kind = Literal["embed", "store"]


class Database(Protocol):
    """What the queue needs of an SQL database. Statements have `?` for values and end with RETURNING rows."""

    now: str
    """An expression: the seconds since 1970, as they are while the statement runs."""
    skip: str
    """What makes a SELECT lock its rows and leave out those that others have locked."""
    serial: str
    blob: str

    def transaction(self) -> AbstractContextManager[Execute]:
        """All of it or nothing; writers take turns where the engine has it so. For any thread."""
        ...

    def close(self) -> None: ...


class Run(NamedTuple):
    """An ingest that hands out work. Workers store into `store`; where it is empty, the ingest does."""

    id: str
    fingerprint: str
    store: str


class Unit(NamedTuple):
    """Work that was taken: `payload` is for who does it, `turn` proves that the lease is still held."""

    id: int
    kind: Kind
    payload: bytes
    turn: int


class Finished(NamedTuple):
    """A unit `store` that came to its end; `error` is empty where all went well."""

    id: int
    error: str


class Queue:
    """Runs and units in a database. Safe to share among threads; errors are StoreErrors."""

    def __init__(self, database: Database) -> None:
        self._database = database
        with database.transaction() as execute:
            for statement in _tables(database):
                execute(statement, ())

    def close(self) -> None:
        self._database.close()

    # ----------------------------------------------------------------------------------- the ingest's side

    def begin(self, fingerprint: str, store: str) -> Run:
        """Begins to hand out work to workers with this embedder. Removes what dead ingests left behind."""
        run = Run(uuid.uuid4().hex, fingerprint, store)
        with self._database.transaction() as execute:
            left = "SELECT id FROM ingest_run WHERE lease < {now} - ?"
            self._ask(execute, f"DELETE FROM ingest_unit WHERE run IN ({left})", _ABANDONED)
            self._ask(execute, "DELETE FROM ingest_run WHERE lease < {now} - ?", _ABANDONED)
            insert = "INSERT INTO ingest_run (id, fingerprint, store, lease) VALUES (?, ?, ?, {now} + ?)"
            self._ask(execute, insert, *run, LEASE)
        return run

    def keep_run(self, run: Run) -> bool:
        """Renews the ingest's own lease. False where it was taken for dead and removed."""
        with self._database.transaction() as execute:
            renew = "UPDATE ingest_run SET lease = {now} + ? WHERE id = ? RETURNING id"
            return bool(self._ask(execute, renew, LEASE, run.id))

    def end(self, run: Run) -> None:
        """Removes the run and whatever is left of it."""
        with self._database.transaction() as execute:
            self._ask(execute, "DELETE FROM ingest_unit WHERE run = ?", run.id)
            self._ask(execute, "DELETE FROM ingest_run WHERE id = ?", run.id)

    def put(self, run: Run, payload: bytes, pieces: Sequence[bytes], known: bytes = b"") -> int:
        """Adds a unit `store` and the units `embed` that it waits for. Returns the id of the former.

        `known` counts as the result of a piece before the others.
        """
        with self._database.transaction() as execute:
            state = "waiting" if pieces else "ready"
            insert = "INSERT INTO ingest_unit (run, kind, state, waits, payload) VALUES (?, 'store', ?, ?, ?)"
            [row] = self._ask(execute, f"{insert} RETURNING id", run.id, state, len(pieces), payload)
            whole = int(row["id"])
            if known:
                insert = (
                    "INSERT INTO ingest_unit (run, kind, state, whole, result) VALUES (?, 'embed', ?, ?, ?)"
                )
                self._ask(execute, insert, run.id, "done", whole, known)
            for piece in pieces:
                insert = "INSERT INTO ingest_unit (run, kind, whole, payload) VALUES (?, 'embed', ?, ?)"
                self._ask(execute, insert, run.id, whole, piece)
        return whole

    def finished(self, run: Run) -> list[Finished]:
        """Units `store` that are done or have failed; they are removed, and reported once."""
        with self._database.transaction() as execute:
            self._give_up(execute, run)
            ended = self._ask(
                execute,
                "SELECT id, state, error FROM ingest_unit"
                " WHERE run = ? AND kind = 'store' AND state IN ('done', 'failed')",
                run.id,
            )
            for row in ended:  # parts before the whole, as everywhere, so that nobody waits in a circle
                self._ask(execute, "DELETE FROM ingest_unit WHERE whole = ?", row["id"])
                self._ask(execute, "DELETE FROM ingest_unit WHERE id = ?", row["id"])
        return [Finished(row["id"], row["error"] if row["state"] == "failed" else "") for row in ended]

    def _give_up(self, execute: Execute, run: Run) -> None:
        """What was handed out too often fails, and so does what waits for it."""
        failed = self._ask(
            execute,
            "UPDATE ingest_unit SET state = 'failed' WHERE run = ? AND state = 'taken' AND lease < {now}"
            " AND turn >= ? RETURNING whole, error",
            run.id,
            TRIES,
        )
        for row in failed:
            if row["whole"] is not None:
                fail = "UPDATE ingest_unit SET state = 'failed', error = ? WHERE id = ?"
                self._ask(execute, fail, row["error"], row["whole"])

    # ----------------------------------------------------------------------------------- a worker's side

    def runs(self) -> list[Run]:
        """The ingests that hand out work now, oldest first."""
        with self._database.transaction() as execute:
            rows = self._ask(execute, "SELECT * FROM ingest_run WHERE lease > {now} ORDER BY lease")
        return [Run(row["id"], row["fingerprint"], row["store"]) for row in rows]

    def take(self, run: Run, worker: str, kinds: Sequence[Kind]) -> Unit | None:
        """The next unit of these kinds, what can be stored first; None where there is nothing to do now."""
        among = ", ".join("?" for _ in kinds)
        with self._database.transaction() as execute:
            rows = self._ask(
                execute,
                "UPDATE ingest_unit SET state = 'taken', turn = turn + 1, worker = ?, lease = {now} + ?"
                " WHERE id = (SELECT u.id FROM ingest_unit u JOIN ingest_run r ON r.id = u.run"
                f" WHERE r.id = ? AND r.lease > {{now}} AND u.kind IN ({among}) AND u.turn < ?"
                " AND (u.state = 'ready' OR u.state = 'taken' AND u.lease < {now})"
                " ORDER BY u.kind DESC, u.id LIMIT 1{skip}) RETURNING id, kind, payload, turn",
                *(worker, LEASE, run.id, *kinds, TRIES),
            )
        for row in rows:
            return Unit(row["id"], row["kind"], bytes(row["payload"]), row["turn"])
        return None

    def keep(self, unit: Unit) -> bool:
        """Renews a lease. False where another has the unit by now."""
        with self._database.transaction() as execute:
            renew = f"UPDATE ingest_unit SET lease = {{now}} + ?{_HELD}"
            return bool(self._ask(execute, renew, LEASE, *_held(unit)))

    def done(self, unit: Unit, result: bytes = b"") -> bool:
        """Finishes a unit, and frees the one that waited for it. False, and nothing done, as in `keep`."""
        with self._database.transaction() as execute:
            finish = f"UPDATE ingest_unit SET state = 'done', result = ?, payload = ?{_HELD}"
            rows = self._ask(execute, finish, result, b"", *_held(unit))
            if rows and rows[0]["whole"] is not None:
                self._ask(
                    execute,
                    "UPDATE ingest_unit SET waits = waits - 1, state ="
                    " CASE WHEN waits = 1 AND state = 'waiting' THEN 'ready' ELSE state END WHERE id = ?",
                    rows[0]["whole"],
                )
        return bool(rows)

    def give_back(self, unit: Unit, error: str) -> None:
        """Lets another try, later each time; after too many tries this error is reported."""
        with self._database.transaction() as execute:
            later = f"UPDATE ingest_unit SET lease = {{now}} + turn * 0.2, error = ?{_HELD}"
            self._ask(execute, later, error, *_held(unit))

    def release(self, worker: str) -> None:
        """Ends the leases of a worker that is known to be dead."""
        with self._database.transaction() as execute:
            release = "UPDATE ingest_unit SET lease = 0 WHERE worker = ? AND state = 'taken'"
            self._ask(execute, release, worker)

    def results(self, unit: Unit) -> bytes:
        """What the units gave that this one waited for, one after another."""
        with self._database.transaction() as execute:
            rows = self._ask(execute, "SELECT result FROM ingest_unit WHERE whole = ? ORDER BY id", unit.id)
        return b"".join(bytes(row["result"]) for row in rows)

    def _ask(self, execute: Execute, statement: str, *values: Any) -> list[Mapping[str, Any]]:
        sql = statement.replace("{now}", self._database.now).replace("{skip}", self._database.skip)
        return execute(sql, values)


_HELD = " WHERE id = ? AND state = 'taken' AND turn = ? RETURNING whole"


def _held(unit: Unit) -> tuple[int, int]:
    return unit.id, unit.turn


def _tables(database: Database) -> list[str]:
    return [
        "CREATE TABLE IF NOT EXISTS ingest_run (id TEXT PRIMARY KEY, fingerprint TEXT NOT NULL,"
        " store TEXT NOT NULL, lease DOUBLE PRECISION NOT NULL)",
        f"CREATE TABLE IF NOT EXISTS ingest_unit (id {database.serial}, run TEXT NOT NULL,"
        " kind TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'ready', whole BIGINT,"
        " waits INTEGER NOT NULL DEFAULT 0, turn INTEGER NOT NULL DEFAULT 0,"
        f" lease DOUBLE PRECISION NOT NULL DEFAULT 0, worker TEXT, payload {database.blob},"
        f" result {database.blob}, error TEXT NOT NULL DEFAULT {_KILLED!r})",
    ]
