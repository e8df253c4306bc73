"""Makes a follow-up question stand alone, by the conversation before it.

With a language model (`rewrite = true`) it rewrites the question. Without one, what the follow-up leaves
unsaid is carried over: where it has a pronoun, opens with "and" or "what about", or is very short, the names
and topics of the last turn are added in brackets. The question that comes out is what is searched for and
answered, and the trace shows it. Source: context-aware query suggestion in conversational search.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from rag.llm.chat import OpenModel
from rag.options import Count
from rag.types import Question, Turn

from .model_prompt import ModelPrompt

_TURNS = 4  # of the conversation that are looked at
_CARRIED = 4  # names and topics at most
_POINTS_BACK = re.compile(
    r"\b(?:it|its|they|them|their|theirs|he|him|his|she|her|hers|this|that|these|those|there|then|one|ones|"
    r"the (?:same|former|latter|first|second|other|last)|such|so|else|instead)\b",
    re.IGNORECASE,
)
_OPENS = re.compile(
    r"^\W*(?:and|but|or|also|why|how so|what about|how about|what if|since when|until when)\b", re.IGNORECASE
)
_NAME = re.compile(
    r"(?:\b[A-Z][\w&.-]*\w(?:\s+(?:of|de|van|von|the)\s+(?=[A-Z]))?\s*)+|\b\w*\d[\w.-]*\b|[\"“][^\"”]{2,40}[\"”]"
)
_SHORT = 2  # words of its own that a question needs to stand alone


def build(
    open_model: OpenModel,
    language: str = "english",
    rewrite: bool = False,
    max_tokens: Count = 64,
    prompt: str = "history",
) -> Callable[[Question], Question]:
    """A stage that gives a follow-up the text of a whole question; the first question stays as it is."""
    asking = ModelPrompt(open_model, prompt, max_tokens) if rewrite else None

    def history(question: Question) -> Question:
        turns = question.history[-_TURNS:]
        if not turns:
            return question
        if asking is not None:
            written = asking.lines(replace(question, history=turns), 1)
            return replace(question, text=written[0], history=()) if written else question
        if not _follows_up(question.text, language):
            return question
        carried = list(_carried(turns, question.text, language))[:_CARRIED]
        return (
            replace(question, text=f"{question.text} ({', '.join(carried)})", history=())
            if carried
            else question
        )

    return history


def _follows_up(text: str, language: str) -> bool:
    return bool(_POINTS_BACK.search(text) or _OPENS.search(text)) or len(_topics(text, language)) < _SHORT


def _carried(turns: tuple[Turn, ...], text: str, language: str) -> Iterator[str]:
    """Names of the conversation, newest turn first, then the topics of the newest question; none twice."""
    said = text.lower()
    for turn in reversed(turns):
        topics = [*_names(turn.question), *(_topics(turn.question, language) if turn is turns[-1] else ())]
        for topic in topics:
            if topic.lower() not in said:
                said += " " + topic.lower()
                yield topic


def _names(text: str) -> Iterator[str]:
    """Capitalised runs that do not open the sentence with a common word, codes, and what stands in quotes."""
    for match in _NAME.finditer(text):
        name = match[0].strip().strip('"“”')
        if match.start() == 0:
            # The first word is capitalised whether it is a name or not: `How`, `Where does Ada`.
            name = name.partition(" ")[2]
        if name:
            yield name


def _topics(text: str, language: str) -> list[str]:
    """The words of a question that are no function words, as they stand."""
    from rag.indexes import Analyzer

    analyze = Analyzer(language).analyze
    return [
        word for word in re.findall(r"\w[\w-]*", text) if analyze(word) and not _POINTS_BACK.fullmatch(word)
    ]
