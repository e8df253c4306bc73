"""PDF: the text layer, page by page, reflowed into paragraphs (PDFium); pages without one by OCR."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rag.counts import counted
from rag.errors import LoadError
from rag.loaders.guard.invisible import visible
from rag.loaders.guard.limits import Limits
from rag.loaders.metadata import one_line, present, sensible_title
from rag.loaders.ocr import available
from rag.loaders.result import Loaded
from rag.loaders.sniff import sniff
from rag.types import Document

from .contents import with_entries
from .drawn import drawn_on
from .forms import comment_lines, field_lines, open_form, with_fields, xfa_problem
from .lines import page_lines
from .notes import with_notes
from .order import in_reading_order
from .reflow import Reflowed, reflow
from .scanned import Scanned, ocr_metadata, scanned_lines, told_of
from .tables import Item, items_of

# The header may stand behind some other bytes (ISO 32000-1, appendix H).
HEADER_WITHIN = 1024
_LOST = "text in fonts that are not embedded cannot be read"
_NAMED = 5  # attached files that a row names
_EMBED = "print it to a PDF with its fonts, or run OCR"
_INSTALL = "to read them by OCR: pip install 'footnote-rag[ocr]'"
_LAYERS = b"/OCProperties"
_DATE = re.compile(r"D:(\d{4})(\d\d)?(\d\d)?(?:(\d\d)(\d\d)(\d\d)?)?")


def load(data: bytes, source: str, limits: Limits) -> Loaded:
    """One document, `text/plain` or `text/markdown`. Scanned pages are read by OCR, or problems.

    Raises LoadError for an encrypted or broken file, and where no page has a text.
    """
    if b"%PDF-" not in data[:HEADER_WITHIN]:
        suffix = sniff(data)
        kind = (
            f"its content looks like {suffix}; rename it" if suffix else "its content is of no known format"
        )
        raise LoadError(f"not a .pdf file: {kind}")
    layered = _LAYERS in data
    with _opened(data) as pdf:
        limits.check("max_pages", len(pdf), "pages")
        pages, problems, ocr = _pages(pdf, limits, layered)
        properties = pdf.get_metadata_dict()
    flowed = reflow(pages)
    return Loaded(
        [
            Document.make(
                flowed.text,
                source,
                title=sensible_title(properties.get("Title", "")) or flowed.title[:300],
                metadata={**_metadata(properties), **ocr},
                pages=flowed.starts,
                media_type="text/markdown" if flowed.is_markdown else "text/plain",
            )
        ],
        problems,
    )


def flowed(data: bytes, limits: Limits, deadline: float) -> Reflowed:
    """The text that `load` makes of a file, with the words that it is made of.

    Raises LoadError as `load` does, and TimeoutError where `time.monotonic()` goes beyond `deadline`.
    """
    layered = _LAYERS in data
    with _opened(data) as pdf:
        return reflow(_pages(pdf, limits, layered, deadline)[0])


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


def _pages(
    pdf: Any, limits: Limits, layered: bool, deadline: float = math.inf
) -> tuple[list[list[Item]], list[str], dict[str, Any]]:
    """The lines and tables of each page, what is wrong with pages or parts of them, and what OCR was."""
    from pypdfium2 import PdfiumError

    pages: list[list[Item]] = []
    images: list[int] = []
    broken: list[int] = []
    unreadable: list[int] = []
    scans: dict[int, Scanned] = {}
    open_form(pdf)
    characters = 0
    for number in range(1, len(pdf) + 1):
        if time.monotonic() > deadline:
            raise TimeoutError
        items: list[Item] = []
        try:
            page = pdf[number - 1]
            try:
                drawn = drawn_on(page, layered)
                lines = with_entries(with_notes(page_lines(page, drawn)))
                if not lines and drawn.images and available():
                    scans[number] = scanned_lines(page)
                    lines = scans[number].lines
                if fields := field_lines(pdf, page):
                    lines = with_fields(lines, fields)
                items = [
                    *items_of(in_reading_order(lines), drawn),
                    *comment_lines(page, lines[-1].height if lines else 10.0),
                ]
                if drawn.lost:
                    unreadable.append(number)
                if not lines and drawn.images:
                    images.append(number)
                characters += sum(len(line.text) for line in lines)
            finally:
                page.close()
        except PdfiumError:
            broken.append(number)
        pages.append(items)
        limits.check("max_chars", characters, "characters of text")
    if not characters:
        raise LoadError(_no_text(len(pages), images, len(broken), len(unreadable), scans))
    problems = [
        f"{_listed(numbers)}: {what}"
        for numbers, what in (
            ([page for page in images if page not in scans], f"images only; {_INSTALL}"),
            ([page for page in images if page in scans], "images only, in which OCR read nothing"),
            (broken, "broken"),
            (unreadable, f"{_LOST}; {_EMBED}"),
        )
        if numbers
    ]
    told = [*told_of(scans), *filter(None, [xfa_problem(pdf)]), *_attached(pdf)]
    return pages, [*problems, *told], ocr_metadata(scans)


def _attached(pdf: Any) -> list[str]:
    """A row on the files that a PDF carries with it: they are not read."""
    names = [pdf.get_attachment(place).get_name() or "?" for place in range(pdf.count_attachments())]
    if not names:
        return []
    shown = ", ".join(one_line(visible(name)) for name in names[:_NAMED])
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    attached = counted(len(names), "attached file")
    return [f"{attached} not read ({shown}{more}); save what you need from the PDF as files"]


def _no_text(
    pages: int, images: list[int], broken: int, unreadable: int, scans: Mapping[int, Scanned]
) -> str:
    if unreadable:
        return f"no text: {_LOST} on {unreadable} of {counted(pages, 'page')}; {_EMBED}"
    if images:
        reason = "; ".join(told_of(scans)) or (_INSTALL if not scans else "OCR read nothing on them")
        return f"no text layer: {counted(len(images), 'page holds', 'pages hold')} images only; {reason}"
    if broken:
        return f"a broken PDF: {broken} of {counted(pages, 'page')} cannot be read; get a fresh copy"
    return f"no text on any of its {pages} pages" if pages > 1 else "no text on its page"


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
    match = _DATE.match(date)
    if not match or not "01" <= (match[2] or "01") <= "12" or not "01" <= (match[3] or "01") <= "31":
        return ""
    day = "-".join(part for part in match.group(1, 2, 3) if part)
    return f"{day}T{match[4]}:{match[5]}:{match[6] or '00'}" if match[3] and match[4] else day
