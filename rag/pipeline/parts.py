"""What a pipeline is made of: embedder, store, chunker and stages, each made when it is first used.

What is named in the settings is looked up once, what is passed in is used as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypedDict

from rag import trust
from rag.config import Resolved, resolve_settings
from rag.denoise.corrections import NAME as CORRECTIONS
from rag.errors import StoreError
from rag.stores import BuiltWith, VectorStore, built_with, open_store, store_name, without_password

from .adopted import TUNED, with_adopted
from .adopted import part as tuned_part
from .registry import part

if TYPE_CHECKING:
    from rag.augment import Augment
    from rag.chunking import Chunker
    from rag.config import ModelSettings
    from rag.denoise import Denoise
    from rag.embedding import Embedder
    from rag.generate import Generator
    from rag.ground import Ground
    from rag.llm.chat import ChatModel
    from rag.reading import Reader
    from rag.reorder import Reorder
    from rag.retrieve import Retriever
    from rag.retrieve.query_map import QueryMap
    from rag.types import Chunk, Document

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
        self._given_embedder, self._given_store, self._wait = embedder, store, wait
        self._chunk = chunk or self.settings.chunk.method
        self._stages = {
            "augment": self.settings.search.augment if augment is None else _listed(augment),
            "denoise": self.settings.search.denoise if denoise is None else _listed(denoise),
            "reorder": self.settings.ask.reorder if reorder is None else _listed(reorder),
            "ground": self.settings.ask.ground if ground is None else _listed(ground),
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

    @cached_property
    def embedder(self) -> Embedder:
        """The embedder given, else the one in the settings, else the one the index was built with."""
        from rag.embedding.open import open_embedder

        given = self._given_embedder
        if given is not None and not isinstance(given, str):
            return given
        return open_embedder(self.embedder_name, offline=self.offline)

    @cached_property
    def reader(self) -> Reader:
        """The reader of the settings, else the one that ships. Raises ModelError for a folder without one."""
        from rag.reading.onnx import OnnxReader

        return OnnxReader.open(self.settings.ask.reader or None)

    @cached_property
    def query_map(self) -> QueryMap | None:
        """The map of query vectors that is adopted or named; None where there is none.

        Raises FingerprintError for one that was made for another embedder.
        """
        folder = self._tuned("retriever", self.settings.search.adapter)
        if folder is None:
            return None
        from rag.retrieve.query_map import QueryMap

        return QueryMap.load(folder)

    def _tuned(self, kind: str, named: str) -> Path | None:
        if named == "none" or not (named or (self.home / TUNED).is_dir()):
            return None
        return tuned_part(self.home, kind, named, self.embedder.fingerprint)

    @property
    def embedder_is_named(self) -> bool:
        """Whether another process can open the same embedder, by `embedder_name`."""
        return self._given_embedder is None or isinstance(self._given_embedder, str)

    @property
    def by_url(self) -> bool:
        """Whether another process can open the same store, by `url`."""
        return self._given_store is None

    @property
    def overrides(self) -> Mapping[str, Any]:
        """The settings that were given in code or as options, by full name."""
        return self._overrides

    @property
    def embedder_name(self) -> str:
        """How to open the embedder again: as given, else as the index has it, else by the setting."""
        if isinstance(self._given_embedder, str):
            return self._given_embedder
        if self._given_embedder is not None:
            return self._given_embedder.name
        if self.config.origins["index.embedder"] == "default" and self._given_store is None:
            kept = self.built_with
            if kept is not None and kept.embedder:
                needs = self._needing_trust(kept.embedder)
                trust.require(Path(self.url) / "rag.toml", needs, needs)
                return kept.embedder
        return self.settings.index.embedder

    def _needing_trust(self, embedder: str) -> dict[str, str]:
        """What needs trust of an index in a folder: an embedder that is loaded, or fetched, because of it."""
        return {"index.embedder": embedder} if embedder != "builtin" and self._is_local else {}

    def trust_own(self) -> None:
        """Remembers that the index was made here, by this user, with an embedder that they named."""
        if needs := self._needing_trust(self.embedder_name):
            trust.trust_own(Path(self.url) / "rag.toml", needs)

    @property
    def _is_local(self) -> bool:
        return self._given_store is None and store_name(self.url) == "local"

    @property
    def url(self) -> str:
        """Where the store is: the URL or folder in the settings, else the index folder."""
        return self.settings.store.url or str(self.index)

    @property
    def place(self) -> str:
        """The same for people to read, without a password."""
        return without_password(self.url)

    @property
    def built_with(self) -> BuiltWith | None:
        """What the store at `url` was built with; None where there is none."""
        return built_with(self.url, self._store_options)

    @property
    def _store_options(self) -> Mapping[str, Any]:
        return self.settings.stores.get(store_name(self.url), {})

    @property
    def store(self) -> VectorStore:
        """The store, which an ingest has made. Raises StoreError where there is none."""
        if not self.exists:
            raise StoreError(f"there is no index at {self.place}: run `rag ingest PATH` first")
        return self._store

    def make_store(self) -> VectorStore:
        """The store, made where there is none."""
        return self._store

    @cached_property
    def _store(self) -> VectorStore:
        if self._given_store is not None:
            return self._given_store
        is_new = self._is_local and self.built_with is None
        opened = open_store(
            self.url,
            fingerprint=self.embedder.fingerprint,
            dim=self.embedder.dim,
            embedder=self.embedder_name,
            language=self.settings.index.language,
            engine=self.settings.index.lexical,
            wait=self._wait,
            options=self._store_options,
        )
        if is_new:
            self.trust_own()
        return opened

    @property
    def exists(self) -> bool:
        """Whether there is an index to ask."""
        return self._given_store is not None or "_store" in self.__dict__ or self.built_with is not None

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

    def chunks(self, document: Document) -> list[Chunk]:
        """How this index would cut a document."""
        from rag.chunking import make_chunks

        return make_chunks(document, self.chunk(document, self.embedder.token_ends))

    @cached_property
    def augment(self) -> list[Augment]:
        return self._parts("augment")

    @cached_property
    def retrieve(self) -> Retriever:
        return self._part("retrieve", self._retrieve)  # type: ignore[no-any-return]

    @cached_property
    def denoise(self) -> list[Denoise]:
        stages = self._parts("denoise")
        corrected = (self.home / CORRECTIONS).exists() and "corrections" not in self._stages["denoise"]
        return [*stages, self._part("denoise", "corrections")] if corrected else stages

    @cached_property
    def reorder(self) -> list[Reorder]:
        return self._parts("reorder")

    @cached_property
    def generate(self) -> Generator:
        return self._part("generate", self._generate)  # type: ignore[no-any-return]

    @cached_property
    def ground(self) -> list[Ground]:
        return self._parts("ground")

    def _ready(self) -> None:
        """Makes every stage, so that a setting that cannot be used is reported before any work is done."""
        _ = self.augment, self.retrieve, self.denoise, self.reorder, self.ground, self.generate

    @property
    def named(self) -> Sequence[tuple[str, str | Callable[..., Any]]]:
        """Every stage of the pipeline by its kind and name, or as what was given, made or not."""
        return [
            *(("augment", part) for part in self._stages["augment"]),
            ("retrieve", self._retrieve),
            *((kind, part) for kind in ("denoise", "reorder") for part in self._stages[kind]),
            ("generate", self._generate),
            *(("ground", part) for part in self._stages["ground"]),
        ]

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
            "query_map": lambda: self.query_map,
            "store": lambda: self.store,
            "embedder": lambda: self.embedder,
            "language": lambda: self.language,
            "depth": lambda: search.depth,
            "fusion": lambda: search.fusion,
            "dense_weight": lambda: search.dense_weight,
            "lexical_weight": lambda: search.lexical_weight,
            "reader": lambda: self.reader,
            "read_depth": lambda: search.read,
            "sentences": lambda: ask.sentences,
            "abstain_below": lambda: ask.abstain_below,
            "open_model": lambda: self.model,
            "model_settings": lambda: self._model_settings,
            "options.max_tokens": lambda: self._model_settings.max_tokens,
            "options.temperature": lambda: self._model_settings.temperature,
            "options.seed": lambda: self._model_settings.seed,
            "offline": lambda: self.offline,
        }

    def model(self, kind: str = "") -> ChatModel:
        """The language model of the settings, opened once, as gguf, hf or openai, or as what it is."""
        from rag.llm.open import open_model

        return open_model(kind, self._model_settings, offline=self.offline)

    @cached_property
    def _model_settings(self) -> ModelSettings:
        """Those of `[model]`, with what is known of a model that is named there."""
        from rag.llm.catalogue import completed

        return completed(self.settings.model, self.settings.models)

    @property
    def language(self) -> str:
        """For analysing questions: the store's language, or English until it is known."""
        language = getattr(self.store, "language", self.settings.index.language)
        return "english" if language == "auto" else str(language)

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


def _listed(stages: Stages | str | Callable[..., Any]) -> Stages:
    """A list of stages; one name or one callable stands for a list of one, as in a settings file."""
    return (stages,) if isinstance(stages, str) or callable(stages) else stages
