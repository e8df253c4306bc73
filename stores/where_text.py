"""The text form of filters: `source ~ "guides/*" and year >= 2024 and not draft = true`.

Precedence: not, and, or; brackets group. Strings are quoted, or bare words; `not in` and `!~` negate.
A quoted field is one whose name has blanks, `"Priority Level" = 3`, under the name that loaders keep it by.
"""

from __future__ import annotations

import re
from typing import NoReturn

from rag.errors import FilterError
from rag.text.fields import field_name

from .where import AllOf, AnyOf, Filter, NotOf, Where

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
      | (?P<op><=|>=|!=|==|=|<|>|!~|~)
      | (?P<punct>[()\[\],])
      | (?P<word>[^\s()\[\],"'<>=!~]+)
    )""",
    re.VERBOSE,
)
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_MAX_DEPTH = 20  # brackets and `not`s; what combines filters afterwards has room up to DEEPEST
_SHOWN = 60  # characters on either side of a mark
_MAX_DIGITS = 1000


def parse_where(text: str) -> Filter:
    """Reads the text form. Raises FilterError, with a mark under the place it could not read."""
    return _Parser(text).whole()


class _Parser:
    """Recursive descent: or → and → not → condition."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[tuple[str, str, int]] = []
        self.at = 0
        position, end = 0, len(text.rstrip())
        while position < end:
            match = _TOKEN.match(text, position)
            if match is None:
                self.fail("cannot read this", position + len(text[position:]) - len(text[position:].lstrip()))
            kind = str(match.lastgroup)
            self.tokens.append((kind, match.group(kind), match.start(kind)))
            position = match.end()

    def fail(self, why: str, position: int | None = None) -> NoReturn:
        at = len(self.text) if position is None else position
        example = 'source ~ "guides/*" and year >= 2024'
        line = re.sub(r"\s", " ", self.text)  # on one line, so that the mark stands where it should
        if at > _SHOWN:
            line, at = f"… {line[at - _SHOWN :]}", _SHOWN + 2
        line = line if len(line) <= at + _SHOWN else f"{line[: at + _SHOWN]} …"
        raise FilterError(f"filter: {why}\n  {line}\n  {' ' * at}^\nexpected something like: {example}")

    def peek(self) -> tuple[str, str, int]:
        return self.tokens[self.at] if self.at < len(self.tokens) else ("end", "", len(self.text))

    def take(self) -> tuple[str, str, int]:
        token = self.peek()
        self.at += 1
        return token

    def keyword(self, word: str) -> bool:
        kind, value, _ = self.peek()
        if kind == "word" and value.lower() == word:
            self.at += 1
            return True
        return False

    def whole(self) -> Filter:
        if not self.tokens:
            self.fail("it is empty")
        parsed = self.any_of(0)
        kind, value, position = self.peek()
        if kind != "end":
            self.fail(f"{value!r} is one too many: expected and, or, or the end", position)
        return parsed

    def any_of(self, depth: int) -> Filter:
        parts = [self.all_of(depth)]
        while self.keyword("or"):
            parts.append(self.all_of(depth))
        return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))

    def all_of(self, depth: int) -> Filter:
        parts = [self.negation(depth)]
        while self.keyword("and"):
            parts.append(self.negation(depth))
        return parts[0] if len(parts) == 1 else AllOf(tuple(parts))

    def negation(self, depth: int) -> Filter:
        if depth > _MAX_DEPTH:
            self.fail(f"nested deeper than {_MAX_DEPTH} brackets and `not`s", self.peek()[2])
        if self.keyword("not"):
            return NotOf(self.negation(depth + 1))
        if self.peek()[1] == "(" and self.peek()[0] == "punct":
            self.take()
            inner = self.any_of(depth + 1)
            kind, mark, position = self.take()
            if (kind, mark) != ("punct", ")"):
                self.fail("a bracket is not closed: expected and, or, or )", position)
            return inner
        return self.condition()

    def condition(self) -> Filter:
        kind, name, position = self.take()
        if kind == "string" and not self.is_comparison():
            self.fail("expected a field name", position)
        if kind == "string":
            name = field_name(re.sub(r"\\(.)", r"\1", name[1:-1]))
        elif kind != "word":
            self.fail("expected a field name", position)
        if self.keyword("exists"):
            return Where(name, "exists")
        if self.keyword("has"):
            return Where(name, "has", self.value())
        if self.keyword("in"):
            return Where(name, "in", self.values())
        if self.keyword("not"):
            if not self.keyword("in"):
                self.fail("expected `in` after `not`", self.peek()[2])
            return NotOf(Where(name, "in", self.values()))
        kind, op, position = self.take()
        if kind != "op":
            self.fail(f"expected an operator after {name!r}: = != < <= > >= ~ !~ in has exists", position)
        if op == "!~":
            return NotOf(Where(name, "~", self.value()))
        return Where(name, "=" if op == "==" else op, self.value())  # type: ignore[arg-type]

    def is_comparison(self) -> bool:
        """Whether what comes next goes on from a field."""
        kind, value, _ = self.peek()
        return kind == "op" or (kind == "word" and value.lower() in ("exists", "has", "in", "not"))

    def values(self) -> tuple[str | int | float | bool, ...]:
        kind, bracket, position = self.take()
        if kind != "punct" or bracket not in "[(":
            self.fail('expected a list such as ["a", "b"]', position)
        close = "]" if bracket == "[" else ")"
        values: list[str | int | float | bool] = []
        while self.peek()[:2] != ("punct", close):
            values.append(self.value())
            kind, mark, position = self.peek()
            if (kind, mark) == ("punct", ","):
                self.take()
            elif (kind, mark) != ("punct", close):
                self.fail(f"expected , or {close} in the list", position)
        self.take()
        return tuple(values)

    def value(self) -> str | int | float | bool:
        kind, text, position = self.take()
        if kind == "string":
            return re.sub(r"\\(.)", r"\1", text[1:-1])
        if kind != "word":
            self.fail("expected a value", position)
        if text.lower() in ("true", "false"):
            return text.lower() == "true"
        if _NUMBER.fullmatch(text):
            if len(text) > _MAX_DIGITS:
                self.fail(f"a number of more than {_MAX_DIGITS} digits; quote it if it is text", position)
            return float(text) if any(char in text for char in ".eE") else int(text)
        return text
