"""Measuring a pipeline on one's own questions: figures with intervals, paired comparisons, reasons.

- `run.py`: asks every question of a set and scores the answers; `result.py`, `figures.py`: its `Run`
- `questions/`: cases with their judgements, the formats they come in, and sets made from one's own documents
- `running/`: what one run consists of: outcomes, journal, provenance, the judge, scores
- `measures/`: outcome → numbers
- `statistics.py`, `paired.py`: intervals, paired differences, p-values, questions needed
- `experiments/`: many runs: ablation, answers from documents or without them, stress
- `report/`: the HTML report, charts, tables
- `why.py`: which stage lost the answer to one question

It asks the pipeline questions, and changes parts of it by name. Of stages it knows the records they leave in
the trace, how to ask a language model without documents, how support is scored, what people rated and
corrected, and which files beside an index the glossary and the stage `memory` keep.
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
