"""Stages by name, made with what they ask for. `rag/lookup.py` finds what builds them.

What builds `duplicates` of the kind `denoise` is the function that `rag.denoise.NAMES` gives for it. It gets
those of the offered keywords that its signature names (the embedder, the store, settings), made on demand,
and the options of its `[stages.duplicates]` section; what it returns is the stage. A parameter whose default
is a dataclass value stands for all fields of it, which are offered as `parameter.field`. An entry point in
the group `rag.denoise` is such a `build` too. `package.module:function` is the stage itself.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

from rag import lookup
from rag.errors import ConfigError
from rag.options import Kind, annotations_of, checked, kind_of
from rag.secrets import revealed

from .conditional import LISTED, Conditional, Spelled, spelled

_GIVEN = ("offline", "language")  # plain values that the pipeline gives all the same


def names(kind: str) -> list[str]:
    """What can be named in this kind: `names("denoise")` → ["duplicates", …]."""
    return lookup.names(kind, _table(kind))


def part(
    kind: str,
    named: str | Callable[..., Any],
    offered: Mapping[str, Callable[[], Any]],
    options: Mapping[str, Mapping[str, Any]] | None = None,
) -> Any:
    """The part that a name or a callable stands for; a callable stands for itself.

    Raises ConfigError for an unknown name, a path that cannot be imported, or an option it does not know.
    """
    if callable(named):
        return named
    if not isinstance(named, str):
        raise ConfigError(
            f"{kind} is given {named!r}, expected a name ({', '.join(names(kind))}), module:function, or "
            "something to call"
        )
    parsed = _spelled(kind, named)
    if parsed.when:
        stage = part(kind, parsed.stage, offered, options)
        when = part("when", parsed.when, offered, options)
        return Conditional(named, stage, when, wanted=parsed.wanted)
    if ":" in named:
        return lookup.place(kind, named)
    build = _builder(kind, named)
    annotations, grouped = _keywords(build)
    given = _checked(named, (options or {}).get(named, {}), annotations)
    groups = {}
    for parameter, group in grouped.items():
        fields_of = {name: f"{parameter}.{name}" for name in _fields(group)}
        values = {name: offered[full]() for name, full in fields_of.items() if full in offered}
        values |= {name: given.pop(name) for name in fields_of if name in given}
        groups[parameter] = replace(group, **values)
    plain = {name: offered[name]() for name in inspect.signature(build).parameters if name in offered}
    return build(**plain | given, **groups)


def check(
    kind: str, named: str | Callable[..., Any], options: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """The options that `part` would use; makes nothing. Raises ConfigError where `part` would."""
    if isinstance(named, str) and (parsed := _spelled(kind, named)).when:
        return check("when", parsed.when, options) | check(kind, parsed.stage, options)
    if isinstance(named, str) and ":" not in named:
        return _checked(named, options.get(named, {}), _keywords(_builder(kind, named))[0])
    if isinstance(named, str):
        lookup.place(kind, named)
    return {}


def defaults(kind: str, named: str) -> dict[str, Any]:
    """The options that a named part has, with their defaults."""
    build = _builder(kind, named)
    annotations, grouped = _keywords(build)
    own = {name: parameter.default for name, parameter in inspect.signature(build).parameters.items()}
    for group in grouped.values():
        own |= {field.name: getattr(group, field.name) for field in fields(group)}
    return {name: own[name] for name in _settable(annotations)}


def needs(kind: str, named: str) -> frozenset[str]:
    """What the builder of a named part asks for: `open_model` where it needs a language model."""
    parsed = _spelled(kind, named)
    if parsed.when:
        return needs("when", parsed.when) | needs(kind, parsed.stage)
    if ":" in named:
        return frozenset()
    return frozenset(inspect.signature(_builder(kind, named)).parameters)


def _spelled(kind: str, named: str) -> Spelled:
    """The name taken apart. Raises ConfigError where parts of this kind cannot wait for a condition."""
    parsed = spelled(named)
    if parsed.when and kind not in LISTED:
        raise ConfigError(f"{kind} {named!r} cannot have a condition: only {', '.join(LISTED)} stages can")
    return parsed


def _settable(annotations: Mapping[str, Any]) -> dict[str, Kind | None]:
    """Of a part's keywords those that a section may set, and what each may be; None is anything."""
    return {
        name: kind_of(annotation)
        for name, annotation in annotations.items()
        if (annotation is inspect.Parameter.empty or kind_of(annotation)) and name not in _GIVEN
    }


def _checked(named: str, given: Mapping[str, Any], annotations: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a section. Raises ConfigError for one that the part does not know or cannot take."""
    settable = _settable(annotations)
    if unknown := set(given) - set(settable):
        known = ", ".join(sorted(settable)) or "none"
        raise ConfigError(f"[stages.{named}] has no option {', '.join(sorted(unknown))}; it knows {known}")
    kinds = {name: settable[name] for name in given}
    return {
        name: checked(f"[stages.{named}] {name}", value, kind) if (kind := kinds[name]) else revealed(value)
        for name, value in given.items()
    }


def _keywords(build: Callable[..., Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """A builder's keywords with their annotations, and the parameters that stand for a default's fields."""
    annotations = annotations_of(build)
    grouped = {
        name: parameter.default
        for name, parameter in inspect.signature(build).parameters.items()
        if is_dataclass(parameter.default) and not isinstance(parameter.default, type)
    }
    for name, group in grouped.items():
        del annotations[name]
        annotations |= annotations_of(type(group))
    if not str(build.__module__).startswith("rag."):  # a third party's types are its own: it checks them
        unknown = {name for name, annotation in annotations.items() if kind_of(annotation) is None}
        annotations |= dict.fromkeys(unknown, inspect.Parameter.empty)
    return annotations, grouped


def _fields(group: Any) -> list[str]:
    return [field.name for field in fields(group)]


def _builder(kind: str, name: str) -> Callable[..., Any]:
    return lookup.find(kind, name, _table(kind))  # type: ignore[no-any-return]


def _table(kind: str) -> Mapping[str, str]:
    """`NAMES` of the package of a kind."""
    table: Mapping[str, str] = importlib.import_module(f"rag.{kind}").NAMES
    return table
