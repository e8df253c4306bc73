"""Words of German, French and Spanish: which of the languages a text is in, and what its words mean.

A word is looked up as it is written, by its stem, and, in German, as a compound of words that are known. `_`
joins the words of a phrase.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache, cached_property
from itertools import pairwise

from .lists import Meanings, WordList

LANGUAGES = ("german", "french", "spanish")
_WORD = re.compile(r"(?<!\w)[^\W\d_]+(?!\w)")
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


def language_of(text: str) -> str:
    """The one of the three whose function words a text has, more of them than of English; or ""."""
    words = [match[0].lower() for match, _ in zip(_WORD.finditer(text), range(_SAMPLE), strict=False)]
    english = sum(word in _ENGLISH for word in words)
    if not words or english > len(words) * _SHARE * 2:
        return ""
    counts = {language: sum(map(markers(language).__contains__, words)) for language in LANGUAGES}
    best = max(LANGUAGES, key=counts.__getitem__)
    several = len(markers(best).intersection(words)) >= _LEAST
    if several and counts[best] > english and counts[best] >= _SHARE * len(words):
        return best
    return "" if english else _by_known_words([word for word in words if len(word) > 2 and word not in _BOTH])


def _by_known_words(words: Sequence[str]) -> str:
    """The language that most of the words of a list or a table are of; "" where none has nearly all."""
    if len(set(words)) < _FEW:
        return ""
    known = {language: sum(map(Vocabulary.of(language).lists, words)) for language in LANGUAGES}
    best = max(LANGUAGES, key=known.__getitem__)
    return best if known[best] >= _NEARLY * len(words) else ""


@cache
def markers(language: str) -> frozenset[str]:
    """The function words of a language: those that mean one of English, and are none themselves."""
    return frozenset(
        form
        for form, meanings in WordList.of(language).meanings.items()
        if meanings.partition(" ")[0] in _ENGLISH and len(form) > 1 and form not in _BOTH | _ENGLISH
    )


class Vocabulary:
    """What the words of one language mean: forms, stems and compounds."""

    def __init__(self, language: str) -> None:
        from Stemmer import Stemmer

        self._list = WordList.of(language)
        self._stem = Stemmer(language, 0).stemWord
        self._compounds = language == "german"
        self._known: dict[str, Meanings] = {}

    @staticmethod
    @cache
    def of(language: str) -> Vocabulary:
        """The vocabulary of a language, read once."""
        return Vocabulary(language)

    @cached_property
    def _stems(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for form in self._list.meanings:
            if "_" not in form:
                found.setdefault(self._stem(form), form)
        return found

    def phrase(self, run: Sequence[str]) -> tuple[Sequence[str], Meanings] | None:
        """The longest phrase that some words begin with, and what it means."""
        for count in range(len(run), 1, -1):
            if said := self._list["_".join(run[:count])]:
                return run[:count], said
        return None

    def lists(self, word: str) -> bool:
        """Whether a word stands in the list as it is written, or is a compound of such."""
        return word in self._list.meanings or (
            self._compounds and len(word) <= _LONGEST and bool(self._compound(word))
        )

    def meanings(self, word: str) -> Meanings:
        """What a word means, the likeliest first; empty where it is not known."""
        if len(word) > _LONGEST:
            return ()
        if word not in self._known:
            if len(self._known) > 1 << 16:
                self._known.clear()
            self._known[word] = self._simple(word) or (self._compound(word) if self._compounds else ())
        return self._known[word]

    def _simple(self, word: str) -> Meanings:
        return self._list[word] or self._list[self._stems.get(self._stem(word), "")]

    def _compound(self, word: str) -> Meanings:
        """The meanings of the parts of a compound, in their order: the fewest, the first one long."""
        parts = self._split(word, _PARTS) if len(word) > 2 * _PART else None
        return (" ".join(meaning for meaning, *_ in parts),) if parts and len(parts) > 1 else ()

    def _split(self, word: str, most: int) -> Sequence[Meanings] | None:
        if len(word) >= _PART and (whole := self._simple(word)):
            return [whole]
        best: Sequence[Meanings] | None = None
        for at in range(len(word) - _PART, _PART - 1, -1) if most > 1 else ():
            first = self._part(word[:at])
            rest = self._split(word[at:], most - 1) if first else None
            if first and rest and (best is None or len(rest) + 1 < len(best)):
                best = [first, *rest]
        return best

    def _part(self, part: str) -> Meanings:
        """What the first part of a compound means, with or without what links it to the next."""
        for link in _LINKS:
            bare = part.removesuffix(link) if link else part
            if len(bare) >= _PART and part.endswith(link) and (said := self._list[bare]):
                return said
        return ()


def meant(text: str, language: str) -> Iterator[tuple[int, int, Meanings]]:
    """Start and end of each word or phrase of a text that has a meaning, and its meanings."""
    words, found = Vocabulary.of(language), list(_WORD.finditer(text))
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
    capital = [word[0][0].isupper() and word[0].lower() not in markers(language) for word in found]
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
