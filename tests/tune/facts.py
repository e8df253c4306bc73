"""Documents of one fact each, in the sentences that the tiny Llama of the fixtures was trained on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rag import Document, Rag
from rag.evaluate import Case, QuestionSet
from rag.testing import WordEmbedder

TINY = Path(__file__).parents[1] / "fixtures" / "tiny-llama"
THINGS = (
    *("lamp", "gate", "tower", "bridge", "boat", "harbour", "kettle", "garden", "clock", "ladder", "barrel"),
    *("window", "market", "library", "bakery", "chapel", "station", "orchard", "cellar", "mill", "forge"),
)
FACTS = (
    ("The {0} is painted {1}.", "What color is the {0}?", ("red", "green", "blue", "white")),
    ("The {0} opens at {1}.", "When does the {0} open?", ("noon", "dawn", "dusk", "midnight")),
    ("The {0} is made of {1}.", "What is the {0} made of?", ("oak", "iron", "glass", "stone")),
)
SETTINGS: dict[str, Any] = {
    "search.augment": [],
    "search.denoise": [],
    "search.k": 3,
    "ask.ground": [],
    "index.language": "english",
    "model.max_tokens": 24,
    "model.device": "cpu",
    "stages.hf": {"prompt": str(TINY / "prompt.toml")},
}


def facts() -> Iterator[tuple[str, str, str, str]]:
    """(source, text, question, answer)"""
    for number, thing in enumerate(THINGS):
        for form, asked, values in FACTS:
            value = values[(number * 7 + len(form)) % 4]
            name = f"{thing}-{asked.split()[0].lower()}-{form.split()[-2]}"
            yield name, form.format(thing, value), asked.format(thing), value


def questions() -> QuestionSet:
    cases = tuple(Case(name, asked, (value,), {name: 1.0}) for name, _, asked, value in facts())
    return QuestionSet("facts", cases)


@contextmanager
def opened(folder: Path) -> Iterator[Rag]:
    with Rag(folder / "index", embedder=WordEmbedder(1024), settings=SETTINGS) as rag:
        if not rag.exists:
            rag.ingest(Document.make(text, name) for name, text, _, _ in facts())
        yield rag
