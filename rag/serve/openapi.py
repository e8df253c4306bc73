"""The description of the API (OpenAPI 3.1), written from the types that it takes and returns."""

from __future__ import annotations

import types
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

from rag.types import Answer, Chunk, Citation, Hit, Record, Sentence

from .requests import OPEN

Schema = dict[str, Any]


class Query(NamedTuple):
    """A value of the query string."""

    name: str
    kind: type
    what: str


class Operation(NamedTuple):
    """One method of one path. `body` and `reply` are types or schemas; `media` the forms of the reply."""

    method: str
    path: str
    name: str
    what: str
    body: Any = None
    reply: Any = None
    query: Sequence[Query] = ()
    media: Sequence[str] = ("application/json",)
    status: int = 200
    tag: str = "documents"


_REFUSALS = {
    400: "no JSON, or a request that cannot be read",
    401: "a token is needed",
    403: "not for this token, this origin or this server",
    404: "there is no such thing",
    405: "another method",
    408: "the request did not come in whole in time",
    409: "the file has changed since it was ingested",
    413: "more than is taken",
    415: "another content type, or a file that no loader takes",
    421: "the server is not called by that name",
    422: "values that mean nothing; the message says what was expected",
    429: "too many wait already: Retry-After says when to come again",
    500: "a stage failed; the server's log says why",
    503: "not ready, no time left, or another process writes",
    507: "the disk is full",
}


def schema_of(kind: Any) -> Schema:
    """A type as JSON schema: dataclasses, named tuples, lists, mappings, literals and plain values."""
    origin = get_origin(kind)
    if kind is Any:
        return {}
    if origin in (Union, types.UnionType):
        return {"anyOf": [schema_of(part) for part in get_args(kind)]}
    if origin is Literal:
        return {"type": "string", "enum": list(get_args(kind))}
    if origin in (tuple, list) or (isinstance(origin, type) and issubclass(origin, Sequence)):
        return {"type": "array", "items": schema_of(get_args(kind)[0])}
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": schema_of(get_args(kind)[1])}
    if is_dataclass(kind):
        return _object(kind)
    plain = {
        str: "string",
        bool: "boolean",
        int: "integer",
        float: "number",
        type(None): "null",
        dict: "object",
    }
    return {"type": plain[kind]}


def _object(kind: Any) -> Schema:
    hints = get_type_hints(kind)
    needed = [
        field.name for field in fields(kind) if field.default is MISSING and field.default_factory is MISSING
    ]
    closed = {} if kind in OPEN else {"additionalProperties": False}
    shown = {name: schema_of(hint) for name, hint in hints.items()}
    return {"type": "object", "properties": shown, "required": needed, **closed}


def an_object(**properties: Any) -> Schema:
    """An object with these properties, by type or schema, all of them there."""
    shown = {name: kind if isinstance(kind, dict) else schema_of(kind) for name, kind in properties.items()}
    return {"type": "object", "properties": shown, "required": list(shown)}


def a_list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _replies() -> dict[str, Schema]:
    """The values of answers: the types, with what `values.py` renders otherwise."""

    def replaced(kind: type, **other: Schema) -> Schema:
        hints = {name: hint for name, hint in get_type_hints(kind).items() if name not in other}
        shown = {name: schema_of(hint) for name, hint in hints.items()} | other
        return {"type": "object", "properties": shown, "required": list(shown)}

    chunk = replaced(Chunk)
    hit = replaced(Hit, chunk={})
    del hit["properties"]["chunk"]
    hit_values = {**chunk["properties"], **hit["properties"]}
    sentence = replaced(Sentence, citations={})
    del sentence["properties"]["citations"]
    sentence["properties"]["markers"] = schema_of(list[int])
    sentence["required"] = list(sentence["properties"])
    return {
        "Citation": replaced(Citation),
        "Record": replaced(Record),
        "Hit": {"type": "object", "properties": hit_values, "required": list(hit_values)},
        "Sentence": sentence,
        "Answer": replaced(
            Answer,
            span={"anyOf": [ref("Citation"), {"type": "null"}]},
            sentences=a_list(ref("Sentence")),
            citations=a_list(ref("Citation")),
            hits=a_list(ref("Hit")),
            trace=a_list(ref("Record")),
        ),
        "Error": an_object(error=an_object(status=int, message=str)),
    }


def description(operations: Iterable[Operation], version: str, *, tokens: bool) -> Schema:
    """The whole document."""
    paths: dict[str, dict[str, Schema]] = {}
    bodies: dict[str, Schema] = {}
    for operation in operations:
        if operation.body is not None and not isinstance(operation.body, dict):
            bodies[operation.body.__name__] = schema_of(operation.body)
        paths.setdefault(_plain(operation.path), {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {"title": "footnote-rag", "version": version, "license": {"name": "Apache-2.0"}},
        "paths": paths,
        "components": {
            "schemas": _replies() | bodies,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}] if tokens else [],
    }


def _operation(operation: Operation) -> Schema:
    reply = (
        operation.reply
        if isinstance(operation.reply, dict)
        else schema_of(operation.reply)
        if operation.reply
        else {}
    )
    content = {
        media: {"schema": reply if media == "application/json" else _TEXT} for media in operation.media
    }
    answers: dict[str, Schema] = {str(operation.status): {"description": "as asked", "content": content}}
    error = {"application/json": {"schema": ref("Error")}}
    answers |= {str(status): {"description": what, "content": error} for status, what in _REFUSALS.items()}
    described: Schema = {
        "operationId": operation.name,
        "summary": operation.what,
        "tags": [operation.tag],
        "responses": answers,
    }
    parameters = [_path_parameter(name) for name in _parameters(operation.path)]
    for query in operation.query:
        schema = schema_of(query.kind) | ({"minimum": 0} if query.kind is int else {})
        parameters.append({"name": query.name, "in": "query", "description": query.what, "schema": schema})
    if parameters:
        described["parameters"] = parameters
    if operation.body is not None:
        multipart = isinstance(operation.body, dict)
        schema = operation.body if multipart else ref(operation.body.__name__)
        media = "multipart/form-data" if multipart else "application/json"
        described["requestBody"] = {"required": True, "content": {media: {"schema": schema}}}
    return described


_TEXT = {"type": "string"}


def _parameters(path: str) -> list[str]:
    return [part.strip("{}") for part in path.replace(".png", "").split("/") if part.startswith("{")]


def _path_parameter(name: str) -> Schema:
    plain, _, kind = name.partition(":")
    schema: Schema = (
        {"type": "integer", "minimum": 1} if kind == "int" else {"type": "string", "minLength": 1}
    )
    return {"name": plain, "in": "path", "required": True, "schema": schema}


def _plain(path: str) -> str:
    return path.replace(":int", "")
