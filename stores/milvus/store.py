"""The Milvus store: a cluster for very many chunks, or Milvus Lite in a file for trials.

    milvus://HOST:PORT/COLLECTION       milvuss:// with TLS; the token from MILVUS_TOKEN
    milvus:///PATH/NAME.db              Lite: one process at a time

Milvus has no transactions. A document's chunks are written as a new generation, which one row makes seen;
what is of another generation is left out, and a search is done again where a document changed while it looked
(`generations.py`). `connection.py` reaches servers, `setup.py` makes collections, `rows.py` makes rows,
`filter.py` turns filters into expressions, `lexical.py` is BM25, `upkeep.py` looks after it all.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from rag.errors import ConfigError, FingerprintError, StoreError
from rag.types import Chunk, Document, DocumentInfo, Scored

from ..contract import BuiltWith, Capabilities, Problem, Upsert
from ..engine.batches import pieces
from ..engine.generations import now
from ..engine.language import Analysis
from ..engine.top_k import best
from ..upsert import prepared
from ..where import CHUNK_FIELDS, Filter, Op, leaves
from .connection import LEVELS, MOST_HITS, ROWS_A_REQUEST, Connection, place_of
from .filter import EVERYTHING, is_one_of, string_of, to_expression
from .generations import (
    HEADS,
    IDS_A_REQUEST,
    STATE,
    Row,
    forget,
    generations,
    seen,
    seen_all,
    show,
)
from .lexical import SPARSE, FunctionLeg, Leg, NoLeg, SparseLeg
from .rows import (
    VECTOR,
    after_chunk,
    chunk_id_of,
    chunk_in,
    chunk_rows,
    document_in,
    document_key,
    head_row,
    info_in,
    is_chunk_id,
    text_rows,
)
from .setup import Identity, keep_language, load, make_collections, read_identity, read_language
from .upkeep import problems, tidy

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CAPS = Capabilities(
    name="milvus",
    lexical="milvus-bm25",
    filters=frozenset(get_args(Op)),
    bm25=True,
    unspaced=True,
    dense="hnsw",
    snapshots=False,
    concurrent_writers=True,
    max_k=MOST_HITS,
    max_batch=ROWS_A_REQUEST,
)
_LEXICAL = {"function": "milvus-bm25", "sparse": "milvus-sparse", "none": ""}
_INDEXES = ("HNSW", "FLAT", "AUTOINDEX", "DISKANN")


def open(  # noqa: A001
    url: str,
    *,
    fingerprint: str,
    dim: int,
    embedder: str = "",
    language: str = "auto",
    token: str = "",
    database: str = "",
    timeout: float = 30.0,
    consistency: str = "Strong",
    lexical: str = "",
    index: str = "",
    effort: int = 100,
) -> MilvusStore:
    """Opens the collection that a URL names, or makes it.

    `token` defaults to MILVUS_TOKEN; `database` is one of the server's; `timeout` is in seconds.
    `consistency` is how fresh reads are: `Strong`, `Session`, `Bounded` or `Eventually`. When the collection
    is made, `lexical` is `function`, `sparse` or `none`, by default what the server can, and `index` is that
    of vectors: `HNSW` (`FLAT` on Lite), `AUTOINDEX`, `DISKANN`. `effort` is the `ef` of HNSW: higher is
    slower and finds more.

    Raises MissingExtra, ConfigError for a URL or an option that cannot be used, FingerprintError where the
    collection was built with another embedder, LockedError where another process has the file open, and
    StoreError where the server cannot be reached or is too old.
    """
    _refuse("consistency", consistency, LEVELS)
    _refuse("lexical", lexical or "none", tuple(_LEXICAL))
    _refuse("index", index or "FLAT", _INDEXES)
    connection = Connection(place_of(url), token=token, database=database, timeout=timeout)
    try:
        identity = read_identity(connection)
        if identity is None:
            leg = lexical or _leg_of(connection)
            wanted = Identity(
                fingerprint, dim, embedder, leg, index or ("FLAT" if connection.lite else "HNSW")
            )
            make_collections(connection, wanted, language)
            identity = read_identity(connection) or wanted
        if (identity.fingerprint, identity.dim) != (fingerprint, dim):
            raise FingerprintError.between(
                url,
                (identity.embedder, identity.fingerprint),
                (embedder, fingerprint),
                "name another collection",
            )
        load(connection)
    except BaseException:
        connection.close()
        raise
    connection.level = consistency
    return MilvusStore(connection, identity, effort)


def built_with(url: str, *, token: str = "", database: str = "", timeout: float = 30.0) -> BuiltWith | None:
    """What the collection was built with; None where there is none."""
    place = place_of(url)
    if place.file and not Path(place.file).exists():
        return None
    connection = Connection(place, token=token, database=database, timeout=timeout)
    try:
        identity = read_identity(connection)
        if identity is None:
            return None
        load(connection)
        return BuiltWith(identity.embedder, identity.fingerprint, identity.dim, read_language(connection))
    finally:
        connection.close()


def _refuse(option: str, given: str, known: Sequence[str]) -> None:
    if given not in known:
        raise ConfigError(
            f"[stores.milvus] {option} = {given!r}: expected one of {', '.join(known)}; see docs/scaling.md"
        )


def _leg_of(connection: Connection) -> str:
    """What the engine does best."""
    if connection.lite:
        return "sparse"
    if connection.version >= (2, 5):
        return "function"
    return "sparse" if connection.version >= (2, 4) else "none"


class MilvusStore:
    """A `VectorStore` in two collections of Milvus. Use `open_store` with its URL."""

    def __init__(self, connection: Connection, identity: Identity, effort: int) -> None:
        self.url = connection.place.url
        self._connection = connection
        self._identity = identity
        self._effort = effort
        self._analysis = Analysis(
            lambda: read_language(connection), lambda language: keep_language(connection, language)
        )
        self._leg = self._made_leg()
        self._turn = threading.RLock()

    def _made_leg(self) -> Leg:
        match self._identity.lexical:
            case "function":
                return FunctionLeg(self._analysis.terms)
            case "sparse":
                return SparseLeg(self._analysis.terms, self._connection)
        return NoLeg()

    @property
    def caps(self) -> Capabilities:
        """On Lite one process writes; with other than strong consistency, reads may see half of a write."""
        lexical = _LEXICAL[self._identity.lexical]
        strong = self._connection.level == LEVELS[0]
        return replace(
            CAPS,
            lexical=lexical,
            bm25=bool(lexical),
            unspaced=bool(lexical),
            dense="exact" if self._identity.vectors == "FLAT" else self._identity.vectors.lower(),
            concurrent_writers=not self._connection.lite,
            atomic_documents=strong,
            visible_at_once=strong,
        )

    @property
    def language(self) -> str:
        """The language of the lexical leg; `auto` until there are chunks to detect it from."""
        return self._analysis.language

    # ------------------------------------------------------------------------------------------- writing

    @contextmanager
    def writing(self) -> Iterator[None]:
        """On a server any number of processes write; only the threads of this store take turns."""
        with self._turn, self._fresh():
            yield

    @contextmanager
    def _fresh(self) -> Iterator[None]:
        """What a write reads is all that was acknowledged, however reads are."""
        level, self._connection.level = self._connection.level, LEVELS[0]
        try:
            yield
        finally:
            self._connection.level = level
            self._leg.changed()

    def upsert(self, items: Sequence[Upsert]) -> None:
        wanted = prepared(items, self._identity.dim)
        with self.writing():
            self._analysis.begin(wanted)
            for some in pieces(wanted, ROWS_A_REQUEST):
                self._replace(some)

    def _replace(self, items: Sequence[Upsert]) -> None:
        """Chunks and texts first, then the heads that make them seen, then what they replaced goes."""
        known = generations(self._connection, [document_key(item.document.id) for item in items])
        generation = max([now(), *(last + 1 for last in known.values())])
        heads = [head_row(item, generation) for item in items]
        try:
            self._write(items, generation)
        except StoreError:
            keys = [head["document"] for head in heads]
            with suppress(StoreError):  # what is left where this fails too, `sync` finds
                forget(self._connection, f"{is_one_of('document', keys)} and generation == {generation}")
            raise
        show(self._connection, heads, generation)

    def _write(self, items: Sequence[Upsert], generation: int) -> None:
        """All rows but the heads."""
        chunks = (row for item in items for row in chunk_rows(item, generation, self._leg))
        texts = (row for item in items for row in text_rows(item, generation))
        for collection, rows in ((self._connection.chunks, chunks), (self._connection.documents, texts)):
            for some in pieces(rows, ROWS_A_REQUEST):
                self._connection.upsert(collection, some)

    def delete(self, document_ids: Sequence[str] = (), where: Filter | None = None) -> int:
        with self.writing():
            documents = {document_key(document_id) for document_id in document_ids}
            if where is not None:
                documents |= {row["document"] for row in self._heads(where, [])}
            gone = generations(self._connection, sorted(documents))
            by_generation: dict[int, list[str]] = {}
            for document, generation in gone.items():
                by_generation.setdefault(generation, []).append(document)
            for generation, some in by_generation.items():
                for part in pieces(some, IDS_A_REQUEST):
                    forget(self._connection, f"{is_one_of('document', part)} and generation <= {generation}")
        return len(gone)

    def sync(self) -> None:
        """Waits until all is seen, drops what killed writers left two hours ago, and writes Lite's file."""
        with self.writing():
            tidy(self._connection)
            if self._connection.lite:
                self._connection.flush()

    # ----------------------------------------------------------------------------------------- searching

    def snapshot(self) -> AbstractContextManager[None]:
        """Nothing is held: Milvus has no snapshots to search in. Each search sees whole documents."""
        return nullcontext()

    def dense(self, vector: NDArray[np.float32], k: int, where: Filter | None = None) -> list[Scored]:
        return self._ranked(VECTOR, vector.tolist(), k, where, {"metric_type": "IP"})

    def lexical(self, text: str, k: int, where: Filter | None = None) -> list[Scored]:
        query = self._leg.query(text)
        return [] if query is None else self._ranked(SPARSE, query, k, where, self._leg.params)

    def _ranked(
        self, field: str, query: Any, k: int, where: Filter | None, params: Mapping[str, Any]
    ) -> list[Scored]:
        chosen = self._expression(where)

        def ask(limit: int) -> list[Row]:
            effort = {}
            if field == VECTOR and self._identity.vectors == "HNSW":
                effort = {"params": {"ef": min(max(self._effort, limit), 32_768)}}
            return self._connection.search(field, query, limit, chosen, {**params, **effort})

        def search(reach: int) -> list[Scored]:
            rows = seen(self._connection, ask, min(reach, MOST_HITS))
            return [Scored(chunk_id_of(row["key"]), row["score"]) for row in rows]

        return best(search, min(k, MOST_HITS))

    def _expression(self, where: Filter | None) -> str:
        return EVERYTHING if where is None else to_expression(where, self._strings)

    def _strings(self, field: str, chosen: str) -> set[str]:
        """All strings of a field: of documents, or of chunks where the field is theirs."""
        connection = self._connection
        of_chunks = field in CHUNK_FIELDS
        rows = connection.pages(
            connection.chunks if of_chunks else connection.documents,
            chosen if of_chunks else f"{HEADS} and {chosen}",
            ["fields"],
        )
        strings = {string_of(row["fields"], field) for row in rows}
        return {text for text in strings if text is not None}

    # ------------------------------------------------------------------------------------------- reading

    def get(self, chunk_ids: Sequence[str]) -> list[Chunk]:
        connection = self._connection
        chunks: dict[str, Chunk] = {}
        for some in pieces(filter(is_chunk_id, dict.fromkeys(chunk_ids)), IDS_A_REQUEST):
            chosen = is_one_of("chunk", some)
            rows = seen_all(connection, partial(connection.rows, connection.chunks, chosen, _CHUNK))
            chunks |= {row["chunk"]: chunk_in(row) for row in rows}
        return [chunks[chunk_id] for chunk_id in chunk_ids if chunk_id in chunks]

    def load(self, document_ids: Sequence[str]) -> list[Document]:
        connection = self._connection
        loaded: dict[str, Document] = {}
        for some in pieces(dict.fromkeys(document_ids), 64):
            chosen = f'kind in ["head", "text"] and {is_one_of("document", map(document_key, some))}'
            rows = seen_all(connection, partial(connection.rows, connection.documents, chosen, _DOCUMENT))
            texts: dict[str, list[Row]] = {}
            for row in rows:
                if row["kind"] == "text":
                    texts.setdefault(row["document"], []).append(row)
            documents = (document_in(row, texts[row["document"]]) for row in rows if row["kind"] == "head")
            loaded |= {document.id: document for document in documents}
        return [loaded[document_id] for document_id in document_ids if document_id in loaded]

    def documents(self, where: Filter | None = None) -> Iterator[DocumentInfo]:
        infos = map(info_in, self._heads(where, ["data"]))
        yield from sorted(infos, key=lambda info: (info.source, info.id))

    def scan(
        self, after: str = "", limit: int = 1000, where: Filter | None = None
    ) -> list[tuple[Chunk, NDArray[np.float32]]]:
        import numpy as np

        connection = self._connection
        chosen = self._expression(where)
        key = after_chunk(after)
        pairs: list[tuple[Chunk, NDArray[np.float32]]] = []
        while len(pairs) < limit:
            size = min(limit - len(pairs), ROWS_A_REQUEST)
            page: list[Row] = []

            def ask(_: int, key: str = key, size: int = size, page: list[Row] = page) -> list[Row]:
                page[:] = connection.page(connection.chunks, chosen, [*_CHUNK, VECTOR], key, size)
                return page

            rows = seen(connection, ask, size + 1)
            pairs += [(chunk_in(row), np.asarray(row[VECTOR], np.float32)) for row in rows]
            if not page:
                break
            key = page[-1]["key"]
        return pairs

    def _heads(self, where: Filter | None, columns: Sequence[str]) -> list[Row]:
        """Heads of documents of which a chunk matches (or, without chunk fields, which themselves do)."""
        connection = self._connection
        wanted = [*STATE, *columns]
        chosen = self._expression(where)
        if where is None or not any(leaf.field in CHUNK_FIELDS for leaf in leaves(where)):
            matching = f"{HEADS} and {chosen}"
            return seen_all(connection, lambda: connection.pages(connection.documents, matching, wanted))
        chunks = seen_all(connection, lambda: connection.pages(connection.chunks, chosen, STATE))
        heads: list[Row] = []
        for some in pieces(sorted({row["document"] for row in chunks}), IDS_A_REQUEST):
            matching = f"{HEADS} and {is_one_of('document', some)}"
            heads += seen_all(connection, partial(connection.rows, connection.documents, matching, wanted))
        return heads

    # -------------------------------------------------------------------------------------------- stats

    def stats(self) -> Mapping[str, Any]:
        connection = self._connection
        chunks = connection.count(connection.chunks, EVERYTHING)
        return {
            "documents": connection.count(connection.documents, HEADS),
            "chunks": chunks,
            "dim": self._identity.dim,
            "bytes": chunks * self._identity.dim * 4,  # of the vectors; the server does not report the rest
            "engine": _LEXICAL[self._identity.lexical],
            "language": self.language,
            "embedder": self._identity.embedder,
            "fingerprint": self._identity.fingerprint,
        }

    def problems(self) -> list[Problem]:
        """Documents that miss chunks, and chunks that nobody sees."""
        return problems(self._connection)

    def close(self) -> None:
        self._connection.close()


_CHUNK = (*STATE, "chunk", "data")
_DOCUMENT = ("key", *STATE, "kind", "data")
