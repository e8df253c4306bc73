"""Store → glossary, document by document: only what changed since the last time is read again.

Beside `glossary.toml` lies `glossary.mined.jsonl`, one line a document: its id, its hash, and the pairs found
in it. It is derived: without it the next build reads everything.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from rag.stores import VectorStore
from rag.text.lines import json_lines

from .file import Senses, write
from .mine import Pair, mine

STATE = "glossary.mined.jsonl"
MOST_TERMS = 5000
"""Terms that are kept, the most frequent first: more make opening slow, and are rare."""
MOST_SENSES = 5
_BATCH = 100
VERSION = 1
"""Raised when `mine` finds something else in the same text."""


class Built(NamedTuple):
    """What a build did."""

    documents: int
    """How many were read; the others had not changed."""
    terms: int
    ambiguous: int
    path: Path
    seconds: float


def refresh(store: VectorStore, folder: Path, language: str = "english") -> Built:
    """Brings the glossary of a folder up to the store. `language` (a Snowball name) merges inflections."""
    began = time.perf_counter()
    stored = {info.id: f"{VERSION} {info.hash}" for info in store.documents()}
    kept = {
        document: row for document, row in _read(folder / STATE).items() if stored.get(document) == row[0]
    }
    changed = iter([document for document in stored if document not in kept])
    read = 0
    while batch := list(islice(changed, _BATCH)):
        for document in store.load(batch):
            kept[document.id] = (stored[document.id], mine(document.text))
            read += 1
    mined = merged((pairs for _, pairs in kept.values()), language)
    path = write(folder, mined)
    if read or len(kept) != len(stored):
        _write(folder / STATE, kept)
    ambiguous = sum(len(senses) > 1 for senses in mined.values())
    return Built(read, len(mined), ambiguous, path, round(time.perf_counter() - began, 3))


def merged(documents: Iterable[Sequence[Pair]], language: str = "english") -> dict[str, Senses]:
    """Term → meaning → documents that give it. Meanings with equal stems are one, in their commonest form."""
    from rag.indexes import Analyzer

    analyze = Analyzer(language).analyze
    forms: dict[str, dict[tuple[str, ...], Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    for pairs in documents:
        for term, meaning in dict.fromkeys(pairs):
            key = tuple(analyze(meaning.replace("-", " ")))
            if term and key and term.lower() != meaning.lower():
                forms[term][key][meaning] += 1
    meanings = {term: _senses(senses.values()) for term, senses in forms.items()}
    ranked = sorted(meanings.items(), key=lambda row: (-sum(row[1].values()), row[0]))
    return dict(ranked[:MOST_TERMS])


def _senses(forms: Iterable[Counter[str]]) -> Senses:
    counted = [
        (min(form, key=lambda spelling: (-form[spelling], len(spelling), spelling)), form.total())
        for form in forms
    ]
    return dict(sorted(counted, key=lambda row: (-row[1], row[0]))[:MOST_SENSES])


def _read(path: Path) -> dict[str, tuple[str, list[Pair]]]:
    """The state; nothing where it is missing or torn, which costs reading all documents again."""
    try:
        rows = [json.loads(line) for line in json_lines(path.read_text("utf-8"))]
        return {document: (mark, [Pair(*pair) for pair in pairs]) for document, mark, pairs in rows}
    except (OSError, ValueError, TypeError):
        return {}


def _write(path: Path, rows: Mapping[str, tuple[str, Sequence[Pair]]]) -> None:
    part = path.with_suffix(".part")
    with part.open("w", encoding="utf-8") as file:
        for document, (mark, pairs) in rows.items():
            file.write(json.dumps([document, mark, pairs], ensure_ascii=False) + "\n")
    os.replace(part, path)  # noqa: PTH105
