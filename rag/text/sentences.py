"""Text → sentences, by one regular expression and lists of abbreviations.

A stop ends a sentence where white space follows and what stands around it does not say otherwise: an
abbreviation before it, a lower-case word behind it. CJK stops need no space. Blank lines, list items,
table rows and the lines of a verse end one too. Time is linear in the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from .abbreviations import AFTER_ORDINAL, BEFORE_NUMBER, MAYBE_LAST, NEVER_LAST, OPENERS
from .lines import Line, lines, strip

_CLOSERS = r"[\"'”’»›)\]}*_」』”’）】》〉]"
# A run of stops is matched from its first character only, or a megabyte of dots would take forever.
# Citation marks such as [3] belong to the sentence before them.
_STOP = re.compile(
    rf"""(?<![.!?…])(?P<stop>[.!?…]++) {_CLOSERS}*+ (?:[ ]?\[\d{{1,3}}(?:[,–-][ ]?\d{{1,3}})*\])*+ (?=\s|$)
      |  (?P<wide>[。！？｡؟۔।॥։።။។]++[!?！？…]*+) {_CLOSERS}*+ (?:[ ]?\[\d{{1,3}}\])*+
    """,
    re.VERBOSE,
)
_BLANK_LINE = re.compile(r"\n\s*\n|\f|\u2029")
_ITEM = re.compile(
    r"(?:[-*+•‣◦▪·–—][ \t]|\(?\d{1,3}[.)][ \t]|\(?[a-zA-Z]\)[ \t]|\(?[ivx]{1,5}\)[ \t]|#{1,6}[ \t]|\|)"
)
_NEXT = re.compile(r"[\s\"'“‘„«‹(\[{¿¡*_—–-]*")
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_OPENED = re.compile(r"[\s\"'“‘„«‹()\[\]{}/*—–]+")
_LETTER_STOP = re.compile(r"[^\W\d_]\.")
_DOTTED = re.compile(r"(?:[^\W\d_]{1,2}\.)+[^\W\d_]{1,2}")
_NUMBER = re.compile(r"[(\[#]?(?:[A-Z]{0,4}[-–/]?\d|[IVXLC]+\b(?!'))")
_LETTER = re.compile(r"[A-Z]\b(?!')")
_ABBREVIATIONS = NEVER_LAST | BEFORE_NUMBER | MAYBE_LAST | {"etc"}
_LOOK = 40  # how far around a stop a word may lie: keeps each decision bounded
_VERSE_WIDTH = 60  # wrapped prose is wider than this


def sentences(text: str, start: int = 0, end: int | None = None) -> list[tuple[int, int]]:
    """The sentences of text[start:end] as (start, end) offsets into `text`: stripped, ascending, apart.

    Every character that is not white space lies in exactly one of them.
    """
    spans: list[tuple[int, int]] = []
    for first, last in _paragraphs(text, start, len(text) if end is None else end):
        position = first
        for match in _STOP.finditer(text, first, last):
            if match.end() < last and _ends(text, match, first, last):
                _add(spans, text, position, match.end())
                position = match.end()
        _add(spans, text, position, last)
    return spans


def _add(spans: list[tuple[int, int]], text: str, start: int, end: int) -> None:
    start, end = strip(text, start, end)
    if start < end:
        spans.append((start, end))


def _paragraphs(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Stretches that no sentence crosses: between blank lines, list items and verses."""
    position = start
    for match in _BLANK_LINE.finditer(text, start, end):
        yield from _line_groups(text, position, match.start())
        position = match.end()
    yield from _line_groups(text, position, end)


def _line_groups(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    if text.find("\n", start, end) < 0:
        yield start, end
        return
    rows = [line for line in lines(text, start, end) if line.body]
    verse = _is_verse(rows)
    position = start
    for before, line in pairwise(rows):
        if verse or _ITEM.match(line.body) or before.body.startswith(("#", "|")):
            yield position, before.end
            position = line.start
    yield position, end


def _is_verse(rows: list[Line]) -> bool:
    """Three short lines or more, none of them going on in lower case: a verse, an address, labels."""
    return len(rows) >= 3 and all(
        len(row.body) <= _VERSE_WIDTH and not row.body[0].islower() and not row.body[-1].isdigit()
        for row in rows
    )


def _ends(text: str, match: re.Match[str], first: int, last: int) -> bool:
    """Whether the stops that matched end a sentence. `first` and `last` bound the paragraph."""
    stop, end = match.start(), match.end()
    if match["wide"]:
        # A quotation that the sentence goes on after: 「はい。」と言った
        return text[end - 1] not in "」』”" or text[end] not in "とっ、，,"
    opens = _NEXT.match(text, end, min(end + _LOOK, last))
    after = opens.end() if opens else end
    if text[after : after + 1].islower() and not text[after + 1 : after + 2].isupper():
        return False
    if match["stop"] != ".":
        return True
    lead = text[max(first, stop - _LOOK) : stop].split()
    word = _OPENED.split(lead[-1])[-1] if lead else ""
    if not word or not (len(word) == 1 or "." in word or word.isdigit() or word.lower() in _ABBREVIATIONS):
        return True
    before = "" if stop - len(word) <= first or len(lead) < 2 else lead[-2]
    return not _abbreviates(word, text[after : min(after + _LOOK, last)], before)


def _abbreviates(word: str, after: str, before: str) -> bool:
    """Whether the stop belongs to `word`; `before` is the word ahead of it, empty where a paragraph opens."""
    lower = word.lower()
    follower = _WORD.match(after)
    follows = follower[0].lower() if follower else ""
    if word.isdigit():
        return (not before and len(word) <= 3) or (len(word) <= 2 and follows in AFTER_ORDINAL)
    if lower in NEVER_LAST or (len(word) == 1 and _LETTER_STOP.match(after)):
        return True
    if lower in BEFORE_NUMBER:
        # `App. B` against `an app. A new one` and `No. A dog.`
        lettered = word[0].isupper() and lower != "no" and _LETTER.match(after)
        return bool(lettered or _NUMBER.match(after)) and (lettered is not None or follows != "i")
    if lower == "etc":
        return not after[:1].isupper()
    if lower in MAYBE_LAST or _DOTTED.fullmatch(word):
        return follows not in OPENERS
    return len(word) == 1 and word.isupper() and _is_initial(word, follows, before)


def _is_initial(letter: str, follows: str, before: str) -> bool:
    """`J. Smith` against `vitamin C. The`, `App. B. Done` and `than I. He`."""
    if not before:
        return True
    if (len(follows) > 1 and follows in OPENERS) or before.rstrip(".").lower() in BEFORE_NUMBER:
        return False
    return letter != "I" or before[:1].isupper()
