"""What language models write around an answer → plain markers: `【1】`, `(Source 1)` → `[1]`.

Labels such as `**Answer:**` and a list of references at the end are no sentences of the answer, and left out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_SOURCE = (
    r"(?:sources?|documents?|docs?|passages?|refs?|references?|citations?|quellen?|fuentes?|fonti|fontes?|"
    r"来源|资料|出典)"
)
_NUMBER = r"\^?\d{1,3}+(?:†[^\]】)]{0,80}+)?"
_BETWEEN = rf"(?:\s*[,;&、，–-]\s*|\s+(?:and|und|y|et|e)\s+)(?:{_SOURCE}[\s.:#]*)?"
_NUMBERS = rf"{_NUMBER}(?:{_BETWEEN}{_NUMBER})*"
_LIST = rf"(?:{_SOURCE}[\s.:#]*)?{_NUMBERS}"
_BRACKETED = re.compile(
    rf"(?<!\s)(\s*+)(?:\[\s*({_LIST})\s*\]|【\s*({_LIST})\s*】|［\s*({_LIST})\s*］)", re.IGNORECASE
)
_NAMED = re.compile(rf"(?<!\s)(\s*+)[(（]\s*({_SOURCE}[\s.:#]*{_NUMBERS})\s*[)）]", re.IGNORECASE)
_TAGGED = re.compile(
    r"(?<!\s)(\s*+)<(?:sup|source|cite|citation|ref)>\s*\[?(\d{1,3})\]?\s*</(?:sup|source|cite|citation|ref)>",
    re.IGNORECASE,
)
_RAISED = re.compile(r"(?:(?<=[.!?,;:)\]\"”])|(?<=[^\W\d_]{4}))()([¹²³⁴⁵⁶⁷⁸⁹][⁰¹²³⁴⁵⁶⁷⁸⁹]?)(?=[\s.,;:!?)]|$)")
_DIGITS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_IN_PARENTHESES = re.compile(
    r"(?<!\s)(\s*+)[(（](?:(?:see|cf|vgl|siehe|from|vid|voir|véase|source)\b[.:]?\s?)?"
    r"((?:\[\d{1,3}\][,;\s]{0,3}+)++)[)）]",
    re.IGNORECASE,
)
_AT_END = re.compile(r"(?<!\s)(\s++)\((\d{1,2})\)(?=[.!?]?[ \t]*+$)", re.MULTILINE)
_ACCORDING = re.compile(
    r"(?:(?<=^)|(?<=[.!?]\s))(?:According to|As (?:stated|described) in|Based on|Per|Laut|Gemäß"
    rf"|Selon|Según)\s(?:the\s)?{_SOURCE}\s?#?(\d{{1,3}}),\s?(\S)([^\n]*?)(?=[.!?](?:\s|$)|\n|$)",
    re.IGNORECASE | re.MULTILINE,
)
_EACH = re.compile(r"(\d{1,3})(?:†[^,;\]】)]*)?\s*([-–](?=\s*\d))?")
_MARKER = re.compile(r"\[\d{1,3}\]")
_MOST_IN_RANGE = 10
_BRACKETED_VALUE = re.compile(r"(?<=[\w:,] )\[(\d(?:[\d.,]*\d)?)\](?=[ \u00a0]?(%|€|[^\W\d_]+))")

_ANSWER = (
    r"(?:final\s+|short\s+)?(?:answer|response|antwort|respuesta|réponse|risposta|resposta|回答|答案|答)"
)
_LABEL = re.compile(
    rf"^[ \t]*(?:\#{{1,6}}[ \t]*)?(?:\*\*|__)?{_ANSWER}"
    r"(?:[ \t]*[:：][ \t]*(?:\*\*|__)?|(?:\*\*|__)[ \t]*[:：]?)[ \t]*"
    rf"|^[ \t]*\#{{1,6}}[ \t]*{_ANSWER}[ \t]*$",
    re.IGNORECASE | re.MULTILINE,
)
_NAMED_FIRST = re.compile(
    rf"^[ \t]*(?:\*\*|__)?{_SOURCE}[ \t]*\d{{1,3}}[ \t]*[:：][ \t]*(?:\*\*|__)?", re.IGNORECASE | re.MULTILINE
)
_LED = re.compile(r"^[ \t]*\[(\d{1,3})\][ \t]+(\S.*?)[ \t]*$", re.MULTILINE)  # `[1] an item`, line by line
_LISTED = re.compile(
    r"^[ \t]*(?:#{1,6}[ \t]*)?(?:\*\*|__)?(?:references|sources|citations|bibliography|works cited|quellen|"
    r"literatur|fuentes|referencias|références|fonti|referências|来源|参考资料|参考文献)"
    r"(?:\*\*|__)?[ \t]*[:：]?(?:\*\*|__)?[ \t]*(?=$|[-*•\[【(]|\d)",
    re.IGNORECASE | re.MULTILINE,
)
_FOOTNOTE = re.compile(r"[ \t]*+(?:\[\^\d{1,3}\]:|$)")
_ENTRY = re.compile(r"\s*(?:$|[-*•]|\[|【|\(?\d{1,3}[.):\]]|\*\*|https?://)")


def plain_markers(written: str) -> str:
    """The text with each marker as `[1]`, without labels and without a list of references at its end."""
    text = _without_references(written)
    if _LABEL.search(text):
        text = _LABEL.sub("", text)
    text = _NAMED_FIRST.sub("", text)
    for pattern in (_BRACKETED, _NAMED, _TAGGED, _RAISED):
        text = pattern.sub(_plain, text)
    text = _IN_PARENTHESES.sub(_plain, text)
    text = _ACCORDING.sub(lambda led: f"{led[2].upper()}{led[3]} [{led[1]}]", text)
    if not _MARKER.search(text):
        text = _AT_END.sub(_plain, text)
    return _LED.sub(r"- \2 [\1]", text) if len(_LED.findall(text)) > 1 else text


def without_bracketed_values(written: str, sources: Sequence[str]) -> str:
    """The text with values that stand in brackets, `is [395] kg heavy`, without these.

    A number in brackets is a value where a word follows it and it is no number of a source, or a source has
    it before that word.
    """

    def value(found: re.Match[str]) -> str:
        number, word = found[1], found[2]
        if not (number.isdecimal() and 1 <= int(number) <= len(sources)):
            return number
        there = re.compile(rf"(?<![\w.,]){number}[ \u00a0]?{re.escape(word)}(?!\w)")
        return number if any(there.search(source) for source in sources) else found[0]

    return _BRACKETED_VALUE.sub(value, written)


def _plain(match: re.Match[str]) -> str:
    listed = next(group for group in match.groups()[1:] if group)
    numbers: list[int] = []
    through = False
    for number, dash in _EACH.findall(listed.translate(_DIGITS)):
        last = int(number)
        if through and numbers and numbers[-1] < last <= numbers[-1] + _MOST_IN_RANGE:
            numbers += range(numbers[-1] + 1, last)
        numbers.append(last)
        through = bool(dash)
    return match[1] + "".join(f"[{number}]" for number in numbers)


def _without_references(text: str) -> str:
    lines = text.split("\n")
    while len(lines) > 1 and _FOOTNOTE.match(lines[-1]):
        lines.pop()
    text = "\n".join(lines)
    for match in _LISTED.finditer(text):
        rest = text[match.end() :].split("\n")
        if text[: match.start()].strip() and all(_ENTRY.match(line) for line in rest):
            return text[: match.start()].rstrip()
    return text
