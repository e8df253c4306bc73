"""Training pairs that look wrong: found, told, and dropped before anything is learned from them.

A pair is believed where its passage holds an answer word for word and the index's own search finds it at all,
or, without answers, where the search finds it among the first ten. The others are read by the reader, which
tells for the pair's passages and for the best other hits how likely they answer the question. A pair is
doubtful for one of these reasons:

    answer not in the passage     there are answers, none stands in it, and the reader finds none either
    reader and label disagree     the reader finds another hit to answer far better than the labelled passage
    fits many passages            answers stand in hits of three other documents or more

So labels that are right but hard to find are kept where the reader agrees with them. Source: RobustFT: Robust
Supervised Fine-tuning for Large Language Models under Noisy Response, whose experts are language models;
here they are the search and the reader.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from rag.counts import counted
from rag.evaluate.running.score import holds
from rag.progress import Progress, Watcher
from rag.reading import Passage

from .pairs import Pair

if TYPE_CHECKING:
    from rag.pipeline.pipeline import Pipeline
    from rag.types import Chunk

ABSENT, DISAGREE, MANY = "answer not in the passage", "reader and label disagree", "fits many passages"
_FIRST = 10  # places of the search among which a pair without answers is believed
_OTHERS = 3  # documents that hold an answer too, from which on a question fits many
_READ = 3  # hits that the reader compares with
_BETTER = 1.0  # logits by which another hit has to answer better
_UNLIKELY = 0.2  # probability under which the reader finds no answer in a passage


class Doubt(NamedTuple):
    """A pair and what speaks against it."""

    pair: Pair
    reason: str


@dataclass(frozen=True, slots=True)
class Sifted:
    """The pairs to learn from, and those that are doubted; with `keep` both hold these."""

    kept: list[Pair]
    doubts: tuple[Doubt, ...]
    dropped: bool

    @property
    def notes(self) -> list[str]:
        """What to tell of it, in lines; none where nothing is doubted."""
        if not self.doubts:
            return []
        count = Counter(doubt.reason for doubt in self.doubts)
        counts = ", ".join(f"{number} {reason}" for reason, number in count.most_common())
        examples = "; ".join(f"{doubt.pair.case.question!r} ({doubt.reason})" for doubt in self.doubts[:3])
        what = "left out" if self.dropped else "kept"
        wrong = counted(len(self.doubts), "training question looks", "training questions look")
        verb = "is" if len(self.doubts) == 1 else "are"
        return [f"{wrong} wrong and {verb} {what}: {counts}; {examples}"]

    def to_dict(self) -> dict[str, Any]:
        """JSON values: ids by reason."""
        by_reason: dict[str, list[str]] = {}
        for doubt in self.doubts:
            by_reason.setdefault(doubt.reason, []).append(doubt.pair.case.id)
        return {"dropped": self.dropped, **by_reason}


def sift(rag: Pipeline, pairs: Sequence[Pair], how: str, report: Watcher | None = None) -> Sifted:
    """Parts pairs that look wrong from the rest. `how`: `drop` them, or `keep` them and look for none."""
    if how == "keep":
        return Sifted(list(pairs), (), False)
    doubts = []
    for number, pair in enumerate(pairs, 1):
        reason = doubtful(rag, pair)
        if reason:
            doubts.append(Doubt(pair, reason))
        if report and number % 10 == 0:
            report(Progress("looking for wrong pairs", number, len(pairs)))
    ids = {id(doubt.pair) for doubt in doubts}
    return Sifted([pair for pair in pairs if id(pair) not in ids], tuple(doubts), True)


def doubtful(rag: Pipeline, pair: Pair) -> str | None:
    """What speaks against a pair; None where it is believed."""
    case = pair.case
    held = any(holds(case, chunk) for chunk in pair.positives)
    if case.answers:
        also = {chunk.document_id for chunk in pair.others if holds(case, chunk)}
        if len(also) >= _OTHERS and not 0 < pair.rank <= _OTHERS:
            return MANY
        if held and pair.rank:
            return None
    elif 0 < pair.rank <= _FIRST:
        return None
    own = rag.reader.read(case.question, [passage_of(chunk) for chunk in pair.positives[:_READ]])
    best = max(own, key=lambda reading: reading.logit)
    if case.answers and not held and best.answerable < _UNLIKELY:
        return ABSENT
    others = rag.reader.read(case.question, [passage_of(chunk) for chunk in pair.others[:_READ]])
    if others and max(reading.logit for reading in others) > best.logit + _BETTER:
        return DISAGREE
    return None


def passage_of(chunk: Chunk) -> Passage:
    """A chunk as the reader reads it."""
    return Passage(chunk.context, chunk.text)
