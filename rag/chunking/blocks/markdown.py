"""Markdown → blocks: CommonMark's block structure and GitHub's tables, line by line.

HTML stays a paragraph; headings lose their links' targets and tags. Each rule looks at line i and answers
with the block that begins there and the line behind it, or None.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from rag.text.lines import Line, lines

from .block import Block, Kind

Parsed = tuple[Block | None, int] | None
Rule = Callable[[Sequence[Line], int], Parsed]

MARKER = re.compile(r"(?:[-*+•]|\d{1,9}[.)])(?:\s|$)")
_BULLET_OR_ONE = re.compile(r"(?:[-*+•]|1[.)])\s")
_FENCE = re.compile(r"`{3,}(?=[^`]*$)|~{3,}")
_FRONT_KEY = re.compile(r"[\"']?[\w.-]+(?: [\w.-]+){0,3}[\"']?\s*[:=]")
_LINK = re.compile(r"!?\[([^\[\]]*)\](?:\([^()]*\)|\[[^\[\]]*\])")
_TAGS = (
    "a|abbr|b|bdi|bdo|big|br|center|cite|code|data|del|dfn|div|em|font|h[1-6]|i|img|ins|kbd|mark|p|picture|q"
    "|s|samp|small|source|span|strike|strong|sub|summary|sup|svg|time|tt|u|var|wbr"
)
"""What a heading has of HTML; `<name>` and `List<String>` are its words."""
_MARKS = re.compile(
    rf"</?(?:{_TAGS})(?:\s[^<>]*)?/?>|\*{{1,3}}(?=\S)|(?<=\S)\*{{1,3}}|`+|(?<!\s)\s*+\{{#[^{{}}]*\}}\s*$"
)
_BREAK = re.compile(r"<br\s?/?>")
_CODE_INDENT = 4
_LONGEST_SETEXT = 3  # lines; a longer paragraph over a rule is a paragraph over a rule


def markdown_blocks(text: str) -> list[Block]:
    """The blocks of a Markdown text. Front matter and thematic breaks are left out."""
    blocks: list[Block] = []
    rows = lines(text)
    i = _after_front_matter(rows)
    while i < len(rows):
        if not rows[i].body:
            i += 1
            continue
        block, i = _block(rows, i)
        if block is not None:
            blocks.append(block)
    return blocks


def _block(rows: Sequence[Line], i: int) -> tuple[Block | None, int]:
    for rule in _RULES:
        if (hit := rule(rows, i)) is not None:
            return hit
    return _paragraph(rows, i)


def span(rows: Sequence[Line], i: int, j: int, kind: Kind, head_end: int = 0) -> Block:
    """The block of lines i to j - 1, blank ones at its end left out."""
    while j > i + 1 and not rows[j - 1].body:
        j -= 1
    return Block(kind, rows[i].first, rows[j - 1].end, head_end=head_end)


def _after_front_matter(rows: Sequence[Line]) -> int:
    """YAML between `---` or TOML between `+++`: it is metadata, not text."""
    if len(rows) < 3 or rows[0].body not in ("---", "+++") or not rows[1].body:
        return 0
    # Comments and TOML's `[table]` may stand before the first key, but alone they are text.
    first = next((row.body for row in rows[1:] if row.body[:1] not in ("#", "[", "")), "")
    if not _FRONT_KEY.match(first):
        return 0
    closing = ("---", "...") if rows[0].body == "---" else ("+++",)
    return next((i + 1 for i in range(2, len(rows)) if rows[i].body in closing and not rows[i].indent), 0)


def _indented(rows: Sequence[Line], i: int) -> Parsed:
    if rows[i].indent < _CODE_INDENT:
        return None
    j = i + 1
    while j < len(rows) and (not rows[j].body or rows[j].indent >= _CODE_INDENT):
        j += 1
    return span(rows, i, j, "code"), j


def _heading(rows: Sequence[Line], i: int) -> Parsed:
    level = _atx_level(rows[i])
    if not level:
        return None
    return Block("heading", rows[i].first, rows[i].end, level, plain_title(_atx_title(rows[i].body))), i + 1


def _atx_level(line: Line) -> int:
    """1 to 6 for a line such as `## Install`, else 0."""
    if line.body[:1] != "#" or line.indent >= _CODE_INDENT:
        return 0
    rest = line.body[:8].lstrip("#")
    level = len(line.body[:8]) - len(rest)
    return level if level <= 6 and (not rest or rest[0].isspace()) else 0


def _atx_title(body: str) -> str:
    title = body.lstrip("#").strip()
    bare = title.rstrip("#")
    # Closing marks count only behind a space: the title of `# C#` is `C#`.
    return bare.rstrip() if not bare or bare[-1].isspace() else title


def plain_title(title: str) -> str:
    """A heading's words without links' targets, HTML tags, emphasis and code marks, on one line."""
    plain = " ".join(_MARKS.sub("", _LINK.sub(r"\1", _BREAK.sub(" ", title))).split())
    if any(character.isalnum() for character in plain):
        return plain
    return " ".join(title.split())  # where no word is left, the marks are all its author wrote


def _fence(rows: Sequence[Line], i: int) -> Parsed:
    if rows[i].indent >= _CODE_INDENT or (mark := _FENCE.match(rows[i].body)) is None:
        return None
    j = _fence_end(rows, i, mark[0])
    return span(rows, i, j, "code"), j


def _fence_end(rows: Sequence[Line], i: int, mark: str) -> int:
    """The line behind the fence that closes the one at line i: the text's end where none does."""
    for j in range(i + 1, len(rows)):
        body = rows[j].body
        if body.startswith(mark) and not body.strip(mark[0]):
            return j + 1
    return len(rows)


def _table(rows: Sequence[Line], i: int) -> Parsed:
    if not _opens_table(rows, i):
        return None
    j = i + 2
    while j < len(rows) and "|" in rows[j].body:
        j += 1
    return span(rows, i, j, "table", rows[i + 1].end), j


def _opens_table(rows: Sequence[Line], i: int) -> bool:
    if "|" not in rows[i].body or i + 1 >= len(rows):
        return False
    rule = rows[i + 1].body
    return "|" in rule and "-" in rule and not rule.strip("|:- \t") and _cells(rule) == _cells(rows[i].body)


def _cells(row: str) -> int:
    inner = row.removeprefix("|").removesuffix("|")
    return inner.count("|") - inner.count("\\|") + 1


def _is_break(body: str) -> bool:
    """A thematic break: three or more of one mark, spaces between them allowed."""
    return body[:1] in ("-", "*", "_") and not body.strip(body[0] + " \t") and body.count(body[0]) >= 3


def _break(rows: Sequence[Line], i: int) -> Parsed:
    return (None, i + 1) if _is_break(rows[i].body) else None


def _quote(rows: Sequence[Line], i: int) -> Parsed:
    if rows[i].body[0] != ">":
        return None
    j = i + 1
    while j < len(rows) and (rows[j].body[:1] == ">" or (rows[j].body and not _interrupts(rows, j))):
        j += 1
    return span(rows, i, j, "paragraph"), j


def list_block(rows: Sequence[Line], i: int) -> Parsed:
    """A list with all its items, what is nested in them, and the blank lines between."""
    if not MARKER.match(rows[i].body):
        return None
    j = i + 1
    while j < len(rows):
        if not rows[j].body:
            k = next((k for k in range(j + 1, len(rows)) if rows[k].body), len(rows))
            if k == len(rows) or not (rows[k].indent >= 2 or _continues(rows[k])):
                break
            j = k
        elif rows[j].indent >= 2:
            mark = _FENCE.match(rows[j].body)
            j = _fence_end(rows, j, mark[0]) if mark else j + 1
        elif not _continues(rows[j]) and _interrupts(rows, j):
            break
        else:
            j += 1
    return span(rows, i, j, "list"), j


def _continues(line: Line) -> bool:
    return bool(MARKER.match(line.body)) and not _is_break(line.body)


def _paragraph(rows: Sequence[Line], i: int) -> tuple[Block | None, int]:
    j = i + 1
    while j < len(rows) and rows[j].body:
        if j - i <= _LONGEST_SETEXT and (level := _setext_level(rows[j])):
            title = " ".join(row.body for row in rows[i:j])
            return Block("heading", rows[i].first, rows[j - 1].end, level, plain_title(title)), j + 1
        if _interrupts(rows, j):
            break
        j += 1
    return span(rows, i, j, "paragraph"), j


def _setext_level(line: Line) -> int:
    if line.indent >= _CODE_INDENT or line.body[0] not in "=-" or line.body.strip(line.body[0]):
        return 0
    return 1 if line.body[0] == "=" else 2


def _interrupts(rows: Sequence[Line], j: int) -> bool:
    """Whether line j ends a paragraph that runs up to it without a blank line between."""
    line = rows[j]
    if line.indent >= _CODE_INDENT:
        return False
    body = line.body
    if "|" in body and _opens_table(rows, j):
        return True
    if body[0] not in "#`~>-*+_•1":
        return False
    return bool(
        body[0] == ">"
        or _atx_level(line)
        or _FENCE.match(body)
        or _is_break(body)
        or _BULLET_OR_ONE.match(body)
    )


_RULES: tuple[Rule, ...] = (_indented, _heading, _fence, _break, _table, _quote, list_block)
