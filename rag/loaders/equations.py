"""Equations of Office files (OMML, ECMA-376 part 1, 22.1) → LaTeX; one without structure → its plain text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rag.loaders.guard.xml import attribute, local

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_OPERATORS = {"∑": r"\sum", "∏": r"\prod", "∫": r"\int", "∬": r"\iint", "∮": r"\oint", "⋃": r"\bigcup"}
_ACCENTS = {"̂": "hat", "̃": "tilde", "̄": "bar", "⃗": "vec", "̇": "dot", "̈": "ddot"}
_DEEPEST_FIELD = 20
_FORMAT = re.compile(r'\\\* *+(?:"[^"]{0,200}"|\w{1,40})')
_SWITCH = re.compile(r"\\([a-zA-Z])((?:\\[a-zA-Z]{2}(?:\\.| ?\d)?){0,8}+) {0,9}\(([^()\\]*)\)")
_DEFAULTS = {"nary": "∫", "acc": "̂"}


def equation(element: Element) -> str:
    """`T=1280`, or `$\\frac{a}{b}$` where the equation has a structure; `` for an empty one."""
    text = " ".join(_inside(element).split())
    flat = all(
        local(each) in ("oMath", "oMathPara", "r", "t", "rPr") or _is_property(each)
        for each in element.iter()
    )
    return text if flat or not text else f"${text}$"


def _is_property(element: Element) -> bool:
    return local(element) not in _RULES


def _inside(element: Element) -> str:
    return "".join(_latex(each) for each in element)


def _latex(element: Element) -> str:
    name = local(element)
    if name == "t":
        return element.text or ""
    if name == "r":
        return "".join(each.text or "" for each in element if local(each) == "t")
    if name in _RULES:
        parts = {local(each): _inside(each) for each in element if not local(each).endswith("Pr")}
        return _structure(name, element, parts)
    return "" if name.endswith("Pr") else _inside(element)


def _structure(name: str, element: Element, parts: dict[str, str]) -> str:
    base = parts.get("e", "")
    if name in ("f", "rad"):
        if name == "f":
            kind = _property(element, "type", "bar")
            if kind in ("lin", "skw"):
                return f"{_grouped(parts.get('num', ''))}/{_grouped(parts.get('den', ''))}"
            if kind == "noBar":
                return rf"\genfrac{{}}{{}}{{0pt}}{{}}{{{parts.get('num', '')}}}{{{parts.get('den', '')}}}"
            return rf"\frac{{{parts.get('num', '')}}}{{{parts.get('den', '')}}}"
        degree = f"[{parts['deg']}]" if parts.get("deg") else ""
        return rf"\sqrt{degree}{{{base}}}"
    if name in ("sSup", "sSub", "sSubSup", "sPre", "nary"):
        head = base if name in ("sSup", "sSub", "sSubSup") else ""
        if name == "nary":
            sign = _sign(element, name)
            head = _OPERATORS.get(sign, sign)
        low = f"_{{{parts['sub']}}}" if parts.get("sub") else ""
        high = f"^{{{parts['sup']}}}" if parts.get("sup") else ""
        script = f"{_grouped(head) if name != 'nary' else head}{low}{high}"
        return script + (f" {base}" if name in ("sPre", "nary") else "")
    if name == "d":
        if (binomial := _binomial(element)) is not None:
            return binomial
        between = _property(element, "sepChr", "|")
        inner = between.join(_inside(each) for each in element if local(each) == "e")
        return f"{_property(element, 'begChr', '(')}{inner}{_property(element, 'endChr', ')')}"
    if name == "func":
        return f"{parts.get('fName', '')} {base}"
    if name in ("m", "eqArr"):
        rows = (
            [
                " & ".join(_inside(cell) for cell in row if local(cell) == "e")
                for row in element
                if local(row) == "mr"
            ]
            if name == "m"
            else [_inside(each) for each in element if local(each) == "e"]
        )
        kind = "matrix" if name == "m" else "aligned"
        return rf"\begin{{{kind}}}" + r" \\ ".join(rows) + rf"\end{{{kind}}}"
    if name == "acc":
        return rf"\{_ACCENTS.get(_sign(element, name), 'hat')}{{{base}}}"
    if name == "bar":
        return rf"\overline{{{base}}}"
    if name in ("limLow", "limUpp"):
        return f"{base}{'_' if name == 'limLow' else '^'}{{{parts.get('lim', '')}}}"
    return base


def _binomial(brackets: Element) -> str | None:
    """A fraction without its bar alone in round brackets is a binomial; None for anything else."""
    bases = [each for each in brackets if local(each) == "e"]
    if len(bases) != 1 or _property(brackets, "begChr", "(") != "(":
        return None
    inner = [each for each in bases[0] if not local(each).endswith("Pr")]
    if len(inner) != 1 or local(inner[0]) != "f" or _property(inner[0], "type", "bar") != "noBar":
        return None
    parts = {local(each): _inside(each) for each in inner[0]}
    return rf"\binom{{{parts.get('num', '')}}}{{{parts.get('den', '')}}}"


_RULES = frozenset(
    [
        "f",
        "rad",
        "sSup",
        "sSub",
        "sSubSup",
        "sPre",
        "nary",
        "d",
        "func",
        "m",
        "eqArr",
        "acc",
        "bar",
        "limLow",
        "limUpp",
    ]
)


def _grouped(base: str) -> str:
    return base if len(base) < 2 or base.isdigit() else f"{{{base}}}"


def _sign(element: Element, name: str) -> str:
    return _property(element, "chr", _DEFAULTS[name])


def _property(element: Element, name: str, default: str) -> str:
    for properties in element:
        if local(properties).endswith("Pr"):
            for each in properties:
                if local(each) == name:
                    return attribute(each, "val")
    return default


def field_equation(code: str) -> str:
    """The code of an `EQ` field, in which Word kept equations and ruby before it knew them, as plain text.

    `EQ \\f(1,2)` is `1/2`; of things that are drawn over one another the last is kept, a word below its ruby.
    """
    text = _FORMAT.sub("", code.strip()[2:])
    for _ in range(_DEEPEST_FIELD):
        text, replaced = _SWITCH.subn(_said, text)
        if not replaced:
            break
    return " ".join(text.split())


def _said(switch: re.Match[str]) -> str:
    kind = switch[1].lower()
    arguments = [each.strip() for each in re.split("[,;]", switch[3])]
    if kind == "f" and len(arguments) == 2:
        return "/".join(each if each.isalnum() else f"({each})" for each in arguments)
    if kind == "r":
        return f"√({arguments[-1]})"
    if kind == "o":
        return arguments[-1]
    if kind == "s":
        raised = "up" in switch[2].lower()
        return f"^{arguments[0]}" if raised and len(arguments) == 1 else arguments[-1]
    return ", ".join(arguments)
