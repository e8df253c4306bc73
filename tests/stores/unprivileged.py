"""Runs a function as a user who may not do everything: root may read and write what permissions forbid."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rag import Rag
from rag.testing import WordEmbedder
from rag.types import Document

NOBODY = 65534
PROCESSES = multiprocessing.get_context("forkserver")


def warm_up() -> None:
    """Imports everything that an ingest and a search need, while modules can still be read."""
    with TemporaryDirectory() as folder:
        (Path(folder) / "a.txt").write_text("amber")
        with Rag(Path(folder) / ".rag", embedder=WordEmbedder()) as rag:
            rag.ingest(folder, load=lambda path, source: [Document.make("amber", source)])
            rag.search("amber")


def _run(
    pipe: Connection,
    work: Callable[..., Any],
    arguments: tuple[Any, ...],
    before: Callable[..., Any] | None,
) -> None:
    warm_up()
    if before is not None:
        before(*arguments)
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    pipe.send(work(*arguments))


def as_nobody(work: Callable[..., Any], *arguments: Any, before: Callable[..., Any] | None = None) -> Any:
    """What the function returns in a process of a user without rights.

    `before` has all rights and gets the same arguments: it imports what the function needs.
    """
    here, there = PROCESSES.Pipe(duplex=False)
    process = PROCESSES.Process(target=_run, args=(there, work, arguments, before), daemon=True)
    process.start()
    there.close()
    try:
        return here.recv()
    finally:
        process.join(20)
        here.close()
