"""Measures by name: `nDCG@10`, `P(rel=2)@5`, `F1`. Ranking names and aliases are those of ir_measures."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from rag.errors import ConfigError

from .ranking import RANKING
from .words import WORDS

Family = Literal["retrieval", "answer", "proof", "decision"]

_ALIASES = {"recall": "R", "precision": "P", "mrr": "RR", "map": "AP", "rr": "RR", "ap": "AP"}
_ALIASES |= {"ndcg": "nDCG", "r": "R", "p": "P", "success": "Success", "hit": "Success"}
_NAME = re.compile(r"(?P<base>[A-Za-z][\w-]*)(\(rel=(?P<least>\d+)\))?(@(?P<k>\d+))?")

_MEANING = {
    "nDCG": "how well the relevant documents are ranked, the first ranks counting most",
    "R": "share of the relevant documents that were found",
    "P": "share of the documents found that are relevant",
    "RR": "1 / rank of the first relevant document",
    "AP": "precision, averaged over the ranks of the relevant documents",
    "Success": "whether a relevant document was found at all",
    "Correct": "right answers, and refusals of what has no answer",
    "Contains": "answers that hold a reference answer word for word",
    "EM": "answers equal to a reference answer",
    "F1": "words shared with the reference answer",
    "ROUGE-L": "longest common run of words with the reference answer",
    "Judge": "answers that a language model takes for right",
    "CiteP": "citations that point to a relevant document",
    "CiteR": "relevant documents that are cited",
    "Support": "sentences that are supported by what they cite, checked in the stored documents",
    "Answered": "answerable questions that were not refused",
    "AbstainP": "refusals that were right to refuse",
    "AbstainR": "unanswerable questions that were refused",
}
_FAMILIES: dict[str, Family] = {
    **dict.fromkeys(RANKING, "retrieval"),
    **dict.fromkeys((*WORDS, "Judge"), "answer"),
    **dict.fromkeys(("CiteP", "CiteR", "Support"), "proof"),
    **dict.fromkeys(("Correct", "Answered", "AbstainP", "AbstainR"), "decision"),
}

DEFAULT = (
    "nDCG@10", "R@1", "R@5", "R@10", "P@5", "RR@10", "AP@10",
    "Correct", "Contains", "EM", "F1", "ROUGE-L",
    "CiteP", "CiteR", "Support",
    "Answered", "AbstainP", "AbstainR",
)  # fmt: skip
"""What is measured unless other names are given."""


class Measure(NamedTuple):
    """`name` as it is printed; `base` without its parameters; `k` the cutoff; `least` the relevant gain."""

    name: str
    base: str
    family: Family
    k: int | None = None
    least: float = 1


def measure(name: str) -> Measure:
    """The measure of a name. Raises ConfigError for a name or a parameter that is not known."""
    match = _NAME.fullmatch(name.strip())
    base = match["base"] if match else ""
    base = _ALIASES.get(base.lower(), base)
    if match is None or base not in _FAMILIES:
        raise ConfigError(f"there is no measure {name!r}: known are {', '.join(_FAMILIES)}, such as nDCG@10")
    family = _FAMILIES[base]
    if (match["k"] or match["least"]) and family != "retrieval":
        raise ConfigError(f"{name!r} has a cutoff or (rel=…), and {base} takes none: write {base}")
    if match["k"] == "0" or match["least"] == "0":
        raise ConfigError(f"{name!r} has a parameter of 0: expected 1 or more")
    least = f"(rel={match['least']})" if match["least"] else ""
    cut = f"@{match['k']}" if match["k"] else ""
    return Measure(
        f"{base}{least}{cut}",
        base,
        family,
        int(match["k"]) if match["k"] else None,
        float(match["least"] or 1),
    )


def meaning(name: str) -> str:
    """What a measure says, in plain words."""
    named = measure(name)
    return _MEANING[named.base] + (f" (first {named.k})" if named.k else "")
