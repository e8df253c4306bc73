"""The pipeline with the small word embedder: every score here can be worked out by hand."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from importlib.metadata import metadata
from pathlib import Path
from typing import Any

import pytest

from rag import (
    Answer,
    ConfigError,
    Document,
    FilterError,
    FingerprintError,
    Hit,
    Query,
    Question,
    Rag,
    StoreError,
    Where,
)
from rag.doctor import extras
from rag.generate import Quote
from rag.testing import WordEmbedder

GUIDE = """# Guide

A session lasts thirty minutes. Then the server closes it.

## Install

Use pip to install the package. It needs Python 3.11 or newer.
"""
FRUIT = "Bananas are yellow. They grow in Ecuador and in India."


@pytest.fixture
def rag(tmp_path: Path) -> Iterator[Rag]:
    with Rag(tmp_path / "index", embedder=WordEmbedder(4096), settings={"index.language": "english"}) as rag:
        rag.ingest(
            [
                Document.make(GUIDE, "guide.md", media_type="text/markdown", metadata={"year": 2024}),
                Document.make(FRUIT, "fruit.txt", metadata={"year": 2020, "tags": ["food"]}),
            ]
        )
        yield rag


def test_an_answer_quotes_its_source_exactly(rag: Rag) -> None:
    answer = rag.ask("A session lasts how many minutes?")
    assert not answer.abstained
    assert answer.text == "A session lasts thirty minutes. [1]"
    (citation,) = answer.citations
    assert citation.source == "guide.md"
    assert citation.quote == "A session lasts thirty minutes."
    assert GUIDE[citation.start : citation.end] == citation.quote
    assert answer.sentences[0].citations == (citation,)
    assert 0 < answer.confidence <= 1


def test_what_the_sources_do_not_say_is_refused(rag: Rag) -> None:
    answer = rag.ask("Zebra quantum marmalade?")
    assert answer.abstained
    assert answer.text == "The sources do not answer this."
    assert (answer.sentences, answer.citations) == ((), ())
    assert answer.hits, "the nearest hits stay, to show what there is"


def test_search_scores_and_ranks_by_leg(rag: Rag) -> None:
    hits = rag.search("yellow bananas")
    assert hits[0].chunk.source == "fruit.txt"
    assert hits[0].ranks == {"dense": 1, "lexical": 1, "rerank": 1}
    words = 10  # Bananas are yellow They grow in Ecuador and in India: "in" twice, so a length of √12
    assert hits[0].scores["dense"] == pytest.approx(2 / (2**0.5 * 12**0.5), abs=1e-3)
    assert words == len(FRUIT.replace(".", "").split())


def test_filters_in_both_forms(rag: Rag) -> None:
    for where in ('tags has "food"', Where("tags", "has", "food"), "year < 2024"):
        assert {hit.chunk.source for hit in rag.search("the", where=where)} == {"fruit.txt"}
    with pytest.raises(FilterError, match=r"expected an operator"):
        rag.search("x", where="year 2024")


def test_the_trace_tells_every_stage_in_order(rag: Rag) -> None:
    answer = rag.ask("A session lasts how many minutes?")
    told = [(record.stage, record.name) for record in answer.trace]
    assert told == [
        ("augment", "spelling"),
        ("augment", "glossary"),
        ("retrieve", "hybrid"),
        ("denoise", "rerank"),
        ("denoise", "duplicates"),
        ("denoise", "poison"),
        ("denoise", "voices"),
        ("generate", "extractive"),
        ("ground", "cite"),
        ("ground", "support"),
        ("ground", "abstain"),
    ]
    assert all(record.ms >= 0 for record in answer.trace)
    assert answer.trace[2].detail["hits"][0]["source"] == "guide.md"


def test_the_trace_tells_how_many_hits_the_generator_is_given(rag: Rag) -> None:
    answer = rag.ask("A session lasts how many minutes?", k=1)
    came_in = {record.stage: record.came_in for record in answer.trace}
    assert len(answer.hits) == 1
    assert came_in["generate"] == "1 hit"


def test_a_stream_ends_with_the_answer(rag: Rag) -> None:
    events = list(rag.stream("A session lasts how many minutes?"))
    assert [event.kind for event in events][-1] == "answer"
    last = events[-1].answer
    assert last is not None
    assert replace(last, trace=()) == replace(rag.ask("A session lasts how many minutes?"), trace=())
    assert [event.kind for event in events].count("hits") == 1
    assert [event.record.stage for event in events if event.record] == [
        "augment", "augment", "retrieve", "denoise", "denoise", "denoise", "denoise", "generate",
        "ground", "ground", "ground",
    ]  # fmt: skip


def test_every_stage_can_be_a_callable(tmp_path: Path) -> None:
    seen: list[str] = []

    def augment(question: Question) -> Question:
        seen.append("augment")
        return Question(question.text, (Query("bananas"), Query("yellow", 0.5)))

    def denoise(question: Question, hits: Sequence[Hit]) -> Sequence[Hit]:
        seen.append(f"denoise {len(hits)}")
        return hits[:2]

    def reorder(question: Question, hits: Sequence[Hit]) -> Sequence[Hit]:
        seen.append("reorder")
        return list(reversed(hits))

    def generate(question: Question, hits: Sequence[Hit]) -> Iterator[str]:
        seen.append("generate")
        yield "Bananas are "
        yield "yellow fruit [2]. They sing [1]. They are blue [9]."

    def ground(question: Question, answer: Answer) -> Answer:
        seen.append("ground")
        return answer

    with Rag(
        tmp_path / "index",
        embedder=WordEmbedder(4096),
        chunk="sentences",
        augment=[augment],
        denoise=[denoise],
        reorder=[reorder],
        generate=generate,
        ground=[ground],
    ) as rag:
        rag.ingest([Document.make(FRUIT, "fruit.txt"), Document.make(GUIDE, "guide.md")])
        events = list(rag.stream("What colour?"))
        answer = events[-1].answer
    assert answer is not None
    assert seen == ["augment", "denoise 2", "reorder", "generate", "ground"]
    assert next(event.text for event in events if event.kind == "text") == "Bananas are "
    assert [one.text for one in answer.sentences] == [
        "Bananas are yellow fruit.", "They sing.", "They are blue.",
    ]  # fmt: skip
    assert [len(one.citations) for one in answer.sentences] == [1, 0, 0]
    assert answer.citations[0].quote == "Bananas are yellow."
    assert answer.text == "Bananas are yellow fruit. [1] They sing. They are blue."


def test_a_quote_from_a_custom_generator_cites_its_span(tmp_path: Path) -> None:
    def generate(question: Question, hits: Sequence[Hit]) -> list[Quote]:
        return [Quote(0, 0, 19, 0.9)]

    with Rag(tmp_path / "i", embedder=WordEmbedder(), generate=generate, ground=[]) as rag:
        rag.ingest(Document.make(FRUIT, "fruit.txt", pages=(0, 20)))
        answer = rag.ask("bananas")
    assert answer.citations[0].quote == "Bananas are yellow."
    assert answer.citations[0].page == 1
    assert answer.confidence == 0.9


def test_a_citation_names_the_page_of_its_sentence_not_of_its_chunk(tmp_path: Path) -> None:
    text = "The first page speaks of amber. The second page speaks of basil."
    second = [Quote(0, 32, 64, 0.9)]
    with Rag(tmp_path / "i", embedder=WordEmbedder(4096), generate=lambda *_: second, ground=[]) as rag:
        rag.ingest(Document.make(text, "two.pdf", pages=(0, 32)))
        (citation,) = rag.ask("What does the second page say of basil?").citations
    assert (citation.quote, citation.page) == ("The second page speaks of basil.", 2)


def test_near_duplicates_give_way_to_other_hits(tmp_path: Path) -> None:
    # 30 words and a number: 28 of 29 shingles are shared, so J = 28/30
    words = " ".join(f"amber{n}" for n in range(29))
    texts = [f"amber {words} {n}" for n in range(5)]
    with Rag(tmp_path / "i", embedder=WordEmbedder(4096)) as rag:
        rag.ingest(Document.make(text, f"{n}.txt") for n, text in enumerate([*texts, "amber only"]))
        assert len(rag.search("amber", k=3)) == 2
    with Rag(tmp_path / "i", embedder=WordEmbedder(4096), denoise=[]) as rag:
        assert len(rag.search("amber", k=3)) == 3


def test_no_index_is_one_clear_error_and_leaves_no_folder(tmp_path: Path) -> None:
    rag = Rag(tmp_path / "nothing")
    for call in (lambda: rag.ask("x"), lambda: rag.search("x"), rag.documents, lambda: rag.remove(["x"])):
        with pytest.raises(StoreError, match="rag ingest PATH"):
            call()
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize("question", ["", "  \n"])
def test_an_empty_question_is_refused(rag: Rag, question: str) -> None:
    with pytest.raises(ConfigError, match="empty"):
        rag.ask(question)


def test_wrong_k_and_wrong_names_are_refused(rag: Rag, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="k is -1, expected a whole number, 1 or more"):
        rag.search("x", k=-1)
    for setting, message in (
        ({"denoise": ["nothing"]}, "there is no denoise stage named 'nothing': known are .*duplicates"),
        ({"denoise": ["no.module:f"]}, "cannot be imported"),
        ({"retrieve": "sideways"}, "known are dense, hybrid, lexical"),
        ({"settings": {"search.fusion": "magic"}}, "magic"),
        ({"settings": {"nothing.here": 1}}, "unknown nothing.here"),
    ):
        with (
            pytest.raises(ConfigError, match=message),
            Rag(tmp_path / "index", embedder=WordEmbedder(4096), **setting) as other,
        ):  # type: ignore[arg-type]
            other.search("x")


def test_another_embedder_is_refused_with_the_way_out(rag: Rag, tmp_path: Path) -> None:
    with pytest.raises(FingerprintError, match="--reembed"):
        Rag(tmp_path / "index", embedder=WordEmbedder(32)).search("x")


def test_removing_by_source_and_filter(rag: Rag) -> None:
    assert rag.remove(["nothing"]) == []
    assert rag.remove(where="year = 2020") == ["fruit.txt"]
    assert [info.source for info in rag.documents()] == ["guide.md"]
    assert rag.remove(["guide.md"]) == ["guide.md"]
    assert rag.search("session") == []


def test_fusion_depth_and_weights_reach_the_retriever(tmp_path: Path) -> None:
    texts = {"a.txt": "amber amber amber", "b.txt": "basil amber cedar", "c.txt": "delta"}
    with Rag(tmp_path / "i", embedder=WordEmbedder(4096), settings={"index.language": "none"}) as rag:
        rag.ingest(Document.make(text, source) for source, text in texts.items())
    rrf = {"search.fusion": "rrf", "search.dense_weight": 2.0}
    with Rag(tmp_path / "i", embedder=WordEmbedder(4096), settings=rrf, denoise=[]) as rag:
        hits = rag.search("amber")
    assert hits[0].chunk.source == "a.txt"
    assert hits[0].score == pytest.approx(2 / (60 + 1) + 1 / (60 + 1))
    assert hits[1].score == pytest.approx(2 / (60 + 2) + 1 / (60 + 2))


@pytest.mark.parametrize("method", ["structure", "headings", "sentences", "fixed", "semantic", "code"])
def test_every_chunking_method_can_be_named_and_keeps_exact_offsets(tmp_path: Path, method: str) -> None:
    text = GUIDE * 3
    settings = {"chunk.method": method, "chunk.max_tokens": 16}
    with Rag(tmp_path / "i", embedder=WordEmbedder(), settings=settings) as rag:
        rag.ingest(Document.make(text, "guide.md", media_type="text/markdown"))
        chunks = [hit.chunk for hit in rag.search("session", k=50)]
        assert len(chunks) >= 3
        for chunk in chunks:
            assert text[chunk.start : chunk.end] == chunk.text
            assert len(rag.embedder.token_ends(chunk.text)) <= 16


def test_looking_at_the_store_makes_no_index(tmp_path: Path) -> None:
    with Rag(tmp_path / "nothing", embedder=WordEmbedder(64)) as other:
        with pytest.raises(StoreError, match=r"there is no index at .*run `rag ingest PATH` first"):
            _ = other.store
        assert not other.exists
        assert list(tmp_path.glob("nothing*")) == []
        other.ingest(Document.make("The lamp is red.", "a.txt"))
        assert other.store.stats()["documents"] == 1


def test_ask_and_search_take_the_same_arguments() -> None:
    given = [
        list(inspect.signature(one).parameters) for one in (Rag.ask, Rag.stream, Rag.search, Rag.explain)
    ]
    assert given == [["self", "question", "k", "where", "history"]] * 4


def test_a_rag_has_the_names_that_its_user_needs_and_no_others() -> None:
    """What it does, the parts it does it with, and whether there is an index."""
    asking = {"ask", "stream", "search", "explain", "over", "variant", "evaluate"}
    finding = {"fill", "like", "suggest", "summarize"}
    keeping = {"ingest", "remove", "forget", "documents", "chunks", "build_glossary", "exists", "close"}
    feedback = {"rate", "correct", "uncorrect", "corrections"}
    parts = {"store", "embedder", "chunk", "reader"}
    stages = {"augment", "retrieve", "denoise", "reorder", "generate", "ground"}
    public = {name for name in dir(Rag) if not name.startswith("_")}
    assert public == asking | finding | keeping | feedback | parts | stages


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda rag: rag.search("lamp", k="3"), "k is '3', expected a whole number, 1 or more"),
        (lambda rag: rag.ask("lamp", k=0), "k is 0, expected a whole number, 1 or more"),
        (lambda rag: rag.ask(3), "the question is 3, expected a text"),
        (lambda rag: rag.search("lamp", where=3), "where is 3, expected a text such as"),
        (lambda rag: rag.variant(denoize=[]), "a variant has no part denoize: expected some of augment"),
        (lambda rag: rag.variant(denoise=3), "denoise is 3, expected a list of"),
        (lambda rag: rag.evaluate([], workerz=2), "evaluate has no option workerz: it knows corpus, fresh"),
        (lambda rag: rag.evaluate([], k="3"), "evaluate: k is '3', expected a whole number, 1 or more"),
        (lambda rag: rag.evaluate([], workers=-1), "evaluate: workers is -1, expected a whole number, 0"),
        (lambda rag: rag.evaluate([], seed="x"), "evaluate: seed is 'x', expected a whole number"),
    ],
)
def test_arguments_are_held_to_what_they_may_be(
    rag: Rag, call: Callable[[Any], object], message: str
) -> None:
    with pytest.raises((ConfigError, FilterError), match=re.escape(message)):
        call(rag)


def test_a_stage_that_reaches_deeper_is_given_more_hits(rag: Rag) -> None:
    seen: list[int] = []

    def deep(question: Question, hits: Sequence[Hit]) -> Sequence[Hit]:
        seen.append(len(hits))
        return hits

    rag.ingest([Document.make(f"The lamp number {n}.", f"{n}.txt") for n in range(8)])
    rag.variant(denoise=[deep]).search("the", k=1)
    deep.reach = 7  # type: ignore[attr-defined]
    assert len(rag.variant(denoise=[deep]).search("the", k=1)) == 1
    assert seen == [2, 7]


def test_the_doctor_knows_every_extra() -> None:
    known = extras()
    declared = set(metadata("footnote-rag").get_all("Provides-Extra") or ())
    assert {"hf", "postgres", "serve"} < set(known) == declared - {"dev"}
    assert known["postgres"] == ["pgvector", "psycopg"]
