"""One folder: SQLite as the only truth, and derived indexes that follow it."""

from .store import CAPS, built_with, open  # noqa: A004

__all__ = ["CAPS", "built_with", "open"]
