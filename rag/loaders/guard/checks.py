"""What every loader's result is held to: text in it, within limits, storable, one source a document."""

from __future__ import annotations

import re
from dataclasses import replace

from rag.errors import LoadError
from rag.loaders.result import Loaded
from rag.types import Document, stable_id

from .hidden import counting, marked
from .invisible import suspicious, visible
from .limits import Limits

MAX_PROBLEMS = 100
_SURROGATE = re.compile("[\ud800-\udfff]")


def checked(result: Loaded | list[Document], limits: Limits) -> Loaded:
    """The result with blank documents left out and repeated sources told apart; each is a problem.

    Raises LoadError where no document with text is left, or a limit is passed.
    """
    documents, problems = (
        (result.documents, list(result.problems)) if isinstance(result, Loaded) else (result, [])
    )
    limits.check("max_documents", len(documents), "documents")
    limits.check("max_chars", sum(len(document.text) for document in documents), "characters of text")
    kept: list[Document] = []
    seen: dict[str, int] = {}
    for document in documents:
        if not document.text.strip():
            problems.append(f"{document.source}: no text")
            continue
        seen[document.source] = seen.get(document.source, 0) + 1
        kept.append(_visible(_clean(_apart(document, seen[document.source], problems))))
    if not kept:
        raise LoadError(
            "no text: "
            + ("; ".join(problems[:3]) if len(problems) > len(documents) else "nothing but blanks")
        )
    if len(problems) > MAX_PROBLEMS:
        problems = [*problems[:MAX_PROBLEMS], f"and {len(problems) - MAX_PROBLEMS:,} more"]
    return Loaded(kept, problems)


def _apart(document: Document, count: int, problems: list[str]) -> Document:
    """The document, or, where its source was there before, a copy under a source of its own."""
    if count == 1:
        return document
    source = f"{document.source}~{count}"
    problems.append(f"{document.source}: this id was there before; kept as {source}")
    return replace(document, source=source, id=stable_id("document", source))


def _visible(document: Document) -> Document:
    """Without characters that no reader sees, where they are more than an honest text has; marked with it.

    Any other text stays as its loader made it: that of plain formats is the file's, character by character.
    """
    if not suspicious(document.text):
        return document
    with counting() as counts:
        text = visible(document.text)
    # Runs that a page break cuts in two are so rare that a page may begin a character late.
    pages = tuple(len(visible(document.text[:start])) for start in document.pages)
    return marked(replace(document, text=text, pages=pages), counts)


def _clean(document: Document) -> Document:
    """Without lone surrogates, which no file and no database can store. One for one: offsets hold."""
    if _SURROGATE.search(document.text) or _SURROGATE.search(document.title):
        text, title = _SURROGATE.sub("\ufffd", document.text), _SURROGATE.sub("\ufffd", document.title)
        return replace(document, text=text, title=title)
    return document
