"""A settings file that came with a folder sets search and chunking; anything else needs the user's trust."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib import import_module
from pathlib import Path

import pytest
from typer.testing import CliRunner

from rag import Rag, trust
from rag.cli import app
from rag.config import Settings, flat, resolve_settings
from rag.errors import ConfigError
from rag.pipeline.registry import needs
from rag.stores import LocalStore
from rag.testing import WordEmbedder
from rag.types import Document

HARMLESS = """
[index]
embedder = "builtin"
language = "german"
[chunk]
method = "sentences"
max_tokens = 100
[ingest]
exclude = ["drafts/"]
[search]
k = 7
denoise = ["rerank", "poison"]
[stages.rerank]
weight = 0.4
[ask]
abstain_below = 0.2
[model]
timeout = 120.0
"""


@pytest.fixture
def thief() -> Iterator[tuple[str, list[str]]]:
    """A server that keeps the Authorization headers that it is sent."""
    kept: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            kept.append(self.headers.get("Authorization", ""))
            self.send_error(500)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/v1", kept
        server.shutdown()
        thread.join()


def call(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, list(arguments))
    return done.exit_code, done.output


def index(folder: Path) -> str:
    with Rag(folder / ".rag", embedder="builtin") as rag:
        rag.ingest(Document.make("The lamp is red. It stands in the hall.", "lamp.txt"))
    return str(folder / ".rag")


def test_a_folder_sends_no_variable_to_a_server_it_names(
    tmp_path: Path, thief: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, kept = thief
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "the key")
    at = index(tmp_path)
    (tmp_path / "rag.toml").write_text(
        f'[model]\nname = "m"\nkind = "openai"\nbase_url = "{address}"\nkey_env = "AWS_SECRET_ACCESS_KEY"\n'
        'retries = 0\n[ask]\ngenerate = "model"\n'
    )
    code, said = call("ask", "What color is the lamp?", "--index", at)
    assert (code, kept) == (2, [])
    assert f"{tmp_path / 'rag.toml'} sets ask.generate, model.base_url, model.key_env" in said
    assert f"rag trust {tmp_path}" in said
    for other in (["doctor"], ["models", "list"], ["status"], ["ingest", str(tmp_path)]):
        code, said = call(*other, "--index", at)
        assert code in (1, 2), other
        assert "you have not trusted it" in said
    assert kept == []
    code, said = call("trust", str(tmp_path))
    assert code == 0
    assert 'model.key_env = "AWS_SECRET_ACCESS_KEY"' in said
    call("ask", "What color is the lamp?", "--index", at)
    assert kept == ["Bearer the key"], "what the user trusted is done"


@pytest.mark.parametrize(
    "text",
    [
        '[models.small]\nkind = "openai"\nbase_url = "http://127.0.0.1:9"\n',
        '[stores.qdrant]\napi_key = "x"\n',
        '[store]\nurl = "../elsewhere"\n',
        '[ingest]\nqueue = "/tmp/queue.sqlite"\n',
        "[ingest]\nhidden = true\n",
        '[ingest]\nray = "auto"\n',
        '[index]\nembedder = "st:owner/model"\n',
        '[chunk]\nmethod = "os:getcwd"\n',
        '[search]\naugment = ["hyde"]\n',
        '[search]\naugment = "os:getcwd"\n',
        '[search]\ndenoise = ["rerank", "cross_encoder"]\n',
        '[ask]\nreader = "/models/reader"\n',
        '[ask]\nground = ["semantic_entropy"]\n',
        '[stages.model]\nprompt = "/etc/passwd"\n',
        "[stages.history]\nrewrite = true\n",
        '[stages.poison]\ntrusted = ["*"]\n',
    ],
)
def test_what_runs_reads_writes_or_leaves_needs_trust(
    tmp_path: Path, text: str, trusted: Callable[[Path], None]
) -> None:
    (tmp_path / "rag.toml").write_text(text)
    with pytest.raises(ConfigError, match="you have not trusted it"):
        Rag(tmp_path / ".rag")
    trusted(tmp_path)
    Rag(tmp_path / ".rag")


def test_search_and_chunking_need_none(tmp_path: Path) -> None:
    (tmp_path / "rag.toml").write_text(HARMLESS)
    settings = Rag(tmp_path / ".rag").settings
    assert (settings.search.k, settings.chunk.method, settings.ask.abstain_below) == (7, "sentences", 0.2)


def test_no_setting_is_forgotten(tmp_path: Path) -> None:
    """Of every setting some value needs trust, but for those that are numbers, patterns and the language."""
    free = {
        name
        for name in flat(Settings())
        if not trust.needing(_nested(name, "x:y"), {}) and not name.startswith(("models", "stages", "stores"))
    }
    assert {name for name in free if isinstance(flat(Settings())[name], str)} == {"index.language"}
    assert {name for name in free if isinstance(flat(Settings())[name], tuple)} == {
        "ingest.include",
        "ingest.exclude",
    }


def _nested(name: str, value: str) -> dict[str, dict[str, str]]:
    section, _, key = name.partition(".")
    return {section: {key: value}}


KINDS = {
    "search.augment": "augment",
    "search.denoise": "denoise",
    "search.retrieve": "retrieve",
    "ask.reorder": "reorder",
    "ask.generate": "generate",
    "ask.ground": "ground",
}


@pytest.mark.parametrize("setting", KINDS)
def test_stages_that_need_no_trust_ship_and_open_no_model_that_a_file_could_name(setting: str) -> None:
    kind = KINDS[setting]
    for name in trust.NAMED[setting]:
        assert name in import_module(f"rag.{kind}").NAMES
        asked = needs(kind, name)
        assert not asked & {"model_settings", "model", "offline"}, name
        assert "open_model" not in asked or name == "history", "history asks a model by a switch alone"


def test_what_is_not_trusted_is_shown_and_what_a_flag_replaces_does_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "rag.toml").write_text('[model]\nbase_url = "http://example.com"\n[search]\nk = 4\n')
    code, said = call("config", "show", "--index", str(tmp_path / ".rag"), "--json")
    assert code == 0
    shown = json.loads(said)
    assert shown["model.base_url"]["from"] == f"{tmp_path / 'rag.toml'}, not trusted, not used"
    assert shown["search.k"]["from"] == str(tmp_path / "rag.toml")
    with pytest.raises(ConfigError, match="you have not trusted it"):
        Rag(tmp_path / ".rag")
    Rag(tmp_path / ".rag", settings={"model.base_url": "http://127.0.0.1:1"})
    monkeypatch.setenv("RAG_MODEL_BASE_URL", "http://127.0.0.1:1")
    Rag(tmp_path / ".rag")


def test_trust_is_of_what_the_file_holds(tmp_path: Path) -> None:
    file = tmp_path / "rag.toml"
    file.write_text('[ask]\nreader = "one"\n')
    assert call("trust", str(tmp_path))[0] == 0
    assert "one" in Rag(tmp_path / ".rag").settings.ask.reader
    file.write_text('[ask]\nreader = "one"\n[search]\nk = 3\n')
    assert Rag(tmp_path / ".rag").settings.search.k == 3, "what needs no trust may change"
    file.write_text('[ask]\nreader = "two"\n')
    with pytest.raises(ConfigError, match=r"sets ask\.reader, and you have not trusted it"):
        Rag(tmp_path / ".rag")
    other = tmp_path / "other"
    other.mkdir()
    (other / "rag.toml").write_text('[ask]\nreader = "one"\n')
    with pytest.raises(ConfigError, match="you have not trusted it"):
        Rag(other / ".rag")
    call("trust", str(tmp_path))
    assert str(file) in call("trust", "--list")[1]
    assert "no longer trusted" in call("trust", str(tmp_path), "--remove")[1]
    with pytest.raises(ConfigError, match="you have not trusted it"):
        Rag(tmp_path / ".rag")


def test_an_index_from_elsewhere_loads_no_embedder_that_it_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedder = WordEmbedder()
    made = LocalStore.open(
        tmp_path / ".rag", fingerprint=embedder.fingerprint, dim=embedder.dim, embedder="st:owner/model"
    )
    made.close()
    with pytest.raises(ConfigError, match=r"sets index\.embedder, and you have not trusted it"):
        _ = Rag(tmp_path / ".rag").origin.embedder
    code, said = call("trust", str(tmp_path))
    assert (code, 'index.embedder = "st:owner/model"' in said) == (0, True)
    assert Rag(tmp_path / ".rag").origin.embedder == "st:owner/model"


def test_an_index_of_ones_own_needs_no_word(tmp_path: Path) -> None:
    """Made with an embedder that the user named, it opens by that name the next time."""

    class Named(WordEmbedder):
        name = "st:owner/mine"

    with Rag(tmp_path / ".rag", embedder=Named()) as rag:
        rag.ingest(Document.make("The lamp is red.", "a.txt"))
    assert Rag(tmp_path / ".rag").origin.embedder == "st:owner/mine"


@pytest.mark.parametrize("torn", ["{", "[]", '{"a": 1}'])
def test_a_torn_record_of_trust_is_one_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, torn: str
) -> None:
    kept = tmp_path / "trusted.json"
    kept.write_text(torn)
    monkeypatch.setenv("RAG_TRUSTED", str(kept))
    (tmp_path / "rag.toml").write_text('[ask]\nreader = "one"\n')
    with pytest.raises(ConfigError, match="which keeps what you trust"):
        Rag(tmp_path / ".rag")
    assert resolve_settings(tmp_path / ".other" / ".rag").settings.search.k == 10
