"""German, French and Spanish text → English, word for word, each word in its place.

The models that ship know English alone, and words of two languages do not match. So a text in one of these
languages is read, embedded and indexed by what its words mean one by one:

    Die Kündigungsfrist beträgt drei Monate. → the notice period amount three month.

That is no translation, and nobody is shown it; it is enough to find a sentence and to see what it answers.
Each piece of the gloss knows the characters that it stands for, so that an answer in it is one in the source.
A word is looked up as it is written, by its stem, and, in German, as a compound of words that are known; a
name stays as it is. The lists are `german.txt`, `french.txt` and `spanish.txt`: forms, a colon, what they
mean in English, and other English words for it behind ` / `. `_` joins the words of a phrase.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from importlib.resources import files
from itertools import pairwise
from typing import NamedTuple

GLOSSES_VERSION = 1
"""Raise it with any change of what a gloss says: vectors made before are then made anew."""

LANGUAGES = ("german", "french", "spanish")
_WORD = re.compile(r"(?<!\w)[^\W\d_]+(?!\w)")
_ELISION = re.compile(r"^['’]$")
_PHRASE = 5  # words of the longest phrase
_PART = 3  # letters of the shortest part of a compound
_PARTS = 4
_LINKS = ("", "s", "es", "n", "en", "er", "e")
_LONGEST = 40  # letters of a word that is looked up
_SAMPLE = 300  # words by which the language is told
_SHARE = 0.12  # of the words that must be function words of a language: running text has a third
_LEAST = 2  # different ones
_FEW = 4  # words of a text without function words whose language is told
_NEARLY = 0.6  # share of them that must be known
_FUNCTION_WORDS = (
    "the a an of and to in for with on is are was were not by from as or at which that this it be has have"
    " had we you he she they our your their will would can could may must should do does did what when who"
    " how why where if but than then there its all any each"
)
_ENGLISH = frozenset(_FUNCTION_WORDS.split())
"""Function words of English, and meanings by which one of another language is known."""
_ALSO_ENGLISH = (
    "die was in an am war so as on me no he son or a hat will es des den has sin mas car si la par plus ton"
    " mes tu le do du man also all are at be by come con for gut had her here if it most must not of ob our"
    " she tag than that the them they to us we what who will with you et al los dies ou"
)
_BOTH = frozenset(_ALSO_ENGLISH.split())
"""Words of the lists that stand in English texts too, and so tell nothing of the language."""


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

    `language`: one of `LANGUAGES` where it is known, else told by its function words.
    """
    language = language or language_of(text)
    return _glossed(text, language) if language else None


def in_english(text: str) -> str:
    """The gloss of a text that is in one of the languages, or else the text."""
    found = gloss(text)
    return found.text if found else text


def language_of(text: str) -> str:
    """The one of `LANGUAGES` whose function words a text has, more of them than of English; or ""."""
    words = [match[0].lower() for match, _ in zip(_WORD.finditer(text), range(_SAMPLE), strict=False)]
    english = sum(word in _ENGLISH for word in words)
    if not words or english > len(words) * _SHARE * 2:
        return ""
    counts = {language: sum(map(_markers(language).__contains__, words)) for language in LANGUAGES}
    best = max(LANGUAGES, key=counts.__getitem__)
    several = len(_markers(best).intersection(words)) >= _LEAST
    if several and counts[best] > english and counts[best] >= _SHARE * len(words):
        return best
    return "" if english else _by_known_words([word for word in words if len(word) > 2 and word not in _BOTH])


def _by_known_words(words: Sequence[str]) -> str:
    """The language that most of the words of a list or a table are of; "" where none has nearly all."""
    if len(set(words)) < _FEW:
        return ""
    known = {language: sum(map(_Words.of(language).lists, words)) for language in LANGUAGES}
    best = max(LANGUAGES, key=known.__getitem__)
    return best if known[best] >= _NEARLY * len(words) else ""


@cache
def _markers(language: str) -> frozenset[str]:
    """The function words of a language: those that mean one of English, and are none themselves."""
    return frozenset(
        form
        for form, (meaning, *_) in _Words.of(language).forms.items()
        if len(form) > 1
        and meaning.partition(" ")[0] in _ENGLISH
        and form not in _BOTH
        and form not in _ENGLISH
    )


class _Words:
    """The list of one language: forms and stems, each with its meanings."""

    def __init__(self, language: str) -> None:
        from Stemmer import Stemmer

        self._stemmer = Stemmer(language, 0)
        self._compounds = language == "german"
        self.forms: dict[str, tuple[str, ...]] = {}
        self._stems: dict[str, tuple[str, ...]] = {}
        for line in (files(__package__) / f"{language}.txt").read_text("utf-8").splitlines():
            forms, _, meanings = line.partition(": ")
            said = tuple(meanings.split(" / "))
            for form in forms.split():
                self.forms.setdefault(form, said)
                if "_" not in form:
                    self._stems.setdefault(self._stemmer.stemWord(form), said)
        self._known: dict[str, tuple[str, ...]] = {}

    @staticmethod
    @cache
    def of(language: str) -> _Words:
        return _Words(language)

    def phrase(self, run: Sequence[str]) -> tuple[Sequence[str], tuple[str, ...]] | None:
        """The longest phrase that some words begin with, and what it means."""
        for count in range(len(run), 1, -1):
            if said := self.forms.get("_".join(run[:count])):
                return run[:count], said
        return None

    def lists(self, word: str) -> bool:
        """Whether a word stands in the list as it is written, or is a compound of such."""
        return word in self.forms or (
            self._compounds and len(word) <= _LONGEST and bool(self._compound(word))
        )

    def meanings(self, word: str) -> tuple[str, ...]:
        """What a word means, the likeliest first; empty where it is not known."""
        if len(word) > _LONGEST:
            return ()
        if word not in self._known:
            if len(self._known) > 1 << 16:
                self._known.clear()
            self._known[word] = self._simple(word) or (self._compound(word) if self._compounds else ())
        return self._known[word]

    def _simple(self, word: str) -> tuple[str, ...]:
        return self.forms.get(word) or self._stems.get(self._stemmer.stemWord(word), ())

    def _compound(self, word: str) -> tuple[str, ...]:
        """The meanings of the parts of a compound, in their order: the fewest, the first one long."""
        parts = self._split(word, _PARTS) if len(word) > 2 * _PART else None
        return (" ".join(meaning for meaning, *_ in parts),) if parts and len(parts) > 1 else ()

    def _split(self, word: str, most: int) -> Sequence[tuple[str, ...]] | None:
        if len(word) >= _PART and (whole := self._simple(word)):
            return [whole]
        best: Sequence[tuple[str, ...]] | None = None
        for at in range(len(word) - _PART, _PART - 1, -1) if most > 1 else ():
            first = self._part(word[:at])
            rest = self._split(word[at:], most - 1) if first else None
            if first and rest and (best is None or len(rest) + 1 < len(best)):
                best = [first, *rest]
        return best

    def _part(self, part: str) -> tuple[str, ...]:
        """What the first part of a compound means, with or without what links it to the next."""
        for link in _LINKS:
            bare = part.removesuffix(link) if link else part
            if len(bare) >= _PART and part.endswith(link) and (said := self.forms.get(bare)):
                return said
        return ()


def _glossed(text: str, language: str) -> Gloss:
    said: list[str] = []
    also: list[str] = []
    pieces: list[tuple[int, int, int, int]] = []
    length = end = 0

    def add(piece: str, start: int, stop: int) -> None:
        nonlocal length
        if piece:
            said.append(piece)
            pieces.append((length, length + len(piece), start, stop))
            length += len(piece)

    for start, stop, meanings in _meant(text, language):
        add(_ELISION.sub(" ", text[end:start]), end, start)
        add(meanings[0], start, stop)
        also.extend(meanings[1:])
        end = stop
    add(text[end:], end, len(text))
    return Gloss(language, "".join(said), " ".join(also), tuple(pieces) or ((0, 0, 0, 0),))


def _meant(text: str, language: str) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    """Start and end of each word or phrase of a text that has a meaning, and its meanings."""
    words, found = _Words.of(language), list(_WORD.finditer(text))
    names = _names(text, found, language) if language != "german" else frozenset()
    at = 0
    while at < len(found):
        phrase = words.phrase(_run(text, found[at : at + _PHRASE]))
        count = len(phrase[0]) if phrase else 1
        said = phrase[1] if phrase else () if at in names else words.meanings(found[at][0].lower())
        if said:
            yield found[at].start(), found[at + count - 1].end(), said
        at += count


def _names(text: str, found: Sequence[re.Match[str]], language: str) -> frozenset[int]:
    """The places of words that are persons' names: two with a capital in a row, none a function word."""
    capital = [word[0][0].isupper() and word[0].lower() not in _markers(language) for word in found]
    pairs = [
        at
        for at in range(len(found) - 1)
        if capital[at] and capital[at + 1] and text[found[at].end() : found[at + 1].start()] == " "
    ]
    return frozenset(place for at in pairs for place in (at, at + 1))


def _run(text: str, found: Sequence[re.Match[str]]) -> list[str]:
    """The words, as far as no more than a blank, a hyphen or an apostrophe stands between them."""
    run = [found[0][0].lower()]
    for one, two in pairwise(found):
        if two.start() - one.end() != 1 or text[one.end()] not in " '’-":
            break
        run.append(two[0].lower())
    return run
