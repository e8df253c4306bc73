"""Source code → blocks: one scope for each function and class, with the comments and decorators above it.

Python is read with `ast`. Other languages, and Python that does not parse or is very long, go by lines that
look like a definition and by indentation. Nested functions stay with the function around them.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field

from rag.text.lines import Line, lines, strip

from .block import Block

_LINE = re.compile(r"[^\r\n]*+(?:\r\n|\r|\n|$)")
_DEFINITION = re.compile(
    r"(?:(?:export|default|public|private|protected|internal|static|final|abstract|async|pub(?:\([^()]{0,20}\))?|"
    r"unsafe|extern|inline|virtual|override|sealed|partial|open|data|const|local)\s+)*+"
    r"(?:class|interface|struct|enum|trait|impl(?:<[^<>]{0,60}>)?|function\*?|fn|func(?:\s*\([^()]{0,60}\))?|fun|def|sub|"
    r"module|namespace|record|object|protocol|extension|procedure|proc|type)\s+([^\W\d][\w.:$]*)",
)
_METHOD = re.compile(r"(?:[\w<>\[\],*&:~?.]+\s+)*+[*&]*([~\w:]+)\s*\([^;{}]*\)[^;{}()=]*\{$")
_ASSIGNED = re.compile(
    r"(?:export\s+)?(?:const|let|var)\s+(\w+)\s*=\s*(?:async\s*)?(?:function\b|\([^()]*\)\s*=>|\w+\s*=>)"
)
_TYPED = re.compile(r"(?:[\w<>\[\],*&:~?.]+\s+){1,6}[*&]*([~\w:]+)\s*\(")
_NOT_METHODS = frozenset(
    (
        "if",
        "for",
        "while",
        "switch",
        "catch",
        "return",
        "else",
        "do",
        "try",
        "with",
        "match",
        "foreach",
        "using",
        "lock",
    )
)
_GOES_ON = re.compile(
    r"[{}()\[\];]|(?:end|else|elif|elsif|except|finally|catch|rescue|ensure|then|begin|where)\b|#(?:end|el)|(?:public|private|protected)\s*:"
)
_LEADS = ("#", "//", "/*", "*", "--", ";;", "@", "[", "%", "'''", '"""')
_DEEPEST = 3  # definitions inside definitions that get a scope of their own
_WIDEST = 300  # characters of a line that may be a definition
_LONGEST = 500_000  # characters that `ast` reads; a tree takes up to 600 bytes for each of them


def line_blocks(text: str) -> list[Block]:
    """The whole text as one block that is split between its lines: JSON, logs."""
    start, end = strip(text, 0, len(text))
    return [Block("code", start, end)] if start < end else []


def python_blocks(text: str) -> list[Block]:
    """The blocks of a Python module; its classes and functions are scopes, `Class › method`."""
    if len(text) > _LONGEST:
        return code_blocks(text)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a document's odd escapes are not the reader's business
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return code_blocks(text)
    writer = _Writer(text, [match.start() for match in _LINE.finditer(text)])
    _walk(tree.body, writer, (), 0, len(writer.starts))
    return writer.blocks


def code_blocks(text: str) -> list[Block]:
    """The blocks of source code in a language that is not known."""
    rows = lines(text)
    writer = _Writer(text, [row.start for row in rows])
    stack: list[tuple[int, str]] = []  # (indent, name) of the definitions that line i is inside of
    for i, row in enumerate(rows):
        if not row.body:
            continue
        name = _definition(row)
        depth = len(stack)
        if not _GOES_ON.match(row.body):
            while stack and row.indent <= stack[-1][0]:
                stack.pop()
        opens = bool(name) and len(stack) < _DEEPEST and (not stack or row.indent > stack[-1][0])
        if len(stack) < depth or opens:
            writer.close(_above(rows, i, writer.cursor))
            if opens:
                stack.append((row.indent, name))
            writer.scope = tuple(entry[1] for entry in stack)
    writer.close(len(rows))
    return writer.blocks


@dataclass(slots=True)
class _Writer:
    """Cuts the text at lines and opens a scope wherever it changes."""

    text: str
    starts: Sequence[int]
    blocks: list[Block] = field(default_factory=list)
    cursor: int = 0
    scope: tuple[str, ...] = ()
    _written: tuple[str, ...] = ()

    def close(self, line: int) -> None:
        """The lines from the cursor up to this one are a block of the current scope."""
        if line <= self.cursor:
            return
        last = self.starts[line] if line < len(self.starts) else len(self.text)
        start, end = strip(self.text, self.starts[self.cursor], last)
        self.cursor = line
        if start == end:
            return
        if self.scope != self._written:
            self._open(start, end)
        self.blocks.append(Block("code", start, end))

    def _open(self, start: int, end: int) -> None:
        shared = 0
        while (
            shared < min(len(self.scope), len(self._written)) and self.scope[shared] == self._written[shared]
        ):
            shared += 1
        # Leaving a scope without entering another one opens what is left of the path once more.
        for depth in range(min(shared, max(len(self.scope) - 1, 0)), max(len(self.scope), 1)):
            name = self.scope[depth] if self.scope else ""
            at = max(self.text.find(name, start, end), start)
            self.blocks.append(Block("scope", at, at + len(name), depth + 1, name))
        self._written = self.scope


def _walk(body: Sequence[ast.stmt], writer: _Writer, scope: tuple[str, ...], first: int, last: int) -> None:
    """Write lines first to last - 1, which hold these statements and stand in this scope."""
    for node in body:
        if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        top = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)]) - 1
        writer.close(_comments_above(writer, top, first))
        writer.scope = (*scope, node.name)
        end = node.end_lineno or node.lineno
        if isinstance(node, ast.ClassDef):
            _walk(node.body, writer, writer.scope, writer.cursor, end)
        else:
            writer.close(end)
        writer.scope = scope
    writer.close(last)


def _comments_above(writer: _Writer, line: int, first: int) -> int:
    while line > max(first, writer.cursor):
        if not writer.text[writer.starts[line - 1] : writer.starts[line]].lstrip().startswith("#"):
            break
        line -= 1
    return line


def _above(rows: Sequence[Line], i: int, first: int) -> int:
    """The first of the comments, attributes and decorators right above line i."""
    indent = rows[i].indent
    while i > first and rows[i - 1].body.startswith(_LEADS) and rows[i - 1].indent >= indent:
        i -= 1
    return i


def _definition(row: Line) -> str:
    """The name that a line defines, or an empty string."""
    if len(row.body) > _WIDEST:
        return ""
    if named := _DEFINITION.match(row.body) or _ASSIGNED.match(row.body):
        return named[1]
    if not row.body.endswith(("{", ")")) or "(" not in row.body or row.body[0] in "#/*@":
        return ""
    method = _METHOD.match(row.body) if row.body.endswith("{") else _TYPED.match(row.body)
    name = method[1] if method else ""
    return "" if name in _NOT_METHODS or row.body.split(None, 1)[0] in _NOT_METHODS else name
