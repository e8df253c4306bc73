"""The documents that belong to a question set: JSON lines as BEIR has them, SQuAD's paragraphs, or files.

A document's source is its id in the corpus, which is how judgements name it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rag.errors import ConfigError
from rag.types import Document

from .rows import first, objects


def read_corpus(path: str | Path) -> Iterator[Document] | None:
    """The documents of `corpus.jsonl` (`id` or `_id`, `title`, `text`) or of a SQuAD file.

    None where the path is anything else: a file or folder for the usual loaders. Raises ConfigError for a
    path that does not exist and for a malformed line.
    """
    path = Path(path)
    if not path.exists():
        raise ConfigError(f"there is no {path}: expected a corpus, a file or a folder of documents")
    if path.is_dir() and (path / "corpus.jsonl").exists():
        path = path / "corpus.jsonl"
    if path.suffix.lower() in (".jsonl", ".ndjson"):
        return _lines(path)
    if path.suffix.lower() == ".json":
        from .squad import documents

        return documents(path)
    return None


def corpus_of(questions: str | Path) -> Path | None:
    """The corpus that lies beside a file of questions, if there is one."""
    path = Path(questions)
    folder = path if path.is_dir() else path.parent
    return folder / "corpus.jsonl" if (folder / "corpus.jsonl").exists() else None


def _lines(path: Path) -> Iterator[Document]:
    for where, row in objects(path):
        identity, text = first(row, "id", "_id"), first(row, "text", "contents")
        if identity is None or not isinstance(text, str):
            raise ConfigError(f"{where}: expected `id` and `text`, got {', '.join(sorted(row)) or 'nothing'}")
        meta = first(row, "meta", "metadata")
        yield Document.make(
            text,
            str(identity),
            title=str(row.get("title") or ""),
            metadata=meta if isinstance(meta, dict) else None,
        )
