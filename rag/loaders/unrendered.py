"""Text of Markdown and reStructuredText that their pages do not show: blanked out, sign for sign, and noted.

Blanks and line ends stand in its place, so that every offset stays that of the file. Hidden are comments, of
HTML and of the format's own, and HTML elements whose attributes hide them; code is left as it is.
"""

from __future__ import annotations

import re

from rag.loaders.guard.hidden import note_hidden, says_something
from rag.loaders.html import hidden_by_attributes

_MOST_TAGS = 20_000
_OPENS = re.compile(
    r"""^\ {0,3}(?P<fence>`{3,}|~{3,})[^\n]*$
      | (?<!`)(?P<ticks>`+)
      | (?P<comment><!--|\{/\*)
      | (?P<label>^\ {0,3}\[[^\[\]\n]{1,99}\]:[ \t]*(?:\#|<>)[ \t]*["'(][^\n]*["')][ \t]*$)
      | (?P<tag><(?P<name>[a-zA-Z][\w-]*)\s[^<>]*>)
    """,
    re.VERBOSE | re.MULTILINE,
)
_HIDING = re.compile(r"\b(?:style|hidden|aria-hidden)\b", re.IGNORECASE)
_PARAGRAPH = re.compile(r"\n[ \t]*\n|\Z")
_MARKS = re.compile(
    r"<!--|-->|</?[a-zA-Z][^<>]*>|\A\s*\.\.|\A\{/\*|\*/\}\Z|\A\ *\[[^\]]*\]:\s*(?:\#|<>)\s*[\"'(]|[\"')]\s*\Z"
)
_SIGNS = re.compile(r"[^\n]")
# A block behind `..` that is no directive, footnote, target or substitution, and what is indented below it.
_RST = re.compile(
    r"^(?P<indent>[ \t]*)\.\.(?:[ \t]+(?!\[|_|\||[\w:+.-]+::)[^\n]*|[ \t]*(?=\n[ \t]+\S))"
    r"(?:\n(?:(?P=indent)[ \t]+[^\n]*|[ \t]*(?=\n(?P=indent)[ \t]+\S)))*",
    re.MULTILINE,
)


def blank_markdown(text: str) -> str:
    """The text with comments and hidden elements as blanks, each counted by why nobody sees it."""
    if not any(mark in text for mark in ("<!--", "]:", "{/*")) and not _HIDING.search(text):
        return text
    return _Markdown(text).blanked()


class _Markdown:
    def __init__(self, text: str) -> None:
        self._text = text
        self._missing: dict[str, int] = {}  # what closes something → from where on there is none
        self._tags = 0
        self._paragraph_end = -1

    def blanked(self) -> str:
        pieces: list[str] = []
        position = 0
        match = _OPENS.search(self._text)
        while match:
            why, end = self._hidden(match)
            if why:
                pieces += [
                    self._text[position : match.start()],
                    _blanked(why, self._text[match.start() : end]),
                ]
                position = end
            match = _OPENS.search(self._text, end)
        return "".join([*pieces, self._text[position:]]) if pieces else self._text

    def _hidden(self, match: re.Match[str]) -> tuple[str, int]:
        """Why what opens here is hidden, `` where it shows, and where to go on reading."""
        end = match.end()
        if match["fence"]:
            closing = re.compile(rf"^ {{0,3}}{match['fence']}[`~]*[ \t]*$", re.MULTILINE)
            closed = closing.search(self._text, end)
            return "", closed.end() if closed else len(self._text)
        if match["ticks"]:
            return "", self._code_end(match["ticks"], end)
        if match["comment"]:
            mark = "-->" if match["comment"] == "<!--" else "*/}"
            close = self._find(mark, end)
            return ("comment", close + len(mark)) if close >= 0 else ("", end)
        if match["label"]:
            return "comment", end
        if self._tags >= _MOST_TAGS or not _HIDING.search(match["tag"]):
            return "", end
        self._tags += 1
        why = hidden_by_attributes(match["tag"])
        return why, self._element_end(end, match["name"]) if why and match["tag"][-2] != "/" else end

    def _code_end(self, ticks: str, start: int) -> int:
        """The end of a code span within its paragraph; `start` where nothing closes it."""
        if start < self._missing.get(ticks, 0):
            return start
        if start > self._paragraph_end:
            paragraph = _PARAGRAPH.search(self._text, start)
            self._paragraph_end = paragraph.start() if paragraph else len(self._text)
        last = self._paragraph_end
        close = re.compile(rf"(?<!`){ticks}(?!`)").search(self._text, start, last)
        if close is None:
            self._missing[ticks] = last
        return close.end() if close else start

    def _find(self, mark: str, start: int) -> int:
        if start >= self._missing.get(mark, len(self._text) + 1):
            return -1
        place = self._text.find(mark, start)
        if place < 0:
            self._missing[mark] = start
        return place

    def _element_end(self, start: int, name: str) -> int:
        """Where an element ends that was opened before `start`: at the text's end where nothing closes it."""
        depth = 1
        for tag in re.compile(rf"<(/?){re.escape(name)}\b[^<>]*>", re.IGNORECASE).finditer(self._text, start):
            if tag[0].endswith("/>"):
                continue
            depth += -1 if tag[1] else 1
            if not depth:
                return tag.end()
        return len(self._text)


def blank_rst(text: str) -> str:
    """The text with comments as blanks, each counted."""
    return _RST.sub(lambda match: _blanked("comment", match[0]), text) if ".." in text else text


def _blanked(why: str, text: str) -> str:
    said = " ".join(_MARKS.sub(" ", text).split())
    if says_something(said):
        note_hidden(f"characters of text ({why})", len(said))
    return _SIGNS.sub(" ", text)
