"""Questions about nodes of an HTML tree: what shows, what is navigation, what text is under one.

Raised and lowered text stays apart from the number before it, ruby keeps the word below it, and equations are
LaTeX.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rag.loaders.guard.invisible import visible
from rag.loaders.raised import lowered, raised

from .furniture import is_furniture
from .mathml import mathml

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

SKIPPED = frozenset(
    [
        "script",
        "style",
        "template",
        "noscript",
        "head",
        "nav",
        "svg",
        "iframe",
        "object",
        "embed",
        "canvas",
        "audio",
        "video",
        "select",
        "datalist",
        "rt",
        "rp",
        "rtc",
        "button",
        "textarea",
        "input",
        "annotation",
        "annotation-xml",
        "dialog",
    ]
)
"""Elements whose content is no part of what a page says."""
BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "caption",
        "center",
        "dd",
        "details",
        "dialog",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hgroup",
        "hr",
        "html",
        "legend",
        "li",
        "main",
        "menu",
        "ol",
        "p",
        "pre",
        "section",
        "summary",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
        "ul",
    ]
)
"""Elements that begin on a line of their own."""
_STRUCK_ON = re.compile(r"~~( ?)~~(?!~)")
_BEFORE = 24  # characters that tell what a raised text belongs to
UNITS = frozenset({"sup", "sub", "math"})
"""Inline elements that are read as a whole: raised and lowered text, equations."""
_INLINE = frozenset({"a", "b", "em", "font", "i", "small", "span", "strong", "sup", "u"})
_NOTE_SIGN = re.compile(r"\d{1,3}|[*∗†‡§¶#]{1,3}")
_NOTE_NUMBER = re.compile(r"[(\[]?(?:\d{1,3}|[a-z]{1,4}|[*∗†‡§¶#]{1,3})[)\]]?")
_SPACES = re.compile(r"[ \t\n\r\f\u00a0]+")
_BREAK = "\x0b"
_BREAKS = re.compile(f" ?{_BREAK} ?")


def shown(node: LexborNode) -> bool:
    """Whether an element is content: not skipped, no menu and no cookie notice. The page itself always is."""
    tag = node.tag or ""
    if tag in ("html", "body"):
        return True
    attributes = node.attributes
    if tag in SKIPPED and not (tag == "dialog" and "open" in attributes):
        return False
    if not attributes:
        return True
    return not is_furniture(node, attributes)


def children(node: LexborNode) -> list[LexborNode]:
    """The child nodes, texts among them."""
    return list(node.iter(include_text=True))


def collapse(pieces: list[str]) -> str:
    """Pieces of text as a browser shows them: runs of space are one, `<br>` is a line break."""
    text = _BREAKS.sub("\n", _SPACES.sub(" ", "".join(pieces))).strip()
    return _STRUCK_ON.sub(r"\1", text) if "~~" in text else text


def text_piece(node: LexborNode) -> str:
    """What a text node, a `<br>`, a check box or an image adds to the line it stands in."""
    if node.tag == "-text":
        return visible(node.text_content or "")
    if node.tag == "br":
        return _BREAK
    if node.tag == "input":
        return _check_box(node)
    return visible((node.attributes.get("alt") or "") if node.tag == "img" else "")


def _check_box(node: LexborNode) -> str:
    """☒ or ☐ for a check box that belongs to a text, `` for one that only opens and closes something."""
    attributes = node.attributes
    if (attributes.get("type") or "").lower() != "checkbox":
        return ""
    around = node.parent.tag if node.parent is not None else ""
    before = (
        node.prev.text(deep=True).strip() if node.prev is not None and node.prev.tag not in BLOCKS else ""
    )
    if around not in ("td", "th", "li", "label") and not before and not _following(node).strip():
        return ""
    return "☒ " if "checked" in attributes else "☐ "


def unit(node: LexborNode, before: str) -> str:
    """What one of `UNITS` adds to the line that ends with `before`."""
    if node.tag == "math":
        return visible(mathml(node))
    text = text_under(node)
    if node.tag == "sub":
        return lowered(before, text)
    after = _following(node, past_inline=True)
    if node.tag == "a" or (_leads_to_note(node) and _NOTE_NUMBER.fullmatch(text)):
        mark = f"[{text.strip('()[]')}]"
        mark = f" {mark}" if before.strip() and not before[-1].isspace() else mark
    else:
        mark = raised(before, text, after)
    return f"{mark} " if mark.startswith("[") and not before.strip() and after[:1].isalnum() else mark


def is_note_number(node: LexborNode, before: str) -> bool:
    """Whether a link is the number of a note that runs into the words beside it.

    At the start of a line it leads back, and words follow at once; elsewhere it stands at once behind a word.
    """
    if node.tag != "a" or not _leads_within(node) or node.css_first("sup") is not None:
        return False
    if before.strip():
        return not before[-1].isspace() and bool(_NOTE_SIGN.fullmatch(text_under(node)))
    return _following(node)[:1].isalnum() and bool(_NOTE_NUMBER.fullmatch(text_under(node)))


def _leads_to_note(node: LexborNode) -> bool:
    """Whether a raised text is a link, or within one, to a place of the page."""
    around = node.parent if node.parent is not None and node.parent.tag == "a" else None
    return any(_leads_within(each) for each in (around, node.css_first("a[href]")) if each is not None)


def _leads_within(link: LexborNode) -> bool:
    """Whether a link leads to a place of the page or the book that it stands in."""
    target = link.attributes.get("href") or ""
    return "#" in target and "://" not in target


def _following(node: LexborNode, *, past_inline: bool = False) -> str:
    """The first signs of what stands behind a node on its line, within the inline element that it is in."""
    text = ""
    each = node.next
    while not text.strip():
        while each is None and past_inline and node.parent is not None and node.parent.tag in _INLINE:
            node = node.parent
            each = node.next
        if each is None or each.tag in BLOCKS or each.tag == "br":
            break
        text += (each.text_content or each.text() or "")[:_BEFORE]
        node, each = each, each.next
    return text


def text_under(node: LexborNode) -> str:
    """The shown text of a subtree on one line: a heading's, or a table cell's."""
    return " ".join(collapse(list(_pieces(node))).split())


def raw_text_under(node: LexborNode) -> str:
    """The shown text of a subtree with its white space: that of `<pre>`."""
    return "".join(_pieces(node)).replace(_BREAK, "\n").replace("\u00a0", " ")


def _is_next_code(node: LexborNode) -> bool:
    """Whether an element is code right behind other code in a `<pre>`: a variant of it, or the next line."""
    if node.tag != "code" or node.parent is None or node.parent.tag != "pre":
        return False
    return node.prev is not None and node.prev.tag == "code"


def _pieces(node: LexborNode) -> Iterator[str]:
    stack = list(reversed(children(node)))
    before = ""
    while stack:
        each = stack.pop()
        if piece := text_piece(each):
            before = piece if len(piece) > _BEFORE else before + piece
            yield piece
        elif each.is_element_node and shown(each):
            if each.tag in UNITS or is_note_number(each, before):
                before = unit(each, before)
                yield before
                continue
            if each.tag in BLOCKS or (_is_next_code(each) and not before.endswith("\n")):
                yield _BREAK
            stack.extend(reversed(children(each)))
