"""The page on scaling shows what the stores say of themselves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from rag.stores import Capabilities, capabilities

PAGE = Path(__file__).parents[2] / "docs" / "scaling.md"
STORES = (".rag", "postgresql://", "lancedb://", "qdrant://", "milvus://")
ROWS: dict[str, Callable[[Capabilities], object]] = {
    "lexical engine": lambda caps: caps.lexical or "none",
    "BM25": lambda caps: caps.bm25,
    "scripts without spaces": lambda caps: caps.unspaced,
    "dense search": lambda caps: caps.dense,
    "vectors kept as": lambda caps: caps.vectors,
    "all filter operators": lambda caps: len(caps.filters) == 10,
    "documents replaced as a whole": lambda caps: caps.atomic_documents,
    "snapshots": lambda caps: caps.snapshots,
    "many processes write at once": lambda caps: caps.concurrent_writers,
    "seen by others at once": lambda caps: caps.visible_at_once,
    "most hits of a search": lambda caps: caps.max_k or "any",
}


def table(all_caps: list[Capabilities]) -> list[str]:
    """The rows of the page: one a capability, one column a store."""
    lines = [["", *(f"`{caps.name}`" for caps in all_caps)], ["---"] * (len(all_caps) + 1)]
    for name, value in ROWS.items():
        shown = [value(caps) for caps in all_caps]
        words = {True: "yes", False: "no"}
        lines.append([name, *(words[one] if isinstance(one, bool) else str(one) for one in shown)])
    return [f"| {' | '.join(line)} |".replace("|  |", "| |") for line in lines]


def test_the_table_of_capabilities_is_what_the_stores_say() -> None:
    if not PAGE.exists():
        pytest.skip("docs/scaling.md is no part of what is installed")
    expected = table([capabilities(url) for url in STORES])
    shown = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("|")]
    assert shown[: len(expected)] == expected, "\n".join(["docs/scaling.md has to show:", *expected])
