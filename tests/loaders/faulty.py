"""Loaders that misbehave, named by the tests of the parsing pool."""

from __future__ import annotations

import ctypes
import os
import sys
import time
from typing import Any

from rag.errors import LoadError
from rag.loaders import Limits
from rag.types import Document


def hang(data: bytes, source: str, limits: Limits) -> list[Document]:
    time.sleep(600)
    return []


def crash(data: bytes, source: str, limits: Limits) -> list[Document]:
    os.write(2, b"the last words")
    os.kill(os.getpid(), 11)
    return []


def leave(data: bytes, source: str, limits: Limits) -> list[Document]:
    os._exit(7)


def devour(data: bytes, source: str, limits: Limits) -> list[Document]:
    return [Document.make("x" * (4 << 30), source)]


def bug(data: bytes, source: str, limits: Limits) -> list[Document]:
    raise KeyError("a bug")


def refuse(data: bytes, source: str, limits: Limits) -> list[Document]:
    raise LoadError("not this one")


def unstorable(data: bytes, source: str, limits: Limits) -> list[Document]:
    return [Document.make("x", source, metadata={"object": object()})]


def wait(data: bytes, source: str, limits: Limits) -> list[Document]:
    """Sleeps for as many seconds as the file says."""
    time.sleep(float(data))
    return [Document.make(f"waited {data.decode()}", source)]


def chatter(data: bytes, source: str, limits: Limits) -> list[Document]:
    """Prints to standard output, in Python and below it, where the answers go."""
    print("noise")  # noqa: T201
    sys.stdout.flush()
    ctypes.CDLL(None).puts(b"more noise")
    os.write(1, b"\xff\xff\xff\xff")
    return [Document.make("quiet", source)]


def surroundings(data: bytes, source: str, limits: Limits) -> list[Document]:
    """Tells what the process sees of its parent."""
    seen: dict[str, Any] = {
        "pid": os.getpid(),
        "secret": os.environ.get("SECRET_OF_THE_PARENT", ""),
        "main": getattr(sys.modules["__main__"], "__file__", None) or "",
        "numpy": "numpy" in sys.modules,
        "max_pages": limits.max_pages,
    }
    return [Document.make("seen", source, metadata=seen)]
