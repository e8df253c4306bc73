"""The generator over the language model of `[model]`, of whichever kind that is."""

from __future__ import annotations

from .chat_model import OpenModel
from .prompted import Prompted, prompted


def build(
    open_model: OpenModel,
    max_tokens: int = 512,
    temperature: float = 0.0,
    seed: int = 0,
    prompt: str = "",
    form: str = "answer",
    examples: str = "",
    shots: int = 3,
    grammar: bool = False,
) -> Prompted:
    """Options as those of `prompted`; a model that cannot hold to a grammar ignores it."""
    return prompted(
        open_model(""),
        prompt=prompt,
        form=form,
        max_tokens=max_tokens,
        temperature=temperature,
        seed=seed,
        examples=examples,
        shots=shots,
        grammar=grammar,
    )
