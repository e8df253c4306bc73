"""Models by name: the catalogue, what a name stands for, and downloads."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from rag.config import ModelSettings
from rag.errors import ConfigError, ModelError
from rag.generate.hf_reader import HfReader
from rag.llm import catalogue
from rag.llm.download import gguf_path
from rag.llm.open import kind_of, open_model


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A catalogue of the test's own."""
    path = tmp_path / "settings" / "models.toml"
    monkeypatch.setenv("RAG_MODELS", str(path))
    return path


def test_a_name_stands_for_a_model_and_its_options(
    own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert catalogue.known() == {}
    file = tmp_path / 'ä "b".gguf'
    file.write_bytes(b"GGUF")
    monkeypatch.chdir(tmp_path)
    options = {"name": file.name, **catalogue.options_of(["gpu_layers=-1", "temperature=0.5"])}
    assert catalogue.add("small", options) == own
    catalogue.add("server", {"name": "qwen", "kind": "openai"})
    assert catalogue.known()["small"] == {"name": str(file), "gpu_layers": -1, "temperature": 0.5}
    found = catalogue.completed(ModelSettings(name="small", temperature=0.9), {})
    assert (found.name, found.gpu_layers) == (str(file), -1)
    assert found.temperature == 0.9, "what is set goes before the catalogue"
    assert catalogue.completed(ModelSettings(name="other"), {}) == ModelSettings(name="other")
    assert catalogue.completed(ModelSettings(name="small"), {"small": {"name": "x"}}).name == "x"


def test_the_list_tells_what_each_is_without_loading_it(tiny: Path, tmp_path: Path) -> None:
    catalogue.add("tiny", {"name": str(tiny / "tiny-llama.gguf")})
    (tmp_path / "gone.gguf").touch()
    catalogue.add("gone", {"name": str(tmp_path / "gone.gguf")})
    (tmp_path / "gone.gguf").unlink()
    rows = {row.name: row for row in catalogue.entries({"server": {"kind": "openai", "name": "qwen"}})}
    assert (rows["tiny"].kind, rows["tiny"].details) == ("gguf", "llama, context 512, 1 MB")
    assert "cannot be read" in rows["gone"].details
    assert (rows["server"].kind, rows["server"].details) == ("openai", "http://127.0.0.1:8080/v1")


def test_wrong_entries_are_refused(own: Path) -> None:
    for name in ("", "a b", "../x", 'x"]\n[evil'):
        with pytest.raises(ConfigError, match="cannot name a model"):
            catalogue.add(name, {"name": "x"})
    with pytest.raises(ConfigError, match=r"there is no file nothing\.gguf"):
        catalogue.add("x", {"name": "nothing.gguf"})
    with pytest.raises(ConfigError, match="kind is 'foo', expected one of gguf, hf, openai"):
        catalogue.add("x", {"name": "y", "kind": "foo"})
    with pytest.raises(ConfigError, match=r"temperature is -3.0, expected a number, 0 or more"):
        catalogue.add("x", {"name": "y", "temperature": -3.0})
    with pytest.raises(ConfigError, match="unknown colour"):
        catalogue.add("x", {"colour": "red"})
    with pytest.raises(ConfigError, match=r"models\.x\.seed is 'one', expected a whole number"):
        catalogue.add("x", {"seed": "one"})
    assert not own.exists()
    for options, message in ((["colour=red"], "unknown option colour"), (["seed"], "as KEY=VALUE")):
        with pytest.raises(ConfigError, match=message):
            catalogue.options_of(options)
    own.parent.mkdir()
    own.write_text("models = 3")
    with pytest.raises(ConfigError, match=r"expected sections \[models\.NAME\]"):
        catalogue.known()


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("/models/a.gguf", "gguf"),
        ("hf:owner/repo/a.Q4.gguf", "gguf"),
        ("owner/repo", "hf"),
        ("./owner/repo", ""),
        ("qwen3", ""),
        ("", ""),
    ],
)
def test_a_kind_is_what_the_name_looks_like(name: str, kind: str) -> None:
    assert kind_of(ModelSettings(name=name)) == kind


def test_a_folder_with_a_config_is_a_hugging_face_model(tiny: Path) -> None:
    assert kind_of(ModelSettings(name=str(tiny / "hf"))) == "hf"
    assert kind_of(ModelSettings(name=str(tiny))) == ""


def test_a_model_that_is_not_named_is_one_clear_error() -> None:
    with pytest.raises(ConfigError, match="no language model is named"):
        open_model("", ModelSettings())
    with pytest.raises(ConfigError, match=r"model\.name is empty: a gguf model needs a path"):
        open_model("gguf", ModelSettings())
    with pytest.raises(ConfigError, match="the generator is gguf, but the model 'm' is of the kind openai"):
        open_model("gguf", ModelSettings(name="m", kind="openai"))
    with pytest.raises(ConfigError, match=r"model\.kind is 'magic', expected one of gguf, hf, openai"):
        open_model("", ModelSettings(name="m", kind="magic"))


def test_a_model_is_opened_once_in_a_process() -> None:
    settings = ModelSettings(name="m", kind="openai")
    model = open_model("", settings)
    assert open_model("openai", settings) is model
    assert open_model("", ModelSettings(name="other", kind="openai")) is not model


def test_a_question_answering_model_must_be_named() -> None:
    with pytest.raises(ConfigError, match="hf_reader needs a question-answering model: set"):
        HfReader.open("")


def test_a_path_needs_no_download_and_a_wrong_name_is_refused() -> None:
    assert gguf_path("models/a.gguf") == Path("models/a.gguf")
    for named in ("hf:owner", "hf:owner/repo", "hf:owner/repo/a.bin", "hf:owner/repo/../../a.gguf"):
        with pytest.raises(ConfigError, match="expected hf:owner/repo/file"):
            gguf_path(named)
    with pytest.raises(ConfigError, match="needs no download"):
        catalogue.pull("models/a.gguf", {})


# ---------------------------------------------------------------------- a hub on loopback


class Hub(BaseHTTPRequestHandler):
    """Serves one file as the hub does: what it is in the headers of HEAD, its bytes by GET."""

    data: bytes
    asked: list[str]

    def log_message(self, *_: Any) -> None:
        pass

    def do_HEAD(self) -> None:
        self.asked.append(f"HEAD {self.path}")
        self._headers()

    def do_GET(self) -> None:
        self.asked.append(f"GET {self.path}")
        if self._headers():
            self.wfile.write(self.data)

    def _headers(self) -> bool:
        found = self.path.startswith("/owner/repo/resolve/main/tiny.gguf")
        self.send_response(200 if found else 404)
        if found:
            self.send_header("ETag", f'"{hashlib.sha256(self.data).hexdigest()}"')
            self.send_header("X-Repo-Commit", "a" * 40)
        self.send_header("Content-Length", str(len(self.data) if found else 0))
        self.end_headers()
        return found


@pytest.fixture
def hub(tiny: Path) -> Iterator[str]:
    Hub.data, Hub.asked = (tiny / "tiny-llama.gguf").read_bytes(), []
    with ThreadingHTTPServer(("127.0.0.1", 0), Hub) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{running.server_address[1]}"
        running.shutdown()
        thread.join()


def rag(home: Path, endpoint: str, *args: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "HF_ENDPOINT": endpoint,
        "HF_HOME": str(home),
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "COLUMNS": "200",
    }
    return subprocess.run(
        [sys.executable, "-c", "from rag.cli import main; main()", *args],
        env=environment,
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_file_is_downloaded_once_with_its_size_told_first(hub: str, tmp_path: Path) -> None:
    named = "hf:owner/repo/tiny.gguf"
    done = rag(tmp_path, hub, "models", "pull", named, "--offline")
    assert done.returncode == 1
    assert "offline: owner/repo/tiny.gguf is not on this machine" in done.stderr
    assert Hub.asked == []
    done = rag(tmp_path, hub, "models", "pull", named)
    assert done.returncode == 0, done.stderr
    assert f"downloading owner/repo/tiny.gguf, {len(Hub.data) / 1e6:.1f} MB" in done.stderr
    assert Path(done.stdout.strip()).read_bytes() == Hub.data
    asked = len(Hub.asked)
    again = rag(tmp_path, hub, "models", "pull", named, "--offline")
    assert again.stdout == done.stdout
    assert "downloading" not in again.stderr
    assert len(Hub.asked) == asked
    missing = rag(tmp_path, hub, "models", "pull", "hf:owner/repo/other.gguf")
    assert missing.returncode == 1
    assert "owner/repo/other.gguf cannot be downloaded" in missing.stderr


def test_models_are_named_listed_and_tried_on_the_command_line(tmp_path: Path, tiny: Path) -> None:
    done = rag(tmp_path, "http://127.0.0.1:9", "models", "list")
    assert done.stdout.startswith("no model has a name yet")
    file = str(tiny / "tiny-llama.gguf")
    done = rag(tmp_path, "http://127.0.0.1:9", "models", "add", "small", file, "threads=1")
    assert done.returncode == 0, done.stderr
    rows = json.loads(rag(tmp_path, "http://127.0.0.1:9", "models", "list", "--json").stdout)
    assert rows == [{"name": "small", "kind": "gguf", "model": file, "details": "llama, context 512, 1 MB"}]
    done = rag(tmp_path, "http://127.0.0.1:9", "models", "test", "nothing.gguf")
    assert done.returncode == 1
    assert "nothing.gguf cannot be read" in done.stderr


def test_a_named_model_writes_a_line(tmp_path: Path, tiny: Path) -> None:
    pytest.importorskip("llama_cpp", reason="pip install 'footnote-rag[gguf]'")
    catalogue.add("small", {"name": str(tiny / "tiny-llama.gguf"), "threads": 1})
    told = catalogue.tried("small", {})
    assert (told["model"], told["context_tokens"]) == ("tiny-llama", 512)
    with pytest.raises(ModelError, match="cannot be read"):
        catalogue.tried("/nothing.gguf", {})
