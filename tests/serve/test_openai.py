"""The OpenAI-compatible door, by the official client: no citation is lost on any way."""

from __future__ import annotations

import base64
import struct
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

openai = pytest.importorskip("openai", reason="runs with make test-serve")
pytest.importorskip("mcp", reason="runs with make test-serve")

from tests.serve.serving import GUIDE, Server  # noqa: E402

QUESTION = {"role": "user", "content": "How long does a session last?"}


@pytest.fixture(scope="module")
def client(server: Server) -> Any:
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as made:
        yield made


def cited(address: str, text: str) -> str:
    """The words that an address of the page points to."""
    values = parse_qs(urlsplit(address).fragment)
    return text[int(values["start"][0]) : int(values["end"][0])]


def test_a_completion_carries_annotations_citations_and_sources(client: Any) -> None:
    done = client.chat.completions.create(model="rag", messages=[QUESTION])
    message = done.choices[0].message
    assert message.content == "A session lasts thirty minutes. [1]"
    note = message.annotations[0].url_citation
    assert message.content[note.start_index : note.end_index] == "[1]"
    assert cited(note.url, GUIDE) == "A session lasts thirty minutes."
    assert message.citations[0]["quote"] == "A session lasts thirty minutes."
    source = done.sources[0]
    assert source["source"]["url"] == source["metadata"][0]["source_url"] == note.url
    assert source["document"] == ["A session lasts thirty minutes."]
    assert done.usage.total_tokens == done.usage.prompt_tokens + done.usage.completion_tokens


def test_a_stream_loses_nothing(client: Any) -> None:
    chunks = list(
        client.chat.completions.create(
            model="rag", messages=[QUESTION], stream=True, stream_options={"include_usage": True}
        )
    )
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == "A session lasts thirty minutes. [1]"
    # Open WebUI takes what it shows of a source from an event; its name and link are the title and our page.
    (event,) = [chunk.event for chunk in chunks if getattr(chunk, "event", None)]
    assert event["type"] == "source"
    assert event["data"]["document"] == ["A session lasts thirty minutes."]
    (shown,) = event["data"]["metadata"]
    assert cited(shown["source_url"], GUIDE) == "A session lasts thirty minutes."
    assert (shown["name"], shown.get("page")) == ("Guide", None)
    last = [chunk for chunk in chunks if chunk.choices][-1]
    assert last.choices[0].finish_reason == "stop"
    assert last.choices[0].delta.citations[0]["quote"] == "A session lasts thirty minutes."
    assert last.choices[0].delta.annotations[0]["type"] == "url_citation"
    assert chunks[-1].usage.total_tokens > 0


def test_a_conversation_makes_a_follow_up_stand_alone(server: Server, client: Any) -> None:
    said = [
        QUESTION,
        {"role": "assistant", "content": "Thirty minutes. [1]"},
        {"role": "user", "content": "Who closes it?"},
    ]
    client.chat.completions.create(model="rag", messages=said)
    understood = server.get("/api/traces").json["traces"][0]["question"]
    assert understood.startswith("Who closes it?")
    assert "session" in understood


def test_a_response_has_its_annotations_whole_and_streamed(client: Any) -> None:
    done = client.responses.create(model="rag", input="How long does a session last?")
    assert done.output_text == "A session lasts thirty minutes. [1]"
    note = done.output[0].content[0].annotations[0]
    assert cited(note.url, GUIDE) == "A session lasts thirty minutes."
    kinds, text = [], ""
    for event in client.responses.create(model="rag", input=[QUESTION], stream=True):
        kinds.append(event.type)
        text += event.delta if event.type == "response.output_text.delta" else ""
    assert text == done.output_text
    assert kinds[0] == "response.created"
    assert "response.output_text.annotation.added" in kinds
    assert kinds[-1] == "response.completed"


def test_embeddings_are_unit_rows_in_both_forms(client: Any) -> None:
    rows = client.embeddings.create(model="rag", input=["one", "two"], encoding_format="float").data
    assert len(rows) == 2
    assert sum(value * value for value in rows[0].embedding) == pytest.approx(1, abs=1e-3)
    raw = client.embeddings.create(model="rag", input="one", encoding_format="base64").data[0].embedding
    values = struct.unpack(f"<{len(rows[0].embedding)}f", base64.b64decode(raw))
    assert values == pytest.approx(rows[0].embedding, abs=1e-3)


def test_models_and_errors_are_those_of_the_client(client: Any) -> None:
    assert [model.id for model in client.models.list()] == ["rag"]
    with pytest.raises(openai.NotFoundError):
        client.chat.completions.create(model="gpt-4", messages=[QUESTION])


def test_pages_are_counted_from_0_for_open_webui(client: Any) -> None:
    asked = {"role": "user", "content": "What was the lamp changed to in 1871?"}
    message = client.chat.completions.create(model="rag", messages=[asked]).choices[0].message
    assert message.citations[0]["page"] == 2
    assert message.sources[0]["metadata"][0]["page"] == 1
    assert message.sources[0]["metadata"][0]["name"].endswith("p. 2")
