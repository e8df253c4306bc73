"""Files of an index damaged by chance: what it finds then, what it says, and whether it mends."""

from __future__ import annotations

import logging
import random
import shutil
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

from rag.errors import RagError
from rag.testing.store import WORDS
from tests.stores.damage import damage, derived_files
from tests.stores.fresh import found, open_store
from tests.stores.test_local_recovery import books, filled

TEXTS = ("amber n7", "basil", WORDS[5])


def damages(chance: random.Random, until: float, figures: Counter[str]) -> list[str]:
    """Damages files until the time is over; what went wrong, in words."""
    wrong: list[str] = []
    logging.getLogger("rag").setLevel(logging.CRITICAL)
    with tempfile.TemporaryDirectory(prefix="attack-") as place:
        sound = Path(place) / "sound"
        filled(sound, books(400, 60))  # enough that deletions stay in a file of their own
        store = open_store(sound)
        expected = [found(store, text, 20) for text in TEXTS]
        store.close()
        while time.monotonic() < until:
            folder = Path(place) / "damaged"
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(sound, folder)
            truth = chance.random() < 0.15
            path = folder / "store.sqlite" if truth else chance.choice(derived_files(folder))
            way = damage(path, chance)
            figures["damaged files of SQLite" if truth else "damaged derived files"] += 1
            where = f"{way} in {path.relative_to(folder)}"
            wrong += [f"{where}: {what}" for what in (_truth if truth else _derived)(folder, expected)]
    return wrong


def _derived(folder: Path, expected: list[list[dict[str, float]]]) -> list[str]:
    """A damaged derived file costs a rebuild: the same hits at once, and at the next opening."""
    for opening in ("at once", "at the next opening"):
        try:
            store = open_store(folder)
            try:
                hits = [found(store, text, 20) for text in TEXTS]
                store.sync()
                problems = list(store.problems())
            finally:
                store.close()
        except RagError as error:
            return [f"{opening}: {type(error).__name__}: {error}"]
        except Exception as error:
            return [f"{opening}: raw {type(error).__name__}: {error}"]
        if not _same(hits, expected):
            return [f"{opening}: wrong hits without a word"]
        if problems:
            return [f"{opening}: {problems[0].what}"]
    return []


def _truth(folder: Path, expected: list[list[dict[str, float]]]) -> list[str]:
    """A damaged truth is told, by an error or by `problems`, unless nothing that counts was hit."""
    try:
        store = open_store(folder)
        try:
            hits = [found(store, text, 20) for text in TEXTS]
            problems = list(store.problems())
            for each in (store.documents, store.scan):
                with suppress(RagError):
                    list(each())
        finally:
            store.close()
    except RagError:
        return []
    except Exception as error:
        return [f"raw {type(error).__name__}: {error}"]
    return [] if problems or _same(hits, expected) else ["wrong hits without a word"]


def _same(hits: list[list[dict[str, float]]], expected: list[list[dict[str, float]]]) -> bool:
    pairs = [pair for one, two in zip(hits, expected, strict=True) for pair in zip(one, two, strict=True)]
    return all(
        one.keys() == two.keys() and all(abs(one[name] - two[name]) < 1e-5 for name in one)
        for one, two in pairs
    )
