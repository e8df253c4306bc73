"""Styles and numbering of a DOCX: what kind of paragraph a style makes, and the number that Word shows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rag.loaders.guard.xml import attribute, local
from rag.loaders.numerals import numeral

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_DEEPEST = 20  # styles that a style may be based on


def child(element: Element | None, name: str) -> Element | None:
    """The first child of a name; None where there is none."""
    return next((each for each in element if local(each) == name), None) if element is not None else None


def value(element: Element | None, name: str, default: str = "") -> str:
    """The `val` of a child; the default where the child is missing."""
    stated = child(element, name)
    return attribute(stated, "val") if stated is not None else default


def is_on(element: Element | None, name: str) -> bool | None:
    """Whether a switch such as `w:vanish` is on; None where it is not set."""
    stated = child(element, name)
    return None if stated is None else attribute(stated, "val") not in ("0", "false", "off")


class Styles:
    """By style id: its name in lower case, and the properties it has or inherits."""

    def __init__(self, root: Element | None) -> None:
        self._styles = {
            attribute(each, "styleId"): each
            for each in (root if root is not None else ())
            if local(each) == "style"
        }
        self._default = next(
            (name for name, each in self._styles.items() if attribute(each, "default") in ("1", "true")
             and attribute(each, "type") == "paragraph"), ""
        )  # fmt: skip

    def name(self, style: str) -> str:
        """The name that programs show, `heading 1`, in lower case."""
        return value(self._styles.get(style), "name", style).lower()

    def chain(self, style: str) -> list[Element]:
        """The style and those it is based on, innermost first."""
        chain: list[Element] = []
        name = style or self._default
        while name in self._styles and len(chain) < _DEEPEST:
            chain.append(self._styles[name])
            name = value(self._styles[name], "basedOn")
        return chain

    def heading(self, style: str) -> int:
        """The level of a heading style, 1 to 6; 0 for others."""
        for each in self.chain(style):
            name = value(each, "name").lower()
            kind, _, level = name.rpartition(" ")
            if kind == "heading" and level.isdecimal():
                return min(max(int(level), 1), 6)
            outline = value(child(each, "pPr"), "outlineLvl")
            if outline.isdecimal():
                return min(int(outline) + 1, 6) if int(outline) < 9 else 0
        return 0

    def run(self, styles: list[str], name: str) -> Element | None:
        """A run property of the first of some styles that has it."""
        for style in styles:
            for each in self.chain(style):
                if (value := child(child(each, "rPr"), name)) is not None:
                    return value
        return None

    def numbering(self, style: str) -> tuple[str, str]:
        """(numbering id, level) that a style gives its paragraphs; blanks where it gives none."""
        for each in self.chain(style):
            numbered = child(child(each, "pPr"), "numPr")
            if numbered is not None:
                return value(numbered, "numId"), value(numbered, "ilvl")
        return "", ""


@dataclass(slots=True)
class _Level:
    format: str = "decimal"
    text: str = ""
    start: int = 1
    restart: int = -1
    legal: bool = False
    style: str = ""


@dataclass(slots=True)
class _List:
    levels: dict[int, _Level]
    counts: dict[int, int] = field(default_factory=dict)


class Numbering:
    """The lists of a document, counted as its paragraphs come."""

    def __init__(self, root: Element | None, styles: Styles) -> None:
        elements = list(root) if root is not None else []
        abstract = {
            attribute(each, "abstractNumId"): each for each in elements if local(each) == "abstractNum"
        }
        numbers = {attribute(each, "numId"): each for each in elements if local(each) == "num"}
        lists: dict[str, _List] = {}
        self._lists: dict[str, _List] = {}
        self._starts: dict[str, dict[int, int]] = {}
        for number, each in numbers.items():
            name = value(each, "abstractNumId")
            linked = value(abstract.get(name), "numStyleLink")
            if linked and (target := numbers.get(styles.numbering(linked)[0])) is not None:
                name = value(target, "abstractNumId")
            if name not in abstract:
                continue
            shared = lists.setdefault(name, _List(_levels(abstract[name])))
            overridden = {}
            for override in (part for part in each if local(part) == "lvlOverride"):
                level = _number(attribute(override, "ilvl"), 0)
                started = value(override, "startOverride")
                if started:
                    overridden[level] = _number(started, 1)
                if (own := child(override, "lvl")) is not None:
                    shared = _List({**shared.levels, level: _level(own)}, shared.counts)
            self._lists[number] = shared
            self._starts[number] = overridden

    def level(self, number: str, level: str, style: str) -> int:
        """The level of a paragraph: the one it names, or the one that its style is linked to."""
        if level:
            return _number(level, 0)
        levels = self._lists[number].levels if number in self._lists else {}
        return next((depth for depth, each in levels.items() if style and each.style == style), 0)

    def next(self, number: str, level: int) -> str | None:
        """The label of the next paragraph of a list: `2.1`, `(a)`; `•` for bullets; None without a list."""
        numbered = self._lists.get(number)
        if numbered is None or level not in numbered.levels:
            return None
        own = numbered.levels[level]
        for depth, start in self._starts[number].items():
            if depth <= level:
                numbered.counts[depth] = start - 1
        self._starts[number] = {d: s for d, s in self._starts[number].items() if d > level}
        numbered.counts[level] = numbered.counts.get(level, own.start - 1) + 1
        for depth, each in numbered.levels.items():
            if depth > level and each.restart != 0 and (each.restart < 0 or level < each.restart):
                numbered.counts.pop(depth, None)
        if own.format == "bullet":
            return "•"
        label = own.text
        for depth in range(9):
            if f"%{depth + 1}" in label:
                each = numbered.levels.get(depth, _Level())
                count = numbered.counts.setdefault(depth, each.start)
                label = label.replace(
                    f"%{depth + 1}", numeral(count, "decimal" if own.legal else each.format)
                )
        return label.strip()


def _levels(element: Element) -> dict[int, _Level]:
    return {_number(attribute(each, "ilvl"), 0): _level(each) for each in element if local(each) == "lvl"}


def _level(element: Element) -> _Level:
    return _Level(
        value(element, "numFmt", "decimal"),
        value(element, "lvlText"),
        _number(value(element, "start"), 1),
        _number(value(element, "lvlRestart"), -1),
        bool(is_on(element, "isLgl")),
        value(element, "pStyle"),
    )


def _number(text: str, default: int) -> int:
    return int(text) if text.isdecimal() and len(text) < 8 else default
