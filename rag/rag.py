"""The framework on one screen: augment → retrieve → denoise → reorder → generate → ground.

Every stage is a callable and leaves one record in the trace. What the stages are, and how names become
callables, is in `parts.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.errors import ConfigError, StoreError
from rag.pipeline.parts import Parts
from rag.stores import Filter, VectorStore, parse_where
from rag.trace import Record, Trace, notes_of
from rag.types import Answer, Chunk, Document, DocumentInfo, Event, Hit, Question, Turn

if TYPE_CHECKING:
    from rag.evaluate import Case, QuestionSet, Run
    from rag.generate import Quote
    from rag.glossary.build import Built
    from rag.ingest import Report, Watcher

Where = Filter | str | None


class Rag(Parts):
    """An index and the pipeline over it. Opening it is cheap: parts are made when they are first used.

        rag = Rag("notes.rag")
        rag.ingest("docs/")
        print(rag.ask("How do I add a loader?").text)

    `index` is a folder (default `.rag`). `store` is a `VectorStore` or the URL of one, where documents and
    chunks are not to live in that folder; what belongs to its reader stays there (the glossary, solved
    questions), and `rag.toml` beside it. A stage is given by name, by
    `module:function`, or as a callable; `settings` maps `section.name` to values and goes before the
    environment and `rag.toml`. Raises ConfigError for settings that cannot be used, and StoreError or one of
    its kinds when the store cannot be opened.
    """

    # ------------------------------------------------------------------------------------------ ask

    def ask(
        self, question: str, *, k: int | None = None, where: Where = None, history: Sequence[Turn] = ()
    ) -> Answer:
        """The grounded answer to a question, from the `k` best hits among the chunks that match `where`.

        `history` is the conversation before it, oldest turn first: the augment stage `history` makes a
        follow-up stand alone by it.
        """
        for event in self.stream(question, k=k, where=where, history=history):
            if event.answer is not None:
                return event.answer
        raise StoreError("the pipeline ended without an answer: a custom stage swallowed it")

    def stream(
        self, question: str, *, k: int | None = None, where: Where = None, history: Sequence[Turn] = ()
    ) -> Iterator[Event]:
        """The answer as it comes about: finished stages, hits, pieces of text, and last the answer itself."""
        from rag.ground.cite import cite

        self.ready()
        trace = Trace(question)
        asked, hits = self._retrieved(trace, question, k, where, history)
        yield from _finished(trace)
        yield Event("hits", hits=tuple(hits))

        for reorder in self.reorder:
            hits = trace.run("reorder", reorder, asked, hits)
        yield from _finished(trace)

        pieces: list[str | Quote] = []
        for piece in trace.generate(self.generate, asked, hits):
            pieces.append(piece)
            if isinstance(piece, str):
                yield Event("text", text=piece)
        yield from _finished(trace)

        answer: Answer = trace.run("ground", cite, asked, pieces, hits, self.pages)
        for ground in self.ground:
            answer = trace.run("ground", ground, asked, answer)
        yield from _finished(trace)

        notes = answer.notes + notes_of(trace.records)
        yield Event("answer", answer=replace(answer, trace=tuple(trace.records), notes=notes))

    def search(self, question: str, k: int | None = None, where: Where = None) -> list[Hit]:
        """The `k` best hits for a question, best first, among the chunks that match `where`."""
        return self.explain(question, k, where)[0]

    def explain(
        self, question: str, k: int | None = None, where: Where = None
    ) -> tuple[list[Hit], list[Record]]:
        """The hits of `search`, and the record of every stage."""
        trace = Trace(question)
        _, hits = self._retrieved(trace, question, k, where)
        return list(hits), trace.records

    def _retrieved(
        self, trace: Trace, question: str, k: int | None, where: Where, history: Sequence[Turn] = ()
    ) -> tuple[Question, Sequence[Hit]]:
        """augment → retrieve → denoise, cut to k. Denoise stages see more hits than k, so that k are left."""
        if not question.strip():
            raise ConfigError("the question is empty: expected some words")
        wanted = self.settings.search.k if k is None else k
        if wanted < 1:
            raise ConfigError(f"k is {wanted}, expected at least 1")
        asked = Question(question.strip(), history=tuple(history))
        for augment in self.augment:
            asked = trace.run("augment", augment, asked)
        reach = wanted + wanted // 2 + 1 if self.denoise else wanted
        reach = max([reach, *(getattr(stage, "reach", 0) for stage in self.denoise)])
        hits: Sequence[Hit] = trace.run("retrieve", self.retrieve, asked, reach, _filter(where))
        for denoise in self.denoise:
            hits = trace.run("denoise", denoise, asked, hits)
        trace.passed_on(hits[:wanted])
        return asked, hits[:wanted]

    # --------------------------------------------------------------------------------------- ingest

    def ingest(
        self,
        sources: str | Path | Document | Iterable[str | Path | Document],
        *,
        progress: Watcher | None = None,
        force: bool = False,
        load: Callable[[Path, str], Sequence[Document]] | None = None,
    ) -> Report:
        """Makes the store follow files and folders, and stores documents made in Python.

        What is gone from a folder is removed, what did not change is left alone; `force` reads everything
        again. `load(path, source)` replaces the built-in loaders. A file that cannot be read becomes a row
        of the report's `failed` and keeps what was stored of it. Raises LockedError while another process
        writes, ConfigError for a path that does not exist.
        """
        from rag.ingest.run import ingest

        return ingest(self, sources, progress=progress, force=force, load=load)

    def build_glossary(self) -> Built:
        """Mines the corpus for its terms; documents that did not change are not read again.

        An ingest does this by itself where `keeps_glossary`. Raises StoreError without an index.
        """
        from rag.glossary.build import refresh

        return refresh(self.opened, self.index, self.language)

    def remove(self, sources: Iterable[str] = (), where: Where = None) -> list[str]:
        """Removes documents by source, or by filter. Returns the sources that went."""
        store, wanted = self.opened, set(sources)
        chosen = _filter(where)
        gone = {info.id: info.source for info in store.documents() if info.source in wanted}
        if chosen is not None:
            gone |= {info.id: info.source for info in store.documents(chosen)}
        if gone:
            store.delete(list(gone))
            store.sync()
        return sorted(gone.values())

    def documents(self, where: Where = None) -> list[DocumentInfo]:
        """What is stored, ordered by source."""
        return list(self.opened.documents(_filter(where)))

    def chunks(self, document: Document) -> list[Chunk]:
        """How this index would cut a document."""
        from rag.chunking import make_chunks

        return make_chunks(document, self.chunk(document, self.embedder.token_ends))

    # ------------------------------------------------------------------------------------- evaluate

    def evaluate(self, questions: QuestionSet | Sequence[Case] | str | Path, **options: Any) -> Run:
        """Asks every question of a set and measures what comes back; `rag.evaluate.evaluate` has options."""
        from rag.evaluate.run import evaluate

        return evaluate(self, questions, **options)

    def variant(
        self, settings: Mapping[str, Any] | None = None, *, store: VectorStore | None = None, **parts: Any
    ) -> Rag:
        """Another pipeline over the same open store and embedder, with some settings or parts changed.

        `parts` are those of `Rag(...)`, `denoise=[]` say. Closing the variant leaves the store open. Another
        embedder (`index.embedder`) needs another `store` too.
        """
        other = "index.embedder" in (settings or {})
        return Rag(
            self.index,
            embedder=None if other else self.embedder,
            store=store or (self.store if self.exists else None),
            settings={**self._overrides, **(settings or {})},
            offline=self.offline,
            **{**self._given, **parts},
        )


def _filter(where: Where) -> Filter | None:
    return parse_where(where) if isinstance(where, str) else where


def _finished(trace: Trace) -> Iterator[Event]:
    """An event for each stage that finished since the last time."""
    return (Event("stage", record=record) for record in trace.news())
