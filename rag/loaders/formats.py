"""Which loader takes a file: by its suffix, by a media type, or by its first bytes.

The one table of formats. Others add to it with `register`, or by an entry point of the group
`rag.loaders` whose name is the suffix and whose value is the loader: `".abc" = "my_package.abc:load"`.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import cast

from rag import lookup
from rag.errors import ConfigError, LoadError
from rag.loaders.languages import LANGUAGES, NAMES
from rag.loaders.result import Loader

LOADERS = {
    suffix: loader
    for loader, suffixes_ in {
        "rag.loaders.code:load": tuple(LANGUAGES),
        "rag.loaders.text:load": (".txt", ".text", ".log"),
        "rag.loaders.markdown:load": (".md", ".markdown", ".mdx"),
        "rag.loaders.rst:load": (".rst",),
        "rag.loaders.html:load": (".html", ".htm", ".xhtml"),
        "rag.loaders.pdf:load": (".pdf",),
        "rag.loaders.docx:load": (".docx", ".docm", ".dotx"),
        "rag.loaders.pptx:load": (".pptx", ".pptm", ".ppsx"),
        "rag.loaders.sheets:load": (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"),
        "rag.loaders.delimited:load": (".csv", ".tsv", ".tab"),
        "rag.loaders.json:load": (".json", ".jsonl", ".ndjson"),
        "rag.loaders.epub:load": (".epub",),
        "rag.loaders.notebook:load": (".ipynb",),
        "rag.loaders.subtitles:load": (".srt", ".vtt"),
        "rag.loaders.mail:load": (".eml", ".mbox"),
    }.items()
    for suffix in suffixes_
}
"""Suffix → the loader that reads it."""

MEDIA_TYPES = {
    "text/plain": ".txt",
    "text/markdown": ".md",
    "text/x-rst": ".rst",
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "application/pdf": ".pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": ".pptx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
    "application/vnd.ms-excel": ".xls",
    "application/vnd.oasis.opendocument.spreadsheet": ".ods",
    "text/csv": ".csv",
    "text/tab-separated-values": ".tsv",
    "application/json": ".json",
    "application/jsonl": ".jsonl",
    "application/x-ndjson": ".jsonl",
    "application/epub+zip": ".epub",
    "application/x-ipynb+json": ".ipynb",
    "application/x-subrip": ".srt",
    "text/vtt": ".vtt",
    "message/rfc822": ".eml",
    "application/mbox": ".mbox",
}
"""Media type → the suffix that stands for it in `LOADERS`."""

REFUSED = {
    ".doc": "save it as .docx",
    ".dot": "save it as .docx",
    ".rtf": "save it as .docx",
    ".odt": "save it as .docx",
    ".pages": "export it as .docx or .pdf",
    ".ppt": "save it as .pptx",
    ".odp": "save it as .pptx",
    ".key": "export it as .pptx or .pdf",
    ".msg": "save the mail as .eml",
    ".mobi": "convert it to .epub",
    ".zip": "unpack it and give the folder",
    ".tar": "unpack it and give the folder",
    ".gz": "unpack it",
    ".7z": "unpack it and give the folder",
    ".rar": "unpack it and give the folder",
}
"""Formats that no loader takes, and what their owner can do."""

_registered: dict[str, Loader] = {}


def register(suffix: str, loader: Loader) -> None:
    """Makes `loader` take files that end in `suffix` (`.abc`), before any built-in one.

    Worker processes import it by name, so it has to be a function of an importable module there.
    Raises ConfigError for a suffix without its dot.
    """
    if not suffix.startswith(".") or len(suffix) < 2:
        raise ConfigError(f"a loader's suffix begins with a dot, as in '.abc'; got {suffix!r}")
    _registered[suffix.lower()] = loader


def registered() -> dict[str, Loader]:
    """The loaders that `register` added in this process."""
    return dict(_registered)


def suffixes() -> frozenset[str]:
    """Every suffix that some loader takes, in lower case, with its dot."""
    return frozenset(_named()) | frozenset(_registered)


def takes(name: str) -> bool:
    """Whether a loader takes a file of this name: by its suffix, or as a Makefile and the like."""
    return suffix_of(name) in suffixes()


def suffix_of(source: str) -> str:
    """The suffix that decides, in lower case: the last one; `.sh`-like for a Makefile; `` for none."""
    path = PurePosixPath(source.replace("\\", "/"))
    if path.name.lower() in NAMES:
        return ".cmake" if NAMES[path.name.lower()] == "cmake" else ".sh"
    return path.suffix.lower()


def loader_of(suffix: str) -> Loader | None:
    """The loader of a suffix; None where no loader takes it."""
    if suffix in _registered:
        return _registered[suffix]
    name = _named().get(suffix)
    return None if name is None else cast(Loader, lookup.find("loaders", name, LOADERS))


def loader_named(name: str) -> Loader:
    """The loader at a dotted name, `package.module:function`. Raises LoadError where there is none."""
    try:
        return cast(Loader, lookup.place("loader", name))
    except ConfigError as error:
        raise LoadError(str(error)) from error


def suffix_of_media_type(media_type: str) -> str:
    """The suffix that stands for a media type. Raises LoadError for one that no loader takes."""
    essence = media_type.partition(";")[0].strip().lower()
    if essence in MEDIA_TYPES:
        return MEDIA_TYPES[essence]
    language = essence.removeprefix("text/x-")
    for suffix, name in LANGUAGES.items():
        if name == language:
            return suffix
    if essence.startswith("text/"):
        return ".txt"
    raise LoadError(f"no loader for the media type {media_type!r}; known: {', '.join(sorted(MEDIA_TYPES))}")


def _named() -> dict[str, str]:
    """Every suffix that a loader has by name, in lower case → as it is named."""
    return {name.lower(): name for name in lookup.names("loaders", LOADERS)}
