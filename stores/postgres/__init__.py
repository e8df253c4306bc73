"""Documents, chunks and vectors in a schema of PostgreSQL."""

from .connection import tables
from .store import CAPS, built_with, open  # noqa: A004

__all__ = ["CAPS", "built_with", "open", "tables"]
