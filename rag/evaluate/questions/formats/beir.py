"""BEIR folders: `queries.jsonl` (`_id`, `text`) and `qrels/<split>.tsv` (query-id, corpus-id, score).

Queries without a judgement in the split are left out, as BEIR's own evaluation does.
Source: Thakur et al., BEIR: A Heterogeneous Benchmark for Zero-shot Evaluation of Information Retrieval
Models.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from rag.errors import ConfigError
from rag.evaluate.questions.cases import Case

from .rows import objects, strings, text_of


def read(folder: Path, split: str = "test") -> Iterator[Case]:
    """The judged queries of one split."""
    judged = _qrels(folder, split)
    for where, row in objects(folder / "queries.jsonl"):
        identity, text = str(row.get("_id", "")), row.get("text")
        if not identity or not isinstance(text, str) or not text.strip():
            raise ConfigError(
                f"{where}: expected `_id` and `text`, got {', '.join(sorted(row)) or 'nothing'}"
            )
        if judged.get(identity):
            meta = row.get("metadata")
            answers = strings(row.get("answers"), where, "answers")
            meta = meta if isinstance(meta, dict) else {}
            yield Case(identity, text.strip(), answers, judged[identity], meta)


def _qrels(folder: Path, split: str) -> dict[str, dict[str, float]]:
    path = folder / "qrels" / f"{split}.tsv"
    if not path.exists():
        splits = ", ".join(sorted(file.stem for file in (folder / "qrels").glob("*.tsv"))) or "none"
        raise ConfigError(f"there is no {path}: the splits of this folder are {splits}")
    qrels: dict[str, dict[str, float]] = defaultdict(dict)
    for number, line in enumerate(text_of(path).splitlines(), 1):
        if not line.strip():
            continue
        fields = line.split("\t")
        try:
            query, document, score = fields[0], fields[1], float(fields[2])
        except (IndexError, ValueError):
            if number == 1:  # the heading
                continue
            raise ConfigError(
                f"{path}:{number}: {line[:80]!r}, expected query-id, corpus-id and score, tab-separated"
            ) from None
        if score > 0:
            qrels[query][document] = score
    return qrels
