"""One ingest, put together: sources → selection → parsing pool → sync."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

from rag.cores import cores
from rag.embedding.tokenizer import WrittenTokenizer
from rag.errors import RagError
from rag.glossary.build import refresh
from rag.glossary.file import NAME as GLOSSARY
from rag.pipeline.parts import chunker_by_name, has_stage, language_of, make_store
from rag.progress import Watcher
from rag.trace import name_of
from rag.types import Document, stable_id

from .files import File, Rules, Selection, select
from .parsing.cutting import Cutter, named
from .report import Report
from .sources import Options, is_address, open_source
from .storing import Here, Storing
from .sync import Parse, Parsed, Sync

if TYPE_CHECKING:
    from rag.pipeline.parts import Parts

Source = str | Path | Document
Load = Callable[[Path, str], Sequence[Document]]

_WORKER_MB = 4096  # address space of a parsing process: a bomb that slips through ends there
_LOADERS_VERSION = 6  # raised when a loader reads the same bytes differently, so that they are read again


def ingest(
    rag: Parts,
    sources: Source | Iterable[Source],
    *,
    progress: Watcher | None = None,
    force: bool = False,
    load: Load | None = None,
) -> Report:
    """What `Rag.ingest` does, with the parts of a pipeline."""
    named = [sources] if isinstance(sources, str | Path | Document) else list(sources)
    documents = [source for source in named if isinstance(source, Document)]
    addresses = [source for source in named if isinstance(source, str) and is_address(source)]
    paths = [source for source in named if not isinstance(source, Document) and not is_address(source)]
    opened = [open_source(address, _options(rag)) for address in addresses]
    selection = selected(rag, paths)  # before anything is made: a typo leaves no trace
    with make_store(rag).writing(), _storing(rag) as storing:
        sync = Sync(
            store=rag.store,
            embedder=rag.embedder,
            cut=rag.chunks,
            recipe=recipe_of(rag),
            base=base_of(rag),
            watch=progress or (lambda _: None),
            storing=storing,
            timeout=rag.settings.ingest.timeout,
        )
        if documents:
            sync.documents(documents)
        if paths:
            parse = _parse_here(load) if load else _parse_in_pool(rag)
            sync.files(selection, parse, force=force)
        for source in opened:
            with closing(source):
                sync.follow(source, _parse_here(load) if load else _parse_in_pool(rag), force=force)
        outdated = sync.report.changed or not (rag.home / GLOSSARY).exists()
        if outdated and has_stage(rag, "augment", "glossary"):
            refresh(rag.store, rag.home, language_of(rag))
    return sync.report


def _storing(rag: Parts) -> AbstractContextManager[Storing]:
    """Who embeds and stores: this process, workers that take units from a queue, or a Ray cluster."""
    settings = rag.settings.ingest
    if settings.ray:
        from .ray import on_ray

        return on_ray(rag)
    if settings.workers > 1 or settings.queue:
        from rag.ingest.queue.storing import queued

        return queued(rag)
    return nullcontext(Here(rag.store, rag.embedder))


def _options(rag: Parts) -> Options:
    settings = rag.settings.ingest
    return Options(
        offline=rag.offline,
        max_pages=settings.max_pages,
        max_bytes=settings.max_megabytes * 2**20,
        delay=settings.delay,
        allow_hosts=tuple(settings.allow_hosts),
    )


def selected(rag: Parts, paths: Sequence[str | Path]) -> Selection:
    """The files that these paths stand for, under the settings."""
    from rag.loaders import takes

    settings = rag.settings.ingest
    rules = Rules(
        include=settings.include,
        exclude=settings.exclude,
        gitignore=settings.gitignore,
        hidden=settings.hidden,
        max_bytes=settings.max_megabytes * 2**20,
        takes=takes,
        index=_absolute(rag.index),
    )
    return select(paths, rules, base_of(rag))


def base_of(rag: Parts) -> Path:
    """The folder that sources are named from: the one that holds the index."""
    return _absolute(rag.index).parent


def _absolute(path: Path) -> Path:
    return Path(os.path.abspath(path))  # noqa: PTH100 (resolve() would follow links)


def recipe_of(rag: Parts) -> str:
    """Names all that decides how a file becomes chunks; a change makes files be read again."""
    chunker = rag.chunk
    name = name_of(chunker) if callable(chunker) and not hasattr(chunker, "__dataclass_fields__") else chunker
    return stable_id(_LOADERS_VERSION, name, rag.embedder.fingerprint)


def _parse_in_pool(rag: Parts) -> Parse:
    """Parses in worker processes, so that a file that hangs or crashes harms only itself."""

    def parse(files: Iterable[File]) -> Generator[Parsed, None, None]:
        from rag.ingest.parsing.pool import Job, ParsePool
        from rag.loaders import Limits

        settings = rag.settings.ingest
        limits = replace(Limits(), max_bytes=settings.max_megabytes * 2**20)
        workers = settings.workers or cores()
        jobs = (Job(file.path, file.source, key=file) for file in files)
        with ParsePool(workers, settings.timeout, limits, memory_mb=_WORKER_MB, cutter=_cutter(rag)) as pool:
            for parsed in pool.parse(jobs):
                file = cast("File", parsed.job.key)
                documents = _titled(file, parsed.documents)
                cuts = zip((document.id for document in documents), parsed.cuts, strict=False)
                yield Parsed(file, documents, parsed.problems, parsed.error, dict(cuts))

    return parse


def _cutter(rag: Parts) -> Cutter | None:
    """How parsing processes cut documents; None where only this process can."""
    tokenizer = getattr(rag.embedder, "tokenizer", None)
    method = chunker_by_name(rag)
    if method is None or not isinstance(tokenizer, WrittenTokenizer):
        return None
    return Cutter(*method, *tokenizer)


def _parse_here(load: Load) -> Parse:
    """Parses with a caller's own function, in this process."""

    def parse(files: Iterable[File]) -> Generator[Parsed, None, None]:
        for file in files:
            try:
                yield Parsed(file, _titled(file, list(load(file.path, file.source))), [], None)
            except (RagError, OSError, ValueError) as error:
                yield Parsed(file, [], [], str(error))

    return parse


def _titled(file: File, documents: Sequence[Document]) -> list[Document]:
    return [named(document, file.path, file.source) for document in documents]
