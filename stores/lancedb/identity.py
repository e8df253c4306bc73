"""What a LanceDB store was built with, as JSON in a row of its own in its table."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from rag.errors import StoreError

from .rows import IDENTITY
from .table import rows

if TYPE_CHECKING:
    from lancedb.table import LanceTable

_FORMAT = 1


class Identity(NamedTuple):
    """What the store was built with, in a row of its own."""

    fingerprint: str
    dim: int
    embedder: str
    language: str
    store_id: str
    format: int = _FORMAT

    def text(self) -> str:
        return json.dumps(self._asdict(), ensure_ascii=False)

    @classmethod
    def read(cls, table: LanceTable) -> Identity:
        stored = rows(table, f"key = '{IDENTITY}'", ["text"]).to_pylist()
        values = json.loads(stored[0]["text"]) if stored else {}
        if values.get("format", 0) > _FORMAT:
            raise StoreError(f"{table.uri} has format {values['format']}: upgrade footnote-rag")
        return cls(**values)
