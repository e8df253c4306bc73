"""Spans of OpenTelemetry, as a real exporter of its SDK gets them from a real server."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

pytest.importorskip("opentelemetry.sdk", reason="runs with make test-serve")
pytest.importorskip("uvicorn", reason="runs with make test-serve")

from tests.serve.serving import served

TRACED = """
import sys
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor

out = open("spans.jsonl", "a", encoding="utf-8", buffering=1)
provider = TracerProvider()
to_line = lambda span: span.to_json(indent=None) + chr(10)
provider.add_span_processor(SimpleSpanProcessor(ConsoleSpanExporter(out=out, formatter=to_line)))
trace.set_tracer_provider(provider)
from rag.cli import main
main()
"""


def test_every_question_is_a_span_with_one_for_each_stage_and_no_text(copy: Path) -> None:
    with served(copy, "--read-only", command=[sys.executable, "-c", TRACED]) as server:
        answer = server.post("/api/ask", {"question": "How long does a session last?"}).json
        assert (
            server.post("/api/ask", {"question": "How long does a session last?", "where": "("}).status == 422
        )
    text = (copy / "spans.jsonl").read_text("utf-8")
    assert "session" not in text
    assert "thirty" not in text
    spans = [json.loads(line) for line in text.splitlines()]
    roots = [span for span in spans if span["parent_id"] is None]
    assert [span["name"] for span in roots] == ["invoke_workflow rag", "invoke_workflow rag"]
    good, failed = roots
    assert good["attributes"]["gen_ai.operation.name"] == "invoke_workflow"
    assert good["attributes"]["rag.abstained"] is False
    assert good["status"]["status_code"] == "UNSET"
    assert failed["attributes"]["error.type"] == "FilterError"
    assert failed["status"]["status_code"] == "ERROR"
    stages = [span for span in spans if span["parent_id"] == good["context"]["span_id"]]
    assert [span["attributes"]["rag.stage"] for span in stages] == [row["stage"] for row in answer["trace"]]
    (retrieval,) = [span for span in stages if span["attributes"]["rag.stage"] == "retrieve"]
    assert retrieval["name"] == "retrieval rag"
    assert retrieval["attributes"]["gen_ai.operation.name"] == "retrieval"
    assert retrieval["attributes"]["gen_ai.data_source.id"] == "rag"
    assert all(span["start_time"] <= span["end_time"] <= good["end_time"] for span in stages)
