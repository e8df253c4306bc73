"""Worked examples for a prompt, chosen so that together they cover what the question asks.

Greedy set coverage: with the words of the question q weighted by rarity among the examples, each step takes
the example that adds most to Σ_{t ∈ q} idf(t) · max_{z ∈ Z} [t ∈ z] + λ · J(q, z), J the Jaccard similarity
of the words, so that one example in two shows something other than the first. Sources: Coverage-based Example
Selection for In-Context Learning; Se²: Sequential Example Selection for In-Context Learning.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections import Counter
from collections.abc import Callable, Sequence
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from rag.errors import ConfigError
from rag.llm.chat import Message
from rag.prompts import Prompt, fill

_LIKE = 0.5  # λ: weight of similarity beside coverage


class Example(NamedTuple):
    """One worked example: numbered sources, a question, the answer to give."""

    sources: tuple[str, ...]
    question: str
    answer: str


def chooser(prompt: Prompt, path: str = "", shots: int = 3) -> Callable[[str], list[Message]]:
    """A function from a question to `shots` examples as turns, the most relevant last."""
    examples = load_examples(path)

    def choose(question: str) -> list[Message]:
        turns = []
        for example in reversed(covering(question, examples, shots)):
            turns += [Message("user", _shown(prompt, example)), Message("assistant", example.answer)]
        return turns

    return choose


def covering(question: str, examples: Sequence[Example], n: int) -> list[Example]:
    """The n examples that together cover the question's words best, best first."""
    words = [_words(f"{example.question} {' '.join(example.sources)}") for example in examples]
    count = Counter(word for text in words for word in text)
    asked = {word: math.log(1 + len(examples) / (1 + count[word])) for word in _words(question)}
    covered: set[str] = set()
    left, chosen = list(range(len(examples))), list[Example]()
    while left and len(chosen) < n:
        gains = {
            place: sum(weight for word, weight in asked.items() if word in words[place] - covered)
            + _LIKE * len(words[place] & asked.keys()) / max(1, len(words[place] | asked.keys()))
            for place in left
        }
        best = max(left, key=lambda place: gains[place])
        covered |= words[best] & asked.keys()
        left.remove(best)
        chosen.append(examples[best])
    return chosen


def load_examples(path: str = "") -> list[Example]:
    """The examples of a TOML file with `[[example]]` tables, or those that ship. Raises ConfigError."""
    where = path or "worked examples"
    try:
        text = Path(path).expanduser().read_text("utf-8") if path else _shipped()
        rows = tomllib.loads(text).get("example", [])
        loaded = [Example(tuple(row["sources"]), str(row["question"]), str(row["answer"])) for row in rows]
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise ConfigError(
            f"{where} cannot be read ({error}): expected TOML with [[example]] tables of sources, question "
            "and answer"
        ) from error
    if not loaded:
        raise ConfigError(f"{where} holds no [[example]] table: expected at least one")
    return loaded


def _shipped() -> str:
    return files("rag.prompts").joinpath("worked.toml").read_text("utf-8")


def _shown(prompt: Prompt, example: Example) -> str:
    sources = "\n".join(
        fill(prompt.source, {"number": number, "context": "", "text": text}).replace("\n\n", "\n")
        for number, text in enumerate(example.sources, 1)
    )
    return fill(prompt.user, {"sources": sources, "question": example.question, "refusal": prompt.refusal})


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower()))
