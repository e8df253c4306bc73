"""The questions that an index has solved, as worked examples for a language model's prompt.

A question is solved once somebody has called its answer good (`rag good`). Its sources are the chunks that
the answer cites; where one of them is no longer stored, the example is left out.
"""

from __future__ import annotations

from pathlib import Path

from rag.augment.ratings import ratings
from rag.generate.examples import Example
from rag.stores import VectorStore


def solved_examples(home: Path, store: VectorStore) -> list[Example]:
    """One example for each good answer, in the order in which they were rated."""
    examples = []
    for rated in ratings(home):
        chunks = store.get(rated.chunks) if rated.good and rated.marked else []
        if chunks and len(chunks) == len(rated.chunks):
            examples.append(Example(tuple(chunk.text for chunk in chunks), rated.question, rated.marked))
    return examples
