"""Patterns of `.gitignore`: what pathspec says of a path, in bounded time."""

from __future__ import annotations

import random
import time

import pytest
from pathspec import GitIgnoreSpec

from rag.ingest.patterns import spec_of

PIECES = ("a", "b", "*", "?", "[ab]", "[!a]", ".", "/", "/**/", "**/", "\\*", "ab", "*a", "*.b")


def drawn(chance: random.Random) -> str:
    text = "".join(chance.choices(PIECES, k=chance.randint(1, 7)))
    return ("!" if chance.random() < 0.1 else "") + text


def test_every_verdict_is_that_of_pathspec() -> None:
    chance = random.Random(6)
    matched = 0
    for _ in range(500):
        try:
            lines = [drawn(chance), drawn(chance)]
            expected = GitIgnoreSpec.from_lines(lines)
        except ValueError:
            continue
        mine = spec_of(lines)
        for _ in range(6):
            path = "".join(chance.choices("ab./*", weights=(5, 5, 1, 4, 1), k=chance.randint(1, 12))).strip(
                "/"
            )
            path = "/".join(piece for piece in path.split("/") if piece not in ("", ".", ".."))
            if path:
                want = expected.check_file(path).include
                matched += want is not None
                assert mine.check_file(path).include == want, (lines, path)
    assert matched > 80


@pytest.mark.parametrize(
    "pattern", ["*a" * 30 + "*b", "**/a/" * 12 + "b", "*?" * 20 + "b", "*[a]*" * 20 + "b"]
)
def test_a_hostile_pattern_takes_no_time(pattern: str) -> None:
    spec = spec_of([pattern])
    began = time.process_time()
    for path in ("a" * 250 + "c", "/".join(["a"] * 200) + "/c"):
        assert spec.check_file(path).include is None
    assert time.process_time() - began < 2


@pytest.mark.filterwarnings("error")
def test_double_brackets_are_read_without_a_warning() -> None:
    assert spec_of(["[[:alpha:]]*"]).check_file("a]bc").include
