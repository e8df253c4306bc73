"""What an option of a part may be: the annotation of a parameter of its `build`, held to by the registry.

`weight: Share = 0.6` is a number from 0 to 1, `read: Count = 6` a whole number from 1. Parameters of any
other type, a store or a model, are given by the pipeline and cannot be set.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from rag.errors import ConfigError

Share = float  # 0 to 1
Amount = float  # 0 or more
Count = int  # 1 or more
Whole = int  # 0 or more


class Kind(NamedTuple):
    """A type and, of numbers, the least and the most."""

    type: type
    least: float = -math.inf
    most: float = math.inf

    @property
    def told(self) -> str:
        name = {int: "a whole number", float: "a number", str: "a text", bool: "true or false"}.get(
            self.type, "a list of texts"
        )
        if self.most < math.inf:
            return f"{name} from {self.least:g} to {self.most:g}"
        return f"{name}, {self.least:g} or more" if self.least > -math.inf else name


_KINDS = {
    "int": Kind(int),
    "float": Kind(float),
    "float | None": Kind(float),
    "str": Kind(str),
    "str | None": Kind(str),
    "bool": Kind(bool),
    "Sequence[str]": Kind(tuple),
    "Share": Kind(float, 0, 1),
    "Amount": Kind(float, 0),
    "Count": Kind(int, 1),
    "Whole": Kind(int, 0),
}


def kind_of(annotation: Any) -> Kind | None:
    """The kind that an annotation names, as text or as a type; None where the pipeline gives the value."""
    return _KINDS.get(annotation if isinstance(annotation, str) else getattr(annotation, "__name__", ""))


def checked(name: str, value: Any, kind: Kind) -> Any:
    """The value as its kind: a whole number passes for a number, one text for a list of one.

    Raises ConfigError for what is of another type or beyond the bounds.
    """
    if kind.type is tuple:
        items = [value] if isinstance(value, str) else value
        if isinstance(items, Sequence) and all(isinstance(one, str) for one in items):
            return tuple(items)
    elif isinstance(value, bool) is (kind.type is bool):
        made = float(value) if kind.type is float and isinstance(value, int) else value
        within = not isinstance(made, int | float) or kind.least <= made <= kind.most
        if isinstance(made, kind.type) and within:
            return made
    raise ConfigError(f"{name} is {value!r}, expected {kind.told}")
