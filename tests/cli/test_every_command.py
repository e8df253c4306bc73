"""All commands of `rag`, one after another: no secret is printed or written, nothing commands the screen."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from rag.config import resolve_settings
from rag.secrets import revealed
from tests.cli.commands import calls, commands, forbidden, furnished, run, with_json

QUESTION, ANSWER = "Who signs off every release?", "Ana Berg"
HOSTILE = "\x1b[2J\x1b]0;owned\x07\x9b2J\x85\u2028\u202e\r\x1b]8;;https://evil.example\x1b\\"
IN_A_NAME = HOSTILE.replace("/", "").rstrip("\\")  # of a file
PAGE = f"""---
owner: {json.dumps(ANSWER + HOSTILE)}
{json.dumps("key" + HOSTILE)}: {json.dumps("value" + HOSTILE)}
---
# Releases {HOSTILE}

Ana Berg signs off every release. {HOSTILE} The Service Level Objective (SLO) is 99 %. {HOSTILE}

## Details {HOSTILE}

The Mean Time To Repair{HOSTILE} (MTTR) is two hours. In 1931 Ida Lund{HOSTILE} founded the office in Oslo.
"""
OF_ENVIRONMENT = (
    *("MODEL_KEY", "PGPASSWORD", "QDRANT_API_KEY", "MILVUS_TOKEN", "HF_TOKEN", "RAG_TOKEN"),
    *("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "OPENAI_API_KEY"),
)


class _Model(BaseHTTPRequestHandler):
    """A server of a language model that repeats the key in an error, or writes what commands a screen."""

    repeats_the_key = True

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        if self.repeats_the_key:
            self._send(401, {"error": {"message": f"{self.path}: no key {self.headers['Authorization']}"}})
        else:
            said = {
                "role": "assistant",
                "content": f"Ana Berg{HOSTILE} signs off every release [1]. {HOSTILE}",
            }
            self._send(200, {"choices": [{"index": 0, "message": said, "finish_reason": "stop"}]})

    def do_GET(self) -> None:
        if self.repeats_the_key:
            self._send(401, {"error": f"no key {self.headers['Authorization']}"})
        else:
            self._send(400, {"error": {"message": f"no such thing {HOSTILE}"}})

    def _send(self, status: int, value: Any) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    made = ThreadingHTTPServer(("127.0.0.1", 0), type("Own", (_Model,), {}))
    Thread(target=made.serve_forever, daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


@pytest.fixture(autouse=True)
def _own_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAG_MODELS", str(tmp_path_factory.mktemp("models") / "models.toml"))
    monkeypatch.setenv("EDITOR", "true")


def test_each_command_is_called() -> None:
    """A new command needs a line in the list of calls, or the tests below would not see it."""
    called = calls(QUESTION, ANSWER, "docs/a.md")
    known = [words for words, _ in commands()]
    assert {words for words in known if not any(one[: len(words)] == words for one in called)} == set()
    assert len(known) > 40
    assert with_json(("ls", "--where", "x")) == ("ls", "--where", "x", "--json")
    assert with_json(("config", "init")) is None


FEW = {"config", "trust", "ingest", "status", "ask", "models", "eval", "work", "export", "doctor", "serve"}
"""Commands that are called with settings that none can read: each fails in the same place."""
FLAGS = (
    ("status", "--store", "{}"),
    ("ingest", "docs", "--queue", "{}", "--workers", "2"),
    ("ask", "Who?", "--store", "{}", "--json"),
    ("work", "--queue", "{}", "--idle", "0.1"),
    ("move", ".rag", "{}"),
    ("export", "archive.rag", "--from", "{}"),
    ("import", "archive.rag", "--to", "{}"),
    ("serve", "a={}", "a={}"),
    ("mcp", "{}"),
    ("ingest", "{}"),
    ("trust", "{}"),
    ("config", "set", "model.base_url", "{}"),
    ("config", "set", "store.urls", "{}"),
    ("models", "add", "mine", "m", "kind=openai", "base_url={}"),
    ("models", "add", "mine", "m", "kind=openai", "url={}"),
    ("models", "list"),
    ("models", "test", "mine"),
)
"""Calls that are given an address."""


def every_call(
    folder: Path, question: str, answer: str, source: str, *, few: bool = False
) -> Iterator[tuple[Any, str, str]]:
    """Each call in turn, the first of a command for programs too: words, standard output and error."""
    told = set()
    for words in calls(question, answer, source):
        command = next(one for one, _ in commands() if words[: len(one)] == one)
        again, for_programs = command in told, with_json(words)
        told.add(command)
        if few and (again or words[0] not in FEW):
            continue
        for form in (words, None if again else for_programs):
            if form is not None:
                _, out, err = run(folder, *form, stdin=f"{question}\n/sources\n/where x >\n/quit\n")
                yield form, out, err


def written(folder: Path) -> Iterator[tuple[str, str]]:
    """All that lies in the folder beside its settings: name and content."""
    for file in folder.rglob("*"):
        if file.is_file() and file.name != "rag.toml":
            yield str(file), file.read_bytes().decode("latin-1")


SETTINGS = {
    "a store that works": """
[model]
name = "m"
kind = "openai"
base_url = "http://ana:{canary}-of-model@127.0.0.1:{port}/v1?api_key={canary}-of-query"
key_env = "MODEL_KEY"
retries = 0
[models.mine]
kind = "openai"
name = "m"
base_url = "http://{canary}-as-name@127.0.0.1:{port}/v1"
key_env = "MODEL_KEY"
retries = 0
[stores.qdrant]
api_key = "{canary}-of-qdrant"
[stores.milvus]
token = "{canary}-of-milvus"
[stores.lancedb]
secret_key = "{canary}-of-lancedb"
access_key = "{canary}-of-access"
""",
    "a store that cannot be reached": """
[store]
url = "postgresql://ana:a/b@{canary}-of-store@127.0.0.1:1/notes?sslkey=a.pem&sslpassword={canary}-of-key"
[ingest]
queue = "postgresql://ana:a/{canary}-of-queue@127.0.0.1:1/notes"
ray = "ray://ana:{canary}-of-ray@127.0.0.1:1"
""",
    "a store of another kind": """
[store]
url = "qdrant://127.0.0.1:1/notes?api_key={canary}-of-store"
[stores.qdrant]
api_key = "{canary}-of-qdrant"
""",
}
WRONG = {
    "an address where a section belongs": 'store = "postgresql://ana:a/{canary}-of-store@127.0.0.1:1/notes"\n',
    "a key where a section belongs": '[stores]\napi_key = "{canary}-of-section"\n',
    "a list of addresses": '[model]\nbase_url = ["{canary}-of-list"]\n',
    "a list of keys": '[stores.qdrant]\napi_key = ["{canary}-of-options"]\n',
    "a table of keys": '[stores.qdrant]\nurl = {{ password = "{canary}-within" }}\n',
    "an unknown setting": '[model]\napi_key = "{canary}-unknown"\n',
    "a key in the place of its variable": '[model]\nkind = "openai"\nname = "m"\nkey_env = "sk-{canary}"\n',
    "no TOML": '[stores.qdrant]\napi_key = "{canary}-cut\n',
}


@pytest.mark.timeout(900)
@pytest.mark.parametrize("named", [*SETTINGS, *WRONG])
def test_no_command_prints_or_writes_a_secret(
    named: str,
    tmp_path: Path,
    server: ThreadingHTTPServer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    canary = "kanari4711"
    for name in OF_ENVIRONMENT:
        monkeypatch.setenv(name, f"{canary}-{name.lower()}")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text(f"# Releases\n\n{ANSWER} signs off every release.\n")
    furnished(tmp_path, QUESTION, ANSWER)
    settings = {**SETTINGS, **WRONG}[named]
    (tmp_path / "rag.toml").write_text(settings.format(canary=canary, port=server.server_port))
    with caplog.at_level(logging.DEBUG, logger="rag"):
        for words, out, err in every_call(tmp_path, QUESTION, ANSWER, "docs/a.md", few=named in WRONG):
            assert canary not in out + err, words
    assert canary not in caplog.text
    for name, content in written(tmp_path):
        assert canary not in name + content, name


@pytest.mark.parametrize(
    "address",
    ["postgresql://ana:a/b@{}@127.0.0.1:1/notes?sslpassword={}", "http://ana:a@{}@127.0.0.1:1/v1?api_key={}"],
)
def test_no_command_prints_the_secret_of_an_address_that_it_is_given(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAG_INGEST_QUEUE", address.format("kanari-one", "kanari-two"))
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text(f"{ANSWER} signs off every release.\n")
    for call in (("config", "show"), ("doctor", "--json"), *FLAGS):
        words = [word.replace("{}", address.format("kanari-one", "kanari-two")) for word in call]
        _, out, err = run(tmp_path, *words)
        assert "kanari" not in out + err, call


def test_the_canaries_are_there_to_be_used(tmp_path: Path) -> None:
    """Else the test above would find none for another reason."""
    (tmp_path / "rag.toml").write_text(SETTINGS["a store that works"].format(canary="kanari", port=1))
    settings = resolve_settings(tmp_path / ".rag", looking=True).settings
    assert settings.model.base_url.reveal().count("kanari") == 2
    assert json.dumps(revealed(settings.stores)).count("kanari") == 4


@pytest.mark.timeout(900)
def test_no_command_lets_what_it_prints_command_the_screen(
    tmp_path: Path, server: ThreadingHTTPServer
) -> None:
    server.RequestHandlerClass.repeats_the_key = False  # type: ignore[attr-defined]
    (tmp_path / "docs").mkdir()
    source = f"docs/a{IN_A_NAME}.md"
    (tmp_path / source).write_text(PAGE, "utf-8", newline="")
    (tmp_path / "docs" / f"none{IN_A_NAME}.docx").write_bytes(b"no archive")
    (tmp_path / "docs" / "rows.json").write_text(json.dumps([{f"key{HOSTILE}": f"value{HOSTILE}"}] * 3))
    furnished(tmp_path, QUESTION + HOSTILE, ANSWER + HOSTILE)
    model = (
        f'name = "m"\nkind = "openai"\nbase_url = "http://127.0.0.1:{server.server_port}/v1"\nretries = 0\n'
    )
    (tmp_path / "rag.toml").write_text(f"[model]\n{model}[models.mine]\n{model}")
    seen = set()
    for words, out, err in every_call(
        tmp_path, f"{QUESTION}\x1b]0;owned\x07\r\u202e\x9b\u2028\x85\x1c", ANSWER + HOSTILE, source
    ):
        assert forbidden(out) | forbidden(err) == set(), words
        seen |= {words[0]} if "owned" in out + err else set()
        if words[-1] == "--json":
            for document in out.splitlines() if words[0] == "rm" else [out]:
                assert isinstance(json.loads(document), dict | list)
    assert seen >= {"ingest", "ls", "ask", "search", "summarize", "chat", "why", "correct", "rm"}
