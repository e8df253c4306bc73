"""The `rag` command on a terminal: a process that reads from one and writes to it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path
from typing import Self

COLUMNS, LINES = 100, 300


def on_a_terminal(folder: Path, *args: str, typed: str = "", **environment: str) -> bytes:
    """What the command writes to a terminal of `COLUMNS` and `LINES` on which `typed` was typed."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-c", "from rag.cli import main; main()", *args],
        cwd=folder,
        env={
            **os.environ,
            "TERM": "xterm-256color",
            "COLUMNS": str(COLUMNS),
            "LINES": str(LINES),
            **environment,
        },
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    os.write(ours, typed.encode())
    written = b""
    with contextlib.suppress(OSError):  # the terminal is gone when the process is
        while piece := os.read(ours, 65536):
            written += piece
    os.close(ours)
    process.wait()
    return written


class Running:
    """The `rag` command on a terminal of its own: what is typed there reaches it, Ctrl-C as a signal."""

    def __init__(self, folder: Path, *args: str, columns: int = 80, lines: int = 24) -> None:
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
        code = "import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); from rag.cli import main; main()"
        self._process = subprocess.Popen(
            [sys.executable, "-c", code, *args],
            cwd=folder,
            env={**environment, "TERM": "xterm-256color"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        self.written = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        os.close(self._ours)

    def until(self, text: str, seconds: float = 120.0) -> None:
        """Reads on until what came since the last call holds the text."""
        begin, end = len(self.written), time.monotonic() + seconds
        while text.encode() not in self.written[begin:]:
            if time.monotonic() > end or not self._read(1.0):
                raise AssertionError(f"{text!r} did not come: {self.written[begin:].decode()}")

    def type(self, text: str) -> None:
        os.write(self._ours, text.encode())

    def ended(self, seconds: float = 120.0) -> int:
        """The exit status, once it has ended by itself; negative for a signal."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and self._read(1.0):
            pass
        return self._process.wait(max(0.1, end - time.monotonic()))

    def _read(self, seconds: float) -> bool:
        """Whether the terminal is still there."""
        if select.select([self._ours], [], [], seconds)[0]:
            try:
                piece = os.read(self._ours, 65536)
            except OSError:  # the terminal is gone when the process is
                return False
            self.written += piece
            return bool(piece)
        return True
