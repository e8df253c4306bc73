"""How often yes, no or maybe is said rightly to questions about made-up studies, and how often it is refused.

    python -m benchmarks.findings [--part fit|held_out|guard|near] [--whole] [--wrong]

`benchmarks/data/findings.toml` has 112 abstracts, each with its question and the word that is right, 20
questions on which there is no study, and `near`: 164 questions about another drug or outcome than that of a
study. `fit` was looked at for what rag/reading/findings.py and subject.py weigh, `guard` for the words of
the latter.
All studies are in one index; each question is asked with the form on and off, and with the word that `yes_no`
adds, and once more about studies without their last sentence, which is mostly the conclusion.
"""

from __future__ import annotations

import argparse
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rag import Document, Rag
from rag.evaluate.statistics import interval
from rag.text.sentences import sentences

DATA = Path(__file__).parent / "data" / "findings.toml"
WORDS = {"y": "yes", "n": "no", "m": "maybe", "": ""}
CHAINS: dict[str, dict[str, Any]] = {
    "plain": {},
    "yes_no": {"yes_no": True},
    "findings": {"findings": True},
}


class Asked(NamedTuple):
    """A question, the part of the data that it belongs to, the word that is right, and its study's name."""

    part: str
    question: str
    right: str
    source: str


def studies(*, concluded: bool) -> tuple[list[Document], list[Asked]]:
    """All studies and questions; without their last sentences where they shall not be `concluded`."""
    data = tomllib.loads(DATA.read_text("utf-8"))
    documents, asked = [], []
    for place, row in enumerate(data["studies"]):
        text, source = row["text"].strip(), f"study-{place:02}.txt"
        documents.append(Document.make(text if concluded else text[: sentences(text)[-1][0]].strip(), source))
        asked.append(Asked(row["part"], row["question"], WORDS[row["answer"]], source))
        asked += [Asked(row["part"], line, "", "") for line in row.get("near", "").strip().splitlines()]
    for row in data["unknown"]:
        asked += [Asked(row["part"], line, "", "") for line in row["questions"].strip().splitlines()]
    return documents, asked


def measured(rag: Rag, asked: Sequence[Asked], *, wrong: bool) -> str:
    """Shares of right words and of the right study cited, and how many without an answer are refused."""
    right, cited, refused = [], [], []
    for one in asked:
        answer = rag.ask(one.question)
        first = answer.text.partition(".")[0].lower()
        said = "" if answer.abstained or first not in WORDS.values() else first
        if not one.source:
            refused.append(answer.abstained)
            continue
        right.append(float(said == one.right))
        cited.append(any(citation.source == one.source for citation in answer.citations))
        if wrong and said != one.right:
            print(f"    {said or 'nothing'} for {one.right}: {one.question}\n      {answer.text[:160]}")
    share = interval(right)
    return (
        f"right {share.mean:.3f} [{share.low:.3f}, {share.high:.3f}] of {len(right)}, "
        f"study cited {sum(cited)}, refused {sum(refused)} of {len(refused)} without an answer"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--part", choices=["fit", "held_out", "guard", "near"], default="held_out")
    parser.add_argument(
        "--chain", choices=sorted(CHAINS), action="append", help="Only this; may be repeated."
    )
    parser.add_argument("--whole", action="store_true", help="Leave out those without their last sentence.")
    parser.add_argument("--wrong", action="store_true", help="Show what is not right.")
    options = parser.parse_args()
    for concluded in (True,) if options.whole else (True, False):
        documents, asked = studies(concluded=concluded)
        asked = [one for one in asked if one.part == options.part]
        with tempfile.TemporaryDirectory() as folder, Rag(Path(folder) / "index") as rag:
            rag.ingest(documents)
            for name in options.chain or CHAINS:
                own = rag.variant({"stages.extractive": CHAINS[name]})
                told = measured(own, asked, wrong=options.wrong and name == "findings")
                print(f"{options.part}, {'whole' if concluded else 'without the end'}, {name}: {told}")


if __name__ == "__main__":
    main()
