"""`rag tune reader`: question files and an encoder → a folder that `rag.reading` opens, and a report.

Four steps, each of which goes on where it stopped: what retrieval ranks high for every question is looked up,
the network learns from the passages alone (`text/`), then from the questions (`questions/`), then it is
exported to 8 bits and measured again on the held-out titles.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rag.errors import ConfigError, MissingExtra
from rag.progress import Progress, Watcher

from .claims import claims_of
from .examples import Example, read_examples
from .items import Item
from .mixture import by_title, question_epoch, text_epoch
from .negatives import Ranked, other_passage, ranked_passages, unanswerable
from .split import split


@dataclass(frozen=True, slots=True)
class Options:
    """What to train, and how long. `text_items` is the size of the self-supervised part; 0 leaves it out."""

    epochs: int = 4
    text_items: int = 26_000
    rate: float = 1.5e-4
    tokens: int = 6000
    held_out: float = 0.1
    seeds: int = 1
    device: str = ""


@dataclass(frozen=True, slots=True)
class Tuned:
    """What came of it: measures on held-out titles in float and in 8 bits, each (mean, low, high)."""

    folder: Path
    questions: int
    held_out: int
    exact: dict[str, tuple[float, float, float]]
    int8: dict[str, tuple[float, float, float]]
    options: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        return {
            "folder": str(self.folder),
            "questions": self.questions,
            "held_out": self.held_out,
            "float": self.exact,
            "int8": self.int8,
            "options": self.options,
        }

    def __str__(self) -> str:
        lines = [
            f"{self.folder}: trained on {self.questions} questions, measured on {self.held_out} held out"
        ]
        lines.append(f"{'':16}{'float':>24}{'8 bits':>24}")
        lines += [
            f"{name:16}{_shown(self.exact[name]):>24}{_shown(self.int8[name]):>24}" for name in self.exact
        ]
        return "\n".join(lines)


def tune_reader(
    files: Sequence[Path],
    base: Path,
    out: Path,
    options: Options | None = None,
    progress: Watcher | None = None,
) -> Tuned:
    """Trains on the files and writes the reader into `out`, with the state of the work in `out/work`.

    `base` is the folder of a BERT encoder (config.json, model.safetensors, tokenizer.json). Raises
    ConfigError for files that cannot be used, ModelError for a base of another kind, MissingExtra without
    torch.
    """
    options, told = options or Options(), progress or (lambda _: None)
    _needed()
    examples = read_examples(files)
    train, held = split(examples, options.held_out)
    if not train or not held:
        raise ConfigError(
            f"{len(examples)} questions fall into {len(train)} to train on and {len(held)} held out by "
            "title: both are needed; give questions of several titles, or another held_out share"
        )
    work = out / "work"
    work.mkdir(parents=True, exist_ok=True)
    told(Progress("ranking passages", 0, 0))
    ranked = _ranked(examples, work / "ranked.json")
    shown = held_items(held, ranked)
    weights = _trained(train, ranked, shown, base, work, options, told)
    told(Progress("exporting", 0, 0))
    return _exported(weights, shown, base, out, (len(train), len(held)), options)


def held_items(held: Sequence[Example], ranked: Ranked, seed: int = 5) -> list[Item]:
    """The held-out questions as they are, a third of them with a hard passage too, and claims."""
    chance, items = random.Random(seed), []
    for one in held:
        if not one.answerable:
            items.append(unanswerable(one))
            continue
        items.append(Item(one.question, one.context, one.title, one.answers, answerable=True))
        made = other_passage(one, ranked.get(one.id, ()), chance) if chance.random() < 0.3 else None
        items += [made] if made else []
    for title, passages in by_title(held).items():
        for passage in passages[:12]:
            items += claims_of(passage, title, [one for one in passages if one != passage], chance, 1)
    return items


def merit(found: dict[str, float]) -> float:
    """What a measure is worth when the best weights are chosen; a head not measured counts nothing."""
    worth = {"F1": 1.0, "answerable AUC": 0.5, "supported AUC": 0.3}
    return sum(weight * found[name] for name, weight in worth.items() if found[name] == found[name])


def _trained(
    train: Sequence[Example],
    ranked: Ranked,
    shown: Sequence[Item],
    base: Path,
    work: Path,
    options: Options,
    told: Watcher,
) -> dict[str, Any]:
    """The weights after both parts; with several seeds, their mean."""
    from safetensors.torch import load_file

    start: Path | None = None
    if options.text_items:
        plan = {"epochs": 1, "rate": 2e-4, "tokens": options.tokens}
        start = _run(
            base,
            None,
            work / "text",
            plan,
            lambda n: text_epoch(train, 100 + n, options.text_items),
            shown,
            told,
            options,
        )
    found = []
    for seed in range(options.seeds):
        plan = {"epochs": options.epochs, "rate": options.rate, "tokens": options.tokens, "seed": seed}

        def epoch(number: int, seed: int = seed) -> list[Item]:
            return question_epoch(train, ranked, 200 + number + 1000 * seed)

        found.append(
            load_file(_run(base, start, work / f"questions-{seed}", plan, epoch, shown, told, options))
        )
    return {name: sum(one[name] for one in found) / len(found) for name in found[0]}


def _run(
    base: Path,
    start: Path | None,
    folder: Path,
    plan: dict[str, Any],
    epoch: Callable[[int], list[Item]],
    shown: Sequence[Item],
    told: Watcher,
    options: Options,
) -> Path:
    """Trains one part in its folder and returns the file of its best weights; what is finished stays."""
    import torch
    from safetensors.torch import load_file

    from .encode import Encoder
    from .network import make_network
    from .train import Plan, Trainer

    done, best = folder / "finished", folder / "best.safetensors"
    if done.is_file():
        return best
    network = make_network(base)
    if start is not None:
        network.load_state_dict(load_file(start))
    device = options.device or ("cuda" if torch.cuda.is_available() else "cpu")

    def watch(row: dict[str, Any]) -> None:
        if "steps" in row:
            told(Progress(f"learning ({folder.name})", row["step"], row["steps"]))

    Trainer(network, Encoder(_tokenizer(base)), Plan(**plan), folder, device, watch).run(epoch, shown, merit)
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
    network = make_network(base)
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
    )
    settings.write(out)
    tuned = Tuned(out, *counts, exact.intervals(), small.intervals(), asdict(options))
    (out / "report.json").write_text(json.dumps(tuned.to_dict(), indent=2) + "\n", "utf-8")
    return tuned


def _ranked(examples: Sequence[Example], file: Path) -> Ranked:
    """What retrieval ranks high, kept in a file: it takes a while for thousands of questions."""
    if file.is_file():
        found: Ranked = json.loads(file.read_text("utf-8"))
        if found.keys() >= {one.id for one in examples}:
            return found
    found = ranked_passages(examples)
    file.write_text(json.dumps(found), "utf-8")
    return found


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
