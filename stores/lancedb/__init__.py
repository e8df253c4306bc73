"""Documents, chunks and vectors in LanceDB, in a folder or a bucket."""

from .store import CAPS, built_with, open  # noqa: A004

__all__ = ["CAPS", "built_with", "open"]
