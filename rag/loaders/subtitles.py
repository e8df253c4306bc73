"""Subtitles (SubRip `.srt`, WebVTT `.vtt`): what is said, a paragraph a speaker or pause, minute by minute.

Each minute of the film is a page: page 13 is what is said from 00:12:00 to 00:12:59, and a heading tells it,
so that a citation leads to the time. Cues that go on from one another are one text; markup (`<i>`, `{\\an8}`)
and lines that are only numbered are left out, a `<v Name>` becomes `Name:`, and a dash that tells that
another person speaks begins a paragraph. A cue that repeats the last line of the one before, as live captions
do, says it once.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import NamedTuple

from rag.errors import LoadError
from rag.loaders.decode import decode
from rag.loaders.guard.limits import Limits
from rag.types import Document

_TIME = r"(?:\d{1,3}:)?\d{1,2}:\d{2}[.,]\d{1,3}"
_TIMES = re.compile(rf"(?P<from>{_TIME})[ \t]*-->[ \t]*(?P<to>{_TIME})")
_VOICE = re.compile(r"<v(?:\.[^ <>]*)? ([^>]{1,80})>")
_NAME = re.compile(r"[^\s:]{1,40}:")
_DASH = re.compile(r"[-–—‐]\s*(?=[^\W\d_]|[\"'“„«¿¡…\[(♪])")  # in front of what another person says
_MARKUP = re.compile(r"<[^<>]{0,200}>|\{\\[^{}]{0,200}\}")
_PAUSE = 2.0  # seconds of silence between two paragraphs
_MINUTE = 60


class Cue(NamedTuple):
    """What is said from `start` to `end`, in seconds; whether another person begins to speak."""

    start: float
    end: float
    text: str
    names_speaker: bool


def load(data: bytes, source: str, limits: Limits) -> list[Document]:
    """One document. Raises LoadError where no line has times."""
    decoded = decode(data)
    spoken = list(cues(decoded.text))
    if not spoken:
        raise LoadError(f"{source}: no line with times such as 00:01:02,000 --> 00:01:04,000")
    text, last = "", spoken[0]
    pages: list[int] = []  # where each minute begins; silent ones where the next begins
    for cue in spoken:
        minute = int(cue.start) // _MINUTE
        if minute >= len(pages):
            text = f"{text}\n\n" if text else ""
            pages += [len(text)] * (minute + 1 - len(pages))
            text += f"## {_clock(minute)}\n\n"
        gap = "\n\n" if cue.start - last.end > _PAUSE or cue.names_speaker else " "
        text += cue.text if text.endswith("\n") else gap + cue.text
        last = cue
    metadata = {**decoded.metadata, "seconds": round(spoken[-1].end)}
    return [Document.make(text, source, media_type="text/markdown", pages=pages, metadata=metadata)]


def cues(text: str) -> Iterator[Cue]:
    """The cues of a file, in its order, without markup and without what was said just before."""
    before: list[str] = []  # the lines of the cue before
    for block in re.split(r"\n[ \t]*\n", text.replace("\r\n", "\n").replace("\r", "\n")):
        times = _TIMES.search(block)
        if times is None:
            continue
        said = block[times.end() :].partition("\n")[2]
        lines = [line for line in said.split("\n") if _plain(line)]
        bare = [_plain(_VOICE.sub("", line)) for line in lines]
        # Live captions roll: a cue begins with lines that the one before ended with.
        again = next((n for n in range(len(bare), 0, -1) if bare[:n] == before[-n:]), 0)
        before = bare or before
        if new := lines[again:]:
            start, end = _seconds(times["from"]), _seconds(times["to"])
            for text, named in _turns(new):
                yield Cue(start, end, text, named)


def _turns(lines: list[str]) -> Iterator[tuple[str, bool]]:
    """What each person says in the lines of a cue, and whether it begins with who says it, or with a dash."""
    turns: list[list[str]] = []
    for line in lines:
        if not turns or _DASH.match(_plain(line)) or _VOICE.match(line.lstrip()):
            turns.append([])
        turns[-1].append(line)
    for turn in turns:
        text = " ".join(map(_plain, turn))
        dash = _DASH.match(text)
        named = bool(_VOICE.match(turn[0].lstrip()) or _NAME.match(text))
        yield text[dash.end() :] if dash else text, bool(dash or named)


def _plain(line: str) -> str:
    return " ".join(html.unescape(_MARKUP.sub("", _VOICE.sub(r"\1: ", line))).split())


def _seconds(clock: str) -> float:
    seconds = 0.0
    for part in clock.replace(",", ".").split(":"):
        seconds = seconds * 60 + float(part)
    return seconds


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}:00"
