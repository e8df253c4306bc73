"""Plain text and logs: the document's text is the file's."""

from __future__ import annotations

from rag.loaders.decode import decode
from rag.loaders.guard.limits import Limits
from rag.types import Document


def load(data: bytes, source: str, limits: Limits) -> list[Document]:
    """One document, `text/plain`."""
    decoded = decode(data)
    return [Document.make(decoded.text, source, metadata=decoded.metadata)]
