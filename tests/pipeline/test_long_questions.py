"""Words and texts without an end in a question and in the documents: an answer in bounded time."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from rag import Document, Rag

QUESTION = "Who signs off {}releases?"
LONG = {
    "a word of 5 kB": "x" * 5_000 + " ",
    "a word of 100 kB": "x" * 100_000 + " ",
    "one joined by hyphens": "release-" * 12_500,
    "names of code": "aB3_" * 25_000 + " ",
    "digits": "7" * 100_000 + " ",
    "emoji": "🙂" * 100_000 + " ",
    "families of emoji": "👩\u200d👩\u200d👧" * 20_000 + " ",
    "combining marks": "e" + "\u0301" * 100_000 + " ",
    "Chinese": "谁" * 30_000 + " ",
    "marks": "'\"?!" * 25_000 + " ",
}


@pytest.fixture(scope="module")
def rag(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rag]:
    texts = {f"{name}.txt": f"The {name} are these: {text}.\n\nThey end." for name, text in LONG.items()}
    texts["a.txt"] = "Ana Berg signs off all releases."
    with Rag(tmp_path_factory.mktemp("long") / ".rag") as opened:
        opened.ingest([Document.make(text, source) for source, text in texts.items()])
        opened.ask(QUESTION.format(""))
        yield opened


@pytest.mark.parametrize("name", LONG)
def test_a_question_with_a_long_word_is_answered_in_bounded_time(rag: Rag, name: str) -> None:
    began = time.process_time()
    answer = rag.ask(QUESTION.format(LONG[name]))
    assert time.process_time() - began < 20.0
    assert answer.abstained or answer.citations
