"""Of several drafts takes the one that agrees most with the others: minimum-Bayes-risk choice.

The question is answered n times, once as it would be anyway and n - 1 times at a high temperature. Of the
drafts y the answer is the one with the highest expected utility,

    U(y) = (1/n) Σ_z u(y, z),    over all drafts z, y itself among them

and the first of those that are equal. The utility u is the F1 of the words that two drafts share (`words`),
or how far they follow from each other by the reader, min(P(q y | q z), P(q z | q y)) (`support`). A refusal
is a draft too, which agrees with refusals alone: where it wins, the answer is withdrawn. Sources: Eikema and
Aziz, Is MAP Decoding All You Need?; Li and others, Large Language Models Can Self-Improve in Long-context
Reasoning (SeaLong).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated

from rag.errors import ConfigError
from rag.generate import Generator
from rag.generate.prompted import Prompted
from rag.options import Amount, Bounds
from rag.reading import Reader
from rag.text.shared_words import normalised, shared
from rag.trace import note
from rag.types import Answer, Question

from .abstain import withdrawn
from .cite import Pages, cite
from .semantic_entropy import follows_both_ways, without_markers

Utility = Callable[[str, str], float]
"""Two drafts, empty where they refuse → how well one would do in place of the other, 0 to 1."""
UTILITIES = ("words", "support")


def build(
    generate: Generator,
    reader: Reader,
    pages: Pages = lambda _: (),
    samples: Annotated[int, Bounds(2)] = 5,
    utility: str = "words",
    temperature: Amount = 0.8,
) -> Callable[[Question, Answer], Answer]:
    """A stage over the language model that wrote the answer, to stand before `support`.

    Each question costs `samples` - 1 more answers. Raises ConfigError for an unknown `utility`, and for a
    generator that writes nothing.
    """
    if utility not in UTILITIES:
        raise ConfigError(
            f"[stages.consensus] utility is {utility!r}, expected one of {', '.join(UTILITIES)}"
        )
    if not isinstance(generate, Prompted):
        raise ConfigError(
            "consensus compares drafts of a language model, and ask.generate names none: name a model, such "
            "as `--model NAME`, or leave `consensus` (--samples) out"
        )
    writer = generate

    def consensus(question: Question, answer: Answer) -> Answer:
        if not answer.hits:
            return answer
        drafts = ["" if answer.abstained else answer.text]
        drafts += [
            writer.draft(question, answer.hits, temperature=temperature, seed=seed)
            for seed in range(1, samples)
        ]
        plain = [without_markers(draft) for draft in drafts]
        agree: Utility = _words if utility == "words" else _by(reader, question.text)
        expected = expected_utilities(plain, agree)
        best = max(range(len(drafts)), key=lambda place: expected[place])
        rows = zip(plain, expected, strict=True)
        note("drafts", [{"text": text, "agrees": round(value, 4)} for text, value in rows])
        note("chosen", best)
        if best == 0:
            return answer
        return cite(question, [drafts[best]], answer.hits, pages) if plain[best] else withdrawn(answer)

    return consensus


def expected_utilities(drafts: Sequence[str], utility: Utility) -> list[float]:
    """U of each draft; what is said twice in the same words is compared once."""
    known: dict[tuple[str, str], float] = {}
    for one in drafts:
        for other in drafts:
            if (one, other) not in known:
                known[one, other] = known[other, one] = 1.0 if one == other else utility(one, other)
    return [sum(known[one, other] for other in drafts) / len(drafts) for one in drafts]


def _words(one: str, other: str) -> float:
    return shared(normalised(one).split(), normalised(other).split())


def _by(reader: Reader, question: str) -> Utility:
    return lambda one, other: follows_both_ways(question, one, other, reader)
