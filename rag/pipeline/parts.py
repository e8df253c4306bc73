"""What a pipeline is made of: embedder, store, chunker and stages, each made when it is first used.

What is named in the settings is looked up once, what is passed in is used as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypedDict

from rag.config import Resolved, resolve_settings
from rag.denoise.corrections import NAME as CORRECTIONS
from rag.errors import ConfigError, RagError, StageError, StoreError
from rag.secrets import guarded
from rag.stores import VectorStore, open_store

from .adopted import TUNED, with_adopted
from .adopted import part as tuned_part
from .conditional import spelled
from .origin import Origin
from .registry import part
from .solved import solved_examples

if TYPE_CHECKING:
    from rag.augment import Augment
    from rag.chunking import Chunker
    from rag.config import ModelSettings
    from rag.denoise import Denoise
    from rag.denoise.trees import Trees
    from rag.embedding import Embedder
    from rag.generate import Generator
    from rag.ground import Ground
    from rag.llm.chat import ChatModel
    from rag.reading import Reader
    from rag.reorder import Reorder
    from rag.retrieve import Retriever
    from rag.retrieve.query_map import QueryMap
    from rag.types import Chunk, Document

_READING = ("rerank", "cross_encoder", "listwise")  # stages behind which a ranker knows most
Stages = Sequence[str | Callable[..., Any]]


class Changes(TypedDict, total=False):
    """Parts that a variant of a pipeline has in place of its own: those of `Rag(...)`."""

    chunk: Chunker | str | None
    augment: Stages | None
    retrieve: Retriever | str | None
    denoise: Stages | None
    reorder: Stages | None
    generate: Generator | str | None
    ground: Stages | None


class Parts:
    """The parts of one pipeline; `Pipeline` is what they do together."""

    def __init__(
        self,
        index: str | Path = ".rag",
        *,
        embedder: Embedder | str | None = None,
        store: VectorStore | str | Path | None = None,
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
        home: str | Path | None = None,
    ) -> None:
        self.index = Path(index)
        self.home = self.index if home is None else Path(home)
        if isinstance(store, str | Path):
            settings, store = {**(settings or {}), "store.url": str(store)}, None
        self.config: Resolved = with_adopted(resolve_settings(self.index, settings), self.home)
        self.settings = self.config.settings
        self.offline = offline
        self.origin = Origin(self.index, self.config, guarded("", settings or {}), embedder, store is None)
        self._given_store, self._wait = store, wait
        self._chunk = chunk or self.settings.chunk.method
        self._stages = {
            "augment": self.settings.search.augment if augment is None else _listed("augment", augment),
            "denoise": self.settings.search.denoise if denoise is None else _listed("denoise", denoise),
            "reorder": self.settings.ask.reorder if reorder is None else _listed("reorder", reorder),
            "ground": self.settings.ask.ground if ground is None else _listed("ground", ground),
        }
        self._retrieve = retrieve or self.settings.search.retrieve
        self._generate = generate or self.settings.ask.generate
        self._given: dict[str, Any] = {
            "chunk": chunk,
            "augment": augment,
            "retrieve": retrieve,
            "denoise": denoise,
            "reorder": reorder,
            "generate": generate,
            "ground": ground,
        }

    @cached_property
    def embedder(self) -> Embedder:
        """The embedder given, else the one in the settings, else the one the index was built with."""
        from rag.embedding.open import open_embedder

        given = self.origin.given_embedder
        if given is not None and not isinstance(given, str):
            return given
        return open_embedder(self.origin.embedder, offline=self.offline)

    @cached_property
    def reader(self) -> Reader:
        """The reader of the settings, else the one that ships. Raises ModelError for a folder without one."""
        from rag.reading.onnx import OnnxReader

        return OnnxReader.open(self.settings.ask.reader or None)

    @cached_property
    def _query_map(self) -> QueryMap | None:
        """The map of query vectors that is adopted or named; None where there is none.

        Raises FingerprintError for one that was made for another embedder.
        """
        folder = self._tuned("retriever", self.settings.search.adapter)
        if folder is None:
            return None
        from rag.retrieve.query_map import QueryMap

        return QueryMap.load(folder)

    @cached_property
    def _ranker(self) -> tuple[Trees, float] | None:
        """The trees that order hits, and their weight, adopted or named; None where there are none.

        Raises FingerprintError for trees that were learned with another embedder.
        """
        folder = self._tuned("ranker", self.settings.search.ranker)
        if folder is None:
            return None
        from rag.denoise.hit_signals import NAMES
        from rag.denoise.trees import load

        from .adopted import Card

        return load(folder, NAMES), float(Card.read(folder).options["weight"])

    def _tuned(self, kind: str, named: str) -> Path | None:
        if named == "none" or not (named or (self.home / TUNED).is_dir()):
            return None
        return tuned_part(self.home, kind, named, self.embedder.fingerprint)

    @property
    def store(self) -> VectorStore:
        """The store, which an ingest has made. Raises StoreError where there is none."""
        if not self.exists:
            raise StoreError(f"there is no index at {self.origin.place}: run `rag ingest PATH` first")
        return self._store

    @cached_property
    def _store(self) -> VectorStore:
        if self._given_store is not None:
            return self._given_store
        origin = self.origin
        is_new = origin.is_local and origin.built_with is None
        opened = open_store(
            origin.url,
            fingerprint=self.embedder.fingerprint,
            dim=self.embedder.dim,
            embedder=origin.embedder,
            language=self.settings.index.language,
            engine=self.settings.index.lexical,
            wait=self._wait,
            options=origin.store_options,
        )
        if is_new:
            origin.trust_own()
        return opened

    @property
    def exists(self) -> bool:
        """Whether there is an index to ask."""
        is_open = self._given_store is not None or "_store" in self.__dict__
        return is_open or self.origin.built_with is not None

    @cached_property
    def chunk(self) -> Chunker:
        """The chunker; a chunk never has more tokens than the embedder reads."""
        from rag.chunking import chunker

        if not isinstance(self._chunk, str) or ":" in self._chunk:
            return self._part("chunking", self._chunk)  # type: ignore[no-any-return]
        return chunker(self._chunk, **self._chunk_options(self._chunk))

    def _chunk_options(self, method: str) -> dict[str, Any]:
        from rag.chunking import options

        chunk, known = self.settings.chunk, options(method)
        most = min(chunk.max_tokens, self.embedder.max_tokens)
        given: dict[str, Any] = {"max_tokens": most, "min_tokens": min(chunk.min_tokens, most)}
        if "embed" in known:
            given["embed"] = self.embedder.embed
        given = {name: value for name, value in given.items() if name in known}
        if chunk.overlap:  # not every method has it, and those that have begin without
            given["overlap"] = chunk.overlap
        return {**given, **self.settings.stages.get(method, {})}

    def chunks(self, document: Document) -> list[Chunk]:
        """How this index would cut a document."""
        from rag.chunking import make_chunks

        try:
            spans = self.chunk(document, self.embedder.token_ends)
        except (RagError, MemoryError):
            raise
        except Exception as error:  # a bug of the chunker is this document's error, not the end of the run
            raise StageError(f"the chunker failed: {type(error).__name__}: {error}") from error
        return make_chunks(document, spans)

    @cached_property
    def augment(self) -> list[Augment]:
        return self._parts("augment")

    @cached_property
    def retrieve(self) -> Retriever:
        return self._part("retrieve", self._retrieve)  # type: ignore[no-any-return]

    @cached_property
    def denoise(self) -> list[Denoise]:
        stages = self._parts("denoise")
        if "ranker" not in self._stages["denoise"] and self._ranker is not None:
            reads = [at for at, named in enumerate(self._stages["denoise"], 1) if named in _READING]
            stages.insert(max(reads, default=0), self._part("denoise", "ranker"))
        corrected = (self.home / CORRECTIONS).exists() and "corrections" not in self._stages["denoise"]
        return [*stages, self._part("denoise", "corrections")] if corrected else stages

    @cached_property
    def reorder(self) -> list[Reorder]:
        return self._parts("reorder")

    @cached_property
    def generate(self) -> Generator:
        return self._part("generate", self._generate)  # type: ignore[no-any-return]

    @cached_property
    def _quotes(self) -> Generator:
        """The built-in generator, whatever the settings name."""
        return self._part("generate", "extractive")  # type: ignore[no-any-return]

    @cached_property
    def ground(self) -> list[Ground]:
        return self._parts("ground")

    def _ready(self) -> None:
        """Makes every stage, so that a setting that cannot be used is reported before any work is done."""
        _ = self.augment, self.retrieve, self.denoise, self.reorder, self.ground, self.generate

    def _parts(self, kind: str) -> list[Any]:
        return [self._part(kind, named) for named in self._stages[kind]]

    def _part(self, kind: str, named: str | Callable[..., Any]) -> Any:
        return part(kind, named, self._offered, self.settings.stages)

    @property
    def _offered(self) -> Mapping[str, Callable[[], Any]]:
        """What the builders of built-in parts may ask for, by the name of their parameter.

        `options.seed` is for that field of a parameter `options`: a stage that samples has its own seeds.
        """
        search, ask = self.settings.search, self.settings.ask
        return {
            "index": lambda: self.home,
            "query_map": lambda: self._query_map,
            "ranker": lambda: self._ranker,
            "store": lambda: self.store,
            "embedder": lambda: self.embedder,
            "language": lambda: language_of(self),
            "depth": lambda: search.depth,
            "fusion": lambda: search.fusion,
            "dense_weight": lambda: search.dense_weight,
            "lexical_weight": lambda: search.lexical_weight,
            "reader": lambda: self.reader,
            "read_depth": lambda: search.read,
            "sentences": lambda: ask.sentences,
            "abstain_below": lambda: ask.abstain_below,
            "open_model": lambda: partial(model_of, self),
            "model_settings": lambda: self._model_settings,
            "options.max_tokens": lambda: self._model_settings.max_tokens,
            "options.temperature": lambda: self._model_settings.temperature,
            "options.seed": lambda: self._model_settings.seed,
            "solved": lambda: partial(solved_examples, self.home, self.store),
            "generate": lambda: self.generate,
            "pages": lambda: self._pages,
            "offline": lambda: self.offline,
        }

    @cached_property
    def _model_settings(self) -> ModelSettings:
        """Those of `[model]`, with what is known of a model that is named there."""
        from rag.llm.catalogue import completed

        return completed(self.settings.model, self.settings.models)

    def _pages(self, document_id: str) -> Sequence[int]:
        """The offsets at which a document's pages begin; empty where it has none."""
        documents = self.store.load([document_id])
        return documents[0].pages if documents else ()

    # ------------------------------------------------------------------------------------ lifecycle

    def close(self) -> None:
        """Closes the store, if it was opened here."""
        if self._given_store is None and "_store" in self.__dict__:
            self._store.close()
            del self.__dict__["_store"]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def make_store(parts: Parts) -> VectorStore:
    """The store, made where there is none."""
    return parts._store


def stages_of(parts: Parts) -> Sequence[tuple[str, str | Callable[..., Any]]]:
    """Every stage by its kind and name, or as what was given, made or not."""
    given = parts._stages
    return [
        *(("augment", stage) for stage in given["augment"]),
        ("retrieve", parts._retrieve),
        *((kind, stage) for kind in ("denoise", "reorder") for stage in given[kind]),
        ("generate", parts._generate),
        *(("ground", stage) for stage in given["ground"]),
    ]


def has_stage(parts: Parts, kind: str, name: str) -> bool:
    """Whether there is a stage of this name, with a condition or without one."""
    named = [stage for of, stage in stages_of(parts) if of == kind and isinstance(stage, str)]
    return any(spelled(stage).stage == name for stage in named)


def remake(parts: Parts, *kinds: str) -> None:
    """Has the stages of these kinds made anew when they are next used: what they read has changed."""
    for kind in kinds:
        parts.__dict__.pop(kind, None)


def model_of(parts: Parts, kind: str = "") -> ChatModel:
    """The language model of the settings, opened once, as gguf, hf or openai, or as what it is."""
    from rag.llm.open import open_model

    return open_model(kind, parts._model_settings, offline=parts.offline)


def language_of(parts: Parts) -> str:
    """For analysing questions: the store's language, or English until it is known."""
    language = getattr(parts.store, "language", parts.settings.index.language)
    return "english" if language == "auto" else str(language)


def _listed(kind: str, stages: Stages | str | Callable[..., Any]) -> Stages:
    """A list of stages; one name or one callable stands for a list of one, as in a settings file."""
    if isinstance(stages, str) or callable(stages):
        return (stages,)
    if not isinstance(stages, Sequence):
        raise ConfigError(f"{kind} is {stages!r}, expected a list of names, module:function or callables")
    return stages


def chunker_by_name(parts: Parts) -> tuple[str, Mapping[str, Any]] | None:
    """Method and options of the chunker, for another process; None where it cannot be made there."""
    from rag.chunking import options

    method = parts._chunk
    if not isinstance(method, str) or ":" in method or "embed" in options(method):
        return None
    return method, parts._chunk_options(method)
