"""Yes or no: whether the sentence that proves an answer says what a question asks, or that it is not so.

The question becomes a claim and its negation, `Is the lift open?` → `the lift is open`, `the lift is not
open`; where the subject ends is not known, so every place of the verb that can be is tried. With the reader's
probability P that the sentence s supports a claim,

    yes    max P(claim | s) ≥ .7, no limit and no negation in s, no number of the question that s lacks
    no     max P(negation | s) ≥ .7 and more than that, no negation in the question

and else nothing is said: a wrong word is worse than a sentence without one. Limits are words such as `only`,
`except` and `forbidden`, which the reader reads past. English only. Source: the yes/no/maybe answers of
PubMedQA; the claim and its negation are judged as in natural language inference (BoolQ: Exploring the
Surprising Difficulty of Natural Yes/No Questions).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from . import Reader

Word = Literal["Yes", "No", ""]

SURE = 0.7
_FEWEST, _MOST = 1, 5  # words of a subject
_VERB = re.compile(
    r"\W*(?P<verb>is|are|was|were|am|do|does|did|has|have|had|can|could|may|might|must|shall|should|will|would)"
    r"(?P<not>n['’]t)?\s+(?P<rest>\S.*)",
    re.IGNORECASE | re.DOTALL,
)
_PRONOUN = {"i", "we", "you", "they", "he", "she", "it", "there", "this", "that", "these", "those", "one"}
_PRONOUN |= {"anybody", "anyone", "somebody", "someone", "nobody"}
_ARTICLE = {"the", "a", "an", "my", "our", "your", "his", "her", "its", "their"}
_ARTICLE |= {"any", "all", "every", "each", "some", "no"}
_EITHER = re.compile(r"\bor\b", re.IGNORECASE)
_NEGATION = re.compile(
    r"\b(?:not?|never|nobody|none|nothing|neither|nor|cannot|hardly|\w+n['’]t)\b", re.IGNORECASE
)
_LIMIT = re.compile(
    r"\b(?:only|except|unless|but|until|without|instead|rather|under|over|below|above|between|within"
    r"|at (?:most|least)|(?:more|less|fewer) than|up to|forbidden|prohibited|banned|excluded|rejected|refused"
    r"|dissolved|cancell?ed|excused|avoided|declined|denied|postponed|closed|impossible)\b",
    re.IGNORECASE,
)
_AMOUNT = re.compile(
    r"\d[\d.,:]*|\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|half|twice|once|every|all"
    r"|every(?:one|body|day|where)|always)\b",
    re.IGNORECASE,
)


def claims_of(question: str) -> list[tuple[str, str]]:
    """The claims that a question may make, each with its negation; none where it asks otherwise."""
    found = _VERB.match(question)
    if found is None or found["not"] or _EITHER.search(question):
        return []
    verb, words = found["verb"].lower(), found["rest"].rstrip(" ?!.").split()
    first = 2 if words[0].lower() in _ARTICLE else _FEWEST
    last = first if words[0].lower() in _PRONOUN else first + _MOST - 1
    return [
        (_stated([*words[:at], verb, *words[at:]]), _stated([*words[:at], verb, "not", *words[at:]]))
        for at in range(first, min(last, len(words) - 1) + 1)
    ]


def _stated(words: Sequence[str]) -> str:
    return f"{' '.join(words)}."


def word(reader: Reader, question: str, sentence: str) -> Word:
    """`Yes` or `No` where the sentence proves one of them, and else nothing."""
    claims = claims_of(question)
    if not claims:
        return ""
    support = reader.support([(claim, sentence) for pair in claims for claim in pair])
    true, false = max(support[::2]), max(support[1::2])
    if false >= SURE and false > true:
        return "" if _NEGATION.search(question) else "No"
    if true < SURE or _NEGATION.search(sentence) or _LIMIT.search(sentence):
        return ""
    said = {amount.lower() for amount in _AMOUNT.findall(sentence)}
    return "Yes" if {amount.lower() for amount in _AMOUNT.findall(question)} <= said else ""
