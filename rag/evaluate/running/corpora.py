"""A corpus for one evaluation: an index of its own, kept below `.rag-eval/corpora/` for the next time.

The index is found again by all that decides about it (corpus, embedder, chunker, language), so two
configurations that cut alike share one, and others never meet.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.evaluate.questions.formats import read_corpus
from rag.ingest import Progress
from rag.ingest.run import ingest, recipe_of
from rag.stores import LocalStore
from rag.types import stable_id

if TYPE_CHECKING:
    from rag.pipeline.pipeline import Pipeline


@contextmanager
def over(
    rag: Pipeline, corpus: str | Path | None, home: Path, told: Callable[[Any], None]
) -> Iterator[Pipeline]:
    """The pipeline over the index's own documents, or over a corpus, ingested first where it is new."""
    if corpus is None:
        yield rag
        return
    path = Path(corpus)
    documents = read_corpus(path)
    folder = home / "corpora" / f"{path.stem}-{_identity(rag, path)}"
    index = rag.settings.index
    store = LocalStore.open(
        folder,
        fingerprint=rag.embedder.fingerprint,
        dim=rag.embedder.dim,
        embedder=rag.embedder_name,
        language=index.language,
        engine=index.lexical,
    )
    try:
        variant = rag.variant(store=store)
        complete = folder / "complete"
        if documents is None:
            ingest(variant, path, progress=_passed_on(told))
        elif not complete.exists():
            ingest(variant, documents, progress=_passed_on(told))
            complete.touch()
        yield variant
    finally:
        store.close()


def _identity(rag: Pipeline, path: Path) -> str:
    """Named by content for files of documents; folders are followed, so their path names them."""
    index, file = rag.settings.index, path / "corpus.jsonl" if path.is_dir() else path
    content = os.path.abspath(path)  # noqa: PTH100 (resolve() would follow links)
    if file.is_file():
        with file.open("rb") as opened:
            content = hashlib.file_digest(opened, lambda: hashlib.blake2b(digest_size=12)).hexdigest()
    return stable_id(content, recipe_of(rag), index.language, index.lexical)[:12]


def _passed_on(told: Callable[[Any], None]) -> Callable[[Progress], None]:
    from rag.progress import Step

    return lambda now: told(Step("ingesting", now.documents, now.total))
