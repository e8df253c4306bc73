"""What units carry, as bytes: texts to embed, vectors that came of them, documents that wait for theirs."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rag.ingest.storing import Batch
from rag.stores import Upsert

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def texts_to(texts: Sequence[str]) -> bytes:
    """As JSON."""
    return json.dumps(list(texts)).encode()


def texts_of(payload: bytes) -> list[str]:
    texts: list[str] = json.loads(payload)
    return texts


def vectors_to(rows: Sequence[NDArray[np.float32]] | NDArray[np.float32]) -> bytes:
    """float32, row after row; empty for no rows."""
    import numpy as np

    return np.asarray(rows, "<f4").tobytes()


def vectors_of(data: bytes, dim: int) -> NDArray[np.float32]:
    """float32 of shape (rows, dim). Raises ValueError for bytes that are no whole rows."""
    import numpy as np

    return np.frombuffer(data, "<f4").reshape(-1, dim)


def batch_to(batch: Batch) -> bytes:
    """The documents of a batch and the rows of their vectors, so that another machine can store them."""
    from rag.moving.parts import lines_of

    waiting = [Upsert(item.document, item.chunks, _none(), item.hash) for item in batch.items]
    return json.dumps(batch.rows).encode() + b"\n" + lines_of(waiting)


def upserts_of(payload: bytes, vectors: NDArray[np.float32]) -> list[Upsert]:
    """The documents with their vectors: `vectors` are all of the batch, in order, float32 (texts, dim)."""
    import numpy as np

    from rag.moving.parts import upserts

    rows, _, lines = payload.partition(b"\n")
    array = io.BytesIO()
    np.save(array, np.ascontiguousarray(vectors[json.loads(rows)], np.float32), allow_pickle=False)
    return upserts(lines, array.getvalue(), vectors.shape[1])


def _none() -> NDArray[np.float32]:
    import numpy as np

    return np.zeros((0, 0), np.float32)
