"""DOCX → Markdown: a walk over the document's own XML, which knows what a page shows."""

from .loader import load

__all__ = ["load"]
