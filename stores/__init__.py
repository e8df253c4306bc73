"""Where documents, chunks and vectors live. A store keeps truth, filters and durability; it does not embed.

- `contract.py`: `VectorStore`, what every store does; `upsert.py`: repeats dropped, vectors checked
- `open.py`: a store by its URL
- `where.py`, `where_text.py`: filters as values, the evaluator every store must match, and their text form
- `local/`: one folder, whose only truth is SQLite (`truth.py`), followed by derived indexes (`derived.py`)
- `lancedb/`: a folder or a bucket
- `postgres/`, `qdrant/`, `milvus/`: servers
- `engine/`: what stores on engines share: `language.py` (the analyzer), `payload.py` (documents and chunks as
  flat values), `sortable.py` (values as strings that sort alike), `top_k.py` (equal scores go by id),
  `batches.py`
"""

from .contract import BuiltWith, Capabilities, Problem, Tables, Upsert, VectorStore
from .local.store import LocalStore
from .open import built_with, capabilities, open_store, open_tables, store_name, without_password
from .upsert import prepared
from .where import AllOf, AnyOf, Filter, NotOf, Where, fields_of, leaves, matches
from .where_text import parse_where

__all__ = [
    "AllOf",
    "AnyOf",
    "BuiltWith",
    "Capabilities",
    "Filter",
    "LocalStore",
    "NotOf",
    "Problem",
    "Tables",
    "Upsert",
    "VectorStore",
    "Where",
    "built_with",
    "capabilities",
    "fields_of",
    "leaves",
    "matches",
    "open_store",
    "open_tables",
    "parse_where",
    "prepared",
    "store_name",
    "without_password",
]
