"""A trained reader and the gate: the held-out questions asked of their own passages, by both readers.

The passages of the held-out titles become documents of an index of their own, and their questions are asked
with the reader that counts so far and with the new one. An index that exists takes the new one in where that
is proven better by right answers.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.counts import counted
from rag.evaluate.questions.cases import Case, QuestionSet
from rag.evaluate.questions.judgements import match
from rag.evaluate.run import home_of
from rag.evaluate.running.corpora import over
from rag.models.settings import TOKENIZER, WEIGHTS
from rag.pipeline.adopted import HERE, TUNED, Card
from rag.progress import Watcher
from rag.reading.settings import SETTINGS
from rag.types import Document, stable_id

from .examples import Example
from .gate import Verdict
from .sides import LEAST, Sides
from .tuning import Data, Tuned, finished, part_folder, verdict_of

if TYPE_CHECKING:
    from rag.pipeline.pipeline import Pipeline

GAIN = "Correct"
MOST = 300
"""Held-out questions that are asked, at most."""
_MOST_MB = 200.0


def judged_reader(
    rag: Pipeline,
    train: int,
    held: Sequence[Example],
    made: Path,
    options: Mapping[str, Any],
    report: Watcher,
) -> Tuned:
    """The verdict on the reader in the folder `made`, and its adoption into the index of `rag` by it.

    `train` is how many questions it learned from. Without an index it is a trial, and all that is made for it
    is in `made/work`.
    """
    began = time.perf_counter()
    asked, documents = asked_of(held)
    home = home_of(rag) / TUNED if rag.exists else made / "work"
    folder = home / f"reader-{stable_id(asked.fingerprint, str(made.absolute()))[:12]}"
    folder.mkdir(parents=True, exist_ok=True)
    corpus = folder / "corpus.jsonl"
    corpus.write_text("".join(_lines(documents)), "utf-8")
    with over(rag, corpus, folder, report) as pipeline:
        names = frozenset(name for case in asked for name in case.relevant)
        parted = Sides((), asked.cases, names, {})
        data = Data(pipeline, asked, match(asked, pipeline.store), parted, folder, not rag.exists)
        part = part_folder(data)
        for name in (WEIGHTS, TOKENIZER, SETTINGS):
            shutil.copy2(made / name, part / name)
        card = Card("reader", "", settings={"ask.reader": HERE}, options=options)
        answered = sum(bool(case.answers) for case in asked)
        if answered < LEAST:
            few = counted(answered, "held-out question")
            verdict = Verdict(None, nothing=f"{few} with an answer: {LEAST} are needed to judge by")
        else:
            size = sum(file.stat().st_size for file in part.iterdir()) / 1e6
            candidate = pipeline.variant({"ask.reader": str(part)})
            verdict = verdict_of(data, candidate, GAIN, {"MB": (size, _MOST_MB)}, report)
        note = (
            f"learned from {counted(train, 'question')}, of other titles than the {len(asked):,} asked here"
        )
        return finished(data, part, card, verdict, began, (note,), home=rag.home)


def asked_of(held: Sequence[Example]) -> tuple[QuestionSet, list[Document]]:
    """Held-out questions with answers or without, and the passages of their titles as documents."""
    documents: dict[str, Document] = {}
    cases: dict[str, Case] = {}
    for example in held:
        source = f"{example.title or 'passage'}#{stable_id(example.context)[:8]}"
        documents.setdefault(source, Document.make(example.context, source, title=example.title))
        if not example.answerable:
            cases.setdefault(example.id, Case(example.id, example.question))
        elif example.texts:
            cases.setdefault(example.id, Case(example.id, example.question, example.texts, {source: 1.0}))
    order = sorted(cases.values(), key=lambda case: stable_id("asked", case.id))
    return QuestionSet("held-out titles", tuple(order)).first(MOST), list(documents.values())


def _lines(documents: Sequence[Document]) -> Iterator[str]:
    for document in documents:
        row = {"id": document.source, "title": document.title, "text": document.text}
        yield json.dumps(row, ensure_ascii=False) + "\n"
