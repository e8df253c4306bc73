"""The framework on one screen: augment → retrieve → denoise → reorder → generate → ground.

Every stage is a callable; what is named in the settings is looked up once, what is passed in is used as it
is. Each stage leaves one record in the trace.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from rag.config import Resolved, resolve_settings
from rag.errors import ConfigError, StoreError
from rag.generate import Told
from rag.registry import part
from rag.stores import Filter, LocalStore, VectorStore, parse_where
from rag.trace import Record, counted, generated, name_of, run, told_answer, told_hits, told_question
from rag.types import Answer, Chunk, Document, DocumentInfo, Event, Hit, Question, Turn

if TYPE_CHECKING:
    from rag.augment import Augment
    from rag.augment.glossary_build import Built
    from rag.chunking import Chunker
    from rag.denoise import Denoise
    from rag.embedding import Embedder
    from rag.evaluate import Case, QuestionSet, Run
    from rag.generate import Generator, Quote
    from rag.generate.chat_model import ChatModel
    from rag.ground import Ground
    from rag.ingest import Report, Watcher
    from rag.reorder import Reorder
    from rag.retrieve import Retriever

Stages = Sequence[str | Callable[..., Any]]
Where = Filter | str | None


class Rag:
    """An index and the pipeline over it. Opening it is cheap: parts are made when they are first used.

        rag = Rag("notes.rag")
        rag.ingest("docs/")
        print(rag.ask("How do I add a loader?").text)

    `index` is a folder (default `.rag`), or `store` any `VectorStore`. A stage is given by name, by
    `module:function`, or as a callable; `settings` maps `section.name` to values and goes before the
    environment and `rag.toml`. Raises ConfigError for settings that cannot be used, and StoreError or one of
    its kinds when the store cannot be opened.
    """

    def __init__(
        self,
        index: str | Path = ".rag",
        *,
        embedder: Embedder | str | None = None,
        store: VectorStore | None = None,
        chunk: Chunker | str | None = None,
        augment: Stages | None = None,
        retrieve: Retriever | str | None = None,
        denoise: Stages | None = None,
        reorder: Stages | None = None,
        generate: Generator | str | None = None,
        ground: Stages | None = None,
        settings: Mapping[str, Any] | None = None,
        offline: bool = False,
        wait: float = 0.0,
    ) -> None:
        self.index = Path(index)
        self.config: Resolved = resolve_settings(self.index, settings)
        self.settings = self.config.settings
        self.offline = offline
        self._given_embedder, self._given_store, self._wait = embedder, store, wait
        self._chunk = chunk or self.settings.chunk.method
        self._stages = {
            "augment": self.settings.search.augment if augment is None else augment,
            "denoise": self.settings.search.denoise if denoise is None else denoise,
            "reorder": self.settings.ask.reorder if reorder is None else reorder,
            "ground": self.settings.ask.ground if ground is None else ground,
        }
        self._retrieve = retrieve or self.settings.search.retrieve
        self._generate = generate or self.settings.ask.generate
        self._overrides = dict(settings or {})
        self._given: dict[str, Any] = {
            "chunk": chunk,
            "augment": augment,
            "retrieve": retrieve,
            "denoise": denoise,
            "reorder": reorder,
            "generate": generate,
            "ground": ground,
        }

    # ------------------------------------------------------------------------------------------ ask

    def ask(
        self, question: str, *, k: int | None = None, where: Where = None, history: Sequence[Turn] = ()
    ) -> Answer:
        """The grounded answer to a question, from the `k` best hits among the chunks that match `where`.

        `history` is the conversation before it, oldest turn first: the augment stage `history` makes a
        follow-up stand alone by it.
        """
        answer = None
        for event in self.stream(question, k=k, where=where, history=history):
            answer = event.answer
        if answer is None:
            raise StoreError("the pipeline ended without an answer: a custom stage swallowed it")
        return answer

    def stream(
        self, question: str, *, k: int | None = None, where: Where = None, history: Sequence[Turn] = ()
    ) -> Iterator[Event]:
        """The answer as it comes about: finished stages, hits, pieces of text, and last the answer itself."""
        asked, found, trace = self._hits(question, k, where, history)
        hits: Sequence[Hit] = found
        yield from (Event("stage", record=record) for record in trace)
        yield Event("hits", hits=tuple(hits))

        for stage in self.reorder:
            hits, record = run("reorder", stage, asked, hits, came_in=counted(hits), told=told_hits)
            trace.append(record)
            yield Event("stage", record=record)

        written: list[str | Quote] = []
        detail: dict[str, Any] = {}
        began = time.perf_counter()
        for piece in _pieces(self.generate(asked, hits)):
            if isinstance(piece, Told):
                detail.update(piece.detail)
                continue
            written.append(piece)
            if isinstance(piece, str):
                yield Event("text", text=piece)
        trace.append(generated(name_of(self.generate), hits, written, time.perf_counter() - began, detail))
        yield Event("stage", record=trace[-1])

        from rag.ground.cite import cite

        answer, record = run(
            "ground", cite, asked, written, hits, self._pages, came_in=trace[-1].went_out, told=told_answer
        )
        trace.append(record)
        yield Event("stage", record=record)
        for check in self.ground:
            came_in = record.went_out
            answer, record = run("ground", check, asked, answer, came_in=came_in, told=told_answer)
            trace.append(record)
            yield Event("stage", record=record)
        notes = tuple(note for record in trace for note in record.detail.get("notes", ()))
        yield Event("answer", answer=replace(answer, trace=tuple(trace), notes=answer.notes + notes))

    def search(self, question: str, k: int | None = None, where: Where = None) -> list[Hit]:
        """The `k` best hits for a question, best first, among the chunks that match `where`."""
        return self._hits(question, k, where)[1]

    def explain(
        self, question: str, k: int | None = None, where: Where = None
    ) -> tuple[list[Hit], list[Record]]:
        """The hits of `search`, and the record of every stage."""
        _, hits, trace = self._hits(question, k, where)
        return hits, trace

    def _hits(
        self, question: str, k: int | None, where: Where, history: Sequence[Turn] = ()
    ) -> tuple[Question, list[Hit], list[Record]]:
        """augment → retrieve → denoise, cut to k. Denoise stages see more hits than k, so that k are left."""
        if not question.strip():
            raise ConfigError("the question is empty: expected some words")
        wanted = k or self.settings.search.k
        chosen = parse_where(where) if isinstance(where, str) else where
        trace: list[Record] = []
        asked = Question(question.strip(), history=tuple(history))
        for augment in self.augment:
            asked, record = run("augment", augment, asked, came_in=asked.text, told=told_question)
            trace.append(record)
        found: Sequence[Hit]
        found, record = run(
            "retrieve",
            self.retrieve,
            asked,
            wanted * 2 if self.denoise else wanted,
            chosen,
            came_in=told_question(asked)[0],
            told=told_hits,
        )
        trace.append(record)
        for denoise in self.denoise:
            found, record = run("denoise", denoise, asked, found, came_in=counted(found), told=told_hits)
            trace.append(record)
        return asked, list(found[:wanted]), trace

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

    @property
    def keeps_glossary(self) -> bool:
        """Whether the stage `glossary` is on: then every ingest brings the glossary up to date."""
        return "glossary" in self._stages["augment"]

    def build_glossary(self) -> Built:
        """Mines the corpus for its terms; documents that did not change are not read again.

        An ingest does this by itself where `keeps_glossary`. Raises StoreError without an index.
        """
        from rag.augment.glossary_build import refresh

        return refresh(self.opened, self.index, self._language)

    def remove(self, sources: Iterable[str] = (), where: Where = None) -> list[str]:
        """Removes documents by source, or by filter. Returns the sources that went."""
        store, wanted = self.opened, set(sources)
        chosen = parse_where(where) if isinstance(where, str) else where
        gone = {info.id: info.source for info in store.documents() if info.source in wanted}
        if chosen is not None:
            gone |= {info.id: info.source for info in store.documents(chosen)}
        if gone:
            store.delete(list(gone))
            store.sync()
        return sorted(gone.values())

    def documents(self, where: Where = None) -> list[DocumentInfo]:
        """What is stored, ordered by source."""
        chosen = parse_where(where) if isinstance(where, str) else where
        return list(self.opened.documents(chosen))

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

        `parts` are those of `Rag(...)`, `denoise=[]` say. Closing the variant leaves the store open.
        """
        return Rag(
            self.index,
            embedder=self.embedder,
            store=store or self.opened,
            settings={**self._overrides, **(settings or {})},
            offline=self.offline,
            **{**self._given, **parts},
        )

    # ---------------------------------------------------------------------------------------- parts

    @cached_property
    def embedder(self) -> Embedder:
        """The embedder given, else the one in the settings, else the one the index was built with."""
        from rag.embedding.open import open_embedder

        given = self._given_embedder
        if given is not None and not isinstance(given, str):
            return given
        return open_embedder(self.embedder_name, offline=self.offline)

    @property
    def embedder_name(self) -> str:
        """How to open the embedder again: as given, else as the index has it, else by the setting."""
        if isinstance(self._given_embedder, str):
            return self._given_embedder
        if self._given_embedder is not None:
            return self._given_embedder.name
        if self.config.origins["index.embedder"] == "default" and self._given_store is None:
            kept = LocalStore.identity_of(self.index)
            if kept is not None and kept.embedder:
                return kept.embedder
        return self.settings.index.embedder

    @cached_property
    def store(self) -> VectorStore:
        """The store; a local one is made if there is none."""
        if self._given_store is not None:
            return self._given_store
        return LocalStore.open(
            self.index,
            fingerprint=self.embedder.fingerprint,
            dim=self.embedder.dim,
            embedder=self.embedder_name,
            language=self.settings.index.language,
            engine=self.settings.index.lexical,
            wait=self._wait,
        )

    @property
    def exists(self) -> bool:
        """Whether there is an index to ask."""
        return self._given_store is not None or LocalStore.identity_of(self.index) is not None

    @property
    def opened(self) -> VectorStore:
        """The store, which must exist already."""
        if not self.exists:
            raise StoreError(f"there is no index at {self.index}: run `rag ingest PATH` first")
        return self.store

    @cached_property
    def chunk(self) -> Chunker:
        """The chunker; a chunk never has more tokens than the embedder reads."""
        from rag.chunking import chunker, options

        if not isinstance(self._chunk, str) or ":" in self._chunk:
            return self._part("chunking", self._chunk)  # type: ignore[no-any-return]
        chunk, known = self.settings.chunk, options(self._chunk)
        most = min(chunk.max_tokens, self.embedder.max_tokens)
        given: dict[str, Any] = {"max_tokens": most, "min_tokens": min(chunk.min_tokens, most)}
        if "embed" in known:
            given["embed"] = self.embedder.embed
        given = {name: value for name, value in given.items() if name in known}
        if chunk.overlap:  # not every method has it, and those that have begin without
            given["overlap"] = chunk.overlap
        return chunker(self._chunk, **{**given, **self.settings.stages.get(self._chunk, {})})

    @cached_property
    def augment(self) -> list[Augment]:
        return self._parts("augment")

    @cached_property
    def retrieve(self) -> Retriever:
        return self._part("retrieve", self._retrieve)  # type: ignore[no-any-return]

    @cached_property
    def denoise(self) -> list[Denoise]:
        return self._parts("denoise")

    @cached_property
    def reorder(self) -> list[Reorder]:
        return self._parts("reorder")

    @cached_property
    def generate(self) -> Generator:
        return self._part("generate", self._generate)  # type: ignore[no-any-return]

    @cached_property
    def ground(self) -> list[Ground]:
        return self._parts("ground")

    def _parts(self, kind: str) -> list[Any]:
        return [self._part(kind, named) for named in self._stages[kind]]

    def _part(self, kind: str, named: str | Callable[..., Any]) -> Any:
        return part(kind, named, self._offered, self.settings.stages)

    @property
    def _offered(self) -> Mapping[str, Callable[[], Any]]:
        """What the builders of built-in parts may ask for, by the name of their parameter."""
        search, ask = self.settings.search, self.settings.ask
        return {
            "index": lambda: self.index,
            "store": lambda: self.opened,
            "embedder": lambda: self.embedder,
            "language": lambda: self._language,
            "depth": lambda: search.depth,
            "fusion": lambda: search.fusion,
            "dense_weight": lambda: search.dense_weight,
            "lexical_weight": lambda: search.lexical_weight,
            "sentences": lambda: ask.sentences,
            "abstain_below": lambda: ask.abstain_below,
            "open_model": lambda: self.model,
            "model_settings": lambda: self.settings.model,
            "max_tokens": lambda: self.settings.model.max_tokens,
            "temperature": lambda: self.settings.model.temperature,
            "seed": lambda: self.settings.model.seed,
            "offline": lambda: self.offline,
        }

    def model(self, kind: str = "") -> ChatModel:
        """The language model of the settings, opened once, as gguf, hf or openai, or as what it is."""
        from rag.generate.opening import open_model

        settings = self.settings
        return open_model(kind, settings.model, settings.models, offline=self.offline)

    @property
    def _language(self) -> str:
        """For analysing questions: the store's language, or English while it is not told."""
        told = getattr(self.opened, "language", self.settings.index.language)
        return "english" if told == "auto" else str(told)

    def _pages(self, document_id: str) -> Sequence[int]:
        documents = self.opened.load([document_id])
        return documents[0].pages if documents else ()

    # ------------------------------------------------------------------------------------ lifecycle

    def close(self) -> None:
        """Closes the store, if it was opened here."""
        if self._given_store is None and "store" in self.__dict__:
            self.store.close()
            del self.__dict__["store"]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _pieces(generated: str | Iterable[str | Quote | Told]) -> Iterable[str | Quote | Told]:
    """A generator may also return one string."""
    return (generated,) if isinstance(generated, str) else generated
