"""The word lists: forms, a colon, what they mean in English, and other English words for it behind ` / `."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

Meanings = tuple[str, ...]
"""What a word means in English, the likeliest first."""


class WordList:
    """One list: `meanings[form]` is what stands behind the colon; it is taken apart when it is asked for."""

    def __init__(self, language: str) -> None:
        self.meanings: dict[str, str] = {}
        for line in (files(__package__) / f"{language}.txt").read_text("utf-8").splitlines():
            forms, _, meanings = line.partition(": ")
            for form in forms.split(" "):
                self.meanings[form] = meanings

    @staticmethod
    @cache
    def of(language: str) -> WordList:
        """The list of a language, read once."""
        return WordList(language)

    def __getitem__(self, form: str) -> Meanings:
        """The meanings of a form, none where it is not in the list; `-`: English has no word for it."""
        found = self.meanings.get(form)
        return tuple("" if said == "-" else said for said in found.split(" / ")) if found else ()
