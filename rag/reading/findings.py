"""What a study found: the sentence that concludes it, and whether that says yes, no or maybe to a question.

A question for yes or no about a study (`Does fish oil prevent atrial fibrillation?`) has most words in
common with the sentence that says what was to be found out, which answers nothing. So each sentence s
of the text has a part, by its words and by the label it stands under, and is weighed for question q by

    cos(q, s) + .4 last of the text + .4 concludes + .2 finds − .6 aim − .4 method − .4 first of the text

Of the best one the words decide. With U its words of doubt (`inconsistent`, `larger trials are needed`,
`cannot be excluded`) and N those of nothing found (`no difference`, `failed to`, `comparable`; and by its
figures, P over .05, a ratio's interval around 1, two that differ by less than 12 %):

    maybe   U weighs 1 or more: 1 for open doubt, .5 for a hedge, a limit or a call for studies
    no      N, unless the question asks whether something is the same, safe or absent
    yes     else

A text is taken for a study by three words of theirs or more; `we` with what was done, two shares and a sample
(`137 adults`) count as one each. English only. Weights and words were fitted on `fit` of
`benchmarks/data/findings.toml`, those that tell a study also on `guard` and `near`. Source: PubMedQA: A
Dataset for Biomedical Research Question Answering (the form of question and answer).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

from rag.text.questions import QUESTION_WORDS, is_polar
from rag.text.sentences import sentences

from . import study_words as words

Verdict = Literal["Yes", "No", "Maybe"]

LONGEST = 8000  # characters of a text that is read as one study
_CLOSE = 1.12  # by which factor two figures may differ and yet be alike
_LAST = 0.4
_MARKS = 3  # different words of studies from which a text is one


class Finding(NamedTuple):
    """`text[start:end]` is the sentence that answers, and `verdict` what it says."""

    start: int
    end: int
    verdict: Verdict


def is_study(text: str) -> bool:
    """Whether a text reads as the report of a study."""
    marks = {found["mark"].lower().removesuffix("s") for found in words.STUDY.finditer(text)}
    figures = len(words.SHARE.findall(text)) > 1
    return len(marks) + figures + bool(words.WE.search(text)) + bool(words.SAMPLE.search(text)) >= _MARKS


def asks_finding(question: str) -> bool:
    """Whether yes, no or maybe may answer, also behind a subject (`Knee braces: do they help?`)."""
    if re.match(rf"\W*(?:\w+ )?(?:{QUESTION_WORDS})\b", question, re.IGNORECASE):
        return False
    return is_polar(question) or is_polar(re.split(r"[:.–—,]\s", question.rstrip())[-1])


def finding(question: str, text: str, near: Callable[[Sequence[str]], Sequence[float]]) -> Finding | None:
    """What a study found about a question; None where no sentence of it reports a finding.

    `near` gives the cosine of each sentence with the question.
    """
    places = sentences(text)
    said = [text[start:end] for start, end in places]
    if not said:
        return None
    labels = _labels(said)
    last = len(said) - 1
    scores = [
        cosine + _part(one, label) + (_LAST if at == last else 0.0) - (0.4 if at == 0 < last else 0.0)
        for at, (one, label, cosine) in enumerate(zip(said, labels, near(said), strict=True))
    ]
    best = max(range(len(said)), key=lambda at: scores[at])
    if _is_aim(said[best], labels[best]):
        return None
    start, end = places[best]
    label = words.LABEL.match(said[best])
    return Finding(start + (label.end() if label else 0), end, verdict(question, said[best]))


def _labels(said: Sequence[str]) -> list[str]:
    """The label under which each sentence stands: `conclusion`, `results`, `methods`, …; "" for none."""
    labels, label = [], ""
    for one in said:
        found = words.LABEL.match(one)
        label = found["label"].lower() if found else label
        labels.append(label)
    return labels


def _is_aim(sentence: str, label: str) -> bool:
    named = re.match(r"(?:objective|aim|purpose|goal|question)", label)
    return bool(named or words.AIM.search(sentence)) and not words.CONCLUDES.search(sentence)


def _part(sentence: str, label: str) -> float:
    """What a sentence weighs by its part in the report."""
    weight = 0.2 if words.FINDS.search(sentence) else 0.0
    if label.startswith(("conclu", "interpret", "discussion")):
        return weight + 0.6
    if re.match(r"(?:method|design|setting|participant|patient|material|background|introduction)", label):
        return weight - 0.6
    weight += 0.4 if words.CONCLUDES.search(sentence) else 0.0
    weight -= 0.6 if _is_aim(sentence, label) else 0.0
    return weight - (0.4 if words.METHOD.search(sentence) else 0.0)


def verdict(question: str, sentence: str) -> Verdict:
    """What a sentence that reports a finding says to a question."""
    if _doubt(sentence) >= 1:
        return "Maybe"
    return "No" if _denies(question, sentence) else "Yes"


def _doubt(sentence: str) -> float:
    kinds = {found.lastgroup for found in words.HEDGE.finditer(sentence)}
    return float(bool(words.OPEN.search(sentence))) + 0.5 * len(kinds)


def _denies(question: str, sentence: str) -> bool:
    """Whether the sentence says that it is not so."""
    harmless = bool(words.HARMLESS.search(sentence))
    if words.ASKS_HARM.search(question) and harmless:
        return True
    bare = words.HARMLESS.sub(" ", sentence)
    bare = words.KEPT.sub(" ", bare)
    nothing = bool(words.NOTHING.search(bare) or words.AVOID.search(bare)) or _insignificant(bare)
    if words.SAME.search(sentence):
        nothing = not words.ASKS_SAME.search(question)
    return nothing != bool(words.ASKS_NOTHING.search(question) or words.AVOID.search(question))


def _insignificant(sentence: str) -> bool:
    """Whether the figures of a sentence show no difference: P over .05, or a ratio's interval around 1."""
    values = [float(found["p"]) for found in words.P.finditer(sentence)]
    around = [float(found["low"]) < 1 < float(found["high"]) for found in words.AROUND.finditer(sentence)]
    if values or around:
        return (not values or min(values) > 0.05) and (not around or all(around))
    pairs = [(float(found["one"]), float(found["other"])) for found in words.PAIR.finditer(sentence)]
    return bool(pairs) and all(max(pair) < _CLOSE * min(pair) for pair in pairs)
