"""The examples of docs/serve.md, run as they stand there against a server; only its address is another."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("openai", reason="runs with make test-serve")
pytest.importorskip("uvicorn", reason="runs with make test-serve")

from tests.loaders.samples import pdf
from tests.serve.serving import Server, environment, ingest, served

PAGE = Path(__file__).parents[2] / "docs" / "serve.md"
ADDRESS = "http://127.0.0.1:8000"
SENTENCE = "Maya Lindqvist signs off releases."


def examples(language: str, words: str) -> str:
    """The one block of the page in that language which has these words."""
    found = re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    (block,) = [one for one in found if words in one]
    return str(block)


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("team")
    (folder / "docs").mkdir()
    (folder / "docs" / "team.md").write_text(f"# Releases\n\n{SENTENCE} Others may propose them.\n")
    (folder / "handbook.pdf").write_bytes(pdf([[(72, 700, "The handbook has one page.")]]))
    ingest(folder)
    with served(folder) as server:
        yield server


def run(team: Server, command: list[str]) -> str:
    done = subprocess.run(command, cwd=team.folder, env=environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_curl(team: Server) -> None:
    ask, upload, picture = examples("text", "curl").replace(ADDRESS, team.url).splitlines()
    assert SENTENCE in run(team, ["bash", "-c", ask])
    assert "uploads/handbook.pdf" in run(team, ["bash", "-c", upload])
    placed = picture.replace("/ID/", f"/{team.document('uploads/handbook.pdf')}/")
    placed = re.sub(r"pages/3.png\?start=\d+&end=\d+", "pages/1.png?start=4&end=12", placed)
    run(team, ["bash", "-c", placed])
    assert (team.folder / "page.png").read_bytes().startswith(b"\x89PNG")


def test_python(team: Server) -> None:
    told = run(team, [sys.executable, "-c", examples("python", "urllib").replace(ADDRESS, team.url)])
    assert told == f"docs/team.md 12 {12 + len(SENTENCE)} {SENTENCE}\n"


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
def test_javascript(team: Server) -> None:
    code = examples("js", "fetch").replace(ADDRESS, team.url)
    assert SENTENCE in run(team, ["node", "--input-type=module", "-e", code])


def test_the_client_of_openai(team: Server) -> None:
    told = run(team, [sys.executable, "-c", examples("python", "OpenAI").replace(ADDRESS, team.url)])
    text, note, quote = told.splitlines()
    assert text == f"{SENTENCE} [1]"
    assert note.startswith(f"{team.url}/#index=rag&document=")
    assert quote == SENTENCE
