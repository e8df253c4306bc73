"""Where a text without stops may be cut: at a line's end, a clause, a word; inside a word only if it must."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from rag.chunking.tokens import Tokens
from rag.text.lines import strip

_CLAUSE = re.compile(r"[,;:)\]}–—]\s|[，、；：）」』]|[,;}\]](?=[\"{\[])")
_LONGEST_CLUSTER = 64  # a stack of combining marks beyond this is cut like anything else


def cuts(tokens: Tokens, start: int, end: int, room: int) -> Iterator[tuple[int, int]]:
    """text[start:end] in stripped pieces of at most `room` tokens each (at least one)."""
    text = tokens.text
    start, end = strip(text, start, end)
    while start < end:
        limit = min(tokens.reach(start, room), end)
        stop = end if limit >= end else cut(text, start, limit)
        piece = strip(text, start, stop)
        if piece[0] < piece[1]:
            yield piece
        start = stop


def cut(text: str, start: int, limit: int) -> int:
    """The best offset in (start, limit] to cut text at; text goes on behind limit."""
    half = start + (limit - start) // 2
    line = text.rfind("\n", half + 1, limit)
    if line > 0:
        return line
    clause = None
    for clause in _CLAUSE.finditer(text, half, limit):  # noqa: B007 the last one counts
        pass
    if clause is not None and clause.end() > start:
        return clause.end()
    return word_end(text, start, limit)


def word_end(text: str, start: int, limit: int) -> int:
    """The last offset in (start, limit] that is not inside a word; limit itself if one word fills it all."""
    if limit >= len(text) or not _inside_word(text, limit):
        return whole(text, start, limit)
    position = limit - 1
    while position > start and _inside_word(text, position):
        position -= 1
    return position if position > start else whole(text, start, limit)


def whole(text: str, start: int, limit: int) -> int:
    """The last offset in (start, limit] that parts no surrogate pair, combining sequence or joined emoji."""
    lowest = max(start, limit - _LONGEST_CLUSTER)
    position = limit
    while position > lowest and _inside_cluster(text, position):
        position -= 1
    return position if position > lowest else limit


def _inside_word(text: str, at: int) -> bool:
    """Scripts that write without spaces have no words here: each of their characters stands alone."""
    before, after = text[at - 1], text[at]
    if before.isspace() or after.isspace():
        return False
    return not (_is_unspaced(before) or _is_unspaced(after)) or _inside_cluster(text, at)


def _is_unspaced(character: str) -> bool:
    return (
        "\u0e00" <= character <= "\u0eff"
        or "\u2e80" <= character <= "\u9fff"
        or "\uff00" <= character <= "\uffef"
    )


def _inside_cluster(text: str, at: int) -> bool:
    if at >= len(text):
        return False
    before, after = text[at - 1], text[at]
    if after < "\u0300":
        return False
    if "\udc00" <= after <= "\udfff":
        return "\ud800" <= before <= "\udbff"
    return (
        unicodedata.category(after)[0] == "M"
        or "\u200d" in (before, after)
        or "\U0001f3fb" <= after <= "\U0001f3ff"  # skin tones
        or ("\U0001f1e6" <= after <= "\U0001f1ff" and "\U0001f1e6" <= before <= "\U0001f1ff")  # flags
    )
