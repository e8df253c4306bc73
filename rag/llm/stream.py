"""Filters on a stream of text: what is no part of the answer is held back before anyone sees it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

_OPENS, _CLOSES = "<think>", "</think>"
_MARKERS = re.compile(r"\s*(?:\[[\d, ]+\]\s*)+")  # at the head of what follows a sentence
_MARKER = re.compile(r"\[[\d, ]*(?:\]|$)")
_LEAST_REPEATED = 12  # letters and digits of a sentence below which saying it twice is no loop


def until(pieces: Iterable[str], stops: Sequence[str]) -> Iterator[str]:
    """The text before the first of `stops`; a piece that may begin one waits for what follows."""
    stops = [stop for stop in stops if stop]
    held = ""
    for piece in pieces:
        held += piece
        at = min((place for stop in stops if (place := held.find(stop)) >= 0), default=-1)
        if at >= 0:
            held = held[:at]
            break
        keep = _open_end(held, stops)
        ready, held = held[: len(held) - keep], held[len(held) - keep :]
        if ready:
            yield ready
    if held:
        yield held


def without_reasoning(pieces: Iterable[str]) -> Iterator[str]:
    """Leaves out a `<think>…</think>` block at the head of the text."""
    head, feed = "", iter(pieces)
    for piece in feed:
        head += piece
        text = head.lstrip()
        if text.startswith(_OPENS):
            _, closed, rest = text.partition(_CLOSES)
            if closed:
                yield from _stripped(rest, feed)
                return
        elif not _OPENS.startswith(text):
            yield head
            yield from feed
            return
    if head.strip() and not head.lstrip().startswith(_OPENS):
        yield head


def behind(pieces: Iterable[str], line: str, before: list[str]) -> Iterator[str]:
    """The text behind the first `line`; what stands before it goes into `before`, not into the stream.

    Where the line never comes, the whole text is what stands before, and nothing is yielded.
    """
    head, feed = "", iter(pieces)
    for piece in feed:
        head += piece
        notes, parted, rest = head.partition(line)
        if parted:
            before.append(notes.strip())
            yield from _stripped(rest, feed)
            return
    before.append(head.strip())


def unless(pieces: Iterable[str], refusal: str) -> Iterator[str]:
    """Nothing where the text begins with `refusal`, else all of it. The head waits until that is certain."""
    head, feed = "", iter(pieces)
    for piece in feed:
        head += piece
        text = _bare(head)
        if refusal and text.startswith(_bare(refusal)):
            return
        if not refusal or not _bare(refusal).startswith(text):
            yield head
            yield from feed
            return
    if head.strip():
        yield head


def without_loops(pieces: Iterable[str], loops: list[str]) -> Iterator[str]:
    """The text up to the first sentence that it has said before, which goes into `loops`.

    Small models go round. What may become such a sentence waits for what follows.
    """
    from rag.text.sentences import sentences

    said: set[str] = set()
    held, shown = "", 0  # the sentence that is being written, and how much of it was let through
    for piece in pieces:
        held += piece
        if not shown and (marked := _MARKERS.match(held)):  # they belong to the sentence before
            yield marked[0]
            held = held[marked.end() :]
        while len(parts := sentences(held)) > 1:
            end = parts[1][0]
            sentence = _letters(held[:end])
            if sentence in said:
                loops.append(held[:end].strip())
                return
            if len(sentence) >= _LEAST_REPEATED:
                said.add(sentence)
            if shown < end:
                yield held[shown:end]
            held, shown = held[end:], max(0, shown - end)
        begun = _letters(held)
        if shown < len(held) and not any(sentence.startswith(begun) for sentence in said):
            yield held[shown:]
            shown = len(held)
    begun = _letters(held)
    if len(begun) >= _LEAST_REPEATED and any(sentence.startswith(begun) for sentence in said):
        loops.append(held.strip())
    elif held[shown:]:
        yield held[shown:]


def _letters(text: str) -> str:
    """What makes a sentence the same as another: its letters and digits, without markers."""
    return "".join(sign for sign in _MARKER.sub("", text).casefold() if sign.isalnum())


def _bare(text: str) -> str:
    """Without quotes, emphasis and white space at its head, which models like to add; in lower case."""
    return text.lstrip(" \n\t\"'*_`“[(").lower()


def _stripped(first: str, feed: Iterable[str]) -> Iterator[str]:
    """The text from its first character that is not white space."""
    begun = False
    for piece in chain((first,), feed):
        text = piece if begun else piece.lstrip()
        begun = begun or bool(text)
        if text:
            yield text


def _open_end(text: str, stops: Sequence[str]) -> int:
    """How many characters at the end of the text may be the beginning of a stop."""
    longest = 0
    for stop in stops:
        for size in range(min(len(stop) - 1, len(text)), longest, -1):
            if text.endswith(stop[:size]):
                longest = size
                break
    return longest
