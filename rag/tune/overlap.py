"""Text in common: runs of words that stand in a training passage and in what is measured on.

Words are compared in lower case and without punctuation; 13 in a row hardly agree by chance ("Language Models
are Few-Shot Learners", Brown et al., 2020, appendix C).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

RUN = 13
_WORD = re.compile(r"\w+")


def runs(text: str, size: int = RUN) -> Iterator[int]:
    """The hash of every run of `size` words; a text of fewer has none."""
    words = _WORD.findall(text.lower())
    for place in range(len(words) - size + 1):
        yield hash(tuple(words[place : place + size]))


def known_runs(texts: Iterable[str], size: int = RUN) -> set[int]:
    """All runs of the texts. The hashes hold for this process only."""
    return {run for text in texts for run in runs(text, size)}


def overlaps(text: str, known: set[int], size: int = RUN) -> bool:
    """Whether the text has a run in common with the known ones."""
    return any(run in known for run in runs(text, size))
