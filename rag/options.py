"""What a value in the settings may be: read off annotations, and held to in one place.

`weight: Share = 0.6` in a stage's `build` is a number from 0 to 1, `k: Count = 10` in a section of the
settings a whole number from 1; `Annotated[float, Bounds(0, 10)]` makes others. Parameters of any other type,
a store or a model, are given by the pipeline and cannot be set.
"""

from __future__ import annotations

import inspect
import json
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import fields
from types import NoneType, SimpleNamespace, UnionType
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin, get_type_hints, is_typeddict

from rag.errors import ConfigError
from rag.secrets import Secret, Url, Variable, as_shown, guarded, revealed


class Bounds(NamedTuple):
    """The least and the most that a number may be; it has to be greater than `above`."""

    least: float = -math.inf
    most: float = math.inf
    above: float = -math.inf

    def hold(self, value: float) -> bool:
        """Whether a number lies within them; no number that is none does."""
        return self.least <= value <= self.most and value > self.above

    def __str__(self) -> str:
        if self.above > -math.inf:
            return f" above {self.above:g}" + (f", up to {self.most:g}" if self.most < math.inf else "")
        if self.most < math.inf:
            return f" from {self.least:g} to {self.most:g}"
        return f", {self.least:g} or more" if self.least > -math.inf else ""


Share = Annotated[float, Bounds(0, 1)]
Amount = Annotated[float, Bounds(0)]
Count = Annotated[int, Bounds(1)]
Whole = Annotated[int, Bounds(0)]

_UNBOUNDED = Bounds()
_CALLED = {
    int: "a whole number",
    float: "a number",
    str: "a text",
    bool: "true or false",
    tuple: "a list of texts",
    Secret: "a text",
    Url: "a text",
    Variable: "a text",
}


class Kind(NamedTuple):
    """A type (`tuple` for a list of texts) and, of numbers, their bounds."""

    type: type
    bounds: Bounds = _UNBOUNDED

    def __str__(self) -> str:
        """In words, as an error says what was expected."""
        return f"{_CALLED[self.type]}{self.bounds}"


COUNT = Kind(int, Bounds(1))


def kind_of(annotation: Any) -> Kind | None:
    """The kind that an annotation stands for; None where it is none that a section can set."""
    if get_origin(annotation) is Annotated:
        of, *notes = get_args(annotation)
        kind = kind_of(of)
        bounds = next((note for note in notes if isinstance(note, Bounds)), None)
        return kind if kind is None or bounds is None else kind._replace(bounds=bounds)
    if get_origin(annotation) in (Union, UnionType):
        others = [kind for kind in get_args(annotation) if kind is not NoneType]
        return kind_of(others[0]) if len(others) == 1 else None
    if annotation in (int, float, str, bool, Secret, Url, Variable):
        return Kind(annotation)
    listed = get_origin(annotation) in (Sequence, tuple, list)
    return Kind(tuple) if listed and get_args(annotation)[0] is str else None


def annotations_of(build: Callable[..., Any]) -> dict[str, Any]:
    """The annotations of a callable's parameters, as types where they can be resolved, else as they stand.

    `inspect.Parameter.empty` where there is none.
    """
    function = build.__init__ if isinstance(build, type) else inspect.unwrap(build)  # type: ignore[misc]
    scope = getattr(function, "__globals__", {})
    parameters = inspect.signature(build).parameters
    return {name: _resolved(parameter.annotation, scope) for name, parameter in parameters.items()}


def kinds_of(section: type) -> dict[str, Kind | None]:
    """The kinds of the fields of a dataclass, or of the keys of a TypedDict."""
    scope = vars(sys.modules[section.__module__])
    if is_typeddict(section):
        annotations = dict(section.__annotations__)
    else:
        annotations = {field.name: field.type for field in fields(section)}
    return {name: kind_of(_resolved(annotation, scope)) for name, annotation in annotations.items()}


def checked_options(call: str, given: Mapping[str, Any], options: type) -> dict[str, Any]:
    """Keywords of a function, held to the TypedDict that lists them; None and other types pass as they are.

    Raises ConfigError for one that is not listed, or that is of another type or beyond its bounds.
    """
    kinds = kinds_of(options)
    if unknown := given.keys() - kinds.keys():
        known = ", ".join(sorted(kinds))
        raise ConfigError(f"{call} has no option {', '.join(sorted(unknown))}: it knows {known}")
    return {
        name: value if value is None or kind is None else checked(f"{call}: {name}", value, kind)
        for name, value in given.items()
        for kind in [kinds[name]]
    }


def checked(name: str, value: Any, kind: Kind) -> Any:
    """The value as its kind: a whole number passes for a number, one text for a list of one.

    Raises ConfigError for what is of another type or beyond the bounds.
    """
    if issubclass(kind.type, Secret):
        if isinstance(value, str | Secret):
            return kind.type(value)
        raise ConfigError(f"{name} is {type(value).__name__}, expected {kind}")
    value = revealed(value)
    if kind.type is tuple:
        items = [value] if isinstance(value, str) else value
        if isinstance(items, Sequence) and all(isinstance(item, str) for item in items):
            return tuple(items)
    elif isinstance(value, bool) is (kind.type is bool):
        made = _as_float(value) if kind.type is float and isinstance(value, int) else value
        held = not isinstance(made, int | float) or kind.bounds.hold(made)
        if isinstance(made, kind.type) and held:
            return made
    raise ConfigError(f"{name} is {_told(name, value)}, expected {kind}")


def _told(name: str, value: Any) -> str:
    if isinstance(value, int) and value.bit_length() > 64:  # Python writes out none of thousands of digits
        return f"a whole number of {value.bit_length()} bits"
    return repr(as_shown(guarded(name, value)))


def _as_float(value: int) -> float | None:
    try:
        return float(value)
    except OverflowError:  # of more digits than any float
        return None


def parsed(name: str, text: str, kind: Kind) -> Any:
    """A value given as text, checked: lists with commas or as in TOML, booleans 1/0, true/false, yes/no.

    Raises ConfigError.
    """
    if kind.type is tuple:
        return _listed(text)
    if kind.type is bool:
        if text.lower() not in _BOOLEANS:
            raise ConfigError(f"{name} is {text!r}, expected one of {', '.join(_BOOLEANS)}")
        return _BOOLEANS[text.lower()]
    try:
        return checked(name, kind.type(text), kind)
    except ValueError:
        raise ConfigError(f"{name} is {text!r}, expected {kind}") from None


def _listed(text: str) -> tuple[str, ...]:
    if text.lstrip().startswith("["):  # as in a settings file, unless it is a pattern such as [a-z]*
        with suppress(ValueError):
            values = json.loads(text)
            if all(isinstance(value, str) for value in values):
                return tuple(values)
    return tuple(part.strip() for part in text.split(",") if part.strip())


_BOOLEANS = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}


def _resolved(annotation: Any, scope: Mapping[str, Any]) -> Any:
    """An annotation as the type that its text names; as it stands where that is out of reach."""
    if annotation is inspect.Parameter.empty:
        return annotation
    holder = SimpleNamespace(__annotations__={"it": annotation})
    try:
        return get_type_hints(holder, dict(scope), include_extras=True)["it"]
    except (NameError, TypeError, SyntaxError, AttributeError):
        return annotation
