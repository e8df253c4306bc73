"""The body of a DOCX → Markdown: headings with their numbers, lists, tables, and what paragraphs carry.

Left out as not shown to a reader: hidden text, letters in the colour behind them, letters too small to see,
all of which are counted; and text that a tracked change has deleted.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rag.loaders.drawing import choice, graphic_blocks
from rag.loaders.equations import equation, field_equation
from rag.loaders.guard.archive import Archive
from rag.loaders.guard.hidden import note_hidden, says_something
from rag.loaders.guard.invisible import in_symbol_font, visible
from rag.loaders.guard.limits import Limits
from rag.loaders.guard.seen import BLACK, TINY_POINTS, WHITE, Colour, from_hex, melts
from rag.loaders.guard.xml import attribute, local
from rag.loaders.numerals import numeral
from rag.loaders.objects import alternative_text, objects
from rag.loaders.pipes import headed, pipe_table
from rag.loaders.raised import lowered, raised
from rag.loaders.writer import Writer

from .styles import Numbering, Styles, child, is_on, value

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_ITEM = re.compile(r"\d{1,9}[.)]$")
_CODE = ("html preformatted", "source code", "code", "macro text", "plain text code")
_LONGEST_MARK = 40
_SYMBOL = "symbol"
_OFF = ("", "0", "false", "off")
_MOVED = 4  # half points
_QUOTES = ("quote", "intense quote", "block text")
_PASSED = (
    "hyperlink", "ins", "moveTo", "smartTag", "fldSimple", "bdo", "dir", "customXml",
    "sdtContent", "rubyBase",
)  # fmt: skip


@dataclass(slots=True)
class _Line:
    """A paragraph in the making: what is shown, what is hidden, and the blocks that follow it."""

    hidden: dict[str, str] = field(default_factory=dict)
    blocks: list[str] = field(default_factory=list)
    pieces: list[tuple[str, str]] = field(default_factory=list)
    text: str = ""

    def add(self, text: str, place: str = "") -> None:
        """Adds text; pieces at one height are one, however a program cuts its runs."""
        if self.pieces and self.pieces[-1][1] == place:
            text = self.pieces.pop()[0] + text
        if text:
            self.pieces.append((text, place))

    def written(self) -> str:
        """What the pieces say, in their order."""
        return "".join(text for text, _ in self.pieces)

    def settle(self) -> None:
        """Makes the text of all pieces: those that are raised, lowered or struck as such."""
        for number, (text, place) in enumerate(self.pieces):
            if place in ("superscript", "subscript") and text.strip() and len(text) <= _LONGEST_MARK:
                after = "".join(each for each, _ in self.pieces[number + 1 : number + 3])
                tail = " " if text[-1].isspace() else ""
                marked = (
                    raised(self.text, text, tail + after)
                    if place == "superscript"
                    else lowered(self.text, text)
                )
                self.text += marked + tail
            elif place == "strike" and text.strip():
                lead, tail = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
                self.text += f"{lead}~~{text.strip()}~~{tail}"
            else:
                self.text += text


class Walk:
    """Writes the blocks of a document into `writer`; `problems` are what was left out of it."""

    def __init__(
        self, archive: Archive, part: str, limits: Limits, styles: Styles, numbering: Numbering
    ) -> None:
        self.writer = Writer()
        self.problems: list[str] = []
        self.objects: Counter[str] = Counter()
        self.shaded_page = False
        self._archive, self._part, self._limits = archive, part, limits
        self._styles, self._numbering = styles, numbering
        self._notes: dict[str, dict[str, Element]] = {}
        self._open: list[int] = []  # levels of the list items that are open
        self._code: list[str] = []
        self._field: list[str] = []  # begun fields: in their code, or in what they show
        self._codes: list[str] = []
        self._values: list[tuple[str, str]] = []  # of each: a form's value, and what the line said before
        self._shaded = 0  # cells, boxes and tables around that may have a colour of their own
        self._noted: Counter[str] = Counter()
        self._numbered_by: dict[str, str] = {}
        self._said: dict[tuple[str, ...], str] = {}  # style, property → what it says of runs

    def keep(self, kind: str, root: Element, numbered_by: str = "") -> None:
        """Notes or comments, by their ids, for where the body refers to them; and how they are numbered."""
        self._numbered_by[kind] = numbered_by or ("lowerRoman" if kind == "endnotes" else "decimal")
        self._notes[kind] = {attribute(each, "id"): each for each in root}

    def apart(self, part: str, root: Element) -> str:
        """The text of another part, such as a header, on one line."""
        before, self._part = self._part, part
        try:
            return self._flat(root)
        finally:
            self._part = before

    def body(self, element: Element) -> None:
        """The blocks of a body, a cell or a text box."""
        self._blocks(element)
        self._end_list()
        self._end_code()

    def _blocks(self, element: Element) -> None:
        for each in element:
            name = local(each)
            if name == "p":
                self._paragraph(each)
            elif name == "tbl":
                self._end_list()
                self._end_code()
                self._table(each)
            elif name in ("sdt", "sdtContent", "customXml", "ins", "moveTo", "smartTag"):
                self._blocks(each)
            elif name == "AlternateContent":
                self._blocks(choice(each))
            elif name in ("oMath", "oMathPara"):
                self.writer.paragraph(equation(each))
            elif name == "altChunk":
                self.problems.append(
                    "a part in another format (altChunk) was left out; save the file in Word"
                )

    def _paragraph(self, element: Element) -> None:
        properties = child(element, "pPr")
        style = value(properties, "pStyle")
        name = self._styles.name(style)
        line = self._line(element, style, name in _CODE)
        if name in _CODE:
            self._end_list()
            self._code.append(line.text)
        else:
            self._end_code()
            self._write(line.text, properties, style, name)
        if line.blocks:
            self._end_list()
            for block in line.blocks:
                self.writer.verbatim(block)

    def _write(self, text: str, properties: Element | None, style: str, name: str) -> None:
        outline = value(properties, "outlineLvl")
        level = self._styles.heading(style) or (
            min(int(outline) + 1, 6) if outline.isdecimal() and int(outline) < 9 else 0
        )
        if name == "title":
            level = 1
        label, depth = self._label(properties, style) if text else (None, 0)
        numbered = f"{label} {text}" if label and label != "•" else text
        if level:
            self._end_list()
            self.writer.heading(level, numbered)
        elif label == "•" or (label and _ITEM.match(label)):
            while self._open and self._open[-1] >= depth:
                self.writer.leave()
                self._open.pop()
            self.writer.enter_item("- " if label == "•" else f"{label} ")
            self._open.append(depth)
            self.writer.paragraph(text)
        elif text:
            self._end_list()
            if name in _QUOTES:
                self.writer.enter_quote()
            self.writer.paragraph(numbered)
            if name in _QUOTES:
                self.writer.leave()

    def _label(self, properties: Element | None, style: str) -> tuple[str | None, int]:
        """What stands before a paragraph of a list, and its level."""
        numbered = child(properties, "numPr")
        number, level = self._styles.numbering(style)
        if numbered is not None:
            number, level = value(numbered, "numId", number), value(numbered, "ilvl", level)
        if not number or number == "0":
            return None, 0
        depth = self._numbering.level(number, level, style)
        return self._numbering.next(number, depth), depth

    def _end_list(self) -> None:
        if self._open:
            for _ in self._open:
                self.writer.leave()
            self._open = []
            self.writer.end_list()

    def _end_code(self) -> None:
        if any(text.strip() for text in self._code):
            self.writer.code("\n".join(self._code))
        self._code = []

    def _line(self, paragraph: Element, style: str, indented: bool = False) -> _Line:
        """What a paragraph shows, on lines of their own where it breaks them; `indented` keeps its blanks."""
        line = _Line()
        shaded = self._is_shaded(child(paragraph, "pPr")) or any(
            self._is_shaded(child(each, "pPr")) for each in self._styles.chain(style)
        )
        self._shaded += shaded
        self._inline(paragraph, line, style)
        self._shaded -= shaded
        line.settle()
        for why, text in line.hidden.items():
            if says_something(text):
                note_hidden(f"characters of text ({why})", len(" ".join(text.split())))
        shown = visible(line.text).replace("\u00a0", " ").split("\n")
        if indented:
            line.text = "\n".join(each.rstrip() for each in shown)
            return line
        line.text = "\n".join(stripped for each in shown if (stripped := " ".join(each.split())))
        return line

    def _inline(self, element: Element, line: _Line, style: str) -> None:
        for each in element:
            name = local(each)
            if name == "r":
                self._run(each, line, style)
            elif name in _PASSED:
                self._inline(each, line, style)
            elif name == "sdt":
                self._control(each, line, style)
            elif name in ("oMath", "oMathPara"):
                line.add(visible(equation(each)))
            elif name == "AlternateContent":
                self._inline(choice(each), line, style)

    def _control(self, element: Element, line: _Line, style: str) -> None:
        """A content control; a check box whose sign is missing is drawn."""
        before = line.written()
        for each in element:
            if local(each) == "sdtContent":
                self._inline(each, line, style)
        box = child(child(element, "sdtPr"), "checkbox")
        if box is not None and line.written().strip() == before.strip():
            line.add("☒" if is_on(box, "checked") else "☐")

    def _run(self, run: Element, line: _Line, style: str) -> None:
        properties = child(run, "rPr")
        why = self._unseen(properties, style)
        place = self._place(properties, style)
        fonts = child(properties, "rFonts")
        symbols = fonts is not None and attribute(fonts, "ascii").lower() == _SYMBOL
        for each in run:
            if symbols and local(each) == "t" and each.text:
                each.text = in_symbol_font(each.text)
            self._piece(each, line, style, why, place)

    def _place(self, properties: Element | None, style: str) -> str:
        """How a run stands on its line: `superscript`, `subscript`, `strike`, or `` for as any other."""
        styles = [value(properties, "rStyle"), style]
        for name in ("strike", "dstrike"):
            struck = is_on(properties, name)
            if struck if struck is not None else self._of_style(styles, name) not in _OFF:
                return "strike"
        place = value(properties, "vertAlign") or self._of_style(styles, "vertAlign")
        if place:
            return place if place != "baseline" else ""
        moved = value(properties, "position") or self._of_style(styles, "position")
        if moved.lstrip("-").isdecimal() and abs(int(moved)) >= _MOVED:
            return "subscript" if moved.startswith("-") else "superscript"
        return ""

    def _piece(self, each: Element, line: _Line, style: str, why: str, place: str) -> None:
        name = local(each)
        if name == "fldChar":
            self._field_mark(each, line)
            return
        if self._field and self._field[-1] == "code":
            if name == "instrText":
                self._codes[-1] += each.text or ""
            return
        text = _sign(each)
        if text:
            if why:
                line.hidden[why] = line.hidden.get(why, "") + text
            else:
                line.add(text, place)
        elif name == "ruby":
            for base in each:
                if local(base) == "rubyBase":
                    self._inline(base, line, style)
        elif name in ("footnoteReference", "endnoteReference", "commentReference") and not why:
            self._note(each, line)
        elif name in ("drawing", "pict", "object"):
            self._drawing(each, line)
        elif name == "AlternateContent":
            for inner in choice(each):
                self._piece(inner, line, style, why, place)

    def _field_mark(self, mark: Element, line: _Line) -> None:
        """Begins or ends a field. One of a form shows its value, which Word draws and others write out."""
        kind = attribute(mark, "fldCharType")
        if kind == "begin":
            self._field.append("code")
            self._codes.append("")
            self._values.append((_form_value(child(mark, "ffData")), line.written()))
        elif kind == "separate" and self._field:
            self._field[-1] = "shown"
        elif kind == "end" and self._field and self._values:
            self._field.pop()
            value, before = self._values.pop()
            if (code := self._codes.pop()).strip()[:3].upper() == "EQ ":
                value = visible(field_equation(code))
            if value and line.written().strip() == before.strip():
                line.add(value)

    def _note(self, reference: Element, line: _Line) -> None:
        """A footnote's number in its place and its text below; a comment below alone."""
        kind = f"{local(reference).removesuffix('Reference')}s"
        note = self._notes.get(kind, {}).get(attribute(reference, "id"))
        text = self._flat(note) if note is not None else ""
        if not text:
            return
        if kind == "comments":
            author = " ".join(attribute(note, "author").split()) if note is not None else ""
            line.blocks.append(f"Comment by {author}: {text}" if author else f"Comment: {text}")
            return
        if attribute(reference, "customMarkFollows") in ("1", "true", "on"):
            line.blocks.append(text)  # it begins with the mark that stands in the line
            return
        self._noted[kind] += 1
        number = numeral(self._noted[kind], self._numbered_by[kind])
        line.add(f" [{number}]" if line.pieces else f"[{number}]")
        line.blocks.append(f"[{number}] {text}")

    def _drawing(self, element: Element, line: _Line) -> None:
        """Text boxes, charts and diagrams, below the paragraph that they hang on."""
        self._shaded += 1  # boxes may be filled with any colour
        for box in _boxes(element):
            if any(local(each) == "tbl" for each in box.iter()):
                inner = Walk(self._archive, self._part, self._limits, self._styles, self._numbering)
                inner._notes, inner._shaded = self._notes, self._shaded
                inner._noted, inner._numbered_by = self._noted, self._numbered_by
                inner.body(box)
                self.problems += inner.problems
                if text := inner.writer.text():
                    line.blocks.append(text)
            elif text := self._flat(box):
                line.blocks.append(f"Text box: {text}")
        self._shaded -= 1
        arched = (attribute(each, "string") for each in element.iter() if local(each) == "textpath")
        line.blocks += [f"Text box: {' '.join(visible(text).split())}" for text in arched if text.strip()]
        line.blocks += graphic_blocks(element, self._archive, self._part, self._limits)
        line.blocks += alternative_text(element)
        self.objects.update(objects(element))

    def _flat(self, element: Element) -> str:
        """All paragraphs under an element on one line, with what hangs on them."""
        return " ".join(self._texts(element))

    def _texts(self, element: Element) -> Iterator[str]:
        fields, self._field = self._field, []
        for paragraph in _paragraphs(element):
            properties = child(paragraph, "pPr")
            style = value(properties, "pStyle")
            line = self._line(paragraph, style)
            if line.text:
                label, _ = self._label(properties, style)
                text = " ".join(line.text.split())
                yield f"{label} {text}" if label else text
            for block in line.blocks:
                yield " ".join(block.split())
        self._field = fields

    def _table(self, table: Element) -> None:
        rows = list(self._shown_rows(table))
        single = all(len(list(_cells(row))) < 2 for row in rows)
        nested = any(local(each) == "tbl" for row in rows for cell in _cells(row) for each in cell.iter())
        if single or nested:
            for row in rows:
                for cell in _cells(row):
                    self._shaded += 1
                    self.body(cell)
                    self._shaded -= 1
            return
        styled = value(child(table, "tblPr"), "tblStyle")
        coloured = bool(styled) and self._styles.name(styled) not in ("table grid", "normal table")
        self._shaded += coloured
        texts, heads, groups, below = self._grid(rows)
        self._shaded -= coloured
        title, texts = headed(texts, groups, heads)
        self.writer.paragraph(title)
        self.writer.verbatim(pipe_table(texts))
        for block in below:
            self.writer.verbatim(block)

    def _shown_rows(self, table: Element) -> Iterator[Element]:
        for row in _rows(table):
            if not is_on(child(row, "trPr"), "hidden"):
                yield row
                continue
            text = " ".join(each.text or "" for each in row.iter() if local(each) == "t")
            if any(map(str.isalnum, text)):
                note_hidden("characters of text (hidden by format)", len(" ".join(text.split())))

    def _grid(self, rows: list[Element]) -> tuple[list[list[str]], int, list[tuple[int, int]], list[str]]:
        """The texts, cells merged down repeated; rows of names; merged columns of the first; what follows."""
        texts: list[list[str]] = []
        heads = 0
        groups: list[tuple[int, int]] = []
        below: list[str] = []
        for number, row in enumerate(rows):
            properties = child(row, "trPr")
            heads += number == heads and bool(is_on(properties, "tblHeader"))
            skipped = value(properties, "gridBefore")
            line = [""] * (min(int(skipped), 100) if skipped.isdecimal() else 0)
            for cell in _cells(row):
                of_cell = child(cell, "tcPr")
                wide = value(of_cell, "gridSpan")
                width = min(int(wide), 200) if wide.isdecimal() and int(wide) else 1
                merged = child(of_cell, "vMerge")
                column = len(line)
                if merged is not None and attribute(merged, "val") != "restart" and texts:
                    text = texts[-1][column] if column < len(texts[-1]) else ""
                    if not number - 1:  # the upper row of a head of two
                        text = text if heads < 2 else ""
                else:
                    text = self._cell(cell, below)
                if width > 1 and not number:
                    groups.append((column, column + width - 1))
                line += [text, *[""] * (width - 1)]
            texts.append(line)
        return texts, heads, groups, below

    def _cell(self, cell: Element, below: list[str]) -> str:
        shaded = self._is_shaded(child(cell, "tcPr"))
        self._shaded += shaded
        texts = []
        for paragraph in _paragraphs(cell):
            properties = child(paragraph, "pPr")
            style = value(properties, "pStyle")
            line = self._line(paragraph, style)
            label = self._label(properties, style)[0] if line.text else None
            texts.append(f"{label} {line.text}" if label and label != "•" else line.text)
            below += line.blocks
        self._shaded -= shaded
        return " ".join(text for text in texts if text)

    def _unseen(self, properties: Element | None, style: str) -> str:
        """Why nobody sees a run; `` where it is shown."""
        styles = [value(properties, "rStyle"), style]
        vanish = is_on(properties, "vanish")
        if vanish is None:
            toggle = self._styles.run([name for name in styles if name], "vanish")
            vanish = toggle is not None and attribute(toggle, "val") not in ("0", "false", "off")
        if vanish:
            return "hidden by format"
        size = value(properties, "sz") or self._of_style(styles, "sz")
        if size.isdecimal() and int(size) / 2 <= TINY_POINTS:
            return "letters too small to see"
        ink = from_hex(value(properties, "color") or self._of_style(styles, "color"))
        paper = self._paper(properties)
        return "colour of its background" if ink and paper and melts(ink, paper) else ""

    def _of_style(self, styles: list[str], name: str) -> str:
        """A run's property where its styles say it, `` where they do not."""
        known = self._said.get((*styles, name))
        if known is None:
            value = self._styles.run([each for each in styles if each], name)
            said = "" if value is None else attribute(value, "val") or "on"
            known = self._said[(*styles, name)] = said
        return known

    def _paper(self, properties: Element | None) -> Colour | None:
        """The colour behind a run; None where something decides about it that is not read here."""
        marked = value(properties, "highlight")
        if marked not in ("", "none"):
            return WHITE if marked == "white" else BLACK if marked == "black" else None
        shading = child(properties, "shd")
        if shading is not None and (fill := from_hex(attribute(shading, "fill"))):
            return fill
        return None if self._shaded or self.shaded_page or self._is_shaded(properties) else WHITE

    def _is_shaded(self, properties: Element | None) -> bool:
        """Whether a paragraph, a cell or a run has a colour of its own behind it."""
        shading = child(properties, "shd")
        if shading is None:
            return False
        fill = attribute(shading, "fill").lower()
        return bool(attribute(shading, "themeFill")) or fill not in ("", "auto", "ffffff")


def _form_value(data: Element | None) -> str:
    """What a field of an old form (`w:ffData`) holds: ☒ or ☐, the entry that is chosen, a default text."""
    if (box := child(data, "checkBox")) is not None:
        checked = is_on(box, "checked")
        return "☒" if (is_on(box, "default") if checked is None else checked) else "☐"
    if (choices := child(data, "ddList")) is not None:
        entries = [attribute(each, "val") for each in choices if local(each) == "listEntry"]
        chosen = value(choices, "result", value(choices, "default", "0"))
        return entries[int(chosen)] if chosen.isdecimal() and int(chosen) < len(entries) else ""
    return value(child(data, "textInput"), "default")


def _sign(element: Element) -> str:
    """The text of a piece of a run; `` for what is none."""
    name = local(element)
    if name == "t":
        return element.text or ""
    if name in ("tab", "ptab"):
        return "\t"
    if name in ("br", "cr"):
        return "\n"
    if name == "noBreakHyphen":
        return "-"
    if name == "sym":
        code = attribute(element, "char")
        try:
            number = int(code, 16)
        except ValueError:
            return ""
        sign = chr(number | 0xF000 if number < 0x100 else number) if number < 0x110000 else ""
        return in_symbol_font(sign) if attribute(element, "font").lower() == _SYMBOL else sign
    return ""


def _boxes(element: Element) -> Iterator[Element]:
    """The text boxes of a drawing, alternative contents once; not those within one another."""
    for each in element:
        if local(each) == "txbxContent":
            yield each
        elif local(each) == "AlternateContent":
            yield from _boxes(choice(each))
        else:
            yield from _boxes(each)


def _paragraphs(element: Element) -> Iterator[Element]:
    """The paragraphs of a cell, a note or a header, those in tables and content controls too."""
    for each in element:
        if local(each) == "p":
            yield each
        elif local(each) == "AlternateContent":
            yield from _paragraphs(choice(each))
        elif not local(each).endswith("Pr"):
            yield from _paragraphs(each)


def _rows(table: Element) -> Iterator[Element]:
    for each in table:
        if local(each) == "tr":
            if is_on(child(each, "trPr"), "del") is None:
                yield each
        elif local(each) in ("sdt", "sdtContent", "customXml", "ins"):
            yield from _rows(each)


def _cells(row: Element) -> Iterator[Element]:
    for each in row:
        if local(each) == "tc":
            yield each
        elif local(each) in ("sdt", "sdtContent", "customXml"):
            yield from _cells(each)
