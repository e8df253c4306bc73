"""Replies as JSON of a given shape: the model is held to it where it can be, and checked in any case.

A shape is a JSON schema of objects (all properties required, in order), arrays, strings and `enum`.
llama.cpp is held to it by a grammar, servers by `response_format`; other models have to write it themselves.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from .chat import ChatModel, ChatOptions, Message
from .stream import without_reasoning

Schema = Mapping[str, Any]
_FENCED = re.compile(r"```(?:json)?\s*(.*?)\s*```", re.DOTALL)


def structured(
    model: ChatModel, messages: Sequence[Message], schema: Schema, *, max_tokens: int, seed: int = 0
) -> Any | None:
    """The value that the model replies with; None where its reply does not have the shape."""
    pieces = model.chat(messages, ChatOptions(max_tokens, seed=seed, schema=schema))
    return parsed("".join(without_reasoning(pieces)), schema)


def parsed(text: str, schema: Schema) -> Any | None:
    """The value of a text that is JSON of the shape, alone or as the one thing in a code fence; else None."""
    fenced = _FENCED.fullmatch(text.strip())
    try:
        # A line break inside a string is harmless: not strict.
        value = json.loads(fenced[1] if fenced else text, strict=False)
    except ValueError:
        return None
    return value if fits(value, schema) else None


def fits(value: Any, schema: Schema) -> bool:
    """Whether a JSON value has the shape."""
    if "enum" in schema:
        return value in schema["enum"]
    if schema["type"] == "object":
        wanted = schema["properties"]
        return (
            isinstance(value, dict)
            and value.keys() == wanted.keys()
            and all(fits(value[name], inner) for name, inner in wanted.items())
        )
    if schema["type"] == "array":
        least, most = schema.get("minItems", 0), schema.get("maxItems", float("inf"))
        return (
            isinstance(value, list)
            and least <= len(value) <= most
            and all(fits(item, schema["items"]) for item in value)
        )
    return isinstance(value, str)


def shape(**properties: Schema) -> dict[str, Any]:
    """The schema of an object with these properties, and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
