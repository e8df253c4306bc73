"""The LanceDB store: a folder or a bucket, no server, any number of writers and readers on any machines.

    lancedb://PATH          a folder                s3://BUCKET/PATH        an object store

One table holds documents and chunks, so one commit replaces documents as a whole (`rows.py`), and every
commit is a version that a reader stays at for as long as its snapshot lasts (`table.py`). The lexical leg is
Lance's BM25 over terms of our own analysis, so Chinese and codes are found and scores are the local store's.
`filter.py` turns filters into SQL; `upkeep.py` is what `sync` does.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, get_args

from rag.counts import counted
from rag.errors import FingerprintError
from rag.types import Chunk, Document, DocumentInfo, Scored

from ..contract import BuiltWith, Capabilities, Problem, Upsert
from ..engine.batches import pieces
from ..engine.language import Analysis
from ..engine.payload import CHUNK, DOCUMENT, INFO, chunk_of, document_of, info_of
from ..engine.top_k import best
from ..upsert import prepared
from ..where import Filter, Op, leaves
from .filter import one_of, quoted, to_sql
from .identity import Identity
from .rows import IDENTITY, identity_row, schema, table_of
from .table import NAME, Versions, connected, is_there, retried, rows, s3_options, translated
from .upkeep import bring_up_to_date, make_terms_index, tidy

if TYPE_CHECKING:
    import numpy as np
    from lancedb.table import LanceTable
    from numpy.typing import NDArray

CAPS = Capabilities(
    name="lancedb",
    lexical="lance",
    filters=frozenset(get_args(Op)),
    bm25=True,
    unspaced=True,
    dense="exact, then ivf-sq",
    concurrent_writers=True,
)
_TIDY_EVERY = 100  # commits of one writer: each adds a small file, and many small files are slow to search
_ROWS_A_COMMIT = 5_000
_IDS_A_QUERY = 1_000
_BEYOND_CELLS = 1_000  # hits for which all vectors are looked at, index or not


def open(  # noqa: A001
    url: str,
    *,
    fingerprint: str,
    dim: int,
    embedder: str = "",
    language: str = "auto",
    endpoint: str = "",
    region: str = "",
    access_key: str = "",
    secret_key: str = "",
    version: int | None = None,
    tag: str = "",
    index_from: int = 200_000,
    probes: int = 50,
    keep_days: float = 7.0,
) -> LanceStore:
    """Opens the store at `lancedb://PATH` or `s3://bucket/path`, or makes it.

    `endpoint` (of an S3 server that is not AWS), `region` and keys default to the environment's `AWS_…`.
    `version` or `tag` opens the store as it was then, to read. From `index_from` chunks on, `sync` makes a
    vector index, of which a search looks at `probes` cells. Versions older than `keep_days` are dropped.

    Raises MissingExtra, FingerprintError where the store was built with another embedder, and StoreError
    where it cannot be reached.
    """
    storage = s3_options(endpoint, region, access_key, secret_key)
    with translated(url):
        database = connected(url, storage)
        if not is_there(url, storage):
            kept = Identity(fingerprint, dim, embedder, language, uuid.uuid4().hex)
            try:
                row = identity_row(kept.text(), dim)
                made = database.create_table(NAME, row, schema=schema(dim), on_bad_vectors="null")
                retried(lambda: make_terms_index(made))
            except ValueError as error:  # another process was faster
                if "already exists" not in str(error):
                    raise
        versions = Versions(url, database, version if version is not None else tag or None)
        identity = Identity.read(versions.current)
    if (identity.fingerprint, identity.dim) != (fingerprint, dim):
        raise FingerprintError.between(
            url,
            (identity.embedder, identity.fingerprint),
            (embedder, fingerprint),
            "name another place and ingest again",
        )
    return LanceStore(
        url, versions, identity, index_from=index_from, probes=probes, keep=timedelta(days=keep_days)
    )


def built_with(
    url: str, *, endpoint: str = "", region: str = "", access_key: str = "", secret_key: str = ""
) -> BuiltWith | None:
    """What the store was built with; None where there is none."""
    storage = s3_options(endpoint, region, access_key, secret_key)
    with translated(url):
        if not is_there(url, storage):
            return None
        identity = Identity.read(Versions(url, connected(url, storage)).current)
    return BuiltWith(identity.embedder, identity.fingerprint, identity.dim, identity.language)


class LanceStore:
    """A `VectorStore` in a LanceDB table. Use `open_store` with its URL."""

    def __init__(
        self,
        url: str,
        versions: Versions,
        identity: Identity,
        *,
        index_from: int,
        probes: int,
        keep: timedelta,
    ) -> None:
        self.url = url
        self._versions = versions
        self._identity = identity
        self._index_from, self._probes, self._keep = index_from, probes, keep
        self._analysis = Analysis(self._kept_language, self._keep_language)
        self._turn = threading.RLock()
        self._commits = 0

    @property
    def caps(self) -> Capabilities:
        return CAPS

    # ------------------------------------------------------------------------------------------- writing

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Any number of processes write; only the threads of this store take turns."""
        with self._turn:
            yield

    def upsert(self, items: Sequence[Upsert]) -> None:
        wanted = prepared(items, self._identity.dim)
        with self.writing(), translated(self.url):
            self._analysis.begin(wanted)
            for part in _parts(wanted):
                data = table_of(part, self._terms, self._identity.dim)
                replaced = one_of("document_id", (item.document.id for item in part))
                (
                    self._versions.writable.merge_insert("key")
                    .when_matched_update_all()
                    .when_not_matched_insert_all()
                    .when_not_matched_by_source_delete(replaced)
                    .execute(data, on_bad_vectors="null")
                )
                self._committed()

    def delete(self, document_ids: Sequence[str] = (), where: Filter | None = None) -> int:
        with self.writing(), translated(self.url):
            table = self._versions.writable
            gone = {row["id"] for row in self._by_id(table, "document", document_ids, ["id"])}
            if where is not None:
                gone |= {row["id"] for row in self._documents(table, where, ["id"])}
            if gone:
                retried(lambda: self._versions.writable.delete(one_of("document_id", sorted(gone))))
                self._committed()
        return len(gone)

    def _terms(self, text: str) -> str:
        return " ".join(self._analysis.terms(text))

    def sync(self) -> None:
        with self.writing(), translated(self.url):
            bring_up_to_date(self._versions.writable, self._keep, self._index_from)
            self._commits = 0

    def _committed(self) -> None:
        """Tidies now and then, so that a long ingest does not end among thousands of small files."""
        self._commits += 1
        if self._commits >= _TIDY_EVERY:
            self._commits = 0
            tidy(self._versions.writable, self._keep)

    # ----------------------------------------------------------------------------------------- language

    @property
    def language(self) -> str:
        """The language of the lexical leg; `auto` until there are chunks to detect it from."""
        with translated(self.url):
            return self._analysis.language

    def _kept_language(self) -> str:
        return Identity.read(self._versions.current).language

    def _keep_language(self, language: str) -> None:
        """Keeps the language, unless another writer was faster."""
        identity = self._identity._replace(language=language).text()
        undecided = f"key = '{IDENTITY}' AND text = {quoted(self._identity.text())}"
        retried(lambda: self._versions.writable.update(where=undecided, values={"text": identity}))

    # ----------------------------------------------------------------------------------------- searching

    def snapshot(self) -> AbstractContextManager[None]:
        return self._versions.snapshot()

    def dense(self, vector: NDArray[np.float32], k: int, where: Filter | None = None) -> list[Scored]:
        def search(reach: int) -> list[Scored]:
            asked = table.search(vector, vector_column_name="vector").distance_type("dot")
            # More cells only where a narrow filter leaves too few hits in these; the best are scored again.
            asked = asked.minimum_nprobes(self._probes).maximum_nprobes(0).refine_factor(4)
            if where is not None:
                asked = asked.where(f"kind = 'chunk' AND {to_sql(where)}", prefilter=True)
            if reach > _BEYOND_CELLS:
                asked = asked.bypass_vector_index()
            rows = asked.limit(reach).select(["id", "_distance"]).to_arrow().to_pylist()
            return [Scored(row["id"], 1.0 - row["_distance"]) for row in rows]

        with translated(self.url):
            table = self._versions.current
            return best(search, k)

    def lexical(self, text: str, k: int, where: Filter | None = None) -> list[Scored]:
        from lancedb.query import MatchQuery

        def search(reach: int) -> list[Scored]:
            asked = table.search(MatchQuery(terms, "terms"), query_type="fts")
            if where is not None:
                asked = asked.where(f"kind = 'chunk' AND {to_sql(where)}", prefilter=True)
            rows = asked.limit(reach).select(["id", "_score"]).to_arrow().to_pylist()
            return [Scored(row["id"], row["_score"]) for row in rows]

        with translated(self.url):
            terms = self._terms(text)
            table = self._versions.current
            return best(search, k) if terms else []

    # ------------------------------------------------------------------------------------------- reading

    def get(self, chunk_ids: Sequence[str]) -> list[Chunk]:
        with translated(self.url):
            rows = {row["id"]: row for row in self._by_id(self._versions.current, "chunk", chunk_ids, CHUNK)}
        return [chunk_of(rows[chunk_id]) for chunk_id in chunk_ids if chunk_id in rows]

    def load(self, document_ids: Sequence[str]) -> list[Document]:
        with translated(self.url):
            table = self._versions.current
            rows = {row["id"]: row for row in self._by_id(table, "document", document_ids, DOCUMENT)}
        return [document_of(rows[document_id]) for document_id in document_ids if document_id in rows]

    def documents(self, where: Filter | None = None) -> Iterator[DocumentInfo]:
        with translated(self.url):
            infos = map(info_of, self._documents(self._versions.current, where, INFO))
            yield from sorted(infos, key=lambda info: (info.source, info.id))

    def scan(
        self, after: str = "", limit: int = 1000, where: Filter | None = None
    ) -> list[tuple[Chunk, NDArray[np.float32]]]:
        from lancedb.query import ColumnOrdering

        condition = f"kind = 'chunk' AND id > {quoted(after)}"
        if where is not None:
            condition += f" AND {to_sql(where)}"
        by_id = [ColumnOrdering(column_name="id", ascending=True, nulls_first=False)]
        with translated(self.url), self.snapshot():
            table = self._versions.current
            # The ids alone are sorted; only those of the page bring the rest of their rows.
            page = table.search().where(condition).select(["id"]).order_by(by_id).limit(limit).to_arrow()
            ids = page["id"].to_pylist()
            return self._with_vectors(table, ids)

    def _with_vectors(self, table: LanceTable, ids: Sequence[str]) -> list[tuple[Chunk, NDArray[np.float32]]]:
        import numpy as np

        pairs: dict[str, tuple[Chunk, NDArray[np.float32]]] = {}
        for some in pieces(dict.fromkeys(ids), _IDS_A_QUERY):
            page = rows(table, f"kind = 'chunk' AND {one_of('id', some)}", [*CHUNK, "vector"])
            flat = page["vector"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
            vectors = np.asarray(flat, np.float32).reshape(len(page), self._identity.dim)
            for row, vector in zip(page.select(CHUNK).to_pylist(), vectors, strict=True):
                pairs[row["id"]] = (chunk_of(row), vector)
        return [pairs[chunk_id] for chunk_id in ids]

    @staticmethod
    def _by_id(
        table: LanceTable, kind: str, ids: Sequence[str], columns: Sequence[str]
    ) -> list[dict[str, Any]]:
        """Rows of documents or chunks by id, in no order."""
        return [
            row
            for some in pieces(dict.fromkeys(ids), _IDS_A_QUERY)
            for row in rows(table, f"kind = '{kind}' AND {one_of('id', some)}", columns).to_pylist()
        ]

    def _documents(
        self, table: LanceTable, where: Filter | None, columns: Sequence[str]
    ) -> list[dict[str, Any]]:
        """Rows of documents of which a chunk matches (or, without chunk fields, which themselves do)."""
        if where is None:
            return list(rows(table, "kind = 'document'", columns).to_pylist())
        if not any(leaf.field in ("page", "heading") for leaf in leaves(where)):
            return list(rows(table, f"kind = 'document' AND {to_sql(where)}", columns).to_pylist())
        matching = rows(table, f"kind = 'chunk' AND {to_sql(where)}", ["document_id"])
        return self._by_id(table, "document", matching["document_id"].unique().to_pylist(), columns)

    # ------------------------------------------------------------------------------------------ versions

    @property
    def version(self) -> int:
        """The number of the version that this thread reads now: `open(…, version=…)` comes back to it."""
        with translated(self.url):
            return int(self._versions.current.version)

    def tags(self) -> dict[str, int]:
        """The versions that have a name, which are kept for as long as they have it."""
        with translated(self.url):
            return {name: tag["version"] for name, tag in self._versions.current.tags.list().items()}

    def tag(self, name: str) -> None:
        """Names the newest version: `open(…, tag=name)` comes back to it. A name that exists moves here."""
        with translated(self.url):
            table = self._versions.writable
            (table.tags.update if name in self.tags() else table.tags.create)(name, table.version)

    def untag(self, name: str) -> None:
        """Takes a name away; its version then goes with the others of its age."""
        with translated(self.url):
            self._versions.writable.tags.delete(name)

    # -------------------------------------------------------------------------------------------- stats

    def stats(self) -> Mapping[str, Any]:
        with translated(self.url), self.snapshot():
            table = self._versions.current
            return {
                "documents": table.count_rows("kind = 'document'"),
                "chunks": table.count_rows("kind = 'chunk'"),
                "dim": self._identity.dim,
                "bytes": table.stats()["total_bytes"],
                "engine": "lance",
                "language": self.language,
                "embedder": self._identity.embedder,
                "fingerprint": self._identity.fingerprint,
                "version": table.version,
            }

    def problems(self) -> list[Problem]:
        """Keys that stand twice, chunks without their document, documents that miss chunks."""
        with translated(self.url), self.snapshot():
            table = self._versions.current
            keys = rows(table, "true", ["key"])["key"]
            documents = rows(table, "kind = 'document'", ["id", "chunks"]).to_pylist()
            owners = rows(table, "kind = 'chunk' AND vector IS NOT NULL", ["document_id"])["document_id"]
        held = {row["values"]: row["counts"] for row in owners.value_counts().to_pylist()}
        recorded = {row["id"]: row["chunks"] for row in documents if row["chunks"]}
        faults = []
        if twice := len(keys) - len(keys.unique()):
            faults.append(f"{counted(twice, 'row stands', 'rows stand')} twice")
        if wrong := sum(held.get(key) != recorded.get(key) for key in held.keys() | recorded.keys()):
            faults.append(f"{counted(wrong, 'document has', 'documents have')} other chunks than were stored")
        return [Problem(what, "run `rag ingest --force` on their sources") for what in faults]

    def close(self) -> None:
        self._versions.close()


def _parts(items: Sequence[Upsert]) -> Iterator[list[Upsert]]:
    """Documents in groups of about as many rows as one commit takes; a document is never cut."""
    part: list[Upsert] = []
    size = 0
    for item in items:
        if part and size + len(item.chunks) > _ROWS_A_COMMIT:
            yield part
            part, size = [], 0
        part.append(item)
        size += len(item.chunks) + 1
    if part:
        yield part
