"""Jupyter notebooks: Markdown cells as they are, code cells fenced, their text outputs cut short."""

from __future__ import annotations

import json
import re
from typing import Any

from rag.errors import LoadError
from rag.loaders.decode import decode, normalise_newlines
from rag.loaders.first_heading import first_heading
from rag.loaders.guard.limits import Limits
from rag.loaders.html.loader import html_to_markdown
from rag.loaders.metadata import one_line
from rag.loaders.unrendered import blank_markdown
from rag.loaders.writer import Writer
from rag.types import Document

MAX_OUTPUT_LINES = 20
MAX_OUTPUT_CHARS = 2_000
_OBJECT = re.compile(r"<[^<>\n]*>")  # what Python says of an object that shows itself otherwise


def load(data: bytes, source: str, limits: Limits) -> list[Document]:
    """One document, `text/markdown`."""
    try:
        book = json.loads(decode(data).text)
    except ValueError as error:
        raise LoadError(f"no notebook: {error}; open and save it again in Jupyter") from error
    if not isinstance(book, dict) or not isinstance(book.get("cells"), list):
        raise LoadError("no notebook of format 4: it has no list of cells; open and save it again in Jupyter")
    metadata = book["metadata"] if isinstance(book.get("metadata"), dict) else {}
    language = _language(metadata)
    text = to_markdown([cell for cell in book["cells"] if isinstance(cell, dict)], language, limits)
    title = metadata.get("title")
    return [
        Document.make(
            text,
            source,
            title=one_line(title) if isinstance(title, str) else first_heading(text),
            metadata={"programming_language": language} if language else {},
            media_type="text/markdown",
        )
    ]


def to_markdown(cells: list[dict[str, Any]], language: str, limits: Limits) -> str:
    """The cells as Markdown blocks."""
    writer = Writer()
    for cell in cells:
        body = _joined(cell.get("source")).strip("\n")
        if not body.strip():
            continue
        if cell.get("cell_type") != "code":
            writer.verbatim(blank_markdown(body))
            continue
        writer.code(body, language)
        outputs = cell.get("outputs")
        for output in outputs if isinstance(outputs, list) else []:
            if isinstance(output, dict):
                _write_output(writer, output, limits)
    return writer.text()


def _write_output(writer: Writer, output: dict[str, Any], limits: Limits) -> None:
    """An output in the form that says most: text, else the Markdown, HTML or LaTeX that stands for it."""
    if output.get("output_type") == "error":
        writer.code(f"{output.get('ename', 'Error')}: {output.get('evalue', '')}", "text")
        return
    given = output.get("data")
    data = given if isinstance(given, dict) else {}
    plain = _joined(output.get("text")) or _joined(data.get("text/plain"))
    rich = blank_markdown(_joined(data.get("text/markdown")).strip("\n"))
    if not rich and (not plain.strip() or _OBJECT.fullmatch(plain.strip())):
        rich = html_to_markdown(_joined(data.get("text/html")), limits) or _joined(data.get("text/latex"))
    if rich.strip():
        writer.verbatim(_short(rich))
    elif shown := _short(plain):
        writer.code(shown, "text")


def _short(text: str) -> str:
    lines = text.strip("\n").split("\n")
    cut = "\n".join(lines[:MAX_OUTPUT_LINES])[:MAX_OUTPUT_CHARS].rstrip()
    return cut + "\n…" if cut and len(cut) < len(text.strip("\n").rstrip()) else cut


def _language(metadata: dict[str, Any]) -> str:
    for key, name in (("language_info", "name"), ("kernelspec", "language")):
        group = metadata.get(key)
        if isinstance(group, dict) and isinstance(group.get(name), str):
            return one_line(group[name])[:40]
    return ""


def _joined(source: Any) -> str:
    """Text that the format stores as one string or as a list of lines."""
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    return normalise_newlines(source) if isinstance(source, str) else ""
