"""Files of questions → `QuestionSet`. One format, one file; every error names file and line.

- `lines.py`: JSON lines with `question`, `answers`, `relevant`, `meta`; FlashRAG's `golden_answers` too
- `beir.py`: a folder with `queries.jsonl` and `qrels/*.tsv`
- `trec.py`: topics (tab-separated or `<top>` blocks) with a qrels file
- `squad.py`: SQuAD JSON, versions 1.1 and 2.0
- `table.py`: CSV and TSV
- `rows.py`: what the formats share: checked fields of one row
- `corpus.py`: the documents that belong to a set
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from rag.errors import ConfigError
from rag.evaluate.questions.cases import Case, QuestionSet

from .corpus import corpus_of, read_corpus

__all__ = ["corpus_of", "read_corpus", "read_questions"]


def read_questions(path: str | Path, qrels: str | Path | None = None, split: str = "test") -> QuestionSet:
    """The questions of a file or folder, its format recognised by its content.

    `qrels` names a TREC file with the judgements of a topics file; `split` is the BEIR split to read. Raises
    ConfigError for a path that does not exist, a format that is not known, and every malformed row.
    """
    path = Path(path)
    if not path.exists():
        raise ConfigError(f"there is no {path}: expected a file or folder of questions")
    name = path.absolute().parent.name if path.stem in ("qa", "queries", "questions") else path.stem
    return QuestionSet(name or path.name, tuple(_cases(path, Path(qrels) if qrels else None, split)))


def _cases(path: Path, qrels: Path | None, split: str) -> Iterable[Case]:
    if qrels is not None:
        from .trec import read

        return read(path, qrels)
    if path.is_dir():
        return _folder(path, split)
    suffix = path.suffix.lower()
    if suffix in (".csv", ".tsv"):
        from .table import read as table

        return table(path)
    if suffix in (".jsonl", ".ndjson"):
        from .lines import read as lines

        return lines(path)
    if suffix == ".json":
        from .squad import read as squad

        return squad(path)
    raise ConfigError(
        f"{path}: unknown format {suffix or 'without a suffix'}; expected .jsonl, .json (SQuAD), .csv, .tsv, "
        "a BEIR folder, or TREC topics with --qrels"
    )


def _folder(path: Path, split: str) -> Iterable[Case]:
    from .beir import read as beir
    from .lines import read as lines

    for name in ("qa.jsonl", "questions.jsonl"):
        if (path / name).exists():
            return lines(path / name)
    if (path / "queries.jsonl").exists():
        return beir(path, split)
    raise ConfigError(
        f"{path} holds no questions: expected qa.jsonl, or queries.jsonl with qrels/{split}.tsv (BEIR)"
    )
