"""The order that a reader gives, with a reader whose every logit is known."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from rag import Document, Rag
from rag.denoise.rerank import Rerank, codes_of
from rag.reading import Passage, Reading, Span
from rag.testing import WordEmbedder
from rag.text.scripts import reads, share_in
from rag.types import Chunk, Hit, Question


class Knows:
    """A reader whose logit for each text is given; its best span has half the probability of the passage."""

    name = fingerprint = "knows"

    def __init__(self, logits: Mapping[str, float], sure: float = 1.0) -> None:
        self.logits, self.sure = logits, sure
        self.read_texts: list[str] = []

    def read(self, question: str, passages: Sequence[Passage]) -> list[Reading]:
        self.read_texts += [one.text for one in passages]
        return [Reading(self.logits[one.text], self.sure, (Span(0, 1, 0.5),)) for one in passages]

    def support(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        return [0.0 for _ in pairs]


def hits(*texts: str) -> list[Hit]:
    """Hits with scores that fall by one."""
    return [
        Hit(Chunk(text, "d", "s", text, 0, len(text)), float(len(texts) - place))
        for place, text in enumerate(texts)
    ]


def order(found: Sequence[Hit]) -> str:
    return "".join(hit.chunk.text[0] for hit in found)


def test_both_scores_count_as_standard_scores() -> None:
    reader = Knows({"a": 0.0, "b": 0.0, "c": 3.0})
    found = Rerank(reader, 3, 1.0)(Question("q"), hits("a", "b", "c"))  # a share of 1.0 · 1.0 · 0.5
    # first stage 3, 2, 1 → 1.225, 0, -1.225; reader 0, 0, 3 → -0.707, -0.707, 1.414
    assert [round(hit.score, 3) for hit in found] == [0.259, 0.095, -0.354]
    assert order(found) == "acb"
    assert [hit.ranks["rerank"] for hit in found] == [1, 2, 3]
    assert found[1].scores["rerank"] == 3.0


@pytest.mark.parametrize(("weight", "expected"), [(0.0, "abc"), (2.0, "cab")])
def test_the_weight_is_the_readers_share(weight: float, expected: str) -> None:
    reader = Knows({"a": 1.0, "b": 0.0, "c": 3.0})
    assert order(Rerank(reader, 3, weight)(Question("q"), hits("a", "b", "c"))) == expected


def test_a_reader_that_finds_no_answer_has_little_to_say() -> None:
    logits = {"a": -9.0, "b": -9.0, "c": -6.0}
    assert order(Rerank(Knows(logits, sure=0.02), 3, 1.0)(Question("q"), hits("a", "b", "c"))) == "abc"
    assert order(Rerank(Knows(logits, sure=1.0), 3, 1.0)(Question("q"), hits("a", "b", "c"))) == "acb"


def test_what_lies_deeper_is_not_read_and_stays_below() -> None:
    reader = Knows({"a": 0.0, "b": 9.0})
    found = Rerank(reader, 2, 2.0)(Question("q"), hits("a", "b", "c", "d"))
    assert order(found) == "bacd"
    assert reader.read_texts == ["a", "b"]
    scores = [hit.score for hit in found]
    assert scores == sorted(scores, reverse=True)


def test_a_hit_with_the_code_asked_for_stays_above() -> None:
    reader = Knows({"has E-4711": -5.0, "about errors": 5.0})
    found = Rerank(reader, 2, 1.0)(Question("What is E-4711?"), hits("about errors", "has E-4711"))
    assert order(found) == "ha"


@pytest.mark.parametrize(
    ("question", "codes"),
    [
        ("What is E-4711?", {"e-4711"}),
        ("Where is libssl1.1 used?", {"libssl1.1"}),
        ("What does max_tokens do", {"max_tokens"}),
        ("Who won in 1931, Ada or Peter?", set()),
    ],
)
def test_codes(question: str, codes: set[str]) -> None:
    assert codes_of(question) == codes


def test_codes_are_those_of_the_expression_that_defines_them() -> None:
    defined = re.compile(r"(?=\S*\d)(?=\S*[^\W\d_])\w+(?:[-_./:#+]\w+)*|\w+(?:[_/#:]\w+)+")
    chance = random.Random(4)
    for _ in range(4000):
        text = "".join(chance.choices("ab1²_-./:#+ é(", k=chance.randint(0, 14)))
        assert codes_of(text) == {match[0].lower() for match in defined.finditer(text)}, text


@pytest.mark.parametrize(
    "text", ["a" * 100_000, "1" * 100_000, "a1:" * 40_000, "_" * 100_000, "a\u0301" * 50_000]
)
def test_a_long_word_takes_no_time(text: str) -> None:
    began = time.process_time()
    codes_of(text)
    assert time.process_time() - began < 1


def test_nothing_to_read() -> None:
    assert Rerank(Knows({}), 5, 0.5)(Question("q"), []) == []


def test_letters_that_a_model_never_learned() -> None:
    assert share_in("Grüße aus Oslo 7", ("latin",)) == 1
    assert share_in("故宫 ab", ("latin",)) == 0.5
    assert share_in("1931", ("latin",)) == 1

    class Latin:
        scripts = ("latin",)

    assert reads(Latin(), "When was the hall opened?")
    assert not reads(Latin(), "大厅是什么时候开放的？")
    assert reads(object(), "大厅是什么时候开放的？"), "who tells nothing of letters is asked about all"


def test_the_dense_leg_and_the_reader_leave_unknown_letters_to_the_words(tmp_path: Path) -> None:
    class Latin(WordEmbedder):
        scripts = ("latin",)

    texts = {f"{n}.md": f"{name}馆于一九三{n}年开放。" for n, name in enumerate("天地玄黄")}
    with Rag(tmp_path / "i", embedder=Latin(4096), denoise=[], settings={"index.language": "none"}) as rag:
        rag.ingest(Document.make(text, source) for source, text in texts.items())
        hits, records = rag.explain("玄馆是哪一年开放的？")
        assert hits[0].chunk.source == "2.md"
        assert all("dense" not in hit.ranks for hit in hits)
        assert records[-1].detail["left out"].startswith("dense")
        assert all("dense" in hit.ranks for hit in rag.explain("When was 玄馆 opened to visitors?")[0])


def test_a_single_hit_keeps_the_score_it_came_with() -> None:
    chunk = Chunk("c", "d", "a.txt", "Kiwis are green.", 0, 16)
    [hit] = Rerank(Knows({"Kiwis are green.": -3.0}), 20, 0.6)(Question("kiwis"), [Hit(chunk, 2.0)])
    assert hit.score == 2.0
    assert hit.scores["rerank"] == -3.0
