"""What all parts tuned on an index have in common: their questions, two sides, a verdict, and a place.

    questions  a set of any format, or made of the documents where none is given
    sides      whole documents held out (`sides.py`)
    part       made from the training side: a folder with a card
    verdict    the held-out side asked without it and with it (`gate.py`)
    place      adopted into the index's folder, or left where it was made, with the verdict beside it

Work is kept in a folder beside the index, named by all that decides about it, so that a command which was
stopped goes on where it was.
"""

from __future__ import annotations

import json
import random
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rag.errors import ConfigError, StoreError
from rag.evaluate.questions.cases import Case, QuestionSet
from rag.evaluate.questions.judgements import Judged, match
from rag.evaluate.questions.make import make
from rag.evaluate.result import Run
from rag.evaluate.run import evaluate, home_of, read
from rag.evaluate.running.corpora import over
from rag.evaluate.running.load import Load
from rag.evaluate.running.provenance import index_fingerprint
from rag.pipeline.adopted import TUNED, Card, adopt
from rag.progress import Progress, Watcher
from rag.types import stable_id

from .disk import room_on
from .gate import Verdict, judge
from .pairs import texts_of
from .sides import Sides, sides

if TYPE_CHECKING:
    from rag.pipeline.pipeline import Pipeline

HELD_OUT = 0.4
NUMBER = 300
"""Questions that are made where none are given."""
_HIDDEN = 60  # questions that are asked with their documents hidden
VERDICT = "verdict.json"
SHUFFLED = "shuffled"
"""Set in `meta` of a question that was given another one's documents."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to tune: `held_out` is the share of the questions, `number` how many are made where none are given.

    `doubtful` says what becomes of training pairs that look wrong (`doubtful.py`): `drop` or `keep`.
    `shuffled` is a share of the training questions that are given each other's documents and answers, to try
    what wrong labels do: a part that learned of nothing else has to be discarded.
    """

    held_out: float = HELD_OUT
    number: int = NUMBER
    seed: int = 0
    doubtful: str = "drop"
    shuffled: float = 0.0
    qrels: Path | None = None
    limit: int | None = None


class Data(NamedTuple):
    """What a part is tuned on and judged by: `rag` is the pipeline over the documents that are asked."""

    rag: Pipeline
    asked: QuestionSet
    judged: Judged
    sides: Sides
    folder: Path
    trial: bool

    @property
    def fingerprint(self) -> dict[str, Any]:
        """What decides about the part and the verdict, for its card."""
        index = index_fingerprint(self.rag)
        questions = {"name": self.asked.name, "fingerprint": self.asked.fingerprint, **self.sides.to_dict()}
        return {"questions": questions, "index": {name: index[name] for name in ("fingerprint", "documents")}}


@dataclass(frozen=True, slots=True)
class Tuned:
    """What came of it. `place` is where the adopted part is, else where the discarded one was left.

    `then` is the command from which on a part counts that is adopted, where its verdict alone is not enough.
    """

    kind: str
    verdict: Verdict
    sides: Sides
    place: Path
    seconds: float
    trial: bool = False
    notes: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    then: str = ""

    @property
    def passed(self) -> bool:
        """A part that is discarded is no failure."""
        return True

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "kind": self.kind,
            "place": str(self.place),
            "trial": self.trial,
            "seconds": round(self.seconds, 3),
            "data": self.sides.to_dict(),
            "options": dict(self.options),
            "notes": list(self.notes),
            "then": self.then,
            **self.verdict.to_dict(),
        }

    def __str__(self) -> str:
        lines = [f"{self.kind}: {self.sides}", *self.notes, "", str(self.verdict), ""]
        made = f"tuned in {self.seconds:.1f} s"
        if self.trial:
            lines.append(f"{made}; a trial on --corpus, so no index was changed: {self.place}")
        elif self.verdict.adopted and self.then:
            lines.append(f"{made}; it counts from this on: {self.then}")
        elif self.verdict.adopted:
            lines.append(
                f"{made}; it counts from now on: {self.place}; `rag tune undo {self.kind}` ends that"
            )
        else:
            lines.append(f"{made}; the index is as it was; what was tried is in {self.place}")
        return "\n".join(lines)


@contextmanager
def prepared(
    rag: Pipeline,
    kind: str,
    questions: QuestionSet | Sequence[Case] | str | Path | None,
    corpus: str | Path | None,
    options: Options,
    report: Watcher,
    kinds: Sequence[str] = ("qa", "retrieval"),
    how: object = None,
) -> Iterator[Data]:
    """The questions, matched with the documents and parted in two sides.

    Raises ConfigError for questions that cannot be used, StoreError where there is no index.
    """
    if corpus is None and not rag.exists:
        raise StoreError(f"there is no index at {rag.origin.place}: run `rag ingest PATH` first")
    if options.doubtful not in ("drop", "keep"):
        raise ConfigError(f"doubtful is {options.doubtful!r}, expected drop or keep")
    home = home_of(rag) / TUNED
    with over(rag, corpus, home_of(rag), report) as pipeline:
        asked = _asked(pipeline, questions, home, options, report).first(options.limit)
        judged = match(asked, pipeline.store)
        known = _known(asked, judged)
        divided = sides(known, options.held_out, lambda names: texts_of(pipeline, judged, names), kinds=kinds)
        if options.shuffled:
            divided = replace(divided, train=_shuffled(divided.train, options.shuffled, options.seed))
        decides = (asked.fingerprint, index_fingerprint(pipeline), options, kind, *([how] if how else []))
        folder = home / f"{kind}-{stable_id(*decides)[:12]}"
        folder.mkdir(parents=True, exist_ok=True)
        yield Data(pipeline, asked, judged, divided, folder, corpus is not None)


def part_folder(data: Data) -> Path:
    """An empty folder for the part."""
    folder = data.folder / "part"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def verdict_of(
    data: Data,
    candidate: Pipeline,
    gain: str,
    sizes: Mapping[str, tuple[float, float]] | None,
    report: Watcher,
    base: Pipeline | None = None,
    writes: bool = False,
) -> Verdict:
    """Asks the held-out questions without the part and with it.

    Of a part that writes (`writes`), some are asked once more with the documents that answer them hidden.
    """
    held = QuestionSet(data.asked.name, data.sides.held)
    pair = {"without": base or data.rag, "with": candidate}

    def asked(questions: QuestionSet, folder: str, of: str) -> tuple[Run, Run]:
        runs = []
        for name, pipeline in pair.items():
            label = f"asking {name} the part{of}"

            def watch(step: Progress, label: str = label) -> None:
                report(Progress(label, step.done, step.total))

            out = data.folder / f"{folder}{name}"
            runs.append(evaluate(pipeline, questions, out=out, fresh=True, progress=watch))
        return runs[0], runs[1]

    runs = asked(held, "", "")
    known = hidden(held) if writes else None
    remembered = asked(known, "hidden-", ", documents hidden") if known else None
    # Beside other work, milliseconds tell of that and not of the part.
    quiet = not any(Load(run.setting.get("other_processes")).busy for run in runs)
    return judge(runs[0], runs[1], gain, sizes=sizes, timed=quiet, hidden=remembered)


def hidden(held: QuestionSet) -> QuestionSet | None:
    """Questions that have an answer, evenly taken, without the documents that hold it: to be declined.

    None where no question names its documents.
    """
    left = [case for case in held if case.answers and case.relevant]
    if not left:
        return None
    some = QuestionSet(held.name, tuple(left)).first(_HIDDEN)
    without = [replace(case, answers=(), relevant={}, without=tuple(case.relevant)) for case in some]
    return QuestionSet(held.name, tuple(without))


def finished(
    data: Data,
    folder: Path,
    card: Card,
    verdict: Verdict,
    began: float,
    notes: Sequence[str] = (),
    home: Path | None = None,
    then: str = "",
) -> Tuned:
    """Writes the card and the verdict, and adopts the part where the verdict says so and it is no trial.

    `home` is the folder of the index that adopts it, else that of the data. A part that counts only after
    another command (`then`) is left where it is.
    """
    made = datetime.now(UTC).isoformat(timespec="seconds")
    card = replace(card, data=data.fingerprint, verdict=verdict.to_dict(), made=made)
    card.write(folder)
    place = folder
    if verdict.adopted and not data.trial and not then:
        place = adopt(home or data.rag.home, folder)
    seconds = time.perf_counter() - began
    tuned = Tuned(
        card.kind, verdict, data.sides, place, seconds, data.trial, tuple(notes), dict(card.options), then
    )
    text = json.dumps({**tuned.to_dict(), "made": made}, ensure_ascii=False, indent=1)
    (data.folder / VERDICT).write_text(text + "\n", "utf-8")
    return tuned


def no_watcher(step: Progress) -> None:
    """For callers that watch nothing."""


def tuning(
    rag: Pipeline,
    kind: str,
    questions: QuestionSet | Sequence[Case] | str | Path | None,
    corpus: str | Path | None,
    options: Options | None,
    progress: Watcher | None,
    tuned: Callable[[Data, Options, Watcher], Tuned],
    kinds: Sequence[str] = ("qa", "retrieval"),
    how: object = None,
) -> Tuned:
    """Prepares the data and has the part made and judged; `how` decides about its folder of work too.

    Raises ModelError where the disk is full.
    """
    options, report = options or Options(), progress or no_watcher
    with (
        room_on(home_of(rag)),
        prepared(rag, kind, questions, corpus, options, report, kinds, how) as data,
    ):
        return tuned(data, options, report)


def _asked(
    rag: Pipeline,
    questions: QuestionSet | Sequence[Case] | str | Path | None,
    home: Path,
    options: Options,
    report: Watcher,
) -> QuestionSet:
    """The questions given, else some made of the documents, which are made once for an index as it is."""
    if questions is not None:
        return read(questions, options.qrels)
    made = index_fingerprint(rag)["fingerprint"]
    path = home / f"questions-{stable_id(made, options.number, options.seed)[:12]}.jsonl"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        make(rag, path, number=options.number, seed=options.seed, progress=report)
    return read(path)


def _known(asked: QuestionSet, judged: Judged) -> list[Case]:
    """The cases, each with those of its documents that the index has. Raises ConfigError for none at all."""
    known = []
    for case in asked:
        left = {name: gain for name, gain in case.relevant.items() if name in judged.sources}
        if left or not case.relevant:
            known.append(replace(case, relevant=left))
    if not any(case.relevant for case in known):
        example = next((name for case in asked for name in case.relevant), "")
        hint = f"{example!r} for one" if example else "none names any"
        raise ConfigError(
            f"no document that answers the questions of {asked.name} is in the index, {hint}: expected "
            "sources as `rag ls` shows them, or their documents by --corpus"
        )
    return known


def _shuffled(cases: Sequence[Case], share: float, seed: int) -> tuple[Case, ...]:
    """A share of the cases with the documents and answers of one another; `meta` says which."""
    chosen = random.Random(seed).sample(range(len(cases)), round(share * len(cases)))
    mixed = list(cases)
    for at, other in zip(chosen, [*chosen[1:], *chosen[:1]], strict=True):
        mixed[at] = replace(
            cases[at],
            relevant=cases[other].relevant,
            answers=cases[other].answers,
            meta={**cases[at].meta, SHUFFLED: True},
        )
    return tuple(mixed)
