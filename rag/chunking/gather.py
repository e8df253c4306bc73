"""Sections → groups: neighbours that are too small alone share a chunk, where one parent holds them.

A section smaller than `min_tokens` joins the next one, or else the one before, if both are children of the
same section (or one is the parent of the other) and together fit a chunk. Nothing else crosses a heading.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rag.chunking.budget import Budget
from rag.chunking.outline import Section
from rag.chunking.tokens import Tokens


@dataclass(slots=True)
class Group:
    """Sections first to last (indices, those between included) under the path of section `home`.

    `size` counts the tokens of their text; `start` and `end` span it, inner headings included.
    """

    first: int
    last: int
    home: int
    start: int
    end: int
    size: int

    @property
    def single(self) -> bool:
        """Whether it is one section, which may need several chunks."""
        return self.first == self.last


def gather(sections: Sequence[Section], tokens: Tokens, budget: Budget, min_tokens: int) -> list[Group]:
    """The groups, in order; sections without text are in none."""
    groups: list[Group] = []
    for i, section in enumerate(sections):
        if not section.blocks:
            continue
        start = section.blocks[0].start
        group = Group(i, i, i, start, section.end, tokens.count(start, section.end))
        if (
            groups
            and groups[-1].size < min_tokens
            and (joined := _join(sections, tokens, budget, groups[-1], group))
        ):
            groups[-1] = joined
            continue
        # What is still small once its successor turned out not to take it goes to its predecessor.
        _settle(sections, tokens, budget, min_tokens, groups)
        groups.append(group)
    _settle(sections, tokens, budget, min_tokens, groups)
    return groups


def _settle(
    sections: Sequence[Section], tokens: Tokens, budget: Budget, min_tokens: int, groups: list[Group]
) -> None:
    if len(groups) > 1 and groups[-1].single and groups[-1].size < min_tokens:
        joined = _join(sections, tokens, budget, groups[-2], groups[-1])
        if joined is not None:
            groups[-2:] = [joined]


def _join(
    sections: Sequence[Section], tokens: Tokens, budget: Budget, group: Group, new: Group
) -> Group | None:
    """Both as one, or None where no one section holds them or they do not fit."""
    parent = sections[new.first].parent
    if parent == group.home:
        home, start = group.home, group.start
    elif group.single and parent == sections[group.first].parent:
        home, start = parent, sections[group.first].start
    else:
        return None
    size = tokens.count(start, new.end)
    if size > budget.room(sections[home].label, sections[home].cost):
        return None
    return Group(group.first, new.last, home, start, new.end, size)
