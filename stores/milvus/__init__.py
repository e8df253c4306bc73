"""Documents, chunks and vectors in Milvus, or in a file with Milvus Lite."""

from .store import CAPS, built_with, open  # noqa: A004

__all__ = ["CAPS", "built_with", "open"]
