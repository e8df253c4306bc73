"""An embedder by what settings call it: `builtin`, a folder with an ONNX export, or `st:` and a model."""

from __future__ import annotations

from pathlib import Path

from rag.embedding import Embedder
from rag.errors import ConfigError

_ST = "st:"


def open_embedder(named: str, *, offline: bool = False) -> Embedder:
    """`builtin`; `./models/mine` (ONNX, laid out as the built-in one); `st:./folder` or `st:owner/name`.

    Raises ConfigError for anything else, ModelError where a model cannot be loaded, MissingExtra where
    sentence-transformers is not installed.
    """
    if named == "builtin":
        from rag.embedding.onnx import OnnxEmbedder

        return OnnxEmbedder.open()
    if named.startswith(_ST):
        from rag.embedding.sentence_transformers import SentenceTransformerEmbedder

        return SentenceTransformerEmbedder.open(named.removeprefix(_ST), offline=offline)
    if (Path(named) / "model.onnx").is_file():
        from rag.embedding.onnx import OnnxEmbedder

        return OnnxEmbedder.open(named)
    raise ConfigError(
        f"there is no embedder {named!r}: expected `builtin`, a folder with model.onnx, or `st:` and a "
        "sentence-transformers model by path or hub id"
    )
