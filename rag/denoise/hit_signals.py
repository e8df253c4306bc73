"""What can be said of a hit in numbers, for stages that order by more than a score.

    dense, lexical         the legs' best scores; dense_rank, lexical_rank their ranks
    dense_gap, lexical_gap the same, less the best of all hits
    score, place           the score before this stage, as z over all hits, and the place by it, from 1
    reader, reader_gap     the reader's logit that the hit answers, and how far it is behind the best one
    span                   the probability of the best answer in it
    in_title, in_heading, in_text     share of the question's words that stand there, by their stems
    words, begins          words of the chunk, and how many characters of its document stand before it
    siblings               hits of the same document
    age                    days since the document's date, or that of its file, where one is known
    kind_…                 1 for the kind of source that it is: page, pdf, office, sheet, mail, code, other

What is not known is NaN: a hit that the reader did not read has no logit.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from rag.types import Chunk, Hit

from .blend import standard

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rag.indexes import Analyzer

_KINDS = {
    "page": ("html", "htm", "md", "txt", "rst", "epub"),
    "pdf": ("pdf",),
    "office": ("docx", "pptx", "odt", "odp", "doc", "ppt"),
    "sheet": ("xlsx", "xls", "xlsb", "ods", "csv", "tsv"),
    "mail": ("eml", "mbox", "msg"),
    "code": ("py", "js", "ts", "java", "c", "cpp", "go", "rs", "sh", "sql", "ipynb", "json", "toml"),
}
NAMES = (
    "dense", "lexical", "dense_rank", "lexical_rank", "dense_gap", "lexical_gap", "score", "place",
    "reader", "reader_gap", "span", "in_title", "in_heading", "in_text", "words", "begins", "siblings", "age",
    *(f"kind_{kind}" for kind in (*_KINDS, "other")),
)  # fmt: skip
"""The columns of `table`, in order."""
_DATES = ("date", "modified", "updated", "created", "published")
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}")


def table(question: str, hits: Sequence[Hit], language: str, today: date) -> NDArray[np.float64]:
    """One row a hit, one column a name of `NAMES`."""
    import numpy as np

    legs = {name: [_of(hit, name) for hit in hits] for name in ("dense", "lexical", "rerank", "span")}
    best = {
        name: max((value for value in row if value == value), default=math.nan) for name, row in legs.items()
    }
    scores = standard([hit.score for hit in hits]) if hits else []
    per_document = Counter(hit.chunk.document_id for hit in hits)
    asked = _stems(question, language)
    rows = []
    for place, hit in enumerate(hits):
        chunk = hit.chunk
        dense, lexical, reader = (legs[name][place] for name in ("dense", "lexical", "rerank"))
        kind = kind_of(chunk.source)
        rows.append(
            [
                dense,
                lexical,
                hit.ranks.get("dense", math.nan),
                hit.ranks.get("lexical", math.nan),
                dense - best["dense"],
                lexical - best["lexical"],
                scores[place],
                place + 1,
                reader,
                reader - best["rerank"],
                legs["span"][place],
                _shared(asked, chunk.title, language),
                _shared(asked, chunk.heading, language),
                _shared(asked, chunk.text, language),
                len(chunk.text.split()),
                chunk.start,
                per_document[chunk.document_id],
                age_of(chunk, today),
                *(float(kind == name) for name in (*_KINDS, "other")),
            ]
        )
    return np.array(rows, np.float64).reshape(len(hits), len(NAMES))


def age_of(chunk: Chunk, today: date) -> float:
    """Days since the document's date, as its fields tell it; NaN where they tell none."""
    for name in _DATES:
        match = _ISO.search(str(chunk.metadata.get(name, "")))
        if match:
            try:
                return float((today - date.fromisoformat(match[0])).days)
            except ValueError:
                continue
    return math.nan


def now() -> date:
    """The day it is, in UTC."""
    return datetime.now(UTC).date()


def kind_of(source: str) -> str:
    """The kind of a source by its suffix."""
    suffix = PurePosixPath(source.partition("#")[0]).suffix.lower().lstrip(".")
    return next((kind for kind, suffixes in _KINDS.items() if suffix in suffixes), "other")


def _of(hit: Hit, name: str) -> float:
    return float(hit.scores.get(name, math.nan))


def _shared(asked: frozenset[str], text: str, language: str) -> float:
    return len(asked & _stems(text, language)) / len(asked) if asked and text else 0.0


def _stems(text: str, language: str) -> frozenset[str]:
    return frozenset(_analyzer(language).analyze(text))


@cache
def _analyzer(language: str) -> Analyzer:
    from rag.indexes import Analyzer

    return Analyzer(language)
