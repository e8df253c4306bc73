"""The analyzer of a store that indexes our own terms; its language is given, or detected from the chunks."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ..contract import Upsert

if TYPE_CHECKING:
    from rag.indexes import Analyzer

_SAMPLE = 200  # chunks from which the language is detected


class Analysis:
    """`read` gives the language that the store keeps, `auto` while none is settled; `keep` stores one.

    Another writer may settle it first: what `read` says afterwards holds.
    """

    def __init__(self, read: Callable[[], str], keep: Callable[[str], None]) -> None:
        self._read, self._keep = read, keep
        self._language = "auto"
        self._analyzer: Analyzer | None = None
        self._turn = threading.RLock()

    @property
    def language(self) -> str:
        """The language once it is settled, which never changes then."""
        if self._language == "auto":
            self._language = self._read()
        return self._language

    def terms(self, text: str) -> list[str]:
        """The terms of a text; before any language is settled nothing is stored that they could find."""
        return self._for_language().analyze(text)

    def begin(self, items: Sequence[Upsert]) -> None:
        """Detects the language from these chunks, unless it is settled already."""
        from rag.indexes import detect_language

        with self._turn:
            sample = [chunk.text for item in items for chunk in item.chunks][:_SAMPLE]
            if sample and self.language == "auto":
                self._keep(detect_language(sample))

    def _for_language(self) -> Analyzer:
        from rag.indexes import Analyzer

        with self._turn:
            language = self.language
            if language == "auto":
                return Analyzer("english")
            if self._analyzer is None:
                self._analyzer = Analyzer(language)
            return self._analyzer
