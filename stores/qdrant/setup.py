"""A collection of Qdrant as this store makes it, and what it says it was built with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from rag.errors import CorruptError, StoreError

from .lexical import WORDS
from .points import DENSE, LANGUAGE_POINT

if TYPE_CHECKING:
    from .connection import Connection

_FORMAT = 1
_KEYWORDS = ("kind", "id", "document_id", "names", "scalars", "labels", "items", "numbers[].name")


class Identity(NamedTuple):
    """What cannot change, in the collection's metadata. `lexical` is `text` or `sparse`."""

    fingerprint: str
    dim: int
    embedder: str
    lexical: str
    format: int = _FORMAT


def read_identity(connection: Connection) -> Identity | None:
    """None where there is no collection. Raises CorruptError where it is not one of ours."""
    if not connection.collection_exists():
        return None
    values = dict(connection.get_collection().config.metadata or {}).get("footnote")
    if values is None:
        url, collection = connection.place.url, connection.place.collection
        raise CorruptError(
            f"{url}: this store did not make the collection {collection!r}: name another, qdrant://HOST:PORT/NAME"
        )
    if values["format"] > _FORMAT:
        raise StoreError(f"{connection.place.url} has format {values['format']}: upgrade footnote-rag")
    return Identity(**values)


def make_collection(connection: Connection, identity: Identity, language: str) -> None:
    """Makes the collection and its indexes; another process may do so at the same time."""
    from qdrant_client import models

    sparse = {WORDS: models.SparseVectorParams(modifier=models.Modifier.IDF)}
    try:
        connection.create_collection(
            vectors_config={DENSE: models.VectorParams(size=identity.dim, distance=models.Distance.DOT)},
            sparse_vectors_config=sparse if identity.lexical == "sparse" else None,
            metadata={"footnote": identity._asdict()},
        )
    except StoreError:
        if not connection.collection_exists():
            raise
    make_indexes(connection, identity)
    keep_language(connection, language, only_if="")


def make_indexes(connection: Connection, identity: Identity) -> None:
    """Local mode has the text index only, and warns of the others."""
    from qdrant_client import models

    kinds: dict[str, Any] = {} if connection.place.local else dict.fromkeys(_KEYWORDS, "keyword")
    if not connection.place.local:
        kinds |= {"generation": "integer", "numbers[].value": "float", "numbers[].rest": "integer"}
    if identity.lexical == "text":
        kinds[WORDS] = models.TextIndexParams(type=models.TextIndexType.TEXT, scoring=True)
    for field, kind in kinds.items():
        connection.create_payload_index(field, field_schema=kind, wait=True)


def read_language(connection: Connection) -> str:
    records = connection.retrieve([LANGUAGE_POINT], with_payload=True)
    return str(records[0].payload["language"]) if records else "auto"


def keep_language(connection: Connection, language: str, *, only_if: str) -> None:
    """Keeps the language where it is `only_if` now, or where none was ever kept."""
    from qdrant_client import models

    point = models.PointStruct(
        id=LANGUAGE_POINT, vector={}, payload={"kind": "language", "language": language}
    )
    before = models.FieldCondition(key="language", match=models.MatchValue(value=only_if))
    connection.upsert([point], wait=True, update_filter=models.Filter(must=[before]))
