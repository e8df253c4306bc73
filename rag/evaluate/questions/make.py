"""A question set from one's own documents: sentences are turned into questions, and each is checked.

Without a language model, sentences that define, date, count or name are turned by the patterns of
`from_sentences.py`; with one it writes a question about each passage (`from_model.py`). A question is kept if
it makes the round trip (`round_trip.py`). A share of those kept is asked of the index without its document,
and is unanswerable there if no other hit holds the answer; `without` names the document that is hidden while
it is asked. A language model also puts each question into other words, for stress tests.

Round trips favour what the pipeline can do already: such a set shows what a change gains or breaks, and not
how good the pipeline is. It is JSON lines; read it, delete what is odd, and add questions of your own.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.counts import counted
from rag.errors import ConfigError
from rag.evaluate.experiments.trials import PARAPHRASE
from rag.evaluate.run import read
from rag.evaluate.running.journal import write_lines
from rag.pipeline.parts import model_of
from rag.progress import Progress, Watcher
from rag.types import Chunk

from .cases import Case
from .from_model import Writer
from .from_sentences import cases_of
from .round_trip import RoundTrip

if TYPE_CHECKING:
    from rag.llm.chat import ChatModel
    from rag.pipeline.pipeline import Pipeline

_TRIES = 20  # candidates tried for each question wanted
_PAGE = 1000  # chunks scanned at once


@dataclass(frozen=True, slots=True)
class Made:
    """The questions written to `path`, and how many candidates it took."""

    path: Path
    cases: tuple[Case, ...]
    tried: int

    @property
    def passed(self) -> bool:
        """There is nothing to fail."""
        return True

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "path": str(self.path),
            "tried": self.tried,
            "questions": [case.to_dict() for case in self.cases],
        }

    def __str__(self) -> str:
        without = sum(case.kind == "unanswerable" for case in self.cases)
        reworded = sum(PARAPHRASE in case.meta for case in self.cases)
        worded = f", {reworded:,} in other words too" if reworded else ""
        lines = [f"{case.question}  {' · '.join(case.answers) or '(no answer)'}" for case in self.cases[:5]]
        shown = "\n".join(lines)
        return (
            f"{counted(len(self.cases), 'question')} of {self.tried:,} tried, {without:,} of them without an "
            f"answer{worded}: {self.path}\n\n{shown}\n\nread and edit them, then: rag eval {self.path}"
        )


def make(
    rag: Pipeline,
    path: str | Path,
    *,
    number: int = 100,
    unanswerable: float = 0.2,
    seed: int = 0,
    model: ChatModel | None = None,
    progress: Watcher | None = None,
) -> Made:
    """Writes up to `number` questions, the share `unanswerable` of them without an answer.

    `model` writes them, else the language model of the settings, else there is none. Raises ConfigError where
    the file exists already, and where no question could be made.
    """
    path = _new(path)
    report = progress or (lambda _: None)
    writer = _writer(rag, model)
    check = RoundTrip(rag)
    kept: list[Case] = []
    tried = 0
    hidden = round(number * unanswerable)
    for case, chunk in _candidates(rag, random.Random(seed), writer.questions if writer else cases_of):
        if len(kept) >= number or tried >= _TRIES * number:
            break
        tried += 1
        without = sum(case.kind == "unanswerable" for case in kept) < hidden and tried % 3 == 0
        made = check.hidden(case, chunk) if without else case if check.returns(case, chunk) else None
        if made is None or (made.kind == "qa" and sum(case.kind == "qa" for case in kept) >= number - hidden):
            continue
        kept.append(_paraphrased(made, writer, check) if writer else made)
        report(Progress("making", len(kept), number))
    if not kept:
        raise ConfigError(
            f"no question could be made of {tried} sentences: the documents hold few definitions, dates, "
            "numbers or names in plain sentences; write a few questions by hand instead"
        )
    write_lines(path, (case.to_dict() for case in kept))
    return Made(path, tuple(kept), tried)


def paraphrase(
    rag: Pipeline,
    path: str | Path,
    questions: str | Path,
    *,
    model: ChatModel | None = None,
    progress: Watcher | None = None,
) -> Made:
    """Writes a question set again, with each question in other words too, where its meaning survives that.

    Raises ConfigError where the file exists already, and where there is no language model.
    """
    path = _new(path)
    writer = _writer(rag, model)
    if writer is None:
        raise ConfigError("paraphrases need a language model: name one with --model")
    asked, check = read(questions), RoundTrip(rag)
    done: list[Case] = []
    for case in asked:
        known = case.kind != "qa" or case.meta.get(PARAPHRASE)
        done.append(case if known else _paraphrased(case, writer, check))
        if progress:
            progress(Progress("paraphrasing", len(done), len(asked)))
    write_lines(path, (case.to_dict() for case in done))
    return Made(path, tuple(done), len(done))


def _new(path: str | Path) -> Path:
    if Path(path).exists():
        raise ConfigError(f"{path} exists already: move it away, or name another file")
    return Path(path)


def _writer(rag: Pipeline, model: ChatModel | None) -> Writer | None:
    """Of the model given, else of the settings' one; None where none is named."""
    named = rag.settings.model
    if model is None and (named.name or named.kind):
        model = model_of(rag)
    return None if model is None else Writer(model)


def _paraphrased(case: Case, writer: Writer, check: RoundTrip) -> Case:
    """The case with a paraphrase to which the reader still finds the answer in the passage, if there is."""
    passage = check.passage(case) if case.kind == "qa" else None
    other = writer.paraphrase(case.question) if passage else ""
    if not passage or not other or not check.reads(case, other, passage):
        return case
    return replace(case, meta={**case.meta, PARAPHRASE: other})


def _candidates(
    rag: Pipeline, chance: random.Random, ask: Callable[[Chunk], Iterable[Case]]
) -> Iterator[tuple[Case, Chunk]]:
    """Questions of all chunks in random order, at most one a document in each round."""
    chunks: dict[str, list[Chunk]] = {}
    after = ""
    while page := rag.store.scan(after, _PAGE):
        for chunk, _ in page:
            chunks.setdefault(chunk.document_id, []).append(chunk)
        after = page[-1][0].id
    seen: set[str] = set()
    for pile in chunks.values():
        chance.shuffle(pile)
    piles = list(chunks.values())
    while piles:
        chance.shuffle(piles)
        for pile in piles:
            chunk = pile.pop()
            for case in ask(chunk):
                if case.question not in seen:
                    seen.add(case.question)
                    yield case, chunk
                    break
        piles = [pile for pile in piles if pile]
