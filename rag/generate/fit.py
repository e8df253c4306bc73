"""Which hits fit into a model's context: the best that fit, counted with the model's own tokenizer.

The context holds prompt and answer, so the prompt may have context_tokens - max_tokens tokens. Hits are
taken by score, best first, and shown in the order they came in, under the number they came with.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from rag.errors import ModelError
from rag.llm.chat import ChatModel, Message
from rag.prompts import Prompt, fill
from rag.prompts.data import harmless
from rag.types import Hit

Render = Callable[[str], Sequence[Message]]
"""The sources as text → the messages with them in place."""


class Fitted(NamedTuple):
    """The messages to send; which hits they hold, by number from 1, and which were left out or cut short."""

    messages: Sequence[Message]
    tokens: int
    used: Sequence[int]
    left_out: Sequence[int]
    cut: Sequence[int] = ()


def fit(
    model: ChatModel, prompt: Prompt, hits: Sequence[Hit], render: Render, max_tokens: int, most: int = 0
) -> Fitted:
    """Fills the context with at most `most` hits, the best ones; 0 is as many as fit.

    Raises ModelError where not even the best hit fits, cut to its first sentence.
    """
    room = model.context_tokens - max_tokens
    bare = model.prompt_tokens(render(""))
    if bare >= room:
        raise ModelError(
            f"{model.name} has a context of {model.context_tokens} tokens: {max_tokens} are kept for the "
            f"answer and the prompt takes {bare} before any source. Raise model.context_tokens, lower "
            "model.max_tokens, or use a shorter prompt file."
        )
    blocks = {number: source(prompt, number, hit, model.control) for number, hit in enumerate(hits, 1)}
    chosen = _chosen(model, hits, blocks, room - bare, most or len(hits))
    # Blocks were counted one by one; the whole is counted once more, as seams can make tokens.
    while chosen:
        messages = render("\n".join(blocks[number] for number in sorted(chosen)))
        tokens = model.prompt_tokens(messages)
        if tokens <= room:
            left_out = [number for number in blocks if number not in chosen]
            return Fitted(messages, tokens, sorted(chosen), left_out)
        chosen.pop()
    return _shortened(model, prompt, hits, render, room)


def source(
    prompt: Prompt, number: int, hit: Hit, control: Sequence[str] = (), text: str | None = None
) -> str:
    """One hit as the prompt shows it: numbered, delimited, and unable to leave its delimiters."""
    values = {
        "number": number,
        "context": harmless(hit.chunk.context, prompt.delimiters, control),
        "text": harmless(hit.chunk.text if text is None else text, prompt.delimiters, control),
    }
    shown = fill(prompt.source, values)
    return "\n".join(line for line in shown.split("\n") if line.strip())


def _chosen(model: ChatModel, hits: Sequence[Hit], blocks: dict[int, str], room: int, most: int) -> list[int]:
    """Numbers of the hits that fit, best first; a long one that does not fit makes way for shorter ones."""
    chosen: list[int] = []
    for number in sorted(blocks, key=lambda number: -hits[number - 1].score):
        if len(chosen) == most:
            break
        tokens = model.count(blocks[number] + "\n")
        if tokens <= room:
            chosen.append(number)
            room -= tokens
    return chosen


def _shortened(model: ChatModel, prompt: Prompt, hits: Sequence[Hit], render: Render, room: int) -> Fitted:
    """The best hit alone, cut behind the last sentence that fits."""
    from rag.text.sentences import sentences

    best = max(range(len(hits)), key=lambda place: hits[place].score)
    text = hits[best].chunk.text
    for _, end in reversed(sentences(text)):
        messages = render(source(prompt, best + 1, hits[best], model.control, text[:end]))
        tokens = model.prompt_tokens(messages)
        if tokens <= room:
            left_out = [number for number in range(1, len(hits) + 1) if number != best + 1]
            return Fitted(messages, tokens, [best + 1], left_out, [best + 1])
    raise ModelError(
        f"{model.name} has a context of {model.context_tokens} tokens, too few for one sentence of a source: "
        f"{room} tokens are left beside the answer. Raise model.context_tokens or lower model.max_tokens."
    )
