"""HTML, and what only HTML needs."""

from .loader import html_to_markdown, load

__all__ = ["html_to_markdown", "load"]
