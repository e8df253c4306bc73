"""Questions on documents in other languages: found, answered, refused?

    python -m benchmarks.languages EMBEDDER [--fit]

EMBEDDER is the folder of a multilingual embedder (`rag models convert`), or `builtin`. The folder
`benchmarks/data/languages` has short documents in German, French, Spanish, Chinese and English with questions
in another language than their own, all written for this: `check.json` to measure, `fit.json` to fit. An
answer is right where it cites the sentence of the right document. `--fit` prints the weights of
`rag.reading.across` for the embedder (logistic regression, Newton's method) instead, with the area under the
curve when each document was left out of the fit.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.fit_evidence import auc, fit
from rag import Answer, Document, Rag
from rag.embedding.open import open_embedder
from rag.evaluate.statistics import interval
from rag.reading.across import FEATURES, foreign, nearest

DATA = Path(__file__).parent / "data" / "languages"
RIDGE = 1e-3  # the features are differences of cosines, a few hundredths


class Asked(NamedTuple):
    """A question, the source that it is about, and words of the sentence that answers; None if none does."""

    question: str
    source: str
    words: str | None


def read(name: str) -> tuple[list[Document], list[Asked]]:
    rows = json.loads((DATA / f"{name}.json").read_text("utf-8"))
    documents = [
        Document.make(row["text"], row["source"], media_type="text/markdown", title=_title(row["text"]))
        for row in rows
    ]
    return documents, [
        Asked(question, row["source"], words) for row in rows for question, words in row["questions"]
    ]


def _title(text: str) -> str:
    return text.partition("\n")[0].lstrip("# ")


def fitted(embedder: str, folder: Path) -> None:
    """Prints the weights, and what they are worth on documents that were left out."""
    documents, asked = read("fit")
    rows, right, sources = [], [], []
    with Rag(folder / "fit", embedder=open_embedder(embedder), denoise=()) as rag:
        rag.ingest(documents)
        for one in asked:
            hits = rag.search(one.question)
            apart = [h for h, other in zip(hits, foreign(one.question, hits), strict=True) if other]
            best = nearest(one.question, apart, rag.embedder)
            if best is None:
                continue
            hit = apart[best.unit.place].chunk
            rows.append(best.features)
            sources.append(one.source)
            right.append(bool(one.words) and hit.source == one.source and str(one.words) in best.unit.view)
    features, truth = np.array(rows), np.array(right, float)
    left_out = np.zeros(len(rows))
    for source in set(sources):
        out = np.array([name == source for name in sources])
        weights = fit(features[~out], truth[~out], RIDGE)
        left_out[out] = features[out] @ weights[:-1] + weights[-1]
    weights = fit(features, truth, RIDGE)
    print(dict(zip((*FEATURES, "bias"), [round(float(w), 3) for w in weights], strict=True)))
    answered = np.array([bool(one.words) for one in asked])
    print(f"{len(rows)} questions, nearest sentence right in {truth.sum():.0f} of {answered.sum()}")
    area = auc(left_out[truth == 1], left_out[truth == 0])
    print(f"area under the curve, right against wrong, documents left out: {area:.3f}")
    chances = 1 / (1 + np.exp(-left_out))
    for bound in (0.2, 0.3, 0.4, 0.5, 0.6):
        said = chances >= bound
        print(f"at {bound}: {said.sum()} answered, {truth[said].sum():.0f} right")


def checked(embedder: str, folder: Path) -> None:
    """Prints how many are found, answered rightly, and refused."""
    documents, asked = read("check")
    background, _ = read("fit")
    with Rag(folder / "check", embedder=open_embedder(embedder)) as rag:
        rag.ingest([*documents, *background])
        size = sum(1 for _ in rag.store.documents())
        started = time.process_time()
        answers = [rag.ask(one.question) for one in asked]
        spent = (time.process_time() - started) / len(asked)
    print(f"{embedder}: {size} documents, {len(asked)} questions, {1000 * spent:.0f} CPU ms a question")
    for name, part in (
        ("English questions, other documents", [not one.source.startswith("en/") for one in asked]),
        ("other questions, English documents", [one.source.startswith("en/") for one in asked]),
    ):
        _print(name, [(one, a) for one, a, here in zip(asked, answers, part, strict=True) if here])


def _print(name: str, rows: Sequence[tuple[Asked, Answer]]) -> None:
    able = [(one, answer) for one, answer in rows if one.words]
    unable = [answer for one, answer in rows if not one.words]
    ranks = [
        next((rank for rank, hit in enumerate(a.hits, 1) if hit.chunk.source == one.source), 99)
        for one, a in able
    ]
    right = [not a.abstained and is_right(one, a) for one, a in able]
    refused = [a.abstained for _, a in able]
    print(name)
    for label, values in (
        ("found first", [rank == 1 for rank in ranks]),
        ("found among five", [rank <= 5 for rank in ranks]),
        ("right", right),
        ("refused wrongly", refused),
        ("wrong", [not r and not f for r, f in zip(right, refused, strict=True)]),
        ("unanswerable refused", [a.abstained for a in unable]),
    ):
        bounds = interval([float(value) for value in values])
        print(f"  {label}: {sum(values)} of {len(values)}, {bounds}")
    for one, a in rows:
        print(
            "   ",
            "right" if is_right(one, a) else "refused" if a.abstained else "wrong",
            round(a.confidence, 2),
            one.question,
            "→",
            a.text[:90],
        )


def is_right(one: Asked, answer: Answer) -> bool:
    """Whether a sentence of the right source with the words is cited."""
    return one.words is not None and any(
        c.source == one.source and one.words in c.quote for c in answer.citations
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("embedder")
    parser.add_argument("--fit", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        (fitted if options.fit else checked)(options.embedder, Path(folder))


if __name__ == "__main__":
    main()
