"""Words of Chinese, which puts nothing between them: each is the longest in the list that begins there.

What is in no word of the list, a name above all, stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .lists import Meanings, WordList

_LONGEST = 8  # characters of the longest word
_HAN = re.compile(r"[\u4e00-\u9fff]")
_OTHER = re.compile(r"[\u3041-\u30fa\uac00-\ud7a3]")  # kana and Hangul: Japanese and Korean
_LETTER = re.compile(r"[^\W\d_]")
_LEAST = 0.3  # share of Chinese characters among the letters
_SIGNS = str.maketrans("。，、；：？！（）【】《》“”％", '.,,;:?!()[]""""%')


def is_chinese(text: str) -> bool:
    """Whether enough of a text's letters are Chinese characters, and none of Japanese or Korean."""
    found = len(_HAN.findall(text))
    return found > 0 and not _OTHER.search(text) and found >= _LEAST * len(_LETTER.findall(text))


def signs(text: str) -> str:
    """A text with English punctuation, as long as before."""
    return text.translate(_SIGNS)


def meant(text: str) -> Iterator[tuple[int, int, Meanings]]:
    """Start and end of each word of a text that has a meaning, and its meanings."""
    known, at = WordList.of("chinese"), 0
    while at < len(text):
        for end in range(min(len(text), at + _LONGEST), at, -1) if _HAN.match(text, at) else ():
            if said := known[text[at:end]]:
                yield at, end, said
                at = end
                break
        else:
            at += 1
