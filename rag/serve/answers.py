"""Routes about questions: answers, hits, what went wrong with an answer, and what people think of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response

from rag.counts import counted
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


class Answers:
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
            notes = [] if hits else served.filter_notes(holder, body.where)
            values: dict[str, Any] = {
                "hits": [hit_values(hit) for hit in hits],
                "notes": [*notes_of(trace), *notes],
            }
            return values | ({"trace": [record_values(record) for record in trace]} if body.explain else {})

        return Json(await while_connected(request, serving.desk.ask(served, search, holder)))

    async def why(self, request: Request) -> Response:
        """Which stage lost the answer to a question, and what brings it back."""
        serving, served = self._serving, self._serving.index(request)
        whole(request)
        body = await serving.body(request, WhyBody)
        question, answers = serving.words(body.question), [serving.words(words) for words in body.answers]
        if not 1 <= len(answers) <= _MOST_ANSWERS:
            count = counted(len(answers), "answer")
            raise Refused(422, f"{count}, expected 1 to {_MOST_ANSWERS} that would have been right")

        def explained(rag: Rag) -> dict[str, Any]:
            from rag.evaluate.questions.cases import Case
            from rag.evaluate.why import why

            return why(rag, Case("asked", question, answers=tuple(answers))).to_dict()

        return Json(await while_connected(request, serving.desk.ask(served, explained, holder_of(request))))

    async def feedback(self, request: Request) -> Response:
        """Keeps what a person says of an answer: a rating, or a correction that goes before every source."""
        serving, served = self._serving, self._serving.index(request)
        writer(request)
        body = await serving.body(request, FeedbackBody)
        for text in (body.answer, body.short, body.correction, *body.chunks):
            serving.fits(text)
        if len(body.chunks) > serving.limits.k:
            raise Refused(413, f"{counted(len(body.chunks), 'chunk')}, at most {serving.limits.k} are read")
        serving.words(body.question)
        source = await serving.desk.write(lambda: _keep(served.rag, body))
        served.refresh()
        return Json({"kept": True, "source": source}, 201)

    async def traces(self, request: Request) -> Response:
        """What the caller asked last, and what every stage did."""
        served = self._serving.index(request)
        return Json({"traces": self._serving.traces.of(served.name, holder_of(request).name)})


_MOST_ANSWERS = 20


def _keep(rag: Rag, body: FeedbackBody) -> str:
    """The source of the note that was written, empty for a rating."""
    from rag.augment import memory, ratings

    question = body.question.strip()
    if body.verdict == "correction":
        return rag.correct(question, body.correction)
    good = body.verdict == "good"
    if not body.answer.strip():
        rag.rate(question, good=good)
        return ""
    cited = rag.store.get(list(dict.fromkeys(body.chunks)))
    sources, chunks = dict.fromkeys(chunk.source for chunk in cited), [chunk.id for chunk in cited]
    if good and not chunks:
        raise Refused(
            422, "an answer that cites no chunk of this index cannot be called good: name its chunks"
        )
    given = ratings.Rating(question, good, body.answer, body.short, tuple(sources), tuple(chunks))
    ratings.rate(rag.home, given)
    ratings.forget(rag.home, [memory.NAME], question)
    if good:
        memory.remember(rag.home, rag.embedder, question, chunks)
    return ""
