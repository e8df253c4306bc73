"""Hits → the pieces of an answer. A generator is `(question, hits) -> pieces`.

- `extractive.py`: sentences taken from the hits, never invented; needs no model beyond the embedder
- `gguf.py`, `hf.py`, `openai.py`: language models: a GGUF file, a Hugging Face model, a server; `model.py`:
  the one of the settings, of whichever kind
- `hf_reader.py`: a question-answering model that quotes
- `prompted.py`: what these generators share: `fit.py` fills the context, `examples.py` adds worked examples,
  `grammar.py` forces markers, `stream.py` holds back what is no part of the answer
- `chat_model.py`: the contract of a language model; `opening.py`, `catalogue.py`, `download.py`: which one is
  meant, and where it lies; `local.py`, `gguf_header.py`, `hf_adapter.py`,
  `http.py`: what some kinds of model need; `structured.py`: replies as JSON of a given shape
- `commands.py`: `rag models`
- `candidates.py`: which parts of a chunk may be quoted; `evidence.py`: how well one answers a question

A piece is a string that may carry markers (`[2]` cites the second hit), or a `Quote`: a sentence taken word
for word. A model that writes yields strings as they come; quotes need no checking and are shown at the end.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

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

    def __call__(self, question: Question, hits: Sequence[Hit]) -> Iterable[str | Quote | Detail]: ...
