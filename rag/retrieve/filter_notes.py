"""Why a filter let nothing through: fields that no document has, values of a kind that none of them has."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rag.stores import AnyOf, Filter, Where, leaves

_BUILT_IN = frozenset({"source", "title", "document_id", "heading"})  # text, in every document
_KINDS: dict[str, Callable[[str], Filter]] = {
    "true or false": lambda name: Where(name, "in", (True, False)),
    "a number": lambda name: AnyOf((Where(name, "<=", 0), Where(name, ">", 0))),
    "text": lambda name: Where(name, ">=", ""),
}
_MOST = 20  # conditions that are looked at: each asks the store a few times


def filter_notes(where: Filter | None, documents: Callable[[Filter], Sequence[object]]) -> list[str]:
    """A sentence for each field of the filter that can never match as it is asked for.

    `documents` gives those that a filter lets through, of all that the caller may see.
    """
    conditions = {leaf.field: leaf for leaf in leaves(where)} if where is not None else {}
    notes = (_note(leaf, documents) for leaf in list(conditions.values())[:_MOST])
    return [note for note in notes if note]


def _note(leaf: Where, documents: Callable[[Filter], Sequence[object]]) -> str:
    name = leaf.field
    if name not in _BUILT_IN and not documents(Where(name, "exists")):
        return "no document has a page" if name == "page" else f"no document has the field {name!r}"
    if leaf.op == "exists":
        return ""
    wanted = {_kind(value) for value in (leaf.value if isinstance(leaf.value, tuple) else (leaf.value,))}
    held = {"text"} if name in _BUILT_IN else {kind for kind in _KINDS if documents(_KINDS[kind](name))}
    if leaf.op == "has":
        return f"{name!r} is no list: ask with = instead of has" if held else ""
    if not held:
        return f"{name!r} is a list: ask with has instead of {leaf.op}"
    return (
        ""
        if held & wanted or not wanted
        else f"{name!r} is {' or '.join(sorted(held))}, never {wanted.pop()}"
    )


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "true or false"
    return "a number" if isinstance(value, int | float) else "text"
