"""Two texts → what the model reads: `[CLS] question [SEP] context text [SEP]`, in windows where long."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Window(NamedTuple):
    """One input. Token `first + i` of `ids` covers the characters `offsets[i]` of the passage's text."""

    ids: list[int]
    second: int
    first: int
    offsets: Sequence[tuple[int, int]]


def windows(
    marks: tuple[int, int],
    question: Sequence[int],
    context: Sequence[int],
    text: Sequence[int],
    offsets: Sequence[tuple[int, int]],
    max_tokens: int,
    stride: int,
) -> Iterator[Window]:
    """The windows of a passage, each with the question and the context; they overlap by `stride` tokens.

    `marks` are the ids of [CLS] and [SEP]. A text that fits is one window.
    """
    begin_mark, end_mark = marks
    room = max_tokens - 3 - len(question) - len(context)
    head = [begin_mark, *question, end_mark, *context]
    begin = 0
    while True:
        end = min(len(text), begin + room)
        yield Window([*head, *text[begin:end], end_mark], len(question) + 2, len(head), offsets[begin:end])
        if end == len(text):
            return
        begin = end - stride


def inputs(window: Window) -> dict[str, NDArray[np.int64]]:
    """The graph's inputs, each of shape (1, tokens)."""
    import numpy as np

    ids = np.array([window.ids], np.int64)
    types = np.zeros_like(ids)
    types[0, window.second :] = 1
    return {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": types}
