"""Yes, no or maybe from the report of a study, with the sentence that concludes it.

The documents of the best units are looked at in their order. The first that reads as a study and is about
all that the question names (`rag.reading.subject`) answers with what it found (`rag.reading.findings`). Where
studies are met, but each of something else, there is no answer, and a note says what they do not say: a study
that is near to a question proves neither yes nor no. Source: PubMedQA, and MedEdit, which answers such
questions from retrieved texts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from rag.reading.choice import Choice, Judged, certainty
from rag.reading.findings import LONGEST, asks_finding, finding, is_study
from rag.reading.subject import unsaid
from rag.trace import note, note_reader
from rag.types import Derived, Hit, Quote

_TRIED = 3  # documents that are looked at


def found_in_studies(
    question: str,
    judged: Sequence[Judged],
    hits: Sequence[Hit],
    texts: Callable[[Sequence[str]], Mapping[str, str]],
    choice: Choice,
) -> list[Derived] | None:
    """What a study says to a question for yes or no: at most one answer, none where no study is about it.

    None, and not a list, where yes or no is not asked, or the best of the units stands in no study. `texts`
    gives the whole texts of documents by their ids.
    """
    if not judged or not asks_finding(question):
        return None
    units: dict[str, list[Judged]] = {}
    for one in judged:
        units.setdefault(hits[one.unit.place].chunk.document_id, []).append(one)
    first: list[str] = []
    for own in [*units.values()][:_TRIED]:
        place = own[0].unit.place
        chunk = hits[place].chunk
        text, before = texts([chunk.document_id]).get(chunk.document_id, ""), chunk.start
        if not text or len(text) > LONGEST:
            text, before = chunk.text, 0
        found = finding(question, text, lambda said: choice.near(question, said)) if is_study(text) else None
        if found is None:
            if not first:
                return None
            continue
        strange = unsaid(question, f"{chunk.context}\n{text}", choice.analyze, choice.vectors)
        if not strange:
            note("form", "what a study found")
            said, sure = text[found.start : found.end], certainty(own)
            quote = Quote(place, found.start - before, found.end - before, sure, text=said)
            return [Derived(f"{found.verdict}. {' '.join(said.split())}", (quote,), sure)]
        first = first or strange
    note("form", "no study of this")
    named = ", ".join(f"“{word}”" for word in first)
    note_reader(f"The study nearest to this question says nothing of {named}.")
    return []
