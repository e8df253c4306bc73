"""The pipeline of an ingest as values that another process opens it from: embedder and store by name."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rag.secrets import revealed

if TYPE_CHECKING:
    from rag.embedding import Embedder
    from rag.pipeline.parts import Parts

_SHARED = ("store", "stores", "index")  # sections that decide how an embedder or a store is opened


def described(rag: Parts) -> dict[str, Any]:
    """JSON values; passwords that stand in the store's URL are among them."""
    kept = {name: value for name, value in rag.origin.settings.items() if name.partition(".")[0] in _SHARED}
    return {
        "index": os.path.abspath(rag.index),  # noqa: PTH100 (resolve() would follow links)
        "embedder": rag.origin.embedder,
        "settings": {"store.url": rag.origin.url, **revealed(kept)},
        "offline": rag.offline,
    }


def opened(values: Mapping[str, Any], embedder: Embedder | None = None) -> Parts:
    """The pipeline of such values, with a store of its own; in one process it may share the embedder."""
    from rag.pipeline.parts import Parts

    return Parts(
        values["index"],
        embedder=embedder or values["embedder"],
        settings=values["settings"],
        offline=values["offline"],
    )
