"""Items → token ids, with the answers as token positions."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .items import Item

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAX_TOKENS = 384
MAX_QUESTION = 64
_AT_ONCE = 512  # items tokenised together; the tokenizer keeps much more of each than is needed
_MARGIN = 48  # tokens of the passage kept around an answer that a long passage is cut to


@dataclass(frozen=True, slots=True, eq=False)
class Encoded:
    """One pair as the network reads it: `[CLS] text [SEP] passage [SEP]`.

    `second` is the position of the passage's first token; `offsets` are the characters of the passage that
    each of its tokens covers, (0, 0) for the heading before it; `spans` are token positions, both ends in.
    """

    ids: NDArray[np.int32]
    second: int
    offsets: NDArray[np.int32]
    spans: tuple[tuple[int, int], ...]
    answerable: bool | None
    supported: bool | None

    def __len__(self) -> int:
        return len(self.ids)


class Encoder:
    """Encodes items with a tokenizer; a passage that is too long is cut to a window with an answer."""

    def __init__(self, tokenizer: Any, max_tokens: int = MAX_TOKENS) -> None:
        self._tokenizer, self._max = tokenizer, max_tokens
        self._cls, self._sep = (tokenizer.token_to_id(mark) for mark in ("[CLS]", "[SEP]"))

    def encode(self, items: Sequence[Item], seed: int = 0) -> list[Encoded]:
        """All items, in their order. An answer that no window holds whole is left out of `spans`."""
        chance, encoded = random.Random(seed), []
        for begin in range(0, len(items), _AT_ONCE):
            some = items[begin : begin + _AT_ONCE]
            texts, heads, bodies = (
                self._tokenizer.encode_batch([getattr(item, part) for item in some], add_special_tokens=False)
                for part in ("text", "title", "passage")
            )
            encoded += [
                self._encoded(item, text.ids[:MAX_QUESTION], head.ids[:MAX_QUESTION], body, chance)
                for item, text, head, body in zip(some, texts, heads, bodies, strict=True)
            ]
        return encoded

    def _encoded(
        self, item: Item, text: list[int], head: list[int], body: Any, chance: random.Random
    ) -> Encoded:
        import numpy as np

        room = self._max - 3 - len(text) - len(head)
        spans = [span for span in (_tokens(body.offsets, *span) for span in item.spans) if span]
        begin = _window(len(body.ids), room, spans, chance)
        end = min(len(body.ids), begin + room)
        ids = [self._cls, *text, self._sep, *head, *body.ids[begin:end], self._sep]
        second = len(text) + 2
        shift = second + len(head) - begin
        offsets = [(0, 0)] * len(head) + list(body.offsets[begin:end])
        inside = [(first + shift, last + shift) for first, last in spans if first >= begin and last < end]
        return Encoded(
            np.array(ids, np.int32),
            second,
            np.array(offsets, np.int32).reshape(-1, 2),
            tuple(inside),
            item.answerable,
            item.supported,
        )


def _tokens(offsets: Sequence[tuple[int, int]], start: int, end: int) -> tuple[int, int] | None:
    """The first and last token that touch the characters from start to end."""
    touched = [place for place, (a, b) in enumerate(offsets) if a < end and b > start]
    return (touched[0], touched[-1]) if touched else None


def _window(length: int, room: int, spans: Sequence[tuple[int, int]], chance: random.Random) -> int:
    """Where the window of `room` tokens begins: anywhere, but with one of the answers inside."""
    if length <= room:
        return 0
    if not spans:
        return chance.randrange(0, length - room + 1)
    first, last = chance.choice(list(spans))
    margin = max(0, min(_MARGIN, (room - (last - first + 1)) // 4))
    lowest = min(length - room, max(0, last + 1 + margin - room))
    highest = min(length - room, max(0, first - margin))
    return chance.randint(min(lowest, highest), max(lowest, highest))


def batches(encoded: Sequence[Encoded], tokens: int, seed: int) -> list[list[Encoded]]:
    """Everything once, in batches of like lengths with at most `tokens` tokens, padding counted, shuffled."""
    chance = random.Random(seed)
    order = sorted(encoded, key=lambda item: len(item) + chance.random() * 24)
    groups: list[list[Encoded]] = [[]]
    longest = 0
    for item in order:
        longest = max(longest, len(item))
        if groups[-1] and longest * (len(groups[-1]) + 1) > tokens:
            groups.append([])
            longest = len(item)
        groups[-1].append(item)
    chance.shuffle(groups)
    return [batch for batch in groups if batch]


def arrays(batch: Sequence[Encoded]) -> Iterator[tuple[str, NDArray[np.int64]]]:
    """The network's inputs, each (n, t), padded with zeros; `passage` is 1 where an answer may stand."""
    import numpy as np

    shape = (len(batch), max(map(len, batch)))
    made = {
        name: np.zeros(shape, np.int64)
        for name in ("input_ids", "attention_mask", "token_type_ids", "passage")
    }
    for row, item in enumerate(batch):
        made["input_ids"][row, : len(item)] = item.ids
        made["attention_mask"][row, : len(item)] = 1
        made["token_type_ids"][row, item.second : len(item)] = 1
        made["passage"][row, item.second : item.second + len(item.offsets)] = item.offsets[:, 1] > 0
    yield from made.items()
