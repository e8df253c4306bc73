"""A corpus for one evaluation: an index of its own, kept below `.rag-eval/corpora/` for the next time.

The index is found again by all that decides about it (corpus, embedder, chunker, language), so two
configurations that cut alike share one, and others never meet. Everything a pipeline keeps beside an index
lives in that folder too: the corpus' own glossary, which is mined whether the first pipeline uses it or not,
so that no figure depends on which pipeline came first, and no memory of solved questions.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rag.augment.memory import NAME as SOLVED
from rag.evaluate.questions.formats import read_corpus
from rag.glossary.build import VERSION, refresh
from rag.glossary.file import NAME as GLOSSARY
from rag.ingest.run import ingest, recipe_of
from rag.pipeline.parts import language_of
from rag.progress import Progress, Watcher
from rag.stores import LocalStore, VectorStore
from rag.types import stable_id

if TYPE_CHECKING:
    from rag.pipeline.pipeline import Pipeline


_WITHIN = {"ingest.queue": "", "ingest.ray": ""}  # what ingests the corpus is this process and its workers


@contextmanager
def over(rag: Pipeline, corpus: str | Path | None, home: Path, report: Watcher) -> Iterator[Pipeline]:
    """The pipeline over the index's own documents, or over a corpus, ingested first where it is new."""
    if corpus is None:
        yield rag
        return
    path = Path(corpus)
    documents = read_corpus(path)
    folder = home / "corpora" / f"{path.stem}-{_identity(rag, path)}"

    def fill(variant: Pipeline, whole: bool) -> bool:
        if documents is None:
            return bool(ingest(variant, path, progress=_passed_on(report)).changed)
        if not whole:
            ingest(variant, documents, progress=_passed_on(report))
        return not whole

    with _index(rag, folder, fill) as pipeline:
        yield pipeline


@contextmanager
def embedded_anew(rag: Pipeline, source: VectorStore, folder: Path, report: Watcher) -> Iterator[Pipeline]:
    """A pipeline with another embedder than `source` has, over an index of the same documents in `folder`."""

    def fill(variant: Pipeline, whole: bool) -> bool:
        if not whole:
            documents = (one for info in list(source.documents()) for one in source.load([info.id]))
            ingest(variant, documents, progress=_passed_on(report))
        return not whole

    with _index(rag, folder, fill) as pipeline:
        yield pipeline


@contextmanager
def _index(rag: Pipeline, folder: Path, fill: Callable[[Pipeline, bool], bool]) -> Iterator[Pipeline]:
    """The pipeline over an index in a folder; `fill` is told whether it is whole, and says if it changed."""
    index = rag.settings.index
    store = LocalStore.open(
        folder,
        fingerprint=rag.embedder.fingerprint,
        dim=rag.embedder.dim,
        embedder=rag.origin.embedder,
        language=index.language,
        engine=index.lexical,
    )
    try:
        variant, complete = rag.variant(_WITHIN, store=store, home=folder), folder / "complete"
        changed = fill(variant, complete.exists())
        for left in (SOLVED, GLOSSARY) if changed else (SOLVED,):
            (folder / left).unlink(missing_ok=True)
        if not (folder / GLOSSARY).exists():
            refresh(store, folder, language_of(variant))
            complete.touch()
        yield rag.variant(store=store, home=folder)
    finally:
        store.close()


def _identity(rag: Pipeline, path: Path) -> str:
    """Named by content for files of documents; folders are followed, so their path names them."""
    index, file = rag.settings.index, path / "corpus.jsonl" if path.is_dir() else path
    content = os.path.abspath(path)  # noqa: PTH100 (resolve() would follow links)
    if file.is_file():
        with file.open("rb") as opened:
            content = hashlib.file_digest(opened, lambda: hashlib.blake2b(digest_size=12)).hexdigest()
    return stable_id(content, recipe_of(rag), index.language, index.lexical, VERSION)[:12]


def _passed_on(report: Watcher) -> Watcher:
    return lambda now: report(Progress("ingesting", now.documents, now.total))
