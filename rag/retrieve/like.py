"""A document as the query: what else in the index is about the same?

With the unit rows v(1..n) of the document's own chunks, the dense leg searches with their mean, scaled to
length 1; the lexical leg with the document's most telling words, the `terms` of the highest tf · (1 + length
/ 10), which prefers names and compounds to short common words. Both are fused as for a question. The document
itself, by its source or by its words, is left out. Source: query-by-document retrieval, as in Yang and
others, Query by Document.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rag.embedding import Embedder
from rag.errors import ConfigError
from rag.types import Chunk, Document, Hit, Query, Question

TERMS = 30
"""Words of the document that the lexical leg searches with."""


def like(document: Document, chunks: Sequence[Chunk], embedder: Embedder, language: str) -> Question:
    """The question that a document asks. Raises ConfigError for one without words."""
    import numpy as np

    if not chunks or not document.text.strip():
        raise ConfigError(f"{document.source} holds no text to search by")
    rows = embedder.embed([chunk.indexed_text for chunk in chunks], "document")
    mean = rows.mean(axis=0)
    mean = mean / (float(np.linalg.norm(mean)) or 1.0)
    words = telling(document.text, language)
    queries = [Query(document.title or document.source, leg="dense", vector=mean.tolist())]
    if words:
        queries.append(Query(" ".join(words), leg="lexical"))
    return Question(document.title or document.source, tuple(queries))


def telling(text: str, language: str, terms: int = TERMS) -> list[str]:
    """The words of the highest tf · (1 + length / 10); words are counted by their stems."""
    from rag.indexes import Analyzer

    analyze = Analyzer(language).analyze
    forms: dict[str, str] = {}
    count: Counter[str] = Counter()
    for word in text.split():
        for stem in analyze(word):
            forms.setdefault(stem, word.strip(".,;:!?()[]\"'“”"))
            count[stem] += 1
    ranked = sorted(count, key=lambda stem: (-count[stem] * (1 + len(stem) / 10), stem))
    return [forms[stem] for stem in ranked[:terms] if forms[stem]]


def others(document: Document, hits: Sequence[Hit], k: int) -> list[Hit]:
    """The first `k` hits that are not of the document itself, each document once, at its best chunk."""
    own = " ".join(document.text.split())
    seen: set[str] = set()
    kept = []
    for hit in hits:
        chunk = hit.chunk
        if chunk.document_id in seen or chunk.source == document.source:
            continue
        seen.add(chunk.document_id)
        if " ".join(chunk.text.split()) not in own:
            kept.append(hit)
    return kept[:k]
