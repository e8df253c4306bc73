"""texts → unit vectors. Knows nothing of documents, chunks or stores.

- `open.py`: an embedder by what settings call it
- `onnx.py`: the built-in model, or any ONNX export with the same layout, by path
- `tokenizer.py`: where tokens end, for processes that embed nothing
- `sentence_transformers.py`: any sentence-transformers model, by path or hub id (extra `[hf]`)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Kind = Literal["document", "query"]


NAMES = {
    "builtin": "rag.embedding.onnx:opened",
    "onnx": "rag.embedding.onnx:opened",
    "st": "rag.embedding.sentence_transformers:opened",
}
"""What stands before the colon of a name in the settings → what opens the model that stands behind it."""


@runtime_checkable
class Embedder(Protocol):
    """Turns texts into unit rows. A text gives the same row, to 1e-5, whatever else is in the call.

    `fingerprint` names weights and settings: two embedders with equal fingerprints are interchangeable.
    `max_tokens` is how much of a text the model reads, its special tokens not counted. One that has
    `tokenizer`, a `rag.embedding.tokenizer.WrittenTokenizer`, lets documents be cut in worker processes.
    """

    @property
    def name(self) -> str: ...
    @property
    def fingerprint(self) -> str: ...
    @property
    def dim(self) -> int: ...
    @property
    def max_tokens(self) -> int: ...

    def embed(self, texts: Sequence[str], kind: Kind = "document") -> NDArray[np.float32]:
        """float32, shape (len(texts), dim), rows of length 1. Order is kept."""
        ...

    def token_ends(self, text: str) -> NDArray[np.int64]:
        """The offset just behind each token of the text, never descending, uncut: len() counts tokens."""
        ...
