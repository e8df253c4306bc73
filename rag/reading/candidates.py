"""Which parts of a chunk can stand as an answer: sentences and rows, not markup, code or questions."""

from __future__ import annotations

import re

_HEADING = re.compile(r"^#{1,6}\s|^(={3,}|-{3,}|\*{3,}|~{3,})\s*$")
_RULE_ROW = re.compile(r"^\s*+\|?(?:\s*+:?-{2,}+:?\s*+\|)+\s*+(?::?-{2,}+:?)?\s*$")
_FENCE = re.compile(r"^\s*(```|~~~)")
_WORD = re.compile(r"\w")


def cut(text: str) -> list[tuple[int, int]]:
    """Spans of the chunk's text that may answer, ascending.

    Lines of markup, code blocks and questions are left out, unless nothing else is there.
    """
    from rag.text.sentences import sentences

    spans = [(start, end) for start, end in sentences(text) if _WORD.search(text, start, end)]
    barred = _barred(text)
    free = [
        (start, end)
        for start, end in spans
        if not any(start < stop and begin < end for begin, stop in barred)
        and not text[start:end].rstrip(" \"'*_)").endswith(("?", "？"))
    ]
    return free or spans


def _barred(text: str) -> list[tuple[int, int]]:
    """Spans of the lines that are markup or code: headings, rules, table heads, fenced blocks."""
    barred: list[tuple[int, int]] = []
    fence: int | None = None
    begin, last = 0, (0, 0)
    for line in text.splitlines(keepends=True):
        end = begin + len(line)
        if _FENCE.match(line):
            barred.append((begin, end) if fence is None else (fence, end))
            fence = begin if fence is None else None
        elif _RULE_ROW.match(line):
            barred += [last, (begin, end)]  # the row above a rule is the table's head
        elif _HEADING.match(line):
            barred.append((begin, end))
        begin, last = end, (begin, end)
    if fence is not None:
        barred.append((fence, len(text)))
    return barred
