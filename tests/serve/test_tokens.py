"""Tokens, and what one that sees a part of the index can get at: nothing of the rest, on any way."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("mcp", reason="runs with make test-serve")
pytest.importorskip("uvicorn", reason="runs with make test-serve")

from rag.errors import ConfigError
from rag.serve.tokens import Holder, read_tokens
from rag.stores import parse_where
from tests.serve.serving import Server, served

WHOLE, PART = "whole-0123456789abcdef", "part-0123456789abcdef"
FULL = {"authorization": f"Bearer {WHOLE}"}
LESS = {"authorization": f"Bearer {PART}"}


def write_tokens(path: Path, **entry: Any) -> Path:
    digest = hashlib.sha256(PART.encode()).hexdigest()
    lines = [f"{name} = {json.dumps(value)}" for name, value in {"sha256": digest, **entry}.items()]
    path.write_text("\n".join(["[tokens.part]", *lines]))
    return path


@pytest.fixture(scope="module")
def guarded(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    path = write_tokens(tmp_path_factory.mktemp("tokens") / "tokens.toml", where='not source ~ "*secret*"')
    with served(corpus, "--tokens", str(path), "--host", "0.0.0.0", RAG_TOKEN=WHOLE) as server:
        yield server


def test_without_a_token_only_the_page_and_the_health_are_there(guarded: Server) -> None:
    for path in ("/api/status", "/api/documents", "/v1/models", "/metrics", "/openapi.json", "/mcp"):
        reply = guarded.get(path)
        assert reply.status == 401, path
        assert reply.headers["www-authenticate"] == "Bearer"
    for wrong in ("", "x", WHOLE[:-1], WHOLE + "x", PART.upper()):
        assert guarded.get("/api/status", authorization=f"Bearer {wrong}").status == 401
    assert (
        guarded.get("/").status == guarded.get("/health").status == guarded.get("/page/app.js").status == 200
    )
    assert guarded.get("/api/status", **FULL).status == 200


def test_no_route_reads_past_the_filter(guarded: Server) -> None:
    secret = guarded.document("docs/secret.md", **FULL)
    pages = [
        f"/api/documents/{secret}",
        f"/api/documents/{secret}/view?start=0&end=5",
        f"/api/documents/{secret}/source",
        f"/api/documents/{secret}/pages/1.png",
        f"/api/documents/{secret}/pages/1",
        f"/api/indexes/rag/documents/{secret}",
        f"/api/indexes/rag/documents/{secret}/source",
    ]
    assert guarded.get(pages[0], **FULL).status == 200
    for path in pages:
        assert guarded.get(path, **LESS).status == 404, path
    assert guarded.call("DELETE", pages[0], **LESS).status in (403, 404)
    question = "Which number opens the vault of the board?"
    assert "8841" in json.dumps(guarded.post("/api/ask", {"question": question}, **FULL).json)
    lists: list[Any] = [
        guarded.post("/api/ask", {"question": question}, **LESS),
        guarded.post("/api/ask", {"question": question}, accept="text/event-stream", **LESS),
        guarded.post("/api/search", {"query": question, "k": 100, "explain": True}, **LESS),
        guarded.post("/v1/chat/completions", {"messages": [{"role": "user", "content": question}]}, **LESS),
        guarded.post(
            "/v1/chat/completions",
            {"messages": [{"role": "user", "content": question}], "stream": True},
            **LESS,
        ),
        guarded.post("/v1/responses", {"input": question}, **LESS),
        guarded.get("/api/documents?q=secret", **LESS),
        guarded.get("/api/documents", **LESS),
        guarded.get("/api/status", **LESS),
        guarded.get("/api/traces", **LESS),
    ]
    for where in (
        'source ~ "*"',
        'source = "docs/secret.md" or source ~ "*"',
        f'document_id = "{secret}"',
        "not draft = true",
    ):
        lists.append(guarded.post("/api/search", {"query": question, "where": where, "k": 100}, **LESS))
        lists.append(
            guarded.get("/api/documents?where=" + __import__("urllib.parse").parse.quote(where), **LESS)
        )
    for reply in lists:
        assert reply.status == 200
        assert b"8841" not in reply.body
        assert b"secret.md" not in reply.body
    assert guarded.get("/api/status", **LESS).json["indexes"][0]["documents"] == 6
    for path in ("/metrics", "/api/runs", "/api/runs/x"):
        assert guarded.get(path, **LESS).status == 403
    assert guarded.post("/api/why", {"question": question, "answers": ["8841"]}, **LESS).status == 403
    assert guarded.upload("x.md", b"# X", **LESS).status == 403
    assert guarded.post("/api/feedback", {"question": "x", "verdict": "good"}, **LESS).status == 403


def test_a_correction_is_not_told_to_who_may_not_see_notes(corpus: Path, tmp_path: Path) -> None:
    import shutil

    shutil.copytree(corpus, tmp_path / "copy")
    path = write_tokens(tmp_path / "tokens.toml", where='source ~ "docs/*" and not source ~ "*secret*"')
    ask = {"question": "Which number opens the vault of the board?"}
    with served(tmp_path / "copy", "--tokens", str(path), RAG_TOKEN=WHOLE) as server:
        told = server.post(
            "/api/feedback", {**ask, "verdict": "correction", "correction": "It is 8842."}, **FULL
        )
        assert told.status == 201
        assert b"8842" in server.post("/api/ask", ask, **FULL).body
        for path_, value in (("/api/ask", ask), ("/api/search", {"query": ask["question"], "k": 100})):
            body = server.post(path_, value, **LESS).body
            assert b"8842" not in body
            assert b"note:" not in body


def test_mcp_does_not_read_past_the_filter(guarded: Server) -> None:
    import httpx2
    from mcp.client.client import Client
    from mcp.client.streamable_http import streamable_http_client

    secret = guarded.document("docs/secret.md", **FULL)

    async def run() -> None:
        async with (
            httpx2.AsyncClient(headers=LESS) as http,
            Client(streamable_http_client(f"{guarded.url}/mcp", http_client=http)) as client,
        ):
            assert (await client.call_tool("fetch", {"id": secret})).is_error
            for name, given in (
                ("ask", {"question": "Which number opens the vault?"}),
                ("search", {"query": "vault number", "k": 50}),
                ("list_documents", {}),
            ):
                told = (await client.call_tool(name, given)).model_dump_json()
                assert "8841" not in told
                assert "secret.md" not in told
            names = {one.name for one in (await client.list_resources()).resources}
            assert "docs/secret.md" not in names
            assert "documents in" not in (client.instructions or "")

    asyncio.run(run())


def test_traces_are_told_to_nobody_else(guarded: Server) -> None:
    guarded.post("/api/ask", {"question": "What does the whole token ask?"}, **FULL)
    assert "whole token" in json.dumps(guarded.get("/api/traces", **FULL).json)
    assert "whole token" not in json.dumps(guarded.get("/api/traces", **LESS).json)


def test_secrets_are_in_no_answer_and_no_log(guarded: Server, corpus: Path) -> None:
    for path in ("/api/status", "/metrics", "/openapi.json", "/api/nothing", "/api/documents?where=x"):
        body = guarded.get(path, **FULL).body.decode()
        assert WHOLE not in body
        assert PART not in body
    log = (corpus / "server.log").read_text()
    assert WHOLE not in log
    assert PART not in log


def test_a_filter_is_put_before_what_is_asked_for() -> None:
    holder = Holder("x", parse_where("year = 2020"))
    assert holder.within(None) == parse_where("year = 2020")
    assert holder.within("source = 'a' or source = 'b'") == parse_where(
        "year = 2020 and (source = 'a' or source = 'b')"
    )
    assert Holder("y").within(None) is None


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"sha256": "abc"}, "needs sha256"),
        ({"where": "page <= 3"}, "whole documents"),
        ({"where": 7}, "filter in quotes"),
        ({"admin": True}, "unknown admin"),
    ],
)
def test_token_files_that_cannot_be_used_are_refused(
    tmp_path: Path, entry: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        read_tokens("", write_tokens(tmp_path / "t.toml", **entry))


def test_a_token_is_long_and_kept_as_a_hash(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="at least 16"):
        read_tokens("short")
    tokens = read_tokens(WHOLE, write_tokens(tmp_path / "t.toml", write=False))
    assert WHOLE not in repr(tokens)
    holder = tokens.holder(PART)
    assert holder is not None
    assert (holder.name, holder.write) == ("part", False)
