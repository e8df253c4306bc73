"""Where the tokens of a text end, told by a tokenizer alone: for processes that embed nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from rag.models.running import encode, tokenizer_from

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class WrittenTokenizer(NamedTuple):
    """A tokenizer as text: the JSON of the package `tokenizers`. An embedder may have one as `tokenizer`.

    `marks_are_text`: whether "[SEP]" in a text is text, and not the special token.
    """

    json: str
    marks_are_text: bool = True

    def open(self) -> Callable[[str], NDArray[np.int64]]:
        """What the embedder's `token_ends` is. Raises ModelError where the JSON is no tokenizer."""
        tokenizer = tokenizer_from(self.json, "a tokenizer")
        tokenizer.encode_special_tokens = self.marks_are_text
        return lambda text: token_ends(tokenizer, text)


def token_ends(tokenizer: Any, text: str) -> NDArray[np.int64]:
    """The offset in characters just behind each token, never descending, uncut, without special tokens."""
    import numpy as np

    return np.array([end for _, end in encode(tokenizer, text, special=False).offsets], dtype=np.int64)
