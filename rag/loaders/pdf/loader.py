"""PDF: the text layer, page by page, reflowed into paragraphs (PDFium)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rag.errors import LoadError
from rag.loaders.guard.limits import Limits
from rag.loaders.metadata import present, sensible_title
from rag.loaders.result import Loaded
from rag.loaders.sniff import sniff
from rag.types import Document

from .lines import Line, page_lines
from .reflow import reflow

# The header may stand behind some other bytes (ISO 32000-1, appendix H).
HEADER_WITHIN = 1024
_DATE = re.compile(r"D:(\d{4})(\d\d)?(\d\d)?(?:(\d\d)(\d\d)(\d\d)?)?")


def load(data: bytes, source: str, limits: Limits) -> Loaded:
    """One document, `text/plain`. Pages that hold images only are problems.

    Raises LoadError for an encrypted or broken file, and where no page has a text layer.
    """
    if b"%PDF-" not in data[:HEADER_WITHIN]:
        found = sniff(data)
        kind = f"its content looks like {found}; rename it" if found else "its content is of no known format"
        raise LoadError(f"not a .pdf file: {kind}")
    with _opened(data) as pdf:
        limits.check("max_pages", len(pdf), "pages")
        pages, problems = _pages(pdf, limits)
        properties = pdf.get_metadata_dict()
    text, starts = reflow(pages)
    return Loaded(
        [
            Document.make(
                text,
                source,
                title=sensible_title(properties.get("Title", "")),
                metadata=_metadata(properties),
                pages=starts,
            )
        ],
        problems,
    )


@contextmanager
def _opened(data: bytes) -> Iterator[Any]:
    from pypdfium2 import PdfDocument, PdfiumError

    try:
        pdf = PdfDocument(data)
    except PdfiumError as error:
        if "password" in str(error).lower() or "security" in str(error).lower():
            raise LoadError("encrypted: it opens with a password only; remove the password first") from error
        raise LoadError(f"a broken or cut off PDF ({error}); get a fresh copy") from error
    try:
        yield pdf
    finally:
        pdf.close()


def _pages(pdf: Any, limits: Limits) -> tuple[list[list[Line]], list[str]]:
    """The lines of each page, and what is wrong with pages without any."""
    from pypdfium2 import PdfiumError

    pages: list[list[Line]] = []
    images: list[int] = []
    broken: list[int] = []
    characters = 0
    for number in range(1, len(pdf) + 1):
        lines: list[Line] = []
        try:
            page = pdf[number - 1]
            try:
                lines = page_lines(page)
                if not lines and _has_image(page):
                    images.append(number)
            finally:
                page.close()
        except PdfiumError:
            broken.append(number)
        pages.append(lines)
        characters += sum(len(line.text) for line in lines)
        limits.check("max_chars", characters, "characters of text")
    if not characters:
        raise LoadError(_no_text(len(pages), len(images), len(broken)))
    problems = [
        f"{_listed(numbers)}: {what}"
        for numbers, what in (
            (images, "images only; run OCR to have their text"),
            (broken, "broken"),
        )
        if numbers
    ]
    return pages, problems


def _no_text(pages: int, images: int, broken: int) -> str:
    if images:
        return f"no text layer: {images} pages hold images only; run OCR first"
    if broken:
        return f"a broken PDF: {broken} of its {pages} pages cannot be read; get a fresh copy"
    return f"no text on any of its {pages} pages"


def _has_image(page: Any) -> bool:
    from pypdfium2 import raw

    return next(page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=4), None) is not None


def _listed(numbers: list[int]) -> str:
    shown = ", ".join(str(number) for number in numbers[:10])
    more = f" and {len(numbers) - 10} more" if len(numbers) > 10 else ""
    return f"page{'s' if len(numbers) > 1 else ''} {shown}{more}"


def _metadata(properties: dict[str, str]) -> dict[str, str]:
    return present(
        author=properties.get("Author", ""),
        subject=properties.get("Subject", ""),
        keywords=properties.get("Keywords", ""),
        created=_iso(properties.get("CreationDate", "")),
        modified=_iso(properties.get("ModDate", "")),
    )


def _iso(date: str) -> str:
    """`D:20210618045331+08'00'` → `2021-06-18T04:53:31`; `` where it is no such date."""
    found = _DATE.match(date)
    if not found or not "01" <= (found[2] or "01") <= "12" or not "01" <= (found[3] or "01") <= "31":
        return ""
    day = "-".join(part for part in found.group(1, 2, 3) if part)
    return f"{day}T{found[4]}:{found[5]}:{found[6] or '00'}" if found[3] and found[4] else day
