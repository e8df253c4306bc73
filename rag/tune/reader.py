"""`rag tune reader`: question files and an encoder → a folder that `rag.reading` opens, and a report.

Four steps, each of which goes on where it stopped: the passages are indexed, so that those near a question
are known, the network learns from the passages alone (`text/`), then from the questions (`questions/`), then
it is exported to 8 bits and measured again on the held-out titles. With a pipeline, its index adopts the
reader where the gate lets it in (`judged_reader.py`).
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.counts import counted
from rag.errors import ConfigError, MissingExtra
from rag.progress import Progress, Watcher
from rag.types import stable_id

from .claims import claims_of
from .disk import room_on
from .examples import Example, read_examples
from .items import Item
from .mixture import by_title, question_epoch, text_epoch
from .negatives import Near, near_passages, other_passage, unanswerable
from .split import split
from .tuning import Tuned as Judged

if TYPE_CHECKING:
    from rag.pipeline.pipeline import Pipeline

MEASURED = 150
"""Held-out questions of each file that are measured at the end."""
WATCHED = 400
"""Held-out items that are measured as the learning goes on."""


@dataclass(frozen=True, slots=True)
class Options:
    """What to train, and how long.

    `text_items` is the size of the self-supervised part; 0 leaves it out, and so does `start`, the folder of
    a reader to go on from. `sources` says of a file, by its name up to the first dot, which share of its
    questions each epoch draws. `sure` leaves out questions whose answers are less likely to be right.
    `patience` is how many measures in a row may bring nothing; `hours`, where not 0, ends the learning from
    the questions in time, with a rate that reaches zero by then.
    """

    epochs: int = 4
    text_items: int = 26_000
    rate: float = 1.5e-4
    tokens: int = 6000
    held_out: float = 0.1
    seeds: int = 1
    device: str = ""
    start: str = ""
    sources: Mapping[str, float] = field(default_factory=dict)
    sure: float = 0.0
    patience: int = 6
    hours: float = 0.0
    mean: float = 0.998


@dataclass(frozen=True, slots=True)
class Tuned:
    """What came of it: measures on held-out titles in float and in 8 bits, each (mean, low, high).

    `judged` is what the gate says of it, where there was a pipeline to judge it in.
    """

    folder: Path
    questions: int
    held_out: int
    exact: dict[str, tuple[float, float, float]]
    int8: dict[str, tuple[float, float, float]]
    options: dict[str, Any] = field(default_factory=dict)
    judged: Judged | None = None

    @property
    def passed(self) -> bool:
        """A reader that is discarded is no failure."""
        return True

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "folder": str(self.folder),
            "questions": self.questions,
            "held_out": self.held_out,
            "float": self.exact,
            "int8": self.int8,
            "options": self.options,
            "judged": self.judged and self.judged.to_dict(),
        }

    def __str__(self) -> str:
        trained = counted(self.questions, "question")
        lines = [f"{self.folder}: trained on {trained}, measured on {self.held_out} held out"]
        lines.append(f"{'':16}{'float':>24}{'8 bits':>24}")
        lines += [
            f"{name:16}{_shown(self.exact[name]):>24}{_shown(self.int8[name]):>24}" for name in self.exact
        ]
        if self.judged:
            lines += ["", str(self.judged)]
        return "\n".join(lines)


def tune_reader(
    files: Sequence[Path],
    base: Path,
    out: Path,
    options: Options | None = None,
    progress: Watcher | None = None,
    rag: Pipeline | None = None,
) -> Tuned:
    """Trains on the files and writes the reader into `out`, with the state of the work in `out/work`.

    `base` is the folder of a BERT encoder (config.json, model.safetensors, tokenizer.json). `rag` judges it
    against the reader that it has, and adopts it where it is proven better. Raises ConfigError for files that
    cannot be used, ModelError for a base of another kind and for a full disk, MissingExtra without torch.
    """
    options, report = options or Options(), progress or (lambda _: None)
    _needed()
    examples = [example for example in read_examples(files) if example.sure >= options.sure]
    unknown = sorted(options.sources.keys() - {example.source for example in examples})
    if unknown:
        known = ", ".join(sorted({example.source for example in examples}))
        raise ConfigError(f"a share is given for {unknown[0]}, which is no file of these; expected {known}")
    train, held = split(examples, options.held_out)
    if not train or not held:
        raise ConfigError(
            f"{counted(len(examples), 'question falls', 'questions fall')} into {len(train)} to train on "
            f"and {len(held)} held out by title: both are needed; "
            "give questions of several titles, or another held_out share"
        )
    with room_on(out):
        work = out / "work"
        work.mkdir(parents=True, exist_ok=True)
        report(Progress("indexing passages", 0, 0))
        near = near_passages(examples, work / "passages")
        shown = held_items(held, near)
        weights = _trained(train, near, shown, base, work, options, report)
        report(Progress("exporting", 0, 0))
        made = _exported(weights, shown, base, out, (len(train), len(held)), options)
        if rag is not None:
            from .judged_reader import judged_reader

            made = replace(made, judged=judged_reader(rag, len(train), held, out, made.options, report))
        (out / "report.json").write_text(json.dumps(made.to_dict(), indent=2) + "\n", "utf-8")
    return made


def held_items(held: Sequence[Example], near: Near, most: int = MEASURED, seed: int = 5) -> list[Item]:
    """Held-out questions as they are, a third of them with a hard passage too, and claims.

    Of each source `most` questions at most, so that a large one does not hide the others.
    """
    chance, items = random.Random(seed), []
    for example in _at_most(held, most):
        if not example.answerable:
            items.append(unanswerable(example))
            continue
        items.append(Item(example.question, example.context, example.title, example.answers, answerable=True))
        made = other_passage(example, near(example), chance) if chance.random() < 0.3 else None
        items += [made] if made else []
    claims: list[Item] = []
    for title, passages in by_title(held).items():
        for passage in passages[: 12 if len(claims) < most else 0]:
            claims += claims_of(passage, title, [one for one in passages if one != passage], chance, 1)
    return items + claims


def _at_most(examples: Sequence[Example], most: int) -> list[Example]:
    """Up to `most` questions of each source, the same whatever their order."""
    by_source: dict[str, list[Example]] = {}
    for example in sorted(examples, key=lambda example: stable_id("measured", example.source, example.id)):
        by_source.setdefault(example.source, []).append(example)
    return [example for some in by_source.values() for example in some[:most]]


def merit(figures: dict[str, float]) -> float:
    """What a measure is worth when the best weights are chosen; a head not measured counts nothing."""
    worth = {"F1": 1.0, "answerable AUC": 0.5, "supported AUC": 0.3}
    return sum(weight * figures[name] for name, weight in worth.items() if figures[name] == figures[name])


def _trained(
    train: Sequence[Example],
    near: Near,
    shown: Sequence[Item],
    base: Path,
    work: Path,
    options: Options,
    report: Watcher,
) -> dict[str, Any]:
    """The weights after both parts; with several seeds, their mean."""
    from safetensors.torch import load_file

    start: Path | None = None
    if options.text_items and not options.start:
        plan = {"epochs": 1, "rate": 2e-4, "tokens": options.tokens}
        start = _run(
            base,
            None,
            work / "text",
            plan,
            lambda n: text_epoch(train, 100 + n, options.text_items),
            shown,
            report,
            options,
        )
    runs = []
    for seed in range(options.seeds):
        plan = {
            "epochs": options.epochs,
            "rate": options.rate,
            "tokens": options.tokens,
            "seed": seed,
            "patience": options.patience,
            "minutes": 60 * options.hours / options.seeds,
            "mean": options.mean,
        }

        def epoch(number: int, seed: int = seed) -> list[Item]:
            return question_epoch(train, near, 200 + number + 1000 * seed, None, options.sources)

        runs.append(
            load_file(_run(base, start, work / f"questions-{seed}", plan, epoch, shown, report, options))
        )
    return {name: sum(run[name] for run in runs) / len(runs) for name in runs[0]}


def _run(
    base: Path,
    start: Path | None,
    folder: Path,
    plan: dict[str, Any],
    epoch: Callable[[int], list[Item]],
    shown: Sequence[Item],
    report: Watcher,
    options: Options,
) -> Path:
    """Trains one part in its folder and returns the file of its best weights; what is finished stays."""
    import torch
    from safetensors.torch import load_file

    from rag.models.settings import WEIGHTS

    from .encode import Encoder
    from .network import make_network
    from .start import load_weights
    from .train import Plan, Trainer

    done, best = folder / "finished", folder / "best.safetensors"
    if done.is_file():
        return best
    network = make_network(base)
    if start is not None:
        network.load_state_dict(load_file(start))
    elif options.start:
        load_weights(network, Path(options.start) / WEIGHTS)
    device = options.device or ("cuda" if torch.cuda.is_available() else "cpu")

    chosen = random.Random(0).sample(shown, min(WATCHED, len(shown)))

    def watch(row: dict[str, Any]) -> None:
        if "steps" in row:
            report(Progress(f"learning ({folder.name})", row["step"], row["steps"]))

    Trainer(network, Encoder(_tokenizer(base)), Plan(**plan), folder, device, watch).run(epoch, chosen, merit)
    done.touch()
    return best


def _exported(
    weights: dict[str, Any],
    shown: Sequence[Item],
    base: Path,
    out: Path,
    counts: tuple[int, int],
    options: Options,
) -> Tuned:
    """The folder that a reader is opened from, its calibration, and a report of what 8 bits cost."""
    from rag.models.settings import TOKENIZER, WEIGHTS, file_sha256
    from rag.reading.settings import ReaderSettings

    from .calibrate import platt
    from .encode import Encoder
    from .export import export, score_graph
    from .network import make_network
    from .train import score_network

    tokenizer = _tokenizer(base)
    network = make_network(base, "eager")
    network.load_state_dict(weights)
    encoded = Encoder(tokenizer).encode(shown)
    exact = score_network(network, encoded, shown)
    tokenizer.save(str(out / TOKENIZER), pretty=False)
    export(network, encoded, out / WEIGHTS)
    small = score_graph(out / WEIGHTS, encoded, shown)
    settings = ReaderSettings(
        name=out.resolve().name,
        sha256={name: file_sha256(out / name) for name in (WEIGHTS, TOKENIZER)},
        answerable=platt(small.answerable),
        supported=platt(small.supported),
        glosses=ReaderSettings.read(Path(options.start)).glosses if options.start else 0,
    )
    settings.write(out)
    return Tuned(out, *counts, exact.intervals(), small.intervals(), asdict(options))


def _tokenizer(base: Path) -> Any:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(base / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def _needed() -> None:
    try:
        import onnx  # noqa: F401
        import torch  # noqa: F401
        import transformers  # noqa: F401
    except ImportError as error:
        raise MissingExtra("training", "tune") from error


def _shown(value: tuple[float, float, float]) -> str:
    return f"{value[0]:.3f} [{value[1]:.3f}, {value[2]:.3f}]"
