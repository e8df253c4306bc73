"""Where documents, chunks and vectors live. A store keeps truth, filters and durability; it does not embed.

- `contract.py`: `VectorStore`, what every store does; `prepared.py`: repeats dropped, vectors checked
- `opening.py`: a store by its URL
- `where.py`, `where_text.py`: filters as values, the evaluator every store must match, and their text form
- `local.py`: one folder, whose only truth is SQLite (`local_truth.py`), followed by derived indexes
  (`local_derived.py`); `local_filter.py` turns filters into SQL, `local_gate.py` admits readers and
  followers, `local_check.py` examines, `local_exchange.py` swaps folders, `local_identity.py` names one
- `lancedb.py`: a folder or a bucket; `lancedb_table.py` its versions, `lancedb_rows.py` its columns,
  `lancedb_filter.py` filters as SQL, `lancedb_upkeep.py` what `sync` does, `lancedb_identity.py`
- `qdrant.py`: a server; `qdrant_connection.py` reaches it, `qdrant_setup.py` makes collections,
  `qdrant_points.py` are rows, `qdrant_generations.py` replaces them, `qdrant_filter.py` are conditions,
  `qdrant_lexical.py` is BM25
- shared by stores on engines: `analysing.py` (terms, their language), `payload.py` (documents and chunks as
  flat values), `sortable.py` (values as strings that sort alike), `ties.py` (equal scores), `pieces.py`
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
