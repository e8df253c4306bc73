"""One parsing process, `python -m rag.ingest.parsing.worker`, seen from its parent."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from rag.loaders import Limits
from rag.loaders.formats import registered

from .cutting import Cutter
from .worker import LENGTH_BYTES, encode_frame

# The folder that holds the package `rag`.
ROOT = Path(__file__).resolve().parents[3]
STDERR_TAIL = 400
LIBRARY_PATHS = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


class ProcessEnded(Exception):
    """The process is gone before it answered; the message says how, and the last it wrote."""


class ProcessHung(Exception):
    """The process did not begin to answer within the time limit."""


def setup_frame(limits: Limits, timeout: float, memory_mb: int | None, cutter: Cutter | None) -> bytes:
    """What a process is sent first: limits, how to cut, where modules are, which loaders were registered."""
    return encode_frame(
        {
            "limits": asdict(limits),
            "timeout": timeout,
            "memory_mb": memory_mb,
            "cut": None if cutter is None else cutter.values(),
            "path": [str(Path(entry).absolute()) for entry in sys.path if entry],
            "loaders": {
                suffix: f"{loader.__module__}:{getattr(loader, '__qualname__', '?')}"
                for suffix, loader in registered().items()
            },
        }
    )


class Process:
    """A running worker. `kill` is for any thread; all else is for the one thread that it works for."""

    def __init__(self, setup: bytes) -> None:
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  (lives as long as the process)
        # -P and the bare environment: neither the folder we stand in nor variables decide what is imported.
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "rag.ingest.parsing.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            bufsize=0,
            env=_environment(),
        )
        self._send(setup)

    def ask(self, job: dict[str, Any], timeout: float) -> dict[str, Any]:
        """The answer to a job. Raises ProcessHung, or ProcessEnded."""
        self._errors.seek(0)
        self._errors.truncate()
        self._send(encode_frame(job))
        deadline = time.monotonic() + timeout
        # An answer begins when parsing is over: what is left is transport, which gets as long again.
        length = int.from_bytes(self._receive(LENGTH_BYTES, deadline), "big")
        answer: dict[str, Any] = json.loads(self._receive(length, time.monotonic() + timeout))
        return answer

    def kill(self) -> None:
        """Stops the process at once; who waits for its answer gets ProcessEnded."""
        self._process.kill()

    def close(self) -> None:
        """Stops the process and frees what it held."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._errors):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    def _send(self, frame: bytes) -> None:
        # A process that is gone is found out when its answer is awaited.
        with contextlib.suppress(BrokenPipeError):
            view = memoryview(frame)
            while view and self._process.stdin is not None:
                view = view[self._process.stdin.write(view) :]

    def _receive(self, size: int, deadline: float) -> bytes:
        output = self._process.stdout
        if output is None:
            raise ProcessEnded("it has no output")
        received = bytearray()
        while len(received) < size:
            ready, _, _ = select.select([output], [], [], max(deadline - time.monotonic(), 0))
            if not ready:
                raise ProcessHung
            piece = os.read(output.fileno(), min(size - len(received), 1 << 20))
            if not piece:
                raise ProcessEnded(self._last_words())
            received += piece
        return bytes(received)

    def _last_words(self) -> str:
        code = self._process.wait()
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"
        size = self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(size - STDERR_TAIL, 0))
        last = " ".join(self._errors.read().decode("utf-8", "replace").split())
        return f"{how}: {last}" if last else how


def _environment() -> dict[str, str]:
    # Where an interpreter outside the system's folders finds its own libraries.
    libraries = {name: os.environ[name] for name in LIBRARY_PATHS if name in os.environ}
    return libraries | {
        "PYTHONPATH": str(ROOT),
        "PYTHONUTF8": "1",
        "PYTHONDONTWRITEBYTECODE": os.environ.get("PYTHONDONTWRITEBYTECODE", ""),
        "LC_ALL": "C.UTF-8",
        # One arena a process: each more reserves 64 MB of the address space that memory_mb bounds.
        "MALLOC_ARENA_MAX": "1",
    }
