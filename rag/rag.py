"""`Rag`: an index, the pipeline over it (`rag/pipeline/`), and what stands above it: ingest and evaluate."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from rag.pipeline.pipeline import Pipeline, Where, filter_of
from rag.types import Document, DocumentInfo

if TYPE_CHECKING:
    from rag.evaluate import Case, QuestionSet, Run
    from rag.evaluate.run import Options
    from rag.glossary.build import Built
    from rag.ingest import Report, Watcher


class Rag(Pipeline):
    """An index and the pipeline over it. Opening it is cheap: parts are made when they are first used.

        rag = Rag("notes.rag")
        rag.ingest("docs/")
        print(rag.ask("How do I add a loader?").text)

    `index` is a folder (default `.rag`). `store` is a `VectorStore` or the URL of one, where documents and
    chunks are not to live in that folder; what belongs to its reader stays there (the glossary, solved
    questions), or in the folder `home`, and `rag.toml` beside it. A stage is given by name, by
    `module:function`, or as a callable; `settings` maps `section.name` to values and goes before the
    environment and `rag.toml`. Raises ConfigError for settings that cannot be used, and StoreError or one of
    its kinds when the store cannot be opened.
    """

    def ingest(
        self,
        sources: str | Path | Document | Iterable[str | Path | Document],
        *,
        progress: Watcher | None = None,
        force: bool = False,
        load: Callable[[Path, str], Sequence[Document]] | None = None,
    ) -> Report:
        """Makes the store follow files and folders, and stores documents made in Python.

        What is gone from a folder is removed, what did not change is left alone; `force` reads everything
        again. `load(path, source)` replaces the built-in loaders. A file that cannot be read becomes a row
        of the report's `failed` and keeps what was stored of it. Raises LockedError while another process
        writes, ConfigError for a path that does not exist.
        """
        from rag.ingest.run import ingest

        return ingest(self, sources, progress=progress, force=force, load=load)

    def build_glossary(self) -> Built:
        """Mines the corpus for its terms; documents that did not change are not read again.

        An ingest does this by itself where the stage `glossary` is on. Raises StoreError without an index.
        """
        from rag.glossary.build import refresh

        return refresh(self.store, self.home, self.language)

    def remove(self, sources: Iterable[str] = (), where: Where = None) -> list[str]:
        """Removes documents by source, or by filter. Returns the sources that went."""
        store, wanted = self.store, set(sources)
        chosen = filter_of(where)
        gone = {info.id: info.source for info in store.documents() if info.source in wanted}
        if chosen is not None:
            gone |= {info.id: info.source for info in store.documents(chosen)}
        if gone:
            store.delete(list(gone))
            store.sync()
        return sorted(gone.values())

    def documents(self, where: Where = None) -> list[DocumentInfo]:
        """What is stored, ordered by source."""
        return list(self.store.documents(filter_of(where)))

    def evaluate(
        self, questions: QuestionSet | Sequence[Case] | str | Path, **options: Unpack[Options]
    ) -> Run:
        """Asks every question of a set and measures what comes back; `rag.evaluate.evaluate` has options."""
        from rag.evaluate.run import evaluate

        return evaluate(self, questions, **options)
