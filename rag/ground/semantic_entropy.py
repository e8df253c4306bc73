"""Withdraws an answer that the model would give otherwise the next time: semantic entropy over samples.

The question is answered n times at a high temperature; answers that mean the same form a cluster, and H =
-Σ_c p(c) ln p(c) / ln n is 0 where all agree and 1 where none do. Two answers a, b to the question q mean the
same where they follow from each other, by the reader's probability that a text supports a claim,

    min(P(q a | q b), P(q b | q a)) ≥ `alike`

A refusal is an answer too. Source: Detecting hallucinations in large language
models using semantic entropy.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

from rag.options import Amount, Bounds, Count, Share
from rag.reading import Reader
from rag.types import Answer, Question

from .abstain import withdrawn
from .refusal import is_refusal

if TYPE_CHECKING:
    from rag.llm.chat import OpenModel


def build(
    open_model: OpenModel,
    reader: Reader,
    samples: Annotated[int, Bounds(2)] = 5,
    most: Share = 0.6,
    temperature: Amount = 0.8,
    alike: Share = 0.5,
    max_tokens: Count = 128,
    prompt: str = "answer",
) -> Callable[[Question, Answer], Answer]:
    """A stage for answers of language models; each question costs `samples` more answers.

    Answers with entropy above `most` (0 to 1) are withdrawn; confidence becomes at most 1 - entropy. `alike`
    is the probability of following from each other from which two answers count as one.
    """
    from rag.generate.prompted import PromptOptions, prompted

    generator = prompted(open_model(""), PromptOptions(prompt=prompt))

    def semantic_entropy(question: Question, answer: Answer) -> Answer:
        if answer.abstained or not answer.hits:
            return answer
        changed = {"temperature": temperature, "max_tokens": max_tokens}
        texts = [
            generator.draft(question, answer.hits, seed=seed, **changed) for seed in range(1, samples + 1)
        ]
        uncertain = entropy(clusters(question.text, texts, reader, alike))
        answer = replace(answer, confidence=min(answer.confidence, 1 - uncertain))
        return withdrawn(answer) if uncertain > most else answer

    return semantic_entropy


def entropy(labels: Sequence[int]) -> float:
    """H of the shares of equal labels, divided by ln n: 0 (all equal) to 1 (all different)."""
    n = len(labels)
    if n < 2:
        return 0.0
    return -sum(count / n * math.log(count / n) for count in Counter(labels).values()) / math.log(n) + 0.0


def clusters(question: str, texts: Sequence[str], reader: Reader, alike: float) -> list[int]:
    """A label for each text; texts that mean the same share one. Compared with the first of each cluster."""
    plain = [without_markers(text) for text in texts]
    firsts: list[str] = []
    labels = []
    for text in plain:
        for label, first in enumerate(firsts):
            if follows_both_ways(question, text, first, reader) >= alike:
                labels.append(label)
                break
        else:
            labels.append(len(firsts))
            firsts.append(text)
    return labels


def without_markers(text: str) -> str:
    """An answer's words alone; nothing of one that refuses."""
    plain = re.sub(r"(?<!\s)\s*+\[\d+\]", "", text).strip()
    return "" if is_refusal(plain) else plain


def follows_both_ways(question: str, text: str, other: str, reader: Reader) -> float:
    """How far two answers, empty where they refuse, follow from each other: 0 to 1."""
    if not text or not other or text.lower() == other.lower():
        return float(text.lower() == other.lower())
    one, two = f"{question} {text}", f"{question} {other}"
    return min(reader.support([(one, two), (two, one)]))
