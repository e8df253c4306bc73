"""What the network is shown: a question or a claim, a passage, and what is known of the pair."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Item:
    """One pair. A None is not known and trains nothing.

    `spans` are the right answers as characters of `passage`; `answerable` says whether the passage answers
    the question in `text`, `supported` whether it supports the claim in `text`. `title` goes before the
    passage as its heading.
    """

    text: str
    passage: str
    title: str = ""
    spans: tuple[tuple[int, int], ...] = ()
    answerable: bool | None = None
    supported: bool | None = None
