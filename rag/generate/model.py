"""The generator over the language model of `[model]`, of whichever kind that is."""

from __future__ import annotations

from .chat_model import OpenModel
from .prompted import DEFAULTS, Prompted, PromptOptions, prompted


def build(open_model: OpenModel, options: PromptOptions = DEFAULTS, grammar: bool = False) -> Prompted:
    """A generator over the model of `[model]`; one that cannot hold to a grammar ignores it."""
    return prompted(open_model(""), options, grammar=grammar)
