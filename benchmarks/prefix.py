"""What does a GGUF model save by keeping the keys and values of a prompt's beginning?

    python -m benchmarks.prefix --model tests/fixtures/tiny-llama/tiny-llama.gguf --prompt …/prompt.toml

Asks the same questions twice: of one model that stays open, and each of a model just opened, which has
nothing to reuse. Four kinds of questions share more and more of their prompts: nothing but the system's turn;
a worked example before the sources; the sources, as in a conversation about them; and the whole prompt.
Tokens are llama.cpp's own count of prompt tokens computed; milliseconds are those until the first piece of
the answer, medians over the questions.
"""

from __future__ import annotations

import argparse
import json
import time
import tomllib
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from rag.llm.chat import ChatOptions, Message
from rag.llm.gguf import GgufModel

_FIXTURE = Path("tests/fixtures/tiny-llama")
_THINGS = ("lamp", "gate", "tower", "bridge", "boat", "kettle", "clock", "ladder", "barrel", "window")
_COLOURS = ("red", "green", "blue", "white", "black")


def prompts(form: dict[str, str]) -> dict[str, list[list[Message]]]:
    """Kind → one conversation a question; what follows the shared part differs from question to question."""
    system = Message("system", form["system"])

    def user(things: Sequence[str], asked: str) -> Message:
        sources = "\n".join(
            form["source"].strip().format(number=number, text=_fact(thing))
            for number, thing in enumerate(things, 1)
        )
        question = f"What color is the {asked}?"
        return Message("user", form["user"].strip().format(sources=sources, question=question))

    def others(place: int) -> list[str]:
        return [_THINGS[(place + step) % len(_THINGS)] for step in range(4)]

    worked = [user(others(0)[:2], _THINGS[0]), Message("assistant", f"{_fact(_THINGS[0])} [1]")]
    places = range(len(_THINGS))
    return {
        "system": [[system, user(others(place), _THINGS[place])] for place in places],
        "worked example": [[system, *worked, user(others(place), _THINGS[place])] for place in places],
        "sources": [[system, user(_THINGS[:6], thing)] for thing in _THINGS],
        "whole prompt": [[system, user(_THINGS[:6], _THINGS[0])] for _ in places],
    }


def _fact(thing: str) -> str:
    return f"The {thing} is painted {_COLOURS[_THINGS.index(thing) % len(_COLOURS)]}."


def asked(model: GgufModel, conversation: Sequence[Message]) -> tuple[int, float]:
    """Prompt tokens computed, and milliseconds until the first piece of the answer."""
    before, began = model.evaluated, time.perf_counter()
    pieces = model.chat(conversation, ChatOptions(max_tokens=24))
    next(pieces, None)
    ms = (time.perf_counter() - began) * 1000
    list(pieces)
    return model.evaluated - before, ms


def measured(path: Path, conversations: Sequence[Sequence[Message]]) -> dict[str, Any]:
    kept = GgufModel.open(path, threads=1)
    asked(kept, conversations[0])  # the first has nothing to reuse in either way
    with_reuse = [asked(kept, conversation) for conversation in conversations[1:]]
    without = [asked(GgufModel.open(path, threads=1), conversation) for conversation in conversations[1:]]
    return {
        "questions": len(with_reuse),
        "prompt tokens": sum(kept.prompt_tokens(conversation) for conversation in conversations[1:]),
        "computed": sum(tokens for tokens, _ in with_reuse),
        "computed without": sum(tokens for tokens, _ in without),
        "ms": round(median(ms for _, ms in with_reuse), 2),
        "ms without": round(median(ms for _, ms in without), 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, default=_FIXTURE / "tiny-llama.gguf")
    parser.add_argument("--prompt", type=Path, default=_FIXTURE / "prompt.toml")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/prefix.json"))
    options = parser.parse_args()
    form = tomllib.loads(options.prompt.read_text("utf-8"))
    result: dict[str, Any] = {}
    for kind, conversations in prompts(form).items():
        result[kind] = measured(options.model, conversations)
        print(kind, json.dumps(result[kind]), flush=True)
    options.out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
