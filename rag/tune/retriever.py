"""`rag tune retriever`: a search fitted to this index's questions, judged, adopted where it is better.

    adapter  a map of query vectors in closed form (`adapter.py`): no document is embedded again
    full     the embedder itself (`contrastive.py`), exported as the one that ships is; documents have to be
             embedded again with it, so it counts from `rag ingest --reembed` on

By default labels say what is to be found. With a language model (`preference`) the passages count that make
it find the answer likelier (`preference.py`).
"""

from __future__ import annotations

import shlex
import shutil
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.counts import counted
from rag.errors import ConfigError, MissingExtra
from rag.evaluate.questions.cases import Case, QuestionSet
from rag.evaluate.running.corpora import embedded_anew
from rag.models.settings import TOKENIZER
from rag.pipeline.adopted import Card
from rag.progress import Progress, Watcher
from rag.text.glosses import GLOSSES_VERSION

from .adapter import fit
from .contrastive import Plan
from .doubtful import passage_of, sift
from .gate import Verdict
from .network import best_device
from .pairs import Pair, pairs
from .tuning import Data, Options, Tuned, finished, part_folder, tuning, verdict_of

if TYPE_CHECKING:
    from rag.pipeline.pipeline import Pipeline

GAIN = "nDCG@10"
METHODS = ("adapter", "full")
_MOST_MB = {"adapter": 50.0, "full": 500.0}


@dataclass(frozen=True, slots=True)
class RetrieverOptions:
    """What to tune and how. `base`: a sentence-transformers folder; empty is the embedder that ships.

    `preference`: a language model as `model.name` has it, by whose likelihoods passages are weighed. `out`:
    the folder to write a tuned embedder to, else one in the folder of the work.
    """

    method: str = "adapter"
    preference: str = ""
    base: str = ""
    plan: Plan = field(default_factory=Plan)
    out: str = ""
    device: str = ""


def tune_retriever(
    rag: Pipeline,
    questions: QuestionSet | Sequence[Case] | str | Path | None = None,
    retriever: RetrieverOptions | None = None,
    *,
    corpus: str | Path | None = None,
    options: Options | None = None,
    progress: Watcher | None = None,
) -> Tuned:
    """Tunes the search on the training side and judges it on the held-out side by nDCG@10.

    With a `corpus` it is a trial on those documents, and no index is changed. Raises ConfigError for
    questions that are too few or name no document of the index, and for options that cannot be used;
    MissingExtra where the method needs torch, ModelError for a base or model that cannot be used.
    """
    given = retriever or RetrieverOptions()
    if given.method not in METHODS:
        raise ConfigError(f"method is {given.method!r}, expected one of {', '.join(METHODS)}")
    if given.method == "full" and given.preference:
        raise ConfigError("a preference weighs passages for the adapter alone: leave --method full out")
    if given.method == "adapter" and (given.base or given.out):
        raise ConfigError("--base and --out belong to --method full: an adapter is kept in the index")
    if given.method == "full":
        _needed()

    def tuned(data: Data, options: Options, report: Watcher) -> Tuned:
        make = _embedder if given.method == "full" else _adapter
        return make(data, options, given, report)

    how = None if given == RetrieverOptions() else replace(given, out="", device="")
    return tuning(rag, "retriever", questions, corpus, options, progress, tuned, how=how)


def _adapter(data: Data, options: Options, given: RetrieverOptions, report: Watcher) -> Tuned:
    began = time.perf_counter()
    kept, settled, notes = _kept(data, options, report)
    if given.preference:
        kept, note = _preferred(data, kept, given, report)
        notes.append(note)
    folder = part_folder(data)
    fitted = fit(data.rag, kept, report)
    fitted.query_map.save(folder)
    fitting = time.perf_counter() - began
    settled = {**fitted.options, **settled, **({"preference": given.preference} if given.preference else {})}
    card = Card("retriever", data.rag.embedder.fingerprint, options=settled)
    card.write(folder)
    notes.append(
        f"fitted to {counted(len(kept), 'question')} in {fitting:.1f} s; cross-validated nDCG@10 over a "
        f"pool: {fitted.identity:.3f} without, {fitted.chosen.mean:.3f} with"
    )
    if not fitted.chosen.step:
        verdict = Verdict(None, nothing="cross-validation found no map better than none")
        return finished(data, folder, card, verdict, began, notes)
    candidate = data.rag.variant({"search.adapter": str(folder)})
    verdict = verdict_of(data, candidate, GAIN, _size(folder, "adapter"), report)
    return finished(data, folder, card, verdict, began, notes)


def _embedder(data: Data, options: Options, given: RetrieverOptions, report: Watcher) -> Tuned:
    from tokenizers import Tokenizer

    from rag.models.export_embedder import export, read_limit

    from . import contrastive
    from .embedder_weights import built_in, opened, prompts_of, saved

    began = time.perf_counter()
    base = Path(given.base) if given.base else built_in(data.folder / "base")
    limit = read_limit(base)
    encoder, prompts = opened(base), prompts_of(base)
    tokenizer = Tokenizer.from_file(str(base / TOKENIZER))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    kept, settled, notes = _kept(data, options, report)
    kept, dropped = without_false_negatives(data.rag, kept, report)
    notes.append(f"{counted(dropped, 'hard negative')} left out: the reader finds the answer there")

    def watch(step: int, steps: int, loss: float) -> None:
        report(Progress(f"tuning, loss {loss:.3f}", step, steps))

    losses = contrastive.train(
        encoder,
        tokenizer,
        kept,
        given.plan,
        data.folder / "checkpoint",
        limit=limit,
        prompts=prompts,
        device=best_device(given.device),
        watch=watch,
    )
    saved(encoder.to("cpu"), base, data.folder / "weights")
    folder = part_folder(data)
    report(Progress("exporting", 0, 0))
    name = f"{Path(given.base).name if given.base else 'all-minilm-l6-v2'}-tuned"
    glosses = 0 if given.base else GLOSSES_VERSION  # as the built-in one
    made = export(data.folder / "weights", folder, name=name, prompts=dict(prompts), glosses=glosses)
    notes.append(
        f"tuned on {counted(len(kept), 'question')}, {counted(len(losses), 'step')} in "
        f"{time.perf_counter() - began:.0f} s; in 8 bits the vectors have a cosine of "
        f"{made['cosine_to_float32']['mean']:.4f} to those in float"
    )
    options_of = {**asdict(given.plan), "method": "full", "base": given.base or "builtin", **settled}
    card = Card("retriever", made["fingerprint"], options=options_of)
    changed = {"index.embedder": str(folder), "search.adapter": "none", "search.ranker": "none"}
    other = data.rag.variant(changed)
    with embedded_anew(
        other, data.rag.store, data.folder / f"index-{made['fingerprint'][-8:]}", report
    ) as index:
        verdict = verdict_of(data, index, GAIN, _size(folder, "full"), report)
    shutil.rmtree(data.folder / f"index-{made['fingerprint'][-8:]}", ignore_errors=True)
    place = _placed(folder, given)
    return finished(data, place, card, verdict, began, notes, then=_then(data, place))


def without_false_negatives(
    rag: Pipeline, mined: Sequence[Pair], report: Watcher | None = None
) -> tuple[list[Pair], int]:
    """The pairs without hard negatives that answer as well as a positive, as the reader sees it; how many."""
    made, dropped = [], 0
    for number, pair in enumerate(mined, 1):
        chunks = [*pair.positives, *pair.negatives]
        read = rag.reader.read(pair.case.question, [passage_of(chunk) for chunk in chunks])
        own = max(reading.logit for reading in read[: len(pair.positives)])
        others = zip(pair.negatives, read[len(pair.positives) :], strict=True)
        true = tuple(chunk for chunk, reading in others if reading.logit < own)
        dropped += len(pair.negatives) - len(true)
        made.append(replace(pair, negatives=true))
        if report and number % 10 == 0:
            report(Progress("looking for false negatives", number, len(mined)))
    return made, dropped


def _kept(data: Data, options: Options, report: Watcher) -> tuple[list[Pair], dict[str, Any], list[str]]:
    """The pairs to learn from, what the card says of them, and notes."""
    mined = pairs(data.rag, data.sides.train, data.judged, data.sides.barred, report)
    sifted = sift(data.rag, mined, options.doubtful, report)
    settled = {"pairs": len(sifted.kept), "doubtful": sifted.to_dict()}
    return sifted.kept, settled, list(sifted.notes)


def _preferred(
    data: Data, kept: Sequence[Pair], given: RetrieverOptions, report: Watcher
) -> tuple[list[Pair], str]:
    from rag.generate.prompted import Prompted

    from .preference import likely, preferred

    kind = "hf" if Path(given.preference).is_dir() else "gguf"
    named = {"ask.generate": kind, "model.kind": kind, "model.name": given.preference}
    generator = data.rag.variant(named, generate=None).generate
    assert isinstance(generator, Prompted)
    weighed = preferred(likely(generator.model), kept, report)
    if not weighed.weighed:
        raise ConfigError(
            f"{generator.name} finds no answer likelier by any passage: a preference needs questions with "
            "answers, and a model that reads what it is given"
        )
    return weighed.pairs, (
        f"{generator.name} weighed the passages of {counted(weighed.weighed, 'question')}, and prefers a "
        f"labelled one in {weighed.agreed}"
    )


def _size(folder: Path, method: str) -> dict[str, tuple[float, float]]:
    return {"MB": (sum(file.stat().st_size for file in folder.iterdir()) / 1e6, _MOST_MB[method])}


def _placed(folder: Path, given: RetrieverOptions) -> Path:
    """Where the tuned embedder is to lie."""
    if not given.out:
        return folder
    try:
        shutil.copytree(folder, given.out, dirs_exist_ok=True)
    except (OSError, shutil.Error) as error:
        raise ConfigError(f"{given.out} cannot be written: {error}") from error
    return Path(given.out)


def _then(data: Data, place: Path) -> str:
    index = data.rag.index
    return shlex.join(["rag", "ingest", "--reembed", "--embedder", str(place), "--index", str(index)])


def _needed() -> None:
    try:
        import onnx  # noqa: F401
        import torch  # noqa: F401
        import transformers  # noqa: F401
    except ImportError:
        raise MissingExtra("a tuned embedder", "tune") from None
