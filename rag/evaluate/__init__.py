"""Measuring a pipeline on one's own questions: figures with intervals, paired comparisons, reasons.

Data
- `cases.py`, `datasets/`: a question with its judgements, and the formats they come in
- `judged.py`, `corpora.py`: judged names ↔ stored documents; an index for one corpus
Measuring
- `run.py`, `outcome.py`, `journal.py`, `provenance.py`: asking, keeping, resuming, reproducing
- `score.py`, `measures/`: outcome → numbers; `proofs.py`: whether citations hold; `judge.py`: a
  language model's verdicts beside the rest
- `statistics.py`, `paired.py`: intervals, paired differences, p-values, questions needed
- `make.py`, `turn.py`, `written.py`, `round_trip.py`: question sets from one's own documents
- `ablation.py`, `modes.py`, `stress.py` with `trials.py` and `perturb.py`: many runs; `several.py` runs them
Telling
- `result.py`: `Run`, the report object; `page.py`, `charts.py`, `page.css`: the HTML report;
  `plots.py`: matplotlib

Knows the pipeline as `Rag` only, and nothing of how a stage works.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rag.evaluate.questions.cases import Case, QuestionSet
    from rag.evaluate.questions.formats import read_corpus, read_questions

    from .measures import risk_coverage
    from .paired import Comparison, compare
    from .result import Run
    from .run import evaluate
    from .statistics import Difference, Mean, difference, interval

_HOME = {
    "Case": "questions.cases",
    "Comparison": "paired",
    "Difference": "statistics",
    "Mean": "statistics",
    "QuestionSet": "questions.cases",
    "Run": "result",
    "compare": "paired",
    "difference": "statistics",
    "evaluate": "run",
    "interval": "statistics",
    "read_corpus": "questions.formats",
    "read_questions": "questions.formats",
    "risk_coverage": "measures",
}

__all__ = [
    "Case",
    "Comparison",
    "Difference",
    "Mean",
    "QuestionSet",
    "Run",
    "compare",
    "difference",
    "evaluate",
    "interval",
    "read_corpus",
    "read_questions",
    "risk_coverage",
]


def __getattr__(name: str) -> Any:
    """Imports what is asked for when it is asked for."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
