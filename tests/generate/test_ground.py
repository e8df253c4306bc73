"""From what a model wrote to sentences that are proved: citing, repairing, refusing, support, entropy."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from rag import Document, Rag
from rag.commands.ask import with_samples
from rag.errors import ConfigError
from rag.generate import Quote
from rag.generate.prompted import prompted
from rag.ground import support as support_stage
from rag.ground.abstain import REFUSAL
from rag.ground.align import Aligner
from rag.ground.cite import cite
from rag.ground.compose import composed
from rag.ground.consensus import build as consensus_stage
from rag.ground.consensus import expected_utilities
from rag.ground.evidence import Evidence
from rag.ground.markers import plain_markers
from rag.ground.plain import plain
from rag.ground.refusal import is_refusal
from rag.ground.semantic_entropy import build as entropy_stage
from rag.ground.semantic_entropy import clusters, entropy
from rag.pipeline.parts import stages_of
from rag.reading import Passage, Reading
from rag.testing import WordEmbedder
from rag.text.shared_words import shared
from rag.trace import Trace
from rag.types import Answer, Hit, Question, Record

ASKED = Question("What is known?")


def test_a_right_marker_cites_the_sentence_it_rests_on(hits: list[Hit]) -> None:
    answer = cite(ASKED, ["The lamp is ", "red [1]. At noon the gate opens. [2]"], hits)
    assert [citation.source for citation in answer.citations] == ["lamp.txt", "gate.txt"]
    assert answer.citations[0].quote == "The lamp is painted red."
    # "lamp", "red" of ("lamp", "red"): 2/2; "noon", "gate", "opens": 3/3
    assert [one.support for one in answer.sentences] == [1.0, 1.0]
    assert answer.text == "The lamp is red. [1] At noon the gate opens. [2]"


def test_a_wrong_marker_is_repaired_or_dropped(hits: list[Hit]) -> None:
    answer = cite(ASKED, ["The gate opens at noon [1]. The kettle sings [3]. The boat is oak."], hits)
    sources = [[c.source for c in sentence.citations] for sentence in answer.sentences]
    assert sources == [["gate.txt"], [], ["boat.txt"]]
    assert [citation.marker for citation in answer.citations] == [1, 2], "no number for a source not used"
    assert answer.text == "The gate opens at noon. [1] The kettle sings. The boat is oak. [2]"


@pytest.mark.parametrize(
    "written",
    [
        "The gate opens at noon【2】.",
        "The gate opens at noon 【2†gate.txt】.",
        "The gate opens at noon (Source 2).",
        "The gate opens at noon [Source 2].",
        "Source 2: [2] The gate opens at noon.",
        "The gate opens at noon [^2].",
        "The gate opens at noon.<sup>2</sup>",
        "The gate opens at noon<source>2</source>.",
        "The gate opens at noon.²",
        "The gate opens at noon (see [2]).",
        "The gate opens at noon (2).",
        "According to source 2, the gate opens at noon.",
        "The gate opens at noon [^2].\n\n[^2]: gate.txt",
        "**Answer:**\n\n- The gate opens at noon. [2]",
        "Answer: The gate opens at noon [2].",
        "The gate opens at noon [2].\n\nReferences:\n[2] gate.txt",
        "The gate opens at noon [2].\n\n**Sources:**\n- [1] lamp.txt\n- [2] gate.txt\n",
    ],
)
def test_markers_and_labels_in_other_shapes(hits: list[Hit], written: str) -> None:
    answer = cite(ASKED, [written], hits)
    (sentence,) = answer.sentences
    assert sentence.text.lstrip("- ") == "The gate opens at noon."
    assert [citation.source for citation in sentence.citations] == ["gate.txt"]


def test_several_markers_in_one_bracket(hits: list[Hit]) -> None:
    for marks in ("[1, 3]", "[1; 3]", "[1] [3]", "(Sources 1 and 3)", "【1, 3】"):
        (sentence,) = cite(ASKED, [f"The lamp is red and the boat is oak {marks}."], hits).sentences
        assert [citation.source for citation in sentence.citations] == ["lamp.txt", "boat.txt"], marks
    assert plain_markers("all [1-3] of them") == "all [1][2][3] of them"


@pytest.mark.parametrize(
    "text", ["in case (1) or [2020]", "Sources: they were many.", "The answer: 4.", "12 m²."]
)
def test_what_is_no_marker_and_no_label_stays(text: str) -> None:
    assert plain_markers(text) == text


def test_a_number_that_the_source_has_not_is_no_proof(make_hit: Callable[..., Hit]) -> None:
    hits = [make_hit("The tank holds 40 litres of water."), make_hit("It was filled in 2021 by hand.")]
    answer = cite(ASKED, ["The tank holds 45 litres of water [1]."], hits)
    assert answer.sentences[0].citations == ()
    both = cite(ASKED, ["The tank holds 40 litres of water and was filled in 2021 [1] [2]."], hits)
    assert len(both.sentences[0].citations) == 2, "each number stands in one of the two"


def test_two_sentences_that_follow_each_other_can_be_one_proof(make_hit: Callable[..., Hit]) -> None:
    text = "Nothing else. Ada Lund led the yard. She retired in 1990. More text here."
    hits = [make_hit(text)]
    span = Aligner(hits).best("Ada Lund led the yard and retired in 1990", 0)
    assert text[span.start : span.end] == "Ada Lund led the yard. She retired in 1990."
    assert span.numbers == {"1990"}
    alone = Aligner(hits).best("Ada Lund led the yard", 0)
    assert (text[alone.start : alone.end], alone.share) == ("Ada Lund led the yard.", 1.0)


@pytest.mark.parametrize(
    ("sentence", "refusal"),
    [
        ("I cannot answer this from the sources.", True),
        ("The provided documents do not mention the lamp's price.", True),
        ("There is no information about this.", True),
        ("The answer is not stated in the text.", True),
        ("No answer.", True),
        ("I don’t know.", True),
        ("Dazu sagen die Quellen nichts; die Quellen enthalten keine Angabe.", True),
        ("资料中没有提到这一点。", True),
        ("The lamp is painted red.", False),
        ("The documents are kept in the cellar.", False),
        ("No lamp may be moved.", False),
    ],
)
def test_refusals_in_a_models_own_words(sentence: str, refusal: bool) -> None:
    assert is_refusal(sentence) is refusal


@pytest.mark.parametrize(
    "written", ["", "The sources do not say when the lamp was made [1].", "I do not know. No answer."]
)
def test_nothing_written_or_a_refusal_is_an_abstention(hits: list[Hit], written: str) -> None:
    answer = cite(ASKED, [written], hits)
    assert (answer.abstained, answer.text, answer.citations) == (True, REFUSAL, ())
    assert len(answer.hits) == 3


def test_a_claim_that_sounds_like_a_refusal_keeps_its_proof(make_hit: Callable[..., Hit]) -> None:
    hits = [make_hit("The documents do not need a signature of the director.")]
    answer = cite(ASKED, ["The documents do not have a signature of the director [1]."], hits)
    assert not answer.abstained
    assert answer.citations


def scored(*scores: float) -> support_stage.Scorer:
    given = iter(scores)
    return lambda pairs: [next(given) for _ in pairs]


@pytest.mark.parametrize(
    ("policy", "text"),
    [
        ("mark", "The lamp is red. [1] The gate opens. [unsupported] Bees hum. [unsupported]"),
        ("remove", "The lamp is red. [1]"),
        ("abstain", REFUSAL),
    ],
)
def test_what_is_not_supported_goes_by_the_policy(hits: list[Hit], policy: str, text: str) -> None:
    draft = cite(ASKED, ["The lamp is red [1]. The gate opens [2]. Bees hum."], hits)
    check = support_stage.build(WordEmbedder(), policy=policy, scorer=scored(0.9, 0.2))
    answer = check(ASKED, draft)
    assert answer.text == text
    assert answer.abstained is (policy == "abstain")
    assert [citation.source for citation in answer.citations] == ([] if policy == "abstain" else ["lamp.txt"])
    assert answer.confidence == pytest.approx(0.0 if policy == "abstain" else 0.9)


def test_markers_count_anew_when_a_sentence_goes(hits: list[Hit]) -> None:
    draft = cite(ASKED, ["The lamp is red [1]. The gate opens [2]. The boat is oak [3]."], hits)
    answer = support_stage.build(WordEmbedder(), policy="remove", scorer=scored(0.1, 0.9, 0.8))(ASKED, draft)
    assert answer.text == "The gate opens. [1] The boat is oak. [2]"
    assert [citation.marker for citation in answer.citations] == [1, 2]
    assert composed(answer, answer.sentences) == answer


def test_an_answer_without_support_is_withdrawn_under_every_policy(hits: list[Hit]) -> None:
    draft = cite(ASKED, ["Bees hum. Birds sing."], hits)
    for policy in support_stage.POLICIES:
        assert support_stage.build(WordEmbedder(), policy=policy)(ASKED, draft).abstained
    with pytest.raises(ConfigError, match="mark, remove, abstain"):
        support_stage.build(WordEmbedder(), policy="ignore")


def _bees(question: Question, hits: Sequence[Hit]) -> Iterator[str]:
    yield "Bees hum about nothing."


def test_a_written_answer_that_is_withdrawn_is_told_of(tmp_path: Path) -> None:
    with Rag(tmp_path / "i", embedder=WordEmbedder(), generate=_bees) as rag:
        rag.ingest(Document.make("The lamp is red. The gate opens.", "a.md"))
        answer = rag.ask("Who sings in the boat?")
    assert answer.abstained
    assert any("withdrawn" in note for note in answer.notes)
    assert answer.hits


def test_a_sure_quote_stands_in_for_a_written_answer_that_is_withdrawn(tmp_path: Path) -> None:
    with Rag(tmp_path / "i", embedder=WordEmbedder(), generate=_bees) as rag:
        rag.ingest(Document.make("The lamp is red. The gate opens.", "a.md"))
        assert rag.ask("Is the lamp red?").abstained, "only where it is asked for"
    settings = {"ask.quote_instead": 0.5}
    with Rag(tmp_path / "i", embedder=WordEmbedder(), generate=_bees, settings=settings) as rag:
        answer = rag.ask("Is the lamp red?")
        assert [one.quoted for one in answer.sentences] == [True]
        assert answer.text == "The lamp is red. [1]"
        assert answer.confidence >= 0.5
        told = [one for one in answer.notes if "withdrawn" in one or "quoted from the sources" in one]
        assert len(told) == 2, answer.notes
        with rag.variant({"ask.abstain_below": 1.0}) as unsure:
            assert unsure.ask("Is the lamp red?").abstained, "what is too unsure for an answer is for a quote"


TABLE = (
    "| Model | Flow (m3/h) | Weight (kg) |\n| --- | --- | --- |\n| NP-8 | 60 | 126 |\n| NP-9 | 240 | 395 |"
)


def test_a_value_in_brackets_is_no_marker(make_hit: Callable[..., Hit]) -> None:
    hits = [make_hit(TABLE), make_hit("The crane is 2 m wide and stands at the gate.", source="b.txt")]
    for written in ("The NP-9 is [395] kg heavy. [1]", "The NP-9 is 395 kg heavy. [1]"):
        (sentence,) = cite(ASKED, [written], hits).sentences
        assert sentence.text == "The NP-9 is 395 kg heavy."
        assert [citation.quote for citation in sentence.citations] == ["| NP-9 | 240 | 395 |"]
    (sentence,) = cite(ASKED, ["The crane is [2] m wide [2]."], hits).sentences
    assert sentence.text == "The crane is 2 m wide."
    (sentence,) = cite(ASKED, ["The crane [2] stands at the gate."], hits).sentences
    assert (sentence.text, len(sentence.citations)) == ("The crane stands at the gate.", 1)


def test_a_row_proves_what_its_columns_say(make_hit: Callable[..., Hit]) -> None:
    hits = [make_hit(TABLE)]
    asked = Question("How heavy is the NP-9?")
    draft = cite(asked, ["The NP-9 weighs 395 kg. [1]"], hits)
    evidence = Evidence(hits)
    assert evidence.text(draft.citations) == "Model: NP-9; Flow (m3/h): 240; Weight (kg): 395"
    assert not evidence.misplaced("How heavy is the NP-9? The NP-9 weighs 395 kg.", draft.citations)
    assert evidence.misplaced("How heavy is the NP-9? The NP-9 weighs 240 kg.", draft.citations)
    assert not evidence.misplaced("Which one? The second one is 240.", draft.citations), "no column is named"

    def sure(pairs: Sequence[tuple[str, str]]) -> list[float]:
        return [0.9 for _ in pairs]

    stage = support_stage.build(WordEmbedder(), scorer=sure)
    assert stage(asked, draft).sentences[0].support == 0.9
    other = cite(asked, ["The NP-9 weighs 240 kg. [1]"], hits)
    assert stage(asked, other).abstained, ".9 / 2 is below .5"


def test_a_line_that_leads_to_a_list_is_not_marked(make_hit: Callable[..., Hit]) -> None:
    hits = [make_hit("1. Close the valve.\n2. Drain the casing.")]
    draft = cite(ASKED, ["Follow these steps:\n1. Close the valve. [1]\n2. Paint the moon. [1]"], hits)
    answer = support_stage.build(WordEmbedder())(ASKED, draft)
    assert answer.text == "Follow these steps:\n1. Close the valve. [1]\n2. Paint the moon. [unsupported]"
    alone = cite(ASKED, ["Follow these steps:\n1. Paint the moon. [1]"], hits)
    assert support_stage.build(WordEmbedder())(ASKED, alone).abstained


def test_lines_that_begin_with_markers_are_items(make_hit: Callable[..., Hit]) -> None:
    hits = [make_hit("Alerts go to the phone. Disks above 85 percent page.")]
    rows = cite(ASKED, ["[1] Alerts go to the phone\n[2] Disks above 85 percent page"], hits).sentences
    assert [row.text for row in rows] == ["- Alerts go to the phone", "- Disks above 85 percent page"]
    assert all(row.citations for row in rows)


def test_the_name_of_a_column_may_be_the_year(make_hit: Callable[..., Hit]) -> None:
    hits = [make_hit("| | 2021 | 2022 |\n| --- | --- | --- |\n| Operating margin | 8.0% | 5.4% |")]
    (sentence,) = cite(ASKED, ["The operating margin in 2022 was 5.4%. [1]"], hits).sentences
    assert sentence.citations
    asked = "What was the operating margin in 2022?"
    assert Evidence(hits).misplaced(f"{asked} It was 8.0%.", sentence.citations)
    assert not Evidence(hits).misplaced(f"{asked} It was 5.4%.", sentence.citations)


def test_a_comparison_rests_on_a_span_of_each_side(make_hit: Callable[..., Hit]) -> None:
    hits = [
        make_hit(
            "The Supplier is liable up to EUR 250,000 a year.", source="a.md", heading="Rostock agreement"
        ),
        make_hit(
            "The Supplier is liable up to EUR 400,000 a year.", source="b.md", heading="Nantes agreement"
        ),
        make_hit("The harbour of Nantes opens at six.", source="c.md"),
    ]
    written = "The Rostock agreement is liable up to EUR 250,000 a year, Nantes up to EUR 400,000. [2]"
    (sentence,) = cite(ASKED, [written], hits).sentences
    assert {citation.source for citation in sentence.citations} == {"a.md", "b.md"}
    (wrong,) = cite(ASKED, [written.replace("400", "500")], hits).sentences
    assert not wrong.citations, "a number that neither has is no paraphrase"


def test_markers_at_the_end_of_a_paragraph_count_for_its_sentences(make_hit: Callable[..., Hit]) -> None:
    steps = "1. Close the valve.\n2. Drain the casing.\n3. Remove the eight bolts of the cover."
    hits = [make_hit("Nothing else."), make_hit(steps, source="b.md")]
    # The list of the answer counts on its own: no source has a 7 or an 8.
    written = "7. Close the valve.\n8. Remove the bolts of the cover. [2]\n\nThe moon is full."
    one, two, three = cite(ASKED, [written], hits).sentences
    assert [c.source for c in one.citations] == ["b.md"]
    assert [c.source for c in two.citations] == ["b.md"]
    assert not three.citations
    both = cite(ASKED, ["Close the valve. Nothing else. [1] [2]"], hits).sentences
    assert [c.source for c in both[0].citations] == ["b.md"], "its own, not all"
    halves = support_stage.Overlap(WordEmbedder())([("7. Close the valve.", "1. Close the valve.")])
    whole = support_stage.Overlap(WordEmbedder())([("1. Close the valve.", "1. Close the valve.")])
    assert halves[0] > whole[0] / 1.5, "the number of an item is no invented number"


@pytest.mark.parametrize(
    ("quote", "shown"),
    [
        ("It opened in 1921.[36] Later [1, 2] it closed [3].", "It opened in 1921. Later it closed."),
        ("Take array[0] of x[1] first.", "Take array[0] of x[1] first."),
    ],
)
def test_numbers_of_the_sources_own_notes_are_not_shown(quote: str, shown: str) -> None:
    assert plain(quote) == shown


def test_quotes_are_their_own_proof(hits: list[Hit]) -> None:
    draft = cite(ASKED, [Quote(0, 0, 24, 0.2)], hits)
    embedder = WordEmbedder()
    answer = support_stage.build(embedder, policy="abstain")(ASKED, draft)
    assert answer == draft
    assert embedder.embedded == 0, "and cost nothing"


def test_the_built_in_support_by_hand() -> None:
    score = support_stage.Overlap(WordEmbedder(4096))
    # Same five words: cos 1, cover 1. Then "lamp", "blue" against "lamp", "painted", "red": cover 1/2,
    # cos = 3 shared of 4 and 5 words: 3/√20 = .671; a number and a negation halve what is equal otherwise.
    found = score(
        [
            ("The lamp is painted red.", "The lamp is painted red."),
            ("The lamp is blue.", "The lamp is painted red."),
            ("It holds 5 litres.", "It holds 4 litres."),
            ("It is not open.", "It is open."),
        ]
    )
    assert found[0] == pytest.approx(1.0)
    assert found[1] == pytest.approx((3 / 20**0.5 + 1 / 2) / 2, abs=1e-4)
    assert found[2] == pytest.approx((3 / 4 + 2 / 3) / 2 / 2, abs=1e-4)
    assert found[3] < 0.5


class Entails:
    """Supports a claim by the share of its words that the text has."""

    name = fingerprint = "entails"

    def read(self, question: str, passages: Sequence[Passage]) -> list[Reading]:
        return [Reading(0.0, 0.5, ()) for _ in passages]

    def support(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        words = [[set(re.findall(r"\w+", text.lower())) for text in pair] for pair in pairs]
        return [float(claim <= text) for claim, text in words]


def test_entropy_by_hand() -> None:
    assert entropy([0, 0, 0, 0]) == 0
    assert entropy([0, 1, 2, 3]) == pytest.approx(1)
    # p = 3/4, 1/4: (.75 ln 4/3 + .25 ln 4) / ln 4 = .5623 / 1.3863
    assert entropy([0, 0, 0, 1]) == pytest.approx(0.4056, abs=1e-4)
    texts = ["Red paint [1].", "Red paint [2].", "5 red paint", "4 red paint", "NO ANSWER", ""]
    assert clusters("What is it?", texts, Entails(), 0.5) == [0, 0, 1, 2, 3, 3]
    # "red" says no more than the question and "Red paint" together, but not the other way round
    assert clusters("What is it?", ["Red paint", "red", "Paint, red."], Entails(), 0.5) == [0, 1, 0]


def test_answers_that_the_model_would_not_repeat_are_withdrawn(scripted: Any, hits: list[Hit]) -> None:
    def stage(texts: Sequence[str]) -> Callable[[Question, Answer], Answer]:
        told = iter(texts)
        model = scripted(lambda _: next(told))
        return entropy_stage(lambda kind: model, Entails(), samples=4)

    draft = cite(ASKED, ["The lamp is red [1]."], hits)
    steady = stage(["The lamp is red [1]."] * 4)(ASKED, draft)
    assert (steady.abstained, steady.confidence) == (False, draft.confidence)
    unsure = stage(["The lamp is red [1].", "At noon [2].", "Of oak [3].", "NO ANSWER"])(ASKED, draft)
    assert unsure.abstained
    assert unsure.confidence == pytest.approx(0.0)


def test_expected_utility_by_hand() -> None:
    """F1 of (lamp, red) and (lamp, red, now): 2 · 2 / (2 + 3) = .8; a refusal shares nothing with a draft."""

    def words(one: str, other: str) -> float:
        return shared(one.split(), other.split())

    found = expected_utilities(["lamp red", "lamp red now", "", "lamp red"], words)
    assert found == pytest.approx([(1 + 0.8 + 0 + 1) / 4, (0.8 + 1 + 0 + 0.8) / 4, 1 / 4, 2.8 / 4])


@pytest.mark.parametrize("utility", ["words", "support"])
def test_the_draft_that_agrees_most_is_the_answer(scripted: Any, hits: list[Hit], utility: str) -> None:
    def asked(first: str, others: Sequence[str]) -> tuple[Answer, Record]:
        told = iter(others)
        writer = prompted(scripted(lambda _: next(told)))
        stage = consensus_stage(writer, Entails(), samples=4, utility=utility)
        trace = Trace(ASKED.text)
        return trace.run("ground", stage, ASKED, cite(ASKED, [first], hits)), trace.records[0]

    lamp, gate, none = "The lamp is red [1].", "The gate opens at noon [2].", "NO ANSWER"
    answer, record = asked(gate, [lamp, lamp, none])
    assert answer.text == "The lamp is red. [1]"
    assert [one.source for one in answer.citations] == ["lamp.txt"]
    assert record.detail["chosen"] == 1
    assert [one["text"] for one in record.detail["drafts"]] == [
        *("The gate opens at noon.", "The lamp is red.", "The lamp is red.", ""),
    ]
    assert asked(lamp, [gate, none, lamp])[0].text == "The lamp is red. [1]"
    assert asked(lamp, [none, none, none])[0].abstained, "most drafts refuse"
    refused, _ = asked(none, [lamp, lamp, lamp])
    assert not refused.abstained, "one refusal of four gives way"


def test_consensus_needs_a_model_that_writes(tmp_path: Path) -> None:
    with Rag(tmp_path / "i", embedder=WordEmbedder(64), ground=["consensus"]) as rag:
        rag.ingest(Document.make("The lamp is red.", "lamp.txt"))
        with pytest.raises(ConfigError, match="consensus compares drafts of a language model"):
            rag.ask("What color is the lamp?")
    with pytest.raises(ConfigError, match="expected one of words, support"):
        consensus_stage(lambda *_: [], Entails(), utility="votes")


def test_samples_put_consensus_before_the_other_checks(tmp_path: Path) -> None:
    with Rag(tmp_path / "i", embedder=WordEmbedder(64)) as rag:
        rag.ingest(Document.make("The lamp is red.", "lamp.txt"))
        changed = with_samples(rag, 3)
        checks = [stage for kind, stage in stages_of(changed) if kind == "ground"]
        assert checks == ["consensus", "support", "abstain"]
        assert changed.settings.stages["consensus"] == {"samples": 3}
        assert with_samples(rag, None) is rag
        assert with_samples(rag, 1) is rag
