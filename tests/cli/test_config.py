"""`rag config set` and `rag models rm`: one value changes, all else stays."""

from __future__ import annotations

import contextlib
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from rag import trust
from rag.cli import app
from rag.config import resolve_settings

FILE = """# Mine.
[search]
k = 5  # few
depth = 50

[ask]
sentences = 2
# the end
"""


def run(folder: Path, *words: str) -> tuple[int, str, str]:
    with contextlib.chdir(folder):
        done = CliRunner().invoke(app, list(words))
    return done.exit_code, done.stdout, done.stderr


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("search.k", "20", 20),
        ("search.read", "7", 7),
        ("ask.abstain_below", "0.5", 0.5),
        ("search.denoise", "rerank, duplicates", ["rerank", "duplicates"]),
        ("ingest.gitignore", "no", False),
        ("store.url", 'lancedb:///a "b"', 'lancedb:///a "b"'),
        ("stages.rerank.weight", "0.25", 0.25),
        ("models.small.name", "qwen3", "qwen3"),
    ],
)
@pytest.mark.parametrize("file", ["", FILE], ids=["no file", "a file"])
def test_one_setting_is_written_and_the_rest_stays(
    tmp_path: Path, name: str, text: str, value: object, file: str
) -> None:
    if file:
        (tmp_path / "rag.toml").write_text(file)
    assert run(tmp_path, "config", "set", name, text)[0] == 0
    written = (tmp_path / "rag.toml").read_text()
    found = tomllib.loads(written)
    for part in name.split("."):
        found = found[part]
    assert found == value
    kept = [line for line in file.splitlines() if not line.startswith(name.rpartition(".")[2])]
    assert all(line in written.splitlines() for line in kept)
    code, out, _ = run(tmp_path, "config", "show")
    assert code == 0
    assert name.rpartition(".")[0] in out


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("search.size", "5", "search.size is no setting"),
        ("k", "5", "k is no setting"),
        ("search.k", "many", "expected a whole number, 1 or more"),
        ("search.k", "0", "expected a whole number, 1 or more"),
        ("models.small.size", "5", "model.size is no setting"),
    ],
)
def test_what_is_no_setting_is_refused_and_nothing_written(
    tmp_path: Path, name: str, text: str, told: str
) -> None:
    code, _, err = run(tmp_path, "config", "set", name, text)
    assert (code, told in err) == (2, True), err
    assert not (tmp_path / "rag.toml").exists()


def test_a_file_that_cannot_be_changed_line_by_line_is_left_alone(tmp_path: Path) -> None:
    hard = "search = { k = 5 }\n"
    (tmp_path / "rag.toml").write_text(hard)
    code, _, err = run(tmp_path, "config", "set", "search.k", "20")
    assert code == 2
    assert "edit the file" in err
    assert (tmp_path / "rag.toml").read_text() == hard


def test_what_the_user_sets_is_trusted_but_not_what_stood_there_before(tmp_path: Path) -> None:
    assert run(tmp_path, "config", "set", "model.base_url", "http://127.0.0.1:1/v1")[0] == 0
    resolved = resolve_settings(tmp_path / ".rag", environ={})
    assert trust.is_trusted(resolved.path, resolved.needs)
    (tmp_path / "rag.toml").write_text('[model]\nname = "a"\n')
    assert run(tmp_path, "config", "set", "model.kind", "openai")[0] == 0
    assert resolve_settings(tmp_path / ".rag", environ={}, looking=True).untrusted


def test_a_name_of_a_model_is_taken_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAG_MODELS", str(tmp_path / "models.toml"))
    for name in ("one", "two"):
        assert run(tmp_path, "models", "add", name, "qwen3", "kind=openai")[0] == 0
    assert run(tmp_path, "models", "rm", "one")[0] == 0
    assert list(tomllib.loads((tmp_path / "models.toml").read_text())["models"]) == ["two"]
    code, _, err = run(tmp_path, "models", "rm", "one")
    assert (code, "expected one of two" in err) == (2, True)
