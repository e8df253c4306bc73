"""Measures of the one decision: answer, or say that the sources hold no answer.

    Correct    answerable: answered, and a reference stands in the answer; unanswerable: declined
    Answered   of the answerable questions, those that were answered at all
    AbstainP   of the questions declined, those that are unanswerable
    AbstainR   of the unanswerable questions, those that were declined

None where a measure does not apply to the question, so that a mean is the share it says it is.
"""

from __future__ import annotations


def correct(*, answerable: bool, abstained: bool, contains: float) -> float:
    return float(not abstained and contains == 1) if answerable else float(abstained)


def answered(*, answerable: bool, abstained: bool) -> float | None:
    return float(not abstained) if answerable else None


def abstain_precision(*, answerable: bool, abstained: bool) -> float | None:
    return float(not answerable) if abstained else None


def abstain_recall(*, answerable: bool, abstained: bool) -> float | None:
    return None if answerable else float(abstained)
