"""The examples of docs/serve.md and docs/mcp.md as they stand there; only address and folder are others."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("openai", reason="runs with make test-serve")
pytest.importorskip("mcp", reason="runs with make test-serve")
pytest.importorskip("uvicorn", reason="runs with make test-serve")

from tests.loaders.samples import pdf
from tests.serve.serving import RAG, Server, environment, ingest, served

DOCS = Path(__file__).parents[2] / "docs"
ADDRESS, INDEX = "http://127.0.0.1:8000", "/home/ana/.rag"
SENTENCE = "Maya Lindqvist signs off releases."


def examples(language: str, words: str, page: str = "serve.md") -> str:
    """The one block of the page in that language which has these words."""
    written = (DOCS / page).read_text("utf-8")
    found = re.findall(rf"^```{language}\n(.*?)^```$", written, re.MULTILINE | re.DOTALL)
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


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="needs sha256sum")
def test_a_token_with_a_filter(team: Server) -> None:
    """The file of tokens, with the hash that its own comment makes; docs/ stands for public/."""
    from openai import APIStatusError, OpenAI

    token, block = "the long token of ana", examples("toml", "[tokens.ana]").replace("public/", "docs/")
    (command,) = re.findall(r"# (.+)$", block, re.MULTILINE)
    made = subprocess.run(
        ["bash", "-c", command], env=environment(TOKEN=token), capture_output=True, text=True
    )
    digest = made.stdout.split()[0]
    assert digest == hashlib.sha256(token.encode()).hexdigest()
    (shown,) = re.findall(r"[0-9a-f]{64}", block)
    (team.folder / "tokens.toml").write_text(block.replace(shown, digest), "utf-8")
    with served(team.folder, "--tokens", "tokens.toml", "--read-only") as server:
        assert server.get("/api/documents").status == 401
        rows = server.get("/api/documents", authorization=f"Bearer {token}").json["documents"]
        assert [row["source"] for row in rows] == ["docs/team.md"]
        # As Open WebUI sends it: the address with /v1, the token as the key.
        question: Any = [{"role": "user", "content": "Who signs off releases?"}]
        with OpenAI(base_url=f"{server.url}/v1", api_key=token, max_retries=0) as client:
            (model,) = client.models.list()
            done = client.chat.completions.create(model=model.id, messages=question)
        assert done.choices[0].message.content == f"{SENTENCE} [1]"
        with (
            OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client,
            pytest.raises(APIStatusError, match="a token is needed"),
        ):
            client.models.list()
        assert asyncio.run(_asked_over_http(f"{server.url}/mcp", authorization=f"Bearer {token}")) == SENTENCE


def test_every_client_of_mcp_starts_the_same_server(team: Server) -> None:
    """The command as each client's settings name it, once; the four are equal."""
    claude = shlex.split(examples("text", "claude mcp add", "mcp.md"))
    desktop = json.loads(examples("json", "mcpServers", "mcp.md"))["mcpServers"]["documents"]
    code = json.loads(examples("json", '"servers"', "mcp.md"))["servers"]["documents"]
    codex = tomllib.loads(examples("toml", "mcp_servers", "mcp.md"))["mcp_servers"]["documents"]
    commands = [[one["command"], *one["args"]] for one in (desktop, code, codex)]
    assert commands == [claude[claude.index("--") + 1 :]] * 3
    program, *arguments = commands[0]
    assert (program, arguments[-1]) == ("rag", INDEX)
    assert code["type"] == "stdio"
    assert asyncio.run(_asked_over_stdio([*RAG, *arguments[:-1], str(team.folder / ".rag")])) == SENTENCE


def test_mcp_over_http(team: Server) -> None:
    written = (DOCS / "mcp.md").read_text("utf-8")
    for address in (f"{ADDRESS}/mcp", f"{ADDRESS}/mcp/NAME"):
        assert f"`{address}`" in written
        placed = address.replace(ADDRESS, team.url).replace("NAME", "rag")
        assert asyncio.run(_asked_over_http(placed)) == SENTENCE


async def _asked_over_stdio(command: list[str]) -> str:
    from mcp.client.client import Client
    from mcp.client.stdio import StdioServerParameters, stdio_client

    program, *arguments = command
    # Clients start it in a folder of their own.
    server = StdioServerParameters(command=program, args=arguments, cwd="/", env=environment())
    async with Client(stdio_client(server)) as client:
        return await _quote(client)


async def _asked_over_http(address: str, **headers: str) -> str:
    import httpx2
    from mcp.client.client import Client
    from mcp.client.streamable_http import streamable_http_client

    async with (
        httpx2.AsyncClient(headers=headers) as http,
        Client(streamable_http_client(address, http_client=http)) as client,
    ):
        return await _quote(client)


async def _quote(client: Any) -> str:
    """The one quote under the answer."""
    answer = await client.call_tool("ask", {"question": "Who signs off releases?"})
    (citation,) = answer.structured_content["citations"]
    return str(citation["quote"])
