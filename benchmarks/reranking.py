"""What reading the top of a hybrid ranking gains: nDCG@10 before and after, by the reader's share.

    python -m benchmarks.reranking DATA --work FOLDER --depth 50
    python -m benchmarks.reranking DATA --work FOLDER --fit          # choose the share, on held-out questions

`--fit` asks questions of `reader-train` whose titles the reader never saw. The sets are measured with one
share. The default was not chosen by the first alone: a larger one did as well there, and lost more on
`cranfield`.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.corpora import documents
from benchmarks.fit_reading import FILES
from rag import Document, Hit, Question, Rag
from rag.denoise.rerank import Rerank
from rag.evaluate.measures.ranking import ndcg
from rag.evaluate.statistics import difference
from rag.tune.examples import read_examples
from rag.tune.split import split

SETS = ("squad-dev-a", "nq-lost-in-the-middle", "cranfield", "lihua-world")
SHARES = (0.0, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 1.0)


class Judged(NamedTuple):
    """A question, the gain of each relevant document, and one that does not count."""

    question: str
    gains: dict[str, float]
    left_out: str = ""


def judged(folder: Path) -> list[Judged]:
    found = []
    for line in (folder / "qa.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        meta = row.get("meta", {})
        grades = meta.get("grades")
        gains = (
            {name: 5.0 - grades[name] for name in row["relevant"]}
            if grades
            else dict.fromkeys(row["relevant"], 1.0)
        )
        if gains:
            found.append(Judged(row["question"], gains, meta.get("source_document", "")))
    return found


def scores(
    rag: Rag, questions: Sequence[Judged], depth: int, shares: Sequence[float]
) -> dict[float, list[float]]:
    """nDCG@10 of every question for each share; the model reads each pair once."""
    plain = rag.variant(denoise=["duplicates"])
    found: dict[float, list[float]] = {share: [] for share in shares}
    for number, one in enumerate(questions):
        hits = plain.search(one.question, depth)
        for share in shares:
            ordered = Rerank(rag.reader, depth, share)(Question(one.question), hits) if share else hits
            found[share].append(ndcg(_ranking(ordered, one), one.gains, 10))
        if number % 50 == 0:
            print(f"{number} of {len(questions)}", file=sys.stderr, flush=True)
    return found


def _ranking(hits: Sequence[Hit], one: Judged) -> list[str]:
    names = dict.fromkeys(hit.chunk.source for hit in hits)
    return [name for name in names if name != one.left_out]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--depth", type=int, default=50)
    parser.add_argument("--limit", type=int, default=400)
    parser.add_argument("--share", type=float, default=0.6)
    parser.add_argument("--fit", action="store_true")
    parser.add_argument("--sets", nargs="*", default=SETS)
    options = parser.parse_args()
    file = Path(__file__).parent / "results" / "reranking.json"
    kept = json.loads(file.read_text("utf-8")) if file.is_file() else {}
    if options.fit:
        kept["fit"] = fitted(options.data / "reader-train", options.work, options.depth, options.limit)
        print(json.dumps(kept["fit"]))
    for name in () if options.fit else options.sets:
        questions = judged(options.data / name)
        questions = random.Random(0).sample(questions, min(options.limit, len(questions)))
        with Rag(options.work / name) as rag:
            rag.ingest(documents(options.data / name))
            found = scores(rag, questions, options.depth, (0.0, options.share))
        gain = difference(found[0.0], found[options.share])
        kept[f"{name} {options.depth}"] = {
            "questions": len(questions),
            "share": options.share,
            "before": round(sum(found[0.0]) / len(questions), 4),
            "after": round(sum(found[options.share]) / len(questions), 4),
            "change": [round(gain.mean, 4), round(gain.low, 4), round(gain.high, 4)],
        }
        print(name, kept[f"{name} {options.depth}"], flush=True)
    file.write_text(json.dumps(kept, indent=1) + "\n")


def fitted(folder: Path, work: Path, depth: int, limit: int) -> dict[str, float]:
    """Share → mean nDCG@10 on questions of held-out titles."""
    examples = read_examples([folder / f"{name}.jsonl.gz" for name in FILES])
    titles = {one.context: one.title for one in examples}
    names = {text: f"passage-{place}" for place, text in enumerate(titles)}
    _, held = split(examples)
    asked = [Judged(one.question, {names[one.context]: 1.0}) for one in held if one.answerable]
    asked = random.Random(0).sample(asked, min(limit, len(asked)))
    with Rag(work / "reader-train") as rag:
        rag.ingest(Document.make(text, names[text], title=title) for text, title in titles.items())
        found = scores(rag, asked, depth, SHARES)
    return {str(share): round(sum(values) / len(values), 4) for share, values in found.items()}


if __name__ == "__main__":
    main()
