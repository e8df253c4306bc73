"""Which of two documents is the newer version of the same: by the numbers in their names and titles.

`price-list-2030.xlsx` and `price-list-2031.xlsx` are versions of one document, since their names and titles
are equal but for numbers and the words between them (`1 March 2030`), and those are years (`2030-31` too) or
marked (`v2`).
Where they are dates (`minutes-2030-05-04.md`), something must show besides that both are about one thing: the
passages have half of their words in common, they stand under headings of the same words, or the later one
says that something changed (`the opening moves to 14 June`). Other numbers (`scan-17.pdf`) make no versions,
nor are the records of one file. The one with the greater numbers, compared in their order, is the newer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from rag.types import Chunk, Hit

from .choice import Judged
from .units import Unit

_NUMBER = re.compile(r"\d+")
_NUMBERED = re.compile(r"(?:(?:v|ver|version|rev|revision|edition|release)[ ._-]?)?(?:\d+\.)*\d+")
_DAY = re.compile(r"\b\d{1,2}\.? [^\W\d]+ (?=(?:19|20)\d\d\b)")  # and month, before a year
_SEASON = re.compile(
    r"((?:19|20)\d\d)(?: ?[-–/_] ?| )((?:\d\d){1,2})(?!\d|[-_]\d)"
)  # `2030-31`, a school's year
_ISO = re.compile(r"(?:19|20)\d\d([-_.]?)[01]\d\1[0-3]\d")
_MARKED = re.compile(r"(?:19|20)\d\d|[a-z].*")
_WORD = re.compile(r"[^\W\d_]+")
_ALIKE = 0.5  # share of words in common
_BETWEEN = re.compile(r"#(?:[. ]+[^\W\d]+ #|[./-]#)+")
_NOW = re.compile(
    r"\b(?:now|current(?:ly)?|today|at present|latest|nowadays|these days|still)\b", re.IGNORECASE
)
_PAST = re.compile(
    r"\b(?:the|our|your|its|their) (?:old|older|previous|former|earlier|outdated) (?P<what>(?:[\w-]+ ?){1,3})"
    r"|\b(?:previously|formerly|last year(?:['’]s)?|used to)\b",
    re.IGNORECASE,
)
_CHANGE = re.compile(
    r"\b(?:mov(?:es?|ed) (?:from|to|back|forward)|postponed|delayed|brought forward|rescheduled|instead"
    r"|rather than|(?:is|are|was|were|has|have) (?:been )?(?:changed|raised|lowered|increased|reduced"
    r"|extended|shortened|corrected|replaced|cancelled|canceled|withdrawn)"
    r"|(?:rises?|falls?|changes?) (?:from|to)"
    r"|replaces?|no longer|from now on|now)\b",
    re.IGNORECASE,
)
_CURRENTLY = 0.1  # the same where the question asks for what holds now
_CHANGED = 0.25  # the same where it says that something changed
_NEARLY = 0.5  # share of the best probability that the unit of another version must reach


def newest(question: str, judged: Sequence[Judged], hits: Sequence[Hit]) -> tuple[Judged, Judged | None]:
    """The unit of the newest version that answers nearly as well as the best, and the best of an older one.

    A question that names a number of the best one's version means that version, one that asks for what was
    before (`the old handbook`) the oldest; None where no other version says anything else.
    """
    best = judged[0]
    own = hits[best.unit.place].chunk
    if set(_NUMBER.findall(question)) & set(_numbers(own)):
        return best, None
    past = _is_past(question, own)
    now = past or bool(_NOW.search(question))
    same = [
        candidate
        for candidate in judged
        if candidate.probability >= _least(candidate, now) * best.probability
        and (candidate.unit.kind == best.unit.kind or (now and candidate.unit.kind != "heading"))
        and (candidate is best or _versions(candidate.unit, best.unit, hits))
        and _same_row(question, candidate.unit, best.unit)
    ]
    if past:
        return min(same, key=lambda candidate: _order(hits[candidate.unit.place].chunk)), None
    latest = max(same, key=lambda candidate: _order(hits[candidate.unit.place].chunk))
    date = _order(hits[latest.unit.place].chunk)
    older = (
        candidate
        for candidate in same
        if _order(hits[candidate.unit.place].chunk) < date and candidate.unit.view != latest.unit.view
    )
    return latest, next(older, None)


def _is_past(question: str, chunk: Chunk) -> bool:
    """Whether a question asks for the older version of a chunk's document."""
    match = _PAST.search(question)
    return match is not None and (not match["what"] or bool(_words(match["what"]) & _words(_name(chunk))))


def _least(candidate: Judged, now: bool) -> float:
    if now:
        return _CURRENTLY
    return _CHANGED if _CHANGE.search(candidate.unit.view) else _NEARLY


def _same_row(question: str, unit: Unit, best: Unit) -> bool:
    """Whether two rows are about one thing: what the question says of the best, or else its first cell."""
    if not unit.kind == best.kind == "row":
        return True
    own, other = ([one.view[first:last].lower() for first, last, _ in one.pieces] for one in (best, unit))
    asked = question.lower()
    said = [cell for cell in own if re.search(rf"(?<!\w){re.escape(cell)}(?!\w)", asked)]
    return set(said or own[:1]) <= set(other)


def _versions(unit: Unit, best: Unit, hits: Sequence[Hit]) -> bool:
    """Whether two units are of two versions of one document."""
    first, other = hits[unit.place].chunk, hits[best.place].chunk
    if _file(first) == _file(other) or _bare(first) != _bare(other):
        return False
    names = [_DAY.sub("", _SEASON.sub(_began, _name(chunk))) for chunk in (first, other)]
    bare = [_ISO.sub("", name) for name in names]
    if not all(_MARKED.fullmatch(number) for name in bare for number in _NUMBERED.findall(name)):
        return False
    later = unit if _order(first) > _order(other) else best
    return (
        bare == names
        or _overlap(first.text, other.text) >= _ALIKE
        or set() != _words(unit.heading) == _words(best.heading)
        or bool(_CHANGE.search(later.view))
    )


def _began(season: re.Match[str]) -> str:
    """The first of two years that follow each other; what else is written so stays as it is."""
    follows = int(season[2]) % 100 == (int(season[1]) + 1) % 100
    return season[1] if follows else season[0]


def _overlap(one: str, other: str) -> float:
    """Words in common, of all words of either; numbers do not count."""
    first, second = _words(one), _words(other)
    return len(first & second) / max(1, len(first | second))


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text.lower()))


def _bare(chunk: Chunk) -> str:
    return _BETWEEN.sub("#", _NUMBER.sub("#", _name(chunk)))


def _file(chunk: Chunk) -> str:
    return chunk.source.partition("#")[0]


def _name(chunk: Chunk) -> str:
    return f"{PurePosixPath(_file(chunk)).stem} | {chunk.title}".lower()


def _numbers(chunk: Chunk) -> list[str]:
    return _NUMBER.findall(_name(chunk))


def _order(chunk: Chunk) -> list[int]:
    return [int(number) for number in _numbers(chunk)]
