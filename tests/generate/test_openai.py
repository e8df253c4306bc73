"""OpenAI-compatible servers: a small real one on loopback, and llama-cpp-python's own if it is installed."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer

import rag
from rag.errors import ConfigError, ModelError
from rag.generate.prompted import PromptOptions, prompted
from rag.llm.chat import ChatModel, ChatOptions, Message
from rag.llm.http import _asked
from rag.llm.openai import OpenAIModel
from rag.types import Hit, Question

ASKED = [Message("user", "What color is the lamp?")]
SERVER = importlib.util.find_spec("llama_cpp") and importlib.util.find_spec("uvicorn")


class Handler(BaseHTTPRequestHandler):
    """Answers by the model's name: `words` streams, `whole` does not, the others fail in their own way."""

    protocol_version = "HTTP/1.0"  # a response ends with the connection, so pieces need no lengths
    seen: list[tuple[str, dict[str, Any], str]]
    failures: int
    after = "0"  # of Retry-After; none where empty

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._json(
            200, {"data": [{"id": "words", "max_model_len": 640}, {"id": "whole", "meta": {"n_ctx": 96}}]}
        )

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.seen.append((self.path, body, self.headers.get("Authorization", "")))
        getattr(self, f"_{body['model']}", self._unknown)()

    def _words(self) -> None:
        self._begin("text/event-stream; charset=utf-8")
        self._event({"choices": [{"delta": {"role": "assistant"}}]})
        for word in ("The lamp", " is", " rød", " [1]."):
            self._event({"choices": [{"delta": {"content": word}}]})
        self._event({"choices": [], "usage": {"total_tokens": 9}})
        self.wfile.write(b": a comment\r\n\r\ndata: [DONE]\r\n\r\n")

    def _nothing(self) -> None:
        self._json(200, {})

    def _whole(self) -> None:
        self._json(200, {"choices": [{"message": {"content": "The lamp is red [1]."}}]})

    def _busy(self) -> None:
        cls = type(self)
        if cls.failures:
            cls.failures -= 1
            self._json(
                503, {"error": {"message": "loading"}}, {"Retry-After": cls.after} if cls.after else {}
            )
        else:
            self._words()

    def _guarded(self) -> None:
        if self.headers.get("Authorization") == "Bearer right":
            self._whole()
        else:
            self._json(401, {"error": {"message": "invalid key"}})

    def _broken(self) -> None:
        self._begin("text/event-stream")
        self._event({"choices": [{"delta": {"content": "The"}}]})
        self._event({"error": {"message": "out of memory"}})

    def _slow(self) -> None:
        self._begin("text/event-stream")
        self._event({"choices": [{"delta": {"content": "The"}}]})
        time.sleep(1.5)

    def _endless(self) -> None:
        self._begin("text/event-stream")
        with contextlib.suppress(OSError):  # the reader hangs up
            for _ in range(64):
                self.wfile.write(b"data: " + b"x" * 2**16)

    def _html(self) -> None:
        self._begin("text/html")
        self.wfile.write(b"<html>welcome</html>")

    def _moved(self) -> None:
        self.send_response(302)
        self.send_header("Location", "http://evil.example/v1/chat/completions")
        self.end_headers()

    def _unknown(self) -> None:
        self._json(404, {"error": {"message": "no such model"}})

    def _begin(self, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.end_headers()

    def _event(self, value: Any) -> None:
        self.wfile.write(f"data: {json.dumps(value)}\r\n\r\n".encode())
        self.wfile.flush()

    def _json(self, code: int, value: Any, headers: dict[str, str] | None = None) -> None:
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        for name, text in (headers or {}).items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(json.dumps(value).encode())


@pytest.fixture
def server() -> Iterator[str]:
    Handler.seen, Handler.failures, Handler.after = [], 0, "0"
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{running.server_address[1]}/v1"
        running.shutdown()
        thread.join()


def written(model: OpenAIModel, **options: Any) -> str:
    return "".join(model.chat(ASKED, ChatOptions(**options)))


def test_it_streams_what_the_server_streams(server: str) -> None:
    model = OpenAIModel("words", base_url=server)
    assert isinstance(model, ChatModel)
    assert list(model.chat(ASKED, ChatOptions(max_tokens=9, stop=["\n"], temperature=0.5, seed=4))) == [
        "The lamp", " is", " rød", " [1].",
    ]  # fmt: skip
    path, body, key = Handler.seen[0]
    assert (path, key) == ("/v1/chat/completions", "")
    assert body == {
        "model": "words",
        "messages": [{"role": "user", "content": "What color is the lamp?"}],
        "max_tokens": 9,
        "temperature": 0.5,
        "seed": 4,
        "stream": True,
        "stop": ["\n"],
    }


def test_a_server_that_does_not_stream_will_do(server: str) -> None:
    assert written(OpenAIModel("whole", base_url=server + "/")) == "The lamp is red [1]."


def test_name_and_context_come_from_the_server(server: str) -> None:
    model = OpenAIModel(base_url=server)
    assert (model.name, model.context_tokens) == ("words", 640)
    assert OpenAIModel("whole", base_url=server).context_tokens == 96
    assert OpenAIModel("whole", base_url=server, context_tokens=50).context_tokens == 50
    assert OpenAIModel("other", base_url=server).context_tokens == 4096


def test_tokens_are_estimated_or_counted_by_a_tokenizer(server: str, tiny: Path) -> None:
    model = OpenAIModel("words", base_url=server)
    assert model.count("twenty letters here!") == 9  # 19 bytes / 2.5 and a sign
    assert model.count("éé") == 4  # 4 bytes / 1.25
    assert model.prompt_tokens([Message("user", "12345")]) == 8 + 8 + 5
    exact = OpenAIModel("words", base_url=server, tokenizer=str(tiny / "hf" / "tokenizer.json"))
    assert exact.count(" lamp is painted red") == 4
    with pytest.raises(ConfigError, match=r"expected a tokenizer\.json"):
        OpenAIModel("words", base_url=server, tokenizer="nothing.json").count("x")


@pytest.mark.parametrize(
    "text",
    [
        "The council decided on Tuesday that the old mill by the river would be restored before the winter.",
        "Der Stadtrat beschloss am Dienstag, die alte Mühle am Fluss vor dem Winter zu erneuern.",
        "Le conseil a décidé mardi que le vieux moulin près de la rivière serait restauré avant l'hiver.",
        "Городской совет решил во вторник восстановить старую мельницу у реки до наступления зимы.",
        "Το δημοτικό συμβούλιο αποφάσισε την Τρίτη να αναστηλώσει τον παλιό μύλο δίπλα στο ποτάμι.",
        "市议会星期二决定在冬天到来之前修复河边的旧磨坊。",
        "市議会は火曜日、冬が来る前に川沿いの古い水車小屋を修復することを決めた。",
        "시의회는 화요일에 겨울이 오기 전에 강가의 오래된 방앗간을 복원하기로 결정했다.",
        "قرر المجلس البلدي يوم الثلاثاء ترميم الطاحونة القديمة بجانب النهر قبل حلول الشتاء.",
        "नगर परिषद ने मंगलवार को सर्दियों से पहले नदी के किनारे की पुरानी चक्की की मरम्मत का फैसला किया।",
        "for (int i = 0; i < n; i++) { x[i] += y[i] * 2; }",
        "2024-11-21 07:30:15 1234567890 0.001 3.14159 (42)",
    ],
    ids=[
        "English",
        "German",
        "French",
        "Russian",
        "Greek",
        "Chinese",
        "Japanese",
        "Korean",
        "Arabic",
        "Hindi",
        "code",
        "numbers",
    ],
)
def test_an_estimate_is_never_short_and_at_most_some_three_times_too_long(text: str) -> None:
    # A WordPiece of English: other scripts it spells letter by letter, the worst that a tokenizer may do.
    shipped = Path(rag.__file__).parent / "models" / "all-minilm-l6-v2" / "tokenizer.json"
    tokenizer = Tokenizer.from_file(str(shipped))
    counted = len(tokenizer.encode(text, add_special_tokens=False).ids)
    assert counted <= OpenAIModel("words").count(text) <= 3.2 * counted


def test_a_reply_without_a_completion_is_no_refusal_to_answer(server: str) -> None:
    with pytest.raises(ModelError, match="nothing sent no completion at all: expected a chat completion"):
        written(OpenAIModel("nothing", base_url=server))


def test_what_may_pass_is_tried_again(server: str) -> None:
    Handler.failures = 2
    assert written(OpenAIModel("busy", base_url=server, retries=2)) == "The lamp is rød [1]."
    assert len(Handler.seen) == 3
    Handler.failures = 2
    with pytest.raises(ModelError, match="answered 503: loading"):
        written(OpenAIModel("busy", base_url=server, retries=1))


def test_the_key_comes_from_the_environment_and_is_never_shown(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", "right")
    assert written(OpenAIModel("guarded", base_url=server, key_env="MY_KEY")) == "The lamp is red [1]."
    monkeypatch.setenv("MY_KEY", "sk-wrong-secret")
    with pytest.raises(ModelError, match=r"refuses the key \(401: invalid key\)") as failure:
        written(OpenAIModel("guarded", base_url=server, key_env="MY_KEY"))
    assert "secret" not in str(failure.value)
    assert len(Handler.seen) == 2, "a refused key is not tried again"


def test_a_pause_is_what_the_server_asks_for_or_grows_at_random() -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True)
    assert 18 < _asked(soon, 0.5) <= 22
    assert 7 <= _asked("7", 0.5) <= 7.7
    assert _asked("600", 0.5) == 30
    for past in ("0", "-3", "nan", "Thu, 01 Jan 1970 00:00:00 GMT"):
        assert _asked(past, 0.5) == 0
    for none in ("", "soon", "Thu, 99 Jan 1970"):
        assert _asked(none, 0.5) == 0.5


def test_retries_spread_and_retry_after_is_kept(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    Handler.failures, Handler.after = 3, ""
    assert written(OpenAIModel("busy", base_url=server)) == "The lamp is rød [1]."
    assert [0.25 <= pauses[0] <= 0.5, 0.5 <= pauses[1] <= 1, 1 <= pauses[2] <= 2] == [True] * 3
    pauses.clear()
    Handler.failures, Handler.after = 1, "3"
    assert written(OpenAIModel("busy", base_url=server)) == "The lamp is rød [1]."
    assert 3 <= pauses[0] <= 3.3


class Keeping(Handler):
    """The same over HTTP/1.1: connections stay open."""

    protocol_version = "HTTP/1.1"
    connections: int

    def setup(self) -> None:
        type(self).connections += 1
        super().setup()

    def _words(self) -> None:
        events = [{"choices": [{"delta": {"content": word}}]} for word in ("The lamp", " is red.")]
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for data in (*map(json.dumps, events), "[DONE]"):
            block = f"data: {data}\n\n".encode()
            self.wfile.write(b"%x\r\n%b\r\n" % (len(block), block))
        self.wfile.write(b"0\r\n\r\n")


def test_one_connection_serves_many_questions_and_no_proxy_comes_between(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # nothing listens there
    Keeping.seen, Keeping.failures, Keeping.connections = [], 0, 0
    with ThreadingHTTPServer(("127.0.0.1", 0), Keeping) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        model = OpenAIModel("words", base_url=f"http://127.0.0.1:{running.server_address[1]}/v1")
        assert [written(model) for _ in range(3)] == ["The lamp is red."] * 3
        del model
        running.shutdown()
        thread.join()
    assert (len(Keeping.seen), Keeping.connections) == (3, 1)


def test_an_event_without_an_end_is_cut_off(server: str) -> None:
    with pytest.raises(ModelError, match="broke off in the middle of an answer"):
        written(OpenAIModel("endless", base_url=server))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("broken", "broke off: out of memory"),
        ("slow", "broke off in the middle of an answer"),
        ("html", "expected a chat completion"),
        ("moved", r"points to http://evil\.example.*not followed"),
        ("missing", "knows no such model or address .404: no such model"),
    ],
)
def test_a_server_that_fails_is_one_clear_error(server: str, name: str, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        written(OpenAIModel(name, base_url=server, timeout=0.3, retries=0))


def test_a_server_that_is_down_or_silent_is_one_clear_error() -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
        with pytest.raises(ModelError, match="is the server running"):
            written(OpenAIModel("words", base_url=address, retries=1))
        with pytest.raises(ModelError, match="is the server running"):
            OpenAIModel(base_url=address, retries=0).context_tokens  # noqa: B018
        listening.listen()
        with pytest.raises(ModelError, match=r"did not answer within 0\.2 s"):
            written(OpenAIModel("words", base_url=address, retries=0, timeout=0.2))


def test_addresses_that_cannot_be_used_are_refused() -> None:
    for address in ("localhost:8080", "file:///etc/passwd", "http://"):
        with pytest.raises(ConfigError, match="expected an address such as"):
            OpenAIModel("m", base_url=address)
    with pytest.raises(ConfigError, match=r"offline: api\.example\.com is another machine"):
        OpenAIModel("m", base_url="https://api.example.com/v1", offline=True)
    for here in ("http://localhost:1/v1", "http://127.0.0.1:1", "http://[::1]:1/v1"):
        OpenAIModel("m", base_url=here, offline=True)


def test_it_is_a_generator_like_the_others(server: str, hits: list[Hit], tiny: Path) -> None:
    generator = prompted(
        OpenAIModel("words", base_url=server), PromptOptions(prompt=str(tiny / "prompt.toml"))
    )
    pieces = list(generator(Question("What color is the lamp?"), hits))
    assert "".join(piece for piece in pieces if isinstance(piece, str)) == "The lamp is rød [1]."
    assert pieces[-1].values["sources"] == [1, 2, 3]  # type: ignore[union-attr]
    shown = Handler.seen[0][1]["messages"][1]["content"]
    assert shown.startswith("<source 1>\nThe lamp is painted red.\n</source 1>")


# ------------------------------------------------------------------- a server of llama-cpp-python's own


@pytest.fixture(scope="module")
def llama_server(tiny: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "llama_cpp.server", "--model", str(tiny / "tiny-llama.gguf")]
    options = [
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--n_ctx",
        "512",
        "--api_key",
        "tiny",
        "--n_threads",
        "1",
    ]
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    with subprocess.Popen(
        [*command, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment
    ) as process:
        address = f"http://127.0.0.1:{port}/v1"
        asked = urllib.request.Request(f"{address}/models", headers={"Authorization": "Bearer tiny"})
        for _ in range(300):
            try:
                urllib.request.urlopen(asked, timeout=1).close()
                break
            except OSError:
                assert process.poll() is None, "the server ended"
                time.sleep(0.1)
        yield address
        process.terminate()


@pytest.mark.skipif(not SERVER, reason="pip install 'llama-cpp-python[server]'")
def test_a_real_server_answers_and_cites(
    llama_server: str, tiny: Path, hits: list[Hit], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TINY_KEY", "tiny")
    model = OpenAIModel(base_url=llama_server, key_env="TINY_KEY", context_tokens=512)
    generator = prompted(model, PromptOptions(prompt=str(tiny / "prompt.toml"), max_tokens=32))
    pieces = [p for p in generator(Question("When does the gate open?"), hits) if isinstance(p, str)]
    assert "".join(pieces) == "The gate opens at noon. [2]"
    assert len(pieces) > 3, "it streams"
    sourced = "<source 1>\nThe lamp is painted red.\n</source 1>\nWhat color is the lamp?"
    asked = [Message("system", "Answer from the sources. Cite [n]."), Message("user", sourced)]
    assert "".join(model.chat(asked, ChatOptions(max_tokens=9, stop=["painted"]))) == "The lamp is "
    monkeypatch.setenv("TINY_KEY", "wrong")
    with pytest.raises(ModelError, match="refuses the key"):
        written(model)
