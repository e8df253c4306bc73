"""The house stands on its floors: imports go down, never in a circle, and only to public names.

Every import counts: at the top of a file, inside a function, and for types only. So does a module that is
named in a string. `docs/architecture.md` draws the same floors.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

import rag

FLOORS = (
    ("rag.secrets",),
    ("rag.errors", "rag.types", "rag.as_toml", "rag.cores", "rag.counts", "rag.progress", "rag.terminal"),
    ("rag.lookup", "rag.trace", "rag.options", "rag.text", "rag.models", "rag.prompts", "rag.trust"),
    ("rag.config", "rag.embedding", "rag.loaders", "rag.chunking", "indexes"),
    ("stores", "rag.llm"),
    ("rag.reading", "rag.retrieve", "rag.glossary", "rag.testing"),
    ("rag.generate", "rag.reorder"),
    ("rag.augment", "rag.denoise", "rag.ground", "rag.when"),
    ("rag.pipeline", "rag.moving"),
    ("rag.ingest", "rag.chat"),
    ("rag.evaluate",),
    ("rag.rag", "rag.tune"),
    ("rag", "rag.doctor"),
    ("rag.serve",),
    ("rag.commands",),
    ("cli",),
)
"""From the ground up. A room uses the floors below its own, and no other room of the same floor."""


class Import(NamedTuple):
    """`module` uses `name` of `target`; `name` is empty where the module itself is meant."""

    module: str
    target: str
    name: str
    line: int
    by_string: bool = False


def folders() -> dict[str, Path]:
    """Where the packages lie: beside `rag` in a checkout, inside it in the wheel."""
    inside = Path(rag.__file__).parent
    found = {"rag": inside}
    for name in ("stores", "indexes"):
        found[name] = inside / name if (inside / name).is_dir() else inside.parent / name
    return found


@cache
def modules() -> dict[str, Path]:
    """Every module of the house by its name; behind the two doors they begin with `stores`, `indexes`."""
    found: dict[str, Path] = {}
    places = folders()
    for package, folder in places.items():
        for path in sorted(folder.rglob("*.py")):
            if package == "rag" and any(path.is_relative_to(places[one]) for one in ("stores", "indexes")):
                continue
            parts = [package, *path.relative_to(folder).with_suffix("").parts]
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    for door in ("rag.stores", "rag.indexes"):
        found.pop(door, None)
    command = found.pop("rag.cli")
    is_door = command.read_text("utf-8").startswith('"""Door')
    found["cli"] = places["rag"].parent / "cli.py" if is_door else command
    return found


def canonical(name: str) -> str:
    for door in ("stores", "indexes", "cli"):
        if name == f"rag.{door}" or name.startswith(f"rag.{door}."):
            return name.removeprefix("rag.")
    return name


def imports_of(module: str) -> Iterator[Import]:
    path = modules()[module]
    tree = ast.parse(path.read_text("utf-8"))
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for one in node.names:
                yield from _one(module, one.name, "", node.lineno)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")
                above = above[: len(above) - node.level + 1]
                base = ".".join([*above, *([node.module] if node.module else [])])
            for one in node.names:
                yield from _one(module, base, one.name, node.lineno)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            named = re.fullmatch(r"((?:rag|stores|indexes)(?:\.\w+)+)(?::(\w+))?", node.value)
            if named:
                for found in _one(module, named[1], named[2] or "", node.lineno):
                    yield found._replace(by_string=True)


def _one(module: str, base: str, name: str, line: int) -> Iterator[Import]:
    base = canonical(base)
    if base.split(".")[0] not in ("rag", "stores", "indexes", "cli"):
        return
    deeper = canonical(f"{base}.{name}") if name else base
    if deeper in modules():
        yield Import(module, deeper, "", line)
    elif base in modules():
        yield Import(module, base, name, line)


def room(module: str) -> str:
    """The package, or the file beside the packages, that a module belongs to."""
    first, *rest = module.split(".")
    return f"rag.{rest[0]}" if first == "rag" and rest else first


@cache
def imports() -> tuple[Import, ...]:
    return tuple(found for module in modules() for found in imports_of(module) if found.target != module)


def circles() -> list[list[str]]:
    """Groups of files of which each comes to use every other (Tarjan's strongly connected components)."""
    uses: dict[str, set[str]] = {module: set() for module in modules()}
    for one in imports():
        if not one.by_string:
            uses[one.module].add(one.target)
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    open_: list[str] = []
    found: list[list[str]] = []

    def visit(module: str) -> None:
        order[module] = low[module] = len(order)
        open_.append(module)
        for other in uses[module]:
            if other not in order:
                visit(other)
            if other in open_:
                low[module] = min(low[module], low[other])
        if low[module] == order[module]:
            at = open_.index(module)
            group = open_[at:]
            del open_[at:]
            if len(group) > 1:
                found.append(sorted(group))

    for module in uses:
        if module not in order:
            visit(module)
    return found


def test_no_circles() -> None:
    told = [f"{len(group)} files: {', '.join(group)}" for group in circles()]
    assert not told, "\n".join(["imports run in circles:", *told])


def test_every_room_has_its_floor() -> None:
    placed = [one for floor in FLOORS for one in floor]
    assert len(placed) == len(set(placed))
    rooms = {room(module) for module in modules()}
    assert rooms == set(placed), "a new package needs a floor, here and in docs/architecture.md"


def test_imports_go_down() -> None:
    floor = {one: number for number, rooms in enumerate(FLOORS) for one in rooms}
    up = []
    for one in imports():
        above, below = floor.get(room(one.module), 99), floor.get(room(one.target), -1)
        if room(one.module) != room(one.target) and below >= above:
            up.append(f"{one.module}:{one.line} (floor {above}) uses {one.target} (floor {below})")
    assert not up, "\n".join(up)


def test_only_public_names_across_packages() -> None:
    """No name or module with an underscore; of stores and indexes only what their packages export."""
    found = []
    for one in imports():
        if room(one.module) == room(one.target):
            continue
        private = [name for name in (*one.target.split("."), one.name) if re.match(r"_(?!_)", name)]
        behind = room(one.target) in ("stores", "indexes") and "." in one.target
        if private or behind:
            how = " by a string" if one.by_string else ""
            found.append(f"{one.module}:{one.line} uses {one.target} {one.name}{how}")
    assert not found, "\n".join(found)


DRAWN = Path(__file__).parent.parent / "docs" / "architecture.md"


def test_the_floors_are_drawn() -> None:
    drawing = DRAWN.read_text("utf-8").partition("## Floors")[2].partition("## ")[0]
    rows = [row for row in drawing.splitlines() if re.match(r"\| \d+ \|", row)]
    drawn = [tuple(re.findall(r"`([\w./]+)`", row.split("|")[2])) for row in rows]
    assert [sorted(floor) for floor in drawn] == [sorted(map(_as_drawn, rooms)) for rooms in reversed(FLOORS)]


def _as_drawn(one: str) -> str:
    """`rag.types` is drawn as `rag/types.py`, `stores` as `stores/`."""
    if one == "rag":
        return "rag/__init__.py"
    folder = modules()[one].name == "__init__.py"
    return one.replace(".", "/") + ("/" if folder else ".py")


@pytest.mark.parametrize("module", sorted(modules()))
def test_files_that_a_module_names_are_there(module: str) -> None:
    """Every `file.py` that a module names, and every `folder/` in the docstring of a package, is there."""
    path = modules()[module]
    text = path.read_text("utf-8")
    named = re.findall(r"`([\w/]+\.py)`", text)
    if path.name == "__init__.py":
        named += re.findall(r"`([\w/]+/)`", ast.get_docstring(ast.parse(text)) or "")
    root = folders()["rag"].parent
    if not (root / "benchmarks").exists():  # what is installed has none
        named = [name for name in named if not name.startswith("benchmarks/")]
    near = (path.parent, path.parent.parent, root, folders()["rag"])
    assert [name for name in named if not any((folder / name).exists() for folder in near)] == []
