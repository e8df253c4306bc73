"""Markdown: the text is the file's; its front matter is also metadata, its first heading the title."""

from __future__ import annotations

import re
from typing import Any

from rag.loaders.decode import decode
from rag.loaders.guard.limits import Limits
from rag.loaders.metadata import one_line, scalars
from rag.loaders.result import Loaded
from rag.types import Document

MAX_FRONT_MATTER = 64 * 1024
MAX_HEADING = 500
_FRONT_MATTER = re.compile(r"---[ \t]*\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_ATX = re.compile(r" {0,3}#[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*$")
_SETEXT = re.compile(r" {0,3}=+[ \t]*$")
_MARKUP = re.compile(r"!?\[([^\]]*)\]\([^)]*\)|[*_`]{1,3}(?=\S)|(?<=\S)[*`]{1,3}|\s*\{#[^}]*\}$")


def load(data: bytes, source: str, limits: Limits) -> Loaded:
    """One document, `text/markdown`. Front matter that is no YAML is a problem, not an error."""
    decoded = decode(data)
    matter, body, problems = front_matter(decoded.text)
    title = matter.get("title")
    return Loaded(
        [
            Document.make(
                decoded.text,
                source,
                title=one_line(title) if isinstance(title, str) else first_heading(decoded.text[body:]),
                metadata={**decoded.metadata, **matter},
                media_type="text/markdown",
            )
        ],
        problems,
    )


def front_matter(text: str) -> tuple[dict[str, Any], int, list[str]]:
    """The values between two `---` at the top, the offset behind them, and what is wrong with them."""
    found = _FRONT_MATTER.match(text, 0, MAX_FRONT_MATTER) if text.startswith("---") else None
    if not found:
        return {}, 0, []
    import yaml

    try:
        values = yaml.safe_load(found[1])
    except (yaml.YAMLError, ValueError, TypeError, OverflowError, RecursionError) as error:
        return {}, found.end(), [f"front matter is no YAML and was not read: {one_line(str(error))[:200]}"]
    # `---`, a line of prose, `---` is a rule above and below it, not front matter.
    return (scalars(values), found.end(), []) if isinstance(values, dict) else ({}, 0, [])


def first_heading(text: str) -> str:
    """The first heading of level 1 outside code, without its markup; `` where there is none."""
    fence = previous = ""
    for whole in text.split("\n"):
        # No heading is longer, and the patterns below take their time over a megabyte of blanks.
        line = whole[:MAX_HEADING]
        if mark := _FENCE.match(line):
            if not fence:
                fence = mark[1]
            elif mark[1][0] == fence[0] and len(mark[1]) >= len(fence):
                fence = ""
        elif not fence:
            if found := _ATX.match(line):
                return plain(found[1])
            if _SETEXT.match(line) and previous.strip():
                return plain(previous)
        previous = line
    return ""


def plain(heading: str) -> str:
    """A heading's text without links, emphasis and anchors, on one line."""
    return one_line(_MARKUP.sub(lambda found: found[1] or "", heading))[:300]
