"""The embedder contract, and an embedder whose scores can be worked out by hand."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rag.embedding import Embedder, Kind

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class WordEmbedder:
    """Each word is an axis, so the cosine of two texts is the share of words they have in common.

    With words all different and no two on one axis: cos(a, b) = |A ∩ B| / √(|A| · |B|). A text without
    words points along axis 0.
    """

    name = "words"
    max_tokens = 256

    def __init__(self, dim: int = 64) -> None:
        self.dim = dim
        self.fingerprint = f"words-{dim}"
        self.embedded = 0
        """How many texts were embedded so far."""

    def axis(self, word: str) -> int:
        """The axis of a word: 1 to dim − 1."""
        digest = hashlib.blake2b(word.lower().encode(), digest_size=4).digest()
        return 1 + int.from_bytes(digest, "big") % (self.dim - 1)

    def embed(self, texts: Sequence[str], kind: Kind = "document") -> NDArray[np.float32]:
        import numpy as np

        rows = np.zeros((len(texts), self.dim), np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in re.findall(r"\w+", text) or [""]:
                row[self.axis(word) if word else 0] += 1
            row /= np.linalg.norm(row)
        self.embedded += len(texts)
        return rows

    def token_ends(self, text: str) -> NDArray[np.int64]:
        import numpy as np

        return np.array([match.end() for match in re.finditer(r"\w+|[^\w\s]", text)], np.int64)


class EmbedderContract:
    """What every embedder does. Inherit it and define `open`."""

    def open(self) -> Embedder:
        raise NotImplementedError("return the embedder to test")

    TEXTS = ("The cat sat on the mat.", "Ein Satz.", "第三句话。", "a", "word " * 2000, "🙂 emoji")

    def test_rows_are_units_of_the_dimension_given(self) -> None:
        import numpy as np

        embedder = self.open()
        rows = embedder.embed(self.TEXTS)
        assert rows.shape == (len(self.TEXTS), embedder.dim)
        assert rows.dtype == np.float32
        assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-4)

    def test_a_text_has_one_vector_whatever_stands_beside_it(self) -> None:
        import numpy as np

        embedder = self.open()
        together = embedder.embed(self.TEXTS)
        for text, row in zip(self.TEXTS, together, strict=True):
            assert np.allclose(embedder.embed([text])[0], row, atol=1e-5)

    def test_no_texts_give_no_rows_and_an_empty_text_gives_a_unit(self) -> None:
        import numpy as np

        embedder = self.open()
        assert embedder.embed([]).shape == (0, embedder.dim)
        assert np.allclose(np.linalg.norm(embedder.embed(["", " \n"]), axis=1), 1, atol=1e-4)

    def test_token_ends_ascend_within_the_text(self) -> None:
        embedder = self.open()
        for text in self.TEXTS:
            ends = embedder.token_ends(text).tolist()
            assert ends == sorted(ends)
            assert not ends or 0 < ends[0] <= ends[-1] <= len(text)
        assert len(embedder.token_ends("word " * 2000)) >= 2000
        assert len(embedder.token_ends("")) == 0

    def test_it_says_what_it_is(self) -> None:
        embedder = self.open()
        assert embedder.name
        assert embedder.fingerprint
        assert embedder.max_tokens > 0
        assert self.open().fingerprint == embedder.fingerprint
