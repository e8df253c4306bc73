"""The two collections of Milvus as this store makes them, and what they were built with.

That is a row of the collection of documents: Lite keeps no descriptions of collections.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from rag.errors import CorruptError, StoreError

from .lexical import K1, SPARSE, WORDS, B
from .rows import LONGEST, VECTOR, own_row

if TYPE_CHECKING:
    from pymilvus import CollectionSchema

    from .connection import Connection

_FORMAT = 1
_MOST_LABELS = 4096


class Identity(NamedTuple):
    """What cannot change.

    `lexical` is `function`, `sparse` or `none`; `vectors` is Milvus' name of the index of vectors.
    """

    fingerprint: str
    dim: int
    embedder: str
    lexical: str
    vectors: str
    format: int = _FORMAT


def read_identity(connection: Connection) -> Identity | None:
    """None where there is no collection. Raises CorruptError where it is not one of ours."""
    if not connection.call("has_collection", connection.chunks):
        return None
    if connection.call("has_collection", connection.documents) and (kept := _kept(connection)):
        return kept
    url, collection = connection.place.url, connection.chunks
    raise CorruptError(
        f"{url}: this store did not make the collection {collection!r}: name another, milvus://HOST:PORT/NAME"
    )


def make_collections(connection: Connection, identity: Identity, language: str) -> None:
    """Makes both, that of chunks last, since it says what the store is. Another process may do the same."""
    if not connection.call("has_collection", connection.documents):
        _make(connection, connection.documents, _document_schema(connection), {VECTOR: ("FLAT", "IP", {})})
    kept = _kept(connection)
    if kept and kept[:2] == identity[:2]:  # another process is making the same, or did not end
        identity = kept
    else:
        connection.upsert(connection.documents, [own_row("identity", json.dumps(identity._asdict()))])
    if language != "auto":
        keep_language(connection, language)
    build: dict[str, Any] = {"M": 24, "efConstruction": 200} if identity.vectors == "HNSW" else {}
    indexes: dict[str, tuple[str, str, dict[str, Any]]] = {VECTOR: (identity.vectors, "IP", build)}
    if identity.lexical == "function":
        indexes[SPARSE] = ("SPARSE_INVERTED_INDEX", "BM25", {"bm25_k1": K1, "bm25_b": B})
    elif identity.lexical == "sparse":
        indexes[SPARSE] = ("SPARSE_INVERTED_INDEX", "IP", {})
    _make(connection, connection.chunks, _chunk_schema(connection, identity), indexes)


def _kept(connection: Connection) -> Identity | None:
    """Raises StoreError for a newer format."""
    connection.call("load_collection", connection.documents)
    rows = connection.rows(connection.documents, 'kind == "identity"', ["data"])
    if not rows:
        return None
    values = json.loads(rows[0]["data"])
    if values["format"] > _FORMAT:
        raise StoreError(f"{connection.place.url} has format {values['format']}: upgrade footnote-rag")
    return Identity(**values)


def load(connection: Connection) -> None:
    """What is searched has to be in the memory of the server, which keeps it there over restarts."""
    for collection in (connection.documents, connection.chunks):
        connection.call("load_collection", collection)


def read_language(connection: Connection) -> str:
    rows = connection.rows(connection.documents, 'kind == "language"', ["data"])
    return str(rows[0]["data"]) if rows else "auto"


def keep_language(connection: Connection, language: str) -> None:
    """Keeps the language where none was kept.

    Milvus has no conditional write: of two that first write at one moment, one may analyse by its own guess
    until it is opened again. So ingest the first documents by one writer, or set the language.
    """
    if read_language(connection) == "auto":
        connection.upsert(connection.documents, [own_row("language", language)])


def _make(
    connection: Connection,
    collection: str,
    schema: CollectionSchema,
    indexes: dict[str, tuple[str, str, dict[str, Any]]],
) -> None:
    wanted = connection.client.prepare_index_params()
    for field, (kind, metric, build) in indexes.items():
        wanted.add_index(field, index_type=kind, index_name=field, metric_type=metric, params=build)
    if not connection.lite:  # which reads every row
        texts = ("document", "chunk" if collection == connection.chunks else "kind")
        arrays = connection.version >= (2, 4)
        for field in (*texts, "labels") if arrays else texts:
            wanted.add_index(field, index_type="INVERTED" if arrays else "Trie", index_name=field)
    try:
        connection.call("create_collection", collection, schema=schema, consistency_level=connection.level)
    except StoreError:
        if not connection.call("has_collection", collection):
            raise
    connection.call("create_index", collection, wanted, sync=False)  # there is nothing in it to wait for


def _common(connection: Connection, dim: int) -> CollectionSchema:
    """The columns that both collections have."""
    from pymilvus import DataType

    schema = connection.client.create_schema(enable_dynamic_field=False)
    schema.add_field("key", DataType.VARCHAR, is_primary=True, max_length=128)
    schema.add_field("document", DataType.VARCHAR, max_length=24)
    schema.add_field("generation", DataType.INT64)
    schema.add_field("data", DataType.VARCHAR, max_length=LONGEST)
    schema.add_field(
        "labels", DataType.ARRAY, element_type=DataType.VARCHAR, max_length=24, max_capacity=_MOST_LABELS
    )
    schema.add_field("fields", DataType.JSON)
    schema.add_field(VECTOR, DataType.FLOAT_VECTOR, dim=dim)
    return schema


def _document_schema(connection: Connection) -> CollectionSchema:
    from pymilvus import DataType

    schema = _common(connection, 2)
    schema.add_field("kind", DataType.VARCHAR, max_length=16)
    schema.add_field("count", DataType.INT64)
    return schema


def _chunk_schema(connection: Connection, identity: Identity) -> CollectionSchema:
    from pymilvus import DataType, Function, FunctionType

    schema = _common(connection, identity.dim)
    schema.add_field("chunk", DataType.VARCHAR, max_length=24)
    if identity.lexical == "function":
        plain = {"tokenizer": "standard"}  # the words are digits: it splits them at blanks
        schema.add_field(
            WORDS, DataType.VARCHAR, max_length=LONGEST, enable_analyzer=True, analyzer_params=plain
        )
        schema.add_function(Function("bm25", FunctionType.BM25, [WORDS], [SPARSE]))
    elif identity.lexical == "sparse":
        words = {"element_type": DataType.VARCHAR, "max_length": 10, "max_capacity": _MOST_LABELS}
        schema.add_field(WORDS, DataType.ARRAY, **words)
    if identity.lexical != "none":
        schema.add_field(SPARSE, DataType.SPARSE_FLOAT_VECTOR)
    return schema
