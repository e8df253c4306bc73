"""Takes out written sentences that do not answer the question, however well a source supports them.

For a question q and a sentence s, or the words e that it cites, read under the headings above them:

    r(q, t) = 1 / (1 + exp(−(0.945 · a(q, t) + 1.415 · cos(q, t) − 0.902)))
    relevance(s) = max(r(q, s), r(q, e))

with a the reader's logit that t answers q. What is cited counts too, since a short sentence leans on the
question. The weights were fitted on 210 questions of held-out articles, each with a sentence that answers and
others of the same passage, article and of anywhere (`benchmarks/fit_relevant.py`). On articles that were not
fitted on, 94 of 100 sentences that answer reach .1, and 1 of 100 from elsewhere.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from rag.embedding import Embedder
from rag.options import Share
from rag.reading import Passage, Reader
from rag.text.scripts import reads
from rag.trace import note
from rag.types import Answer, Question, Sentence

from .abstain import withdrawn
from .compose import composed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

WEIGHTS = (0.945, 1.415)
BIAS = -0.902


def build(embedder: Embedder, reader: Reader, below: Share = 0.1) -> Callable[[Question, Answer], Answer]:
    """A stage that removes written sentences of a relevance under `below`, and withdraws where none is left.

    Confidence is multiplied by the highest relevance. Quotes are not looked at: what chose them judged that
    they answer. Neither are questions in letters that the reader never learned.
    """

    def relevant(question: Question, answer: Answer) -> Answer:
        written = [place for place, sentence in enumerate(answer.sentences) if not sentence.quoted]
        if not written or not reads(reader, question.text):
            return answer
        relevances = dict(
            zip(written, _relevances(question.text, answer, written, embedder, reader), strict=True)
        )
        note("relevance", {str(place): round(value, 4) for place, value in relevances.items()})
        kept = [
            sentence for place, sentence in enumerate(answer.sentences) if relevances.get(place, 1.0) >= below
        ]
        sure = answer.confidence * max(relevances.values())
        if not kept:
            return withdrawn(replace(answer, confidence=sure))
        return replace(composed(answer, kept), confidence=sure)

    return relevant


def _relevances(
    question: str, answer: Answer, places: Sequence[int], embedder: Embedder, reader: Reader
) -> list[float]:
    """relevance(s) of the sentences at these places."""
    headings = {hit.chunk.id: hit.chunk.context for hit in answer.hits}
    texts: list[tuple[int, Passage]] = []
    for place in places:
        sentence = answer.sentences[place]
        texts.append((place, Passage(_heading(sentence, headings), sentence.text)))
        texts += [(place, Passage(headings.get(c.chunk_id, ""), c.quote)) for c in sentence.citations]
    scores = relevance(question, [passage for _, passage in texts], embedder, reader)
    return [
        max(score for (at, _), score in zip(texts, scores, strict=True) if at == place) for place in places
    ]


def relevance(question: str, texts: Sequence[Passage], embedder: Embedder, reader: Reader) -> list[float]:
    """r(q, t) of each text, 0 to 1."""
    rows = features(question, texts, embedder, reader)
    logits = [sum(w * x for w, x in zip(WEIGHTS, row, strict=True)) + BIAS for row in rows.tolist()]
    return [1 / (1 + math.exp(-max(-60.0, min(60.0, logit)))) for logit in logits]


def features(
    question: str, texts: Sequence[Passage], embedder: Embedder, reader: Reader
) -> NDArray[np.float64]:
    """A row for each text: the reader's logit, and the cosine with the question."""
    import numpy as np

    shown = [f"{text.context}\n{text.text}".strip() for text in texts]
    near = embedder.embed(shown, "document") @ embedder.embed([question], "query")[0]
    read = [reading.logit for reading in reader.read(question, texts)]
    return np.column_stack([np.array(read, np.float64), near.astype(np.float64)])


def _heading(sentence: Sentence, headings: dict[str, str]) -> str:
    """What stands above the first text that a sentence cites."""
    return next((headings.get(citation.chunk_id, "") for citation in sentence.citations), "")
