"""Runs the patterns of the package over hostile texts: `python -m tests.text.hostile [PART_OF_A_PATH | 0/8]`.

`0/8` is the first of eight shares of the patterns.

Prints a line of JSON for each pattern that takes too long on one text, in CPU time beside a pattern that
is known to take time with the square of the text.
"""

from __future__ import annotations

import ast
import functools
import importlib
import json
import os
import pkgutil
import re
import signal
import sys
import time
import warnings
from collections.abc import Iterator
from itertools import chain, count
from pathlib import Path
from types import FrameType
from typing import Any

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import sre_constants as codes
    import sre_parse

SIZE = int(os.environ.get("HOSTILE_SIZE", "12000"))
"""Characters of a text."""
PACKAGES = ("rag", "stores", "indexes")
PIECES = (
    *" \n\taA1.-_([{<*`#|'\",:;/\\=&@%$!?é\u0301漢",
    "\U0001f600",
    "\u200d\U0001f469",
    *(
        "a ",
        "A ",
        "1 ",
        "a\n",
        " \n",
        "1.",
        "a.",
        "A.",
        "a-",
        "a_",
        "1,",
        "a1",
        "Aa",
        "aA1",
        "- ",
        "> ",
        "# ",
    ),
    *(
        "a.b ",
        "a@b",
        "<a ",
        "</a",
        "[a](",
        "![",
        "](",
        "(a",
        "'a",
        '"a',
        "a=",
        "a: ",
        "|a",
        "\\a",
        "&a",
        "${",
        "`a",
    ),
    *(
        "the ",
        "of the ",
        "not ",
        "no ",
        "What is ",
        "Mr. ",
        "Jan 1, ",
        "12:30 ",
        "$1,000.00 ",
        "1e",
        "--",
        "http://a.",
    ),
)
_CALLS = {"compile", "search", "match", "fullmatch", "findall", "finditer", "sub", "subn", "split"}


def patterns() -> dict[str, re.Pattern[Any]]:
    """Name → pattern: those compiled while the modules load, and those whose expression stands in a call."""
    found: dict[str, re.Pattern[Any]] = {}
    compiled = re.compile
    root = Path(__file__).parents[2]

    def kept(pattern: Any, flags: Any = 0) -> re.Pattern[Any]:
        made = compiled(pattern, flags)
        caller = sys._getframe(1)
        path = Path(caller.f_code.co_filename)
        if any(path.is_relative_to(root / package) for package in PACKAGES):
            line = f"{path.relative_to(root)}:{caller.f_lineno}"  # one line may make many
            found[
                next(name for name in chain((line,), (f"{line}:{n}" for n in count(2))) if name not in found)
            ] = made
        return made

    re.compile = kept  # type: ignore[assignment]
    try:
        for package in PACKAGES:
            module = importlib.import_module(package)
            for one in pkgutil.walk_packages(module.__path__, f"{package}."):
                try:
                    importlib.import_module(one.name)
                except ImportError:  # of an extra that is not installed: its file is read below
                    continue
    finally:
        re.compile = compiled
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            for place, pattern in _written(path):
                found.setdefault(f"{path.relative_to(root)}:{place}", pattern)
    return found


def _written(path: Path) -> Iterator[tuple[int, re.Pattern[Any]]]:
    """The expressions that stand as they are in calls such as `re.sub("a+", …)`."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args):
            continue
        of, first = node.func.value, node.args[0]
        if (
            isinstance(of, ast.Name)
            and of.id == "re"
            and node.func.attr in _CALLS
            and isinstance(first, ast.Constant)
        ):
            names = {
                one.attr
                for each in [*node.args[1:], *(k.value for k in node.keywords)]
                for one in ast.walk(each)
                if isinstance(one, ast.Attribute)
            }
            flags = 0
            for name in names & set(re.RegexFlag.__members__):
                flags |= re.RegexFlag[name]
            yield node.lineno, re.compile(first.value, flags)


def anchored() -> set[tuple[str, int]]:
    """File and line of patterns that are only ever asked whether they match where a text begins."""
    root = Path(__file__).parents[2]
    sources = {
        path: path.read_text("utf-8") for package in PACKAGES for path in (root / package).rglob("*.py")
    }
    everywhere = "\n".join(sources.values())
    found = set()
    for path, source in sources.items():
        found |= {(str(path.relative_to(root)), line) for line in _only_begins(path)}
        for node in ast.parse(source).body:
            if (
                isinstance(node, ast.Assign)
                and isinstance(node.targets[0], ast.Name)
                and "re.compile(" in (ast.get_source_segment(source, node) or "")
            ):
                name = node.targets[0].id
                # A private name is used in its own file alone.
                where = source if name.startswith("_") else everywhere
                methods = set(re.findall(rf"(?<![\w.]){name}\.(\w+)\(", where))
                if methods and methods <= {"match", "fullmatch"} and not _handed_on(name, where):
                    found.add((str(path.relative_to(root)), node.lineno))
    return found


def _only_begins(path: Path) -> set[int]:
    """The lines of calls such as `re.match("a+", …)`."""
    return {
        node.lineno
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and (node.func.value.id, node.func.attr) in (("re", "match"), ("re", "fullmatch"))
    }


def _handed_on(name: str, source: str) -> bool:
    """Whether a pattern is given to something else, which may search with it."""
    return re.search(rf"[(,=\[] ?{name}\b(?![.:]| =)", source) is not None


def texts(pattern: re.Pattern[Any]) -> Iterator[str]:
    """Hostile texts for any pattern, and those that nearly match this one, again and again."""
    for piece in PIECES:
        yield piece * (SIZE // len(piece))
    written = pattern.pattern if isinstance(pattern.pattern, str) else pattern.pattern.decode("latin-1")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = sre_parse.parse(
            written, pattern.flags & ~re.UNICODE if isinstance(pattern.pattern, bytes) else pattern.flags
        )
    for sample in sorted(
        {_sample(list(tree), repeats, branch) for repeats in (0, 1, 3) for branch in (0, -1)}
    ):
        for piece in {sample, sample[:-1], sample[: len(sample) // 2], sample[:1] + sample[1:2] * 8}:
            if piece and len(piece) < 500:
                yield piece * (SIZE // len(piece))
                yield piece[:1] + piece[1:2] * SIZE


def _sample(tree: Any, repeats: int, branch: int) -> str:
    """A text that a parsed pattern may match, each repetition so many times more than it has to be."""
    made = ""
    for code, value in tree:
        if code is codes.LITERAL:
            made += chr(value)
        elif code is codes.ANY:
            made += "a"
        elif code is codes.NOT_LITERAL:
            made += "b" if value == ord("a") else "a"
        elif code is codes.IN:
            made += _one_of(value)
        elif code is codes.BRANCH:
            made += _sample(value[1][branch], repeats, branch)
        elif code is codes.SUBPATTERN:
            made += _sample(value[-1], repeats, branch)
        elif code in (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT):
            made += _sample(value[2], repeats, branch) * min(
                value[0] + repeats, max(int(value[1]), 0), value[0] + 3
            )
        elif code is codes.ATOMIC_GROUP:
            made += _sample(value, repeats, branch)
    return made


def _one_of(items: Any) -> str:
    excluded = items[0][0] is codes.NEGATE
    for character in "a1 A-._\n<(\"'é漢\x01":
        if any(_is(code, value, character) for code, value in items[excluded:]) != excluded:
            return character
    code, value = items[-1]
    return chr(value if code is codes.LITERAL else value[0]) if code in (codes.LITERAL, codes.RANGE) else "a"


def _is(code: Any, value: Any, character: str) -> bool:
    if code is codes.LITERAL:
        return chr(value) == character
    if code is codes.RANGE:
        return bool(value[0] <= ord(character) <= value[1])
    name = str(value)
    kind = (
        character.isalnum() or character == "_"
        if "WORD" in name
        else character.isdigit()
        if "DIGIT" in name
        else character.isspace()
    )
    return kind != ("NOT" in name)


def limit() -> float:
    """Seconds of CPU for a pattern and a text: a third of what a plain quadratic search takes just now."""
    text, pattern = " " * SIZE, re.compile(r"\s*#")
    began = time.process_time()
    pattern.search(text)
    return (time.process_time() - began) / 3


@functools.cache
def first_limit() -> float:
    """The limit that is taken once, and again only for what is late."""
    return limit()


class _Late(Exception):
    pass


def slow(pattern: re.Pattern[Any], begins: bool) -> Iterator[str]:
    """The texts, by their first characters, that take too long; `begins`: only to match at their start."""

    def late(number: int, frame: FrameType | None) -> None:
        raise _Late

    signal.signal(signal.SIGPROF, late)
    usual = first_limit()
    for text in texts(pattern):
        subject: Any = text if isinstance(pattern.pattern, str) else text.encode("utf-8", "replace")
        # A busy machine makes anything late once; what is slow is late again beside a new yardstick.
        if _late(pattern, subject, begins, usual) and all(
            _late(pattern, subject, begins, limit()) for _ in range(3)
        ):
            yield text[:24]


def _late(pattern: re.Pattern[Any], subject: Any, begins: bool, seconds: float) -> bool:
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        if begins:
            pattern.match(subject), pattern.fullmatch(subject), pattern.match(subject, 1)
        else:
            for _ in pattern.finditer(subject):
                pass
    except _Late:
        return True
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    return False


def main() -> None:
    """Tells of every pattern that is slow, and last how many there are."""
    every, only_begin = patterns(), anchored()
    seen: set[tuple[Any, int]] = set()
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    share = re.fullmatch(r"(\d+)/(\d+)", wanted)
    for number, (place, pattern) in enumerate(sorted(every.items())):
        if number % int(share[2]) != int(share[1]) if share else wanted not in place:
            continue
        if (pattern.pattern, pattern.flags) in seen:
            continue
        seen.add((pattern.pattern, pattern.flags))
        path, line, *_ = place.split(":")
        worst = next(slow(pattern, (path, int(line)) in only_begin), None)
        if worst is not None:
            told = {"place": place, "pattern": str(pattern.pattern), "text": worst}
            sys.stdout.write(json.dumps(told) + "\n")
            sys.stdout.flush()
    sys.stdout.write(f"{len(seen)} patterns\n")


if __name__ == "__main__":
    main()
