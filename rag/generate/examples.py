"""Worked examples for a prompt, chosen so that together they cover what the question asks.

Greedy set coverage: with the words of the question q weighted by rarity among the examples, each step takes
the example that adds most to Σ_{t ∈ q} idf(t) · max_{z ∈ Z} [t ∈ z] + λ · s(q, z), so that one example in two
shows something other than the first. The similarity s is the Jaccard similarity of the words, among examples
of a file, and the cosine of the two questions among the questions that the index itself has solved (`rag
good`), whose words weigh as much together as the cosine: coverage is divided by Σ_{t ∈ q} idf(t), and λ is 1.
Sources: Coverage-based Example Selection for In-Context Learning; Se²: Sequential Example Selection for
In-Context Learning; RARe: Retrieval Augmented Retrieval with In-Context Examples.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rag.as_toml import parsed_toml
from rag.embedding import Embedder
from rag.errors import ConfigError
from rag.llm.chat import Message
from rag.prompts import Prompt, fill
from rag.trace import note

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_LIKE = 0.5  # λ: weight of similarity beside coverage


class Example(NamedTuple):
    """One worked example: numbered sources, a question, the answer to give."""

    sources: tuple[str, ...]
    question: str
    answer: str


SOLVED = "solved"
"""In place of a file: the questions that the index has solved."""


def chooser(
    prompt: Prompt,
    path: str = "",
    shots: int = 3,
    solved: Callable[[], Sequence[Example]] | None = None,
    embedder: Embedder | None = None,
) -> Callable[[str], list[Message]]:
    """A function from a question to `shots` examples as turns, the most relevant last.

    With the path `solved` they are questions that the index has solved, and where these are too few, those
    that ship besides. Raises ConfigError for a file that holds no examples.
    """
    if path == SOLVED and solved is not None and embedder is not None:
        return _by_cosine(prompt, shots, solved, embedder)
    examples = load_examples("" if path == SOLVED else path)

    def choose(question: str) -> list[Message]:
        return _turns(prompt, covering(question, examples, shots))

    return choose


def _by_cosine(
    prompt: Prompt, shots: int, solved: Callable[[], Sequence[Example]], embedder: Embedder
) -> Callable[[str], list[Message]]:
    @cache
    def known() -> tuple[Sequence[Example], NDArray[np.float32]]:
        examples = solved()
        return examples, embedder.embed([example.question for example in examples], "query")

    def choose(question: str) -> list[Message]:
        examples, rows = known()
        near: list[float] = (rows @ embedder.embed([question], "query")[0]).tolist() if examples else []
        chosen = covering(question, examples, shots, near)
        shown = [{"question": one.question, "cosine": round(near[examples.index(one)], 4)} for one in chosen]
        note("examples", shown)
        chosen += covering(question, load_examples(), shots - len(chosen))
        return _turns(prompt, chosen)

    return choose


def _turns(prompt: Prompt, best_first: Sequence[Example]) -> list[Message]:
    turns = []
    for example in reversed(best_first):
        turns += [Message("user", _shown(prompt, example)), Message("assistant", example.answer)]
    return turns


def covering(
    question: str, examples: Sequence[Example], n: int, near: Sequence[float] | None = None
) -> list[Example]:
    """The n examples that together cover the question's words best, best first.

    `near` are the cosines of the question with those of the examples.
    """
    words = [_words(f"{example.question} {' '.join(example.sources)}") for example in examples]
    count = Counter(word for text in words for word in text)
    asked = {word: math.log(1 + len(examples) / (1 + count[word])) for word in _words(question)}
    covered: set[str] = set()
    left, chosen = list(range(len(examples))), list[Example]()
    whole = 1.0 if near is None else sum(asked.values()) or 1.0
    like = near or [_LIKE * len(known & asked.keys()) / max(1, len(known | asked.keys())) for known in words]
    while left and len(chosen) < n:
        gains = {
            place: sum(weight for word, weight in asked.items() if word in words[place] - covered) / whole
            + like[place]
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
        rows = parsed_toml(text).get("example", [])
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
