"""Replies as JSON of a shape: what fits, what does not, and three kinds of model that are asked for it."""

from __future__ import annotations

import importlib.util
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from rag.errors import ModelError
from rag.llm.chat import Message
from rag.llm.gguf import GgufModel
from rag.llm.openai import OpenAIModel
from rag.llm.structured import parsed, shape, structured

TEXT = {"type": "string"}
VERDICT = shape(reason={"type": "string", "maxLength": 40}, verdict={"enum": ["right", "wrong"]})
PAIRS = {"type": "array", "minItems": 1, "maxItems": 2, "items": shape(question=TEXT, answer=TEXT)}
ASKED = [Message("user", "Is it right?")]
RIGHT = {"reason": "same year", "verdict": "right"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (json.dumps(RIGHT), RIGHT),
        (f"\n```json\n{json.dumps(RIGHT)}\n```\n", RIGHT),
        ('{"reason": "two\nlines", "verdict": "wrong"}', {"reason": "two\nlines", "verdict": "wrong"}),
        ("right", None),
        (f"The verdict: {json.dumps(RIGHT)}", None),
        ('{"verdict": "right"}', None),
        ('{"reason": "x", "verdict": "partly"}', None),
        ('{"reason": 3, "verdict": "right"}', None),
        ('{"reason": "x", "verdict": "right", "more": 1}', None),
        ('{"reason": "x", "verdict": "ri', None),
    ],
)
def test_only_the_shape_is_taken(text: str, value: Any) -> None:
    assert parsed(text, VERDICT) == value


def test_lists_have_their_lengths() -> None:
    one = {"question": "Who?", "answer": "Ann"}
    assert parsed(json.dumps([one]), PAIRS) == [one]
    for wrong in ([], [one] * 3, one, [{"question": "Who?"}]):
        assert parsed(json.dumps(wrong), PAIRS) is None


def test_reasoning_before_the_reply_is_left_out(scripted: Any) -> None:
    model = scripted(f"<think>hm {{}}</think> {json.dumps(RIGHT)}")
    assert structured(model, ASKED, VERDICT, max_tokens=50) == RIGHT
    assert structured(scripted("Right!"), ASKED, VERDICT, max_tokens=50) is None


@pytest.mark.skipif(importlib.util.find_spec("llama_cpp") is None, reason="pip install 'footnote-rag[gguf]'")
def test_llama_cpp_is_held_to_the_shape(tiny: Path) -> None:
    """The tiny model has never seen JSON: only the grammar can make it write some."""
    model = GgufModel.open(tiny / "tiny-llama.gguf")
    found = structured(model, ASKED, VERDICT, max_tokens=200)
    assert found is not None
    assert found["verdict"] in ("right", "wrong")


class Handler(BaseHTTPRequestHandler):
    """Writes JSON where it is asked to; the model `plain` refuses to know how."""

    seen: list[dict[str, Any]]

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._json(200, {"data": []})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.seen.append(body)
        if body["model"] == "broken":
            self._json(413, {"error": {"message": "too long"}})
        elif body["model"] == "plain" and "response_format" in body:
            self._json(400, {"error": {"message": "response_format is not supported"}})
        else:
            self._json(200, {"choices": [{"message": {"content": json.dumps(RIGHT)}}]})

    def _json(self, code: int, value: Any) -> None:
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(value).encode())


@pytest.fixture
def server() -> Iterator[Callable[[str], OpenAIModel]]:
    Handler.seen = []
    serving = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=serving.serve_forever)
    thread.start()
    address = f"http://127.0.0.1:{serving.server_port}/v1"
    yield lambda name: OpenAIModel(name, base_url=address, retries=0)
    serving.shutdown()
    thread.join()
    serving.server_close()


def test_servers_are_asked_for_the_shape(server: Callable[[str], OpenAIModel]) -> None:
    assert structured(server("good"), ASKED, VERDICT, max_tokens=50) == RIGHT
    (body,) = Handler.seen
    assert body["response_format"]["type"] == "json_schema"
    assert body["response_format"]["json_schema"]["schema"] == VERDICT
    assert "grammar" not in body


def test_servers_that_know_no_schemas_are_asked_without(server: Callable[[str], OpenAIModel]) -> None:
    model = server("plain")
    assert structured(model, ASKED, VERDICT, max_tokens=50) == RIGHT
    assert structured(model, ASKED, VERDICT, max_tokens=50) == RIGHT
    assert ["response_format" in body for body in Handler.seen] == [True, False, False]


def test_other_refusals_are_told(server: Callable[[str], OpenAIModel]) -> None:
    with pytest.raises(ModelError, match="answered 413: too long"):
        structured(server("broken"), ASKED, VERDICT, max_tokens=50)
