"""What a page shows on every visit and that says nothing: menus, paths of links, cookie notices."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

_NAVIGATION = frozenset({"nav", "navbar", "navigation", "breadcrumb", "breadcrumbs", "skip-link"})
_ROLES = frozenset({"navigation", "menu", "menubar", "toolbar"})
_MENUS = frozenset(
    {"menu", "menus", "nav", "navbar", "navigation", "topnav", "sidenav", "pagination", "pager"}
)
_CONSENT = frozenset(
    ("cookie", "cookies", "cookiebot", "consent", "gdpr", "onetrust", "didomi", "usercentrics", "cmp", "cc")
)
_NAMED = re.compile(
    r"nav|menu|pag|cook|consent|gdpr|onetrust|didomi|usercentrics|cmp|cc|dialog|breadcrumb|skip"
)
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
_WORDS = re.compile(r"[a-z]+")
_NOTICE = re.compile(r"cookie|consent|datenschutz|privacy|données personnelles|privacidad", re.IGNORECASE)
_AGREE = re.compile(
    r"\b(?:accept|agree|allow|got it|ok(?:ay)?|understood|reject|decline|manage|zustimmen|akzeptieren|"
    r"ablehnen|einverstanden|accepter|refuser|aceptar|rechazar|accetta|aceitar|akkoord)\b",
    re.IGNORECASE,
)
_LONGEST_NOTICE = 1500
_MOST_LINKED = 0.8  # share of a menu's text that is links
_FEWEST_LINKS = 3
_LONGEST_LABEL = 40


def is_furniture(node: LexborNode, attributes: dict[str, str | None]) -> bool:
    """Whether an element is navigation, or a notice that asks for consent to cookies."""
    role = (attributes.get("role") or "").lower()
    if role == "navigation":
        return True
    names = f"{attributes.get('id') or ''} {attributes.get('class') or ''}"
    if not role and not _NAMED.search(names.lower()):
        return False
    if not _NAVIGATION.isdisjoint(names.lower().split()):
        # A wrapper may carry such a name and still hold the page.
        return node.css_first("h1, main, article") is None
    words = set(_WORDS.findall(_HUMP.sub("-", names).lower()))
    if role in _ROLES or not _MENUS.isdisjoint(words):
        return _is_menu(node)
    if role in ("dialog", "alertdialog", "alert", "region") or not _CONSENT.isdisjoint(words):
        return _is_notice(node)
    return False


def is_link_list(node: LexborNode) -> bool:
    """Whether a list in a page's header or footer has nothing but links in it: a menu without a name."""
    around = node.parent
    while around is not None and around.tag not in ("header", "footer", "main", "article", "body"):
        around = around.parent
    if around is None or around.tag not in ("header", "footer"):
        return False
    above = around.parent
    while above is not None:
        if above.tag in ("article", "main"):
            return False
        above = above.parent
    return _is_menu(node)


def _is_menu(node: LexborNode) -> bool:
    if node.css_first("h1, main, article, table, pre") is not None:
        return False
    labels = [" ".join(link.text(deep=True).split()) for link in node.css("a, button")]
    if len(labels) < _FEWEST_LINKS or max(map(len, labels)) > _LONGEST_LABEL:
        return False
    whole = len("".join(node.text(deep=True).split()))
    linked = sum(len("".join(label.split())) for label in labels)
    return linked >= _MOST_LINKED * whole


def _is_notice(node: LexborNode) -> bool:
    if node.css_first("h1, main, article") is not None:
        return False
    text = node.text(deep=True)
    if len(text) > _LONGEST_NOTICE or not _NOTICE.search(text):
        return False
    buttons = node.css("button, a, input[type=button], input[type=submit]")
    return any(
        _AGREE.search(f"{each.text(deep=True)} {each.attributes.get('value') or ''}") for each in buttons
    )
