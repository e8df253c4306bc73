"""Two readers on the same questions, each with the right passage: what changed, with intervals.

    python -m benchmarks.two_readers DATA OLD NEW --train FILE... [--held-out 0.02] [--most 300]

`OLD` and `NEW` are folders of readers. Read are `squad-dev-a`, and of every training file the questions of
titles that neither reader may have been trained on: those that `rag.tune.split` holds out with the share that
was used. Differences are new minus old, with 95 % bootstrap intervals over the questions. Claims are made of
the passages of `squad-dev-a`, half of them with one thing made wrong.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.corpora import read
from rag.evaluate.measures.words import exact_match, f1
from rag.evaluate.statistics import interval
from rag.reading import Passage, Reading
from rag.reading.onnx import OnnxReader
from rag.reading.pooled import trimmed
from rag.tune.claims import claims_of
from rag.tune.examples import read_examples
from rag.tune.score import auc
from rag.tune.split import split


class Asked(NamedTuple):
    """A question on a passage; `answers` is empty where the passage does not answer it."""

    question: str
    passage: Passage
    answers: tuple[str, ...]


def squad(folder: Path) -> list[Asked]:
    corpus = {row["id"]: row for row in read(folder / "corpus.jsonl")}
    found = []
    for row in read(folder / "qa.jsonl"):
        source = corpus[row["relevant"][0] if row["answers"] else row["meta"]["written_for"]]
        found.append(Asked(row["question"], Passage(source["title"], source["text"]), tuple(row["answers"])))
    return found


def held_out(files: Sequence[Path], share: float) -> dict[str, list[Asked]]:
    """Source → its questions that are held out, in an order that does not depend on the files."""
    _, held = split(read_examples(files), share)
    found: dict[str, list[Asked]] = {}
    for one in sorted(held, key=lambda one: (one.source, one.id)):
        if one.texts or not one.answerable:
            asked = Asked(one.question, Passage(one.title, one.context), one.texts)
            found.setdefault(one.source, []).append(asked)
    return found


def compared(readers: Sequence[OnnxReader], asked: Sequence[Asked]) -> dict[str, Any]:
    """EM and F1 of the answered ones for both, the difference, and how well each tells which are answered."""
    readings = [[reader.read(one.question, [one.passage])[0] for one in asked] for reader in readers]
    found: dict[str, Any] = {"questions": sum(bool(one.answers) for one in asked)}
    for name, measure in (("EM", exact_match), ("F1", f1)):
        values = [
            [measure(_said(one, reading), one.answers) for one, reading in _answered(asked, some)]
            for some in readings
        ]
        if values[0]:
            old, new = values
            found[name] = {
                "old": round(sum(old) / len(old), 4),
                "new": round(sum(new) / len(new), 4),
                "change": _shown([float(b) - float(a) for a, b in zip(old, new, strict=True)]),
            }
    decided = [
        [(reading.logit, bool(one.answers)) for one, reading in zip(asked, some, strict=True)]
        for some in readings
    ]
    if len({is_true for _, is_true in decided[0]}) == 2:
        found["unanswerable"] = len(asked) - found["questions"]
        found["answerable AUC"] = _areas(decided)
    return found


def claims(readers: Sequence[OnnxReader], asked: Sequence[Asked], most: int) -> dict[str, Any]:
    """How well each reader tells true claims from false ones."""
    chance = random.Random(3)
    by_title: dict[str, list[str]] = {}
    for one in asked:
        if one.passage.text not in by_title.setdefault(one.passage.context, []):
            by_title[one.passage.context].append(one.passage.text)
    passages = [(text, texts) for texts in by_title.values() for text in texts]
    items = []
    for text, texts in chance.sample(passages, min(most, len(passages))):
        items += claims_of(text, "", [other for other in texts if other != text], chance, 1)
    judged = []
    for reader in readers:
        scores = reader.support([(item.text, item.passage) for item in items])
        judged.append([(score, bool(item.supported)) for score, item in zip(scores, items, strict=True)])
    return {"claims": len(items), "AUC": _areas(judged)}


def cost(readers: Sequence[OnnxReader], asked: Sequence[Asked], rounds: int = 3) -> list[float]:
    """Milliseconds of one core that a pair takes with each reader, the best of some rounds in turn."""
    best = [float("inf")] * len(readers)
    for number in range(rounds):
        for place, reader in enumerate(readers):
            begun = time.process_time()
            for one in asked:
                reader.read(f"{one.question} {number}", [one.passage])
            best[place] = min(best[place], 1000 * (time.process_time() - begun) / len(asked))
    return [round(one, 2) for one in best]


def _answered(asked: Sequence[Asked], readings: Sequence[Reading]) -> list[tuple[Asked, Reading]]:
    return [(one, reading) for one, reading in zip(asked, readings, strict=True) if one.answers]


def _said(one: Asked, reading: Reading) -> str:
    text = one.passage.text
    return text[slice(*trimmed(text, reading.spans[0]))] if reading.spans else ""


def _areas(both: Sequence[Sequence[tuple[float, bool]]]) -> dict[str, Any]:
    """The area under the curve of each, and the difference with its interval over items drawn again."""
    import numpy as np

    old, new = both
    chance, changes = random.Random(0), []
    for _ in range(500):
        drawn = chance.choices(range(len(old)), k=len(old))
        changes.append(auc([new[place] for place in drawn]) - auc([old[place] for place in drawn]))
    low, high = np.nanpercentile(changes, [2.5, 97.5]).tolist()
    return {
        "old": round(auc(old), 4),
        "new": round(auc(new), 4),
        "change": [round(auc(new) - auc(old), 4), round(low, 4), round(high, 4)],
    }


def _shown(values: Sequence[float]) -> list[float]:
    found = interval(values)
    return [round(found.mean, 4), round(found.low, 4), round(found.high, 4)]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument("--train", type=Path, nargs="*", default=[])
    parser.add_argument("--held-out", type=float, default=0.1, help="the share that was held out")
    parser.add_argument("--most", type=int, default=10_000, help="questions a set")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "two_readers.json")
    options = parser.parse_args()
    readers = [OnnxReader.open(options.old), OnnxReader.open(options.new)]
    sets = {"squad-dev-a": squad(options.data / "squad-dev-a")}
    if options.train:
        sets |= held_out(options.train, options.held_out)
    found: dict[str, Any] = {"readers": [reader.fingerprint for reader in readers], "sets": {}}
    for name, asked in sets.items():
        some = random.Random(1).sample(asked, min(options.most, len(asked)))
        found["sets"][name] = compared(readers, some)
        print(name, json.dumps(found["sets"][name]), file=sys.stderr, flush=True)
    found["claims of squad-dev-a"] = claims(readers, sets["squad-dev-a"], options.most)
    found["milliseconds a pair"] = cost(readers, sets["squad-dev-a"][:100])
    options.out.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
