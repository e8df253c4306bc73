"""What a run records about itself, so that it can be repeated and told apart from others.

`identity` decides the figures: questions, pipeline, index, code. `setting` is where and with what it ran.
"""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.augment.memory import NAME as SOLVED
from rag.config import flat
from rag.cores import cores
from rag.evaluate.questions.cases import QuestionSet
from rag.glossary.file import NAME as GLOSSARY
from rag.pipeline.adopted import KINDS, TUNED, folder_of
from rag.pipeline.parts import stages_of
from rag.secrets import as_shown
from rag.trace import name_of
from rag.types import stable_id

from .code import is_code, written

if TYPE_CHECKING:
    from rag.pipeline.pipeline import Pipeline

_LIBRARIES = (
    "footnote-rag",
    "numpy",
    "faiss-cpu",
    "tantivy",
    "onnxruntime",
    "tokenizers",
    "transformers",
    "torch",
)
_LARGE = 2**20  # bytes from which a file is identified by size and time
_STAGES = ("augment", "denoise", "reorder", "ground")


def identity(
    rag: Pipeline, questions: QuestionSet, *, k: int | None, depth: int, seed: int
) -> dict[str, Any]:
    """JSON values; two runs with the same identity give the same figures."""
    return {
        "questions": {"name": questions.name, "count": len(questions), "fingerprint": questions.fingerprint},
        "index": index_fingerprint(rag),
        "kept": {name: _content(rag.home / name) for name in (GLOSSARY, SOLVED)} | _tuned(rag),
        "pipeline": pipeline(rag),
        "parts": {f"{kind} {name_of(part)}": written(part) for kind, part in stages_of(rag) if is_code(part)},
        "files": named_files(rag),
        "settings": {name: _plain(value) for name, value in sorted(flat(rag.settings).items())},
        "k": k or rag.settings.search.k,
        "depth": depth,
        "seed": seed,
        "code": code_fingerprint(),
        "versions": versions(),
    }


def named_files(rag: Pipeline) -> dict[str, str]:
    """Files and folders that settings name, by setting: digests of small ones, else size and time.

    A model or a prompt that was replaced is another one, though it lies in the same place.
    """
    named = {
        name: value
        for name, value in _leaves(flat(rag.settings))
        if isinstance(value, str) and not name.startswith(("store.", "stores.", "ingest.", "index."))
    }
    return {
        name: _content(Path(value))
        for name, value in sorted(named.items())
        if ("/" in value or "." in value) and Path(value).exists()
    }


def _tuned(rag: Pipeline) -> dict[str, str]:
    """The adopted parts that the pipeline uses, by content."""
    used = {"retriever": rag.settings.search.adapter, "ranker": rag.settings.search.ranker}
    digests = {
        kind: _content(folder_of(rag.home, kind))
        for kind in KINDS
        if not used.get(kind) and folder_of(rag.home, kind).is_dir()
    }
    return {f"{TUNED}/{kind}": digest for kind, digest in digests.items()}


def _leaves(values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _leaves({f"{name}.{key}": inner for key, inner in value.items()})
        else:
            yield name, value


def _content(path: Path) -> str:
    """A digest; empty where there is nothing."""
    files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
    rows = []
    for file in files:
        try:
            stat = file.stat()
        except OSError:
            return ""
        large = stat.st_size > _LARGE
        what = (
            f"{stat.st_size} {stat.st_mtime_ns}" if large else hashlib.blake2b(file.read_bytes()).hexdigest()
        )
        rows.append(f"{file.name} {what}")
    return stable_id(*rows)


def setting() -> dict[str, Any]:
    """The machine, which decides how long it takes."""
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": cores(),
        "memory_mb": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20,
    }


def pipeline(rag: Pipeline) -> dict[str, list[str]]:
    """The names of the parts, stage by stage."""
    named = {kind: [name_of(part) for part in getattr(rag, kind)] for kind in _STAGES}
    return {
        "augment": named["augment"],
        "retrieve": [name_of(rag.retrieve)],
        "denoise": named["denoise"],
        "reorder": named["reorder"],
        "generate": [name_of(rag.generate)],
        "ground": named["ground"],
    }


def index_fingerprint(rag: Pipeline) -> dict[str, Any]:
    """What the index holds: a digest over all documents, and what it was built with."""
    digest = hashlib.blake2b(digest_size=12)
    documents = chunks = 0
    for info in rag.store.documents():
        digest.update(stable_id(info.source, info.hash).encode())
        documents, chunks = documents + 1, chunks + info.chunks
    caps = rag.store.caps
    return {
        "fingerprint": digest.hexdigest(),
        "documents": documents,
        "chunks": chunks,
        "store": caps.name,
        "lexical": caps.lexical,
        "embedder": rag.embedder.fingerprint,
    }


@cache
def code_fingerprint() -> str:
    """A digest over the framework's own source, so that a run of other code is not taken for the same."""
    digest = hashlib.blake2b(digest_size=12)
    home = Path(__file__).parents[2]
    folders = [home, *(home.parent / name for name in ("stores", "indexes") if not (home / name).is_dir())]
    for folder in folders:
        for path in sorted(folder.rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def versions() -> dict[str, str]:
    """The versions of the libraries that decide about figures, of those installed."""
    versions = {}
    for name in _LIBRARIES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else as_shown(value)
