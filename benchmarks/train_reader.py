"""Trains the reader that ships: it goes on from the reader before, over questions of many kinds.

    python -m benchmarks.train_reader DATA/reader-train --base FOLDER --start READER --out OUT
        --keep-out DATA/squad-dev-a/corpus.jsonl DATA/files/corpus.jsonl …
        --also benchmarks/data/questions/written.jsonl.gz

Passages that share 13 words in a row with a text to keep out are dropped. Of each file at most so many
questions as `MOST` says (times `--share`) are learned from: as they are, with the answer's sentence alone,
beside noise, with the answer swapped; with typing errors or as keywords; and passages, sentences, rows and
changed questions that do not answer. Of those of `--also` every second one is, and each from units read alone
under their headings, as `rag.reading.choice` reads them: the one that answers, and the ones of the same
passage and of others that share most words with the question. Needs footnote-rag[tune]. Stopped, the same
command goes on.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rag.reading.units import Unit, units
from rag.text.shared_words import normalised
from rag.tune.altered import altered
from rag.tune.claims import answer_claims, claims_of
from rag.tune.encode import Encoder
from rag.tune.examples import Example, read_examples
from rag.tune.items import Item
from rag.tune.mixture import by_title
from rag.tune.negatives import (
    answer_removed,
    near_passages,
    other_passage,
    other_sentence,
    unanswerable,
)
from rag.tune.overlap import overlaps, runs
from rag.tune.phrasing import keywords
from rag.tune.reader import Options, _exported, _tokenizer, merit
from rag.tune.robust import answers_by_kind, counterfactual, sentence_alone, with_noise
from rag.tune.split import split
from rag.tune.start import load_weights
from rag.tune.tabular import cell_questions
from rag.tune.typing_errors import misspelt
from rag.types import Chunk, Hit

MOST = {
    "squad2-dev-8-articles": 9999,
    "squadshifts-new-wiki": 1800,
    "nq-open-gold": 926,
    "nq-qed": 313,
    "squad-train-44-articles": 2600,
    "qamr": 1100,
    "wikitables": 1500,
    "fairytale": 700,
    "fewrel": 900,
    "cuad": 1000,
    "molweni-test": 450,
    "timeqa-human": 750,
    "tatqa": 900,
    "conditionalqa": 450,
    "medquad": 350,
}
"""File → the most questions of it that are learned from."""
_LONGEST = 1400  # characters of a table
_BESIDE = 3  # units of the passage itself that do not answer
_NEAR = 4  # passages whose nearest unit may be one that does not answer


def kept_out(paths: Iterable[Path]) -> set[int]:
    """The runs of words of JSON lines with a `text`, of text files, and of all text files of folders."""
    found: set[int] = set()
    for path in paths:
        for file in path.rglob("*") if path.is_dir() else [path]:
            if file.suffix == ".jsonl" and not path.is_dir():
                for line in file.read_text("utf-8").splitlines():
                    found |= set(runs(str(json.loads(line)["text"])))
            elif file.suffix in (".md", ".txt", ".eml", ".csv", ".html", ".rst", ".json", ".jsonl"):
                found |= set(runs(file.read_text("utf-8", "replace")))
    return found


def hard_passages(
    chosen: Sequence[Example], also: frozenset[str], chance: random.Random
) -> dict[str, Sequence[str]]:
    """For three in ten questions, for eight of the sources `also`, the passages that BM25 ranks high."""
    with tempfile.TemporaryDirectory() as folder:
        near = near_passages(chosen, Path(folder))
        return {
            one.id: near(one)
            for one in chosen
            if one.answerable and chance.random() < (0.8 if one.source in also else 0.3)
        }


class Mixture:
    """Makes the items of the chosen questions."""

    def __init__(self, chosen: Sequence[Example], also: frozenset[str], chance: random.Random) -> None:
        self.chosen, self.also, self.chance = chosen, also, chance
        self.titles = by_title(chosen)
        self.pool = answers_by_kind([example for example in chosen if example.answerable])
        self.ranked = hard_passages(chosen, also, chance)

    def items(self) -> list[Item]:
        made: list[Item] = []
        for example in self.chosen:
            if not example.answerable:
                made.append(unanswerable(example))
                if example.source in self.also:
                    made += unit_items(example, (), self.chance)
            elif example.source != "wikitables" or len(example.context) <= _LONGEST:
                if example.source in self.also:
                    made += unit_items(example, self.ranked.get(example.id, ())[:_NEAR], self.chance)
                    if self._in(0.5):
                        continue
                made += [self._positive(example), *self._negatives(example)]
                if self._in(0.08):
                    made += answer_claims(example, self.pool, self.chance)
        for table in self._tables():
            made += cell_questions(
                table, self.chance.choice(["", "Overview", "Data", "Price list"]), self.chance
            )
        for title, passages in self.titles.items():
            for passage in passages:
                if self._in(0.12) and not passage.lstrip().startswith("|"):
                    others = [other for other in passages if other != passage]
                    made += claims_of(passage, title, others, self.chance, 1)
        made = [self._worded(item) for item in made]
        self.chance.shuffle(made)
        return made

    def _in(self, share: float) -> bool:
        return self.chance.random() < share

    def _tables(self) -> list[str]:
        texts = dict.fromkeys(one.context for one in self.chosen if one.source in ("wikitables", "tatqa"))
        return [text for text in texts if text.lstrip().startswith("|") and len(text) < _LONGEST]

    def _positive(self, example: Example) -> Item:
        item = Item(example.question, example.context, example.title, example.answers, answerable=True)
        if not example.answers:
            return item
        if self._in(0.06):
            item = counterfactual(example, self.pool, self.chance) or item
        drawn = self.chance.random()
        if drawn < 0.12:
            noise = self.chance.choice(self.titles[example.title])
            if noise != example.context and len(noise) + len(item.passage) < _LONGEST:
                return with_noise(item, noise, self.chance)
        elif drawn < 0.37 and not item.passage.lstrip().startswith("|"):
            return sentence_alone(item)
        return item

    def _negatives(self, example: Example) -> list[Item]:
        made: list[Item | None] = []
        if example.id in self.ranked:
            made.append(other_passage(example, self.ranked[example.id], self.chance))
        if self._in(0.06):
            others = self.titles[example.title]
            made.append(other_passage(example, self.chance.sample(others, len(others)), self.chance))
        if example.answers and self._in(0.1):
            made.append(answer_removed(example))
        if example.answers and self._in(0.1):
            made.append(altered(example, self.chance))
        if example.answers and self._in(0.12) and not example.context.startswith("|"):
            made.append(other_sentence(example, self.chance))
        return [item for item in made if item is not None]

    def _worded(self, item: Item) -> Item:
        """Some questions with typing errors, some as keywords, some without their heading."""
        if item.supported is None and self._in(0.10):
            item = replace(item, text=misspelt(item.text, 0.2, self.chance))
        if item.supported is None and self._in(0.06):
            item = replace(item, text=keywords(item.text))
        return replace(item, title="") if self._in(0.3) else item


def unit_items(example: Example, near: Sequence[str], chance: random.Random) -> list[Item]:
    """The units of the example's passage that hold an answer, `_BESIDE` that do not, and one of `near`.

    Those that do not answer are drawn by how many words they share with the question.
    """
    made, beside = [], []
    for unit in units_of(example.context, example.title):
        spans = [
            (first + a - at, first + b - at)
            for a, b in example.answers
            for first, last, at in unit.pieces
            if at <= a and b <= at + last - first
        ]
        if spans:
            made.append(Item(example.question, unit.view, unit.above, tuple(spans), answerable=True))
        elif not any(unit.start < b and a < unit.end for a, b in example.answers):
            beside.append(unit)
    if example.answerable and not made:
        return []
    far = [unit for passage in near for unit in units_of(passage, example.title)[:40]]
    for among, most in ((beside, _BESIDE), (far, 1)):
        free = [unit for unit in among if not _says(unit, example.texts)]
        order = sorted(free, key=lambda unit: -_shared(unit, example.question) - chance.random())
        made += [Item(example.question, unit.view, unit.above, answerable=False) for unit in order[:most]]
    return made


def units_of(passage: str, title: str) -> list[Unit]:
    """The units of a passage under its headings (`A > B`), as those of a chunk."""
    document, _, _ = title.partition(" > ")
    heading = title.replace(" > ", " › ")
    return units(0, Hit(Chunk("", "", "", passage, 0, len(passage), document, heading=heading), 1.0))


def _says(unit: Unit, answers: Sequence[str]) -> bool:
    said = f" {normalised(unit.view)} "
    return any(f" {normalised(answer)} " in said for answer in answers)


def _shared(unit: Unit, question: str) -> float:
    """The share of the question's words of three letters or more whose first five letters the unit has."""
    words = {word[:5] for word in normalised(question).split() if len(word) > 2}
    own = {word[:5] for word in normalised(unit.view).split()}
    return len(words & own) / max(1, len(words))


def held_items(held: Sequence[Example]) -> list[Item]:
    """Up to 30 questions a file of held-out titles, some with a passage of others, and claims."""
    chance = random.Random(5)
    usable = [example for example in held if example.answers or not example.answerable]
    chance.shuffle(usable)
    counts: dict[str, int] = defaultdict(int)
    made: list[Item] = []
    for example in usable:
        counts[example.source] += 1
        if counts[example.source] > 30:
            continue
        if not example.answerable:
            made.append(unanswerable(example))
            continue
        made.append(Item(example.question, example.context, example.title, example.answers, answerable=True))
        if chance.random() < 0.3:
            others = [one.context for one in usable if one.source == example.source]
            item = other_passage(example, others, chance)
            made += [item] if item else []
    for title, passages in list(by_title(held).items())[:40]:
        made += claims_of(passages[0], title, passages[1:], chance, 1)
    return made


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--base", type=Path, required=True, help="folder of the encoder")
    parser.add_argument("--start", type=Path, required=True, help="folder of the reader to go on from")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--keep-out", type=Path, nargs="*", default=[])
    parser.add_argument("--also", type=Path, nargs="*", default=[], help="more questions, each learned from")
    parser.add_argument("--tokens", type=int, default=2_500_000, help="of all items together")
    parser.add_argument("--share", type=float, default=1.0, help="of the most questions of each file")
    parser.add_argument("--rate", type=float, default=1e-4)
    options = parser.parse_args()
    from rag.tune.network import make_network
    from rag.tune.train import Plan, Trainer

    chance = random.Random(7)
    banned = kept_out(options.keep_out)
    examples = read_examples([options.data / f"{name}.jsonl.gz" for name in MOST])
    clean = {text: not overlaps(text, banned) for text in {example.context for example in examples}}
    train, held = split([example for example in examples if clean[example.context]], 0.02)
    by_source: dict[str, list[Example]] = defaultdict(list)
    for example in train:
        by_source[example.source].append(example)
    chosen: list[Example] = []
    for source, found in by_source.items():
        chance.shuffle(found)
        chosen += found[: int(MOST[source] * options.share)]
    more = read_examples(options.also) if options.also else []
    also = frozenset(example.source for example in more)
    chosen += [example for example in more if not overlaps(example.context, banned)]
    encoder = Encoder(_tokenizer(options.base), 320)
    items, used = [], 0
    made = Mixture(chosen, also, chance).items()
    for item, encoded in zip(made, encoder.encode(made), strict=True):
        used += len(encoded)
        if used > options.tokens:
            break
        items.append(item)
    shown = held_items(held)
    network = make_network(options.base)
    load_weights(network, options.start / "model.onnx")
    plan = Plan(
        epochs=1, tokens=3200, rate=options.rate, warm_up=0.05, mean=0.99, score_steps=220, patience=99
    )
    work = options.out / "work"

    def watch(row: dict[str, Any]) -> None:
        if row["step"] % 20 == 0:
            print(json.dumps(row), flush=True)

    Trainer(network, encoder, plan, work, watch=watch).run(lambda _: items, shown, merit)
    from safetensors.torch import load_file

    weights = load_file(work / "best.safetensors")
    counts, begun = (len(items), len(shown)), Options(start=str(options.start))
    print(_exported(weights, shown, options.base, options.out, counts, begun))


if __name__ == "__main__":
    main()
