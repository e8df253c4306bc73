"""Fits `rag/reading/choice.py`: which unit of the hits answers, and whether the best one does.

    python -m benchmarks.fit_choice --train DATA/reader-train --offices 2 --also FILE

Asked are the questions of made-up organisations (`benchmarks.office`, one a seed), of the written folders in
`benchmarks/folders`, of files of passages (`--also`), and of held-out titles (`rag.tune.split`),
some a second time with their document taken out, when nothing that is left answers them. Two models come
of it: of the choice, among the units of one
question (a softmax over them, and the likelihood that it takes a right one), and of the decision (logistic,
by Newton's method, ridge), with the share of questions whose best unit is right, by group, and the area under
the curve of the decision. In the decision a question of a written folder counts `WRITTEN` times: those are
asked as people ask. `--keep FILE` keeps the features, `--from FILE` reads them.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import office
from benchmarks.fit_evidence import auc, fit
from rag import Document, NotOf, Rag, Where
from rag.pipeline.parts import language_of
from rag.reading.choice import FEATURES, Choice, Judged, certain_features
from rag.reading.units import Unit
from rag.text.shared_words import normalised
from rag.tune.examples import Example, read_examples
from rag.tune.split import split

FILES = (
    *("squad2-dev-8-articles", "squadshifts-new-wiki", "nq-open-gold", "nq-qed", "squad-train-44-articles"),
    *("qamr", "wikitables", "fairytale", "fewrel", "cuad", "molweni-test", "timeqa-human", "tatqa"),
    "conditionalqa",
)
UNANSWERED = 0.125
"""The share of questions that the documents do not answer, for which the confidence is calibrated."""
WRITTEN = 2.0
FOLDERS = Path(__file__).with_name("folders")
Row = dict[str, Any]


def asked(
    rag: Rag, question: str, answers: Sequence[str], source: str, group: str, *, gone: bool = False
) -> Row:
    """The features of a question's units, and which of them have an answer in the right document."""
    where = NotOf(Where("source", "~", f"*{source}")) if gone else None
    hits = rag.search(question, where=where)
    choice = Choice(rag.embedder, rag.reader, language_of(rag))
    units, rows, spans = choice.features(question, hits)
    wanted = [f" {normalised(answer)} " for answer in answers]

    def right(unit: Unit) -> bool:
        there = hits[unit.place].chunk.source.endswith(source) if source else False
        return there and any(answer in f" {normalised(unit.view)} " for answer in wanted)

    def named(unit: Unit, span: tuple[int, int] | None) -> bool:
        """Of a row, whether the cell that is named is the answer."""
        if unit.kind != "row":
            return right(unit)
        cell = normalised(unit.said(*span)) if span else ""
        return right(unit) and any(answer in f" {cell} " or f" {cell} " in answer for answer in wanted)

    return {
        "group": group,
        "answerable": bool(answers) and not gone,
        "rows": rows.tolist(),
        "right": [right(unit) for unit in units],
        "named": [named(unit, span) for unit, span in zip(units, spans, strict=True)],
    }


def of_written(archive: Path) -> Iterable[Row]:
    """The questions of a written folder, but for those whose answer is counted or compared over rows."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(folder)
        with Rag(folder / "index") as rag:
            rag.ingest(folder / "files")
            for line in (folder / "qa.jsonl").read_text("utf-8").splitlines():
                case = json.loads(line)
                meta = case["meta"]
                if "derived" in meta:
                    continue
                proof = [meta["proof"]] if "proof" in meta else []
                answers = [*meta.get("all", ()), *proof] or case["answers"]
                source = (case["relevant"] or [""])[0]
                yield asked(rag, case["question"], answers, source, archive.stem)


def of_office(folder: Path) -> Iterable[Row]:
    with tempfile.TemporaryDirectory() as index, Rag(Path(index) / "index") as rag:
        rag.ingest(folder / "files")
        for line in (folder / "qa.jsonl").read_text("utf-8").splitlines():
            case = json.loads(line)
            source = (case["relevant"] or [""])[0]
            for gone in (False, True):
                if not gone or (case["answers"] and zlib.crc32(case["id"].encode()) % 3 == 0):
                    yield asked(rag, case["question"], case["answers"], source, folder.name, gone=gone)


def of_examples(folder: Path, most: int) -> Iterable[Row]:
    _, held = split(read_examples([folder / f"{name}.jsonl.gz" for name in FILES]), 0.02)
    random.Random(1).shuffle(held)
    counts: dict[str, int] = defaultdict(int)
    chosen: list[Example] = []
    for example in held:
        counts[example.source] += 1
        if counts[example.source] <= most:
            chosen.append(example)
    yield from of_passages(chosen, {example.context: example.title for example in chosen + held[:900]})


def of_questions(file: Path) -> Iterable[Row]:
    """Every question of a file, asked of all its passages together."""
    examples = read_examples([file])
    return of_passages(examples, {example.context: example.title for example in examples})


def of_passages(chosen: Sequence[Example], titles: Mapping[str, str]) -> Iterable[Row]:
    """The questions asked of passages (text → title); of the answerable ones half also without theirs."""
    sources = {text: f"passage-{number}." for number, text in enumerate(titles)}
    with tempfile.TemporaryDirectory() as index, Rag(Path(index) / "index") as rag:
        rag.ingest(
            Document.make(text, source, title=titles[text], media_type="text/markdown")
            for text, source in sources.items()
        )
        for example in chosen:
            for gone in (False, True):
                if not gone or (example.answerable and zlib.crc32(example.id.encode()) % 2 == 0):
                    source = sources[example.context]
                    yield asked(rag, example.question, example.texts, source, example.source, gone=gone)


def fitted_choice(
    groups: Sequence[NDArray[np.float64]], rights: Sequence[NDArray[np.bool_]], ridge: float = 1.0
) -> NDArray[np.float64]:
    """Weights and bias that make it likely that the softmax over a group's rows takes a right one.

    Each step maximises a lower bound of Σ ln Σ_right p: its gradient is E_right[x] - E[x], and the covariance
    of x under p takes the place of the Hessian. The weights are then scaled, with a bias, so that the
    logistic function of a row's logit is the share of such rows that are right.
    """
    every = np.vstack(groups)
    scale = every.std(axis=0) + 1e-9
    scaled = [group / scale for group in groups]
    weights = np.zeros(every.shape[1])
    for _ in range(60):
        gradient, hessian = -ridge * weights, ridge * np.eye(len(weights))
        for rows, right in zip(scaled, rights, strict=True):
            logits = rows @ weights
            chance = np.exp(logits - logits.max())
            chance /= chance.sum()
            among = chance * right / (chance * right).sum()
            gradient += (among - chance) @ rows
            centred = rows - chance @ rows
            hessian += (centred * chance[:, None]).T @ centred
        step = np.linalg.solve(hessian, gradient)
        weights += step
        if np.abs(step).max() < 1e-4:
            break
    logits = np.concatenate([rows @ weights for rows in scaled])
    slope, bias = fit(logits[:, None], np.concatenate(list(rights)).astype(np.float64))
    return np.append(slope * weights / scale, bias)


def fitted(found: Sequence[Row], weights: NDArray[np.float64]) -> tuple[NDArray[np.float64], list[bool]]:
    """The rows of the decision under the weights of the choice, and whether the best unit is right."""
    rows, rights = [], []
    for row in found:
        logits = np.array(row["rows"]) @ weights[:-1] + weights[-1]
        order = np.argsort(-logits)
        judged = [
            Judged(
                Unit(0, 0, 0, "sentence", "", "", ()),
                float(1 / (1 + np.exp(-logits[at]))),
                None,
                tuple(row["rows"][at]),
            )
            for at in order
        ]
        rows.append(certain_features(judged))
        rights.append(bool(row["answerable"] and row["named"][int(order[0])]))
    return np.array(rows), rights


def gathered(train: Path | None, also: Sequence[Path], offices: int, most: int) -> list[Row]:
    """All askings: of made-up organisations, of the written folders, and of a reader's held-out questions."""
    found: list[Row] = []
    for seed in range(1, offices + 1):
        with tempfile.TemporaryDirectory() as folder:
            office.write(Path(folder) / f"office-{seed}", seed)
            found += of_office(Path(folder) / f"office-{seed}")
    for archive in sorted(FOLDERS.glob("*.zip")):
        found += of_written(archive)
    for file in also:
        found += of_questions(file)
    return [*found, *(of_examples(train, most) if train else ())]


def counted(found: Sequence[Row]) -> NDArray[np.float64]:
    """How often each asking counts in the decision: see `UNANSWERED` and `WRITTEN`."""
    gone = np.array([not row["answerable"] for row in found])
    rare = UNANSWERED / (1 - UNANSWERED) * (~gone).sum() / max(1, gone.sum())
    names = {archive.stem for archive in FOLDERS.glob("*.zip")}
    written = np.array([row["group"] in names for row in found])
    return np.where(written, WRITTEN, np.where(gone, rare, 1.0))


def both(found: Sequence[Row]) -> dict[str, Any]:
    """The two models, and how good they are on what they were fitted on."""
    with_answer = [row for row in found if row["answerable"] and any(row["named"])]
    weights = fitted_choice(
        [np.array(row["rows"]) for row in with_answer], [np.array(row["named"], bool) for row in with_answer]
    )
    rows, right = fitted(found, weights)
    flags = np.array(right)
    decision = fit(rows, flags.astype(np.float64), counts=counted(found))
    chance = 1 / (1 + np.exp(-(rows @ decision[:-1] + decision[-1])))
    by_group: dict[str, list[bool]] = defaultdict(list)
    for row, ok in zip(found, right, strict=True):
        if row["answerable"]:
            by_group[row["group"]].append(ok)
    return {
        "askings": len(found),
        "of them unanswered": sum(not row["answerable"] for row in found),
        "weights": dict(zip(FEATURES, np.round(weights[:-1], 3).tolist(), strict=True)),
        "bias": round(float(weights[-1]), 3),
        "decision": np.round(decision[:-1], 3).tolist(),
        "decision bias": round(float(decision[-1]), 3),
        "best unit right": {name: round(sum(oks) / len(oks), 3) for name, oks in sorted(by_group.items())},
        "decision AUC": round(auc(chance[flags], chance[~flags]), 3),
        "Brier": round(float(((chance - flags) ** 2).mean()), 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--train", type=Path, help="folder of a reader's questions")
    parser.add_argument("--also", type=Path, nargs="*", default=[], help="files of more such questions")
    parser.add_argument("--offices", type=int, default=2)
    parser.add_argument("--most", type=int, default=20, help="questions of each file")
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--from", dest="kept", type=Path)
    options = parser.parse_args()
    if options.kept:
        found: list[Row] = json.loads(options.kept.read_text("utf-8"))
    else:
        found = gathered(options.train, options.also, options.offices, options.most)
    if options.keep:
        options.keep.write_text(json.dumps(found), "utf-8")
    result = both([row for row in found if row["rows"]])
    print(json.dumps({"command": " ".join(["python", *sys.argv]), **result}, indent=1))


if __name__ == "__main__":
    main()
