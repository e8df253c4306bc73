"""What a language model finds useful: passages weighed by how likely they make the answer.

For the candidates c of a question x with the answer y, labelled passages and hits alike,

    gain(c) = log P(y | c, x) − log P(y | x)        means over the tokens of y
    w(c)    = softmax(gain / τ)

Those of more than an even share are what a retriever should move towards, by their weights; where no passage
makes the answer likelier, the labels count. Source: Lin and others, RA-DIT: Retrieval-Augmented Dual
Instruction Tuning (the LM-supervised retriever); Shi and others, REPLUG.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple, Protocol, runtime_checkable

from rag.errors import ConfigError
from rag.llm.chat import Message
from rag.progress import Progress, Watcher
from rag.prompts import fill, load_prompt
from rag.prompts.data import harmless
from rag.types import Chunk

from .pairs import Pair

TEMPERATURE = 0.3
"""τ, in nats a token."""
_PROMPT = "background"


@runtime_checkable
class Likely(Protocol):
    """A language model that says how likely it finds an answer: those run in this process."""

    @property
    def name(self) -> str: ...
    @property
    def control(self) -> Sequence[str]: ...

    def log_likelihood(self, messages: Sequence[Message], answer: str) -> float:
        """log P(answer | messages), a mean over the answer's tokens."""
        ...


class Preferred(NamedTuple):
    """The pairs with their targets, and how many of the questions that were weighed moved from the labels.

    `agreed` is how many of the weighed have a labelled passage as the one of most weight.
    """

    pairs: list[Pair]
    weighed: int
    agreed: int


def likely(model: object) -> Likely:
    """The model. Raises ConfigError for one that cannot say how likely a text is."""
    if not isinstance(model, Likely):
        name = getattr(model, "name", model)
        raise ConfigError(
            f"{name} does not say how likely a text is: name a GGUF file, or a folder of weights"
        )
    return model


def preferred(model: Likely, pairs: Sequence[Pair], report: Watcher | None = None) -> Preferred:
    """The pairs, those with answers with `targets`: passages and weights that sum to 1."""
    made, weighed, agreed = [], 0, 0
    for number, pair in enumerate(pairs, 1):
        targets = _targets(model, pair) if pair.case.answers else ()
        if targets:
            weighed += 1
            labelled = {chunk.id for chunk in pair.positives}
            agreed += max(targets, key=lambda target: target[1])[0].id in labelled
        made.append(replace(pair, targets=targets))
        if report:
            report(Progress("weighing passages", number, len(pairs)))
    return Preferred(made, weighed, agreed)


def _targets(model: Likely, pair: Pair) -> tuple[tuple[Chunk, float], ...]:
    chunks = [*pair.positives, *pair.negatives]
    answer = pair.case.answers[0]
    without = model.log_likelihood(_messages(model, pair.case.question, ""), answer)
    gains = [
        model.log_likelihood(_messages(model, pair.case.question, f"{chunk.context}\n{chunk.text}"), answer)
        - without
        for chunk in chunks
    ]
    most = max(gains, default=0.0)
    if most <= 0:
        return ()
    powers = [math.exp((gain - most) / TEMPERATURE) for gain in gains]
    even = sum(powers) / len(powers)
    kept = [(chunk, power) for chunk, power in zip(chunks, powers, strict=True) if power >= even]
    whole = sum(power for _, power in kept)
    return tuple((chunk, power / whole) for chunk, power in kept)


def _messages(model: Likely, question: str, text: str) -> list[Message]:
    prompt = load_prompt(_PROMPT, ("question", "text"))
    values = {"question": harmless(question, (), model.control), "text": harmless(text, (), model.control)}
    return [Message("user", fill(prompt.user, values).strip())]
