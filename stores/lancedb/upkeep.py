"""What keeps a LanceDB table fast: files merged, indexes brought up to date, old versions dropped.

New rows are found before they are indexed, only slower; so this may be late, but never wrong. Searches are
exact until a table has so many chunks that scanning their vectors takes long.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from .table import is_conflict, retried

if TYPE_CHECKING:
    from lancedb.table import LanceTable

VECTOR_INDEX = "vector_idx"
_TERMS_INDEX = "terms_idx"
_KEYS_FROM = 10_000  # rows from which looking one up by its key is worth an index
_EXACT_STATISTICS = 100_000  # chunks up to which the full-text index is built anew to forget what was deleted


def make_terms_index(table: LanceTable) -> None:
    """The full-text index over `terms`, which are analysed already: split at spaces, nothing else."""
    from lancedb.index import FTS

    config = FTS(
        base_tokenizer="whitespace",
        max_token_length=None,
        lower_case=False,
        stem=False,
        remove_stop_words=False,
        ascii_folding=False,
    )
    table.create_index("terms", config=config, replace=True, name=_TERMS_INDEX)


def tidy(table: LanceTable, keep: timedelta) -> None:
    """Merges small files, takes new rows into the indexes, drops versions older than `keep`."""
    age = keep
    if tags := table.tags.list():
        tagged = {tag["version"] for tag in tags.values()}
        # A tagged version cannot be dropped, and an attempt stops everything else.
        times = [row["timestamp"] for row in table.list_versions() if row["version"] in tagged]
        oldest = min(times, default=datetime.now())
        now = datetime.now(UTC if oldest.tzinfo else None)
        age = max(keep, now - oldest + timedelta(days=1))
    _attempted(lambda: table.optimize(cleanup_older_than=age))


def bring_up_to_date(table: LanceTable, keep: timedelta, index_from: int) -> None:
    """All that `sync` does: tidies, and makes the indexes that the table has grown into."""
    tidy(table, keep)
    named = {index.name for index in table.list_indices()}
    chunks = table.count_rows("kind = 'chunk'")
    if _TERMS_INDEX not in named or (chunks <= _EXACT_STATISTICS and _holds_deleted(table, chunks)):
        _attempted(lambda: make_terms_index(table))
    if chunks >= _KEYS_FROM:
        for column in {"key", "id", "document_id"} - {name.removesuffix("_idx") for name in named}:
            _attempted(partial(_make_key_index, table, column))
    if chunks >= index_from and VECTOR_INDEX not in named:
        _attempted(lambda: _make_vector_index(table))


def _attempted(work: Callable[[], Any]) -> None:
    """Does the work unless others keep writing: then nothing is missed, and their own `sync` does it."""
    try:
        retried(work)
    except (RuntimeError, OSError) as error:
        if not is_conflict(error):
            raise


def _holds_deleted(table: LanceTable, chunks: int) -> bool:
    """Whether the full-text index counts chunks that are gone, so that words look more common than they are.

    Merging files drops them by itself only once a tenth of a file is deleted.
    """
    stats: Any = table.index_stats(_TERMS_INDEX)
    return stats is not None and stats.num_indexed_rows != chunks


def _make_key_index(table: LanceTable, column: str) -> None:
    from lancedb.index import BTree

    table.create_index(column, config=BTree(), name=f"{column}_idx")


def _make_vector_index(table: LanceTable) -> None:
    """Cells of similar vectors, a byte a dimension; the best are scored again by the true ones."""
    from lancedb.index import IvfSq

    table.create_index("vector", config=IvfSq(distance_type="dot"), name=VECTOR_INDEX, replace=True)
