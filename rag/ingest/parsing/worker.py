"""The process that parses files for `rag.ingest.parsing.pool`: `python -m rag.ingest.parsing.worker`.

Frames over standard input and output: 4 bytes of length, most significant first, then JSON in UTF-8. The
first frame in is the setup, each later one a job, and each job is answered by one frame. The worker ends
with its parent: when its input closes, whatever it does then.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import IO, Any

from rag.errors import LoadError, RagError
from rag.loaders import Limits, Loaded, load, load_with, read, register
from rag.loaders.formats import loader_named
from rag.types import Document, Span

from .cutting import Cutter, named, storable

LENGTH_BYTES = 4


def main() -> None:
    """Answers jobs until the input closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    source, sink = os.fdopen(0, "rb"), _private_stdout()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    setup = read_frame(source)
    if setup is None:
        return
    limits = _prepare(setup)
    cutter = Cutter(**setup["cut"]) if setup["cut"] else None
    while (job := read_frame(source)) is not None:
        # A guard of its own, should the parent die at once with a parser that never returns: SIGALRM kills.
        signal.setitimer(signal.ITIMER_REAL, setup["timeout"] + 5)
        answer = encode_frame(_answer(job, limits, cutter))
        signal.setitimer(signal.ITIMER_REAL, 0)
        sink.write(answer)
        sink.flush()


def encode_frame(value: dict[str, Any]) -> bytes:
    """A JSON value as a frame."""
    body = json.dumps(value).encode("ascii")
    return len(body).to_bytes(LENGTH_BYTES, "big") + body


def read_frame(source: IO[bytes]) -> dict[str, Any] | None:
    """The next frame's value; None at the end of the input."""
    head = source.read(LENGTH_BYTES)
    body = source.read(int.from_bytes(head, "big")) if len(head) == LENGTH_BYTES else b""
    return json.loads(body) if body else None


def _private_stdout() -> IO[bytes]:
    """The channel to the parent; what a library prints goes to standard error from here on."""
    channel = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return channel


def _end_with_parent() -> None:
    import select

    poll = select.poll()
    poll.register(0, 0)  # no events requested: only the hang-up, which is always reported
    while not any(events & (select.POLLHUP | select.POLLERR) for _, events in poll.poll()):
        pass
    os._exit(0)


def _prepare(setup: dict[str, Any]) -> Limits:
    sys.path.extend(entry for entry in setup["path"] if entry not in sys.path)
    if setup["memory_mb"] is not None:
        import resource

        size = setup["memory_mb"] << 20
        resource.setrlimit(resource.RLIMIT_AS, (size, size))
    for suffix, name in setup["loaders"].items():
        _register(suffix, name)
    return Limits(**setup["limits"])


def _register(suffix: str, name: str) -> None:
    """Registers a loader by its name; a missing one fails the files it is for, not the start."""

    def loader(data: bytes, source: str, limits: Limits) -> Loaded | list[Document]:
        return loader_named(name)(data, source, limits)

    register(suffix, loader)


def _answer(job: dict[str, Any], limits: Limits, cutter: Cutter | None) -> dict[str, Any]:
    """A file's documents, where to cut them, and its problems, or the error.

    `fatal`: the worker is not to be used again.
    """
    started = time.perf_counter()
    loaded, error, fatal = Loaded([], []), None, False
    spans: list[list[Span] | str] = []
    try:
        loaded = _load(job, limits)
        if cutter is not None:
            spans = [_cut(document, job, cutter) for document in loaded.documents]
    except RagError as failure:
        error = str(failure)
    except MemoryError:
        loaded, error = Loaded([], []), "out of memory: the file needs more than a parsing process may use"
        spans, fatal = [], True
    except Exception as failure:  # a parser's own bug is this file's error, not the end of the run
        error = f"the loader failed: {type(failure).__name__}: {failure}"
    return {
        "documents": [_fields(document) for document in loaded.documents],
        "spans": spans,
        "problems": loaded.problems,
        "error": error,
        "fatal": fatal,
        "seconds": time.perf_counter() - started,
    }


def _cut(document: Document, job: dict[str, Any], cutter: Cutter) -> list[Span] | str:
    """Where the chunks of a document lie, as it will be stored, or why it cannot be cut."""
    try:
        return cutter.spans(storable(named(document, Path(job["path"]), job["source"])))
    except RagError as failure:
        return str(failure)


def _load(job: dict[str, Any], limits: Limits) -> Loaded:
    path, source = Path(job["path"]), job["source"]
    if job["loader"] is None:
        return _storable(load(path, source, limits=limits))
    return _storable(load_with(loader_named(job["loader"]), read(path, limits), source, limits))


def _storable(loaded: Loaded) -> Loaded:
    for document in loaded.documents:
        try:
            json.dumps(dict(document.metadata))
        except (TypeError, ValueError) as error:
            raise LoadError(f"the loader gave metadata that is no JSON: {error}") from error
    return loaded


def _fields(document: Document) -> dict[str, Any]:
    return {name: getattr(document, name) for name in document.__slots__} | {
        "metadata": dict(document.metadata)
    }


if __name__ == "__main__":
    main()
