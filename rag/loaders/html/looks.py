"""How elements come out: a page's own style sheets and attributes, as far as they decide what shows.

`Cascade` gives the declarations that win for an element, `inherit` what its text looks like, `conceals` how
it is kept from view with all it holds. Where a sheet outside the page may decide, colours are None.
What a click shows is kept: elements that a rule for another state, or a script by a class, brings to view.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from rag.loaders.guard.seen import BLACK, FAINT, TINY_POINTS, WHITE, Colour, melts, mix

from .css import (
    Rule,
    Token,
    Values,
    colour,
    declarations,
    font_size,
    functions,
    imports,
    pixels,
    resolved,
    rules,
    share,
    word,
)

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

Attributes = dict[str, str | None]

MELTED = "colour of its background"

_LINK: Colour = (0, 0, 238)
_MARKED: Colour = (255, 255, 0)
_STYLED = frozenset({"mark", "s", "del", "strike"})
_PAINTING = frozenset({"bgcolor", "background", "color", "text"})
_FAR = -400.0  # pixels; less is a design that overlaps
_TOO_FAR = 4000.0  # to the right or below, where a page would have to be scrolled for long
_TALLEST = 1600.0  # pixels of a screen, beyond which nothing fixed shows
_ON_TOP = -0.8  # of the size of letters: each stands on the one before
_POINTS = 0.75  # of a pixel
_TOGGLES = "[aria-controls], [data-target], [data-bs-target]"
_PLACES = (
    "left",
    "right",
    "top",
    "bottom",
    "margin-left",
    "margin-top",
    "transform",
    "translate",
    "text-indent",
)
_INLINE = frozenset({"span", "a", "font", "small", "b", "i", "em", "strong"})
_SMALLER = 0.9  # of the letters around, for what a length sets above or below the line
_OF_A_TURN = {"deg": 1 / 360, "grad": 1 / 400, "turn": 1.0, "rad": 1 / 6.283185307}
_NEARLY = 0.003  # of a turn
_WHOLE = 98.0  # percent that are cut off where nothing is left
_MASKS = ("mask", "mask-image", "mask-size", "-webkit-mask", "-webkit-mask-image", "-webkit-mask-size")
_BOX = ("height", "width", "max-height", "max-width", "overflow")


class Look(NamedTuple):
    """What an element's own text looks like. `why` says why nobody sees it, `` where it shows."""

    ink: Colour | None
    alpha: float
    paper: Colour | None
    size: float  # pixels
    shown: bool  # visibility
    opacity: float
    variables: dict[str, list[Token]]
    painted: bool  # the background shines through the letters, or they have a shadow
    struck: bool
    why: str


class Cascade:
    """The declarations that win for each element of a page, from its style sheets and its attributes."""

    def __init__(self, page: LexborHTMLParser) -> None:
        sheets = [node.text() or "" for node in page.css("style") if _is_for_screens(node.attributes)]
        self.open = page.css_first("link[rel~=stylesheet], script[src]") is not None or any(
            map(imports, sheets)
        )
        self._scripted = page.css_first("script") is not None
        self._matched: dict[int, list[tuple[tuple[int, int, int], int, Rule]]] = defaultdict(list)
        self._reveals: dict[str, list[tuple[frozenset[str], set[int], bool]]] = defaultdict(list)
        self._toggled = _toggled(page) if self._scripted else frozenset()
        for place, rule in enumerate(rule for sheet in sheets for rule in rules(sheet)):
            self._apply(page, rule, place)
        self.overlays = page.css_first("[style*=position]") is not None or any(
            is_placed(rule.plain | rule.important) for each in self._matched.values() for *_, rule in each
        )

    @property
    def first(self) -> Look:
        """What a page looks like before any of its rules."""
        ink, paper = (None, None) if self.open else (BLACK, WHITE)
        return Look(ink, 1.0, paper, 16.0, True, 1.0, {}, False, False, "")

    def is_plain(self, tag: str, attributes: Attributes, around: Look) -> bool:
        """Whether an element without declarations looks as what is around it."""
        if not attributes:
            return tag not in _STYLED
        if tag in _STYLED or not _PAINTING.isdisjoint(attributes):
            return False
        if tag == "a" and around.ink not in (None, BLACK):
            return False
        known = around.ink is not None or around.paper is not None
        return not (known and self.open and ("class" in attributes or "id" in attributes))

    def values(self, node: LexborNode, attributes: Attributes) -> Values:
        """The winning declarations of an element; empty where nothing is said of it."""
        matched = self._matched.get(node.mem_id) if self._matched else None
        style = attributes.get("style")
        if not matched:
            if not style:
                return {}
            plain, important = declarations(style)
            return {**plain, **important} if important else plain
        ordered = [rule for *_, rule in sorted(matched, key=lambda each: each[:2])]
        merged: Values = {}
        for rule in ordered:
            merged.update(rule.plain)
        plain, important = declarations(style) if style else ({}, {})
        merged.update(plain)
        for rule in ordered:
            merged.update(rule.important)
        merged.update(important)
        return merged

    def is_revealed(self, node: LexborNode, attributes: Attributes, properties: tuple[str, ...]) -> bool:
        """Whether a click or a pointer shows the element: another rule says so for a state of it."""
        if "style" in attributes and any(
            name in declarations(attributes["style"] or "")[0] for name in properties
        ):
            return False
        names = {f".{name}" for name in (attributes.get("class") or "").split()}
        if own := attributes.get("id"):
            names.add(f"#{own}")
            if own in self._toggled:
                return True
        if self._scripted and attributes.get("role") == "tabpanel":
            return True
        return any(
            about & names and node.mem_id not in matched and (stated or self._scripted)
            for name in properties
            for about, matched, stated in self._reveals.get(name, ())
        )

    def _apply(self, page: LexborHTMLParser, rule: Rule, place: int) -> None:
        from selectolax.lexbor import SelectolaxError

        matched: set[int] = set()
        if rule.applies and not rule.stated:
            try:
                matched = {node.mem_id for node in page.css(rule.selector)}
            except (SelectolaxError, ValueError):
                return
            for each in matched:
                self._matched[each].append((rule.weight, place, rule))
        if rule.names:
            for name, tokens in (rule.plain | rule.important).items():
                if not _hides(name, tokens):
                    self._reveals[name].append((rule.names, matched, rule.stated or not rule.applies))


def inherit(look: Look, values: Values, tag: str, attributes: Attributes, cascade: Cascade) -> Look:
    """What the text of an element looks like inside one of `look`."""
    variables = look.variables
    if own := {name: tokens for name, tokens in values.items() if name.startswith("--")}:
        variables = {**variables, **own}
    values = resolved(values, variables)
    named = cascade.open and ("class" in attributes or "id" in attributes)
    paper = _paper(None if named else look.paper, look, values, attributes, tag)
    ink, alpha = _ink(None if named else look.ink, look, values, attributes, tag)
    size = font_size(values["font-size"], look.size) if "font-size" in values else look.size
    shown = look.shown
    if (visibility := word(values.get("visibility"))) and visibility not in ("inherit", "revert"):
        shown = visibility not in ("hidden", "collapse")
    opacity = look.opacity * share(values.get("opacity"))
    painted = look.painted
    if "text" in (word(values.get("background-clip")), word(values.get("-webkit-background-clip"))):
        painted = True
    if (shadow := values.get("text-shadow")) is not None:
        painted = word(shadow) != "none"
    lines = values.get("text-decoration-line") or values.get("text-decoration") or ()
    through = (
        tag in ("s", "del", "strike") if not lines else "line-through" in [word([each]) for each in lines]
    )
    struck = look.struck or through
    why = _why(shown, size, ink, alpha, paper, painted)
    return Look(ink, alpha, paper, size, shown, opacity, variables, painted, struck, why)


def conceals(values: Values, look: Look) -> tuple[str, tuple[str, ...]]:
    """How an element is kept from view with all it holds, and by which properties; blank where it is not.

    `look` is that of the element itself.
    """
    if not values:
        return "", ()
    values = resolved(values, look.variables)
    if word(values.get("display")) == "none" or word(values.get("content-visibility")) == "hidden":
        return "display: none", ("display", "content-visibility")
    if look.opacity <= FAINT and ("opacity" in values):
        return "opacity near 0", ("opacity",)
    for name, arguments in functions(values.get("filter")):
        if name == "opacity" and arguments and share(arguments[0]) <= FAINT:
            return "opacity near 0", ("filter",)
    if _has_no_room(values, look.size):
        return "size of zero", _BOX
    if _is_scaled_away(values):
        return "size of zero", ("transform", "scale", "zoom")
    if _is_far(values, look.size):
        return "off screen", _PLACES
    if _is_clipped(values, look.size):
        return "clipped away", ("clip", "clip-path")
    return ("masked away", _MASKS) if _is_masked(values) else ("", ())


def moved_to(values: Values, tag: str, look: Look, around: Look) -> str:
    """`sup` or `sub` where a style sets an inline element above or below the line; `` for any other."""
    given = values.get("vertical-align")
    if tag not in _INLINE:
        return ""
    name = word(given) if given else ""
    if name in ("super", "sub"):
        return "sup" if name == "super" else "sub"
    height = pixels(given, look.size) if given else None
    if not height and word(values.get("position")) == "relative":
        down, up = (pixels(values.get(side), look.size) or 0.0 for side in ("top", "bottom"))
        height = -down or up
    if not height or look.size > _SMALLER * around.size:
        return ""
    return "sup" if height > 0 else "sub"


def is_placed(values: Values) -> bool:
    """Whether an element may lie over or under its neighbours."""
    return word(values.get("position")) in ("absolute", "fixed", "sticky")


def _why(
    shown: bool, size: float, ink: Colour | None, alpha: float, paper: Colour | None, painted: bool
) -> str:
    if not shown:
        return "visibility: hidden"
    if size * _POINTS <= TINY_POINTS:
        return "letters too small to see"
    if painted:
        return ""
    if alpha <= FAINT:
        return "transparent"
    return MELTED if ink and paper and melts(ink, paper, alpha) else ""


def _paper(
    paper: Colour | None, look: Look, values: Values, attributes: Attributes, tag: str
) -> Colour | None:
    given = values.get("background-color")
    if not given and attributes.get("bgcolor"):
        parsed = colour(attributes["bgcolor"] or "")
        return parsed[0] if parsed else None
    image = values.get("background-image")
    if (image and word(image) != "none") or "background" in attributes:
        return None
    if tag == "mark" and not given:
        return _MARKED
    if "dark" in [word([token]) for token in values.get("color-scheme", ())]:
        paper = None
    if not given or word(given) in ("transparent", "none", "inherit", "initial", "unset", "revert"):
        return paper
    parsed = colour(given)
    if parsed is None:
        return None
    behind, alpha = parsed
    return behind if alpha >= 1 else paper and mix(behind, paper, alpha)


def _ink(
    ink: Colour | None, look: Look, values: Values, attributes: Attributes, tag: str
) -> tuple[Colour | None, float]:
    given = values.get("-webkit-text-fill-color") or values.get("color")
    if given:
        if word(given) in ("inherit", "currentcolor", "unset"):
            return ink, look.alpha
        parsed = colour(given)
        return parsed or (None, 1.0)
    if tag == "font" and (parsed := colour(attributes.get("color") or "")):
        return parsed
    if tag == "body" and (parsed := colour(attributes.get("text") or "")):
        return parsed
    if tag == "mark":
        return BLACK, 1.0
    if tag == "a" and attributes.get("href") and ink is not None:
        return _LINK, 1.0
    return ink, look.alpha


def _hides(name: str, tokens: list[Token]) -> bool:
    """Whether a declaration alone is one that keeps something from view."""
    if name in ("display", "content-visibility", "visibility"):
        return word(tokens) in ("none", "hidden", "collapse")
    if name == "opacity":
        return share(tokens) <= FAINT
    if name in ("height", "width", "max-height", "max-width"):
        size = pixels(tokens)
        return size is not None and size <= 1
    if name == "overflow":
        return word(tokens) in ("hidden", "clip")
    return False


def _has_no_room(values: Values, em: float) -> bool:
    if (spacing := pixels(values.get("letter-spacing"), em)) is not None and spacing <= _ON_TOP * em:
        return True
    for axis, sizes in (("overflow-y", ("height", "max-height")), ("overflow-x", ("width", "max-width"))):
        clipped = word(values.get(axis)) in ("hidden", "clip")
        for name in sizes:
            size = pixels(values.get(name), em)
            if clipped and size is not None and size <= 1:
                return True
    return False


def _is_scaled_away(values: Values) -> bool:
    if (zoom := values.get("zoom")) and share(zoom) <= FAINT:
        return True
    if (scale := values.get("scale")) and any(share([token]) <= FAINT for token in scale[:2]):
        return True
    for name, arguments in functions(values.get("transform")):
        numbers = [abs(pixels(each) or 0.0) if each[0].type != "percentage" else abs(each[0].value) / 100
                   for each in arguments]  # fmt: skip
        if not numbers:
            continue
        across = {"scale": numbers[:2], "scale3d": numbers[:2], "scalex": numbers[:1], "scaley": numbers[:1]}
        if name in across and min(across[name]) <= FAINT:
            return True
        if name in ("rotatex", "rotatey") and _is_edge_on(arguments):
            return True
        if name == "matrix" and len(numbers) == 6 and max(numbers[:4]) <= FAINT:
            return True
    return False


def _is_edge_on(arguments: list[list[Token]]) -> bool:
    """Whether an element is turned so that only its edge would show: by a quarter, or three."""
    for token in arguments[0][:1] if arguments else ():
        if token.type == "dimension" and token.lower_unit in _OF_A_TURN:
            return bool(abs(token.value * _OF_A_TURN[token.lower_unit] % 0.5 - 0.25) < _NEARLY)
    return False


def _is_far(values: Values, em: float) -> bool:
    if (pixels(values.get("text-indent"), em) or 0.0) <= _FAR:
        return True
    for edge in ("left", "top"):
        margin = pixels(values.get(f"margin-{edge}"), em) or 0.0
        if margin + (pixels(values.get(f"padding-{edge}"), em) or 0.0) <= _FAR:
            return True
    position = word(values.get("position"))
    if position in ("absolute", "fixed", "relative"):
        for edge in ("left", "right", "top", "bottom"):
            place = pixels(values.get(edge), em) or 0.0
            if place <= _FAR or (place >= _TOO_FAR and position != "relative"):
                return True
            if place >= _TALLEST and position == "fixed":
                return True
    moved = functions(values.get("transform"))
    moves = [(name, arguments) for name, arguments in moved if name.startswith("translate")]
    if values.get("translate"):
        moves.append(("translate", [[token] for token in values["translate"]]))
    for _, arguments in moves:
        # Percent are of the element itself here: -100% is a slide beside the one that shows.
        lengths = [pixels(each, em) or 0.0 for each in arguments if each[0].type != "percentage"]
        if any(length <= _FAR or length >= _TOO_FAR for length in lengths):
            return True
    return False


def _is_clipped(values: Values, em: float) -> bool:
    placed = is_placed(values)
    for name, arguments in functions(values.get("clip")) if placed else ():
        edges = [pixels(each, em) for each in arguments]
        if name == "rect" and len(edges) == 4 and None not in edges:
            top, right, bottom, left = (each or 0.0 for each in edges)
            if bottom - top <= 1 or right - left <= 1:
                return True
    return any(_is_empty_shape(name, given, em) for name, given in functions(values.get("clip-path")))


def _is_empty_shape(name: str, arguments: list[list[Token]], em: float) -> bool:
    """Whether a basic shape (CSS Shapes 1 and 2) leaves nothing of what it clips."""
    if name == "polygon":
        arguments = [each for each in arguments if each[0].type != "ident"]  # how it is filled
    behind = next((i for i, each in enumerate(arguments) if each[0].type == "ident"), len(arguments))
    given = arguments[:behind]  # before `round` and `at`
    lengths = [pixels(each, em) for each in given]
    if name == "inset" and given:
        shares = [each[0].value if each[0].type == "percentage" else 0.0 for each in given]
        top, right, bottom, left = (shares * 4)[:4] if len(shares) < 3 else (*shares, shares[1])[:4]
        return bool(top + bottom >= _WHOLE or left + right >= _WHOLE)
    if name in ("circle", "ellipse"):
        return bool(given) and 0.0 in lengths
    if name == "polygon":
        points = list(zip(lengths[::2], lengths[1::2], strict=False))
        return len(points) > 0 and (len({x for x, _ in points}) == 1 or len({y for _, y in points}) == 1)
    if name == "rect" and len(lengths) == 4 and None not in lengths:
        top, right, bottom, left = (each or 0.0 for each in lengths)
        return bottom - top <= 0 or right - left <= 0
    return name == "xywh" and 0.0 in lengths[2:4]


def _is_masked(values: Values) -> bool:
    """Whether a mask lets nothing through: gradients of colours without any ink, or no size."""
    for prefix in ("", "-webkit-"):
        size = values.get(f"{prefix}mask-size")
        if size and pixels(size[:1]) == 0:
            return True
        for name, arguments in functions(values.get(f"{prefix}mask-image") or values.get(f"{prefix}mask")):
            if not name.endswith("gradient"):
                continue
            colours = [known for each in arguments if (known := colour(each)) is not None]
            if colours and all(alpha <= FAINT for _, alpha in colours):
                return True
    return False


def _is_for_screens(attributes: Attributes) -> bool:
    media = (attributes.get("media") or "").lower()
    return "print" not in media and "speech" not in media


def _toggled(page: LexborHTMLParser) -> frozenset[str]:
    """The ids that buttons of the page show and hide."""
    toggled = set()
    for node in page.css(_TOGGLES):
        for name in ("aria-controls", "data-target", "data-bs-target"):
            toggled.update((node.attributes.get(name) or "").replace("#", " ").split())
    return frozenset(toggled)
