"""A store's documents with their chunks and vectors, in batches, and such batches into another store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import NamedTuple

from rag.errors import StoreError
from rag.progress import Progress, Watcher
from rag.stores import Upsert, VectorStore, Where
from rag.types import DocumentInfo

BATCH = 1000
"""Chunks that are held at once and go into the other store in one upsert; a document stays whole."""


Content = tuple[str, int]
"""A document's content hash and its number of chunks."""


class Copied(NamedTuple):
    """Documents and chunks that were written, and documents that stood there already."""

    documents: int
    chunks: int
    there: int


def batches(infos: Iterable[DocumentInfo], most: int = BATCH) -> Iterator[list[DocumentInfo]]:
    """Documents of up to `most` chunks together, or one larger document alone."""
    batch: list[DocumentInfo] = []
    size = 0
    for info in infos:
        weight = max(1, info.chunks)  # a document without chunks has a text too
        if batch and size + weight > most:
            yield batch
            batch, size = [], 0
        batch.append(info)
        size += weight
    if batch:
        yield batch


def stored(store: VectorStore, infos: Iterable[DocumentInfo]) -> Iterator[list[Upsert]]:
    """These documents as they are stored, batch by batch. StoreError for one that changes meanwhile."""
    for batch in batches(infos):
        with store.snapshot():
            documents = {document.id: document for document in store.load([info.id for info in batch])}
            chunks = _chunks(store, batch)
        yield [_whole(info, documents, chunks) for info in batch]


def copy(
    items: Iterable[list[Upsert]], target: VectorStore, there: int, total: int, report: Watcher
) -> Copied:
    """Writes the batches; `there` of `total` documents need not be written."""
    documents = chunks = 0
    report(Progress("copying", there, total))
    for batch in items:
        target.upsert(batch)
        documents += len(batch)
        chunks += sum(len(item.chunks) for item in batch)
        report(Progress("copying", there + documents, total))
    report(Progress("indexing", 0, 0))
    target.sync()
    return Copied(documents, chunks, there)


def contents(store: VectorStore) -> dict[str, Content]:
    """Document id → its content, of all that a store holds: some 240 bytes a document."""
    return {info.id: (info.hash, info.chunks) for info in store.documents()}


def missing(source: Iterable[DocumentInfo], there: Mapping[str, Content]) -> list[DocumentInfo]:
    """The documents that are not there, or not with this content; without metadata, which take the most."""
    return [
        info._replace(title="", metadata={})
        for info in source
        if there.get(info.id) != (info.hash, info.chunks)
    ]


def _chunks(store: VectorStore, batch: list[DocumentInfo]) -> dict[str, list]:  # type: ignore[type-arg]
    """Document id → its (chunk, vector) pairs in the order of the text."""
    ids = [info.id for info in batch]
    most = sum(info.chunks for info in batch) + 1
    if "in" in store.caps.filters:
        rows = store.scan(limit=most, where=Where("document_id", "in", ids))
    else:
        rows = [
            row
            for document_id in ids
            for row in store.scan(limit=most, where=Where("document_id", "=", document_id))
        ]
    rows.sort(key=lambda row: (row[0].document_id, row[0].start, row[0].end, row[0].id))
    return {name: list(group) for name, group in groupby(rows, key=lambda row: row[0].document_id)}


def _whole(info: DocumentInfo, documents: Mapping[str, object], chunks: dict[str, list]) -> Upsert:  # type: ignore[type-arg]
    import numpy as np

    pairs = chunks.get(info.id, [])
    document = documents.get(info.id)
    if document is None or len(pairs) != info.chunks:
        raise StoreError(
            f"{info.source} changed while it was read ({len(pairs)} of {info.chunks} chunks are there): "
            "run the same command again, it goes on"
        )
    vectors = np.stack([vector for _, vector in pairs]) if pairs else np.zeros((0, 1), np.float32)
    return Upsert(document, [chunk for chunk, _ in pairs], vectors, info.hash)  # type: ignore[arg-type]
