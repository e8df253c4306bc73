"""Text of an HTML page that nobody sees: which elements hold it, why, and how much there is.

Hidden are elements by attribute, by inline style, or by writing in the colour they are written on; comments;
and whole sentences in scripts. What is shown but is no content, such as navigation, is not hidden.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rag.loaders.guard.hidden import note_hidden, says_something

from .css import WHITE, Colour, colour, conceals, declarations, same_colour

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

_QUOTED = re.compile(r'"((?:[^"\\\n]|\\.){20,2000})"|\'((?:[^\'\\\n]|\\.){20,2000})\'|`([^`\\]{20,2000})`')
_CONDITIONAL = re.compile(r"\s*\[(?:if|endif)\b", re.IGNORECASE)
_DATA = ("application/ld+json", "application/json", "importmap", "speculationrules")
_MOST_ANCESTORS = 200


def concealed(node: LexborNode) -> str:
    """Why an element is kept from readers, in words; `` where it is not, as far as the page itself tells."""
    attributes = node.attributes
    if not attributes:
        return ""
    if "hidden" in attributes:
        return "attribute hidden"
    if (attributes.get("aria-hidden") or "").lower() == "true":
        return "aria-hidden"
    style = declarations(attributes.get("style") or "")
    if style and (why := conceals(style)):
        return why
    ink = colour(style.get("color") or (attributes.get("color") or "" if node.tag == "font" else ""))
    behind = _behind(node) if ink else None
    return "colour of its background" if ink and behind and same_colour(ink, behind) else ""


def note_concealed(root: LexborNode | None) -> None:
    """Notes every hidden piece of text below a node that could inform anyone, by why it is hidden."""
    stack = [root] if root is not None else []
    while stack:
        node = stack.pop()
        why, text = _kept_back(node)
        if not why:
            stack.extend(reversed(list(node.iter(include_text=True))))
        elif says_something(text):
            note_hidden(f"characters of text ({why})", len(text))


def _kept_back(node: LexborNode) -> tuple[str, str]:
    """Why a node's text is hidden, and the text; two empty strings where its children have to be asked."""
    if node.is_comment_node:
        text = node.comment_content or ""
        return "comment", "" if _CONDITIONAL.match(text) else _spaced(text)
    if node.tag == "script":
        data = (node.attributes.get("type") or "").lower() in _DATA
        return "script", "" if data else _sentences(node.text() or "")
    if node.tag in ("style", "html", "body") or not node.is_element_node:
        return ("style", "") if node.tag == "style" else ("", "")
    why = concealed(node)
    return (why, _spaced(node.text(deep=True, separator=" "))) if why else ("", "")


def _sentences(script: str) -> str:
    """The strings of a script that are prose."""
    quoted = ("".join(found) for found in _QUOTED.findall(script))
    return " ".join(_spaced(text) for text in quoted if says_something(text) and text.count(" ") > 2)


def _spaced(text: str) -> str:
    return " ".join(text.split())


def _behind(node: LexborNode) -> Colour | None:
    """The colour an element is written on; None where something decides about it that is not read here."""
    each: LexborNode | None = node
    for _ in range(_MOST_ANCESTORS):
        if each is None or not each.tag or each.tag == "-document":
            break
        attributes = each.attributes
        style = declarations(attributes.get("style") or "")
        given = style.get("background-color") or style.get("background") or attributes.get("bgcolor")
        if given and given not in ("transparent", "none", "inherit"):
            return colour(given)
        if "class" in attributes or "background" in attributes:
            return None
        each = each.parent
    sheets = node.parser.css_first("style, link[rel~=stylesheet]") if node.parser else None
    return WHITE if sheets is None else None
