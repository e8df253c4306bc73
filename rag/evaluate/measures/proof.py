"""Measures of an answer's citations: do they point where the answer is, and is every sentence proved?

    CiteP     share of the citations that stand in a relevant document; an answer without any has 0
    CiteR     share of the relevant documents that are cited
    Support   share of the sentences that carry a citation which supports them (support of at least .5)

CiteP and CiteR need relevant documents and apply to answers given, not to refusals: precision and recall as
in Gao et al., Enabling Large Language Models to Generate Text with Citations, with the set's own judgements
in the place of a model's. Support is found by `running/proofs.py`. None of the three asks what the pipeline
says of its own answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

SUPPORTED = 0.5


def citation_precision(cited: Sequence[str], relevant: Mapping[str, float]) -> float:
    return sum(document in relevant for document in cited) / len(cited) if cited else 0.0


def citation_recall(cited: Sequence[str], relevant: Mapping[str, float]) -> float:
    return len(set(cited) & set(relevant)) / len(relevant) if relevant else 0.0


def supported(sentences: Sequence[tuple[float, bool]]) -> float:
    """From (support, has a citation) for each sentence."""
    proved = [support >= SUPPORTED and cites for support, cites in sentences]
    return sum(proved) / len(proved) if proved else 0.0
