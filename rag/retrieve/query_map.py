"""A map of query vectors that was fitted to one's own questions; documents stay as they are embedded.

    q' = M [q; 1],  scaled to length 1                          M of shape (dim, dim + 1)

M begins as the identity beside a column of zeros, which changes nothing. `rag tune retriever` fits it, by
ridge regression; a question costs one product of a matrix and a vector. Only texts are mapped: vectors that a
stage made are no plain questions any more. Source: the closed form is that of linear query adapters, as in
Improving Text Embeddings for Smaller Language Models by Linear Adapters and LlamaIndex's adapters.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from rag.errors import CorruptError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FILE = "query_map.npy"


class QueryMap:
    """Unit rows of queries (n, dim) → unit rows (n, dim)."""

    def __init__(self, matrix: NDArray[np.float32]) -> None:
        self.matrix = matrix

    @property
    def dim(self) -> int:
        """The dimension of the vectors it maps."""
        return int(self.matrix.shape[0])

    def __call__(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """The mapped rows; a row that is mapped to nothing stays as it was."""
        import numpy as np

        moved = rows @ self.matrix[:, :-1].T + self.matrix[:, -1]
        lengths = np.linalg.norm(moved, axis=1, keepdims=True)
        mapped: NDArray[np.float32] = np.where(lengths > 1e-9, moved / np.maximum(lengths, 1e-9), rows)
        return mapped.astype(np.float32)

    def save(self, folder: Path) -> None:
        """Writes the matrix into a folder, as float32."""
        import numpy as np

        np.save(folder / FILE, self.matrix.astype(np.float32), allow_pickle=False)

    @classmethod
    def load(cls, folder: Path) -> QueryMap:
        """The map in a folder. Raises CorruptError for a file that is missing or holds something else."""
        import numpy as np

        path = folder / FILE
        try:
            matrix = np.load(io.BytesIO(path.read_bytes()), allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise CorruptError(f"{path} cannot be read ({error}): `rag tune undo retriever`") from error
        square = matrix.ndim == 2 and matrix.shape[1] == matrix.shape[0] + 1
        if not square or matrix.dtype != np.float32 or not np.isfinite(matrix).all():
            raise CorruptError(
                f"{path} holds {matrix.dtype} of shape {matrix.shape}, expected finite float32 of "
                "(dim, dim + 1): `rag tune undo retriever`"
            )
        return cls(matrix)
