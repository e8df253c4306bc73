"""Signs that a chunk was written to steer a pipeline instead of to inform a reader. Each says why, or "".

Characters that no reader sees are `rag/loaders/guard/invisible.py`'s; here are

- `instructs`: commands to a language model (`injected_orders.py`), disguised or not
- `copy_of`: the question itself, word for word or nearly so
- `strung`: key words of the question in a row that is no sentence
- `Nearness`: a vector that is near to everything

These are patterns: they catch what is crude and common, and no list of them is complete.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from rag.text.questions import QUESTION_WORDS

from .injected_orders import command

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_UNSEEN = re.compile(
    "[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]"
)
_SPACED_OUT = re.compile(r"(?:\b[^\W\d_][ .\-_]){11,}[^\W\d_]\b")  # letters: rows of digits are tables
# Cyrillic and Greek letters that look Latin; folded only for the search for commands.
_LOOKALIKES = str.maketrans("аеорсухіѕјԁһαοερνικ", "aeopcyxisjdhaoepvik")

_ASKING = re.compile(
    rf"(?:{QUESTION_WORDS}|is|are|was|were|do|does|did|can|could|will|would|should|has|have|had)$"
)
_UNTAGGED = {0xE0000 + sign: sign for sign in range(0x20, 0x7F)}
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]|[^\W\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]+")
_ASKED = re.compile(r"(?<=[?？؟:])")  # where a text has asked
_LEAST_LETTERS = 6  # different ones among letters that are set apart and spell words
_RISING = 0.75  # share of steps to a later letter, above which they count something
_SENTENCE = re.compile(r"(?<=[.!。！])\s*")
_LEAST_WORDS = 4
_LEAST_NEARLY = 6  # words a question must have for a near copy to say anything
_LEAST_SHARED = 2  # words of the question among key words that are strung together
_NEARLY = 0.8  # share of its runs of three words


def instructs(text: str) -> str:
    """The command to a model that a text holds, what is hidden or disguised in it included."""
    shown = plain(text)
    if any(_spells(run[0]) for run in _SPACED_OUT.finditer(shown)):
        return "letters spaced out so that no search finds them"
    order = command(shown)
    return f"an instruction to a model: “{order[:80]}”" if order else ""


def _spells(run: str) -> bool:
    """Whether letters apart can be words: not `a b c d e …` before a footnote, not `y n y y n` of a table."""
    letters = [sign for sign in run if sign.isalpha()]
    rising = sum(first < second for first, second in itertools.pairwise(letters))
    return len(set(letters)) >= _LEAST_LETTERS and rising <= _RISING * (len(letters) - 1)


def copy_of(question: str, text: str, *, asked: bool = False) -> str:
    """Whether a text holds the question: all its words in a row, or most of their runs of three.

    Key words have every right to stand in a chunk, unless six or more of them open a sentence and another
    begins within it: `german word for joy at harm It is …`. Near copies are looked for where the question
    opens with an English question word, which a statement has not.
    With `asked`, only where the text asks too: what is copied ends in a question mark or a colon there, or it
    opens a sentence, and another one follows it in the same line.
    """
    words = _words(question)
    if len(words) < _LEAST_WORDS:
        return ""
    if not (_ASKING.match(words[0]) or question.rstrip()[-1] in "?？؟"):
        runs_on = (
            asked and len(words) >= _LEAST_NEARLY and any(_runs_on(line, words) for line in text.splitlines())
        )
        return "the question itself, word for word" if runs_on else ""
    pieces = [_words(piece) for piece in _ASKED.split(plain(text))[:-1]] if asked else [_words(text)]
    if any(_ends_with(piece, words) if asked else _has(piece, words) for piece in pieces):
        return "the question itself, word for word"
    if asked and any(_opens_with(line, words) for line in text.splitlines()):
        return "the question itself, word for word"
    if len(words) < _LEAST_NEARLY or not _ASKING.match(words[0]):
        return ""
    runs = _runs(words)
    for piece in pieces:
        shared = runs & _runs(piece)
        if tuple(words[:3]) in shared and len(shared) >= _NEARLY * len(runs):
            return f"{len(shared)} of {len(runs)} runs of three words of the question"
    return ""


def strung(question: str, text: str, analyze: Callable[[str], Sequence[str]]) -> str:
    """Whether a line strings key words together, two of the question among them, and runs on into a sentence.

    `scouts presidents children boy president youth It is Ann` is what a search for words that bring a passage
    near a question comes to: six or more in small letters, without a function word or a mark among them.
    """
    asked = set(analyze(question))
    for line in text.splitlines():
        for sentence in _SENTENCE.split(line):
            words = sentence.split()
            run = [
                *itertools.takewhile(lambda word: word.islower() and word.isalpha() and analyze(word), words)
            ]
            runs_on = len(words) > len(run) >= _LEAST_NEARLY and words[len(run)][0].isupper()
            if runs_on and len(asked.intersection(analyze(" ".join(run)))) >= _LEAST_SHARED:
                return f"key words strung together: “{' '.join(run)[:80]}”"
    return ""


def _has(words: Sequence[str], wanted: Sequence[str]) -> bool:
    return f" {' '.join(wanted)} " in f" {' '.join(words)} "


def _ends_with(words: Sequence[str], wanted: Sequence[str]) -> bool:
    return list(words[-len(wanted) :]) == list(wanted)


def _opens_with(line: str, wanted: Sequence[str]) -> bool:
    """Whether a sentence of a line is the question without its mark: `When did it burn down It was in 1900.`

    A line of nothing else is a heading.
    """
    sentences = [_words(sentence) for sentence in _SENTENCE.split(line)]
    return _runs_on(line, wanted) or list(wanted) in sentences[:-1]


def _runs_on(line: str, wanted: Sequence[str]) -> bool:
    """Whether a sentence of a line begins with these words, and another begins within it."""
    for sentence in _SENTENCE.split(line):
        words = _words(sentence)
        if list(words[: len(wanted)]) == list(wanted) and len(words) > len(wanted):
            rest = list(_WORD.finditer(sentence))
            if len(rest) > len(wanted) and not rest[len(wanted)][0][:1].islower():
                return True
    return False


def _runs(words: Sequence[str]) -> set[tuple[str, ...]]:
    return set(zip(words, words[1:], words[2:], strict=False))


def plain(text: str) -> str:
    """A text as a model would read it: tags decoded, nothing hidden, look-alikes Latin, lower case."""
    if not text.isascii():
        text = _UNSEEN.sub("", unicodedata.normalize("NFKC", text.translate(_UNTAGGED)))
    text = text.casefold().translate(_LOOKALIKES).replace("’", "'")
    return " ".join(re.sub(r"[*`~]+", "", text).split())


class Nearness:
    """How much nearer a vector is to all chunks of a corpus than its chunks are to each other.

    For the rows r of a sample, h(v) = mean over r of v · r, and z(v) = (h(v) − mean h(r)) / deviation h(r).
    Passages that were optimised to be found for every question stand out (Poisoning Retrieval Corpora by
    Injecting Adversarial Passages; AgentPoison, whose triggers do the same to one region).
    """

    LEAST = 30
    """Chunks below which a corpus says nothing."""

    def __init__(self, rows: NDArray[np.float32]) -> None:
        self._enough = len(rows) >= self.LEAST
        if self._enough:
            self._middle = rows.mean(axis=0)  # h(v) = v · mean r
            near = rows @ self._middle
            self._mean, self._deviation = float(near.mean()), float(near.std()) or 1e-9

    def z(self, vectors: NDArray[np.float32]) -> Sequence[float]:
        """z(v) for each row of `vectors`; 0 where the corpus is too small to say."""
        if not self._enough or not len(vectors):
            return [0.0] * len(vectors)
        scores: list[float] = ((vectors @ self._middle - self._mean) / self._deviation).tolist()
        return scores


def _words(text: str) -> list[str]:
    return _WORD.findall(plain(text))
