"""OpenAI's API over the same pipeline: models are indexes, the question is the last turn of the user.

A client sees citations in three ways: markers in the text, `url_citation` annotations (where the marker
stands in the text, and the address of the quote in the page of this server), and a field `citations` with
everything. In a stream the last two come with the last delta, before `[DONE]`. Open WebUI makes a source of
every annotation, and `sources` has the form that it keeps them in.
"""

from __future__ import annotations

import base64
import re
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response

from rag.types import Answer, Citation, Turn

from .common import Json, Serving, as_json, begun, holder_of, streamed
from .desk import Asked, Served
from .requests import ChatBody, EmbeddingsBody, MessageBody, Refused, ResponseBody
from .values import citation_values

if TYPE_CHECKING:
    from rag.rag import Rag

_DONE = "data: [DONE]\n\n"


class OpenAI:
    """The routes under `/v1`."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving

    async def models(self, request: Request) -> Response:
        """The indexes, as models."""
        made = int(self._serving.started)
        rows = [
            {"id": name, "object": "model", "created": made, "owned_by": "footnote-rag"}
            for name in self._named
        ]
        return Json({"object": "list", "data": rows})

    @property
    def _named(self) -> Sequence[str]:
        return list(self._serving.desk.indexes)

    async def chat(self, request: Request) -> Response:
        """A chat completion, whole or as a stream of chunks."""
        body = await self._serving.body(request, ChatBody)
        served, asked = self._asked(request, body.model, body.messages)
        head = {"id": f"chatcmpl-{uuid4().hex}", "created": int(time.time()), "model": served.name}
        if body.stream:
            usage = body.stream_options is not None and body.stream_options.include_usage
            return _streamed(await begun(self._chunks(request, served, asked, head, usage)))
        answer = await self._serving.answer(request, served, asked)
        message = {
            "role": "assistant",
            "content": answer.text,
            "refusal": None,
            **cited(answer, _base(request), served),
        }
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
        usage_values = _usage(served, asked, answer)
        return Json(
            head
            | {
                "object": "chat.completion",
                "choices": [choice],
                "usage": usage_values,
                "sources": message["sources"],
            }
        )

    async def _chunks(
        self, request: Request, served: Served, asked: Asked, head: Mapping[str, Any], usage: bool
    ) -> AsyncIterator[str]:
        """The text in pieces, then what is proved of it.

        The text that a language model writes is a draft: what grounding leaves of it is the answer. So only
        the answer is sent, sentence by sentence, when it is proved.
        """

        def chunk(delta: Mapping[str, Any], finish: str | None = None, **more: Any) -> str:
            choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
            values = {**head, "object": "chat.completion.chunk", "choices": [choice], **more}
            return f"data: {as_json(values)}\n\n"

        answer: Answer | None = None
        began = False
        async for event in self._serving.events(served, asked):
            if not began:  # the client knows that it was heard
                yield chunk({"role": "assistant", "content": ""})
                began = True
            answer = event.answer or answer
        if answer is None:
            raise Refused(500, "the pipeline ended without an answer")
        for piece in pieces(answer.text):
            yield chunk({"content": piece})
        proofs = cited(answer, _base(request), served)
        for source in proofs["sources"]:  # Open WebUI shows them as they come
            yield chunk({}, event={"type": "source", "data": source})
        yield chunk(proofs, "stop", sources=proofs["sources"])
        if usage:
            values = {
                **head,
                "object": "chat.completion.chunk",
                "choices": [],
                "usage": _usage(served, asked, answer),
            }
            yield f"data: {as_json(values)}\n\n"
        yield _DONE

    async def responses(self, request: Request) -> Response:
        """A response in its plain form: one message with annotations, whole or as events."""
        body = await self._serving.body(request, ResponseBody)
        served, asked = self._asked(request, body.model, _messages(body.input))
        if body.stream:
            return _streamed(await begun(self._response_events(request, served, asked)))
        answer = await self._serving.answer(request, served, asked)
        return Json(_response(request, served, asked, answer, f"resp_{uuid4().hex}", f"msg_{uuid4().hex}"))

    async def _response_events(self, request: Request, served: Served, asked: Asked) -> AsyncIterator[str]:
        response_id, item_id, number = f"resp_{uuid4().hex}", f"msg_{uuid4().hex}", 0

        def event(kind: str, **values: Any) -> str:
            nonlocal number
            data = as_json({"type": kind, "sequence_number": number, **values})
            number += 1
            return f"event: {kind}\ndata: {data}\n\n"

        answer: Answer | None = None
        async for step in self._serving.events(served, asked):
            if number == 0:
                started = _response(request, served, asked, None, response_id, item_id)
                yield event("response.created", response=started)
            answer = step.answer or answer
        if answer is None:
            raise Refused(500, "the pipeline ended without an answer")
        whole = _response(request, served, asked, answer, response_id, item_id)
        item = whole["output"][0]
        part = item["content"][0]
        at = {"item_id": item_id, "output_index": 0, "content_index": 0}
        yield event(
            "response.output_item.added",
            output_index=0,
            item={**item, "content": [], "status": "in_progress"},
        )
        yield event("response.content_part.added", **at, part={**part, "text": "", "annotations": []})
        for piece in pieces(answer.text):
            yield event("response.output_text.delta", **at, delta=piece, logprobs=[])
        for place, annotation in enumerate(part["annotations"]):
            yield event(
                "response.output_text.annotation.added", **at, annotation_index=place, annotation=annotation
            )
        yield event("response.output_text.done", **at, text=answer.text, logprobs=[])
        yield event("response.content_part.done", **at, part=part)
        yield event("response.output_item.done", output_index=0, item=item)
        yield event("response.completed", response=whole)

    async def embeddings(self, request: Request) -> Response:
        """Vectors of texts by the index's own embedder, as documents are embedded."""
        serving = self._serving
        body = await serving.body(request, EmbeddingsBody)
        served = serving.desk.named(body.model)
        texts = [body.input] if isinstance(body.input, str) else body.input
        if (
            not isinstance(texts, list)
            or not texts
            or not all(isinstance(text, str) and text for text in texts)
        ):
            raise Refused(422, "input is no text or list of texts")
        if len(texts) > serving.limits.embeddings:
            raise Refused(413, f"{len(texts)} texts, at most {serving.limits.embeddings} are embedded")
        texts = [text.encode("utf-8", "replace").decode() for text in texts]

        def embed(rag: Rag) -> tuple[list[Any], int]:
            rows = rag.embedder.embed(texts, "document").astype("<f4")
            as_text = body.encoding_format == "base64"
            return [
                base64.b64encode(row.tobytes()).decode() if as_text else row.tolist() for row in rows
            ], sum(len(rag.embedder.token_ends(text)) for text in texts)

        vectors, tokens = await serving.desk.ask(served, embed, holder_of(request))
        data = [{"object": "embedding", "index": at, "embedding": row} for at, row in enumerate(vectors)]
        usage = {"prompt_tokens": tokens, "total_tokens": tokens}
        return Json({"object": "list", "data": data, "model": served.name, "usage": usage})

    def _asked(self, request: Request, model: str, messages: Sequence[MessageBody]) -> tuple[Served, Asked]:
        """The question and the conversation before it. Raises Refused."""
        serving, served = self._serving, self._serving.desk.named(model)
        turns: list[Turn] = []
        question, answered = "", ""
        for message in messages:
            text = _text(message.content)
            if message.role == "user":
                if question and answered:
                    turns.append(Turn(question, answered))
                question, answered = serving.fits(text), ""
            elif message.role == "assistant" and question:
                answered = (answered + " " + _MARKER.sub("", text)).strip()[
                    : serving.limits.question_characters
                ]
        if answered or not question.strip():
            raise Refused(422, "the last message is no question: expected role user with some text")
        return served, Asked(question, holder_of(request), history=turns[-serving.limits.history_turns :])


_MARKER = re.compile(r"(?<!\s)\s*+\[\d+\]")


def _text(content: Any) -> str:
    """The text of a message, whether it came whole or in parts. Raises Refused."""
    if content is None:
        return ""
    if isinstance(content, list):
        content = " ".join(str(part.get("text") or "") for part in content if isinstance(part, dict))
    if not isinstance(content, str):
        raise Refused(422, "the content of a message is neither text nor a list of parts")
    return content.encode("utf-8", "replace").decode()


def _messages(given: Any) -> Sequence[MessageBody]:
    if isinstance(given, str):
        return [MessageBody("user", given)]
    if not isinstance(given, list) or not all(isinstance(row, dict) for row in given):
        raise Refused(422, "input is neither text nor a list of messages")
    return [MessageBody(str(row.get("role", "")), row.get("content", "")) for row in given]


def pieces(text: str) -> list[str]:
    """A text in pieces of a few words, none lost."""
    return re.findall(r"(?:\s*\S+){1,4}\s*|\s+", text)


def _base(request: Request) -> str:
    return str(request.base_url).rstrip("/")


def viewer(base: str, served: Served, citation: Citation) -> str:
    """The address at which the page of this server opens a quote."""
    values = {
        "index": served.name,
        "document": citation.document_id,
        "start": citation.start,
        "end": citation.end,
    }
    return f"{base}/#{urlencode(values)}"


def _title(citation: Citation) -> str:
    return (citation.title or citation.source) + (f", p. {citation.page}" if citation.page else "")


def url_citations(answer: Answer, base: str, served: Served) -> list[dict[str, Any]]:
    """For every citation the place of its first marker in the text, in the order of markers."""
    citations = []
    for citation in answer.citations:
        marker = f"[{citation.marker}]"
        start = max(answer.text.find(marker), 0)
        end = start + len(marker) if marker in answer.text else start
        citations.append(
            {
                "url": viewer(base, served, citation),
                "title": _title(citation),
                "start_index": start,
                "end_index": end,
            }
        )
    return citations


def cited(answer: Answer, base: str, served: Served) -> dict[str, Any]:
    """What a message has besides its text."""
    notes = url_citations(answer, base, served)
    urls = [note["url"] for note in notes]
    return {
        "annotations": [{"type": "url_citation", "url_citation": note} for note in notes],
        "citations": [
            citation_values(citation) | {"url": url}
            for citation, url in zip(answer.citations, urls, strict=True)
        ],
        "sources": [
            {
                "source": {"id": url, "name": _title(citation), "url": url},
                "document": [citation.quote],
                "metadata": [_shown(citation, url)],
            }
            for citation, url in zip(answer.citations, urls, strict=True)
        ],
        "abstained": answer.abstained,
        "confidence": answer.confidence,
        "notes": list(answer.notes),
    }


def _shown(citation: Citation, url: str) -> dict[str, Any]:
    """The metadata of a source as Open WebUI shows them: the link, its name, and the page counted from 0."""
    page = {} if citation.page is None else {"page": citation.page - 1}
    return {"source": url, "source_url": url, "name": _title(citation), **page}


def _response(
    request: Request, served: Served, asked: Asked, answer: Answer | None, response_id: str, item_id: str
) -> dict[str, Any]:
    output = []
    if answer is not None:
        notes = [{"type": "url_citation", **note} for note in url_citations(answer, _base(request), served)]
        part = {"type": "output_text", "text": answer.text, "annotations": notes, "logprobs": []}
        output = [
            {"type": "message", "id": item_id, "status": "completed", "role": "assistant", "content": [part]}
        ]
    more = cited(answer, _base(request), served) if answer is not None else {}
    usage = _usage(served, asked, answer) if answer is not None else None
    return {
        "id": response_id,
        "object": "response",
        "created_at": int(time.time()),
        "model": served.name,
        "status": "completed" if answer else "in_progress",
        "output": output,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "parallel_tool_calls": False,
        "temperature": 0.0,
        "tool_choice": "none",
        "tools": [],
        "top_p": 1.0,
        "usage": usage
        and {
            "input_tokens": usage["prompt_tokens"],
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": usage["completion_tokens"],
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": usage["total_tokens"],
        },
        **{name: more[name] for name in ("citations", "abstained", "confidence", "notes") if name in more},
    }


def _usage(served: Served, asked: Asked, answer: Answer) -> dict[str, int]:
    """Tokens by the embedder's count: of the question, and of the answer."""
    ends = served.rag.embedder.token_ends
    prompt, completion = len(ends(asked.question)), len(ends(answer.text))
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def _streamed(parts: AsyncIterator[str]) -> Response:
    return streamed(parts, lambda error: f"data: {as_json({'error': error})}\n\n{_DONE}")
