"""Questions on documents in another language, with an embedder to which words of two languages are one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rag import Document, Rag
from rag.denoise.rerank import Rerank
from rag.embedding import Kind
from rag.generate.other_languages import TOLD
from rag.reading import Passage, Reading, Span
from rag.reading.across import foreign, nearest, probability
from rag.testing import WordEmbedder
from rag.types import Question
from tests.stages.small import hit

GERMAN = "Die Fähre fährt um acht. Das Brot ist aus Roggen. Der Hund schläft in der Küche."
ENGLISH = "The quarry was closed in 1974. The lake is deep and it was cold."
SAME = {
    "fähre": "ferry",
    "fährt": "leaves",
    "hund": "dog",
    "schläft": "sleeps",
    "küche": "kitchen",
    "brot": "bread",
    "roggen": "rye",
}
WEIGHTS = {"bias": -4.0, "cosine": 10.0, "lead": 5.0}


class Bilingual:
    """The word embedder, to which a German word is its English one."""

    def __init__(self, across: Mapping[str, float]) -> None:
        self._words = WordEmbedder(4096)
        self.across = across
        self.name, self.dim, self.max_tokens = "bilingual", self._words.dim, self._words.max_tokens
        self.fingerprint = "bilingual@1"

    def embed(self, texts: Sequence[str], kind: Kind = "document") -> Any:
        return self._words.embed([self._alike(text) for text in texts], kind)

    def token_ends(self, text: str) -> Any:
        return self._words.token_ends(text)

    @staticmethod
    def _alike(text: str) -> str:
        text = text.lower()
        for word, other in SAME.items():
            text = text.replace(word, other)
        return text


def asked(
    folder: Path, documents: Mapping[str, str], across: Mapping[str, float] = WEIGHTS, **options: Any
) -> Rag:
    rag = Rag(folder / "index", embedder=Bilingual(across), **options)
    rag.ingest(Document.make(text, source) for source, text in documents.items())
    return rag


def test_languages_are_told_by_function_words_and_letters() -> None:
    hits = [hit(GERMAN), hit(ENGLISH), hit("每年六月一日至八月底禁止捕鱼。"), hit("NP-9 240 395")]
    assert foreign("When does the ferry leave?", hits) == [True, False, True, False]
    assert foreign("Wann fährt die Fähre ab?", hits) == [False, True, True, True]


def test_the_nearest_sentence_and_how_likely_it_is() -> None:
    best = nearest("dog sleeps", [hit(ENGLISH), hit(GERMAN)], Bilingual(WEIGHTS))
    assert best is not None
    assert (best.unit.place, best.unit.view) == (1, "Der Hund schläft in der Küche.")
    # Its words are dog, sleeps, in, kitchen and twice der, so cos = 2 / √(2 · (4 + 4)), the same under no
    # headings; no other of the five sentences has one of them, so the lead is all of it.
    cosine = 0.5
    assert best.features == pytest.approx((cosine, cosine, cosine - cosine / 5), abs=1e-5)
    assert best.probability == pytest.approx(1 / (1 + np.exp(4 - 15 * cosine)), abs=1e-5)
    assert probability((0.0, 0.0, 0.0), {"bias": 0.0}) == 0.5


def test_an_english_question_is_answered_from_a_german_document(tmp_path: Path) -> None:
    with asked(tmp_path, {"haus.txt": GERMAN, "quarry.txt": ENGLISH}) as rag:
        answer = rag.ask("Where does the dog of the house sleep? The dog sleeps?")
        assert [citation.quote for citation in answer.citations] == ["Der Hund schläft in der Küche."]
        citation = answer.citations[0]
        assert GERMAN[citation.start : citation.end] == citation.quote
        assert answer.span is None
        assert TOLD in answer.notes
        assert answer.confidence > 0.4


def test_what_is_far_from_every_sentence_is_refused(tmp_path: Path) -> None:
    with asked(tmp_path, {"haus.txt": GERMAN}) as rag:
        answer = rag.ask("What is the name of the mayor?")
        assert answer.abstained
        assert answer.confidence < 0.3


def test_a_german_question_is_answered_from_an_english_document(tmp_path: Path) -> None:
    text = "The dog sleeps here. The bread was made of rye."
    with asked(tmp_path, {"house.txt": text}) as rag:
        answer = rag.ask("Wo ist das Brot aus Roggen und wer hat es?")
        assert [citation.quote for citation in answer.citations] == ["The bread was made of rye."]


@pytest.mark.parametrize("across", [{}, WEIGHTS])
def test_documents_in_the_language_of_the_question_are_answered_as_ever(
    tmp_path: Path, across: Mapping[str, float]
) -> None:
    with asked(tmp_path, {"quarry.txt": ENGLISH}, across) as rag:
        answer = rag.ask("When was the quarry closed?")
        assert answer.span is not None
        assert answer.span.quote == "1974"
        assert TOLD not in answer.notes


def test_of_two_languages_the_likelier_answer_counts(tmp_path: Path) -> None:
    documents = {"haus.txt": GERMAN, "quarry.txt": ENGLISH}
    with asked(tmp_path, documents) as rag:
        answer = rag.ask("When was the quarry closed?")
        assert [(c.source, c.quote) for c in answer.citations] == [
            ("quarry.txt", "The quarry was closed in 1974.")
        ]
        assert TOLD not in answer.notes


def test_an_embedder_without_weights_is_not_asked(tmp_path: Path) -> None:
    with asked(tmp_path, {"haus.txt": GERMAN}, {}) as rag:
        assert TOLD not in rag.ask("Where is the dog that sleeps?").notes


class Counting:
    """A reader that likes every passage alike and remembers what it read."""

    name, fingerprint = "counting", "counting@1"

    def __init__(self) -> None:
        self.seen: list[str] = []

    def read(self, question: str, passages: Sequence[Passage]) -> list[Reading]:
        self.seen += [passage.text for passage in passages]
        return [Reading(len(p.text), 1.0, (Span(0, 1, 1.0),)) for p in passages]

    def support(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        return [0.5 for _ in pairs]


@pytest.mark.parametrize("apart", [True, False])
def test_rerank_leaves_other_languages_where_they_are(apart: bool) -> None:
    reader = Counting()
    long = "The lake is deep and it was cold in the winter of that year."
    hits = [hit(GERMAN, 3.0, "de"), hit("The lake was deep.", 2.0, "short"), hit(long, 1.9, "long")]
    ordered = Rerank(reader, 10, 0.6, apart=apart)(Question("How deep is the lake?"), hits)
    if not apart:
        assert GERMAN in reader.seen
        return
    assert GERMAN not in reader.seen
    assert [one.chunk.source for one in ordered] == ["de", "long", "short"]
    assert "rerank" not in ordered[0].scores
    assert ordered[1].scores["rerank"] == len(long)


def test_rerank_reads_nothing_where_all_is_in_another_language() -> None:
    reader = Counting()
    hits = [hit(GERMAN, 2.0), hit(GERMAN, 1.0)]
    assert list(Rerank(reader, 10, 0.6, apart=True)(Question("Where is the dog?"), hits)) == hits
    assert not reader.seen


def scores(folder: Path, across: Mapping[str, float], question: str) -> tuple[float, bool]:
    """How far the chunk with the words is ahead of the other, and whether words counted less."""
    documents = {"worded.txt": "Der Roggen und die NP-9 sind hier.", "haus.txt": GERMAN}
    with asked(folder, documents, across, denoise=()) as rag:
        answer = rag.ask(question)
        found = {hit.chunk.source: hit.score for hit in rag.search(question)}
        return found["worded.txt"] - found["haus.txt"], any("weighed" in one.detail for one in answer.trace)


def test_words_count_less_for_a_question_in_another_language(tmp_path: Path) -> None:
    asks = "Where is the dog and the NP-9?"
    ahead, less = scores(tmp_path / "one", {}, asks)
    ahead_across, less_across = scores(tmp_path / "two", WEIGHTS, asks)
    assert (less, less_across) == (False, True)
    # Of two chunks one has a z of 1 and the other of -1: the lexical leg brings 2, and a tenth of it 0.2.
    assert ahead - ahead_across == pytest.approx(1.8, abs=1e-4)
    assert not scores(tmp_path / "three", WEIGHTS, "Wo ist der Hund und die NP-9?")[1]
