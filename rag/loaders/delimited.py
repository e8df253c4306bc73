"""CSV and TSV: the text is the file's; the delimiter goes into the metadata, for who splits it."""

from __future__ import annotations

import csv
from collections import Counter

from rag.loaders.decode import decode
from rag.loaders.formats import suffix_of
from rag.loaders.guard.limits import Limits
from rag.types import Document

DELIMITERS = ",;\t|"
SAMPLE_CHARS = 32_768


def load(data: bytes, source: str, limits: Limits) -> list[Document]:
    """One document, `text/csv` or `text/tab-separated-values`, with metadata `delimiter`."""
    decoded = decode(data)
    tabs = suffix_of(source) in (".tsv", ".tab")
    delimiter = "\t" if tabs else sniff_delimiter(decoded.text)
    media_type = "text/tab-separated-values" if delimiter == "\t" else "text/csv"
    metadata = {**decoded.metadata, "delimiter": delimiter}
    return [Document.make(decoded.text, source, metadata=metadata, media_type=media_type)]


def sniff_delimiter(text: str) -> str:
    """The character that cuts most rows into the same number of fields, above one; `,` where none does."""
    sample = text[:SAMPLE_CHARS]
    if len(text) > SAMPLE_CHARS:
        sample = sample[: sample.rfind("\n") + 1] or sample
    return max(DELIMITERS, key=lambda delimiter: _regularity(sample, delimiter))


def _regularity(sample: str, delimiter: str) -> tuple[float, int]:
    """Share of rows with the most common width, and that width; nothing for a single column."""
    try:
        rows = csv.reader(sample.splitlines(keepends=True), delimiter=delimiter)
        widths = Counter(len(row) for row in rows if row)
    except csv.Error:
        return 0.0, 0
    if not widths:
        return 0.0, 0
    width, count = widths.most_common(1)[0]
    return (count / widths.total(), width) if width > 1 else (0.0, 0)
