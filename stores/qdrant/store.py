"""The Qdrant store: a server or a cluster, with filters inside its vector search.

    qdrant://HOST:PORT/COLLECTION       qdrants:// with TLS; the key from QDRANT_API_KEY

Qdrant has no transactions. A document's chunks are written as a new generation, which one conditional change
of the document's point makes the one that is seen; a search leaves out what is of another generation, and
looks again where that changed while it looked (`generations.py`). `connection.py` reaches servers, `setup.py`
makes collections, `points.py` makes points, `filter.py` turns filters into conditions, `lexical.py` is BM25.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from rag.counts import counted
from rag.errors import FingerprintError, StoreError
from rag.types import Chunk, Document, DocumentInfo, Scored

from ..contract import BuiltWith, Capabilities, Problem, Upsert
from ..engine.batches import pieces
from ..engine.generations import LONGEST_WRITE, now
from ..engine.language import Analysis
from ..engine.payload import CHUNK, DOCUMENT, INFO, chunk_of, document_of, info_of
from ..engine.top_k import best
from ..upsert import prepared
from ..where import Filter, Op, leaves
from .connection import Connection, place_of
from .filter import is_one_of, to_conditions
from .generations import IDS_A_REQUEST, current, generations, older_than, seen
from .lexical import WORDS, Leg, SparseLeg, TextLeg
from .points import (
    DENSE,
    chunk_points,
    document_point,
    document_point_id,
    first_point_after,
)
from .setup import Identity, keep_language, make_collection, read_identity, read_language

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from qdrant_client import models

_POINTS_A_REQUEST = 256
CAPS = Capabilities(
    name="qdrant",
    lexical="qdrant-text",
    filters=frozenset(get_args(Op)),
    bm25=True,
    unspaced=True,
    dense="hnsw",
    snapshots=False,
    concurrent_writers=True,
    max_batch=_POINTS_A_REQUEST,
)
_PAGE = 1_000
_ABANDONED = 3_600 * 10**6  # microseconds after which an unfinished write is a dead writer's


def open(  # noqa: A001
    url: str,
    *,
    fingerprint: str,
    dim: int,
    embedder: str = "",
    language: str = "auto",
    api_key: str = "",
    timeout: int = 30,
    lexical: str = "",
    exact: bool = False,
    effort: int | None = None,
) -> QdrantStore:
    """Opens the collection that a URL names, or makes it.

    `api_key` defaults to QDRANT_API_KEY; `timeout` is in seconds. `lexical` is `text` or `sparse` when the
    collection is made, by default what the server can. `exact` searches without the HNSW graph, and `effort`
    is the graph's `ef`: higher is slower and finds more.

    Raises MissingExtra, ConfigError for a URL that names no server, FingerprintError where the collection was
    built with another embedder, StoreError where the server cannot be reached or is too old.
    """
    connection = Connection(place_of(url), api_key, timeout)
    identity = read_identity(connection)
    if identity is None:
        leg = lexical or ("text" if connection.ranks_text else "sparse")
        make_collection(connection, Identity(fingerprint, dim, embedder, leg), language)
        identity = read_identity(connection) or Identity(fingerprint, dim, embedder, leg)
    if (identity.fingerprint, identity.dim) != (fingerprint, dim):
        connection.close()
        raise FingerprintError.between(
            url, (identity.embedder, identity.fingerprint), (embedder, fingerprint), "name another collection"
        )
    return QdrantStore(connection, identity, exact=exact, effort=effort)


def built_with(url: str, *, api_key: str = "", timeout: int = 30) -> BuiltWith | None:
    """What the collection was built with; None where there is none."""
    place = place_of(url)
    if place.local not in ("", ":memory:") and not Path(place.local).exists():
        return None
    connection = Connection(place, api_key, timeout)
    try:
        identity = read_identity(connection)
        if identity is None:
            return None
        return BuiltWith(identity.embedder, identity.fingerprint, identity.dim, read_language(connection))
    finally:
        connection.close()


class QdrantStore:
    """A `VectorStore` in a collection of Qdrant. Use `open_store` with its URL."""

    def __init__(
        self, connection: Connection, identity: Identity, *, exact: bool, effort: int | None
    ) -> None:
        self.url = connection.place.url
        self._connection = connection
        self._identity = identity
        self._exact, self._effort = exact, effort
        self._analysis = Analysis(lambda: read_language(connection), self._keep_language)
        kind = TextLeg if identity.lexical == "text" else SparseLeg
        self._leg: Leg = kind(self._analysis.terms)
        self._turn = threading.RLock()

    @property
    def caps(self) -> Capabilities:
        dense = "exact" if self._exact else CAPS.dense
        return replace(CAPS, lexical=f"qdrant-{self._identity.lexical}", dense=dense)

    @property
    def language(self) -> str:
        """The language of the lexical leg; `auto` until there are chunks to detect it from."""
        return self._analysis.language

    def _keep_language(self, language: str) -> None:
        keep_language(self._connection, language, only_if="auto")

    # ------------------------------------------------------------------------------------------- writing

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Any number of processes write; only the threads of this store take turns."""
        with self._turn:
            yield

    def upsert(self, items: Sequence[Upsert]) -> None:
        wanted = prepared(items, self._identity.dim)
        with self.writing():
            self._analysis.begin(wanted)
            for some in pieces(wanted, _POINTS_A_REQUEST):
                self._replace(some)

    def _replace(self, items: Sequence[Upsert]) -> None:
        """Chunks first, then the documents that make them seen, then what they replaced goes."""
        ids = [item.document.id for item in items]
        generation = max([now(), *(last + 1 for last in generations(self._connection, ids).values())])
        points = (point for item in items for point in chunk_points(item, generation, self._leg))
        for some in pieces(points, _POINTS_A_REQUEST):
            self._connection.upsert(some, wait=True)
        if now() - generation > LONGEST_WRITE:
            self._delete_chunks(ids, is_one_of("generation", [generation]))
            raise StoreError(
                f"{self.url}: writing these documents took more than an hour, and they were not stored: "
                "upsert fewer at once"
            )
        documents = [document_point(item, generation) for item in items]
        self._connection.upsert(documents, wait=True, update_filter=older_than(generation))
        beaten = [key for key, other in generations(self._connection, ids).items() if other > generation]
        self._delete_chunks(ids, older_than(generation))
        if beaten:  # by another writer, who began later
            self._delete_chunks(beaten, is_one_of("generation", [generation]))

    def delete(self, document_ids: Sequence[str] = (), where: Filter | None = None) -> int:
        with self.writing():
            gone = set(generations(self._connection, list(dict.fromkeys(document_ids))))
            if where is not None:
                gone |= {row["id"] for row in self._documents(where, ["id"])}
            for some in pieces(sorted(gone), IDS_A_REQUEST):
                self._connection.delete([document_point_id(key) for key in some], wait=True)
                self._delete_chunks(some)
        return len(gone)

    def _delete_chunks(self, document_ids: Sequence[str], also: models.Filter | None = None) -> None:
        from qdrant_client import models

        parts = [is_one_of("kind", ["chunk"]), is_one_of("document_id", document_ids)]
        chosen = models.Filter(must=[*parts, *([also] if also else [])])
        self._connection.delete(models.FilterSelector(filter=chosen), wait=True)

    def sync(self) -> None:
        """Every write has waited already; this drops what killed writers left, after an hour."""
        with self.writing():
            recorded = {
                row["id"]: (row["generation"], row["chunks"]) for row in self._documents(None, _STATE)
            }
            if self._count("chunk") == sum(chunks for _, chunks in recorded.values()):
                return
            oldest = now() - _ABANDONED
            left = [
                record.id
                for record in self._records(is_one_of("kind", ["chunk"]), ["document_id", "generation"])
                if record.payload["generation"] < oldest
                and recorded.get(record.payload["document_id"], (0, 0))[0] != record.payload["generation"]
            ]
            for some in pieces(left, IDS_A_REQUEST):
                self._connection.delete(some, wait=True)

    # ----------------------------------------------------------------------------------------- searching

    def snapshot(self) -> AbstractContextManager[None]:
        """Nothing is held: Qdrant has no snapshots of its data. Each search sees whole documents."""
        return nullcontext()

    def dense(self, vector: NDArray[np.float32], k: int, where: Filter | None = None) -> list[Scored]:
        from qdrant_client import models

        params = models.SearchParams(exact=self._exact, hnsw_ef=self._effort)
        return self._ranked(vector.tolist(), DENSE, k, where, search_params=params)

    def lexical(self, text: str, k: int, where: Filter | None = None) -> list[Scored]:
        query = self._leg.query(text)
        return [] if query is None else self._ranked(query, WORDS, k, where)

    def _ranked(self, query: Any, using: str, k: int, where: Filter | None, **options: Any) -> list[Scored]:
        chosen = self._conditions("chunk", where)

        def ask(limit: int) -> list[Any]:
            response = self._connection.query_points(
                query=query,
                using=using,
                query_filter=chosen,
                limit=limit,
                with_payload=["id", "document_id", "generation"],
                **options,
            )
            return list(response.points)

        return best(lambda reach: seen(self._connection, ask, reach), k)

    def _conditions(self, kind: str, where: Filter | None) -> models.Filter:
        from qdrant_client import models

        parts = [is_one_of("kind", [kind])]
        if where is not None:
            parts.append(to_conditions(where, self._strings))
        return models.Filter(must=parts)

    def _strings(self, field: str) -> set[str]:
        """All strings of a field: of documents, or of chunks where the field is theirs."""
        kind = "chunk" if field == "heading" else "document"
        begins = f"{field}\x1fs"
        chosen = self._conditions(kind, None)
        chosen.must.append(is_one_of("scalars", [field]))
        return {
            label.removeprefix(begins)
            for record in self._records(chosen, ["labels"])
            for label in record.payload["labels"]
            if label.startswith(begins)
        }

    # ------------------------------------------------------------------------------------------- reading

    def get(self, chunk_ids: Sequence[str]) -> list[Chunk]:
        from qdrant_client import models

        chunks: dict[str, Chunk] = {}
        for some in pieces(dict.fromkeys(chunk_ids), IDS_A_REQUEST):
            chosen = models.Filter(must=[is_one_of("kind", ["chunk"]), is_one_of("id", some)])
            records = list(self._records(chosen, [*CHUNK, "generation"]))
            chunks |= {
                record.payload["id"]: chunk_of(record.payload)
                for record in current(self._connection, records)
            }
        return [chunks[chunk_id] for chunk_id in chunk_ids if chunk_id in chunks]

    def load(self, document_ids: Sequence[str]) -> list[Document]:
        documents: dict[str, Document] = {}
        for some in pieces(dict.fromkeys(document_ids), 64):
            points = [document_point_id(key) for key in some]
            for record in self._connection.retrieve(points, with_payload=list(DOCUMENT)):
                documents[record.payload["id"]] = document_of(record.payload)
        return [documents[document_id] for document_id in document_ids if document_id in documents]

    def documents(self, where: Filter | None = None) -> Iterator[DocumentInfo]:
        infos = map(info_of, self._documents(where, INFO))
        yield from sorted(infos, key=lambda info: (info.source, info.id))

    def scan(
        self, after: str = "", limit: int = 1000, where: Filter | None = None
    ) -> list[tuple[Chunk, NDArray[np.float32]]]:
        import numpy as np

        pairs: list[tuple[Chunk, NDArray[np.float32]]] = []
        offset: Any = first_point_after(after) if after else None
        while len(pairs) < limit:
            records, offset = self._connection.scroll(
                scroll_filter=self._conditions("chunk", where),
                limit=min(limit - len(pairs), _POINTS_A_REQUEST),
                offset=offset,
                with_payload=[*CHUNK, "generation"],
                with_vectors=[DENSE],
            )
            pairs += [
                (chunk_of(record.payload), np.asarray(record.vector[DENSE], np.float32))
                for record in current(self._connection, records)
            ]
            if offset is None:
                break
        return pairs

    def _documents(self, where: Filter | None, columns: Sequence[str]) -> list[dict[str, Any]]:
        """Documents of which a chunk matches (or, without chunk fields, which themselves do)."""
        from qdrant_client import models

        if where is None or not any(leaf.field in ("page", "heading") for leaf in leaves(where)):
            chosen = self._conditions("document", where)
            return [record.payload for record in self._records(chosen, columns)]
        chunks = self._records(self._conditions("chunk", where), ["document_id", "generation"])
        owners = {record.payload["document_id"] for record in current(self._connection, list(chunks))}
        payloads: list[dict[str, Any]] = []
        for some in pieces(sorted(owners), IDS_A_REQUEST):
            chosen = models.Filter(must=[is_one_of("kind", ["document"]), is_one_of("id", some)])
            payloads += [record.payload for record in self._records(chosen, columns)]
        return payloads

    def _records(self, chosen: models.Filter, columns: Iterable[str]) -> Iterator[Any]:
        """All points that match, page by page."""
        offset = None
        while True:
            records, offset = self._connection.scroll(
                scroll_filter=chosen, limit=_PAGE, offset=offset, with_payload=list(columns)
            )
            yield from records
            if offset is None:
                return

    # -------------------------------------------------------------------------------------------- stats

    def stats(self) -> Mapping[str, Any]:
        chunks = self._count("chunk")
        return {
            "documents": self._count("document"),
            "chunks": chunks,
            "dim": self._identity.dim,
            "bytes": chunks * self._identity.dim * 4,  # of the vectors; the server does not report the rest
            "engine": f"qdrant-{self._identity.lexical}",
            "language": self.language,
            "embedder": self._identity.embedder,
            "fingerprint": self._identity.fingerprint,
        }

    def _count(self, kind: str) -> int:
        return int(self._connection.count(count_filter=is_one_of("kind", [kind]), exact=True).count)

    def problems(self) -> list[Problem]:
        """Documents that miss chunks, and chunks that nobody sees."""
        recorded = {row["id"]: (row["generation"], row["chunks"]) for row in self._documents(None, _STATE)}
        held: Counter[str] = Counter()
        hidden = 0
        for record in self._records(is_one_of("kind", ["chunk"]), ["document_id", "generation"]):
            owner = record.payload["document_id"]
            shown = recorded.get(owner, (0, 0))[0] == record.payload["generation"]
            held[owner] += shown
            hidden += not shown
        faults = []
        if wrong := sum(held[key] != chunks for key, (_, chunks) in recorded.items()):
            what = f"{counted(wrong, 'document has', 'documents have')} other chunks than were stored"
            faults.append(Problem(what, "run `rag ingest --force` on their sources"))
        if hidden:
            mend = "nothing to do: nobody sees them, and an ingest an hour from now removes them"
            faults.append(
                Problem(
                    f"{counted(hidden, 'chunk is', 'chunks are')} left of a write that is not finished", mend
                )
            )
        return faults

    def close(self) -> None:
        self._connection.close()


_STATE = ("id", "generation", "chunks")
