"""The worked example of the page on tuning, as it stands there: from a folder to an adopted part."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

JARGON = ("fettle", "grommet", "snib", "thole", "caulk", "gyve", "spile", "wimble")
WORDS = ("adjust", "polish", "weigh", "paint", "carry", "repair", "measure", "label")
THINGS = (
    *("lamp", "gate", "boat", "clock", "wagon", "ladder"),
    *("barrel", "window", "bell", "mirror", "anchor", "oven"),
)
PAGE = Path(__file__).parents[2] / "docs" / "tuning.md"


def commands() -> list[list[str]]:
    section = PAGE.read_text("utf-8").partition("## A worked example")[2]
    block = re.search(r"^```sh\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    assert block is not None
    return [shlex.split(line) for line in block[1].splitlines()]


def workshop(folder: Path) -> None:
    rows = []
    (folder / "docs").mkdir()
    for thing in THINGS:
        for jargon, word in zip(JARGON, WORDS, strict=True):
            note = f"docs/{word}-{thing}.md"
            (folder / note).write_text(f"To {word} the {thing}, ask the keeper for the key of the yard.\n")
            asked = f"Who helps me {jargon} the {thing}?"
            rows.append({"question": asked, "answers": [], "relevant": [note]})
    (folder / "questions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_five_commands_lead_from_a_folder_to_an_adopted_part(tmp_path: Path) -> None:
    workshop(tmp_path)
    clean = {name: value for name, value in os.environ.items() if name != "RAG_INDEX"}
    said = []
    for command in commands():
        run = [sys.executable, "-c", "from rag.cli import main; main()", *command[1:]]
        done = subprocess.run(run, cwd=tmp_path, env=clean, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        said.append(done.stdout)
    assert len(said) == 5
    gain = re.search(r"^adopted: nDCG@10 \+(\S+) \[\+(\S+), \+(\S+)\] is proven", said[1], re.MULTILINE)
    assert gain is not None, said[1]
    assert float(gain[1]) > 0.1
    assert said[2].startswith("retriever adopted")
    assert "tuned retriever, adopted" in said[3]
    assert said[4].strip() == "the tuned retriever is gone: the index is as it came"
