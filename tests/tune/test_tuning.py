"""`rag tune reader` from question files to a folder that is opened and asked, with an encoder of 0.6 MB."""

from __future__ import annotations

import json
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from rag import Document, Rag
from rag.cli import app
from rag.errors import ConfigError, ModelError
from rag.progress import Progress
from rag.reading import Passage
from rag.reading.onnx import OnnxReader
from rag.tune.reader import Options, tune_reader

for package in ("torch", "transformers", "safetensors", "onnx"):
    pytest.importorskip(package, reason=f"training needs {package}: pip install 'footnote-rag[tune]'")

NAMES = [
    "Ada",
    "Bo",
    "Cy",
    "Dan",
    "Eve",
    "Flo",
    "Gus",
    "Hal",
    "Ida",
    "Jo",
    "Kit",
    "Lou",
    "Max",
    "Nan",
    "Ora",
    "Pam",
]
THINGS = [
    "bridge",
    "mill",
    "tower",
    "school",
    "garden",
    "harbour",
    "chapel",
    "library",
    "station",
    "castle",
    "well",
    "barn",
]
SHORT = Options(epochs=2, text_items=60, rate=3e-3, tokens=1500, held_out=0.3)


@pytest.fixture(scope="module")
def questions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """120 questions about who built what, in 12 articles; every fifth is not answered by its passage."""
    chance = random.Random(1)
    file = tmp_path_factory.mktemp("questions") / "questions.jsonl"
    lines = []
    for number, thing in enumerate(THINGS * 10):
        builder, visitor = chance.sample(NAMES, 2)
        year = chance.randrange(1700, 1990)
        context = f"In {year} the {thing} was built by {builder}. {visitor} saw the {thing} in {year + 5}."
        asked: dict[str, Any] = {"question": f"Who built the {thing}?", "answers": [builder]}
        if number % 5 == 0:
            asked = {"question": f"Who sold the {thing}?", "answers": [], "unanswerable": True}
        lines.append({"id": str(number), "title": thing, "context": context, **asked})
    file.write_text("\n".join(map(json.dumps, lines)), "utf-8")
    return file


@pytest.fixture(scope="module")
def tuned(
    base: Path, questions: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Any, list[Progress]]:
    steps: list[Progress] = []
    out = tmp_path_factory.mktemp("tuned") / "my-reader"
    return tune_reader([questions], base, out, SHORT, steps.append), steps


def test_what_is_trained_is_opened_by_its_folder(tuned: tuple[Any, list[Progress]]) -> None:
    made, _ = tuned
    reader = OnnxReader.open(made.folder)
    (one,) = reader.read("Who built the mill?", [Passage("", "The mill was built by Bo in 1801.")])
    assert one.spans
    assert all(0 <= span.start < span.end <= 33 for span in one.spans)


def test_it_answers_in_a_pipeline_by_its_setting(tuned: tuple[Any, list[Progress]], tmp_path: Path) -> None:
    settings = {"ask.reader": str(tuned[0].folder), "ask.abstain_below": 0.0}
    with Rag(tmp_path / "index", settings=settings) as rag:
        rag.ingest([Document.make("The mill was built by Bo in 1801.", "mill.txt")])
        answer = rag.ask("Who built the mill?")
    assert answer.citations
    assert answer.citations[0].quote in "The mill was built by Bo in 1801."


def test_the_report_has_every_measure_with_its_interval_in_float_and_in_8_bits(
    tuned: tuple[Any, list[Progress]],
) -> None:
    made, _ = tuned
    assert made.questions + made.held_out == 120
    assert made.held_out > 10
    told = json.loads((made.folder / "report.json").read_text("utf-8"))
    assert told == json.loads(json.dumps(made.to_dict()))
    for side in ("float", "int8"):
        assert set(told[side]) == {"EM", "F1", "answerable AUC", "supported AUC"}
        for mean, low, high in told[side].values():
            assert 0 <= low <= mean <= high <= 1


def test_progress_names_each_part(tuned: tuple[Any, list[Progress]]) -> None:
    _, steps = tuned
    parts = list(dict.fromkeys(step.stage for step in steps))
    assert parts == ["indexing passages", "learning (text)", "learning (questions-0)", "exporting"]
    learning = [step for step in steps if step.stage == "learning (questions-0)"]
    assert learning[-1].done == learning[-1].total
    assert [step.done for step in learning] == list(range(1, learning[-1].total + 1))


def test_the_mean_of_two_seeds_is_exported(base: Path, questions: Path, tmp_path: Path) -> None:
    from dataclasses import replace

    from safetensors.torch import load_file

    made = tune_reader([questions], base, tmp_path, replace(SHORT, seeds=2, text_items=0, epochs=1))
    runs = [load_file(tmp_path / "work" / f"questions-{seed}" / "best.safetensors") for seed in (0, 1)]
    assert (runs[0]["span.weight"] - runs[1]["span.weight"]).abs().max() > 0
    assert OnnxReader.open(made.folder).verify() is None


def test_killed_it_goes_on_where_it_was(base: Path, questions: Path, tmp_path: Path) -> None:
    out = tmp_path / "reader"
    command = [sys.executable, "-c", "from rag.cli import main; main()", "tune", "reader", str(questions)]
    command += ["--base", str(base)]
    command += ["--out", str(out), "--epochs", "1", "--text-items", "30", "--held-out", "0.3", "--json"]
    first = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    marker = out / "work" / "text" / "finished"
    for _ in range(1200):
        if marker.exists() or first.poll() is not None:
            break
        time.sleep(0.1)
    first.send_signal(signal.SIGKILL)
    first.wait()
    stamp = marker.stat().st_mtime_ns
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["held_out"] > 10
    assert marker.stat().st_mtime_ns == stamp, "the first part was trained again"


def test_the_gate_judges_it_by_the_questions_of_held_out_titles(
    tuned: tuple[Any, list[Progress]], base: Path, questions: Path, tmp_path: Path
) -> None:
    from dataclasses import replace

    begun = replace(SHORT, start=str(tuned[0].folder), epochs=0)
    with Rag(tmp_path / "index") as rag:
        rag.ingest([Document.make("The mill was built by Bo in 1801.", "mill.txt")])
        made = tune_reader([questions], base, tmp_path / "reader", begun, rag=rag)
    judged = made.judged
    assert judged is not None
    assert judged.kind == "reader"
    assert len(judged.sides.held) == made.held_out
    assert judged.verdict.gain is not None
    assert judged.verdict.gain.measure == "Correct"
    # a network of four numbers a token, against the reader that ships
    assert not judged.verdict.adopted
    assert not (tmp_path / "index" / "tuned" / "reader").exists()
    assert json.loads((judged.place / "card.json").read_text())["verdict"]["adopted"] is False
    assert json.loads((made.folder / "report.json").read_text())["judged"]["kind"] == "reader"


def test_a_reader_that_is_better_is_adopted_and_taken_out_again(tmp_path: Path) -> None:
    """The reader that ships, against the same to which no passage ever answers."""
    from dataclasses import replace

    import onnx

    from rag.models import BUILT_IN_READER
    from rag.models.settings import file_sha256
    from rag.reading.settings import ReaderSettings
    from rag.tune.examples import Example
    from rag.tune.judged_reader import judged_reader
    from rag.tune.listing import undone

    silent = tmp_path / "silent"
    shutil.copytree(BUILT_IN_READER, silent)
    graph = onnx.load(silent / "model.onnx")
    last = next(node for node in graph.graph.node if "answerable" in node.output)
    last.output[list(last.output).index("answerable")] = "before"
    less = onnx.helper.make_tensor("less", onnx.TensorProto.FLOAT, [1], [-30.0])
    graph.graph.initializer.append(less)
    graph.graph.node.append(onnx.helper.make_node("Add", ["before", "less"], ["answerable"]))
    onnx.save(graph, silent / "model.onnx")
    read = ReaderSettings.read(silent)
    sha256 = {**read.sha256, "model.onnx": file_sha256(silent / "model.onnx")}
    replace(read, sha256=sha256).write(silent)
    held = []
    for number, thing in enumerate(THINGS * 2):
        text = f"The {thing} {number} was built by {NAMES[number % 16]}. It was sold in {1800 + number}."
        spans = ((text.index("by ") + 3, text.index(". It")),)
        asked = f"Who built the {thing} {number}?"
        held.append(Example(str(number), f"{thing} {number}", asked, text, spans, True, "made"))
    with Rag(tmp_path / "index", settings={"ask.reader": str(silent)}) as rag:
        rag.ingest([Document.make("The mill was built by Bo in 1801.", "mill.txt")])
        judged = judged_reader(rag, 0, held, BUILT_IN_READER, {}, lambda _: None)
        assert judged.verdict.adopted, str(judged)
    place = tmp_path / "index" / "tuned" / "reader"
    assert judged.place == place
    with Rag(tmp_path / "index") as rag:
        assert rag.settings.ask.reader == str(place)
        assert rag.ask("Who built the mill?").citations
    assert undone(tmp_path / "index", "reader").now is None
    with Rag(tmp_path / "index") as rag:
        assert not rag.settings.ask.reader


def test_it_goes_on_from_a_reader_that_exists(
    tuned: tuple[Any, list[Progress]], base: Path, questions: Path, tmp_path: Path
) -> None:
    from dataclasses import replace

    from safetensors.torch import load_file

    from rag.tune.start import WORDS, read_weights

    begun = replace(SHORT, start=str(tuned[0].folder), epochs=0)
    tune_reader([questions], base, tmp_path, begun)
    assert not (tmp_path / "work" / "text").exists()
    first = read_weights(tuned[0].folder / "model.onnx")
    kept = load_file(tmp_path / "work" / "questions-0" / "best.safetensors")
    for name, value in first.items():
        assert name == WORDS or (kept[name].numpy() == value).all(), name


def test_shares_and_hours_reach_the_learning_and_nothing_is_left_where_one_stands(
    base: Path, questions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    command = [str(questions), "--base", str(base), "--out", str(tmp_path), "--text-items", "0"]
    command += ["--held-out", "0.3", "--share", "questions=0.5", "--hours", "0.001", "--epochs", "5000"]
    made = CliRunner().invoke(app, ["tune", "reader", *command, "--json"])
    assert made.exit_code == 0, made.output
    options = json.loads(made.stdout)["options"]
    assert (options["sources"], options["hours"]) == ({"questions": 0.5}, 0.001)
    state = json.loads((tmp_path / "work/questions-0/checkpoint/state.json").read_text("utf-8"))
    assert state["epoch"] < 5000
    assert json.loads(made.stdout)["judged"]["trial"]
    assert not list(here.iterdir())


@pytest.mark.parametrize("share", ["questions", "questions=2", "=0.5", "questions=x"])
def test_a_share_of_another_form_is_refused(base: Path, questions: Path, tmp_path: Path, share: str) -> None:
    command = [str(questions), "--base", str(base), "--out", str(tmp_path), "--share", share]
    made = CliRunner().invoke(app, ["tune", "reader", *command])
    assert made.exit_code == 2
    assert "expected FILE=SHARE" in made.output


class TestBadInput:
    def test_a_share_of_a_file_that_is_not_given(self, base: Path, questions: Path, tmp_path: Path) -> None:
        from dataclasses import replace

        with pytest.raises(ConfigError, match="squad, which is no file of these; expected questions"):
            tune_reader([questions], base, tmp_path, replace(SHORT, sources={"squad": 0.5}))

    def test_a_base_that_is_no_encoder(self, questions: Path, tmp_path: Path) -> None:
        with pytest.raises(ModelError, match=r"has no .*expected the folder of a BERT encoder"):
            tune_reader([questions], tmp_path, tmp_path / "out", SHORT)

    def test_a_line_that_is_no_question(self, base: Path, tmp_path: Path) -> None:
        file = tmp_path / "broken.jsonl"
        file.write_text('{"question": "Who?", "context": "Bo.", "answers": ["Bo"]}\n{"question": 3}\n')
        with pytest.raises(ConfigError, match=r"broken\.jsonl:2: "):
            tune_reader([file], base, tmp_path / "out", SHORT)

    def test_questions_of_one_title_cannot_be_held_out(self, base: Path, tmp_path: Path) -> None:
        file = tmp_path / "one.jsonl"
        file.write_text('{"question": "Who?", "context": "Bo.", "answers": ["Bo"], "title": "x"}\n')
        with pytest.raises(ConfigError, match="both are needed"):
            tune_reader([file], base, tmp_path / "out", SHORT)
