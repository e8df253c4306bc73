"""The curve over the number of passages: a reader that is distracted falls, and the fall is proven."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from rag import ConfigError, Document, Hit, Question, Rag
from rag.commands.evaluate import Task, evaluated
from rag.evaluate import Case, QuestionSet
from rag.evaluate.experiments.passages import passages
from rag.generate import Quote
from rag.testing import WordEmbedder


def distracted(question: Question, hits: Sequence[Hit]) -> list[Quote]:
    """Reads the second of three hits at most; of more, the last: which never answers."""
    at = min(1, len(hits) - 1) if len(hits) <= 3 else len(hits) - 1
    return [Quote(at, 0, len(hits[at].chunk.text), 0.9)]


@pytest.fixture
def rag(tmp_path: Path) -> Rag:
    rag = Rag(tmp_path / "i", embedder=WordEmbedder(4096), denoise=[second], generate=distracted, ground=[])
    texts = {f"{n}.md": f"Hall {n} of the town." for n in range(6)} | {"x.md": "The hall opened in 1931."}
    rag.ingest(Document.make(text, source) for source, text in texts.items())
    return rag


def second(question: Question, hits: Sequence[Hit]) -> Sequence[Hit]:
    """The hit that answers stands at the second place."""
    gold = [hit for hit in hits if "1931" in hit.chunk.text]
    rest = [hit for hit in hits if "1931" not in hit.chunk.text]
    return [*rest[:1], *gold, *rest[1:]]


def asked() -> QuestionSet:
    cases = [Case(str(n), f"When did the hall of the town open {'now ' * n}?", ("1931",)) for n in range(12)]
    return QuestionSet("halls", tuple(cases))


def test_first_up_then_down(rag: Rag, tmp_path: Path) -> None:
    found = passages(rag, asked(), [5, 1, 2], out=tmp_path / "out")
    assert [(one.k, one.value.mean) for one in found.points] == [(1, 0.0), (2, 1.0), (5, 0.0)]
    assert found.best("as configured").k == 2
    assert found.widest("as configured") == 2, "at five the fall is proven: twelve of twelve"
    assert found.points[2].change.mean == -1
    assert "best at k = 2, good up to 2" in str(found)
    assert "how many passages" in (tmp_path / "out" / "passages.html").read_text()
    turned = passages(rag, asked(), [2], ["reverse"], out=tmp_path / "turned")
    assert turned.points[0].value.mean == 0, "reversed, the first of two is at the second place"


def test_what_cannot_be_asked_is_refused(rag: Rag, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="expected numbers of hits"):
        passages(rag, asked(), [0, 1])
    with pytest.raises(ConfigError, match="leave -k out"):
        passages(rag, asked(), [1], k=3)
    with pytest.raises(ConfigError, match="expected numbers of hits"):
        evaluated(rag, tmp_path / "q.jsonl", Task(curve="1,many"), {})
    with pytest.raises(ConfigError, match="give --curve with it"):
        evaluated(rag, tmp_path / "q.jsonl", Task(), {"reorder": "edges"})
