"""Histories of ingests that are killed at any moment, and copies of the folder taken meanwhile."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

from rag import Rag, RagError
from rag.testing.store import WORDS
from tests.stores.test_local_kill import change, write

from .child import opened

WAYS = ("api", "pool", "cli", "workers")
"""A program's own ingest, one with parsing processes, the command, the command with a queue of workers."""
ASKED = (" ".join(WORDS[:2]), WORDS[5], WORDS[9])


def history(way: str, chance: random.Random, until: float, figures: Counter[str]) -> list[str]:
    """Edits, kills and copies; what went wrong, in words."""
    with tempfile.TemporaryDirectory(prefix="attack-") as place:
        folder = Path(place)
        (folder / "files").mkdir()
        # The embedder of the command is slow; from 1,000 chunks on, what was deleted stays for a while.
        for number in range(chance.choice((12, 12, 300)) if way in ("api", "pool") else 4):
            write(folder / "files" / f"book-{number}.txt", chance)
        began = time.monotonic()
        if _run(folder, way).wait() != 0:
            return [f"{way}: the first ingest failed"]
        usual = time.monotonic() - began
        wrong: list[str] = []
        for turn in range(chance.randint(2, 5)):
            change(folder / "files", chance)
            copies = _killed(folder, way, usual, chance, figures)
            figures["kills"] += 1
            wrong += [f"{way}, kill {turn}: {what}" for what in _answers(folder, way)]
            for copy in copies:
                figures["copies"] += 1
                wrong += [f"{way}, copy: {what}" for what in _answers(copy, way)]
                shutil.rmtree(copy)
            if time.monotonic() > until:
                break
        if _run(folder, way).wait() != 0:
            wrong.append(f"{way}: the last ingest failed")
        wrong += [f"{way}, at the end: {what}" for what in _differences(folder, way)]
    figures["histories"] += 1
    figures[f"histories, {way}"] += 1
    return wrong


def _run(folder: Path, way: str) -> subprocess.Popen[bytes]:
    """An ingest of the folder's files, as the leader of a group of processes."""
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "tests.attack.child", str(folder), way]
    if way in ("cli", "workers"):
        start = f"import sys; sys.path.insert(0, {str(root)!r}); from rag.cli import main; main()"
        command = [
            sys.executable,
            "-c",
            start,
            "ingest",
            str(folder / "files"),
            "--index",
            str(folder / ".rag"),
        ]
        command += ["--workers", "2"] if way == "workers" else []
    return subprocess.Popen(
        command, cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )


def _killed(folder: Path, way: str, usual: float, chance: random.Random, figures: Counter[str]) -> list[Path]:
    """Starts an ingest, copies the folder once or twice meanwhile, and kills it, alone or with its group."""
    process = _run(folder, way)
    copies = []
    moments = sorted(chance.uniform(0.3, 1.1) * usual for _ in range(chance.randint(1, 3)))
    began = time.monotonic()
    for number, moment in enumerate(moments):
        with suppress(subprocess.TimeoutExpired):
            process.wait(max(0.0, moment - (time.monotonic() - began)))
        if number < len(moments) - 1:
            copy = folder / f"copy-{number}"
            copy.mkdir()
            _copied(folder / ".rag", copy / ".rag")
            copies.append(copy)
    with suppress(ProcessLookupError):
        if process.poll() is None:
            figures["kills in the middle"] += 1
        if chance.random() < 0.5:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()
    time.sleep(0.2 if way == "workers" else 0.0)
    with suppress(ProcessLookupError):  # what outlived its parent would write on
        os.killpg(process.pid, signal.SIGKILL)
    return copies


def _copied(source: Path, target: Path) -> None:
    """What a person's copy of a folder in use is: files one after the other, some gone meanwhile."""
    with suppress(shutil.Error):
        shutil.copytree(source, target)


def _index(folder: Path, way: str) -> Rag:
    if way in ("api", "pool"):
        return opened(folder)
    return Rag(folder / ".rag", settings={"search.denoise": (), "search.augment": ()})


def _answers(folder: Path, way: str) -> list[str]:
    """Whether the index can be searched, twice, and finds nothing wrong with itself."""
    try:
        with _index(folder, way) as rag:
            first = [_hits(rag, text) for text in ASKED]
            problems = [problem.what for problem in rag.store.problems()]
        with _index(folder, way) as rag:
            again = [_hits(rag, text) for text in ASKED]
    except RagError as error:
        return [f"{type(error).__name__}: {error}"]
    except Exception as error:
        return [f"raw {type(error).__name__}: {error}"]
    return problems + (["two openings differ"] if first != again else [])


def _hits(rag: Rag, text: str) -> list[tuple[str, float]]:
    return [(hit.chunk.id, round(hit.score, 4)) for hit in rag.search(text, k=20)]


def _differences(folder: Path, way: str) -> list[str]:
    """What a fresh index of the same files finds otherwise."""
    with tempfile.TemporaryDirectory(prefix="attack-") as place:
        fresh = Path(place)
        shutil.copytree(folder / "files", fresh / "files")
        if _run(fresh, way).wait() != 0:
            return ["a fresh ingest failed"]
        with _index(folder, way) as ours, _index(fresh, way) as theirs:
            chunks = [[chunk.id for chunk, _ in rag.store.scan(limit=10_000)] for rag in (ours, theirs)]
            hits = [[dict(_hits(rag, text)) for text in ASKED] for rag in (ours, theirs)]
    found = ["other chunks than a fresh index"] if chunks[0] != chunks[1] else []
    same = all(
        abs(score - two.get(name, score)) < 1e-3
        for one, two in zip(*hits, strict=True)
        for name, score in one.items()
    )
    return found if same else [*found, "other scores than a fresh index"]
