"""Routes that ask: answers, hits, what went wrong with an answer, and what people think of it."""

from __future__ import annotations

import json
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response

from rag.errors import StoreError
from rag.trace import notes_of

from .common import (
    Json,
    Serving,
    begun,
    holder_of,
    server_sent,
    streamed,
    wants_events,
    while_connected,
    whole,
    writer,
)
from .requests import AskBody, FeedbackBody, Refused, SearchBody, WhyBody
from .values import answer_values, event_values, hit_values, record_values

if TYPE_CHECKING:
    from rag.rag import Rag

FEEDBACK = "feedback.jsonl"


class Asking:
    """The routes, over what is served."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving

    async def ask(self, request: Request) -> Response:
        """The grounded answer: JSON, or its events where the client accepts `text/event-stream`."""
        serving, served = self._serving, self._serving.index(request)
        asked = serving.asked(request, await serving.body(request, AskBody))
        if not wants_events(request):
            return Json(answer_values(await serving.answer(request, served, asked)))

        async def parts() -> AsyncIterator[str]:
            async for event in serving.events(served, asked):
                yield server_sent(event.kind, event_values(event))

        return streamed(await begun(parts()))

    async def search(self, request: Request) -> Response:
        """The best hits, with the notes of the stages; `explain` adds what each stage did."""
        serving, served = self._serving, self._serving.index(request)
        body = await serving.body(request, SearchBody)
        query, k, holder = serving.words(body.query), serving.k(body.k), holder_of(request)
        within = holder.within(serving.fits(body.where) if body.where else None)

        def search(rag: Rag) -> dict[str, Any]:
            hits, trace = rag.explain(query, k, within)
            values: dict[str, Any] = {
                "hits": [hit_values(hit) for hit in hits],
                "notes": list(notes_of(trace)),
            }
            return values | ({"trace": [record_values(record) for record in trace]} if body.explain else {})

        return Json(await while_connected(request, serving.desk.ask(served, search, holder)))

    async def why(self, request: Request) -> Response:
        """Which stage lost the answer to a question, and what brings it back."""
        serving, served = self._serving, self._serving.index(request)
        whole(request)
        body = await serving.body(request, WhyBody)
        question, answers = serving.words(body.question), [serving.words(one) for one in body.answers]
        if not 1 <= len(answers) <= _MOST_ANSWERS:
            raise Refused(
                422, f"{len(answers)} answers, expected 1 to {_MOST_ANSWERS} that would have been right"
            )

        def explained(rag: Rag) -> dict[str, Any]:
            from rag.evaluate.questions.cases import Case
            from rag.evaluate.why import why

            return why(rag, Case("asked", question, answers=tuple(answers))).to_dict()

        return Json(await while_connected(request, serving.desk.ask(served, explained, holder_of(request))))

    async def feedback(self, request: Request) -> Response:
        """Keeps what a person thinks of an answer; what answered well is remembered as solved."""
        serving, served = self._serving, self._serving.index(request)
        writer(request)
        body = await serving.body(request, FeedbackBody)
        for text in (body.question, body.answer, body.correction, *body.chunks):
            serving.fits(text)
        if len(body.chunks) > serving.limits.k:
            raise Refused(413, f"{len(body.chunks)} chunks, at most {serving.limits.k} are read")
        serving.words(body.question)
        holder = holder_of(request).name

        def keep() -> bool:
            from rag.augment.memory import remember

            rag = served.rag
            row = {
                "at": round(time.time(), 3),
                "holder": holder,
                "question": body.question,
                "verdict": body.verdict,
                "answer": body.answer,
                "correction": body.correction,
                "chunks": list(body.chunks),
            }
            _append(rag.home / FEEDBACK, row)
            known = [chunk.id for chunk in rag.store.get(list(body.chunks))]
            if body.verdict == "good" and known:
                remember(rag.home, rag.embedder, body.question, known)
            return bool(body.verdict == "good" and known)

        return Json({"kept": True, "remembered": await serving.desk.write(keep)}, 201)

    async def traces(self, request: Request) -> Response:
        """What the caller asked last, and what every stage did."""
        served = self._serving.index(request)
        return Json({"traces": self._serving.traces.of(served.name, holder_of(request).name)})


_MOST_ANSWERS = 20


def _append(path: Path, row: dict[str, Any]) -> None:
    """A line at the end of a file, on the disk when this returns."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise StoreError(f"{path} cannot be written ({error.strerror}): check its permissions") from error
