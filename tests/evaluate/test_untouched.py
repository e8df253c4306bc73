"""An evaluation changes nothing that is not its own, and nothing that lies about changes its figures."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import pytest

from rag import Hit, Question, Rag
from rag.augment.memory import remember
from rag.commands.evaluate import Task, evaluated
from rag.evaluate import Case, Run
from rag.evaluate.experiments.needles import needles
from rag.evaluate.gate import gate
from rag.evaluate.questions.from_feedback import from_feedback
from rag.evaluate.questions.label import label
from rag.evaluate.questions.make import make
from rag.evaluate.running.code import written
from rag.evaluate.why import explained
from rag.testing import WordEmbedder

FOREIGN = (
    ("p1", "A sales unit (SU) is one pallet of goods. An SU is counted at the gate."),
    ("p2", "The rail traffic controller (RTC) opens the line at dawn."),
    ("p3", "The pallet is stored in the cold hall. One pallet of goods weighs a ton."),
)
ASKED = (
    Case("1", "What is an SU?", ("one pallet of goods",), {"p1": 1.0}),
    Case("2", "Who is the RTC?", ("rail traffic controller",), {"p2": 1.0}),
    Case("3", "When does the RTC open the line?", ("dawn",), {"p2": 1.0}),
    Case("4", "How many wings has a bee?"),
)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A person's folder: documents, an index with glossary and memory, settings. Beside it another corpus."""
    folder = tmp_path / "person"
    (folder / "docs").mkdir(parents=True)
    (folder / "docs" / "units.md").write_text(
        "# Units\n\nA storage unit (SU) is a box of steel. The SU stands in the yard. "
        "The right to clear (RTC) is given by customs."
    )
    (folder / "rag.toml").write_text('[index]\nlanguage = "english"\n[search]\nk = 3\n')
    with opened(folder) as rag:
        rag.ingest(folder / "docs")
        remember(rag.home, rag.embedder, "What is the SU?", [rag.search("SU")[0].chunk.id])
    other = tmp_path / "other"
    other.mkdir()
    rows = (json.dumps({"id": name, "text": text}) + "\n" for name, text in FOREIGN)
    (other / "corpus.jsonl").write_text("".join(rows))
    (other / "qa.jsonl").write_text("".join(json.dumps(case.to_dict()) + "\n" for case in ASKED))
    (folder / "own.jsonl").write_text(
        json.dumps({"id": "o", "question": "What is an SU?", "answers": ["box of steel"]}) + "\n"
    )
    return folder


def opened(folder: Path) -> Rag:
    return Rag(folder / ".rag", embedder=WordEmbedder(4096))


def hashed(folder: Path) -> dict[str, str]:
    """Every file of a person's folder but those of evaluations, with the digest of its bytes."""
    files = (path for path in folder.rglob("*") if path.is_file() and ".rag-eval" not in path.parts)
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


TASKS = {
    "a run": Task(),
    "ablate": Task(ablate=True),
    "stress": Task(stress=True),
    "modes": Task(modes=True),
    "compare": Task(compare=("search.augment=", "default")),
    "curve": Task(curve="1,2"),
}


@pytest.mark.parametrize("corpus", [True, False], ids=["corpus", "own index"])
@pytest.mark.parametrize("task", TASKS)
def test_no_kind_of_evaluation_changes_the_folder_of_its_user(home: Path, task: str, corpus: bool) -> None:
    before = hashed(home)
    assert {".rag/glossary.toml", ".rag/solved.jsonl", "rag.toml"} < set(before)
    with opened(home) as rag:
        other = home.parent / "other"
        questions, given = (other, {"corpus": other}) if corpus else (home / "own.jsonl", {})
        evaluated(rag, questions, TASKS[task], dict(given))
    assert hashed(home) == before


def test_neither_bounds_nor_why_nor_made_questions_change_it(home: Path) -> None:
    before = hashed(home)
    other = home.parent / "other"
    (other / "bounds.toml").write_text("[bounds]\nCorrect = 0.1\n")
    with opened(home) as rag:
        evaluated(rag, other, Task(tests=other / "bounds.toml"), {"corpus": other})
        explained(rag, "1", qa=other, corpus=other)
        explained(rag, "Where does the SU stand?", answers=["yard"])
        explained(rag, "Where does the SU stand?", answers=["moon"])
        assert make(rag, home.parent / "made.jsonl", number=2).cases
    assert hashed(home) == before


def test_neither_a_gate_nor_labels_nor_feedback_change_it(home: Path) -> None:
    other = home.parent
    (other / "asked.txt").write_text("What is an SU?\nWhere does the SU stand?\nWho gives the RTC?\n")
    with opened(home) as rag:
        rag.rate("What is the SU?", good=False)
        rag.correct("Where does the SU stand?", "The SU stands in the yard.")
    before = hashed(home)
    with opened(home) as rag:
        assert {".rag/ratings.jsonl", ".rag/corrections.json"} < set(before)
        kept = rag.evaluate(home / "own.jsonl", out=other / "kept")
        assert gate(kept, rag.evaluate(home / "own.jsonl", out=other / "now", fresh=True)).passed
        from_feedback(rag, other / "feedback.jsonl")
        label(rag, other / "asked.txt", other / "label.jsonl", number=2)
        needles(rag, [5], [0.0], ("literal",), number=1, out=other / "needles")
        rag.suggest(number=1)
    assert (other / "feedback.jsonl").exists()
    assert (other / "label.jsonl").exists()
    assert hashed(home) == before


def test_figures_depend_on_no_order_no_repeat_and_no_left_overs(home: Path) -> None:
    """The comparison that once was decided by who came first: with and without the glossary."""
    other = home.parent / "other"
    texts = (
        "search.augment= search.denoise=",
        "search.denoise=",
        "search.augment=memory,glossary search.denoise=",
        "search.retrieve=lexical",
    )
    with opened(home) as rag:
        known: dict[str, list[object]] = {}
        chance = random.Random(7)
        for turn in range(6):
            two = chance.sample(texts, 2)
            if turn % 2:
                spoil(home / ".rag-eval", chance)
            told = evaluated(
                rag,
                other,
                Task(compare=(two[0], two[1])),
                {"corpus": other, "fresh": turn > 3, "out": home.parent / f"t{turn}"},
            )
            for side, text in zip("AB", two, strict=True):
                found = [(one.hits, one.said) for one in Run.load(home.parent / f"t{turn}" / side).outcomes]
                assert known.setdefault(text, found) == found, (turn, text)
            assert told.passed
    assert known[texts[0]] != known[texts[1]] == known[texts[2]], "only the glossary matters here"


def spoil(home: Path, chance: random.Random) -> None:
    """Leaves behind what stopped, older and foreign runs may: torn files and those of another index."""
    for folder in (home / "corpora").iterdir():
        (folder / "complete").unlink(missing_ok=True)
        left = chance.choice(["glossary.toml", "solved.jsonl", "glossary.mined.jsonl", "queue.sqlite"])
        if left == "solved.jsonl":
            remember(folder, WordEmbedder(4096), "Who is the RTC?", ["nowhere"])
        else:
            (folder / left).write_text("" if left == "glossary.toml" else '["torn')


def test_an_own_glossary_that_was_corrected_is_another_run(home: Path) -> None:
    with opened(home) as rag:
        one = rag.evaluate(home / "own.jsonl")
    path = home / ".rag" / "glossary.toml"
    path.write_text(path.read_text().replace("[entries]", '[entries]\n"SU" = "sea urchin"'))
    with opened(home) as rag:
        two = rag.evaluate(home / "own.jsonl")
    assert one.folder != two.folder, "outcomes with the old glossary are not taken for those with the new"


def keep(first: int) -> Callable[[Question, Sequence[Hit]], Sequence[Hit]]:
    def kept(question: Question, hits: Sequence[Hit]) -> Sequence[Hit]:
        return hits[:first]

    return kept


def test_an_edited_function_is_another_run(home: Path) -> None:
    with opened(home) as rag:
        runs = [rag.variant(denoise=[keep(n)]).evaluate(home / "own.jsonl") for n in (1, 0, 1)]
    assert runs[0].folder == runs[2].folder != runs[1].folder
    assert (runs[0].summary["Correct"].mean, runs[1].summary["Correct"].mean) == (1, 0)
    assert written(partial(max, 1)) != written(partial(max, 2))
    assert written(keep(1)) == written(keep(1)) != written(keep(2))
    assert written(lambda hits: {"a", "b"} & {*hits}) != written(lambda hits: {"a", "c"} & {*hits})
