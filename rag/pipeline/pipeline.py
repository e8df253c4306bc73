"""Question → answer on one screen: augment → retrieve → denoise → reorder → generate → ground.

Every stage is a callable and leaves one record in the trace. What the stages are, and how names become
callables, is in `parts.py`.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Self, Unpack

from rag.denoise import DeepDenoise
from rag.denoise.corrections import Corrections, is_note, without_notes
from rag.errors import ConfigError, FilterError
from rag.options import COUNT, checked
from rag.stores import Filter, VectorStore, parse_where
from rag.trace import Trace, notes_of
from rag.types import Answer, Derived, Event, Hit, Question, Quote, Record, Turn

from .conditional import Conditional
from .instead import quoted_instead
from .parts import Changes, Parts
from .retry import check_retry, hits_of, outcome

Where = Filter | str | None


class Pipeline(Parts):
    """The parts, and what they do together when a question is asked."""

    def ask(
        self, question: str, k: int | None = None, where: Where = None, history: Sequence[Turn] = ()
    ) -> Answer:
        """The grounded answer to a question, from the `k` best hits among the chunks that match `where`.

        `history` is the conversation before it, oldest turn first: the augment stage `history` makes a
        follow-up stand alone by it.
        """
        events = self._answered(question, k, where, history)
        while True:
            try:
                next(events)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]

    def stream(
        self, question: str, k: int | None = None, where: Where = None, history: Sequence[Turn] = ()
    ) -> Iterator[Event]:
        """The answer as it comes about: finished stages, hits, pieces of text, and last the answer itself."""
        answer = yield from self._answered(question, k, where, history)
        yield Event("answer", answer=answer)

    def search(
        self, question: str, k: int | None = None, where: Where = None, history: Sequence[Turn] = ()
    ) -> list[Hit]:
        """The `k` best hits for a question, best first, among the chunks that match `where`."""
        return self.explain(question, k, where, history)[0]

    def explain(
        self, question: str, k: int | None = None, where: Where = None, history: Sequence[Turn] = ()
    ) -> tuple[list[Hit], list[Record]]:
        """The hits of `search`, and the record of every stage."""
        trace = Trace(question)
        _, hits = self._retrieved(trace, question, k, where, history)
        return list(hits), trace.records

    def _retrieved(
        self, trace: Trace, question: str, k: int | None, where: Where, history: Sequence[Turn]
    ) -> tuple[Question, Sequence[Hit]]:
        """augment → retrieve → denoise, cut to k. Denoise stages see more hits than k, so that k are left."""
        if not isinstance(question, str):
            raise ConfigError(f"the question is {question!r}, expected a text")
        if not question.strip():
            raise ConfigError("the question is empty: expected some words")
        wanted: int = self.settings.search.k if k is None else checked("k", k, COUNT)
        asked = Question(question.strip(), history=tuple(history), typed=question.strip())
        within = filter_of(where)
        augments: list[Any] = self.augment
        for augment in augments:
            if isinstance(augment, Conditional):
                augment = augment.before_hits(partial(self.retrieve, asked, wanted, within))
            asked = trace.run("augment", augment, asked)
        reach = wanted + wanted // 2 + 1 if self.denoise else wanted
        reach = max([reach, *(stage.reach for stage in self.denoise if isinstance(stage, DeepDenoise))])
        hits: Sequence[Hit] = trace.run("retrieve", self.retrieve, asked, reach, within)
        for denoise in self.denoise:
            if within is not None and isinstance(denoise, Corrections):
                denoise = without_notes
            hits = trace.run("denoise", denoise, asked, hits)
        trace.passed_on(hits[:wanted])
        return asked, hits[:wanted]

    def _answered(
        self, question: str, k: int | None, where: Where, history: Sequence[Turn]
    ) -> Generator[Event, None, Answer]:
        """The answer, and where it is a refusal what else `ask.retry` names, until something answers.

        Where nothing does, the refusal is the first one. The trace has all of them.
        """
        self._ready()
        for step in self.settings.ask.retry:
            check_retry(step, self.settings.stages)
        first = answer = yield from self._once(question, k, where, history)
        trace = list(answer.trace)
        for step in self.settings.ask.retry:
            if not answer.abstained:
                break
            began, came = time.perf_counter(), answer
            other, more = self._again(step, k)
            answer = yield from other._once(question, more, where, history)
            ms = round((time.perf_counter() - began) * 1000, 3)
            trace += [*answer.trace, Record("retry", step, outcome(came), outcome(answer), ms)]
            yield Event("stage", record=trace[-1])
        return replace(first if answer.abstained else answer, trace=tuple(trace))

    def _again(self, step: str, k: int | None) -> tuple[Self, int | None]:
        """The pipeline and the number of hits of one step of `ask.retry`."""
        if more := hits_of(step):
            return self, more
        other = self.variant(augment=[*self._stages["augment"], step])
        other.__dict__["reader"] = self.reader
        return other, k

    def _once(
        self, question: str, k: int | None, where: Where, history: Sequence[Turn]
    ) -> Generator[Event, None, Answer]:
        """The six stages, one after another: their events as they come, and the answer at the end."""
        from rag.ground.cite import cite

        trace = Trace(question)
        asked, hits = self._retrieved(trace, question, k, where, history)
        yield from _finished(trace)
        yield Event("hits", hits=tuple(hits))

        generate, grounds = self.generate, self.ground
        if is_note(hits):  # what a person corrected is said as it stands, alone, and doubted by nobody
            hits, generate, grounds = hits[:1], whole, []
        for reorder in self.reorder:
            hits = trace.run("reorder", reorder, asked, hits)
        yield from _finished(trace)

        pieces: list[str | Quote | Derived] = []
        for piece in trace.generate(generate, asked, hits):
            pieces.append(piece)
            if isinstance(piece, str):
                yield Event("text", text=piece)
        yield from _finished(trace)

        answer: Answer = trace.run("ground", cite, asked, pieces, hits, self._pages)
        for ground in grounds:
            answer = trace.run("ground", ground, asked, answer)
        least = self.settings.ask.quote_instead
        if answer.abstained and least < 1 and any(isinstance(piece, str) for piece in pieces):
            least = max(least, self.settings.ask.abstain_below)
            answer = quoted_instead(trace, self._quotes, asked, answer, least, self._pages)
        yield from _finished(trace)

        notes = notes_of(trace.records) + answer.notes
        return replace(answer, trace=tuple(trace.records), notes=notes)

    def variant(
        self,
        settings: Mapping[str, Any] | None = None,
        *,
        store: VectorStore | None = None,
        home: str | Path | None = None,
        **parts: Unpack[Changes],
    ) -> Self:
        """Another pipeline over the same open store and embedder, with some settings or parts changed.

        `parts` are those of `Rag(...)`, `denoise=[]` say. Closing the variant leaves the store open. Another
        embedder (`index.embedder`) needs another `store` too. What is kept beside another store, a glossary
        say, is kept in `home`. Raises ConfigError for a part that there is not.
        """
        if unknown := parts.keys() - Changes.__annotations__.keys():
            known = ", ".join(sorted(Changes.__annotations__))
            raise ConfigError(f"a variant has no part {', '.join(sorted(unknown))}: expected some of {known}")
        other = "index.embedder" in (settings or {})
        return type(self)(
            self.index,
            embedder=None if other else self.embedder,
            store=store or (self.store if self.exists else None),
            settings={**self.origin.settings, **(settings or {})},
            offline=self.offline,
            home=home or self.home,
            **{**self._given, **parts},
        )


def answer_of(events: Iterable[Event]) -> Answer:
    """The answer that a stream ends with. Raises ConfigError for events that were not taken to their end."""
    for event in events:
        if event.answer is not None:
            return event.answer
    raise ConfigError("no event holds an answer: expected all events of a stream, to its end")


def whole(question: Question, hits: Sequence[Hit]) -> list[Quote]:
    """The generator of a correction: the text of the first hit, word for word."""
    return [Quote(0, 0, len(hits[0].chunk.text), 1.0)]


def filter_of(where: Where) -> Filter | None:
    """The filter that is given, or that a text says. Raises FilterError for what is none."""
    if where is not None and not isinstance(where, str | Filter):
        raise FilterError(f"where is {where!r}, expected a text such as 'year >= 2024', or a filter")
    return parse_where(where) if isinstance(where, str) else where


def _finished(trace: Trace) -> Iterator[Event]:
    """An event for each stage that finished since the last time."""
    return (Event("stage", record=record) for record in trace.news())
