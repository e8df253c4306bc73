"""`rag tune generator`: a language model tuned to answer from sources, to cite them, and to decline.

Turns of our own prompt form are made from the training questions (`conversations.py`), a PEFT adapter or the
whole model learns them (`causal.py`), and the held-out questions are answered by base and tuned model, with
the same sources, and judged by right answers (`gate.py`). The part is a PEFT folder, or with `full` or
`merge` a Hugging Face folder; `gguf` writes either as one file for llama.cpp too: the LoRA, or the model.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.counts import counted
from rag.errors import ConfigError, MissingExtra, ModelError
from rag.evaluate.questions.cases import Case, QuestionSet
from rag.llm.gguf import ADAPTER
from rag.pipeline.adopted import HERE, Card
from rag.progress import Progress, Watcher

from .causal import METHODS, Plan, prepared, train
from .conversations import SOURCES, encoded, turns
from .doubtful import sift
from .gate import Verdict
from .network import best_device
from .pairs import pairs
from .tuning import Data, Options, Tuned, finished, part_folder, tuning, verdict_of

if TYPE_CHECKING:
    from rag.pipeline.pipeline import Pipeline

GAIN = "Correct"
_MOST_MB = 20_000.0
_LEAST_TURNS = 20
_FREE = 3  # times the size of what is written that a disk has to have free


@dataclass(frozen=True, slots=True)
class GeneratorOptions:
    """What to tune and how. `merge`: write the whole model, not the adapter; `gguf`: and that as GGUF."""

    base: str
    plan: Plan = field(default_factory=Plan)
    merge: bool = False
    gguf: bool = False
    sources: int = SOURCES
    device: str = ""


def tune_generator(
    rag: Pipeline,
    questions: QuestionSet | Sequence[Case] | str | Path | None,
    generator: GeneratorOptions,
    *,
    corpus: str | Path | None = None,
    options: Options | None = None,
    progress: Watcher | None = None,
) -> Tuned:
    """Tunes the model in the folder `base` on the training side and judges it by right answers.

    Raises MissingExtra without torch, transformers and peft, ConfigError for options that cannot be used,
    ModelError for a base that cannot be opened or tuned.
    """
    try:
        import peft  # noqa: F401
        import torch  # noqa: F401
        import transformers  # noqa: F401
    except ImportError:
        raise MissingExtra("a tuned generator", "tune") from None
    if generator.plan.method not in METHODS:
        raise ConfigError(f"method is {generator.plan.method!r}, expected one of {', '.join(METHODS)}")
    _writable(generator)
    if not (Path(generator.base) / "config.json").is_file():
        raise ModelError(
            f"{generator.base} has no config.json: --base is the folder of a Hugging Face model, with its "
            "tokenizer and its weights in safetensors"
        )

    def tuned(data: Data, options: Options, report: Watcher) -> Tuned:
        return _generator(data, options, generator, report)

    return tuning(rag, "generator", questions, corpus, options, progress, tuned, kinds=("qa", "unanswerable"))


def _generator(data: Data, options: Options, given: GeneratorOptions, report: Watcher) -> Tuned:
    began = time.perf_counter()
    base = str(Path(given.base).absolute())
    named: dict[str, Any] = {"ask.generate": "hf", "model.kind": "hf", "model.name": base}
    plain = data.rag.variant({**named, "model.adapter": ""}, generate=None)
    generator = plain.generate
    rows, notes = _rows(data, plain, options, given, report)
    # A copy learns: an open model is shared by all that name it, and the gate asks it as it was.
    network = prepared(deepcopy(generator.model.network), given.plan)  # type: ignore[attr-defined]
    _room(network, data.folder, given)

    def watch(step: int, steps: int, loss: float) -> None:
        report(Progress(f"tuning, loss {loss:.3f}", step, steps))

    losses = train(network, rows, given.plan, data.folder / "checkpoint", best_device(given.device), watch)
    network = network.to("cpu")
    folder = part_folder(data)
    settings = _written(network, generator, given, base, folder)
    del network  # what answers as tuned opens what was written
    took, first, last = time.perf_counter() - began, _mean(losses[:10]), _mean(losses[-10:])
    notes.append(
        f"{given.plan.method} on {counted(len(rows), 'turn')}, {counted(len(losses), 'step')} in "
        f"{took:.0f} s; loss {first:.3f} at first, {last:.3f} at last"
    )
    settled = {
        **asdict(given.plan),
        "base": base,
        "turns": len(rows),
        "merge": given.merge,
        "gguf": given.gguf,
    }
    card = Card("generator", "", settings=settings, options=settled)
    card.write(folder)
    here = {name: value.replace(HERE, str(folder)) for name, value in settings.items()}
    candidate = data.rag.variant({"model.adapter": "", **here}, generate=None)
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6
    sizes = {"MB": (size, _MOST_MB)}
    verdict: Verdict = verdict_of(data, candidate, GAIN, sizes, report, base=plain, writes=True)
    return finished(data, folder, card, verdict, began, notes)


def _rows(
    data: Data, rag: Pipeline, options: Options, given: GeneratorOptions, report: Watcher
) -> tuple[list[tuple[list[int], list[int]]], list[str]]:
    """Encoded turns of the training side. Raises ConfigError where the questions make too few."""
    cases = [case for case in data.sides.train if case.answers]
    mined = pairs(rag, cases, data.judged, data.sides.barred, report)
    sifted = sift(rag, mined, options.doubtful, report)
    without = [case for case in data.sides.train if case.kind == "unanswerable"]
    generator = rag.generate
    made = turns(rag, generator, sifted.kept, without, options.seed, given.sources)  # type: ignore[arg-type]
    if len(made) < _LEAST_TURNS:
        few = counted(len(cases), "training question makes", "training questions make")
        raise ConfigError(
            f"{few} {counted(len(made), 'turn')}, and {_LEAST_TURNS} are needed: a "
            "turn needs an answer that stands in one sentence of a relevant document"
        )
    return [encoded(generator, turn) for turn in made], sifted.notes  # type: ignore[arg-type]


def _written(
    network: Any, generator: Any, given: GeneratorOptions, base: str, folder: Path
) -> dict[str, str]:
    """Writes the part, and returns the settings that use it."""
    settings = {"ask.generate": "hf", "model.kind": "hf"}
    whole = given.merge or given.plan.method == "full"
    config = generator.model.network.config
    if whole and given.plan.method != "full":
        network = network.merge_and_unload()
    try:
        network.save_pretrained(str(folder), safe_serialization=True)
        if whole:
            generator.model.tokenizer.save_pretrained(str(folder))
    except OSError as error:
        raise ModelError(f"{folder} cannot be written ({error.strerror}): free some space") from error
    if given.gguf and whole:
        from .gguf_export import to_gguf

        to_gguf(network, generator.model.tokenizer, folder / "model.gguf", Path(base).name)
    elif given.gguf:
        from .gguf_adapter import adapter_to_gguf

        adapter_to_gguf(folder, config, folder / ADAPTER)
    return (
        {**settings, "model.name": HERE} if whole else {**settings, "model.name": base, "model.adapter": HERE}
    )


def _writable(given: GeneratorOptions) -> None:
    """Raises ConfigError for what cannot come out of this method."""
    method = given.plan.method
    if given.merge and method in ("prefix", "p-tuning"):
        raise ConfigError(f"{method} cannot be merged into its model: leave --merge out")
    if given.gguf and not given.merge and method not in ("lora", "full"):
        merged = "" if method in ("prefix", "p-tuning") else ": give --merge too"
        raise ConfigError(f"{method} makes no adapter that llama.cpp takes, only lora does{merged}")


def _room(network: Any, folder: Path, given: GeneratorOptions) -> None:
    """Raises ModelError where the disk has no room for checkpoint and model."""
    trained = sum(one.numel() for one in network.parameters() if one.requires_grad)
    whole = sum(one.numel() for one in network.parameters())
    needed = 4 * (_FREE * trained + (2 * whole if given.merge else 0))
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise ModelError(
            f"{folder} has {free / 1e9:.1f} GB free, and this needs {needed / 1e9:.1f}: free some space"
        )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
