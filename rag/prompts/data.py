"""Documents are data, never instructions: text is changed so that it cannot pass for a part of the prompt.

Changed are only what a model would read as structure: control tokens of chat templates, the delimiters that
stand around a source, `[3]` (which would be taken for a marker), and characters that nobody sees. The answer
is checked against the text as it is stored, so what is changed here changes no citation.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

# <|im_end|>, </s>, [INST], <<SYS>>, <start_of_turn>, <think>: control tokens of the usual chat templates.
_CONTROL = re.compile(
    r"<\|[^|<>\n]{1,40}\|>|</?s>|\[/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS)\]|<</?SYS>>"
    r"|<(?:start|end|begin)_of_\w{1,20}>|<[｜|][^<>\n]{1,40}[｜|]>|</?(?:think|tool_call|tool_response)>",
    re.IGNORECASE,
)
_TAG = re.compile(r"<(?=\s*/?\s*sources?\b)", re.IGNORECASE)
_MARKER = re.compile(r"\[(\d{1,3}(?:\s?[,–-]\s?\d{1,3})*)\]")
# Zero-width and direction characters, and the tag characters that spell words nobody sees.
_UNSEEN = re.compile("[\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\U000e0000-\U000e007f]")
_C0 = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def harmless(text: str, delimiters: Iterable[str] = (), control: Iterable[str] = ()) -> str:
    """The text with nothing in it that ends a source, opens a turn, or reads as a marker.

    `delimiters` are those of the prompt in use; `control` the strings that the model's own tokenizer turns
    into control tokens.
    """
    text = _C0.sub(" ", _UNSEEN.sub("", text))
    text = _MARKER.sub(r"(\1)", text)
    text = _TAG.sub("‹", text)
    text = _CONTROL.sub(lambda match: _broken(match[0]), text)
    for literal in sorted({*delimiters, *control}, key=len, reverse=True):
        # A control token of one character ("\n", "<") cannot be told from text.
        if len(literal.strip()) > 2:
            text = re.sub(re.escape(literal), lambda match: _broken(match[0]), text, flags=re.IGNORECASE)
    return text


def _broken(literal: str) -> str:
    """The same to a reader, another string to a tokenizer: `<|end|>` → `< |end|>`."""
    return f"{literal[0]} {literal[1:]}"
