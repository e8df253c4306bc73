"""One part of an archive: documents as JSON lines, their chunks' vectors as a numpy array; and both back."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rag.counts import counted
from rag.stores import Upsert
from rag.types import Chunk, Document

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CHUNK = ("id", "start", "end", "page", "heading", "header")
_STRINGS = ("id", "text", "source", "title", "media_type")
DOCUMENT = (*_STRINGS, "metadata", "pages")


def lines_of(batch: Sequence[Upsert]) -> bytes:
    """A document a line: its fields, its hash, and its chunks as offsets into its text."""
    return "".join(map(_line, batch)).encode()


def array_of(batch: Sequence[Upsert], dim: int) -> bytes:
    """The vectors of all chunks, float32 of shape (chunks, dim), in the order of the lines."""
    import numpy as np

    rows = [item.vectors for item in batch if len(item.chunks)]
    file = io.BytesIO()
    np.save(file, np.concatenate(rows) if rows else np.zeros((0, dim), np.float32), allow_pickle=False)
    return file.getvalue()


def upserts(lines: bytes, array: bytes, dim: int) -> list[Upsert]:
    """The documents of a part. Raises ValueError, KeyError or TypeError where it does not fit together."""
    vectors = _vectors(array, dim)
    batch: list[Upsert] = []
    at = 0
    # Only at line feeds: JSON leaves other ends of line (U+2028, U+0085) as they are within a string.
    for line in lines.decode("utf-8").split("\n")[:-1]:
        row = json.loads(line)
        document = _document(row)
        chunks = [_chunk(document, values) for values in row["chunks"]]
        batch.append(Upsert(document, chunks, vectors[at : at + len(chunks)], _string(row, "hash")))
        at += len(chunks)
    if at != len(vectors):
        raise ValueError(f"{counted(len(vectors), 'vector')} for {counted(at, 'chunk')}")
    return batch


def _line(item: Upsert) -> str:
    values = {name: getattr(item.document, name) for name in DOCUMENT}
    rows = [[getattr(chunk, name) for name in CHUNK] for chunk in item.chunks]
    return json.dumps({**values, "hash": item.hash, "chunks": rows}, ensure_ascii=False) + "\n"


def _vectors(array: bytes, dim: int) -> NDArray[np.float32]:
    """The array, looked at before any memory is taken for the shape that it names."""
    import numpy as np

    file = io.BytesIO(array)
    if np.lib.format.read_magic(file) != (1, 0):
        raise ValueError("the array has another version of the format than 1.0")
    shape, by_column, dtype = np.lib.format.read_array_header_1_0(file)
    if len(shape) != 2 or shape[1] != dim or by_column or dtype != np.float32:
        raise ValueError(f"the array is {dtype} of shape {shape}, expected float32 of (chunks, {dim})")
    rows = np.frombuffer(array, np.float32, offset=file.tell())
    if len(rows) != shape[0] * dim:
        raise ValueError(f"the array has {len(rows)} numbers, expected {shape[0]} rows of {dim}")
    if not np.isfinite(rows).all():
        raise ValueError("the array holds what is no number")
    return rows.reshape(shape)


def _document(row: Mapping[str, Any]) -> Document:
    metadata, pages = row["metadata"], tuple(row["pages"])
    if not isinstance(metadata, dict) or not all(type(page) is int for page in pages):
        raise TypeError("a document's metadata are expected to be an object, and its pages offsets")
    strings = {name: _string(row, name) for name in _STRINGS}
    return Document(**strings, metadata=metadata, pages=pages)


def _chunk(document: Document, values: Sequence[Any]) -> Chunk:
    """A chunk's text is its document's, and so are title and metadata."""
    row = dict(zip(CHUNK, values, strict=True))
    start, end, page = row["start"], row["end"], row["page"]
    if type(start) is not int or type(end) is not int or not 0 <= start <= end <= len(document.text):
        raise ValueError(f"a chunk from {start!r} to {end!r} in a text of {len(document.text)} characters")
    if page is not None and type(page) is not int:
        raise TypeError(f"a chunk on page {page!r}")
    return Chunk(
        _string(row, "id"),
        document.id,
        document.source,
        document.text[start:end],
        start,
        end,
        document.title,
        page,
        _string(row, "heading"),
        _string(row, "header"),
        document.metadata,
    )


def _string(row: Mapping[str, Any], name: str) -> str:
    value = row[name]
    if not isinstance(value, str):
        raise TypeError(f"{name} is {value!r}, expected a string")
    return value
