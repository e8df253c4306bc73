"""The tools for agents, by the SDK's own client, over standard input and over HTTP."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("mcp", reason="runs with make test-serve")
pytest.importorskip("uvicorn", reason="runs with make test-serve")

from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError

from tests.serve.serving import GUIDE, RAG, Server, environment

Work = Callable[[Any], Awaitable[None]]


def over(transport: str, server: Server, work: Work, mode: str = "auto") -> None:
    """Runs with a client over one transport."""

    async def run() -> None:
        if transport == "http":
            made: Any = streamable_http_client(f"{server.url}/mcp")
        else:
            command, *rest = [*RAG, "mcp"]
            made = stdio_client(
                StdioServerParameters(command=command, args=rest, cwd=str(server.folder), env=environment())
            )
        async with Client(made, mode=mode) as client:
            await work(client)

    asyncio.run(run())


@pytest.mark.parametrize("transport", ["stdio", "http"])
@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_the_tools_do_what_they_say(server: Server, transport: str, mode: str) -> None:
    async def work(client: Any) -> None:
        tools = (await client.list_tools()).tools
        assert [tool.name for tool in tools] == ["search", "fetch", "ask", "list_documents"]
        assert all(tool.annotations.read_only_hint for tool in tools)
        assert "7 documents" in client.instructions

        answer = await client.call_tool("ask", {"question": "How long does a session last?"})
        assert 'docs/guide.md, characters 9–40: "A session lasts thirty minutes."' in answer.content[0].text
        (citation,) = answer.structured_content["citations"]
        assert GUIDE[citation["start"] : citation["end"]] == citation["quote"]

        found = await client.call_tool("search", {"query": "session", "k": 2})
        first = found.structured_content["results"][0]
        assert first["text"] in found.content[0].text
        fetched = await client.call_tool("fetch", {"id": first["id"]})
        assert fetched.structured_content["text"] == GUIDE
        assert fetched.structured_content["next_offset"] is None

        listed = await client.call_tool("list_documents", {})
        assert listed.structured_content["total"] == 7
        resources = (await client.list_resources()).resources
        assert len(resources) == 7
        guide = next(one for one in resources if one.name == "docs/guide.md")
        read = await client.read_resource(guide.uri)
        assert read.contents[0].text == GUIDE

    over(transport, server, work, mode)


def test_errors_are_errors_and_never_empty_lists(server: Server) -> None:
    async def work(client: Any) -> None:
        for name, given, words in (
            ("fetch", {"id": "0000"}, "no such document"),
            ("search", {"query": ""}, "expected some text"),
            ("search", {"query": "x", "where": "year >="}, "filter"),
            ("ask", {"question": "x" * 5000}, "at most 4000"),
        ):
            result = await client.call_tool(name, given)
            assert result.is_error, name
            assert words in result.content[0].text
        with pytest.raises(MCPError, match="no such document"):
            await client.read_resource("rag://rag/0000")

    over("http", server, work)


def test_what_is_long_is_cut_and_says_so(server: Server) -> None:
    async def work(client: Any) -> None:
        cut = await client.call_tool("search", {"query": "session", "k": 50, "max_tokens": 200})
        assert cut.structured_content["cut"] is True
        assert "more passages" in cut.content[0].text
        assert len(cut.content[0].text) < 1200
        whole = await client.call_tool("search", {"query": "session", "k": 50})
        assert whole.structured_content["cut"] is False

    over("http", server, work)


def test_it_leaves_when_the_input_ends(corpus: Path) -> None:
    done = subprocess.run(
        [*RAG, "mcp"], cwd=corpus, env=environment(), input=b"", capture_output=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == b""
