"""Blocks → sections: each with its blocks, its parent, and the heading path its chunks carry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from rag.chunking.blocks.block import Block
from rag.chunking.tokens import Tokens

SEPARATOR = " › "


@dataclass(slots=True)
class Section:
    """What stands under one heading, sub-sections apart. Section 0 of an outline is the text before any.

    `parent` is an index into the outline, -1 for section 0. `label` is the heading path and `cost` its
    tokens; both are set for every section.
    """

    heading: Block | None
    parent: int
    blocks: list[Block] = field(default_factory=list)
    label: str = ""
    cost: int = 0

    @property
    def start(self) -> int:
        """Where the section's text begins when its heading line belongs to it."""
        if self.heading is not None and self.heading.kind == "heading":
            return self.heading.start
        return self.blocks[0].start

    @property
    def end(self) -> int:
        """The end of its last block, of its heading if it has none."""
        return self.blocks[-1].end if self.blocks else (self.heading.end if self.heading else 0)


def outline(blocks: Sequence[Block], tokens: Tokens, cap: int) -> list[Section]:
    """The sections in order. Paths cost `cap` tokens at most: outer headings are left out first.

    A heading that no path shows in whole, because nothing stands under it or because it is too long,
    becomes the first paragraph of its section, so that its words are not lost.
    """
    sections = _sections(blocks)
    costs = _title_costs(sections, tokens)
    shown: set[int] = set()
    for i, section in enumerate(sections):
        section.label, section.cost, parts = _path(sections, i, costs, tokens, cap)
        if section.blocks:
            shown.update(parts)
    for i, section in enumerate(sections):
        heading = section.heading
        if heading is not None and heading.kind == "heading" and heading.title and i not in shown:
            if not section.blocks:
                above = sections[section.parent]
                section.label, section.cost = above.label, above.cost
            section.blocks.insert(0, Block("paragraph", heading.start, heading.end))
    return sections


def _sections(blocks: Sequence[Block]) -> list[Section]:
    sections = [Section(None, -1)]
    path = [(0, 0)]  # (level, section) from the outermost to the current
    for block in blocks:
        if block.kind not in ("heading", "scope"):
            sections[-1].blocks.append(block)
            continue
        while path[-1][0] >= block.level:
            path.pop()
        sections.append(Section(block, path[-1][1]))
        path.append((block.level, len(sections) - 1))
    return sections


def _title_costs(sections: Sequence[Section], tokens: Tokens) -> list[int]:
    """The tokens of each section's title. Only titles that lost markup differ from the document's text."""
    costs = [0] * len(sections)
    cleaned = []
    for i, section in enumerate(sections):
        if section.heading is not None and section.heading.title:
            heading = section.heading
            at = tokens.text.find(heading.title, heading.start, heading.end)
            if at < 0:
                cleaned.append((i, heading.title))
            else:
                costs[i] = tokens.count(at, at + len(heading.title))
    for (i, _), cost in zip(cleaned, tokens.costs([title for _, title in cleaned]), strict=True):
        costs[i] = cost
    return costs


def _path(
    sections: Sequence[Section], i: int, costs: Sequence[int], tokens: Tokens, cap: int
) -> tuple[str, int, list[int]]:
    """The path of section i: its label, its cost, and the sections whose titles it shows in whole."""
    parts: list[str] = []
    shown = []
    cost = 0
    while i > 0:
        heading = sections[i].heading
        if heading is not None and heading.title:
            more = costs[i] + bool(parts)
            if cost + more > cap:
                if not parts:
                    parts, cost = [tokens.shorten(heading.title, cap - 1)], cap
                break
            parts.append(heading.title)
            shown.append(i)
            cost += more
        i = sections[i].parent
    return SEPARATOR.join(reversed(parts)), cost, shown
