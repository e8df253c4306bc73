"""An answer put together again from sentences that were checked: markers count anew, unused sources go."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from rag.types import Answer, Citation, Sentence

_MANY = 6  # markers behind one sentence, from which only the first and the last are shown
_ITEM = re.compile(r"(?:\d{1,3}[.)]|-) ")


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
    shown = (shown_with(sentence) + (notes or {}).get(place, "") for place, sentence in enumerate(kept))
    return replace(
        answer,
        text=joined(list(shown)),
        sentences=tuple(kept),
        citations=tuple(numbered.values()),
        span=_kept_span(answer.span, numbered.values()),
    )


def _kept_span(span: Citation | None, citations: Iterable[Citation]) -> Citation | None:
    """The answer's own words, as long as a sentence that holds them is still there."""
    for citation in citations:
        if (
            span
            and citation.chunk_id == span.chunk_id
            and citation.start <= span.start
            and span.end <= citation.end
        ):
            return replace(span, marker=citation.marker)
    return None


def joined(sentences: Sequence[str]) -> str:
    """Sentences as one text: items of a list on lines of their own, all else running on."""
    text = ""
    for sentence in sentences:
        text += ("\n" if text and _ITEM.match(sentence) else " " if text else "") + sentence
    return text


def shown_with(sentence: Sentence) -> str:
    """A sentence with its markers behind it; many in a row as `[1]–[63]`."""
    markers = [citation.marker for citation in sentence.citations]
    if len(markers) > _MANY and markers == list(range(markers[0], markers[-1] + 1)):
        return f"{sentence.text} [{markers[0]}]–[{markers[-1]}]"
    return sentence.text + "".join(f" [{marker}]" for marker in markers)
