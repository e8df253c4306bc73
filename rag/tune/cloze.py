"""Questions made of unlabelled text, to learn from before the real ones.

- Recurring spans: a phrase that stands in two passages under one title is masked in a sentence of the one,
  and has to be found in the other ("Few-Shot Question Answering by Pretraining Span Selection", Ram et al.,
  2021).
- Cloze: a name or number of a sentence gives way to a question word, and the sentence loses some of its other
  words and their order ("Unsupervised Question Answering by Cloze Translation", Lewis et al., 2019).
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence

from .items import Item

_PHRASE = re.compile(
    r"\b(?:[A-Z][\w'’-]+(?: (?:of |the |de |van |and )?[A-Z][\w'’-]+)*"
    r"|\d[\d,.]*\d(?: (?:million|billion|percent|years|miles|km|people))?|\d)\b"
)
_YEAR = re.compile(r"^(?:1\d|20)\d\d$")
_LOWER = re.compile(r"\b[a-z]{4,}(?: [a-z]{4,}){0,2}\b")
_DULL = {"The", "This", "These", "It", "In", "He", "She", "They", "A", "An", "On", "At", "For", "His", "Her"}
_PERSON_VERB = re.compile(
    r"^\s*+(?:,[^,]+,\s*+)?(?:said|wrote|won|became|married|born|died|argued|believed|led|played|was born)"
)


def cloze(passage: str, title: str, chance: random.Random) -> Item | None:
    """A question made of one sentence of the passage, with the passage to find the answer in."""
    from rag.text.sentences import sentences

    lines = [span for span in sentences(passage) if 7 <= len(passage[slice(*span)].split()) <= 40]
    if not lines:
        return None
    begin, end = chance.choice(lines)
    matches = [
        match
        for match in _PHRASE.finditer(passage, begin, end)
        if match[0] not in _DULL and len(match[0]) > 1
    ]
    if not matches or chance.random() < 0.2:
        matches = list(_LOWER.finditer(passage, begin, end)) or matches
    if not matches:
        return None
    answer = chance.choice(matches)
    question = _asked(passage[begin : answer.start()], answer[0], passage[answer.end() : end], chance)
    return Item(question, passage, title, (answer.span(),), answerable=True)


def recurring(passages: Sequence[str], title: str, chance: random.Random) -> Iterator[Item]:
    """Questions of one passage that are answered in another under the same title."""
    phrases = [
        {m[0] for m in _PHRASE.finditer(passage) if m[0] not in _DULL and m[0] != title and len(m[0]) > 2}
        for passage in passages
    ]
    for place, passage in enumerate(passages):
        others = [at for at in range(len(passages)) if at != place and phrases[at] & phrases[place]]
        if not others:
            continue
        other = passages[chance.choice(others)]
        shared = sorted(
            phrase for phrase in phrases[place] if re.search(rf"(?<!\w){re.escape(phrase)}(?!\w)", other)
        )
        if not shared:
            continue
        made = _recurring(other, passage, title, chance.choice(shared), chance)
        if made is not None:
            yield made


def _recurring(asked: str, read: str, title: str, phrase: str, chance: random.Random) -> Item | None:
    from rag.text.sentences import sentences

    pattern = re.compile(rf"(?<!\w){re.escape(phrase)}(?!\w)")
    for begin, end in sentences(asked):
        match = pattern.search(asked, begin, end)
        if match and end - begin < 350:
            question = _asked(asked[begin : match.start()], phrase, asked[match.end() : end], chance)
            spans = tuple(match.span() for match in pattern.finditer(read))
            return Item(question, read, title, spans, answerable=True)
    return None


def _asked(before: str, answer: str, behind: str, chance: random.Random) -> str:
    """The sentence as a question: a question word for the answer, then some of the other words."""
    word = _question_word(answer, behind, chance)
    parts = re.split(r"(?<=[,;:]) ", f"{before} {{}} {behind}")
    kept = [part for part in parts if "{}" in part or chance.random() < 0.5]
    text = " ".join(kept)
    left, _, right = text.partition("{}")
    form = chance.random()
    if form < 0.45:  # the question word first, as questions have it
        text = f"{word} {right} {left}"
    elif form < 0.7:
        text = f"{left} {word} {right}"
    else:
        text = f"{word} {left} {right}"
    words = [token for token in text.split() if token == word or chance.random() > 0.12]
    return " ".join(words).rstrip(" .,;") + ("?" if chance.random() < 0.85 else "")


def _question_word(answer: str, behind: str, chance: random.Random) -> str:
    if _YEAR.match(answer):
        return chance.choice(["when", "when", "in what year", "what year"])
    if answer[0].isdigit():
        return chance.choice(["how many", "how many", "how much", "what"])
    if answer[0].islower():
        return "what"
    if _PERSON_VERB.match(behind):
        return "who"
    return chance.choice(["what", "what", "who", "who", "where", "which"])
