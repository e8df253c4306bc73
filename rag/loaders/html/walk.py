"""An HTML tree → Markdown, without recursion: however deep a page nests, it is read."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rag.loaders.numerals import numeral
from rag.loaders.pipes import pipe_table
from rag.loaders.writer import Writer

from .furniture import is_link_list
from .grid import caption, grid, is_layout
from .nodes import (
    BLOCKS,
    UNITS,
    children,
    collapse,
    is_note_number,
    raw_text_under,
    shown,
    text_piece,
    text_under,
    unit,
)

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

_LANGUAGE = re.compile(r"(?:^|\s)(?:language|lang|highlight-source)-([\w+#-]+)")
_KINDS = {
    "a": "lowerLetter", "A": "upperLetter", "i": "lowerRoman", "I": "upperRoman", "01": "decimalZero",
    "none": "none",
}  # fmt: skip
_PARAGRAPHS = re.compile(r"\n{2,}")


def to_markdown(root: LexborNode | None) -> str:
    """The shown content under a node as Markdown: headings, lists, tables, code; links as their text."""
    walk = _Walk()
    if root is not None:
        walk.run(root)
    return walk.writer.text()


@dataclass(slots=True)
class _List:
    """An open list: the number of its next item (None: bullets), and, in `<dl>`, whether a term is open."""

    number: int | None = None
    open_term: bool = False
    kind: str = "decimal"
    step: int = 1


@dataclass(slots=True)
class _Walk:
    writer: Writer = field(default_factory=Writer)
    line: list[str] = field(default_factory=list)
    lists: list[_List] = field(default_factory=list)
    label: str = ""  # of an item whose text is still to come

    def run(self, root: LexborNode) -> None:
        stack: list[tuple[LexborNode, bool]] = [(root, False)]
        while stack:
            node, leaving = stack.pop()
            if leaving:
                self._leave(node)
            elif piece := text_piece(node):
                self.line.append(piece)
            elif not node.is_element_node or not shown(node):
                continue
            elif node.tag in UNITS or is_note_number(node, "".join(self.line[-4:])):
                self.line.append(unit(node, "".join(self.line[-4:])[-24:]))
            elif self._enter(node):
                stack.append((node, True))
                stack.extend((child, False) for child in reversed(children(node)))
        self._flush()

    def _enter(self, node: LexborNode) -> bool:
        """Begins an element; False where it is done with, its content too."""
        tag = node.tag or ""
        if tag not in BLOCKS:
            return True
        self._flush()
        if tag == "table":
            return self._table(node)
        if tag == "ul" and is_link_list(node):
            return False
        if tag in ("h1", "h2", "h3", "h4", "h5", "h6"):
            self.writer.heading(int(tag[1]), text_under(node))
            return False
        if tag == "pre":
            self._code(node)
            return False
        self._open(tag, node)
        return True

    def _open(self, tag: str, node: LexborNode) -> None:
        if tag in ("ul", "ol", "menu", "dl"):
            self.lists.append(_ordered(node) if tag == "ol" else _List())
        elif tag == "li":
            marker = self._marker(_whole(node.attributes.get("value")))
            if self._lettered:
                self.label = marker
            else:
                self.writer.enter_item(marker)
        elif tag == "dt" and self.lists:
            self._close_term()
            self.writer.enter_item("- ")
            self.lists[-1].open_term = True
        elif tag == "blockquote":
            self.writer.enter_quote()

    def _leave(self, node: LexborNode) -> None:
        tag = node.tag or ""
        if tag not in BLOCKS:
            return
        self._flush()
        if tag == "li" and self._lettered:
            self.label = ""
        elif tag in ("li", "blockquote"):
            self.writer.leave()
        elif tag in ("ul", "ol", "menu", "dl"):
            self._close_term()
            self.lists.pop()
            self.writer.end_list()

    def _close_term(self) -> None:
        if self.lists[-1].open_term:
            self.writer.leave()
            self.lists[-1].open_term = False

    @property
    def _lettered(self) -> bool:
        """Whether the items of the open list have letters, which Markdown knows as paragraphs only."""
        return bool(self.lists) and self.lists[-1].number is not None and self.lists[-1].kind != "decimal"

    def _marker(self, stated: int | None) -> str:
        current = self.lists[-1] if self.lists else _List()
        if current.number is None:
            return "- "
        number = current.number if stated is None else stated
        current.number = number + current.step
        label = numeral(number, current.kind)
        return f"{label}. " if label else ""

    def _table(self, node: LexborNode) -> bool:
        """Writes a table; True where it is only layout, whose content is to be walked like any other."""
        if is_layout(node):
            return True
        self.writer.paragraph(caption(node))
        titles, rows = grid(node)
        for title in titles:
            self.writer.paragraph(title)
        self.writer.verbatim(pipe_table(rows))
        return False

    def _code(self, node: LexborNode) -> None:
        text = raw_text_under(node).strip("\n")
        if text.strip():
            inner = node.css_first("code") or node
            names = f"{node.attributes.get('class') or ''} {inner.attributes.get('class') or ''}"
            match = _LANGUAGE.search(names)
            self.writer.code(text, match[1] if match else "")

    def _flush(self) -> None:
        """Ends the line of text that inline elements have built."""
        if self.line:
            for paragraph in _PARAGRAPHS.split(collapse(self.line)):
                self.writer.paragraph(f"{self.label}{paragraph}" if paragraph else "")
                self.label = "" if paragraph else self.label
            self.line = []


def _ordered(node: LexborNode) -> _List:
    attributes = node.attributes
    kind = _KINDS.get((attributes.get("type") or "").strip(), "decimal")
    backwards = "reversed" in attributes
    first = sum(each.tag == "li" for each in node.iter()) if backwards else 1
    start = _whole(attributes.get("start"))
    return _List(first if start is None else start, kind=kind, step=-1 if backwards else 1)


def _whole(value: str | None) -> int | None:
    text = (value or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else None
