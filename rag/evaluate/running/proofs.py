"""Does what a sentence cites exist, and does it support the sentence? Asked anew, whatever the pipeline says.

A citation counts where its quote stands in the stored document at the place it names. A sentence that stands
word for word in what it cites is supported; any other gets what the reader says of it, as in
`rag/ground/support.py`, whether the pipeline ran that stage or not. A sentence without a citation that counts
has none.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rag.ground.support import Read, stands_there
from rag.types import Answer, Sentence

if TYPE_CHECKING:
    from rag.pipeline.pipeline import Pipeline


def supports(rag: Pipeline, answer: Answer) -> list[float]:
    """How well each sentence is supported, 0 to 1, in the order of the sentences."""
    proved = _with_real_citations(rag, answer)
    scores = [float(bool(sentence.citations)) for sentence in proved]
    written = [
        place for place, sentence in enumerate(proved) if sentence.citations and not stands_there(sentence)
    ]
    if written:
        pairs = [(proved[at].text, " ".join(c.quote for c in proved[at].citations)) for at in written]
        for place, score in zip(written, Read(rag.reader, answer.question)(pairs), strict=True):
            scores[place] = score
    return scores


def _with_real_citations(rag: Pipeline, answer: Answer) -> list[Sentence]:
    """The sentences with those of their citations that stand in the stored documents."""
    cited = {citation.document_id for sentence in answer.sentences for citation in sentence.citations}
    texts = {document.id: document.text for document in rag.store.load(sorted(cited))} if cited else {}
    return [
        replace(
            sentence,
            citations=tuple(
                citation
                for citation in sentence.citations
                if texts.get(citation.document_id, "")[citation.start : citation.end] == citation.quote
            ),
        )
        for sentence in answer.sentences
    ]
