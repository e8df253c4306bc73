"""`rag tune ranker`: LambdaMART on the signals of hits, learned by lightgbm, run without it.

The training questions are asked up to the stage that reads the hits; each hit's gain is that of its document.
Folds of whole documents choose how many trees, and the weight w of their blend with the order that is there
(`rag.denoise.ranker`). Where no w beats that order in the folds, there is nothing to judge.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rag.counts import counted
from rag.denoise.blend import blended
from rag.denoise.hit_signals import NAMES, now, table
from rag.denoise.ranker import REACH
from rag.denoise.trees import FILE, Trees
from rag.errors import ConfigError, MissingExtra
from rag.evaluate.measures.ranking import ndcg
from rag.evaluate.questions.cases import Case, QuestionSet
from rag.pipeline.adopted import Card
from rag.pipeline.parts import language_of, stages_of
from rag.progress import Progress, Watcher
from rag.types import stable_id

from .doubtful import sift
from .gate import Verdict
from .pairs import pairs
from .tuning import Data, Options, Tuned, finished, part_folder, tuning, verdict_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rag.pipeline.pipeline import Pipeline

GAIN = "nDCG@10"
_FOLDS = 5
_ROUNDS = (25, 50, 100, 200)
_WEIGHTS = (0.25, 0.5, 0.75, 1.0)
_TOP = 10
_MOST_MB = 20.0
_READING = ("rerank", "cross_encoder")
_PLAN = {
    "objective": "lambdarank",
    "lambdarank_truncation_level": 15,
    "learning_rate": 0.05,
    "num_leaves": 8,
    "min_data_in_leaf": 20,
    "lambda_l2": 5.0,
    "feature_fraction": 0.7,
    "num_threads": 1,  # some thousand rows: threads would only wait for each other
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}


class Ranked(NamedTuple):
    """One question's hits: signals (n, columns), gains (n,), scores and documents; all that was judged."""

    fold: int
    rows: NDArray[np.float64]
    gains: NDArray[np.float64]
    scores: tuple[float, ...]
    documents: tuple[str, ...]
    judged: Mapping[str, float]


class Choice(NamedTuple):
    """Trees and weight, and the nDCG@10 of the folds beside that of the order without them."""

    rounds: int
    weight: float
    mean: float
    before: float


def tune_ranker(
    rag: Pipeline,
    questions: QuestionSet | Sequence[Case] | str | Path | None = None,
    *,
    corpus: str | Path | None = None,
    options: Options | None = None,
    progress: Watcher | None = None,
) -> Tuned:
    """Learns an order of hits from the training side and judges it on the held-out side by nDCG@10.

    Raises ConfigError for questions that are too few or name no document of the index, MissingExtra without
    lightgbm.
    """
    try:
        import lightgbm  # noqa: F401
    except ImportError:
        raise MissingExtra("a ranker", "tune") from None
    return tuning(rag, "ranker", questions, corpus, options, progress, _ranker)


def _ranker(data: Data, options: Options, report: Watcher) -> Tuned:
    began = time.perf_counter()
    notes, cases = [], data.sides.train
    if options.doubtful == "drop":
        mined = pairs(data.rag, cases, data.judged, data.sides.barred, report)
        sifted = sift(data.rag, mined, options.doubtful, report)
        notes, cases = sifted.notes, tuple(pair.case for pair in sifted.kept)
    lists = ranked(data, cases, report)
    if not any(ranking.gains.any() for ranking in lists):
        raise ConfigError(
            "no training question has a relevant document among its hits: nothing to learn from"
        )
    choice = choose(lists, options.seed, report)
    folder = part_folder(data)
    learned = time.perf_counter() - began
    notes = [
        *notes,
        f"learned from {counted(len(lists), 'question')} in {learned:.1f} s; nDCG@10 in folds of documents: "
        f"{choice.before:.3f} without, {choice.mean:.3f} with",
    ]
    settled = {
        "method": "lambdamart",
        "trees": choice.rounds,
        "weight": choice.weight,
        "cross_validated": round(choice.mean, 4),
        "cross_validated_before": round(choice.before, 4),
        "questions": len(lists),
        "seed": options.seed,
    }
    card = Card("ranker", data.rag.embedder.fingerprint, options=settled)
    card.write(folder)
    if not choice.weight:
        verdict = Verdict(None, nothing="in folds of documents no trees order better than what is there")
        return finished(data, folder, card, verdict, began, notes)
    trees = plain(learn(lists, choice.rounds, options.seed))
    (folder / FILE).write_text(json.dumps(trees), "utf-8")
    size = sum(file.stat().st_size for file in folder.iterdir()) / 1e6
    candidate = data.rag.variant({"search.ranker": str(folder)})
    verdict = verdict_of(data, candidate, GAIN, {"MB": (size, _MOST_MB)}, report)
    return finished(data, folder, card, verdict, began, notes)


def ranked(data: Data, cases: Sequence[Case], report: Watcher) -> list[Ranked]:
    """The hits of training questions, as they are before a ranker; held-out documents are left out."""
    import numpy as np

    rag, judged = data.rag, data.judged
    reading = [
        stage for kind, stage in stages_of(rag) if kind == "denoise" and stage in ("rerank", "cross_encoder")
    ]
    plain = rag.variant({"search.ranker": "none"}, denoise=reading)
    hidden = judged.document_ids(data.sides.barred)
    lists = []
    for number, case in enumerate(cases, 1):
        hits = [
            hit
            for hit in plain.search(case.question, REACH, judged.hidden(case))
            if hit.chunk.document_id not in hidden
        ]
        names = tuple(judged.name(hit.chunk.document_id, hit.chunk.source) for hit in hits)
        gains = np.array([case.relevant.get(name, 0.0) for name in names])
        if hits:
            fold = int(stable_id("fold", min(case.relevant))[:8], 16) % _FOLDS
            rows = table(case.question, hits, language_of(rag), now())
            scores = tuple(hit.score for hit in hits)
            lists.append(Ranked(fold, rows, gains, scores, names, dict(case.relevant)))
        report(Progress("reading hits", number, len(cases)))
    return lists


def choose(lists: Sequence[Ranked], seed: int, report: Watcher) -> Choice:
    """Rounds and weight by folds; weight 0 where the order that is there is the best."""
    import numpy as np

    said: dict[int, list[NDArray[np.float64] | None]] = {rounds: [None] * len(lists) for rounds in _ROUNDS}
    for fold in range(_FOLDS):
        train = [ranking for ranking in lists if ranking.fold != fold]
        if not any(ranking.gains.any() for ranking in train):
            continue
        booster = learn(train, _ROUNDS[-1], seed)
        for at, ranking in enumerate(lists):
            if ranking.fold == fold:
                for rounds in _ROUNDS:
                    said[rounds][at] = booster.predict(ranking.rows, num_iteration=rounds)
        report(Progress("learning in folds", fold + 1, _FOLDS))
    before = float(np.mean([_worth(ranking, ranking.scores) for ranking in lists]))
    best = Choice(0, 0.0, before, before)
    for rounds in _ROUNDS:
        for weight in _WEIGHTS:
            mean = float(
                np.mean(
                    [
                        _worth(ranking, ranking.scores if row is None else _blend(ranking, row, weight))
                        for ranking, row in zip(lists, said[rounds], strict=True)
                    ]
                )
            )
            if mean > best.mean:
                best = Choice(rounds, weight, mean, before)
    return best


def learn(lists: Sequence[Ranked], rounds: int, seed: int) -> Any:
    """A lightgbm booster over these lists. Gains are taken as whole numbers, as LambdaMART wants them."""
    import lightgbm
    import numpy as np

    rows = np.concatenate([ranking.rows for ranking in lists])
    gains = np.concatenate([ranking.gains for ranking in lists])
    levels = {gain: level for level, gain in enumerate(sorted({0.0, *gains.tolist()}))}
    labels = np.array([levels[gain] for gain in gains.tolist()])
    sets = lightgbm.Dataset(
        rows, labels, group=[len(ranking.rows) for ranking in lists], feature_name=list(NAMES)
    )
    return lightgbm.train({**_PLAN, "seed": seed}, sets, num_boost_round=rounds)


def plain(booster: Any) -> dict[str, Any]:
    """A booster as `rag.denoise.trees` reads it. Raises ConfigError for splits that these cannot make."""
    trees = [_flat(tree["tree_structure"]) for tree in booster.dump_model()["tree_info"]]
    values = {"columns": list(NAMES), "trees": trees}
    Trees.of(values)
    return values


def _flat(root: Mapping[str, Any]) -> dict[str, list[Any]]:
    """One tree in the order of a walk, the root first."""
    nodes: dict[str, list[Any]] = {
        name: [] for name in ("column", "threshold", "left", "right", "missing_left", "value")
    }

    def walk(node: Mapping[str, Any]) -> tuple[int, float, float]:
        """Its place, how many rows it had, and the sum of their values."""
        at = len(nodes["column"])
        for column in nodes.values():
            column.append(0)
        if "leaf_value" in node:
            rows, value = float(node.get("leaf_count", 1)), float(node["leaf_value"])
            _set(nodes, at, -1, 0.0, 0, 0, False, value)
            return at, rows, rows * value
        if node["decision_type"] != "<=" or node["missing_type"] == "Zero":
            raise ConfigError(
                f"a split by {node['decision_type']} of {node['missing_type']}: expected numbers"
            )
        left, left_rows, left_sum = walk(node["left_child"])
        right, right_rows, right_sum = walk(node["right_child"])
        rows, total = left_rows + right_rows, left_sum + right_sum
        # Without missing values in training, lightgbm takes an unknown one for 0.
        known = node["missing_type"] == "NaN"
        threshold = float(node["threshold"])
        missing = bool(node["default_left"]) if known else threshold >= 0
        _set(nodes, at, int(node["split_feature"]), threshold, left, right, missing, total / rows)
        return at, rows, total

    walk(root)
    return nodes


def _set(nodes: dict[str, list[Any]], at: int, *values: Any) -> None:
    for column, value in zip(nodes.values(), values, strict=True):
        column[at] = value


def _blend(ranking: Ranked, said: NDArray[np.float64], weight: float) -> Sequence[float]:
    return blended(ranking.scores, said.tolist(), weight)


def _worth(one: Ranked, scores: Sequence[float]) -> float:
    order = sorted(range(len(scores)), key=lambda at: -scores[at])
    ranking = list(dict.fromkeys(one.documents[at] for at in order))
    return ndcg(ranking, one.judged, _TOP)
