"""A canary in every setting that can hold a secret, and none in anything that is printed or written."""

from __future__ import annotations

import contextlib
import copy
import importlib
import inspect
import json
import logging
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, fields
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, get_type_hints

import pytest
from typer.testing import CliRunner

from rag import Rag, RagError
from rag.cli import app
from rag.config import Settings, flat, resolve_settings, setting_kinds
from rag.errors import ModelError, StoreError
from rag.llm.http import Server
from rag.secrets import Secret, Url, guarded, masked, masked_address, revealed
from rag.stores import open_store, without_password

CANARY = "kanari"
FORMS = {
    "plain": "postgresql://ana:{}@127.0.0.1:1/notes",
    "with a slash": "postgresql://ana:a/{}@127.0.0.1:1/notes",
    "with an @": "postgresql://ana:a@{}@127.0.0.1:1/notes",
    "with a question mark": "postgresql://ana:a?{}@127.0.0.1:1/notes",
    "with a hash": "postgresql://ana:a#{}@127.0.0.1:1/notes",
    "as a parameter": "postgresql://ana@127.0.0.1:1/notes?password={}",
    "of a key": "postgresql://ana@127.0.0.1:1/notes?sslkey=a.pem&sslpassword={}",
    "of libpq": "host=127.0.0.1 port=1 user=ana password='{}' dbname=notes",
    "in a query": "http://127.0.0.1:1/v1?api_key={}",
    "as a name": "https://{}@127.0.0.1:1/v1",
    "of another scheme": "qdrant://ana:{}@127.0.0.1:1/notes",
}
CALLS = (
    ("config", "show"),
    ("config", "show", "--json"),
    ("status",),
    ("ls", "--json"),
    ("doctor", "--json"),
    ("ingest", "docs"),
    ("ask", "Who signs off every release?", "--generate", "openai"),
    ("ask", "Who signs off every release?", "--explain", "--json"),
    ("eval", "qa.jsonl", "--out", "runs"),
    ("move", "INDEX", "URL"),
    ("models", "list"),
    ("models", "test", "named"),
    ("work", "--idle", "0.1"),
)


def secret_settings() -> Iterator[str]:
    """Every setting that can hold a secret, by its definition."""
    for section in fields(Settings):
        kind = get_type_hints(Settings)[section.name]
        if isinstance(kind, type):
            for name, one in setting_kinds(kind).items():
                if issubclass(one.type, Secret):
                    yield f"{section.name}.{name}"
    home = sys.modules[open_store.__module__]
    for store in home.NAMES:
        module = importlib.import_module(f"{home.__package__}.{store}")
        for name in inspect.signature(module.open).parameters:
            if type(guarded(name, "x")) is Secret:
                yield f"stores.{store}.{name}"


def test_the_settings_that_can_hold_a_secret_are_known() -> None:
    found = set(secret_settings())
    assert found >= {"store.url", "ingest.queue", "ingest.ray", "model.base_url"}
    assert found >= {"stores.qdrant.api_key", "stores.lancedb.secret_key", "stores.milvus.token"}


def test_a_setting_whose_name_says_secret_or_address_is_one() -> None:
    for section in fields(Settings):
        kind = get_type_hints(Settings)[section.name]
        if not isinstance(kind, type):
            continue
        for name, one in setting_kinds(kind).items():
            says = name.endswith(("url", "queue", "password")) or type(guarded(name, "x")) is Secret
            assert not says or issubclass(one.type, Secret), f"{section.name}.{name}"


def planted(folder: Path, setting: str, value: str) -> None:
    """A folder with documents, questions and a rag.toml that sets this, and what leads to its use."""
    (folder / "docs").mkdir()
    (folder / "docs" / "a.md").write_text("# Releases\n\nAna signs off every release.\n")
    (folder / "qa.jsonl").write_text('{"question": "Who signs off every release?", "answers": ["Ana"]}\n')
    section, _, name = setting.rpartition(".")
    rows = [f"[{section}]", f"{name} = {json.dumps(value)}"]
    if section.startswith("stores."):
        rows += ["[store]", f'url = "{section.partition(".")[2]}://127.0.0.1:1/notes"']
    if section != "models.named":
        rows += ["[models.named]", 'kind = "openai"', 'name = "m"', 'base_url = "http://127.0.0.1:1/v1"']
        rows += ["retries = 0", 'key_env = "MODEL_KEY"']
    (folder / "rag.toml").write_text("\n".join(rows) + "\n")


def everything(folder: Path, value: str) -> str:
    """What all the commands print, and what they leave behind beside the settings."""
    said = []
    with contextlib.chdir(folder):
        for call in CALLS:
            words = [{"INDEX": ".rag", "URL": value}.get(word, word) for word in call]
            done = CliRunner().invoke(app, words)
            if done.exception is not None and not isinstance(done.exception, SystemExit):
                raise done.exception
            said += [done.stdout, done.stderr]
    for file in folder.rglob("*"):
        if file.is_file() and file.name != "rag.toml":
            said.append(file.read_bytes().decode("latin-1"))
            said.append(str(file))
    return "\n".join(said)


@pytest.mark.parametrize("setting", sorted(secret_settings()))
def test_no_setting_is_printed_or_written(
    setting: str,
    tmp_path: Path,
    trusted: Callable[[Path], None],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    canary = f"{CANARY}{abs(hash(setting))}"
    monkeypatch.setenv("MODEL_KEY", f"{canary}-env")
    monkeypatch.setenv("RAG_MODELS", str(tmp_path / "models.toml"))
    is_address = not setting.startswith("stores.")
    value = FORMS["with a slash"].format(canary) if is_address else canary
    planted(tmp_path, setting, value)
    told = CliRunner().invoke(app, ["trust", str(tmp_path)])
    assert canary not in told.stdout + told.stderr
    with caplog.at_level(logging.DEBUG, logger="rag"):
        assert canary not in everything(tmp_path, FORMS["plain"].format(canary))
    assert canary not in caplog.text
    resolved = resolve_settings(tmp_path / ".rag", looking=True)
    for text in (
        repr(resolved),
        str(resolved.settings),
        f"{resolved.settings}",
        repr(flat(resolved.settings)),
    ):
        assert canary not in text
    assert canary not in json.dumps(asdict(resolved.settings), default=str)
    assert canary in json.dumps(revealed(flat(resolved.settings)), default=str), "it is there to be used"


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_no_form_of_an_address_is_printed_or_written(
    form: str, tmp_path: Path, trusted: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    canary = f"{CANARY}{abs(hash(form))}"
    address = form.format(canary)
    said = []
    for settings in ({"store.url": address}, {"ingest.queue": address}):
        with contextlib.suppress(RagError), Rag(tmp_path / ".rag", settings=settings) as rag:
            said += [rag.origin.place, repr(rag.config), repr(rag.origin), repr(rag.settings)]
            try:
                rag.ingest(tmp_path)
                rag.search("x")
            except RagError as error:
                said += [str(error), repr(error), repr(error.args)]
    said += [
        masked_address(address),
        without_password(address),
        str(Url(address)),
        masked(f"in {address}, so"),
    ]
    assert len(said) > 4
    assert canary not in "\n".join(said)
    assert Url(address).reveal() == address


def test_an_address_without_a_secret_is_shown_whole() -> None:
    for address in (
        "postgresql://ana@db.example:5432/notes?schema=a",
        "postgresql://db.example:5432/notes?user=a@b",
        "http://127.0.0.1:8080/v1",
        "s3://bucket/a@b",
        "lancedb:///data/books.lance",
        "auto",
        "/home/ana/.rag",
        "C:/notes",
    ):
        assert masked_address(address) == address
        assert masked(f"{address} cannot be reached") == f"{address} cannot be reached"


def test_a_secret_has_no_text() -> None:
    secret = Secret("swordfish-1")
    for text in (str(secret), repr(secret), f"{secret}", f"{secret!r:>9}", f"{secret:>3}", str(secret) * 2):
        assert "sword" not in text
    assert "sword" not in json.dumps({"key": secret}, default=str)
    assert copy.deepcopy([secret])[0].reveal() == "swordfish-1"
    assert (str(Secret("")), bool(Secret(""))) == ("", False)
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps({"key": secret})
    assert "sword" not in str(StoreError("driver says: FATAL for swordfish-1 at host"))
    assert "sword" not in repr(StoreError("driver says: FATAL for swordfish-1 at host"))
    assert masked("Authorization: Bearer abc.def-ghi") == "Authorization: Bearer …"
    assert masked("connection to 'host=x password=fish' failed") == "connection to 'host=x password=…' failed"


class _Echo(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = json.dumps({"error": {"message": f"no such key: {self.headers['Authorization']}"}}).encode()
        self.send_response(401)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


def test_a_server_that_repeats_the_key_does_not_have_it_printed() -> None:
    server = HTTPServer(("127.0.0.1", 0), _Echo)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        model = Server(f"http://127.0.0.1:{server.server_port}/v1", retries=0)
        with pytest.raises(ModelError, match="refuses the key") as raised:
            model.get("models", Secret("opensesame-42"))
        assert "opensesame" not in f"{raised.value} {raised.value!r}"
    finally:
        server.shutdown()
        server.server_close()


def test_keys_of_the_environment_are_taken_out_of_errors_and_no_other_word(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("PGPASSWORD", "AWS_SECRET_ACCESS_KEY", "QDRANT_API_KEY", "MILVUS_TOKEN", "HF_TOKEN"):
        monkeypatch.setenv(name, f"opensesame-{name.lower()}")
        assert str(StoreError(f"refused opensesame-{name.lower()}")) == "refused …"
    monkeypatch.setenv("PWD", "/home/ana/handbook")
    monkeypatch.setenv("SERVER_AUTH", "true")
    assert str(StoreError("/home/ana/handbook is not true")) == "/home/ana/handbook is not true"
    monkeypatch.setenv("PGPASSWORD", "postgres")
    assert str(StoreError("pip install 'footnote-rag[postgres]'")) == "pip install 'footnote-rag[postgres]'"


def test_a_crash_and_a_log_show_no_secret() -> None:
    program = (
        "import logging\n"
        "from rag.secrets import Url\n"
        "from rag.terminal import hear_logs, crashed\n"
        "hear_logs()\n"
        "url = Url('postgresql://ana:opensesame@db/x')\n"
        "logging.getLogger('pool').warning('cannot connect: %s', url.reveal())\n"
        "try:\n    raise ValueError(f'bad conninfo {url.reveal()!r} (opensesame)')\n"
        "except ValueError as error:\n    logging.exception('failed'); crashed(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "opensesame" not in done.stderr
    assert done.stderr.count("bad conninfo 'postgresql://ana:…@db/x' (…)") == 2


def test_a_wrong_type_of_a_secret_is_told_without_it(tmp_path: Path) -> None:
    with pytest.raises(RagError, match=r"store.url .*is list, expected a text") as raised:
        resolve_settings(tmp_path / ".rag", {"store.url": ["postgresql://ana:opensesame@db/x"]})
    assert "opensesame" not in str(raised.value)
