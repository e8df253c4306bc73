"""`Rag`: an index, the pipeline over it (`rag/pipeline/`), and what stands above it: ingest and evaluate."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, Unpack

from rag.errors import ConfigError, FingerprintError
from rag.options import checked_options
from rag.pipeline.parts import language_of, remake
from rag.pipeline.pipeline import Pipeline, Where, filter_of
from rag.stores import Together
from rag.types import Answer, Document, DocumentInfo, Hit

if TYPE_CHECKING:
    from rag.augment.ratings import Rating
    from rag.evaluate import Case, QuestionSet, Run
    from rag.evaluate.questions.suggest import Suggestion
    from rag.evaluate.run import Options
    from rag.glossary.build import Built
    from rag.ingest import Report, Watcher
    from rag.pipeline.fields import Form
    from rag.pipeline.forget import Forgotten


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

    _to_close: Together | None = None

    @classmethod
    def over(cls, indexes: Sequence[str | Path], **parts: Any) -> Self:
        """Several indexes as one that is asked; sources begin with the index's name, `wiki.rag:docs/a.md`.

        Settings, glossary and what was tuned are those of the first; `parts` are those of `Rag`. Nothing can
        be ingested. Raises ConfigError for the same index twice, FingerprintError for different embedders,
        and StoreError where there is no index.
        """
        names = [Path(index).as_posix() for index in indexes]
        if len(set(names)) < len(names):
            raise ConfigError(f"{', '.join(names)}: each index is named once")
        known = {name: parts[name] for name in ("settings", "offline", "wait") if name in parts}
        members = [cls(index, embedder=parts.get("embedder"), **known) for index in indexes]
        embedders = [member.embedder for member in members]
        for name, embedder in zip(names, embedders, strict=True):
            if embedder.fingerprint != embedders[0].fingerprint:
                raise FingerprintError(
                    f"{name} was built with another embedder ({embedder.fingerprint}) than {names[0]} "
                    f"({embedders[0].fingerprint}): build one of them anew by `rag ingest --reembed`"
                )
        store = Together({name: member.store for name, member in zip(names, members, strict=True)})
        made = cls(indexes[0], store=store, **{**parts, "embedder": embedders[0]})
        made._to_close = store
        return made

    def close(self) -> None:
        """Closes the stores that were opened here."""
        super().close()
        if self._to_close is not None:
            self._to_close.close()
            self._to_close = None

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

        return refresh(self.store, self.home, language_of(self))

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

    def forget(self, sources: Iterable[str] = (), where: Where = None) -> Forgotten:
        """Removes documents by source, or by filter, with all that is kept of them, and looks for traces.

        Glossary, solved questions and ratings lose what rests on them, and a local store writes its files
        anew. `Forgotten.traces` is what files of the index still hold of their sentences.
        """
        from rag.pipeline.forget import forget

        chosen = filter_of(where)
        matching = {info.source for info in self.store.documents(chosen)} if chosen is not None else set()
        return forget(self, {*sources, *matching})

    def summarize(self, sources: Iterable[str] = (), where: Where = None, sentences: int = 5) -> Answer:
        """What documents say, in at most so many of their own sentences, each cited.

        They are named by source, or by a filter. Raises ConfigError for a source that is not there.
        """
        from rag.pipeline.summary import summarize

        return summarize(self, sources, filter_of(where), sentences)

    def fill(
        self,
        schema: Mapping[str, Any] | str | Path,
        about: str = "",
        k: int | None = None,
        where: Where = None,
    ) -> Form:
        """A value that keeps to a JSON schema, given or in a file: each field cited, or null and why.

        `about` says of whom or what, such as `the lease of Tarn Street`. Raises ConfigError for a schema that
        cannot be kept to, and for a file that is no JSON.
        """
        from rag.pipeline.fields import fill

        if not isinstance(schema, str | Path):
            return fill(self, schema, about, k, filter_of(where))
        try:
            read = json.loads(Path(schema).read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise ConfigError(f"{schema} cannot be read as a JSON schema: {error}") from error
        return fill(self, read, about, k, filter_of(where))

    def like(self, path: str | Path, k: int | None = None, where: Where = None) -> list[Hit]:
        """The `k` documents of the index that are most like a file, each at its best chunk.

        The file need not be in the index; where it is, it is left out. Raises LoadError for a file that
        cannot be read, ConfigError for one without text.
        """
        from rag.loaders import load
        from rag.retrieve.like import like, others

        file, wanted = Path(path), k or self.settings.search.k
        try:
            source = file.absolute().relative_to(self.index.absolute().parent).as_posix()
        except ValueError:
            source = file.as_posix()
        documents = load(file, source).documents
        if not documents:
            raise ConfigError(f"{path} holds no document to search by")
        asked = like(documents[0], self.chunks(documents[0]), self.embedder, language_of(self))
        hits = self.retrieve(asked, max(self.settings.search.depth, 4 * wanted), filter_of(where))
        return others(documents[0], hits, wanted)

    def suggest(self, near: str = "", number: int = 5, where: Where = None) -> list[Suggestion]:
        """Questions that the index answers, nearest to `near` where it is given, each with its answer."""
        from rag.evaluate.questions.suggest import suggest

        return suggest(self, near, number, filter_of(where))

    def documents(self, where: Where = None) -> list[DocumentInfo]:
        """What is stored, ordered by source."""
        return list(self.store.documents(filter_of(where)))

    # ---------------------------------------------------------------------------------------- feedback

    def rate(self, question: str, *, good: bool, k: int | None = None) -> Rating:
        """Keeps what a person says of the answer to a question, which is asked again for it.

        What is good is remembered for the stage `memory`; both become questions for `rag eval`. Raises
        ConfigError for calling an answer good that was declined.
        """
        from rag.augment.memory import NAME as SOLVED
        from rag.augment.memory import remember
        from rag.augment.ratings import forget, rate, rating

        given = rating(question, self.ask(question, k), good=good)
        rate(self.home, given)
        forget(self.home, [SOLVED], question)
        if good and given.chunks:
            remember(self.home, self.embedder, question, given.chunks)
        return given

    def correct(self, question: str, answer: str) -> str:
        """Keeps what is right for a question as a note that goes before every source; returns its source.

        A correction of the same question takes the place of the one before.
        """
        from rag.denoise.corrections import noted, read, write

        document = noted(question, answer)
        self.ingest(document)
        known = {asked: at for asked, at in read(self.home).items() if at != document.source}
        write(self.home, {**known, question.strip(): document.source})
        remake(self, "denoise")
        return document.source

    def uncorrect(self, question: str) -> str:
        """Takes a correction back; returns its source. Raises ConfigError where there is none."""
        from rag.denoise.corrections import read, source_of, write

        known, source = read(self.home), source_of(question)
        if source not in known.values():
            raise ConfigError(f"{question!r} has no correction: `rag correct --list` shows those there are")
        self.remove([source])
        write(self.home, {asked: at for asked, at in known.items() if at != source})
        remake(self, "denoise")
        return source

    def corrections(self) -> dict[str, str]:
        """Question → what is right, of every correction that is stored."""
        from rag.denoise.corrections import read

        known = read(self.home)
        ids = [info.id for info in self.documents() if info.source in known.values()]
        texts = {document.source: document.text for document in self.store.load(ids)}
        return {question: texts[source] for question, source in known.items() if source in texts}

    def evaluate(
        self, questions: QuestionSet | Sequence[Case] | str | Path, **options: Unpack[Options]
    ) -> Run:
        """Asks every question of a set and measures what comes back; `rag.evaluate.evaluate` has options."""
        from rag.evaluate.run import Options, evaluate

        checked_options("evaluate", options, Options)
        return evaluate(self, questions, **options)
