"""Text → (term, meaning) pairs: abbreviations with their long forms, definition sentences, glossary lists.

Abbreviations follow Schwartz and Hearst, A Simple Algorithm for Identifying Abbreviation Definitions in
Biomedical Text: of `long form (SF)`, the long form is the shortest end of the words before the bracket in
which the characters of SF occur in order, matched from the right, the first of them opening a word. At most
min(|SF| + 5, 2 · |SF|) words are looked at. `SF (long form)` is the same turned round. Where the characters
are the words' initials, function words skipped, that reading goes first: it has no half words in it.

Time is linear in the text. Works for scripts with capitals; others give glossary lists only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_BRACKET = re.compile(r"[(（]\s?([^()（）\n]{2,120}?)\s?[)）]")
_SHORT = re.compile(r"[A-Za-z0-9À-Þ][\w&/.+-]{1,9}")
_ROMAN = re.compile(r"[IVXLCDM]+")
_BEFORE = 160  # characters before a bracket that can belong to a long form
_TERM = (
    r"(?:[\"“*_`]{1,2}(?P<marked>[^\"”*_`.!?\n]{2,40})[\"”*_`]{1,2}"
    r"|(?P<bare>[A-Z][\w&/+-]*(?: [A-Z0-9][\w&/+-]*){0,3}))"
)
_DEFINED = re.compile(
    rf"(?:(?<=[.!?] )|^)(?:[Tt]he (?:term|acronym|abbreviation) |[Hh]ere,? )?{_TERM} "
    r"(?:stands for|is short for|is an? (?:abbreviation|acronym) (?:for|of)|abbreviates|is defined as|"
    r"(?:here )?refers to|denotes|means)(?!\s(?:that|there|it|he|she|they|you|we|more|less|much|a lot)\b)\s+"
    r"(?P<meaning>[^.;:!?\n]{5,160})",
    re.MULTILINE,
)
_POINTING = frozenset(
    (
        "this",
        "that",
        "these",
        "those",
        "it",
        "which",
        "what",
        "he",
        "she",
        "they",
        "we",
        "you",
        "there",
        "one",
    )
)
_FUNCTION = frozenset(("a", "an", "and", "by", "de", "des", "du", "for", "für", "in", "of", "on", "or", "the",
                       "to", "und", "with"))  # fmt: skip
_HEADING = re.compile(r"^(?:#{1,6}\s+(?P<marked>.+?)\s*#*|(?:\S+ ){0,2}(?P<bare>\S+)):?$")
_GLOSSARY = re.compile(
    r"\b(glossary|abbreviations?|acronyms?|terms|terminology|definitions|nomenclature|"
    r"glossar|abkürzungen|begriffe|glossaire|abréviations|glosario|siglas)\b|术语|缩略语|用語集",
    re.IGNORECASE,
)
_LISTED = re.compile(
    r"^\s*(?:[-*+•]\s+|\d+[.)]\s+)?[*_`\"]{0,2}(?P<term>[^\W_][^:|*`\"\n]{0,40}?)[*_`\"]{0,2}"
    r"(?:\s*+(?::[*_]{0,2}\s+|：)|\s++(?:[–—-]{1,2}\s|(?<=\t)))(?P<meaning>\S[^\n]{2,300})$"
)
_ROW = re.compile(r"^\s*\|(.+)\|\s*$")
_TERM_COLUMN = re.compile(
    r"\b(term|abbreviation|acronym|short form|symbol|begriff|abkürzung|sigle)s?\b", re.IGNORECASE
)
_MEANING_COLUMN = re.compile(
    r"\b(meaning|definition|description|long form|stands for|expansion|bedeutung)s?\b", re.IGNORECASE
)


class Pair(NamedTuple):
    """A term of the corpus and one meaning that a place of it gives."""

    term: str
    meaning: str


def mine(text: str) -> list[Pair]:
    """All pairs of a text, in the order found, with repeats."""
    pairs = [*_abbreviations(text), *_definitions(text), *_lists(text)]
    return [Pair(_clean(pair.term), _clean(pair.meaning)) for pair in pairs]


def long_form(short: str, before: str) -> str | None:
    """The end of `before` that `short` abbreviates, or None."""
    return by_initials(short, before) or _by_letters(short, before)


def by_initials(short: str, before: str) -> str | None:
    """The last words whose initials spell the short form; function words may lie between."""
    signs = [sign for sign in short.lower() if sign.isalnum()]
    words = list(re.finditer(r"[^\W_]+", before))
    start = None
    while signs and words:
        word = words.pop()
        if word[0][0].lower() == signs[-1] and not (len(signs) == 1 and word[0].lower() in _FUNCTION):
            signs.pop()
            start = word.start()
        elif word[0].lower() not in _FUNCTION or start is None:
            return None
    return None if signs or start is None else before[start:]


def _by_letters(short: str, before: str) -> str | None:
    """The shortest end that holds the short form's characters in order: Schwartz and Hearst's own rule."""
    at = len(before) - 1
    for place in range(len(short) - 1, -1, -1):
        sign = short[place].lower()
        if not sign.isalnum():
            continue
        while at >= 0 and (before[at].lower() != sign or (place == 0 and not _opens(before, at))):
            at -= 1
        if at < 0:
            return None
        at -= 1
    return before[before.rfind(" ", 0, at + 1) + 1 :].lstrip("\"'“‘-–([")


def _opens(text: str, at: int) -> bool:
    """Whether a word that is no function word begins here."""
    if at > 0 and text[at - 1].isalnum():
        return False
    word = re.match(r"\w+", text[at:])
    return word is None or word[0].lower() not in _FUNCTION


def _abbreviations(text: str) -> Iterator[Pair]:
    for bracket in _BRACKET.finditer(text):
        inside = re.split(r"[;,]|\bor\b", bracket[1])[0].strip(" \"'“”‘’")
        before = text[max(0, bracket.start() - _BEFORE) : bracket.start()].split("\n\n")[-1].rstrip()
        before = re.split(r"[.!?;:]\s|[()（）]", " ".join(before.split()))[-1].strip()
        if is_short(inside):
            yield from _checked(singular(inside), before)
        elif " " in inside and is_short(word := before.rsplit(" ", 1)[-1].strip(" \"'“”‘’,")):
            whole = long_form(singular(word), inside)
            if whole is not None and len(whole) >= len(inside) - 4:  # the bracket holds the long form only
                yield from _checked(singular(word), inside)


def _checked(short: str, before: str) -> Iterator[Pair]:
    letters = sum(map(str.isalnum, short))
    words = before.split()[-min(letters + 5, 2 * letters) :]
    # IV and MI are numerals more often than not: there only initials count.
    long = (by_initials if _ROMAN.fullmatch(short) else long_form)(short, " ".join(words))
    if long is None or len(long) <= len(short) or short.lower() in long.lower().split():
        return
    if any(map(str.isalpha, long)) and len(long.split()) >= (2 if letters > 2 else 1):
        yield Pair(short, long)


def is_short(word: str) -> bool:
    """Whether a word can be an abbreviation: 2 to 10 characters, most letters of them capitals."""
    bare = singular(word)
    letters = [sign for sign in bare if sign.isalpha()]
    capitals = sum(map(str.isupper, letters))
    return _SHORT.fullmatch(word) is not None and capitals >= max(2, len(letters) / 2)


def singular(word: str) -> str:
    """`CNNs` and `CNN's` → `CNN`."""
    return re.sub(r"(?<=[A-Z0-9])(?:['’]?s)$", "", word.rstrip("."))


def _definitions(text: str) -> Iterator[Pair]:
    for match in _DEFINED.finditer(text):
        term = match["marked"] or match["bare"]
        if term.split()[0].lower() not in _POINTING:
            yield Pair(term, match["meaning"])


def _lists(text: str) -> Iterator[Pair]:
    """Rows of tables whose head says what they are, and entries under a heading that says so."""
    inside, bare = False, False
    columns: tuple[int, ...] | None = None
    for line in text.splitlines():
        row = _ROW.match(line)
        if row:
            cells = [cell.strip(" *_`") for cell in row[1].split("|")]
            if columns is None:
                columns = _columns(cells, inside)
            elif columns and max(columns) < len(cells) and not set("".join(cells)) <= set("-: "):
                term, meaning = cells[columns[0]], cells[columns[1]]
                if term and meaning:
                    yield Pair(term, meaning)
            continue
        if not line.strip():
            continue
        columns = None
        heading, entry = _HEADING.match(line.strip()), _LISTED.match(line)
        if heading and (heading["marked"] or _GLOSSARY.search(line)):
            inside, bare = bool(_GLOSSARY.search(line)), not heading["marked"]
        elif inside and entry:
            yield Pair(entry["term"], entry["meaning"])
        elif bare:
            inside = False  # under a heading without marks only the lines right behind it belong to the list


def _columns(head: list[str], inside: bool) -> tuple[int, ...]:
    """Which columns hold term and meaning: by their names, or the first two under a glossary's heading.

    Empty where none do.
    """
    terms = [place for place, name in enumerate(head) if _TERM_COLUMN.search(name)]
    meanings = [place for place, name in enumerate(head) if _MEANING_COLUMN.search(name)]
    if terms and meanings:
        return terms[0], meanings[0]
    return (0, 1) if inside and len(head) >= 2 else ()


def _clean(text: str) -> str:
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split()).strip(' ,*_`"“”')
