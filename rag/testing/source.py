"""The contract of sources as tests: an index that follows a source is the one that a fresh build makes.

Inherit `SourceContract`, and say by the fixture `world` how to change what the source shows.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Protocol

_TEXTS = {"a": "The mill was built in 1740.", "b": "The bridge has four arches.", "c": "The well is dry."}


class World(Protocol):
    """What a source shows, as a test changes it. `put` and `remove` take names such as `a`."""

    def put(self, name: str, text: str) -> None: ...

    def remove(self, name: str) -> None: ...

    def open(self) -> Any:
        """The source, opened anew. It shows nothing but what was put."""


class SourceContract:
    """Every test is one promise of `rag.ingest.sources.Source`."""

    def test_a_first_look_brings_everything(self, world: World) -> None:
        for name, text in _TEXTS.items():
            world.put(name, text)
        index = followed(world, {})
        assert len(index) == len(_TEXTS)
        for text in _TEXTS.values():
            assert any(text.encode() in data for data, _ in index.values())

    def test_states_are_json_and_names_have_a_suffix(self, world: World) -> None:
        world.put("a", _TEXTS["a"])
        source = world.open()
        for item in source.discover({}):
            fetched = source.fetch(item)
            assert json.loads(json.dumps(dict(fetched.state))) == dict(fetched.state)
            assert "." in fetched.name
            assert "/" not in fetched.name
        source.close()

    def test_what_did_not_change_is_not_new(self, world: World) -> None:
        for name, text in _TEXTS.items():
            world.put(name, text)
        index = followed(world, {})
        assert followed(world, index) == index

    def test_an_index_that_follows_is_a_fresh_one(self, world: World) -> None:
        index: dict[str, tuple[bytes, Mapping[str, Any]]] = {}
        steps = [
            ("put", "a", "One."),
            ("put", "b", "Two."),
            ("put", "a", "One, changed."),
            ("remove", "b", ""),
            ("put", "c", "Three."),
            ("put", "b", "Two again."),
            ("remove", "a", ""),
            ("remove", "c", ""),
        ]
        for verb, name, text in steps:
            if verb == "put":
                world.put(name, text)
            else:
                world.remove(name)
            index = followed(world, index)
            fresh = followed(world, {})
            assert {key: data for key, (data, _) in index.items()} == {
                key: data for key, (data, _) in fresh.items()
            }, (verb, name)

    def test_a_state_that_is_lost_is_no_harm(self, world: World) -> None:
        world.put("a", "One.")
        index: dict[str, tuple[bytes, Mapping[str, Any]]] = {}
        index |= {name: (data, {}) for name, (data, _) in followed(world, {}).items()}
        world.put("b", "Two.")
        assert {name: data for name, (data, _) in followed(world, index).items()} == {
            name: data for name, (data, _) in followed(world, {}).items()
        }


def followed(
    world: World, index: Mapping[str, tuple[bytes, Mapping[str, Any]]]
) -> dict[str, tuple[bytes, Mapping[str, Any]]]:
    """What an index becomes that follows the source: name → content and state."""
    source = world.open()
    found = dict(index)
    try:
        for item in source.discover({name: state for name, (_, state) in index.items()}):
            if item.change == "upsert":
                fetched = source.fetch(item)
                found[item.source] = (fetched.data, fetched.state)
            elif item.change == "delete":
                found.pop(item.source, None)
            else:
                assert item.change == "unchanged", item
                assert item.source in index
    finally:
        source.close()
    return found
