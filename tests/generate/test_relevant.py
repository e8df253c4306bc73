"""Sentences that a source supports and that answer another question are taken out of written answers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from rag import Document, Rag
from rag.generate import Quote
from rag.ground.cite import cite
from rag.ground.relevant import BIAS, WEIGHTS, build, relevance
from rag.reading import Passage, Reading
from rag.testing import WordEmbedder
from rag.types import Hit, Question

LAMP = Question("What colour is the lamp?")


class ByWord:
    """A reader whose logit is 3 for a text with the word `red`, and else -3."""

    name = fingerprint = "by word"

    def read(self, question: str, passages: Sequence[Passage]) -> list[Reading]:
        return [Reading(3.0 if "red" in one.text else -3.0, 0.5, ()) for one in passages]

    def support(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        return [1.0] * len(pairs)


class English(ByWord):
    scripts = ("latin",)


def test_relevance_is_the_logit_and_the_cosine() -> None:
    texts = [Passage("", "lamp red"), Passage("", "oak boat")]
    found = relevance("lamp", texts, WordEmbedder(4096), ByWord())
    # cos(lamp, lamp red) = 1/√2; nothing is shared with the other
    expected = [3 * WEIGHTS[0] + WEIGHTS[1] / math.sqrt(2) + BIAS, -3 * WEIGHTS[0] + BIAS]
    assert found == pytest.approx([1 / (1 + math.exp(-logit)) for logit in expected], abs=1e-4)


def test_a_sentence_about_something_else_is_taken_out(hits: list[Hit]) -> None:
    answer = cite(LAMP, ["The lamp is red [1]. The boat is made of oak [3]."], hits)
    stage = build(WordEmbedder(4096), ByWord())
    kept = stage(LAMP, answer)
    assert kept.text == "The lamp is red. [1]"
    assert [citation.source for citation in kept.citations] == ["lamp.txt"]
    assert 0.8 < kept.confidence < answer.confidence
    assert build(WordEmbedder(4096), ByWord(), below=0.0)(LAMP, answer).text == answer.text


def test_nothing_but_other_things_is_withdrawn(hits: list[Hit]) -> None:
    answer = cite(LAMP, ["The boat is made of oak [3]. The gate opens at noon [2]."], hits)
    kept = build(WordEmbedder(4096), ByWord())(LAMP, answer)
    assert kept.abstained
    assert (kept.sentences, kept.citations) == ((), ())
    assert kept.confidence < 0.1


def test_a_short_sentence_counts_by_what_it_cites(make_hit: Callable[..., Hit]) -> None:
    hits = [make_hit("The lamp in the hall was painted red by Ida Berg.")]
    answer = cite(LAMP, ["Ida Berg painted it in the hall [1]."], hits)
    assert answer.sentences[0].citations
    assert not build(WordEmbedder(4096), ByWord())(LAMP, answer).abstained


def test_quotes_and_unknown_letters_are_left_alone(hits: list[Hit]) -> None:
    quoted = cite(LAMP, [Quote(2, 0, 24, 0.9)], hits)
    assert build(WordEmbedder(4096), ByWord())(LAMP, quoted) is quoted
    asked = Question("灯是什么颜色的？")
    written = cite(asked, ["The boat is made of oak [3]."], hits)
    assert build(WordEmbedder(4096), English())(asked, written) is written
    assert build(WordEmbedder(4096), ByWord())(asked, written).abstained, "this one says nothing of letters"


def test_a_copied_sentence_does_not_pass_with_the_models_that_ship(tmp_path: Path) -> None:
    """A small model often copies what it was shown, whatever was asked."""
    texts = {
        "bridge.md": "The Tay Bridge was opened in 1887. It is 3,264 metres long.",
        "backups.md": "Backups are kept for thirty days. After that they are written over.",
    }

    def copies(text: str) -> Callable[[Question, Sequence[Hit]], list[str]]:
        def generate(question: Question, hits: Sequence[Hit]) -> list[str]:
            place = next(n for n, hit in enumerate(hits, 1) if text in hit.chunk.text)
            return [f"{text} [{place}]"]

        return generate

    asked = "How long are backups kept?"
    wrong, right = "The Tay Bridge was opened in 1887.", "Backups are kept for thirty days."
    with Rag(tmp_path / "index") as rag:
        rag.ingest(Document.make(text, source) for source, text in texts.items())
        with rag.variant(generate=copies(wrong), ground=["support"]) as before:
            assert not before.ask(asked).abstained, "a source says it, and so it is supported"
        for ground in (["relevant"], ["support", "relevant", "abstain"]):
            with rag.variant(generate=copies(wrong), ground=ground) as checked:
                assert checked.ask(asked).abstained
            with rag.variant(generate=copies(right), ground=ground) as checked:
                answer = checked.ask(asked)
                assert answer.text == f"{right} [1]"
                assert answer.confidence > 0.3
