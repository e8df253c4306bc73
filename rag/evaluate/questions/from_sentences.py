"""A statement → a question that it answers, by patterns: definitions, abbreviations, years, numbers, names.

Few patterns on purpose: each gives a question that a person could have asked. Sentences that lean on others
(It, This, They …) are left alone. The patterns are English; other languages give no questions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from rag.text.sentences import sentences
from rag.types import Chunk, stable_id

from .cases import Case


class Turned(NamedTuple):
    """A question, its answer as the sentence has it, and the kind of pattern."""

    question: str
    answer: str
    kind: str


_LEANING = re.compile(
    r"^(it|its|this|that|these|those|they|their|he|she|his|her|him|we|our|you|your|i|my|there|here|such|both|"
    r"another|other|some|one|however|but|and|or|so|then|also|thus|for example|in addition)\b",
    re.IGNORECASE,
)
_NO_SUBJECT = re.compile(
    r"^(after|before|since|when|while|during|in|on|at|by|from|as|if|although|most|many|each|every|all|additional|"
    r"several|few|more|other|no|not|only|today|now|later|until)\b|"
    r"\b(is|are|was|were|has|have|had|be|been|also|often|generally|usually|and|that|which|who)\b",
    re.IGNORECASE,
)
_NO_THING = re.compile(
    r"^(and|or|more|million|billion|thousand|hundred|of|to|in)\b|\b(and|or|of|to|in|the|per)$"
)
_NO_END = re.compile(r"\b(and|or|is|was|are|were|of|the|a|an|in|to|that|which|by|with)$")
_SUBJECT = r"(?P<subject>(?:The |A |An )?[A-Z][\w’'-]*(?: (?:of|the|and|for|in|de|von)(?= )| [\w’'-]+){0,5}?)"
_DEFINED = re.compile(
    rf"^{_SUBJECT} (?P<be>is|are|was|were) (?P<answer>(?:an?|the|one of) [^,;:()]{{8,90}}?)(?=[,.;]|$)"
)
_SHORT = re.compile(r"(?P<long>(?<![\w-])[\w-]++(?: [\w-]++){1,7}) \((?P<short>[A-Z][A-Z0-9-]{1,7})\)")
_DATED = re.compile(
    rf"^{_SUBJECT} (?P<be>was|were) (?P<what>[a-z][^,;:()]{{2,80}}?) in (?:[A-Z][a-z]+ )?"
    r"(?P<answer>1\d{3}|20\d{2})\b"
)
_COUNTED = re.compile(
    rf"^{_SUBJECT} "
    r"(?P<has>has|have|had|contains|contain|includes|include|needs|need|takes|lasts|costs) "
    r"(?:about |around |over |nearly |up to |at least )?"
    r"(?P<answer>\d[\d,.]*|two|three|four|five|six|seven|eight|nine|ten|twelve|twenty|thirty|forty|fifty|sixty|"
    r"ninety) (?P<what>[a-z][\w-]+(?: [a-z][\w-]+)?)(?=[ ,.;]|$)"
)
_NAMED = re.compile(
    r"^(?P<answer>[A-Z][\w’'-]+(?: (?:de|von|van|of) [A-Z][\w’'-]+| [A-Z][\w’'.-]+){1,3}) "
    r"(?P<did>wrote|discovered|invented|founded|developed|designed|created|introduced|published|proposed|won|"
    r"built|led|directed|established|proved|composed|painted|coined) (?P<what>[^,;:()]{4,80}?)(?=[,.;]|$)"
)
_BASE = {"has": "have", "contains": "contain", "includes": "include", "needs": "need", "had": "have"}


def cases_of(chunk: Chunk) -> Iterator[Case]:
    """The questions that the sentences of a chunk answer."""
    for start, end in sentences(chunk.text):
        for question, answer, kind in turned(chunk.text[start:end]):
            meta = {"made": kind, "sentence": " ".join(chunk.text[start:end].split())}
            yield Case(f"made-{stable_id(question)[:8]}", question, (answer,), {chunk.source: 1.0}, meta)


def turned(sentence: str) -> Iterator[Turned]:
    """Every question that the patterns find in a sentence; none where it leans on another."""
    text = " ".join(sentence.split())
    if not 25 <= len(text) <= 300 or _LEANING.match(text) or text.endswith(("?", ":")):
        return
    if match := _SHORT.search(text):
        yield from _abbreviation(match)
    if match := _NAMED.match(text):
        yield Turned(f"Who {match['did']} {match['what']}?", match["answer"], "name")
    if (match := _DATED.match(text)) and not _NO_SUBJECT.search(match["subject"]):
        subject = _lowered(match["subject"])
        yield Turned(f"In which year {match['be']} {subject} {match['what']}?", match["answer"], "year")
    if (match := _COUNTED.match(text)) and not _NO_SUBJECT.search(match["subject"]):
        yield from _number(match)
    if (
        (match := _DEFINED.match(text))
        and not _NO_SUBJECT.search(match["subject"])
        and not _NO_END.search(match["answer"])
    ):
        yield Turned(f"What {match['be']} {_lowered(match['subject'])}?", match["answer"], "definition")


def _abbreviation(match: re.Match[str]) -> Iterator[Turned]:
    """`natural language processing (NLP)`, where the letters are the words' own."""
    short, words = match["short"], match["long"].split()
    letters = re.sub(r"[^A-Z]", "", short)
    for count in range(len(letters), len(words) + 1):
        taken = words[-count:]
        initials = "".join(
            word[0].upper() for word in taken if word.lower() not in ("of", "for", "and", "the")
        )
        if initials == letters and len(letters) > 1:
            yield Turned(f"What does {short} stand for?", " ".join(taken), "abbreviation")
            return


def _number(match: re.Match[str]) -> Iterator[Turned]:
    subject, has, what = _lowered(match["subject"]), match["has"], match["what"]
    if _NO_THING.search(what):
        return
    if has in ("lasts", "takes", "costs"):
        asked = {"lasts": "last", "takes": "take", "costs": "cost"}[has]
        yield Turned(f"How many {what} does {subject} {asked}?", match["answer"], "number")
        return
    do = "did" if has == "had" else "does" if has in _BASE else "do"
    yield Turned(f"How many {what} {do} {subject} {_BASE.get(has, has)}?", match["answer"], "number")


def _lowered(subject: str) -> str:
    """The subject inside a question: its article is no longer the first word."""
    head, space, rest = subject.partition(" ")
    return f"{head.lower()} {rest}" if space and head in ("The", "A", "An") else subject
