"""A real `rag serve` in a process of its own, over a folder of small documents of many kinds."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tests.loaders.samples import pdf

RAG = [sys.executable, "-c", "from rag.cli import main; main()"]
EVIL = "<img src=x onerror=alert(1)>"
GUIDE = """# Guide

A session lasts thirty minutes. The server closes it after that.

## Müller und 北京

Die Sicherung läuft jede Nacht um zwei Uhr. 备份每天凌晨两点运行。
"""
TABLE = "city,inhabitants,mayor\nAltdorf,9211,Anna Berg\nNeustadt,48230,Karl Stein\nWaldheim,1207,Eva Lang\n"
HOSTILE = f"# {EVIL}\n\nThe hostile page says {EVIL} and the code word is basilisk-77.\n"
SECRET = "# Secret\n\nThe vault opens with the number 8841. Only the board knows the number of the vault.\n"
PAGES = [
    [
        (72, 700, "The lighthouse keeper was paid forty crowns a month."),
        (72, 680, "His lamp burned whale oil."),
    ],
    [
        (72, 700, "In 1871 the lamp was changed to paraffin, which costs less and"),
        (72, 686, "smells of very lit-"),
        (72, 672, "tle."),
        (72, 640, "A second keeper came in 1880."),
    ],
]


class Reply(NamedTuple):
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Server(NamedTuple):
    """A running server: its address, folder and process."""

    url: str
    folder: Path
    process: subprocess.Popen[bytes]

    def call(
        self, method: str, path: str, value: Any = None, *, data: bytes | None = None, **headers: str
    ) -> Reply:
        """One request; header names are written with _ for -."""
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        if value is not None:
            data, named = json.dumps(value).encode(), {"content-type": "application/json", **named}
        request = urllib.request.Request(self.url + path, data, named, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return Reply(
                    response.status, {k.lower(): v for k, v in response.headers.items()}, response.read()
                )
        except urllib.error.HTTPError as error:
            with error:
                return Reply(error.code, {k.lower(): v for k, v in error.headers.items()}, error.read())

    def get(self, path: str, **headers: str) -> Reply:
        return self.call("GET", path, **headers)

    def post(self, path: str, value: Any, **headers: str) -> Reply:
        return self.call("POST", path, value, **headers)

    def upload(self, name: str, content: bytes, path: str = "/api/documents", **headers: str) -> Reply:
        """A file by multipart/form-data."""
        edge = "boundary8d1c"
        head = f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
        body = head.encode() + content + f"\r\n--{edge}--\r\n".encode()
        return self.call(
            "POST", path, data=body, content_type=f"multipart/form-data; boundary={edge}", **headers
        )

    def document(self, source: str, **headers: str) -> str:
        """The id of a document."""
        rows = self.get("/api/documents", **headers).json["documents"]
        return str(next(row["id"] for row in rows if row["source"] == source))


def events(body: bytes) -> list[tuple[str, Any]]:
    """Server-sent events as (name, value)."""
    found = []
    for block in body.decode().split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
        if "data" in lines and lines["data"] != "[DONE]":
            found.append((lines.get("event", ""), json.loads(lines["data"])))
    return found


def write_corpus(folder: Path) -> None:
    """Markdown in two scripts, a table, a PDF of two pages, HTML, a mail, and hostile texts."""
    docs = folder / "docs"
    docs.mkdir(parents=True)
    (docs / "guide.md").write_text(GUIDE, "utf-8")
    (docs / "towns.csv").write_text(TABLE, "utf-8")
    (docs / "lighthouse.pdf").write_bytes(pdf(PAGES, "/Title (The Lighthouse)"))
    (docs / "secret.md").write_text(SECRET, "utf-8")
    (docs / "<b>hostile.md").write_text(HOSTILE, "utf-8")
    (docs / "note.html").write_text(
        "<h1>Garden</h1><p>The roses are watered on Mondays by Mr. Okafor.</p>", "utf-8"
    )
    (docs / "mail.eml").write_text(
        "From: a@example.org\nSubject: Lunch\n\nLunch is at the Golden Fork on Friday.\n"
    )


def environment(**more: str) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("RAG_")}
    return {**clean, "PYTHONUNBUFFERED": "1", **more}


def ingest(folder: Path, *paths: str) -> None:
    subprocess.run(
        [*RAG, "ingest", *(paths or ("docs",))],
        cwd=folder,
        env=environment(),
        check=True,
        capture_output=True,
    )


@contextlib.contextmanager
def served(
    folder: Path, *options: str, ready: bool = True, command: Sequence[str] = RAG, **more: str
) -> Iterator[Server]:
    """A server that is ready. Its log is `server.log` in the folder."""
    with (folder / "server.log").open("ab") as log:
        process = subprocess.Popen(
            [*command, "serve", "--port", "0", *options],
            cwd=folder,
            env=environment(**more),
            stdout=subprocess.PIPE,
            stderr=log,
        )
    assert process.stdout is not None
    try:
        url = process.stdout.readline().decode().strip()
        assert url.startswith("http://"), (folder / "server.log").read_text()
        server = Server(url.replace("0.0.0.0", "127.0.0.1"), folder, process)
        if ready:
            wait_ready(server)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def wait_ready(server: Server) -> None:
    for _ in range(600):
        if server.get("/ready").status == 200:
            return
        time.sleep(0.05)
    raise AssertionError((server.folder / "server.log").read_text())
