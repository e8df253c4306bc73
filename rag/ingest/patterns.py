"""Patterns of `.gitignore` whose time is bounded: `*a*a*a*b` may come from a stranger's folder.

pathspec makes a regular expression of each pattern, which tries every way of sharing a name among the stars.
The first way is enough: where a piece between two stars matches at its leftmost place, whatever follows can
begin there. So each star but the last of a name takes the shortest run and never gives it back, and so does
each `**` but the last of a pattern.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec
    from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

_STAR = "[^/]*"
_FOLDERS = "(?:/.+)?"
_ANYWHERE = "^(?:.+/)?"


def spec_of(lines: Iterable[str], unreadable: Callable[[str], None] | None = None) -> GitIgnoreSpec:
    """The patterns as pathspec reads them, with expressions of bounded time.

    A line that is no pattern goes to `unreadable` and matches nothing, as in git; without it, ValueError.
    """
    from pathspec import GitIgnoreSpec

    patterns: list[GitIgnoreSpecPattern] = []
    for line in lines:
        try:
            patterns += _read(line)
        except (ValueError, re.error) as error:
            if unreadable is None:
                raise ValueError(str(error)) from error
            unreadable(line)
    return GitIgnoreSpec(patterns)


def _read(line: str) -> list[GitIgnoreSpecPattern]:
    from pathspec import GitIgnoreSpec

    with warnings.catch_warnings():  # of `[[`, which a later version of re may read as a set of sets
        warnings.simplefilter("ignore", FutureWarning)
        patterns = list(GitIgnoreSpec.from_lines([line]).patterns)
        for pattern in patterns:
            if pattern.include is not None and pattern.regex is not None:
                pattern.regex = re.compile(bounded(pattern.regex.pattern))
    return patterns


def bounded(expression: str) -> str:
    """The expression of one pattern, without the ways that cannot help."""
    first, *others = (_names(part) for part in expression.split(_FOLDERS))
    if not others:
        return first
    if first.startswith(_ANYWHERE):
        first = f"^(?>(?:.+?/)??{first.removeprefix(_ANYWHERE)}(?=/))"
    *middle, last = others
    return first + "".join(f"(?>(?:/.+?)??{part}(?=/))" for part in middle) + _FOLDERS + last


def _names(part: str) -> str:
    """The stars within each name, between two slashes."""
    return "/".join(_stars(name) for name in _split(part))


def _split(part: str) -> list[str]:
    """At the slashes that stand for themselves, not those inside brackets."""
    return re.split(r"/(?![^(\[]{0,300}[\])])", part)


def _stars(name: str) -> str:
    first, *pieces = name.split(_STAR)
    if len(pieces) < 2:
        return name
    *early, last = pieces
    return first + "".join(f"(?>[^/]*?{piece})" for piece in early) + _STAR + last
