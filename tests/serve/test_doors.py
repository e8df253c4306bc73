"""Every route of the tables, tried from where nothing may come in: other names and origins, lesser tokens."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

pytest.importorskip("mcp", reason="runs with make test-serve")
pytest.importorskip("uvicorn", reason="runs with make test-serve")

from rag.serve.app import OPERATIONS, WHOLE
from tests.loaders.samples import pdf
from tests.serve.serving import Reply, Server, ingest, served
from tests.serve.test_tokens import FULL, LESS, write_tokens
from tests.serve.test_tokens import WHOLE as TOKEN

OPEN = {"/health", "/ready"}
WORDS = b"walnut"
BODIES: dict[str, Any] = {
    "ask": {"question": "What is the password of the boardroom?"},
    "search": {"query": "password of the boardroom", "k": 100, "explain": True},
    "why": {"question": "What is the password of the boardroom?", "answers": ["walnut"]},
    "feedback": {"question": "What is the password of the boardroom?", "verdict": "bad"},
    "chat": {"messages": [{"role": "user", "content": "What is the password of the boardroom?"}]},
    "responses": {"input": "What is the password of the boardroom?"},
    "embeddings": {"input": "password"},
}
CALLS = [
    (
        "initialize",
        {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}},
    ),
    ("tools/list", {}),
    ("resources/list", {}),
]


def routes(document: str) -> Iterator[tuple[str, str, str, Any]]:
    """Name, method, path and body of every operation, under both prefixes, about one document."""
    for one in (*OPERATIONS, *WHOLE):
        path = one.path.replace("{id}", document).replace("{n:int}", "1").replace("{run}", "x")
        prefixes = ("",) if one in WHOLE else ("/api", "/api/indexes/rag")
        for prefix in prefixes:
            yield one.name, one.method, prefix + path, BODIES.get(one.name)


def tried(server: Server, method: str, path: str, body: Any, **headers: str) -> Reply:
    if method == "POST" and body is None:
        return server.upload("planted.md", b"# Planted", path, **headers)
    return server.call(method, path, body, **headers)


def called(server: Server, method: str, params: Any, **headers: str) -> Reply:
    """One message of MCP."""
    message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    return server.post("/mcp", message, accept="application/json, text/event-stream", **headers)


@pytest.fixture(scope="module")
def guarded(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with a PDF that one token may not see."""
    import shutil

    folder = tmp_path_factory.mktemp("doors") / "copy"
    shutil.copytree(corpus, folder)
    page = [(72, 700, "The password of the boardroom is walnut."), (72, 680, "It changes in May.")]
    (folder / "docs" / "board-secret.pdf").write_bytes(pdf([page]))
    ingest(folder)
    path = write_tokens(folder.parent / "tokens.toml", where='not source ~ "*secret*"')
    with served(folder, "--tokens", str(path), RAG_TOKEN=TOKEN) as server:
        yield server


@pytest.fixture(scope="module")
def hidden(guarded: Server) -> str:
    return guarded.document("docs/board-secret.pdf", **FULL)


def test_the_whole_token_sees_what_is_hidden_from_the_other(guarded: Server, hidden: str) -> None:
    """Otherwise the tests below would prove nothing."""
    seen = {
        name: tried(guarded, method, path, body, **FULL)
        for name, method, path, body in routes(hidden)
        if name in {"ask", "search", "document", "view", "picture", "boxes", "source", "chat", "responses"}
    }
    assert {name: reply.status for name, reply in seen.items()} == dict.fromkeys(seen, 200)
    for name in ("ask", "search", "document", "chat", "responses"):
        assert WORDS in seen[name].body, name
    assert seen["picture"].body.startswith(b"\x89PNG")


def test_no_route_answers_without_a_token_or_with_a_wrong_one(guarded: Server, hidden: str) -> None:
    for headers in ({}, {"authorization": "Bearer none"}, {"authorization": f"Basic {TOKEN}"}):
        for _, method, path, body in routes(hidden):
            reply = tried(guarded, method, path, body, **headers)
            assert (reply.status == 401) is (path not in OPEN), path
            assert WORDS not in reply.body
        for method, params in CALLS:
            assert called(guarded, method, params, **headers).status == 401


def test_no_route_shows_a_lesser_token_what_is_hidden(guarded: Server, hidden: str) -> None:
    for name, method, path, body in routes(hidden):
        reply = tried(guarded, method, path, body, **LESS)
        assert WORDS not in reply.body, path
        assert b"board-secret" not in reply.body, path
        assert reply.status < 500, path
        if "{id}" in next(one.path for one in (*OPERATIONS, *WHOLE) if one.name == name):
            assert reply.status in (403, 404), path
        if name in {"upload", "delete", "feedback", "runs", "report", "why", "metrics"}:
            assert reply.status in (403, 404), path
    assert guarded.get(f"/api/documents/{hidden}", **FULL).status == 200, "it is still there"


@pytest.mark.parametrize(
    "where",
    [
        'source ~ "*"',
        'source ~ "docs/board-secret.pdf" or source ~ "*"',
        'not source ~ "nothing"',
        "page >= 1",
        'source ~ "*") or (source ~ "*"',
        'source ~ "*" or (source ~ "*secret*" and source ~ "*")',
    ],
)
def test_no_filter_opens_what_the_token_closes(guarded: Server, where: str) -> None:
    for path, body in (("/api/ask", BODIES["ask"]), ("/api/search", BODIES["search"])):
        reply = guarded.post(path, {**body, "where": where}, **LESS)
        assert reply.status in (200, 422)
        assert WORDS not in reply.body
        assert b"board-secret" not in reply.body
    for name, given in (
        ("search", {"query": "password boardroom", "where": where}),
        ("list_documents", {"where": where}),
    ):
        told = called(guarded, "tools/call", {"name": name, "arguments": given}, **LESS)
        assert told.status == 200
        assert WORDS not in told.body
        assert b"board-secret" not in told.body


def test_no_resource_opens_what_the_token_closes(guarded: Server, hidden: str) -> None:
    for uri in (f"rag://rag/{hidden}", f"rag:///{hidden}", f"rag://rag/{hidden}:0-10"):
        told = called(guarded, "resources/read", {"uri": uri}, **LESS)
        assert WORDS not in told.body
    for given in (hidden, f"{hidden}:0-40"):
        told = called(guarded, "tools/call", {"name": "fetch", "arguments": {"id": given}}, **LESS)
        assert told.json["result"]["isError"] is True
        assert WORDS not in told.body
    told = called(guarded, "resources/read", {"uri": f"rag://rag/{hidden}"}, **FULL)
    assert WORDS in told.body


def test_every_route_asks_by_which_name_and_from_where(guarded: Server, hidden: str) -> None:
    wrong: Sequence[tuple[int, dict[str, str]]] = (
        (421, {"host": "evil.example"}),
        (421, {"host": "localhost.evil.example:8000"}),
        (403, {"origin": "https://evil.example"}),
        (403, {"origin": "null"}),
        (403, {"origin": "http://localhost:1"}),
        (403, {"sec_fetch_site": "cross-site", "sec_fetch_mode": "no-cors"}),
    )
    for status, headers in wrong:
        for _, method, path, body in routes(hidden):
            assert tried(guarded, method, path, body, **headers, **FULL).status == status, (path, headers)
        for method, params in CALLS:
            assert called(guarded, method, params, **headers, **FULL).status == status
        assert guarded.call("OPTIONS", "/api/ask", **headers).status == status


def test_a_head_with_two_hosts_or_none_is_not_answered(guarded: Server) -> None:
    host = urlsplit(guarded.url)
    for head in (
        b"GET /health HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n",
        b"GET /health HTTP/1.1\r\n\r\n",
    ):
        with socket.create_connection((str(host.hostname), host.port or 80), timeout=20) as one:
            one.sendall(head)
            assert b" 400 " in one.recv(200) or b" 421 " in one.recv(200)


def test_a_question_that_waits_too_long_is_told_to_come_again(corpus: Path) -> None:
    with (
        served(corpus, "--concurrency", "1", "--timeout", "0.1", "--read-only") as server,
        ThreadPoolExecutor(16) as pool,
    ):
        replies = list(
            pool.map(
                lambda _: server.post("/api/ask", {"question": "How long does a session last?"}), range(32)
            )
        )
        late = [reply for reply in replies if reply.status == 503]
        assert late
        assert {reply.status for reply in replies} <= {200, 503}
        assert all(reply.headers["retry-after"] for reply in late)
        assert "within 0.1 s" in json.loads(late[0].body)["error"]["message"]
        assert server.get("/health").status == 200
