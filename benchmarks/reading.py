"""How well the reader reads, as it ships: answers, refusals and claims; and what a whole `rag ask` costs.

    python -m benchmarks.reading DATA --index FOLDER

- the right passage: EM and F1 of its best span on `squad-dev-a`, and how well `answerable` tells the
  questions it answers from those written for it to have no answer (area under the curve)
- claims: true sentences of held-out passages of `reader-train` against the same with one thing made wrong
- corrupted answers: two true sentences of a passage and one made wrong, all citing it; how many of either the
  stage `support` marks
- `rag ask` on the index of `benchmarks.ingest`: milliseconds warm, seconds in a process of its own
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.corpora import questions, read
from benchmarks.fit_reading import FILES
from benchmarks.search import cold, timed
from rag import Rag
from rag.evaluate.measures.words import exact_match, f1
from rag.evaluate.statistics import interval
from rag.ground.support import Read
from rag.reading import Passage
from rag.reading.onnx import OnnxReader
from rag.reading.pooled import trimmed
from rag.text.sentences import sentences
from rag.tune.claims import changed
from rag.tune.examples import read_examples
from rag.tune.mixture import by_title
from rag.tune.score import auc
from rag.tune.split import split

HERE = Path(__file__).parent / "results" / "reading_alone.json"
BELOW = 0.5  # the default of the stage `support`


def right_passage(reader: OnnxReader, folder: Path) -> dict[str, Any]:
    """EM, F1 with intervals, and the area under the curve of `answerable`."""
    corpus = {row["id"]: row for row in read(folder / "corpus.jsonl")}
    exact, overlap, decided = [], [], []
    for number, row in enumerate(read(folder / "qa.jsonl")):
        source = corpus[row["relevant"][0] if row["answers"] else row["meta"]["written_for"]]
        (one,) = reader.read(row["question"], [Passage(source["title"], source["text"])])
        decided.append((one.logit, bool(row["answers"])))
        if row["answers"]:
            said = source["text"][slice(*trimmed(source["text"], one.spans[0]))] if one.spans else ""
            exact.append(exact_match(said, row["answers"]))
            overlap.append(f1(said, row["answers"]))
        _told("right passage", number)
    return {
        "questions": len(exact),
        "EM": _shown(exact),
        "F1": _shown(overlap),
        "unanswerable": len(decided) - len(exact),
        "answerable AUC": round(auc(decided), 4),
    }


def claims(reader: OnnxReader, folder: Path, most: int) -> dict[str, Any]:
    """Single claims, and answers of which one sentence was made wrong."""
    _, held = split(read_examples([folder / f"{name}.jsonl.gz" for name in FILES]))
    chance = random.Random(3)
    score = Read(reader)
    judged: list[tuple[float, bool]] = []
    caught, marked = [], []
    passages = [(text, others) for others in by_title(held).values() for text in others]
    for number, (passage, others) in enumerate(chance.sample(passages, min(most, len(passages)))):
        true = [passage[start:end].strip() for start, end in sentences(passage)]
        true = [one for one in true if len(re.findall(r"\w+", one)) >= 6]
        made = [changed(one, passage, [text for text in others if text != passage], chance) for one in true]
        wrong = [one for one in made if one]
        if len(true) < 3 or not wrong:
            continue
        chosen, false = chance.sample(true, 2), chance.choice(wrong)
        judged += [(reader.support([(one, passage)])[0], True) for one in chosen]
        judged.append((reader.support([(false, passage)])[0], False))
        kept = score([(one, passage) for one in (*chosen, false)])
        caught.append(float(kept[2] < BELOW))
        marked += [float(one < BELOW) for one in kept[:2]]
        _told("claims", number)
    return {
        "claims": len(judged),
        "AUC": round(auc(judged), 4),
        "corrupted answers": len(caught),
        "wrong sentence marked": _shown(caught),
        "true sentence marked": _shown(marked),
    }


def _shown(values: Sequence[float]) -> list[float]:
    found = interval(values)
    return [round(found.mean, 4), round(found.low, 4), round(found.high, 4)]


def _told(what: str, number: int) -> None:
    if number % 100 == 0:
        print(f"{what}: {number}", file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--reader", help="folder of another reader than the one that ships")
    parser.add_argument("--index", type=Path, help="an index to time; left out, nothing is timed")
    parser.add_argument("--passages", type=int, default=400, help="passages that claims are made of")
    options = parser.parse_args()
    reader = OnnxReader.open(options.reader)
    found: dict[str, Any] = {"reader": reader.name, "command": " ".join(["python", *sys.argv])}
    found["right passage"] = right_passage(reader, options.data / "squad-dev-a")
    found["claims"] = claims(reader, options.data / "reader-train", options.passages)
    if options.index:
        asked = random.Random(1).sample(questions(options.data), 140)
        with Rag(options.index) as rag:
            for question in asked[:60]:
                rag.ask(question)
            found["rag ask, warm, each question once"] = timed(rag.ask, asked[60:])
        found["rag ask, cold"] = cold(["ask", asked[0], "--index", str(options.index)])
    HERE.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
