"""A limit of time for work in this very thread: an exception is raised in it from outside.

It comes at the next Python instruction, so a call into C is waited for. No signals: it works in any thread.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from typing import TypeVar

from rag.errors import LoadError

Made = TypeVar("Made")


class _Late(BaseException):
    """Not an Exception, so that what is stopped does not take it for an error of its own."""


def within(seconds: float, work: Callable[[], Made], what: str) -> Made:
    """What `work()` returns. Raises LoadError, which names `what`, where it takes longer."""
    thread = threading.get_ident()
    turn = threading.Lock()
    over = late = False

    def stop() -> None:
        nonlocal late
        with turn:
            if not over:
                late = True
                _raise_in(thread, ctypes.py_object(_Late))

    timer = threading.Timer(seconds, stop)
    timer.daemon = True
    try:
        try:
            timer.start()
            return work()
        finally:
            with turn:
                over = True
            if late:  # it may have been sent when the work was just done
                _raise_in(thread, None)
    except _Late:
        raise LoadError(f"{what} took longer than {seconds:g} seconds and was stopped") from None
    finally:
        timer.cancel()


def _raise_in(thread: int, error: ctypes.py_object[type[BaseException]] | None) -> None:
    """Raises an error in a thread at its next instruction; None takes back one that has not been raised."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), error)
