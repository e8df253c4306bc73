"""What the lexical index costs: analysis, build, open, queries (fresh, stale, filtered), small updates.

    python -m benchmarks.lexical DATA [DATA …] --sizes 20000 200000 --out benchmarks/results/lexical.json

DATA: folders with `corpus.jsonl` and `qa.jsonl`. A size beyond the corpus is reached by chunks of about 100
words, put together from sentences of it at random. "Stale" means that some documents were replaced; "edited
beside fresh" is how many times as long the same questions take, asked in turn, as on an index built of what
is left. Times: CPU seconds of the process where they say so, wall time otherwise; queries are the median and
the 95th percentile over all questions.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from rag.indexes import Analyzer, LexicalIndex, open_lexical

K = 100
STALE = 50  # documents replaced before the stale queries


def read(folders: Sequence[Path]) -> tuple[list[str], list[str]]:
    """Sentences and questions."""
    sentences: list[str] = []
    questions: list[str] = []
    for folder in folders:
        with (folder / "corpus.jsonl").open(encoding="utf-8") as lines:
            sentences += [part for line in lines for part in json.loads(line)["text"].split(". ") if part]
        with (folder / "qa.jsonl").open(encoding="utf-8") as lines:
            questions += [json.loads(line)["question"] for line in lines]
    return sentences, questions


def chunk(sentences: Sequence[str], chance: random.Random) -> str:
    parts: list[str] = []
    words = 0
    while words < 90:
        parts.append(chance.choice(sentences))
        words += parts[-1].count(" ") + 1
    return ". ".join(parts)


def spent(work: Callable[[], Any]) -> tuple[float, float]:
    """CPU and wall seconds."""
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    return time.process_time() - cpu, time.perf_counter() - wall


def queries(
    index: LexicalIndex, questions: Sequence[str], allowed: np.ndarray[Any, Any] | None = None
) -> dict[str, float]:
    times = []
    for question in questions:
        started = time.perf_counter()
        index.search(question, K, allowed)
        times.append(1e3 * (time.perf_counter() - started))
    return {"p50 ms": float(np.median(times)), "p95 ms": float(np.percentile(times, 95))}


def analysis(texts: Sequence[str]) -> dict[str, float]:
    analyzer = Analyzer("english")
    words = sum(len(text.split()) for text in texts)
    terms = sum(len(analyzer.analyze(text)) for text in texts)
    seconds, _ = spent(lambda: [analyzer.analyze(text) for text in texts])
    return {"million terms/s": terms / seconds / 1e6, "million words/s": words / seconds / 1e6}


def edited_beside_fresh(size: int, sentences: Sequence[str], questions: Sequence[str]) -> dict[str, float]:
    """Twelve edits of 20 documents for 20 others, then each question to both; ratios of wall times."""
    chance = random.Random(size + 1)
    texts = {number: chunk(sentences, chance) for number in range(size)}
    with tempfile.TemporaryDirectory() as name:
        edited = open_lexical(Path(name) / "edited", "english")
        edited.update([], sorted(texts.items()), 1)
        edited.close()
        for step in range(12):
            gone = chance.sample(sorted(texts), 20)
            added = [(size + 20 * step + number, chunk(sentences, chance)) for number in range(20)]
            texts = {number: text for number, text in texts.items() if number not in gone} | dict(added)
            edited.update(gone, added, step + 2)
            edited.close()
        fresh = open_lexical(Path(name) / "fresh", "english")
        fresh.update([], sorted(texts.items()), 1)
        fresh.close()
        worst = 0.0
        times: list[list[float]] = []
        for turn in range(4):  # the first fills caches
            times = [] if turn == 1 else times
            for number, question in enumerate(questions):
                pair = [0.0, 0.0]
                for which in ((0, 1), (1, 0))[number % 2]:
                    started = time.perf_counter()
                    scores, positions = (edited, fresh)[which].search(question, K)
                    pair[which] = time.perf_counter() - started
                    if turn == 0 and which == 1:
                        mine, same = edited.search(question, K)
                        assert same.tolist() == positions.tolist(), question
                        worst = max(worst, float(np.abs(mine / scores - 1).max(initial=0.0)))
                times.append(pair)
    both = np.array(times)
    return {
        "p50 by p50": float(np.median(both[:, 0]) / np.median(both[:, 1])),
        "median of ratios": float(np.median(both[:, 0] / both[:, 1])),
        "greatest relative difference of scores": worst,
    }


def measure(size: int, sentences: Sequence[str], questions: Sequence[str]) -> dict[str, Any]:
    chance = random.Random(size)
    texts = [chunk(sentences, chance) for _ in range(size)]
    result: dict[str, Any] = {"analysis": analysis(texts[:20_000])}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        index = open_lexical(folder, "english")
        cpu, wall = spent(lambda: index.update([], list(enumerate(texts)), 1))
        result["build"] = {"CPU s": cpu, "s": wall}
        cpu, wall = spent(index.close)
        result["close after build"] = {"CPU s": cpu, "s": wall}
        result["MB"] = sum(path.stat().st_size for path in folder.iterdir()) / 1e6
        result["open ms"] = 1e3 * spent(lambda: open_lexical(folder, "english"))[1]
        index = open_lexical(folder, "english")
        result["fresh"] = queries(index, questions)
        for share in (0.001, 0.01, 0.1, 0.5):
            allowed = np.sort(np.array(chance.sample(range(size), int(share * size)), dtype=np.int64))
            result[f"fresh, {share:.1%} allowed"] = queries(index, questions[::10], allowed)
        costs = []
        for stamp in range(STALE):
            changed = [(chance.randrange(size), chunk(sentences, chance))]
            costs.append(spent(partial(index.update, [], changed, 2 + stamp)))
        result["replace one"] = dict(
            zip(("CPU ms", "ms"), (1e3 * np.median(np.array(costs), axis=0)).tolist(), strict=True)
        )
        result["stale"] = queries(index, questions)
        allowed = np.sort(np.array(chance.sample(range(size), size // 100), dtype=np.int64))
        result["stale, 1.0% allowed"] = queries(index, questions[::10], allowed)
        removed = list(range(0, size, 9))
        cpu, wall = spent(lambda: index.update(removed, [], 1000))
        result["remove a ninth, which rewrites"] = {"CPU s": cpu, "s": wall}
        result["rewritten"] = queries(index, questions[::5])
        index.close()
    result["edited beside fresh"] = edited_beside_fresh(size, sentences, questions[:300])
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("data", nargs="+", type=Path)
    parser.add_argument("--sizes", nargs="+", type=int, default=[20_000, 200_000])
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    sentences, questions = read(arguments.data)
    questions = random.Random(0).sample(questions, min(1_000, len(questions)))
    results = {}
    for size in arguments.sizes:
        results[str(size)] = measure(size, sentences, questions)
        print(size, json.dumps(results[str(size)], indent=1))
    if arguments.out:
        arguments.out.write_text(json.dumps({"k": K, "sizes": results}, indent=1) + "\n")


if __name__ == "__main__":
    main()
