"""Hits → fewer, better hits. A denoise stage is `(question, hits) -> hits`, best first; stages chain.

- `rerank.py`: the first hits in the order that the reader gives (a default)
- `duplicates.py`: near-identical chunks, of which one is enough (a default)
- `threshold.py`: what is no nearer than chance
- `mmr.py`: what says something new comes first
- `cross_encoder.py`: scores by a model that reads question and chunk together (extra `[hf]`)
- `listwise.py`: the order a language model gives the whole list
- `compress.py`: of each hit the part that answers
- `conflicts.py`: hits that contradict each other, by their claims (`claims.py`)
- `poison.py`: hits that were written to steer the answer, by their signs (`poison_signs.py`,
  `injected_orders.py`)
- `corrections.py`: what a person corrected goes before every source (on where there are corrections)
- `voices.py`: what is repeated in the same words counts once; sources that disagree are weighed and told
- `signals.py`: new documents and chosen sources first, by hand
- `ranker.py`: hits in the order of trees that were learned (`trees.py`; on where an index adopted some)
- `hit_signals.py`: what can be said of a hit in numbers
- `blend.py`: scores of different kinds, made comparable

`docs/stages.md` has what each gains and costs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from rag.types import Hit, Question

NAMES = {
    "compress": "rag.denoise.compress:build",
    "conflicts": "rag.denoise.conflicts:build",
    "corrections": "rag.denoise.corrections:build",
    "cross_encoder": "rag.denoise.cross_encoder:build",
    "duplicates": "rag.denoise.duplicates:build",
    "listwise": "rag.denoise.listwise:build",
    "mmr": "rag.denoise.mmr:build",
    "poison": "rag.denoise.poison:build",
    "ranker": "rag.denoise.ranker:build",
    "rerank": "rag.denoise.rerank:build",
    "signals": "rag.denoise.signals:build",
    "threshold": "rag.denoise.threshold:build",
    "voices": "rag.denoise.voices:build",
}
"""Name in the settings → what builds the stage."""


class Denoise(Protocol):
    """Drops hits or changes their scores; the order that comes back counts.

    A stage may have an attribute `reach`, as `DeepDenoise` does: then so many hits are retrieved for it.
    """

    def __call__(self, question: Question, hits: Sequence[Hit]) -> Sequence[Hit]: ...


@runtime_checkable
class DeepDenoise(Protocol):
    """A stage that looks at more hits than are asked for: `reach` is how many are retrieved, at least."""

    reach: int

    def __call__(self, question: Question, hits: Sequence[Hit]) -> Sequence[Hit]: ...
