"""Runs a function as a user who may not do everything: root may read and write what permissions forbid."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rag.testing.store import make, query
from tests.stores.fresh import open_store

NOBODY = 65534
PROCESSES = multiprocessing.get_context("forkserver")


def warm_up() -> None:
    """Imports everything that a store needs, while modules can still be read."""
    with TemporaryDirectory() as folder:
        store = open_store(Path(folder))
        store.upsert([make("a.txt", "amber")])
        store.sync()
        store.dense(query("amber"), 1)
        store.lexical("amber", 1)
        store.close()


def _run(pipe: Connection, work: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    warm_up()
    if os.geteuid() == 0:
        os.setgroups([])
        os.setegid(NOBODY)
        os.seteuid(NOBODY)
    pipe.send(work(*arguments))


def as_nobody(work: Callable[..., Any], *arguments: Any) -> Any:
    """What the function returns in a process of a user without rights."""
    here, there = PROCESSES.Pipe(duplex=False)
    process = PROCESSES.Process(target=_run, args=(there, work, arguments), daemon=True)
    process.start()
    there.close()
    try:
        return here.recv()
    finally:
        process.join(20)
        here.close()
