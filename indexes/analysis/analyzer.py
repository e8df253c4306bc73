"""Text → index terms, the same for documents and queries and for every engine.

Words are casefolded and stemmed, function words dropped, the accents of Latin and Greek letters taken off.
Scripts without spaces become character bigrams. Codes and names (`ERR_4021`, `faiss-cpu==1.15`, `camelCase`)
give the whole, its parts, and codes of letters and digits also without what links them (`err4021`), so that
any of these finds them; grouped numbers give their whole part without groups (`1.199,00` → `1199`). For an
English index, texts in German, French and Spanish also give what their words mean (`rag.text.glosses`).
Knows nothing of documents or scores.

A change of what `analyze` returns must raise `ANALYSIS_VERSION`: indexes built before are then rebuilt.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import pairwise
from typing import Any, NamedTuple

from rag.errors import ConfigError
from rag.text.glosses import gloss

from .stop_words import LANGUAGES, stop_words

ANALYSIS_VERSION = 3

MAX_TERM = 128
"""Characters of the longest term: a SHA-512 in hexadecimal still fits; longer ones are not indexed."""

_CACHED = 1 << 17  # strings remembered with their terms: about 30 MB at worst
_CACHED_LENGTH = 32  # longer strings are rarely seen again

# Scripts written without spaces, or (Hangul) with long inflected words: Thai, Lao, Myanmar, Khmer,
# Hangul, the ideographic 々 and 〇, Hiragana, Katakana, Han.
_UNSPACED = (
    "\u0e01-\u0e4e\u0e81-\u0ece\u1000-\u1049\u1100-\u11ff\u1780-\u17d3\u3005\u3007\u3041-\u3096\u309d\u309e"
    "\u30a1-\u30fa\u30fc-\u30fe\u3400-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U000323af"
)
# Combining marks, which `\w` leaves out but words of many scripts contain (Hebrew, Arabic, Indic).
_MARKS = "\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf-\u05c7\u064b-\u065f\u0670\u0900-\u0963\u0966-\u0dff"
# What may stand between the words of a compound; what splits it into smaller compounds first.
_STRONG = r"://|::|->|[=<>!~]=|[/\\:=@&#~]"
_LINK = rf"(?:{_STRONG}|_+|--?|[.'+]|(?<=\d),(?=\d))"


class _Patterns(NamedTuple):
    word: re.Pattern[str]
    unspaced: re.Pattern[str]
    lexeme: re.Pattern[str]  # an unspaced run, a word, or words linked to a compound (and C++, C#)


@cache
def _patterns(ascii_only: bool) -> _Patterns:
    """Large character classes take milliseconds to compile, so they wait for a text that is not ASCII."""
    unspaced = r"(?!)" if ascii_only else f"[{_UNSPACED}]+"
    letter = "[A-Za-z0-9]" if ascii_only else rf"(?:[^\W_{_UNSPACED}]|[{_MARKS}])"
    compound = rf"{letter}+(?:{_LINK}{letter}+)*(?:\+\+|[+#](?!{letter}))?"
    return _Patterns(*map(re.compile, (f"{letter}+", unspaced, f"{unspaced}|{compound}")))


_SPLIT = re.compile(_STRONG)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_GROUPED = re.compile(r"\d{1,3}(?:([,.'])\d{3})(?:\1\d{3})*(?:[.,]\d+)?")
_INITIALS = re.compile(r"[^\W\d_]{1,2}(?:\.[^\W\d_]{1,2})+")
_VERSION = re.compile(r"v\d+(?:\.\d+)+")

# Letters and digits in up to four parts; longer ones are addresses and paths.
_CODE = re.compile(r"(?=[\d\W_]*[^\W\d_])(?=\D*\d)[^\W_]+(?:[-_/.][^\W_]+){0,3}")
_LONGEST_CODE = 24
_SPACED_GROUPS = re.compile(r"(?<=\d)[\u00a0\u202f\u2009](?=\d{3}(?!\d))")
_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "ı": "i", "ё": "е"})
_SAME = str.maketrans(
    {"’": "'", "‘": "'", "ʼ": "'", "‐": "-", "‑": "-", "−": "-", "–": " ", "—": " "}
    | dict.fromkeys("\u00ad\u200b\u200c\u200d\u2060\ufeff")  # soft hyphens, zero-width spaces and joiners
)


class Analyzer:
    """Turns text into terms for one language.

    `language`: one that PyStemmer knows ("english", "german", …), or "none" for no stemming and no stop
    words. Raises ConfigError for any other.
    """

    def __init__(self, language: str = "english") -> None:
        self.language = language
        self._stem = _stemmer(language)
        self._stop = stop_words(language)
        self._cache: dict[str, tuple[str, ...]] = {}

    def analyze(self, text: str) -> list[str]:
        """The terms of a text in order, repeated as often as they occur; none contains whitespace."""
        if not text.isascii():
            text = _SPACED_GROUPS.sub("", text)
            text = unicodedata.normalize("NFKC", text).translate(_SAME)
        terms = self._terms(text)
        if self.language == "english" and (meant := gloss(text)):
            terms += self._terms(f"{meant.text} {meant.also}")
        return terms

    def _terms(self, text: str) -> list[str]:
        terms: list[str] = []
        cached = self._cache.get
        for string in text.split():
            known = cached(string)
            terms += self._remember(string) if known is None else known
        return terms

    def _remember(self, string: str) -> tuple[str, ...]:
        lexemes = _patterns(string.isascii()).lexeme.findall(string)
        terms = tuple(term for lexeme in lexemes for term in self._lexeme(lexeme))
        if len(string) <= _CACHED_LENGTH:
            if len(self._cache) >= _CACHED:
                self._cache.clear()
            self._cache[string] = terms
        return terms

    def _lexeme(self, lexeme: str) -> Iterable[str]:
        word, unspaced, _ = _patterns(lexeme.isascii())
        if unspaced.match(lexeme):
            return bigrams(lexeme)
        # A part that equals the whole ("Darwin's" → "darwin", "darwin") counts once.
        words = self._word(lexeme) if word.fullmatch(lexeme) else self._compound(lexeme)
        terms = dict.fromkeys(words if lexeme.isascii() else map(_unaccented, words))
        return (term for term in terms if len(term) <= MAX_TERM)

    def _word(self, word: str) -> Iterator[str]:
        folded = _fold(word)
        # "US", "WHO", "IT" are names; an upper-case heading costs a few needless terms.
        if folded in self._stop and not (word.isupper() and 2 <= len(word) <= 5):
            return
        yield self._stemmed(folded)
        if not folded.isascii() and (bare := _unaccented(folded)) != folded:
            yield self._stemmed(bare)  # what those type who leave the accents out
        if word != folded and len(humps := _CAMEL.split(word)) > 1:
            yield from self._parts(humps)

    def _compound(self, compound: str) -> Iterator[str]:
        whole = _fold(compound)
        if "'" in whole:
            whole = self._stemmed(whole)
        if whole not in self._stop:
            yield whole
        word = _patterns(compound.isascii()).word
        words = word.findall(compound)
        if _GROUPED.fullmatch(compound):
            yield from _ungrouped(compound)
            return
        if _INITIALS.fullmatch(compound):
            yield _fold("".join(words))  # U.S.A. → usa
            return
        # e-mail → email; nobody writes "boundarylayer", and such terms only lengthen the document.
        if compound.replace("-", "").isalpha() and min(map(len, words)) <= 2:
            yield self._stemmed(_fold("".join(words)))
        if len(compound) <= _LONGEST_CODE and _CODE.fullmatch(compound) and not _VERSION.fullmatch(whole):
            yield from self._joined(compound)
        if _VERSION.fullmatch(whole):
            yield whole[1:]
        pieces = _SPLIT.split(compound)
        if len(pieces) > 1:
            yield from (_fold(piece) for piece in pieces if piece and not word.fullmatch(piece))
        yield from self._parts([compound[:-3]] if whole.endswith("n't") else words)

    def _joined(self, code: str) -> Iterator[str]:
        """A code without what links its words, and each piece between strong links alike: AX-77/B."""
        for piece in dict.fromkeys((code, *_SPLIT.split(code))):
            joined = "".join(sign for sign in piece if sign.isalnum())
            if len(joined) < len(piece) and _CODE.fullmatch(piece):
                yield _fold(joined)

    def _parts(self, words: Iterable[str]) -> Iterator[str]:
        """The words of a compound; one character alone says nothing."""
        for word in words:
            if len(word) > 1:
                yield from self._word(word)

    def _stemmed(self, word: str) -> str:
        return self._stem.stemWord(word) if self._stem and not any(map(str.isdigit, word)) else word


def bigrams(run: str) -> list[str]:
    """Overlapping pairs of characters; a single character stands for itself."""
    return [a + b for a, b in pairwise(run)] if len(run) > 1 else [run]


def detect_language(texts: Iterable[str]) -> str:
    """The language most of the texts are written in, as `Analyzer` takes it.

    The script decides where only one language uses it, function words otherwise. "none" for scripts
    without a stemmer (Chinese, Japanese, Korean, Thai, Hebrew, …); "english" where nothing speaks for
    another language. Reads at most the first 500,000 characters.
    """
    letters: Counter[str] = Counter()
    words: Counter[str] = Counter()
    for text in _sample(texts):
        letters.update(_script(letter) for letter in text[::_EVERY] if letter.isalpha())
        words.update(_patterns(text.isascii()).word.findall(_fold(text)))
    if not letters:
        return "english"
    candidates = _SCRIPTS.get(letters.most_common(1)[0][0], ())
    if len(candidates) == 1:
        return _known(candidates[0])
    counts = {name: sum(words[word] for word in stop_words(name)) for name in candidates}
    best = max(counts, key=counts.__getitem__, default="none")
    if best != "none" and counts[best] >= _EVIDENCE * words.total():
        return _known(best)
    return "english" if "english" in candidates else "none"


_EVIDENCE = 0.05  # share of function words: running text has a third, lists and code a tenth
_EVERY = 7  # letters looked at for the script: one in seven is plenty
_SAMPLED = 500_000

_SCRIPTS = {
    "CYRILLIC": ("russian", "serbian"),
    "GREEK": ("greek",),
    "ARABIC": ("arabic", "persian"),
    "DEVANAGARI": ("hindi",),
    "TAMIL": ("tamil",),
    "ARMENIAN": ("armenian",),
}
_SCRIPTS["LATIN"] = tuple(name for name in LANGUAGES if not any(name in other for other in _SCRIPTS.values()))


def _script(letter: str) -> str:
    """The first word of the character's Unicode name: LATIN, CYRILLIC, CJK, HANGUL, …"""
    return "LATIN" if letter.isascii() else unicodedata.name(letter, "").partition(" ")[0]


def _sample(texts: Iterable[str]) -> Iterator[str]:
    left = _SAMPLED
    for text in texts:
        yield unicodedata.normalize("NFKC", text[:left]).translate(_SAME)
        left -= len(text)
        if left <= 0:
            return


def _known(language: str) -> str:
    """The language if the installed PyStemmer has it."""
    from Stemmer import algorithms

    return language if language in algorithms() else "none"


def _stemmer(language: str) -> Any:
    if language == "none":
        return None
    from Stemmer import Stemmer, algorithms

    if language not in algorithms():
        raise ConfigError(
            f"no stemmer for the language {language!r}; PyStemmer knows {', '.join(algorithms())}. "
            "Take one of these, or 'none' for no stemming."
        )
    return Stemmer(language, 0)  # 0: no cache of its own, the analyzer keeps one


def _fold(text: str) -> str:
    """Casefolded; the dot that casefolding leaves behind a Turkish İ removed."""
    return text.casefold().replace("i\u0307", "i")


def _ungrouped(number: str) -> Iterator[str]:
    """1,234,567.5 → 1234567.5 and 1234567: the group separator is the first one."""
    separator = next(sign for sign in number if not sign.isdigit())
    plain = number.replace(separator, "")
    yield plain
    yield re.split("[.,]", plain)[0]


def _unaccented(term: str) -> str:
    """Without the accents of Latin and Greek letters; the marks of other scripts make other letters."""
    if term.isascii():
        return term
    letters: list[str] = []
    for sign in unicodedata.normalize("NFD", term.translate(_LETTERS)):
        if not ("\u0300" <= sign <= "\u036f" and letters and letters[-1] < "\u0400"):
            letters.append(sign)
    return unicodedata.normalize("NFC", "".join(letters))
