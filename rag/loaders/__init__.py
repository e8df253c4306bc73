"""File or bytes → Documents, one module a format. Knows nothing of chunks, stores or the walk of a folder.

- `formats.py`: the table of suffixes, and how others add to it; `languages.py`: suffix → language of code
- `sniff.py`: what a file is by its content; `decode.py`: bytes → text
- `result.py`: what a loader returns; `metadata.py`: values that fit a document
- `writer.py`, `pipes.py`: blocks and rows → Markdown; `drawing.py`: charts and diagrams
- `number_formats/`, `numerals.py`, `equations.py`, `raised.py`: values, numbers of items, equations and
  raised text as they are shown
- `first_heading.py`: a Markdown text's title; `unrendered.py`: comments and hidden elements in markup
- `wiki.py`: links and tags of Obsidian's Markdown
- text as it is: `text.py`, `markdown.py`, `rst.py`, `code.py`, `delimited.py` (CSV, TSV), `json.py`
- text taken out: `html/`, `pdf/`, `sheets/`, `docx/`, `pptx.py`, `epub.py`, `notebook.py`, `mail.py`
- `ocr.py`: pictures → lines of text
- `guard/`: limits, archives, XML, and what is hidden from a reader
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rag.errors import LoadError
from rag.loaders.formats import (
    REFUSED,
    loader_of,
    register,
    suffix_of,
    suffix_of_media_type,
    suffixes,
    takes,
)
from rag.loaders.guard.limits import Limits
from rag.loaders.result import Loaded, Loader

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Limits", "Loaded", "Loader", "load", "load_bytes", "load_with", "register", "suffixes", "takes"]

_DEFAULT = Limits()


def load(path: Path, source: str, *, limits: Limits = _DEFAULT, media_type: str | None = None) -> Loaded:
    """Reads a file as documents of `source`. `media_type` picks the loader before its name.

    Raises LoadError, without the file's name, which its caller has.
    """
    data = read(path, limits)
    suffix = suffix_of_media_type(media_type) if media_type else suffix_of(path.name) or suffix_of(source)
    return _load(data, source, suffix, limits)


def load_bytes(
    data: bytes, source: str, *, limits: Limits = _DEFAULT, media_type: str | None = None
) -> Loaded:
    """Same as `load`, for what is in memory: standard input, an attachment."""
    suffix = suffix_of_media_type(media_type) if media_type else suffix_of(source)
    return _load(data, source, suffix, limits)


def _load(data: bytes, source: str, suffix: str, limits: Limits) -> Loaded:
    loader = loader_of(suffix)
    if loader is None and suffix in REFUSED:
        raise LoadError(f"no loader for {suffix} files; {REFUSED[suffix]}")
    if loader is None and data:
        loader = _sniffed(data, suffix)
    # An empty file of any kind gets as far as the check in load_with.
    return load_with(loader or _nothing, data, source, limits)


def load_with(loader: Loader, data: bytes, source: str, limits: Limits = _DEFAULT) -> Loaded:
    """Runs one loader under the limits, and checks what it returns. Raises LoadError."""
    from rag.loaders.guard.checks import checked
    from rag.loaders.guard.hidden import HIDDEN_KEY, counting, marked
    from rag.types import Document

    if not data:
        raise LoadError("empty: the file has 0 bytes")
    limits.check("max_bytes", len(data), "bytes")
    try:
        with counting() as counts:
            try:
                documents, problems = checked(loader(data, source, limits), limits)
            except LoadError as error:
                hidden = marked(Document.make("", source), counts).metadata.get(HIDDEN_KEY)
                raise LoadError(f"{error}; {hidden}") if hidden else error from None
        return Loaded([marked(documents[0], counts), *documents[1:]], problems)
    except RecursionError as error:
        raise LoadError("nested too deeply to be read; is the file damaged, or made to do harm?") from error


def read(path: Path, limits: Limits = _DEFAULT) -> bytes:
    """The bytes of a regular file within `max_bytes`. Raises LoadError."""
    try:
        if not path.is_file():
            kind = "is a folder or a device" if path.exists() else "does not exist"
            raise LoadError(f"not a file: {path} {kind}")
        with path.open("rb") as file:
            # One byte more than allowed shows a file that grew since, or that reports no size.
            limits.check("max_bytes", path.stat().st_size, "bytes")
            data = file.read(limits.max_bytes + 1)
    except OSError as error:
        raise LoadError(f"cannot be read: {error.strerror or error}; check its permissions") from error
    limits.check("max_bytes", len(data), "bytes")
    return data


def _sniffed(data: bytes, suffix: str) -> Loader:
    from rag.loaders.sniff import sniff

    kind = sniff(data)
    loader = loader_of(kind)
    if loader is None:
        named = f"{suffix} files" if suffix else "a file of this kind"
        hint = REFUSED.get(
            kind, "known suffixes are in rag.loaders.suffixes(); others are added by register()"
        )
        raise LoadError(f"no loader for {named}, and the content looks binary; {hint}")
    return loader


def _nothing(data: bytes, source: str, limits: Limits) -> Loaded:
    return Loaded([], [])
