"""Source code and configuration: the text is the file's, the media type names the language."""

from __future__ import annotations

from pathlib import PurePosixPath

from rag.loaders.decode import decode
from rag.loaders.guard.limits import Limits
from rag.loaders.languages import LANGUAGES, NAMES
from rag.types import Document


def load(data: bytes, source: str, limits: Limits) -> list[Document]:
    """One document, `text/x-<language>`; `text/plain` where the source's name does not tell the language."""
    decoded = decode(data)
    path = PurePosixPath(source)
    language = NAMES.get(path.name.lower()) or LANGUAGES.get(path.suffix.lower())
    metadata = {**decoded.metadata, **({"language": language} if language else {})}
    media_type = f"text/x-{language}" if language else "text/plain"
    return [Document.make(decoded.text, source, metadata=metadata, media_type=media_type)]
