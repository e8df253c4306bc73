"""What a GGUF file says of itself, read without llama.cpp: architecture, name, context length, size.

Layout: `GGUF`, version (u32), number of tensors (u64), number of keys (u64), then each key as a string, a
type (u32) and a value; all little-endian. Source: the GGUF specification of ggml.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from rag.errors import ModelError

_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
_MOST_KEYS, _LONGEST = 10_000, 2**24  # beyond these a file is damaged, not large


def read_header(path: Path) -> Mapping[str, Any]:
    """The keys of a GGUF file with their values; of arrays only the length.

    Raises ModelError for a file that is missing, empty, no GGUF, or cut off.
    """
    try:
        with path.open("rb") as file:
            if path.stat().st_size == 0:
                raise ModelError(f"{path} is empty: download it again, the transfer broke off")
            if file.read(4) != b"GGUF":
                raise ModelError(f"{path} is no GGUF file: expected one that begins with `GGUF`")
            return _keys(file)
    except (struct.error, EOFError, UnicodeDecodeError, KeyError) as error:
        raise ModelError(f"{path} is cut off or damaged ({error}): download it again") from error
    except OSError as error:
        raise ModelError(
            f"the model file {path} cannot be read: {error.strerror}. Expected a .gguf file."
        ) from error


def _keys(file: BinaryIO) -> dict[str, Any]:
    version, _, count = struct.unpack("<IQQ", file.read(20))
    if not 2 <= version <= 3 or count > _MOST_KEYS:
        raise ModelError(f"GGUF version {version} with {count} keys: expected version 2 or 3")
    keys: dict[str, Any] = {}
    for _ in range(count):
        key = _string(file)
        keys[key] = _value(file, _number(file, "I"))
    return keys


def _value(file: BinaryIO, kind: int) -> Any:
    if kind == _STRING:
        return _string(file)
    if kind != _ARRAY:
        return _number(file, _SCALARS[kind])
    of, length = _number(file, "I"), _number(file, "Q")
    if of in _SCALARS:
        file.seek(struct.calcsize(_SCALARS[of]) * length, 1)
        return length
    read: Callable[[BinaryIO], Any] = _string if of == _STRING else lambda file: _value(file, _ARRAY)
    for _ in range(length):
        read(file)
    return length


def _string(file: BinaryIO) -> str:
    length = _number(file, "Q")
    if length > _LONGEST:
        raise EOFError(f"a string of {length} bytes")
    data = file.read(length)
    if len(data) < length:
        raise EOFError("the file ends inside a string")
    return data.decode("utf-8", "replace")


def _number(file: BinaryIO, code: str) -> Any:
    return struct.unpack(f"<{code}", file.read(struct.calcsize(code)))[0]
