"""The first heading of a Markdown text, and a heading's plain words."""

from __future__ import annotations

import re

from rag.loaders.metadata import one_line

MAX_HEADING = 500
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_ATX = re.compile(r" {0,3}#[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*$")
_SETEXT = re.compile(r" {0,3}=+[ \t]*$")
_MARKUP = re.compile(
    r"!?\[([^\]]{0,500})\]\([^)]{0,500}\)|[*_`]{1,3}(?=\S)|(?<=\S)[*`]{1,3}|(?<!\s)\s*+\{#[^}]{0,500}\}$"
)


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
            if match := _ATX.match(line):
                return plain(match[1])
            if _SETEXT.match(line) and previous.strip():
                return plain(previous)
        previous = line
    return ""


def plain(heading: str) -> str:
    """A heading's text without links, emphasis and anchors, on one line."""
    return one_line(_MARKUP.sub(lambda match: match[1] or "", heading))[:300]
