"""Hits → the pieces of an answer. A generator is `(question, hits) -> pieces`.

- `extractive.py`: quotes of the hits, never invented: sentences, cells, steps, lists;
  `other_languages.py`: a sentence of a source in another language than the question; `studies.py`: yes, no
  or maybe by what a study found
- `prompted.py`: answers written by a language model (`rag/llm/`), of whichever kind; `fit.py` fills its
  context, `examples.py` adds worked examples
- `hf_reader.py`: a question-answering model that quotes

A piece is a string that may carry markers (`[2]` cites the second hit), a `Quote`: a sentence taken word for
word, or `Derived`: a sentence that follows from quotes. A model that writes yields strings as they come; the
others need no checking and are shown at the end.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from rag.types import Derived as Derived
from rag.types import Detail as Detail
from rag.types import Hit, Question
from rag.types import Quote as Quote

NAMES = {
    "extractive": "rag.generate.extractive:build",
    "gguf": "rag.generate.prompted:build_gguf",
    "hf": "rag.generate.prompted:build_hf",
    "hf_reader": "rag.generate.hf_reader:build",
    "model": "rag.generate.prompted:build_model",
    "openai": "rag.generate.prompted:build_openai",
}
"""Name in the settings → what builds the generator."""


class Generator(Protocol):
    """Answers a question from hits, and from nothing else; yields nothing where they hold no answer."""

    def __call__(
        self, question: Question, hits: Sequence[Hit]
    ) -> Iterable[str | Quote | Derived | Detail]: ...
