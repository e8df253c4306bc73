"""`rag tune retriever`: a map of query vectors for this index, fitted, judged, adopted where it is better."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rag.counts import counted
from rag.evaluate.questions.cases import Case, QuestionSet
from rag.pipeline.adopted import Card
from rag.progress import Watcher

from .adapter import fit
from .doubtful import sift
from .gate import Verdict
from .pairs import pairs
from .tuning import Data, Options, Tuned, finished, part_folder, tuning, verdict_of

if TYPE_CHECKING:
    from rag.pipeline.pipeline import Pipeline

GAIN = "nDCG@10"
_MOST_MB = 50.0


def tune_retriever(
    rag: Pipeline,
    questions: QuestionSet | Sequence[Case] | str | Path | None = None,
    *,
    corpus: str | Path | None = None,
    options: Options | None = None,
    progress: Watcher | None = None,
) -> Tuned:
    """Fits an adapter to the training side and judges it on the held-out side by nDCG@10.

    With a `corpus` it is a trial on those documents, and no index is changed. Raises ConfigError for
    questions that are too few or name no document of the index.
    """
    return tuning(rag, "retriever", questions, corpus, options, progress, _adapter)


def _adapter(data: Data, options: Options, report: Watcher) -> Tuned:
    began = time.perf_counter()
    mined = pairs(data.rag, data.sides.train, data.judged, data.sides.barred, report)
    sifted = sift(data.rag, mined, options.doubtful, report)
    kept = sifted.kept
    folder = part_folder(data)
    fitted = fit(data.rag, kept, report)
    fitted.query_map.save(folder)
    fitting = time.perf_counter() - began
    settled = {**fitted.options, "pairs": len(kept), "doubtful": sifted.to_dict()}
    card = Card("retriever", data.rag.embedder.fingerprint, options=settled)
    card.write(folder)
    notes = [
        *sifted.notes,
        f"fitted to {counted(len(kept), 'question')} in {fitting:.1f} s; cross-validated nDCG@10 over a "
        f"pool: {fitted.identity:.3f} without, {fitted.chosen.mean:.3f} with",
    ]
    if not fitted.chosen.step:
        verdict = Verdict(None, nothing="cross-validation found no map better than none")
        return finished(data, folder, card, verdict, began, notes)
    size = sum(file.stat().st_size for file in folder.iterdir()) / 1e6
    candidate = data.rag.variant({"search.adapter": str(folder)})
    verdict = verdict_of(data, candidate, GAIN, {"MB": (size, _MOST_MB)}, report)
    return finished(data, folder, card, verdict, began, notes)
