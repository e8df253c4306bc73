"""An embedder by what settings call it: `builtin`, a folder with an ONNX export, or `st:` and a model."""

from __future__ import annotations

from pathlib import Path

from rag import lookup
from rag.embedding import NAMES, Embedder
from rag.errors import ConfigError


def open_embedder(named: str, *, offline: bool = False) -> Embedder:
    """`builtin`; `./models/mine` (ONNX, laid out as the built-in one); `st:./folder` or `st:owner/name`.

    Raises ConfigError for anything else, ModelError where a model cannot be loaded, MissingExtra where
    sentence-transformers is not installed.
    """
    kind, _, model = named.partition(":")
    if (Path(named) / "model.onnx").is_file():
        kind, model = "onnx", named
    if kind not in lookup.names("embedding", NAMES):
        raise ConfigError(
            f"there is no embedder {named!r}: expected `builtin`, a folder with model.onnx, or `st:` and a "
            "sentence-transformers model by path or hub id"
        )
    opened: Embedder = lookup.find("embedding", kind, NAMES)(model, offline=offline)
    return opened
