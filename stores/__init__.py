"""Where documents, chunks and vectors live. A store keeps truth, filters and durability; it does not embed.

- `contract.py`: `VectorStore`, what every store does; `upsert.py`: repeats dropped, vectors checked
- `open.py`: a store by its URL, and the table of them
- `where.py`, `where_text.py`, `where_sql.py`: filters as values, the evaluator every store must match;
  as text; as SQL
- `together.py`: several stores that are read as one
- `local/`: one folder, whose only truth is SQLite, followed by derived indexes
- `postgres/`, `lancedb/`, `qdrant/`, `milvus/`: servers and buckets
- `engine/`: what those four share

In each of the five folders `store` is the store itself; the other files are what it is made of.
"""

from .contract import BuiltWith, Capabilities, Problem, Tables, Upsert, VectorStore
from .local.store import LocalStore
from .open import built_with, capabilities, open_store, open_tables, store_name, without_password
from .together import Together
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
    "Together",
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
