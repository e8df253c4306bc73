"""German, French, Spanish and Chinese text → English, word for word, each word in its place.

The models that ship know English alone, and words of two languages do not match. So a text in one of these
languages is read, embedded and indexed by what its words mean one by one:

    Die Kündigungsfrist beträgt drei Monate. → the notice period amount to three month.

That is no translation, and nobody is shown it; it is enough to find a sentence and to see what it answers.
Each piece of the gloss knows the characters that it stands for, so that an answer in it is one in the source.
What is in no list stays as it is.

- `words.py`: German, French and Spanish, told by their function words; `chinese.py`: Chinese
- `lists.py`: how the lists are read: `german.txt`, `french.txt`, `spanish.txt`, `chinese.txt`
"""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import lru_cache
from typing import NamedTuple

from . import chinese, words

GLOSSES_VERSION = 1
"""Raise it with any change of what a gloss says: vectors made before are then made anew."""

LANGUAGES = (*words.LANGUAGES, "chinese")
SCRIPTS = ("latin", "cjk")
"""The letters of these languages and of English: what a model that reads by glosses can read."""

_ELISION = re.compile(r"^['’]$")


class Gloss(NamedTuple):
    """A text of a language in English words, `text`; `also` are other English words for those of the source.

    `pieces` are (start, end) in `text` and (start, end) in the source, ascending and without gaps.
    """

    language: str
    text: str
    also: str
    pieces: tuple[tuple[int, int, int, int], ...]

    def located(self, start: int, end: int) -> tuple[int, int]:
        """The characters of the source that `text[start:end]` stands for."""
        first, last = self._piece(start), self._piece(max(start, end - 1))
        return self._at(first, start, begin=True), self._at(last, end, begin=False)

    def _piece(self, at: int) -> tuple[int, int, int, int]:
        return self.pieces[max(0, bisect_right(self.pieces, at, key=lambda piece: piece[0]) - 1)]

    @staticmethod
    def _at(piece: tuple[int, int, int, int], at: int, *, begin: bool) -> int:
        start, end, first, last = piece
        if end - start == last - first:  # as it stands, or as long
            return first + at - start
        return first if begin else last


@lru_cache(maxsize=4096)
def gloss(text: str, language: str = "") -> Gloss | None:
    """The text in English words; None where it is in English, or in a language without a list.

    `language`: one of `LANGUAGES` where it is known, else told by the text.
    """
    language = language or language_of(text)
    if not language:
        return None
    return _chinese(text) if language == "chinese" else _spaced(text, language)


def in_english(text: str) -> str:
    """The gloss of a text that is in one of the languages, or else the text."""
    found = gloss(text)
    return found.text if found else text


def language_of(text: str) -> str:
    """The one of `LANGUAGES` that a text is in, by its characters or its function words; "" for none."""
    return "chinese" if chinese.is_chinese(text) else words.language_of(text)


def knows(language: str, word: str) -> bool:
    """Whether a word stands in the list of one of `LANGUAGES`, as it is, by its stem or as a compound."""
    return language in words.LANGUAGES and bool(words.Vocabulary.of(language).meanings(word.lower()))


class _Made:
    """A gloss in the making."""

    def __init__(self) -> None:
        self._said: list[str] = []
        self._also: list[str] = []
        self._pieces: list[tuple[int, int, int, int]] = []
        self._length = 0

    def add(self, piece: str, start: int, stop: int, also: tuple[str, ...] = ()) -> None:
        """`piece` stands for the characters of the source from `start` to `stop`."""
        if piece or stop > start:
            end = self._length + len(piece)
            self._said.append(piece)
            self._pieces.append((self._length, end, start, stop))
            self._length = end
        self._also.extend(also)

    def done(self, language: str) -> Gloss:
        text, also = "".join(self._said), " ".join(self._also)
        return Gloss(language, text, also, tuple(self._pieces) or ((0, 0, 0, 0),))


def _spaced(text: str, language: str) -> Gloss:
    made, end = _Made(), 0
    for start, stop, meanings in words.meant(text, language):
        made.add(_ELISION.sub(" ", text[end:start]), end, start)
        made.add(meanings[0], start, stop, meanings[1:])
        end = stop
    made.add(text[end:], end, len(text))
    return made.done(language)


def _chinese(text: str) -> Gloss:
    made, end = _Made(), 0
    for start, stop, meanings in chinese.meant(text):
        made.add(chinese.signs(text[end:start]), end, start)
        if end < start and not text[start - 1].isspace():
            made.add(" ", start, start)
        made.add(meanings[0], start, stop, meanings[1:])
        made.add(" " if meanings[0] else "", stop, stop)
        end = stop
    made.add(chinese.signs(text[end:]), end, len(text))
    return made.done("chinese")
