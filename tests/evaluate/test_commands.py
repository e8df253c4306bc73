"""`rag eval` and `rag why` as a user meets them: real processes, the built-in model, exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

CORPUS = (
    ("hall", "The great hall was opened in 1931. Its roof is made of copper."),
    ("tower", "The tower has ninety steps. Visitors climb it on Sundays."),
)
QUESTIONS = (
    {"id": "1", "question": "When was the great hall opened?", "answers": ["1931"], "relevant": ["hall"]},
    {"id": "2", "question": "How many steps has the tower?", "answers": ["ninety"], "relevant": ["tower"]},
)


def rag(folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("RAG_")}
    return subprocess.run(
        [sys.executable, "-c", "from rag.cli import main; main()", *args],
        cwd=folder,
        env={**clean, "COLUMNS": "100"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("eval")
    rows = ({"id": name, "text": text} for name, text in CORPUS)
    (folder / "corpus.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "qa.jsonl").write_text("".join(json.dumps(row) + "\n" for row in QUESTIONS))
    return folder


def test_a_run_shows_figures_and_writes_a_report(folder: Path) -> None:
    done = rag(folder, "eval", "qa.jsonl", "--corpus", "corpus.jsonl")
    assert done.returncode == 0, done.stderr
    assert "nDCG@10" in done.stdout
    assert "\x1b" not in done.stdout + done.stderr
    report = done.stdout.strip().rpartition("report: ")[2]
    assert Path(report).read_text().startswith("<!doctype html>")
    again = rag(folder, "eval", "--json", "qa.jsonl", "--corpus", "corpus.jsonl")
    values = json.loads(again.stdout)
    assert values["questions"] == 2
    assert values["measures"]["R@1"] == {
        "mean": 1.0, "low": pytest.approx(0.025**0.5), "high": 1.0, "n": 2,
    }  # fmt: skip


def test_bounds_decide_the_exit_code(folder: Path) -> None:
    (folder / "low.toml").write_text('[bounds]\n"R@1" = 0.9\n')
    (folder / "high.toml").write_text('[bounds]\n"R@1" = { least = 0.9, sure = true }\n')
    call = ("eval", "qa.jsonl", "--corpus", "corpus.jsonl", "--tests")
    assert rag(folder, *call, "low.toml").returncode == 0
    failed = rag(folder, *call, "high.toml")
    assert failed.returncode == 1
    assert "failed  R@1" in failed.stdout


def test_comparing_settings(folder: Path) -> None:
    done = rag(
        folder,
        "eval",
        "qa.jsonl",
        "--corpus",
        "corpus.jsonl",
        "--compare",
        "default",
        "search.retrieve=lexical",
    )
    assert done.returncode == 0, done.stderr
    assert "2 questions, paired" in done.stdout


def test_errors_are_one_message_and_usage_exits_with_2(folder: Path) -> None:
    (folder / "bad.jsonl").write_text('{"question": "q", "answers": []}\n{"question": 3, "answers": []}\n')
    done = rag(folder, "eval", "bad.jsonl", "--corpus", "corpus.jsonl")
    assert done.returncode == 2
    assert done.stderr.startswith("rag: bad.jsonl:2: question is 3, expected some words")
    assert rag(folder, "eval", "qa.jsonl").returncode == 1, "there is no index"
    both = rag(folder, "eval", "qa.jsonl", "--ablate", "--stress")
    assert both.returncode == 2
    assert "one task at a time" in both.stderr
    tuned = rag(folder, "eval", "qa.jsonl", "--tuned", "search.k=3")
    assert tuned.returncode == 2
    assert "give --modes" in tuned.stderr
    nobody = rag(folder, "eval", "qa.jsonl", "--corpus", "corpus.jsonl", "--judge", "nobody")
    assert nobody.returncode == 2
    assert "there is no model 'nobody'" in nobody.stderr


def test_why_by_question_and_by_id(folder: Path) -> None:
    done = rag(folder, "why", "1", "--qa", "qa.jsonl", "--corpus", "corpus.jsonl")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("answered: ")
    (folder / "docs").mkdir()
    (folder / "docs" / "hall.md").write_text(CORPUS[0][1])
    assert rag(folder, "ingest", "docs").returncode == 0
    lost = rag(folder, "why", "When was the great hall opened?", "--answer", "1831", "--json")
    assert json.loads(lost.stdout)["lost"] == "not parsed"
    assert rag(folder, "why", "When?").returncode == 2


def test_help_of_the_group_and_its_commands(folder: Path) -> None:
    for args in (
        ("eval", "--help"),
        ("eval", "run", "--help"),
        ("eval", "make", "--help"),
        ("why", "--help"),
    ):
        done = rag(folder, *args)
        assert done.returncode == 0
        assert "Usage" in done.stdout
