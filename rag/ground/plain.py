"""A quoted piece of Markdown as a sentence to read: marks away, a table row under its column names.

Numbers of the source's own notes, `[36]`, are away too, since they look like those of our citations.

The quote itself stays as it stands in the source; this is only how it is shown.
"""

from __future__ import annotations

import re

_LINK = re.compile(r"!?\[([^\[\]]*)\]\((?:[^()\s]|\([^()]*\))*(?:\s+\"[^\"]*\")?\)")
_LEAD = re.compile(r"^\s*(?:>\s*)*(?:[-*+•]\s+|\d{1,3}[.)]\s+)?(?=\S)")
_EMPHASIS = re.compile(r"(?<!\w)(\*\*\*|\*\*|__|\*|_)(?=\S)(.+?)(?<=\S)\1(?!\w)")


_MARKERS = re.compile(  # of the source itself: `[36]`, `[1, 2]`
    r"(?:(?<=[.,;:!?)\"'”’])|(?<!\s)\s++)\[\d{1,3}(?:\s?[,–-]\s?\d{1,3})*\](?=[\s.,;:!?)\[]|$)"
)


def plain(quote: str, header: str = "") -> str:
    """One line of text. `header` is the row with the names of a table's columns, where there is one."""
    if quote.lstrip().startswith("|") and "\n" not in quote.strip():
        return _row(quote, header)
    text = " ".join(_LEAD.sub("", line) for line in quote.splitlines())
    text = _MARKERS.sub("", _EMPHASIS.sub(r"\2", _LINK.sub(r"\1", text)))
    return " ".join(text.split())


def _row(row: str, header: str) -> str:
    """`| a | b |` under `| x | y |` as `x: a; y: b`."""
    names, cells = _cells(header), _cells(row)
    if len(names) < len(cells):
        names = [""] * len(cells)
    named = [f"{name}: {cell}" if name else cell for name, cell in zip(names, cells, strict=False) if cell]
    return "; ".join(named)


def _cells(row: str) -> list[str]:
    parts = re.split(r"(?<!\\)\|", row.strip().strip("|")) if row.strip() else []
    return [plain(part) if not part.lstrip().startswith("|") else part.strip() for part in parts]


def header_of(text: str, start: int, header: str) -> str:
    """The column names for a row at `start`: the chunk's repeated header, else the table's first row."""
    if header:
        return header.splitlines()[0]
    lines = text[:start].splitlines()
    head = ""
    for line in reversed(lines):
        if not line.lstrip().startswith("|"):
            break
        head = line
    return head
