"""CSS, read by tinycss2: the declarations of a style attribute, the rules of a style sheet, and their values.

Declarations are property → the tokens of its value, without comments, escapes undone, shorthands that matter
here written out. What no screen of a common size applies, such as rules for print, is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from rag.loaders.guard.seen import Colour

Token = Any
Values = dict[str, list[Token]]

_PIXELS = {
    "px": 1.0, "": 1.0, "pt": 4 / 3, "pc": 16.0, "in": 96.0, "cm": 37.8, "mm": 3.78, "q": 0.945,
    "rem": 16.0, "vw": 12.8, "vh": 8.0, "vmin": 8.0, "vmax": 12.8,
}  # fmt: skip
_PER_EM = {"em": 1.0, "ex": 0.5, "ch": 0.5, "lh": 1.2, "cap": 0.7, "ic": 1.0}
_PERCENT = 8.0  # pixels of a percent of the page: near enough to tell far from near
_EDGES = ("top", "right", "bottom", "left")
_SIZES = {
    "xx-small": 9.0, "x-small": 10.0, "small": 13.0, "medium": 16.0, "large": 18.0, "x-large": 24.0,
    "xx-large": 32.0, "xxx-large": 48.0,
}  # fmt: skip
_STATES = frozenset(
    (
        "hover",
        "focus",
        "focus-within",
        "focus-visible",
        "active",
        "target",
        "target-within",
        "checked",
        "open",
    )
)
_NARROW = ("max-width", "max-height", "prefers-", "portrait", "hover:none", "print", "speech", "not ")
_MOST_RULES = 20_000
_LONGEST_SELECTOR = 2_000
_LONGEST_VALUE = 2_000
_DEEPEST = 8  # variables within variables


class Rule(NamedTuple):
    """One selector of a rule. `stated`: it asks for a state such as `:hover`."""

    selector: str
    stated: bool
    names: frozenset[str]  # `.class` and `#id` of the element that it is about
    weight: tuple[int, int, int]
    plain: Values
    important: Values
    applies: bool  # False: only on another screen


def declarations(style: str) -> tuple[Values, Values]:
    """The plain and the important declarations of a style attribute, the last of each."""
    import tinycss2

    return _split(tinycss2.parse_blocks_contents(style, skip_comments=True, skip_whitespace=True))


def rules(sheet: str, applies: bool = True) -> Iterator[Rule]:
    """The rules of a style sheet in their order, those within `@media` and nested ones too."""
    import tinycss2

    parsed = _rules(tinycss2.parse_stylesheet(sheet, skip_comments=True, skip_whitespace=True), "", applies)
    for _, rule in zip(range(_MOST_RULES), parsed, strict=False):
        yield rule


def imports(sheet: str) -> bool:
    """Whether a sheet brings in another one that is not in the page."""
    return "@import" in sheet.lower()


def word(tokens: Sequence[Token] | None) -> str:
    """The one keyword of a value in lower case; `` for any other value."""
    return tokens[0].lower_value if tokens and len(tokens) == 1 and tokens[0].type == "ident" else ""


def pixels(tokens: Sequence[Token] | None, em: float = 16.0) -> float | None:
    """A length in pixels, percent of a page among them; None for what is none, or not known here."""
    if not tokens or len(tokens) != 1:
        return None
    token = tokens[0]
    if token.type == "number":
        return float(token.value)
    if token.type == "percentage":
        return float(token.value) * _PERCENT
    if token.type == "dimension":
        unit = token.lower_unit
        factor = _PER_EM[unit] * em if unit in _PER_EM else _PIXELS.get(unit)
        return None if factor is None else float(token.value) * factor
    if token.type == "function" and token.lower_name == "calc":
        return _calculated(_without_blanks(token.arguments), em)
    return None


def font_size(tokens: Sequence[Token] | None, em: float) -> float:
    """The size of letters in pixels, `em` being the one around; that one for a value not known here."""
    name = word(tokens)
    if name in _SIZES:
        return _SIZES[name]
    if name in ("smaller", "larger"):
        return em / 1.2 if name == "smaller" else em * 1.2
    if tokens and len(tokens) == 1 and tokens[0].type == "percentage":
        return float(tokens[0].value) * em / 100
    size = pixels(tokens, em)
    return em if size is None else size


def share(tokens: Sequence[Token] | None, default: float = 1.0) -> float:
    """A share such as an opacity, `.5` or `50%`, from 0 to 1."""
    if not tokens or len(tokens) != 1:
        return default
    if tokens[0].type == "function":
        number = pixels(tokens)
        return default if number is None else float(min(max(number, 0.0), 1.0))
    if tokens[0].type not in ("number", "percentage"):
        return default
    value = tokens[0].value / (100 if tokens[0].type == "percentage" else 1)
    return float(min(max(value, 0.0), 1.0))


def colour(tokens: Sequence[Token] | str | None) -> tuple[Colour, float] | None:
    """Red, green, blue (0 to 255) and how much covers (0 to 1); None for what is no colour, or not known."""
    from tinycss2.color4 import parse_color

    if not tokens or (not isinstance(tokens, str) and len(tokens) != 1):
        return None
    given: Token = tokens if isinstance(tokens, str) else tokens[0]
    if not isinstance(given, str) and given.type == "function" and given.lower_name in _MIXTURES:
        return _MIXTURES[given.lower_name](list(_apart(_without_blanks(given.arguments))))
    try:
        parsed = parse_color(given)
        if parsed is None or isinstance(parsed, str):
            return None
        red, green, blue = (255 * (each or 0.0) for each in parsed.to("srgb").coordinates)
    except (ValueError, TypeError, NotImplementedError):
        return None
    return (red, green, blue), float(1.0 if parsed.alpha is None else parsed.alpha)


def _mixed(parts: list[list[Token]]) -> tuple[Colour, float] | None:
    """`color-mix(in srgb, red 20%, white)` (CSS Color 5); other spaces than sRGB come out near enough."""
    if len(parts) != 3:
        return None
    first, other = (
        next((float(token.value) / 100 for token in part if token.type == "percentage"), None)
        for part in parts[1:]
    )
    one, two = (colour([token for token in part if token.type != "percentage"]) for part in parts[1:])
    if first is None:
        first = 0.5 if other is None else 1 - other
    if other is None:
        other = 1 - first
    total = first + other
    if one is None or two is None or first < 0 or other < 0 or not total:
        return None
    inks = first / total * one[1], other / total * two[1]
    alpha = sum(inks)
    red, green, blue = (
        (inks[0] * a + inks[1] * b) / (alpha or 1.0) for a, b in zip(one[0], two[0], strict=True)
    )
    return (red, green, blue), alpha * min(total, 1.0)


def _light(parts: list[list[Token]]) -> tuple[Colour, float] | None:
    """`light-dark(a, b)`: the first is that of a light page."""
    return colour(parts[0]) if len(parts) == 2 else None


_MIXTURES = {"color-mix": _mixed, "light-dark": _light}


def functions(tokens: Sequence[Token] | None) -> Iterator[tuple[str, list[list[Token]]]]:
    """The functions of a value: name → its arguments, apart at commas or blanks, those apart too."""
    for token in tokens or ():
        if token.type == "function":
            yield (
                token.lower_name,
                [[each] for each in _without_blanks(token.arguments) if each.type != "literal"],
            )


def resolved(values: Values, variables: dict[str, list[Token]]) -> Values:
    """The values with `var()` replaced by what the variables say, else by what stands behind the comma."""
    import tinycss2

    written = dict(values)
    for name, tokens in values.items():
        if not name.startswith("--") and _asks(tokens):
            text = _substituted(tokens, variables, 0)[:_LONGEST_VALUE]
            whole = _without_blanks(tinycss2.parse_component_value_list(text, skip_comments=True))
            written.update(_written_out(name, whole))
    return written


def _asks(tokens: Iterable[Token]) -> bool:
    return any(t.type == "function" and (t.lower_name == "var" or _asks(t.arguments)) for t in tokens)


def _substituted(tokens: Iterable[Token], variables: dict[str, list[Token]], depth: int) -> str:
    out = []
    for token in tokens:
        if token.type != "function" or depth > _DEEPEST:
            out.append(token.serialize())
        elif token.lower_name != "var":
            out.append(f"{token.name}({_substituted(token.arguments, variables, depth + 1)})")
        else:
            inner = _without_blanks(token.arguments)
            name = inner[0].value if inner and inner[0].type == "ident" else ""
            out.append(_substituted(variables.get(name, inner[2:]), variables, depth + 1))
    return " ".join(out)[:_LONGEST_VALUE]


def _rules(parsed: Iterable[Token], within: str, applies: bool) -> Iterator[Rule]:
    import tinycss2

    for each in parsed:
        if each.type == "at-rule" and each.content is not None:
            name = each.lower_at_keyword
            if name in ("media", "supports", "layer", "container", "scope", "starting-style"):
                prelude = tinycss2.serialize(each.prelude)
                queried = name in ("media", "container")
                shown = applies and name != "starting-style" and (not queried or _is_common_screen(prelude))
                printed = name == "media" and "print" in prelude.lower()
                around = within
                roots = [token for token in each.prelude if name == "scope" and token.type == "() block"]
                if roots:
                    around = _within(tinycss2.serialize(roots[0].content).strip(), within)
                inner = tinycss2.parse_blocks_contents(each.content, skip_comments=True, skip_whitespace=True)
                if not printed:
                    yield from _rules(inner, around, shown)
        elif each.type == "qualified-rule":
            inner = tinycss2.parse_blocks_contents(each.content, skip_comments=True, skip_whitespace=True)
            plain, important = _split(node for node in inner if node.type == "declaration")
            whole = []
            for tokens in _apart(each.prelude):
                selector = _within(tinycss2.serialize(tokens).strip(), within)
                whole.append(selector)
                if plain or important:
                    names, weight, stated = _read_selector(tokens)
                    yield Rule(selector, stated, names, weight, plain, important, applies)
            if any(node.type != "declaration" for node in inner) and len(within) < _LONGEST_SELECTOR:
                nested = (node for node in inner if node.type != "declaration")
                yield from _rules(nested, ", ".join(whole), applies)


def _within(selector: str, around: str) -> str:
    if not around:
        return selector
    return selector.replace("&", f":is({around})") if "&" in selector else f":is({around}) {selector}"


def _is_common_screen(query: str) -> bool:
    parts = query.lower().replace(": ", ":").split(",")
    return any(part.strip() == "not print" or not any(mark in part for mark in _NARROW) for part in parts)


def _apart(prelude: Iterable[Token]) -> Iterator[list[Token]]:
    """The selectors of a list, apart at its commas."""
    tokens: list[Token] = []
    for token in prelude:
        if token.type == "literal" and token.value == ",":
            yield tokens
            tokens = []
        elif token.type != "comment":
            tokens.append(token)
    yield tokens


def _read_selector(tokens: list[Token]) -> tuple[frozenset[str], tuple[int, int, int], bool]:
    """The names of the last element, the weight, and whether the selector asks for a state."""
    names: set[str] = set()
    ids = classes = tags = 0
    stated = False
    before = ""
    for token in tokens:
        kind = token.type
        if kind == "whitespace" or (kind == "literal" and token.value in ">+~"):
            names.clear()
        elif kind == "hash":
            ids += 1
            names.add(f"#{token.value}")
        elif before == "." and kind == "ident":
            classes += 1
            names.add(f".{token.value}")
        elif kind == "[] block" or (before == ":" and kind in ("ident", "function")):
            classes += 1
            stated = stated or (kind == "ident" and token.lower_value in _STATES)
        elif kind == "ident":
            tags += 1
        before = token.value if kind == "literal" else ""
    return frozenset(names), (ids, classes, tags), stated


def _split(parsed: Iterable[Token]) -> tuple[Values, Values]:
    plain: Values = {}
    important: Values = {}
    for each in parsed:
        if each.type == "declaration":
            name = each.name if each.name.startswith("--") else each.lower_name
            into = important if each.important else plain
            for longhand, tokens in _written_out(name, _without_blanks(each.value)):
                into[longhand] = tokens
    return plain, important


def _written_out(name: str, tokens: list[Token]) -> Iterator[tuple[str, list[Token]]]:
    yield name, tokens
    if name in ("margin", "padding", "inset") and 1 <= len(tokens) <= 4:
        top, right, bottom, left = (tokens * 4)[:4] if len(tokens) < 3 else (*tokens, tokens[1])[:4]
        if len(tokens) == 1:
            top = right = bottom = left = tokens[0]
        for edge, token in zip(_EDGES, (top, right, bottom, left), strict=True):
            yield edge if name == "inset" else f"{name}-{edge}", [token]
    elif name == "font":
        sized = [each for each in tokens if pixels([each]) in (0.0, None) or each.type != "number"]
        sized = [each for each in sized if pixels([each]) is not None or word([each]) in _SIZES]
        if sized:
            yield "font-size", sized[:1]
    elif name == "background":
        drawn = any(
            token.type == "url" or (token.type == "function" and colour([token]) is None) for token in tokens
        )
        coloured = [token for token in tokens if colour([token]) is not None]
        yield "background-image", tokens if drawn else []
        yield "background-color", coloured[-1:]
    elif name == "overflow" and tokens:
        yield "overflow-x", tokens[:1]
        yield "overflow-y", tokens[-1:]


def _without_blanks(tokens: Iterable[Token]) -> list[Token]:
    return [token for token in tokens if token.type not in ("whitespace", "comment")]


def _calculated(tokens: list[Token], em: float) -> float | None:
    """A sum of products, from left to right; None where anything in it is not known."""
    total, factor, sign = 0.0, None, 1.0
    divide = False
    for token in tokens:
        if token.type == "literal" and token.value in "+-":
            total += sign * (factor or 0.0)
            factor, sign = None, -1.0 if token.value == "-" else 1.0
        elif token.type == "literal" and token.value in "*/":
            divide = token.value == "/"
        else:
            inner = token.content if token.type == "() block" else None
            value = _calculated(_without_blanks(inner), em) if inner is not None else pixels([token], em)
            if value is None or (divide and not value):
                return None
            factor = value if factor is None else factor / value if divide else factor * value
            divide = False
    return total + sign * (factor or 0.0)
