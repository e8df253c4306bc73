"""MathML → the LaTeX that its author wrote, else LaTeX made of it; one line of signs → plain text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

_DEEPEST = 60
_STYLED = re.compile(r"^\{\\(?:display|text)style\s*(.*)\}$", re.DOTALL)
_UNSEEN = {ord(sign): None for sign in "\u2061\u2062\u2063\u2064\u200b"}  # invisible operators
_LARGE = {"∑": r"\sum", "∏": r"\prod", "∫": r"\int", "⋃": r"\bigcup", "lim": r"\lim"}
_OVER = {"^": "hat", "ˆ": "hat", "~": "tilde", "˜": "tilde", "¯": "bar", "‾": "bar", "→": "vec", "˙": "dot"}


def mathml(node: LexborNode) -> str:
    """`E=m`, or `$E=mc^{2}$` where the equation has a structure; `` for an empty one."""
    written = node.attributes.get("alttext") or _annotated(node)
    if written:
        bare = _STYLED.sub(r"\1", " ".join(written.split()))
        return f"${bare.strip()}$" if bare.strip() else ""
    text = " ".join(_latex(node, 0).split())
    return f"${text}$" if any(sign in text for sign in "\\^_") else text


def _annotated(node: LexborNode) -> str:
    for each in node.css("annotation"):
        if "tex" in (each.attributes.get("encoding") or "").lower():
            return each.text() or ""
    return ""


def _elements(node: LexborNode) -> Iterator[LexborNode]:
    return (each for each in node.iter() if each.is_element_node)


def _latex(node: LexborNode, depth: int) -> str:
    tag = node.tag or ""
    if tag in ("annotation", "annotation-xml", "mphantom") or depth > _DEEPEST:
        return ""
    if tag in ("mi", "mn", "mo", "ms"):
        text = (node.text() or "").translate(_UNSEEN).strip()
        return _LARGE.get(text, text) if tag == "mo" else text
    if tag == "mtext":
        return f" {' '.join((node.text() or '').split())} "
    parts = [_latex(each, depth + 1) for each in _elements(node)]
    return _structure(tag, parts, node, depth)


def _structure(tag: str, parts: list[str], node: LexborNode, depth: int) -> str:
    count = len(parts)
    if tag == "mfrac" and count == 2:
        return rf"\frac{{{parts[0]}}}{{{parts[1]}}}"
    if tag == "mroot" and count == 2:
        return rf"\sqrt[{parts[1]}]{{{parts[0]}}}"
    if tag == "msqrt":
        return rf"\sqrt{{{''.join(parts)}}}"
    if tag in ("msub", "munder") and count == 2:
        return f"{_grouped(parts[0])}_{{{parts[1]}}}"
    if tag == "mover" and count == 2 and parts[1] in _OVER:
        return rf"\{_OVER[parts[1]]}{{{parts[0]}}}"
    if tag in ("msup", "mover") and count == 2:
        return f"{_grouped(parts[0])}^{{{parts[1]}}}"
    if tag in ("msubsup", "munderover") and count == 3:
        return f"{_grouped(parts[0])}_{{{parts[1]}}}^{{{parts[2]}}}"
    if tag == "mtable":
        rows = (" & ".join(_latex(cell, depth + 2) for cell in _elements(row)) for row in _elements(node))
        return r"\begin{matrix}" + r" \\ ".join(rows) + r"\end{matrix}"
    if tag == "mfenced":
        opened, closed = node.attributes.get("open", "("), node.attributes.get("close", ")")
        return f"{opened or ''}{','.join(parts)}{closed or ''}"
    return "".join(parts)


def _grouped(base: str) -> str:
    return base if len(base) < 2 or base.isdigit() or base.startswith("\\") else f"{{{base}}}"
