"""What was asked last and what every stage did, in memory; and spans for OpenTelemetry where that is there.

A span is made from the record of a stage when the stage has ended. Names are those of the conventions for
generative AI where they have one: the whole is an `invoke_workflow`, a retriever a `retrieval`, a language
model a `chat`. No span holds a question, a document or an answer.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any
from uuid import uuid4

from rag.types import Answer, Record

from .values import record_values


class Traces:
    """The last questions of everybody, each told only to the one who asked it."""

    def __init__(self, most: int) -> None:
        self._kept: deque[dict[str, Any]] = deque(maxlen=most)

    def add(self, index: str, holder: str, answer: Answer, seconds: float) -> None:
        """Keeps an answer's trace."""
        self._kept.append(
            {
                "id": uuid4().hex,
                "at": round(time.time(), 3),
                "index": index,
                "holder": holder,
                "question": answer.question,
                "abstained": answer.abstained,
                "confidence": answer.confidence,
                "ms": round(seconds * 1000, 1),
                "stages": [record_values(record) for record in answer.trace],
            }
        )

    def of(self, index: str, holder: str) -> list[dict[str, Any]]:
        """The traces of one holder, newest first."""
        return [
            trace for trace in reversed(self._kept) if (trace["index"], trace["holder"]) == (index, holder)
        ]


class Spans:
    """The spans of one question; without OpenTelemetry nothing happens."""

    def __init__(self, index: str, version: str) -> None:
        self._index = index
        self._tracer: Any = None
        if find_spec("opentelemetry") is None:
            return
        try:
            from opentelemetry import trace
        except ImportError:
            return
        self._api = trace
        self._tracer = trace.get_tracer("footnote-rag", version)
        self._root = self._tracer.start_span(
            "invoke_workflow rag",
            attributes={
                "gen_ai.operation.name": "invoke_workflow",
                "gen_ai.workflow.name": "rag",
                "gen_ai.data_source.id": index,
            },
        )
        self._context = trace.set_span_in_context(self._root)

    def stage(self, record: Record) -> None:
        """Adds a stage that has just ended."""
        if self._tracer is None:
            return
        end = time.time_ns()
        name, attributes = named(record, self._index)
        start = end - int(record.ms * 1_000_000)
        span = self._tracer.start_span(name, self._context, attributes=attributes, start_time=start)
        span.end(end)

    def end(self, answer: Answer | None, error: BaseException | None = None) -> None:
        if self._tracer is None:
            return
        if answer is not None:
            self._root.set_attribute("rag.abstained", answer.abstained)
            self._root.set_attribute("rag.confidence", answer.confidence)
        if error is not None:
            self._root.set_attribute("error.type", type(error).__name__)
            self._root.set_status(self._api.StatusCode.ERROR)
        self._root.end()


def named(record: Record, index: str) -> tuple[str, Mapping[str, Any]]:
    """The name of a stage's span, and its attributes."""
    attributes: dict[str, Any] = {"rag.stage": record.stage, "rag.stage.name": record.name}
    if record.stage == "retrieve":
        attributes |= {"gen_ai.operation.name": "retrieval", "gen_ai.data_source.id": index}
        return f"retrieval {index}", attributes
    if record.stage == "generate" and "prompt" in record.detail:  # a language model, by its name
        attributes |= {"gen_ai.operation.name": "chat", "gen_ai.request.model": record.name}
        return f"chat {record.name}", attributes
    return f"{record.stage} {record.name}", attributes
