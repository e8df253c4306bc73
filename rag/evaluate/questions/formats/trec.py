"""TREC topics and qrels. Topics are `id<tab>question` lines or `<top>` blocks with `<num>` and `<title>`.

A line of qrels is `topic iteration document gain`, separated by spaces. Topics without a relevant document
are left out, as trec_eval does.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from rag.errors import ConfigError
from rag.evaluate.questions.cases import Case

from .rows import text_of

_TOP = re.compile(r"<top>((?:(?!<top>).)*?)</top>", re.DOTALL | re.IGNORECASE)
_NUMBER = re.compile(r"<num>\s*(?:Number:)?\s*([^\s<]+)", re.IGNORECASE)
_TITLE = re.compile(r"<title>\s*(?:Topic:)?\s*(.*?)\s*(?:</title>|<\w+>|$)", re.DOTALL | re.IGNORECASE)


def read(topics: Path, qrels: Path) -> Iterator[Case]:
    """The topics that have a relevant document."""
    if not topics.is_file() or not qrels.is_file():
        missing = topics if not topics.is_file() else qrels
        raise ConfigError(f"there is no file {missing}: expected TREC topics and qrels")
    judged = _qrels(qrels)
    for identity, question in _topics(topics):
        if judged.get(identity):
            yield Case(identity, question, (), judged[identity])


def _topics(path: Path) -> Iterator[tuple[str, str]]:
    text = text_of(path)
    blocks = list(_TOP.finditer(text))
    for block in blocks:
        number, title = _NUMBER.search(block[1]), _TITLE.search(block[1])
        if number is None or title is None or not title[1].strip():
            at = text.count("\n", 0, block.start()) + 1
            raise ConfigError(f"{path}:{at}: a <top> without <num> or <title>")
        yield number[1], " ".join(title[1].split())
    if blocks:
        return
    for place, line in enumerate(text.splitlines(), 1):
        if line.strip():
            identity, tab, question = line.partition("\t")
            if not tab or not question.strip():
                raise ConfigError(f"{path}:{place}: {line[:80]!r}, expected an id, a tab and a question")
            yield identity.strip(), question.strip()


def _qrels(path: Path) -> dict[str, dict[str, float]]:
    qrels: dict[str, dict[str, float]] = defaultdict(dict)
    for number, line in enumerate(text_of(path).splitlines(), 1):
        fields = line.split()
        if not fields:
            continue
        try:
            topic, _, document, gain = fields
            value = float(gain)
        except ValueError:
            raise ConfigError(
                f"{path}:{number}: {line[:80]!r}, expected topic, iteration, document and gain"
            ) from None
        if value > 0:
            qrels[topic][document] = value
    return qrels
