"""An answer put together again from sentences that were checked: markers count anew, unused sources go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from rag.types import Answer, Citation, Sentence


def composed(answer: Answer, sentences: Sequence[Sentence], notes: Mapping[int, str] | None = None) -> Answer:
    """The answer made of these sentences only. `notes` are shown behind a sentence, by its place."""
    numbered: dict[tuple[str, int, int], Citation] = {}
    kept = []
    for sentence in sentences:
        cited = []
        for citation in sentence.citations:
            key = (citation.chunk_id, citation.start, citation.end)
            numbered.setdefault(key, replace(citation, marker=len(numbered) + 1))
            cited.append(numbered[key])
        kept.append(replace(sentence, citations=tuple(cited)))
    shown = (shown_with(one) + (notes or {}).get(place, "") for place, one in enumerate(kept))
    return replace(answer, text=" ".join(shown), sentences=tuple(kept), citations=tuple(numbered.values()))


def shown_with(sentence: Sentence) -> str:
    """A sentence with its markers behind it."""
    return sentence.text + "".join(f" [{citation.marker}]" for citation in sentence.citations)
