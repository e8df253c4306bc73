"""The `rag` command on a terminal: a process that reads from one and writes to it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from pathlib import Path

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
