"""How much text a generator can use: facts hidden at a depth of longer and longer contexts.

The haystack is chunks of the index as it is; into one of them, at the depth d of a context of L tokens, comes
a made-up fact with a name and a code from a seed. Every question is made from the same names:

    literal    `The locker code of Anton Berg is 4711.`, asked for in its own words
    reworded   the same, asked for in others (`Which digits open the locker of …?`)
    keys       one code among ten of other names in a row
    chain      two facts, half a context apart: the code of a place, and who has the locker in that place

Retrieval is left out: the generator gets the chunks in their order, and the share of right codes is about
what it reads alone. `widest` is the longest context that is not proven worse, paired, than the shortest: the
effective context. Codes are counted as digits, so wording of answers is no matter. Sources: Needle Threading:
Can LLMs Follow Threads through Near-Million-Scale Haystacks?; Lost in the Middle: How Language Models Use
Long Contexts.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rag.errors import ConfigError
from rag.evaluate.report import charts
from rag.evaluate.report.page import document, section
from rag.evaluate.report.tables import aligned
from rag.evaluate.run import home_of
from rag.evaluate.running.journal import write_json
from rag.evaluate.statistics import Difference, Mean, difference, interval
from rag.progress import Progress, Watcher
from rag.terminal import html_safe
from rag.types import Chunk, Hit, Question, stable_id

if TYPE_CHECKING:
    from rag.pipeline.pipeline import Pipeline

PAGE = "needles.html"
WORDINGS = ("literal", "reworded", "keys", "chain")
_FIRST = (
    "Anton",
    "Berta",
    "Carl",
    "Dora",
    "Emil",
    "Frida",
    "Gustav",
    "Hanna",
    "Ivar",
    "Jonna",
    "Karl",
    "Lena",
)
_LAST = ("Berg", "Dahl", "Ek", "Falk", "Gran", "Holm", "Lind", "Nord", "Quist", "Rask", "Sund", "Wik")
_PLACES = ("Marstrand", "Kivik", "Ystad", "Visby", "Mora", "Arvika", "Lund", "Kalmar", "Gävle", "Boden")
_PAIRS = 10
_PAGE_SIZE = 1000
_MOST_CHUNKS = 20_000


class Needle(NamedTuple):
    """Facts to hide, what is asked for them, the code that is right, and others that are not.

    The last fact has the code.
    """

    facts: tuple[str, ...]
    question: str
    code: str
    others: tuple[str, ...] = ()


class Cell(NamedTuple):
    """One length, depth and wording, and whether each of its needles was found."""

    tokens: int
    depth: float
    wording: str
    right: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Needles:
    """`cells` by length, depth and wording; `hits` is how many chunks the contexts of a length have."""

    name: str
    cells: tuple[Cell, ...]
    hits: Mapping[int, int]
    seed: int
    folder: Path

    @property
    def passed(self) -> bool:
        """A measurement has nothing to fail."""
        return True

    @property
    def lengths(self) -> list[int]:
        """The lengths, rising."""
        return sorted({cell.tokens for cell in self.cells})

    def share(self, *, tokens: int | None = None, depth: float | None = None, wording: str = "") -> Mean:
        """The share of right codes over the cells of a length, a depth and a wording, or of all of them."""
        return interval([float(one) for one in self._right(tokens, depth, wording)], seed=self.seed)

    def fall(self, tokens: int) -> Difference:
        """From the shortest context to one of so many tokens, the same needles paired."""
        short, long = (self._right(of, None, "") for of in (self.lengths[0], tokens))
        return difference([float(one) for one in short], [float(one) for one in long], seed=self.seed)

    @property
    def widest(self) -> int:
        """The longest context that is not proven worse than the shortest; nor is a shorter one."""
        best = self.lengths[0]
        for tokens in self.lengths[1:]:
            fall = self.fall(tokens)
            if fall.decided and fall.mean < 0:
                break
            best = tokens
        return best

    def _right(self, tokens: int | None, depth: float | None, wording: str) -> list[bool]:
        return [
            one
            for cell in self.cells
            if tokens in (None, cell.tokens) and depth in (None, cell.depth) and wording in ("", cell.wording)
            for one in cell.right
        ]

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "generator": self.name,
            "cells": [cell._asdict() for cell in self.cells],
            "lengths": [
                {
                    "tokens": tokens,
                    "hits": self.hits[tokens],
                    "right": self.share(tokens=tokens)._asdict(),
                    "change": self.fall(tokens)._asdict(),
                }
                for tokens in self.lengths
            ],
            "widest": self.widest,
            "folder": str(self.folder),
        }

    def __str__(self) -> str:
        depths = sorted({cell.depth for cell in self.cells})
        kinds = list(dict.fromkeys(cell.wording for cell in self.cells))
        head = (
            "tokens",
            "hits",
            "right",
            "95 % interval",
            *(f"at {depth:.0%}" for depth in depths),
            *kinds,
            "",
        )
        rows = [head]
        for tokens in self.lengths:
            mean, fall = self.share(tokens=tokens), self.fall(tokens)
            rows.append(
                (
                    f"{tokens:,}",
                    str(self.hits[tokens]),
                    f"{mean.mean:.3f}",
                    f"{mean.low:.3f} to {mean.high:.3f}",
                    *(f"{self.share(tokens=tokens, depth=depth).mean:.2f}" for depth in depths),
                    *(f"{self.share(tokens=tokens, wording=kind).mean:.2f}" for kind in kinds),
                    "worse" if fall.decided and fall.mean < 0 else "",
                )
            )
        told = f"{self.name}: good up to {self.widest:,} tokens"
        return "\n".join([aligned(rows), "", told, f"report: {self.folder / PAGE}"])


def needles(
    rag: Pipeline,
    tokens: Sequence[int] = (500, 1000, 2000, 4000),
    depths: Sequence[float] = (0.0, 0.5, 1.0),
    wordings: Sequence[str] = WORDINGS,
    *,
    number: int = 3,
    seed: int = 0,
    out: str | Path | None = None,
    progress: Watcher | None = None,
) -> Needles:
    """Hides `number` needles in every cell. `depths` are 0 (first) to 1 (last).

    Raises ConfigError for other depths and wordings, and where the index has less text than that.
    """
    _check(tokens, depths, wordings, number)
    lengths = sorted(set(tokens))
    hay = _Haystack(rag, lengths[-1])
    report = progress or (lambda _: None)
    total, done = len(lengths) * len(depths) * len(wordings) * number, 0
    cells = []
    for length in lengths:
        for depth in depths:
            for wording in wordings:
                right = []
                for trial in range(number):
                    chance = random.Random(stable_id(seed, depth, wording, trial))  # the same at every length
                    right.append(_found(rag, hay.context(length, depth, made(wording, chance))))
                    done += 1
                    report(Progress("needles", done, total))
                cells.append(Cell(length, depth, wording, tuple(right)))
    folder = Path(out) if out else home_of(rag) / "needles"
    name = str(getattr(rag.generate, "name", "generator"))
    measured = Needles(name, tuple(cells), {length: hay.hits(length) for length in lengths}, seed, folder)
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "needles.json", measured.to_dict())
    (folder / PAGE).write_text(_drawn(measured), "utf-8")
    return measured


def made(wording: str, chance: random.Random) -> Needle:
    """A needle of a wording."""
    first, last = chance.sample(_FIRST, _PAIRS), chance.sample(_LAST, _PAIRS)
    names = [f"{one} {two}" for one, two in zip(first, last, strict=True)]
    codes = [str(code) for code in chance.sample(range(1000, 10_000), _PAIRS)]
    name, code = names[0], codes[0]
    if wording == "keys":
        pairs = list(zip(names, codes, strict=True))
        chance.shuffle(pairs)
        listed = " ".join(f"The locker code of {one} is {digits}." for one, digits in pairs)
        return Needle((listed,), f"What is the locker code of {name}?", code, tuple(codes[1:]))
    if wording == "chain":
        place = chance.choice(_PLACES)
        facts = (f"The locker of {name} stands in {place}.", f"The locker code in {place} is {code}.")
        return Needle(facts, f"What is the locker code in the town where the locker of {name} stands?", code)
    asked = {
        "literal": f"What is the locker code of {name}?",
        "reworded": f"Which digits open the locker that belongs to {name}?",
    }
    return Needle((f"The locker code of {name} is {code}.",), asked[wording], code)


def _check(tokens: Sequence[int], depths: Sequence[float], wordings: Sequence[str], number: int) -> None:
    if not tokens or min(tokens) < 1:
        raise ConfigError(f"tokens is {', '.join(map(str, tokens))}, expected lengths such as 500,2000,8000")
    if not depths or not all(0 <= depth <= 1 for depth in depths):
        raise ConfigError(f"depths are {', '.join(map(str, depths))}, expected shares from 0 to 1")
    if not wordings or (unknown := sorted(set(wordings) - set(WORDINGS))):
        named = ", ".join(unknown) if wordings else "none"
        raise ConfigError(f"wordings are {named}, expected some of {', '.join(WORDINGS)}")
    if number < 1:
        raise ConfigError(f"number is {number}, expected 1 or more needles a cell")


class _Haystack:
    """Chunks of the index, each once, as far as the longest context needs them."""

    def __init__(self, rag: Pipeline, longest: int) -> None:
        self._ends = rag.embedder.token_ends
        self._chunks: list[tuple[Chunk, int]] = []
        there, after = 0, ""
        while there < longest and len(self._chunks) < _MOST_CHUNKS:
            page = rag.store.scan(after, _PAGE_SIZE)
            if not page:
                break
            after = page[-1][0].id
            for chunk, _ in page:
                self._chunks.append((chunk, len(self._ends(chunk.text))))
                there += self._chunks[-1][1]
        if there < longest:
            raise ConfigError(
                f"the index has {there:,} tokens of text, and {longest:,} are asked for: give smaller numbers"
            )

    def _straw(self, tokens: int) -> list[Chunk]:
        """Chunks of about so many tokens, at least one."""
        chosen: list[Chunk] = []
        there = 0
        for chunk, size in self._chunks:
            if chosen and there + size > tokens:
                break
            chosen.append(chunk)
            there += size
        return chosen

    def hits(self, tokens: int) -> int:
        """How many chunks there are in so many tokens."""
        return len(self._straw(tokens))

    def context(self, tokens: int, depth: float, needle: Needle) -> tuple[Needle, list[Hit]]:
        """The hits in their order. The last fact lies at the depth, the one before it half a context off."""
        straw, away = self._straw(tokens), depth + 0.5 if depth < 0.5 else depth - 0.5
        for where, fact in zip((depth, away), reversed(needle.facts), strict=False):
            place = round(where * (len(straw) - 1))
            straw[place] = _with_fact(straw[place], fact, depth)
        return needle, [Hit(chunk, 1.0 - at / (10 * len(straw))) for at, chunk in enumerate(straw)]


def _with_fact(chunk: Chunk, fact: str, depth: float) -> Chunk:
    """The chunk as one of a document that is in no store, with the fact between two of its sentences."""
    from rag.text.sentences import sentences

    ends = [end for _, end in sentences(chunk.text)] or [len(chunk.text)]
    at = ends[min(len(ends) - 1, round(depth * (len(ends) - 1)))]
    text = f"{chunk.text[:at].rstrip()} {fact} {chunk.text[at:].lstrip()}".rstrip()
    source = f"needle:{chunk.source}"
    identity = stable_id(source, text)
    return Chunk(
        stable_id(identity, 0), identity, source, text, 0, len(text), chunk.title, None, chunk.heading
    )


def _found(rag: Pipeline, hidden: tuple[Needle, list[Hit]]) -> bool:
    """Whether the generator says the code, and none of the others."""
    needle, hits = hidden

    def given(question: Question, k: int, where: Any) -> list[Hit]:
        return hits

    shown = rag.variant(augment=[], retrieve=given, denoise=[])
    answer = shown.ask(needle.question, len(hits))
    said = set(re.findall(r"\d+", " ".join(sentence.text for sentence in answer.sentences)))
    return not answer.abstained and needle.code in said and not said & set(needle.others)


def _drawn(measured: Needles) -> str:
    ticks = [f"{tokens:,}" for tokens in measured.lengths]
    name = html_safe(measured.name)
    by_kind = _series(measured, "wording")
    by_depth = _series(measured, "depth")
    told = f"Share of right codes over the tokens of the context. Good up to {measured.widest:,} tokens."
    body = f"<h1>{name}: how much text it can use</h1>"
    body += section("By wording", told, charts.lines(by_kind, ticks))
    body += section("By depth", "0 % is the beginning of the context.", charts.lines(by_depth, ticks))
    return document(f"{measured.name}: needles", body)


def _series(measured: Needles, by: str) -> list[tuple[str, list[Mean]]]:
    values = list(dict.fromkeys(getattr(cell, by) for cell in measured.cells))
    return [
        (
            value if by == "wording" else f"at {value:.0%}",
            [measured.share(**{"tokens": tokens, by: value}) for tokens in measured.lengths],
        )
        for value in values
    ]


def parsed(text: str, name: str, kind: type[int] | type[float]) -> Iterator[Any]:
    """The numbers of a list as the command line has it. Raises ConfigError."""
    try:
        yield from (kind(part) for part in text.split(","))
    except ValueError:
        raise ConfigError(f"{name} is {text!r}, expected numbers such as 500,2000") from None
