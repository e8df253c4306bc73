"""Processes that tests start, listen to and kill."""

from __future__ import annotations

import signal
from multiprocessing.connection import Connection
from typing import Any


def started(context: Any, work: Any, *args: Any) -> tuple[Any, Connection]:
    """A process of a multiprocessing context, and this end of its pipe."""
    here, there = context.Pipe()
    process = context.Process(target=work, args=(*args, there), daemon=True)
    process.start()
    there.close()
    return process, here


def told(pipe: Connection) -> list[int]:
    """The versions of which a writer said that they are stored."""
    found = []
    try:
        while pipe.poll():
            found.append(pipe.recv())
    except (EOFError, OSError):
        pass  # cut off by the kill
    return found


def killed(process: Any, pipe: Connection) -> list[int]:
    """Kills a writer at once; what it had told."""
    process.kill()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    return told(pipe)
