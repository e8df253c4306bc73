"""Checks an index against itself, the models and the machine; each finding says how to mend it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from rag.counts import counted
from rag.errors import ConfigError, RagError
from rag.terminal import controls_in

if TYPE_CHECKING:
    from rag.rag import Rag
    from rag.types import Chunk

_LEAST_FREE = 512 * 2**20
_MOST_SUSPECTS = 20
_MOST_HIDING = 50
_HIDING = "it is not in the index; look at the source, and `rag rm` what you do not trust"
_SHOWN = "they are shown as escapes, such as \\x1b; look at the source, and `rag rm` what you do not trust"
_MOST_READ, _BATCH = 100_000, 1000  # chunks that are looked at
_QUARANTINE = (
    "read it, then `rag rm` it. The stage poison keeps it from answers, as far as `search.denoise` names it; "
    "if it is honest, name its source in `trusted` of [stages.poison]"
)
_NEEDED = ("numpy", "faiss-cpu", "tantivy", "rank-bm25", "onnxruntime", "tokenizers", "pypdfium2")
_PACKAGE = "footnote-rag"
_DEVELOPMENT = "dev"  # the extra of those who work on this package


class Finding(NamedTuple):
    """One thing that was checked: `ok`, worth knowing (`note`), or wrong (`error`), and what mends it."""

    level: Literal["ok", "note", "error"]
    what: str
    mend: str = ""


def examine(index: Path, store: str | None = None) -> list[Finding]:
    """Every finding, in the order checked; nothing is changed but derived indexes brought up to date."""
    return [*_packages(), *_index(index, store), *_disk(index)]


def _packages() -> Iterator[Finding]:
    for name in _NEEDED:
        try:
            yield Finding("ok", f"{name} {version(name)}")
        except PackageNotFoundError:
            yield Finding("error", f"{name} is not installed", "pip install --force-reinstall footnote-rag")
    for extra, needed in extras().items():
        present = all(_installed(name) for name in needed)
        state = "present" if present else "not installed (optional)"
        yield Finding("ok" if present else "note", f"[{extra}] {state}", "" if present else _pip(extra))


def extras() -> dict[str, list[str]]:
    """Every extra of this package, and the packages that it brings."""
    packages: dict[str, list[str]] = {}
    for row in requires(_PACKAGE) or ():
        named = re.match(r"([\w.-]++)[^;]*;.*\bextra\s*==\s*['\"]([\w-]+)['\"]", row)
        if named and named[2] != _DEVELOPMENT:
            packages.setdefault(named[2], []).append(named[1])
    return packages


def _installed(name: str) -> bool:
    try:
        return bool(version(name))
    except PackageNotFoundError:
        return False


def _pip(extra: str) -> str:
    return f"pip install 'footnote-rag[{extra}]'"


def _index(index: Path, store: str | None) -> Iterator[Finding]:
    from rag.rag import Rag

    try:
        with Rag(index, store=store) as rag:
            if not rag.exists:
                yield Finding("note", f"no index at {rag.origin.place}", "rag ingest PATH")
                return
            yield from _stages(rag)
            yield from _embedder(rag)
            yield from _store(rag)
            yield from _tuned(rag)
    except RagError as error:
        mend = (
            ""
            if store or isinstance(error, ConfigError) or "rag tune undo" in str(error)
            else f"rag ingest PATH --index {index}, after moving the folder away"
        )
        yield Finding("error", str(error), mend)


def _stages(rag: Rag) -> Iterator[Finding]:
    """Stages that cannot be made, and sections of options that no stage reads."""
    from rag.pipeline.conditional import spelled
    from rag.pipeline.parts import stages_of
    from rag.pipeline.registry import check

    stages = rag.settings.stages
    for kind, stage in stages_of(rag):
        try:
            check(kind, stage, stages)
        except RagError as error:
            yield Finding("error", str(error), f"change it in {rag.config.path}")
    named = [spelled(stage) for _, stage in stages_of(rag) if isinstance(stage, str)]
    known = {name for stage in named for name in (stage.stage, stage.when)} | {rag.settings.chunk.method}
    for name in sorted(set(stages) - known):
        yield Finding(
            "note",
            f"[stages.{name}] in {rag.config.path} is read by no stage of the pipeline",
            "name that stage, or correct the section: it is called as the stage is, `poison` or `gguf`",
        )


def _embedder(rag: Rag) -> Iterator[Finding]:
    embedder = rag.embedder
    yield Finding("ok", f"embedder {embedder.name}, {embedder.dim} dimensions, {embedder.fingerprint}")
    verify = getattr(embedder, "verify", None)
    try:
        if verify is not None:
            verify()
    except RagError as error:
        yield Finding("error", str(error), "pip install --force-reinstall footnote-rag")


def _store(rag: Rag) -> Iterator[Finding]:
    store = rag.store
    counts = store.stats()
    yield Finding("ok", f"{counted(counts['documents'], 'document')}, {counted(counts['chunks'], 'chunk')}")
    problems = store.problems()
    for problem in problems:
        yield Finding("error", problem.what, problem.mend)
    if not problems:
        yield Finding("ok", "truth and derived indexes agree")
    if not counts["chunks"]:
        yield Finding("note", "the index is empty", "rag ingest PATH")
    yield from _hidden(rag)
    yield from _controls(rag)
    yield from _poison(rag)


def _tuned(rag: Rag) -> Iterator[Finding]:
    """The parts that `rag tune` adopted, and those that this index refuses."""
    from rag.pipeline.adopted import adopted

    for kind, card in adopted(rag.home).items():
        try:
            card.fit(rag.embedder.fingerprint)
        except RagError as error:
            yield Finding("error", str(error), f"rag tune undo {kind} --index {rag.index}")
            continue
        questions = card.data.get("questions", {}).get("name", "questions")
        why = card.verdict.get("reason", "")
        yield Finding("ok", f"tuned {kind}, adopted {card.made} by {questions}: {why}")


def _hidden(rag: Rag) -> Iterator[Finding]:
    """Documents whose files keep text from their readers; it was left out, so it answers nothing."""
    from rag.loaders.guard.hidden import HIDDEN_KEY

    hiding = [info for info in rag.store.documents() if HIDDEN_KEY in info.metadata]
    for info in hiding[:_MOST_HIDING]:
        yield Finding("note", f"{info.source}: {info.metadata[HIDDEN_KEY]}", _HIDING)
    if (more := len(hiding) - _MOST_HIDING) > 0:
        yield Finding("note", f"{counted(more, 'more document hides', 'more documents hide')} text", _HIDING)


def _controls(rag: Rag) -> Iterator[Finding]:
    """Documents with characters that would command a terminal or deceive the eye."""
    held: dict[str, str] = {}
    for info in rag.store.documents():
        texts = [info.source, info.title, *map(str, info.metadata.values())]
        if strange := controls_in("\n".join(texts)):
            held[info.source] = strange
    for chunk in _chunks(rag):
        if chunk.source not in held and (strange := controls_in(f"{chunk.heading}\n{chunk.text}")):
            held[chunk.source] = strange
    for source, strange in islice(held.items(), _MOST_HIDING):
        yield Finding("note", f"{source}: holds {strange}", _SHOWN)
    if (more := len(held) - _MOST_HIDING) > 0:
        yield Finding(
            "note", f"{counted(more, 'more document holds', 'more documents hold')} such characters", _SHOWN
        )


def _chunks(rag: Rag) -> Iterator[Chunk]:
    after = ""
    for _ in range(0, _MOST_READ, _BATCH):
        rows = rag.store.scan(after=after, limit=_BATCH)
        yield from (chunk for chunk, _ in rows)
        if len(rows) < _BATCH:
            return
        after = rows[-1][0].id


def _poison(rag: Rag) -> Iterator[Finding]:
    """Passages that were written for a model instead of a reader: named, not judged."""
    from rag.denoise.poison import suspects
    from rag.pipeline.registry import check

    try:
        trusted = check("denoise", "poison", rag.settings.stages).get("trusted", ())
    except ConfigError:  # told already, where the stage is used
        trusted = ()
    for suspect in islice(suspects(rag.store, trusted=trusted), _MOST_SUSPECTS):
        place = f"{suspect.chunk.source}, characters {suspect.chunk.start} to {suspect.chunk.end}"
        yield Finding("note", f"suspicious: {place}: {suspect.why}", _QUARANTINE)


def _disk(index: Path) -> Iterator[Finding]:
    folder = index.absolute()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    free_space = f"{free / 2**30:.1f} GB free on the disk of {folder}"
    if free < _LEAST_FREE:
        yield Finding("error", free_space, "free some space: an ingest needs about three times its text")
    else:
        yield Finding("ok", free_space)
