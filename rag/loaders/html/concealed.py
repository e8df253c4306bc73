"""Text of an HTML page that nobody sees: taken out of the tree, and noted by why it is hidden.

Text that shows struck out is marked with `~~` at the same time.

Hidden are elements by attribute, and whatever the page's own styles keep from view (`looks`); comments; and
whole sentences in scripts. What is shown but is no content, such as navigation, is not hidden.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rag.loaders.guard.hidden import note_hidden, says_something

from .css import Values, word
from .looks import MELTED, Attributes, Cascade, Look, conceals, inherit, is_placed, moved_to

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

_QUOTED = re.compile(r'"((?:[^"\\\n]|\\.){20,2000})"|\'((?:[^\'\\\n]|\\.){20,2000})\'|`([^`\\]{20,2000})`')
_CONDITIONAL = re.compile(r"\s*\[(?:if|endif)\b", re.IGNORECASE)
_DATA = ("application/ld+json", "application/json", "importmap", "speculationrules")
_PICTURES = frozenset({"img", "picture", "video", "canvas", "svg", "iframe"})
_STRUCK = re.compile(r"\A(\s*)(\S.*?)(\s*)\Z", re.DOTALL)
_KEPT = frozenset({"html", "body"})
_LONGEST_MARK = 40
_NUMBERED = {
    "lower-alpha": "a", "lower-latin": "a", "upper-alpha": "A", "upper-latin": "A", "lower-roman": "i",
    "upper-roman": "I", "decimal": "1", "decimal-leading-zero": "01", "none": "none",
}  # fmt: skip


def take_out_hidden(page: LexborHTMLParser) -> None:
    """Removes what nobody sees from the tree, and notes every piece that could inform anyone."""
    if page.root is None:
        return
    cascade = Cascade(page)
    gone: list[LexborNode] = []
    struck: list[LexborNode] = []
    moved: list[tuple[LexborNode, str]] = []
    unseen: dict[int, tuple[Look, list[str]]] = {}
    stack: list[tuple[LexborNode, Look]] = [(page.root, cascade.first)]
    while stack:
        node, around = stack.pop()
        tag = node.tag or ""
        if tag == "-text":
            if around.why and (text := node.text_content or "").strip():
                unseen.setdefault(id(around), (around, []))[1].append(text)
                gone.append(node)
            elif around.struck:
                struck.append(node)
            continue
        look, why = _judged(node, tag, around, cascade, moved)
        if why:
            _note(why, _text_of(node, tag))
            if node.is_element_node and tag not in ("script", "style"):
                gone.append(node)
            continue
        if tag != "style":
            inner = list(node.iter(include_text=True))
            if (
                cascade.overlays
                and len(inner) > 1
                and look.paper is not None
                and _is_overlaid(inner, cascade)
            ):
                look = look._replace(paper=None, why="" if look.why == MELTED else look.why)
            stack.extend((each, look) for each in reversed(inner))
    for look, texts in unseen.values():
        _note(look.why, " ".join(texts))
    for node in gone:
        node.decompose()
    for node in struck:
        if text := node.text_content or "":
            node.replace_with(_STRUCK.sub(r"\1~~\2~~\3", text))
    for node, place in moved:
        if (
            not node.css_first("sup, sub, img, br, math")
            and len(text := node.text(deep=True)) <= _LONGEST_MARK
        ):
            mark = page.create_node(place)
            mark.insert_child(text)
            node.replace_with(mark)


def _judged(
    node: LexborNode,
    tag: str,
    around: Look,
    cascade: Cascade,
    moved: list[tuple[LexborNode, str]] | None = None,
) -> tuple[Look, str]:
    """What an element looks like, and why it is hidden with all it holds; `` where it is not.

    Elements that a style raises or lowers go to `moved`, with `sup` or `sub`.
    """
    if tag in ("script", "-comment"):
        return around, tag.lstrip("-")
    if tag.startswith("-"):
        return around, ""
    attributes = node.attributes
    values = cascade.values(node, attributes)
    if not values and cascade.is_plain(tag, attributes, around):
        return around, _by_attribute(attributes, values) if attributes and tag not in _KEPT else ""
    look = inherit(around, values, tag, attributes, cascade)
    if look == around:
        look = around
    if moved is not None and (place := moved_to(values, tag, look, around)):
        moved.append((node, place))
    if tag in ("ol", "ul") and (kind := _numbered(values)):
        node.attrs["type"] = kind
    if tag in _KEPT:
        return look, ""
    if why := _by_attribute(attributes, values):
        return look, why
    why, properties = conceals(values, look)
    if why and cascade.is_revealed(node, attributes, properties):
        return look._replace(opacity=around.opacity), ""
    if look.shown or not around.shown or why:
        return look, why
    return (around if cascade.is_revealed(node, attributes, ("visibility",)) else look), ""


def _numbered(values: Values) -> str:
    """The `type` that an `<ol>` would have for what a style says of its numbers; `` where it says nothing."""
    named = (word([each]) for each in values.get("list-style-type", values.get("list-style", ())))
    return next((_NUMBERED[name] for name in named if name in _NUMBERED), "")


def _by_attribute(attributes: Attributes, values: Values) -> str:
    if "hidden" in attributes and "display" not in values:
        return "" if (attributes["hidden"] or "").lower() == "until-found" else "attribute hidden"
    return "aria-hidden" if (attributes.get("aria-hidden") or "").lower() == "true" else ""


def _is_overlaid(nodes: list[LexborNode], cascade: Cascade) -> bool:
    """Whether one of the neighbours is a picture, or has a background, that lies under the others."""
    for node in nodes:
        if not node.is_element_node:
            continue
        values = cascade.values(node, node.attributes)
        if is_placed(values) and (node.tag in _PICTURES or node.css_first("img, video, canvas, svg") or any(
            values.get(name) for name in ("background", "background-color", "background-image")
        )):  # fmt: skip
            return True
    return False


def _note(why: str, text: str) -> None:
    text = " ".join(text.split())
    if says_something(text):
        note_hidden(f"characters of text ({why})", len(text))


def _text_of(node: LexborNode, tag: str) -> str:
    if node.is_comment_node:
        text = node.comment_content or ""
        return "" if _CONDITIONAL.match(text) else text
    if tag == "script":
        data = (node.attributes.get("type") or "").lower() in _DATA
        return "" if data else _sentences(node.text() or "")
    return node.text(deep=True, separator=" ")


def _sentences(script: str) -> str:
    """The strings of a script that are prose."""
    quoted = (" ".join("".join(groups).split()) for groups in _QUOTED.findall(script))
    return " ".join(text for text in quoted if says_something(text) and text.count(" ") > 2)


def hidden_by_attributes(tag: str) -> str:
    """Why an element is hidden by what its opening tag says alone, on white; `` where it shows."""
    from selectolax.lexbor import LexborHTMLParser

    page = LexborHTMLParser(f"<body>{tag}")
    node = next((each for each in page.css("body *") if each.is_element_node), None)
    if node is None:
        return ""
    cascade = Cascade(page)
    look, why = _judged(node, node.tag or "", cascade.first, cascade)
    return why or look.why
