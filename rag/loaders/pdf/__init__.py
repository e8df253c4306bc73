"""PDF, and what only PDF needs."""

from .loader import load

__all__ = ["load"]
