"""reStructuredText: the text is the file's; the first section title is the title."""

from __future__ import annotations

import re

from rag.loaders.decode import decode
from rag.loaders.guard.limits import Limits
from rag.loaders.metadata import one_line
from rag.loaders.unrendered import blank_rst
from rag.types import Document

# A line of one punctuation character under (and perhaps over) a line of text that it is as long as.
_RULE = re.compile(r"([!-/:-@\[-`{-~])\1+[ \t]*$")


def load(data: bytes, source: str, limits: Limits) -> list[Document]:
    """One document, `text/x-rst`."""
    decoded = decode(data)
    text = blank_rst(decoded.text)
    title = first_section(text)
    return [Document.make(text, source, title=title, metadata=decoded.metadata, media_type="text/x-rst")]


def first_section(text: str) -> str:
    """The title of the first section; `` where there is none."""
    previous = ""
    for line in text.split("\n"):
        if _RULE.match(line) and _could_be_title(previous, len(line.rstrip())):
            return one_line(previous)[:300]
        previous = line
    return ""


def _could_be_title(line: str, rule: int) -> bool:
    if not line.strip() or line.lstrip().startswith(".. ") or _RULE.match(line):
        return False
    # Docutils takes a rule as short as 4 for a longer title, with a warning.
    return rule >= min(len(line.rstrip()), 4)
