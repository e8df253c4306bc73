"""Characters that command a terminal or deceive the eye: found, counted by kind, and shown as escapes.

Always shown: control characters but tab and line feed (ESC, CR, BEL, DEL, U+0080 to U+009F …), line and
paragraph separators, marks that turn the direction of reading over, tags outside of flags, and halves of
surrogate pairs. What has no width is shown where it can mislead, beside letters and digits of ASCII: joiners
in emoji, in Persian or in Hindi, and direction marks between Hebrew words, stay as they are.

Source: Unicode Standard Annex 9 and Technical Report 36; ECMA-48.
"""

from __future__ import annotations

import html
import json
import re

_LINE_ENDS = "\u2028\u2029"
_TURNING = "\u202a-\u202e\u2066-\u206f"
_ESCAPES = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"
_UNSEEN = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2060-\u2065\u3164\ufeff\uffa0"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
)
_SELECTORS = "\ufe00-\ufe0f\U000e0100-\U000e01ef"
_FLAG = "\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,6}\U000e007f"  # as that of Scotland
_FOUND = re.compile(
    f"(?P<flag>{_FLAG})|(?P<line>\r\n)"
    f"|(?P<control>\r|[{_ESCAPES}{_LINE_ENDS}]+)|(?P<turning>[{_TURNING}]+)"
    "|(?P<tag>[\U000e0000-\U000e007f]+)|(?P<half>[\ud800-\udfff\ufff0-\ufffb\ufffe\uffff]+)"
    f"|(?P<unseen>[{_UNSEEN}{_SELECTORS}]+)"
)
_ANY = re.compile(
    f"[\r{_ESCAPES}{_LINE_ENDS}{_TURNING}{_UNSEEN}{_SELECTORS}\ud800-\udfff\ufff0-\uffff"
    "\U000e0000-\U000e007f]"
)
_KINDS = {
    "control": "control characters",
    "turning": "characters that turn the direction of reading over",
    "tag": "invisible tag characters",
    "unseen": "characters without width in words",
}
_HONEST = frozenset("\f\u00ad")  # page breaks and soft hyphens: shown, and no cause for concern


def shown(text: str) -> str:
    """The text with each such character as an escape (`\\x1b`, `\\u202e`); line feeds and tabs stay."""
    return _FOUND.sub(_escaped, text) if _ANY.search(text) else text


def one_line(text: str) -> str:
    """The same on one line: for names, titles and headings, whose line feeds could forge a line of ours."""
    return shown(text).replace("\n", "\\n").replace("\t", "\\t")


def controls_in(text: str) -> str:
    """What the text holds of such characters, by kind and number; `` where it holds none.

    Page breaks and soft hyphens are not counted: honest files are full of them.
    """
    if not _ANY.search(text):
        return ""
    counts: dict[str, int] = {}
    for match in _FOUND.finditer(text):
        kind = match.lastgroup or ""
        number = sum(character not in _HONEST for character in match[0])
        if number and kind in _KINDS and (kind != "unseen" or _misleads(match)):
            counts[kind] = counts.get(kind, 0) + number
    return ", ".join(f"{_KINDS[kind]} ({number:,})" for kind, number in counts.items())


def json_safe(text: str) -> str:
    """A JSON text that holds such characters in its strings, with `\\u…` for each: it says the same."""
    return _FOUND.sub(lambda match: _in_json(match[0]), text)


def html_safe(text: str) -> str:
    """The text as HTML that shows such characters instead of obeying them."""
    return html.escape(shown(text))


def _in_json(signs: str) -> str:
    return signs if signs == "\r\n" else json.dumps(signs)[1:-1]


def _escaped(match: re.Match[str]) -> str:
    kind = match.lastgroup
    if kind == "flag":
        return match[0]
    if kind == "line":
        return "\n"
    if kind == "unseen" and not _misleads(match):
        return match[0]
    return "".join(_escape(ord(character)) for character in match[0])


def _misleads(match: re.Match[str]) -> bool:
    """Whether a run without width stands beside a letter or digit of ASCII, or is none that emoji have."""
    text, (start, end) = match.string, match.span()
    before, after = text[start - 1 : start], text[end : end + 1]
    if end - start == 1 and "\ufe00" <= match[0] <= "\ufe0f":  # 1️⃣ is a digit, a selector and a key cap
        return _is_word(before) and after != "\u20e3"
    return _is_word(before) or _is_word(after) or end - start > 3


def _is_word(sign: str) -> bool:
    return sign.isascii() and sign.isalnum()


def _escape(code: int) -> str:
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
