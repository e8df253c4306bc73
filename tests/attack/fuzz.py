"""Files and texts drawn by chance: a loader gives documents or a LoadError, a chunker keeps its promises."""

from __future__ import annotations

import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from rag.chunking import chunker
from rag.ingest.parsing.pool import Job, ParsePool
from rag.types import Document
from tests.chunking.conftest import check, token_ends
from tests.loaders.fuzzing import SEEDS, Edit, edited
from tests.stores.damage import damage
from tests.text.hostile import PIECES

_KINDS = (
    "text/plain",
    "text/markdown",
    "text/x-rst",
    "text/csv",
    "text/x-python",
    "text/x-go",
    "application/json",
)
_METHODS = ("structure", "headings", "sentences", "fixed", "code")


def loaders(chance: random.Random, until: float, figures: Counter[str]) -> list[str]:
    """Damaged samples through the parsing processes, where hangs and crashes are seen as well."""
    with tempfile.TemporaryDirectory(prefix="attack-") as place, ParsePool(2, 30.0, memory_mb=2048) as pool:

        def jobs() -> Iterator[Job]:
            number = 0
            while time.monotonic() < until:
                number += 1
                name = chance.choice(sorted(SEEDS))
                path = Path(place) / f"{number}-{name}"
                path.write_bytes(SEEDS[name])
                for _ in range(chance.randint(1, 3)):
                    if path.is_file():
                        damage(path, chance) if chance.random() < 0.7 else _spliced(path, chance)
                yield Job(path, path.name)

        wrong = []
        for parsed in pool.parse(jobs()):
            figures["hostile files"] += 1
            if (parsed.error or "").startswith(
                ("the loader failed", "took longer", "the parsing process died")
            ):
                wrong.append(f"{parsed.job.source}: {parsed.error}")
            if parsed.job.path.is_file():
                parsed.job.path.unlink()
    return wrong


def _spliced(path: Path, chance: random.Random) -> None:
    """A hostile piece, again and again, somewhere in the file or in a member of it."""
    piece, times = chance.choice(PIECES).encode(), chance.choice((1, 7, 300))
    edit = Edit(chance.random(), chance.random(), chance.choice((0, 0, 5)), piece, times)
    path.write_bytes(edited(path.read_bytes(), [edit]))


def chunkers(chance: random.Random, until: float, figures: Counter[str]) -> list[str]:
    """Texts of hostile pieces through every method."""
    wrong = []
    while time.monotonic() < until:
        text = "".join(
            chance.choice(PIECES) * chance.choice((1, 1, 2, 40)) for _ in range(chance.randint(1, 60))
        )
        document = Document("d", text, "d", title=chance.choice(("", "T")), media_type=chance.choice(_KINDS))
        method = chance.choice(_METHODS)
        settings = {"max_tokens": chance.choice((16, 40, 200))}
        if method in ("structure", "sentences", "code"):
            settings["min_tokens"] = settings["max_tokens"] // 6
        figures["hostile texts"] += 1
        try:
            check(document, chunker(method, **settings)(document, token_ends))
        except Exception as error:
            wrong.append(f"{method} of {document.media_type} {text[:80]!r}: {type(error).__name__}: {error}")
    return wrong
