"""Which questions to judge next: those whose answer is doubtful, and that stand for many others.

Every question v is asked once; with the confidence c(v) of its draft, the doubt is w(v) = 1 − |2 c(v) − 1|
+ .05. In the graph of the k nearest neighbours N(v) by cosine, questions are taken one by one, each time that
of the highest score

    score(u) = Σ over v = u and all v with u in N(v) of  w(v) · ρ^(−|N(v) and v itself, as far as taken|)

so what has labelled neighbours counts for little. Source: Su and others, Selective Annotation Makes Language
Models Better Few-Shot Learners (vote-k), weighted by uncertainty as in Lewis and Gale, A Sequential Algorithm
for Training Text Classifiers.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rag.errors import ConfigError
from rag.pipeline.pipeline import Pipeline
from rag.progress import Progress, Watcher
from rag.text.lines import json_lines

from .formats.rows import text_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_LEAST = 0.05  # doubt of an answer that is sure
_RHO = 10.0


class Labels(NamedTuple):
    """What was written: how many questions of how many."""

    path: Path
    chosen: int
    asked: int

    @property
    def passed(self) -> bool:
        return True

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {"path": str(self.path), "chosen": self.chosen, "asked": self.asked}

    def __str__(self) -> str:
        return (
            f"{self.chosen:,} of {self.asked:,} questions in {self.path}, most telling first: fill in "
            "`answers` ([] where there is none) and drop `meta`"
        )


def label(
    rag: Pipeline, questions: Path, path: Path, *, number: int = 20, progress: Watcher | None = None
) -> Labels:
    """Writes the questions to judge next, with the draft and its sources. `questions`: one a line, or JSONL.

    Raises ConfigError where `path` exists or `questions` holds none.
    """
    if path.exists():
        raise ConfigError(f"{path} exists: choose another name, or move it away")
    asked = _questions(questions)
    rows = []
    for done, question in enumerate(asked, 1):
        answer = rag.ask(question)
        rows.append((question, answer))
        if progress is not None:
            progress(Progress("asking", done, len(asked)))
    doubts = [1 - abs(2 * answer.confidence - 1) + _LEAST for _, answer in rows]
    vectors = rag.embedder.embed(asked, "query")
    with path.open("w", encoding="utf-8") as file:
        for place in chosen(vectors, doubts, number):
            question, answer = rows[place]
            meta = {
                "draft": " ".join(sentence.text for sentence in answer.sentences),
                "confidence": round(answer.confidence, 4),
                "sources": list(dict.fromkeys(hit.chunk.source for hit in answer.hits[:5])),
            }
            row = {"id": f"q{place + 1}", "question": question, "answers": [], "relevant": [], "meta": meta}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    return Labels(path, min(number, len(asked)), len(asked))


def chosen(
    vectors: NDArray[np.float32], doubts: Sequence[float], number: int, neighbours: int = 5
) -> list[int]:
    """Places of the questions to judge, most telling first. `vectors`: unit rows (n, dim)."""
    import numpy as np

    near = vectors @ vectors.T
    np.fill_diagonal(near, -np.inf)
    count = min(neighbours, len(doubts) - 1)
    links = [set(np.argsort(-row, kind="stable")[:count].tolist()) | {at} for at, row in enumerate(near)]
    taken: list[int] = []
    while len(taken) < min(number, len(doubts)):
        worth = [doubt * _RHO ** -len(links[at].intersection(taken)) for at, doubt in enumerate(doubts)]
        scores = [
            sum(worth[v] for v, linked in enumerate(links) if at in linked) for at in range(len(doubts))
        ]
        left = [at for at in range(len(doubts)) if at not in taken]
        taken.append(max(left, key=lambda at: (round(scores[at], 9), doubts[at], -at)))
    return taken


def _questions(path: Path) -> list[str]:
    """The questions of a file, each once: lines of text, or objects with `question`."""
    texts = []
    for number, line in enumerate(json_lines(text_of(path)), 1):
        text = line.strip()
        if text.startswith("{"):
            try:
                text = str(json.loads(text)["question"]).strip()
            except (ValueError, KeyError) as error:
                raise ConfigError(
                    f"{path}:{number}: {error!r}, expected an object with `question`"
                ) from error
        if text:
            texts.append(text)
    if not texts:
        raise ConfigError(f"{path} holds no questions: expected one a line")
    return list(dict.fromkeys(texts))
