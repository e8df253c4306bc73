"""Hits → the units that can stand as an answer: sentences, items, rows and settings, each in its place.

A unit is cited as it stands, and read as a person reads it: under the headings above it, and a row as its
cells with the names of their columns, a setting (`"port": 8080`) under the lines that hold it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from rag.loaders.languages import LANGUAGES
from rag.text.column_names import meanings_of
from rag.text.questions import QUESTION_WORDS
from rag.text.records import records
from rag.text.sentences import sentences
from rag.text.tables import Row, is_row, rows
from rag.types import Chunk, Hit

_HEADING = re.compile(r"(#{1,6})\s+(.*?)\s*#*$")
_NOTHING = re.compile(r"(?<!\s)\s*+(?:\Z|(#{1,6})\s)")
_UNDERLINE = re.compile(r"(={3,}|-{3,}|\*{3,}|~{3,}|_{3,})\s*$")
_FENCE = re.compile(r"\s*(```|~~~)")
_ITEM = re.compile(r"(?P<mark>[-*+•‣◦▪–]|\(?(?P<number>\d{1,3})[.)]|\(?[a-z]\))[ \t]+(?=\S)")
_NUMBER = re.compile(r"\(?\d{1,3}[.)]")
_CLAUSE = re.compile(
    r"^(?:§+|art(?:icle|\.)|clause|section|chapter)?\s*(?:\d[.\d]*+|[a-z][.)]|[IVX]+\.)\s+", re.IGNORECASE
)
_WORD = re.compile(r"\w")
_QUESTION_WORD = re.compile(rf"\W*(?:{QUESTION_WORDS})\b", re.IGNORECASE)
_QUESTION = ("?", "？")
_STATES = re.compile(
    r"\d|: |\b(?:is|are|was|were|has|have|had|do|does|did|must|may|can|cannot|will|shall|should"
    r"|needs?|costs?|takes?|not|no|never|always|only|every|each"
    r"|(?:mon|tues|wednes|thurs|fri|satur|sun)days?|noon|midnight"
    r"|(?:at|by|from|before|after|until) (?:one|two|three|four|five|six|seven|eight|nine|ten|eleven"
    r"|twelve))\b",
    re.IGNORECASE,
)
_BACK = re.compile(r"\b(?:he|she|it|its|they|them|their|him|his|her|this|these|those)\b", re.IGNORECASE)
_SETTING = re.compile(r"""["']?[\w.\[\]-]+(?: [\w.-]+){0,3}["']?\s*(?::|=>?|:=)\s*[^\s=]""")
_SECTION = re.compile(r"""\[\[?\s*["']?[\w.:/ "'-]+\]?\]\s*$""")
_GREETING = re.compile(
    r"(?:dear|hi|hello|hey|good (?:morning|afternoon|evening|day)|hallo|liebe[rs]?|sehr geehrte[rs]?"
    r"|guten (?:morgen|tag)|bonjour|chère?s?|madame|monsieur|hola|estimad[oa]s?|querid[oa]s?"
    r"|buen[oa]s (?:días|tardes))\b[^.!?\n]{0,60}[,!:]?\s*$"
    r"|(?:(?:best|kind|warm|many)(?: \w+)? (?:regards|wishes|thanks)"
    r"|(?:best|regards|thanks|thank you|cheers|yours(?: \w+)?)(?=\s*[,.!]?\s*(?:\n|$))"
    r"|(?:mit )?(?:freundliche[nr]?|viele|beste|herzliche|liebe) grü(?:ße|ßen|sse|ssen)|cordialement"
    r"|bien à vous|salutations|(?:un )?(?:cordial )?saludos?|atentamente)\b[^.!?]{0,80}$",
    re.IGNORECASE,
)
_SENT = re.compile(r"(?P<name>From|To|Cc|Date): (?P<value>[^\n]+)(?:\n|$)")
_NAMED = {"From": "sent by", "To": "sent to", "Cc": "copy to", "Date": "sent on"}
_YES = re.compile(r"\W*(?:yes|no|ja|nein|oui|non|sí)\W*$", re.IGNORECASE)
_BRACKETS = " \t{}[]():,\"'"
BETWEEN = " › "
"""Stands between the headings of a path."""
_NAME = 4  # words of a line that only holds others
_NEAR = 600  # characters before a chunk in which its heading is looked for
_HEADERS = 2  # header lines with which a mail's text begins
MAIL = (".eml", ".mbox")
_DELIMITED = (".csv", ".tsv", ".tab")
_JSON = (".json", ".jsonl", ".ndjson")
_CODE = (*LANGUAGES, *_JSON)

Kind = Literal["sentence", "item", "row", "heading", "setting"]


class Unit(NamedTuple):
    """`hits[place].chunk.text[start:end]`, what it reads as, and where the words of that stand.

    `context` are the headings above it, `lead` is the sentence before one that refers back to it (`them`), or
    what the columns of a row in another language mean; `view` is what is read; `pieces` are (start in the
    view, end in the view, start in the chunk's text), ascending: a character of the view that lies in none is
    not the text's.
    """

    place: int
    start: int
    end: int
    kind: Kind
    context: str
    view: str
    pieces: tuple[tuple[int, int, int], ...]
    lead: str = ""

    @property
    def above(self) -> str:
        """What it is read under: the headings, and the sentence that it refers back to."""
        return f"{self.context}\n{self.lead}".strip()

    def located(self, start: int, end: int) -> tuple[int, int] | None:
        """The characters of the chunk's text that `view[start:end]` stands for, within one piece."""
        for first, last, at in self.pieces:
            if start < last and first < end:
                return at + max(start, first) - first, at + min(end, last) - first
        return None

    def columns(self) -> tuple[str, ...]:
        """The name of each piece's column, where the unit is a row; "" where it has none."""
        ends = (0, *(last for _, last, _ in self.pieces))
        return tuple(
            self.view[before:first].strip("; :")
            for before, (first, _, _) in zip(ends, self.pieces, strict=False)
        )

    @property
    def heading(self) -> str:
        """The innermost heading above it, or ""."""
        return self.context.rpartition("\n")[2].rpartition(BETWEEN)[2]

    @property
    def question(self) -> str:
        """The innermost heading, where that is a question; else ""."""
        return self.heading if _asks(self.heading) else ""

    @property
    def is_header(self) -> bool:
        """Whether it is the row of a mail's header."""
        return self.kind == "row" and set(self.columns()) <= set(_NAMED.values())

    def said(self, start: int, end: int) -> str:
        """The words at these characters of the chunk's text."""
        for first, last, at in self.pieces:
            if at <= start and end <= at + last - first:
                return self.view[first + start - at : first + end - at]
        return ""


def units(place: int, hit: Hit) -> list[Unit]:
    """The units of one hit, in their order; questions and greetings only where nothing else is there."""
    made = [unit._replace(place=place) for unit in _units(hit.chunk)]
    informative = [
        unit
        for unit in made
        if unit.kind in ("row", "setting") or not (_asks(unit.view) or _GREETING.match(unit.view))
    ]
    return informative or made


def heading_unit(place: int, chunk: Chunk, document: str) -> Unit | None:
    """The heading above a chunk as a unit, before the chunk; None where it says nothing or is the title.

    What a document begins with is its title.

    `document` is the text of the chunk's document.
    """
    above, _, heading = chunk.heading.rpartition(BETWEEN)
    if not says_something(heading) or heading == chunk.title:
        return None
    at = document.rfind(heading, max(0, chunk.start - _NEAR), chunk.start)
    if at < 0 or not _WORD.search(document, 0, at):
        return None
    title = "" if above.startswith(chunk.title) else chunk.title
    context = "\n".join(part for part in (title, above) if part)
    start = at - chunk.start
    return Unit(place, start, start + len(heading), "heading", context, heading, ((0, len(heading), start),))


def says_something(heading: str, *, bare: bool = False) -> bool:
    """Whether a heading may answer by itself: three words or more besides its number, and no question.

    It must say something, not only what its section is about: it has a verb, a number, a time or a colon, or
    it stands `bare`, with nothing below it that it could be the name of. One without its mark, `Why it took
    long`, is a question too.
    """
    words = _CLAUSE.sub("", heading)
    says = words.count(" ") >= 2 and (bare or _STATES.search(words))
    return bool(says) and not (_asks(heading) or _QUESTION_WORD.match(heading))


def _stands_alone(text: str, end: int, level: int) -> bool:
    """Whether nothing stands under a heading that ends there: the text ends, or a heading as high follows."""
    behind = _NOTHING.match(text, end)
    return behind is not None and len(behind[1] or "") <= level


def _asks(view: str) -> bool:
    return view.rstrip(" \"'*_)").endswith(_QUESTION)


def rows_of(source: str, text: str, header: str = "") -> list[Row]:
    """The rows in a text of that source: of its tables, of a CSV file, or the records of a JSON file."""
    name = _written_in(source)
    if name.endswith(_JSON):
        return records(text)
    return rows(text, header, delimited=name.endswith(_DELIMITED))


def _written_in(source: str) -> str:
    """The name whose ending says how a text is written: of an attachment (`a.eml#prices.csv`) its own."""
    part = source.rpartition("#")[2].lower()
    return part if part.endswith((*_DELIMITED, *_CODE)) else source.partition("#")[0].lower()


def _units(chunk: Chunk) -> tuple[Unit, ...]:
    name = _written_in(chunk.source)
    if name.endswith(_DELIMITED):
        table = rows_of(chunk.source, chunk.text, chunk.header)
        return tuple(_row_unit(chunk.text, row, _context(chunk, ())) for row in table)
    if name.endswith(_CODE):
        return tuple(_code_units(chunk))
    return tuple(_prose_units(chunk))


def _prose_units(chunk: Chunk) -> Iterator[Unit]:
    text = chunk.text
    table = {row.start: row for row in rows(text, chunk.header)}
    part = is_row(chunk.header.split("\n", 1)[0])
    headings: list[tuple[int, str]] = []
    fenced = False
    before: Unit | None = None
    begin = 0
    if not chunk.start and (header := _header_unit(chunk)):
        yield header
        begin = header.end
    for start, end in _with_yes(text, _numbered(text, sentences(text, begin))):
        for first, last in _lines_of(text, start, end, part=part):
            line = text[first:last]
            if _FENCE.match(line):
                fenced = not fenced
                continue
            heading = None if fenced else _HEADING.match(line)
            if heading:
                level = len(heading[1])
                headings = [above for above in headings if above[0] < level]
                title = heading[2] == chunk.title or not (chunk.start or _WORD.search(text, 0, first))
                bare = _stands_alone(text, last, level)
                if says_something(heading[2], bare=bare) and not title:
                    unit = _text_unit(
                        text, first + heading.start(2), first + heading.end(2), _context(chunk, headings)
                    )
                    yield unit._replace(kind="heading")
                headings.append((level, heading[2]))
                continue
            if _UNDERLINE.match(line) or not _WORD.search(line):
                continue
            if first in table:
                yield _row_unit(text, table[first], _context(chunk, headings))
            elif not is_row(line, part=part):
                unit = _text_unit(text, first, last, _context(chunk, headings))
                if before and unit.kind == "sentence" and _BACK.search(unit.view):
                    between = text[before.end : first]
                    if before.context == unit.context and not between.strip() and "\n\n" not in between:
                        unit = unit._replace(lead=before.view)
                yield unit
                before = unit if unit.kind == "sentence" else None


def _header_unit(chunk: Chunk) -> Unit | None:
    """Who sent a mail to whom and when, as a row: the lines that a mail's text begins with."""
    view, pieces, at = "", [], 0
    while line := _SENT.match(chunk.text, at):
        view += ("; " if view else "") + _NAMED[line["name"]] + ": "
        pieces.append((len(view), len(view) + len(line["value"]), line.start("value")))
        view += line["value"]
        at = line.end()
    if len(pieces) < _HEADERS or not chunk.source.partition("#")[0].lower().endswith(MAIL):
        return None
    return Unit(0, 0, len(chunk.text[:at].rstrip()), "row", _context(chunk, ()), view, tuple(pieces))


def _with_yes(text: str, spans: Iterator[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The sentences; `No.` together with the one that follows it in its paragraph."""
    held: tuple[int, int] | None = None
    for start, end in spans:
        if held and "\n" in text[held[1] : start]:
            yield held
            held = None
        if held is None and _YES.match(text, start, end):
            held = start, end
            continue
        yield (held[0] if held else start), end
        held = None
    if held:
        yield held


def _code_units(chunk: Chunk) -> Iterator[Unit]:
    """Records as rows, settings line by line, each under the lines that hold it; the rest as sentences."""
    text, context = chunk.text, _context(chunk, ())
    found = rows_of(chunk.source, text) if _written_in(chunk.source).endswith(_JSON) else []
    yield from (_row_unit(text, row, context) for row in found)
    for row in found:  # blank, so that every place stays
        text = f"{text[: row.start]}{' ' * (row.end - row.start)}{text[row.end :]}"
    holders: list[tuple[int, str]] = []
    for start, end in sentences(text):
        lines = list(_split(text, start, end))
        settings = any(_SETTING.match(text, first, last) for first, last in lines)
        prose = False
        for first, last in lines:
            name = text[first:last].strip(_BRACKETS).replace("_", " ")
            if not _WORD.search(name):
                continue
            if _SECTION.fullmatch(text, first, last):
                holders = [(-1, name)]
                continue
            indent = first - (text.rfind("\n", 0, first) + 1)
            holders = [holder for holder in holders if holder[0] < indent]
            if text[first:last].endswith(("{", "[", "(", ":")) and len(name.split()) <= _NAME:
                holders.append((indent, name))
            elif _SETTING.match(text, first, last):
                view = text[first:last].replace("_", " ")
                lead = BETWEEN.join(holder for _, holder in holders)
                yield Unit(0, first, last, "setting", context, view, ((0, last - first, first),), lead)
            elif settings:
                yield _text_unit(text, first, last, context)
            else:
                prose = True
        if prose:
            yield _text_unit(text, start, end, context)


def _split(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The lines of a part of a text, without the white space around them."""
    begin = start
    for line in text[start:end].splitlines(keepends=True):
        body = line.strip()
        lead = len(line) - len(line.lstrip())
        if body:
            yield begin + lead, begin + lead + len(body)
        begin += len(line)


def _numbered(text: str, spans: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The sentences, each with the number of its item, `2.`, where that stands alone before it."""
    lead: int | None = None
    for start, end in spans:
        if _NUMBER.fullmatch(text, start, end):
            lead = start
            continue
        yield (start if lead is None else lead), end
        lead = None


def _lines_of(text: str, start: int, end: int, *, part: bool) -> Iterator[tuple[int, int]]:
    """A sentence whole; line by line where it holds rows, headings or fences."""
    lines = text[start:end].splitlines(keepends=True)
    if len(lines) == 1 or not any(
        is_row(line, part=part) or _HEADING.match(line) or _FENCE.match(line) for line in lines
    ):
        yield start, end
        return
    yield from _split(text, start, end)


def _text_unit(text: str, start: int, end: int, context: str) -> Unit:
    mark = _ITEM.match(text, start, end)
    first = mark.end() if mark else start
    kind: Kind = "item" if mark else "sentence"
    return Unit(0, start, end, kind, context, text[first:end], ((0, end - first, first),))


def _row_unit(text: str, row: Row, context: str) -> Unit:
    view, pieces = "", []
    for cell in row.cells:
        view += ("; " if view else "") + (f"{cell.name}: " if cell.name else "")
        pieces.append((len(view), len(view) + cell.end - cell.start, cell.start))
        view += text[cell.start : cell.end].replace("\n", " ")
    meanings = meanings_of(row.names)
    lead = "; ".join(f"{cell.name}: {meanings[cell.name]}" for cell in row.cells if cell.name in meanings)
    return Unit(0, row.start, row.end, "row", context, view, tuple(pieces), lead)


def _context(chunk: Chunk, headings: Sequence[tuple[int, str]]) -> str:
    """Title and headings, those within the chunk last."""
    title = "" if chunk.heading.startswith(chunk.title) else chunk.title
    parts = [title, chunk.heading, *(name for _, name in headings)]
    return "\n".join(dict.fromkeys(part for part in parts if part))
