"""Question files, what is held out, and the items made of them."""

from __future__ import annotations

import gzip
import json
import random
from dataclasses import replace
from pathlib import Path

import pytest

from rag.errors import ConfigError
from rag.tune.claims import answer_claims, changed, claims_of, stated
from rag.tune.cloze import cloze, recurring
from rag.tune.examples import Example, read_examples
from rag.tune.items import Item
from rag.tune.mixture import Shares, question_epoch, text_epoch
from rag.tune.negatives import answer_removed, near_passages, other_passage, other_sentence
from rag.tune.overlap import known_runs, overlaps
from rag.tune.robust import counterfactual, headed, kind_of, sentence_alone, with_noise
from rag.tune.split import split

BRIDGE = (
    "The Silver Bridge was opened in 1931 by Ada Holm. It is 420 metres long and was built of steel. "
    "In winter, the bridge is closed to carts."
)
MILL = (
    "The Old Mill was built in 1744 by Peter Lund. It is not used today, but 30 people visit it every week."
)


def example(
    question: str, answer: str, context: str = BRIDGE, title: str = "Bridge", name: str = "e"
) -> Example:
    start = context.find(answer) if answer else -1
    spans = ((start, start + len(answer)),) if start >= 0 else ()
    return Example(name, title, question, context, spans, bool(spans), "made")


def written(path: Path, *rows: dict[str, object]) -> Path:
    path.write_text("\n".join(map(json.dumps, rows)) + "\n", "utf-8")
    return path


class TestFiles:
    def test_answers_with_and_without_a_start(self, tmp_path: Path) -> None:
        file = written(
            tmp_path / "q.jsonl",
            {"question": "When?", "context": "In 1931, or 1931.", "answers": [{"text": "1931", "start": 12}]},
            {"question": "When?", "context": "In 1931, or 1931.", "answers": ["1931"]},
            {"question": "Who?", "context": "In 1931.", "answers": [], "unanswerable": True},
            {"question": "What?", "document": "A page about bridges."},
        )
        one, two, three, four = read_examples([file])
        assert (one.answers, two.answers) == (((12, 16),), ((3, 7),))
        assert (three.answers, three.answerable) == ((), False)
        assert (four.answers, four.answerable, four.context) == ((), True, "A page about bridges.")

    def test_gzip(self, tmp_path: Path) -> None:
        file = tmp_path / "q.jsonl.gz"
        file.write_bytes(gzip.compress(b'{"question": "Q", "context": "C", "answers": ["C"]}\n'))
        assert read_examples([file])[0].texts == ("C",)

    @pytest.mark.parametrize(
        ("line", "said"),
        [
            ('{"question": "Q"}', "'context'"),
            ('{"question": "Q", "context": "C", "answers": ["D"]}', "'D' does not stand"),
            (
                '{"question": "Q", "context": "C", "answers": [{"text": "C", "start": 5}]}',
                "'C' does not stand",
            ),
            ('{"question": " ", "context": "C", "answers": ["C"]}', "empty question"),
            ('{"question": "Q", "context": "C", "answers": []}', "not said to be unanswerable"),
            ("{", "expected a JSON object"),
        ],
    )
    def test_a_bad_line_is_named(self, tmp_path: Path, line: str, said: str) -> None:
        file = tmp_path / "q.jsonl"
        file.write_text(f"\n{line}\n", "utf-8")
        with pytest.raises(ConfigError, match=said) as error:
            read_examples([file])
        assert f"{file}:2: " in str(error.value)

    def test_no_questions_and_no_gzip(self, tmp_path: Path) -> None:
        empty = written(tmp_path / "q.jsonl")
        with pytest.raises(ConfigError, match="no questions"):
            read_examples([empty])
        broken = tmp_path / "q.jsonl.gz"
        broken.write_bytes(b"plain")
        with pytest.raises(ConfigError, match="cannot be read"):
            read_examples([broken])


def test_whole_titles_are_held_out_and_stay_so_with_more_files() -> None:
    some = [example("Q", "steel", title=f"T{n % 10}", name=str(n)) for n in range(100)]
    train, held = split(some, 0.2)
    titles = {one.title for one in held}
    assert len(held) == 20
    assert len(train) == 80
    assert not titles & {one.title for one in train}
    more = [Example("x", title, "Q", "c", (), False, "other") for title in sorted(titles)]
    train_again, held_again = split([*some, *more], 0.2)
    assert titles <= {one.title for one in held_again}
    assert not titles & {one.title for one in train_again}


class TestNegatives:
    def test_the_answers_sentence_goes(self) -> None:
        made = answer_removed(example("How long is it?", "420 metres"))
        assert made is not None
        assert "420" not in made.passage
        assert "opened in 1931" in made.passage
        assert (made.answerable, made.spans) == (False, ())

    def test_an_answer_that_stands_elsewhere_too_cannot_be_removed(self) -> None:
        twice = BRIDGE + " Its span is 420 metres over the water of the lake in the north."
        assert answer_removed(example("How long is it?", "420 metres", twice)) is None

    def test_a_passage_with_the_answer_is_no_negative(self) -> None:
        one = example("When was it opened?", "1931")
        chance = random.Random(0)
        assert other_passage(one, ["Also in 1931.", BRIDGE], chance) is None
        made = other_passage(one, ["Also in 1931.", MILL], chance)
        assert made is not None
        assert made.passage == MILL

    def test_the_passage_asked_for_ranks_first(self, tmp_path: Path) -> None:
        one = example("Who opened the Silver Bridge?", "Ada Holm", name="b")
        two = example("Who built the mill?", "Peter Lund", MILL, "Mill", "m")
        near = near_passages([one, two], tmp_path)
        assert [near(one)[0], near(two)[0]] == [BRIDGE, MILL]

    def test_the_index_is_kept_for_the_same_passages_and_made_anew_for_others(self, tmp_path: Path) -> None:
        one = example("Who opened the Silver Bridge?", "Ada Holm")
        two = example("Who built the mill?", "Peter Lund", MILL, "Mill")
        near_passages([one], tmp_path)
        stamp = (tmp_path / "lexical.json").stat().st_mtime_ns
        assert near_passages([one], tmp_path)(one) == [BRIDGE]
        assert (tmp_path / "lexical.json").stat().st_mtime_ns == stamp
        assert near_passages([two], tmp_path)(two) == [MILL]
        assert near_passages([two], tmp_path)(one) != [BRIDGE]

    def test_a_sentence_that_lacks_the_answer(self) -> None:
        one, chance = example("Who opened it?", "Ada Holm"), random.Random(0)
        made = {item.passage for item in (other_sentence(one, chance) for _ in range(20)) if item}
        assert made == {
            "It is 420 metres long and was built of steel.",
            "In winter, the bridge is closed to carts.",
        }
        assert other_sentence(example("Who?", ""), chance) is None


class TestRobust:
    @pytest.mark.parametrize(
        ("text", "kind"),
        [("1931", "year"), ("3 May 1931", "date"), ("420", "number 1"), ("420 metres", "number 2"),
         ("Ada Holm", "name 2"), ("of steel", "phrase 2")],
    )  # fmt: skip
    def test_kinds(self, text: str, kind: str) -> None:
        assert kind_of(text) == kind

    def test_the_other_answer_is_the_right_one_now(self) -> None:
        made = counterfactual(example("When was it opened?", "1931"), {"year": ["1850"]}, random.Random(0))
        assert made is not None
        assert "1931" not in made.passage
        assert [made.passage[a:b] for a, b in made.spans] == ["1850"]

    def test_noise_before_moves_the_answer(self) -> None:
        item = Item("Q", BRIDGE, spans=((31, 35),), answerable=True)
        sides = set()
        for seed in range(8):
            made = with_noise(item, MILL, random.Random(seed))
            assert [made.passage[a:b] for a, b in made.spans] == [BRIDGE[31:35]]
            sides.add(made.passage.startswith(MILL))
        assert sides == {True, False}

    def test_the_answers_sentence_alone(self) -> None:
        made = sentence_alone(Item("How long is it?", BRIDGE, "Bridge", ((60, 70),), answerable=True))
        assert made.passage == "It is 420 metres long and was built of steel."
        assert [made.passage[a:b] for a, b in made.spans] == [BRIDGE[60:70]]
        unknown = Item("Is it long?", BRIDGE, answerable=True)
        assert sentence_alone(unknown) is unknown

    def test_the_name_goes_into_the_heading_alone(self) -> None:
        asked = Item("Who built the Old Mill?", MILL, "Mills", ((33, 43),), answerable=True)
        made = headed(asked)
        assert made.title == "Old Mill"
        assert made.passage.startswith("It was built in 1744 by Peter Lund.")
        assert [made.passage[a:b] for a, b in made.spans] == [MILL[33:43]]
        other = Item("Who built the New Mill?", MILL, "Mills", ((33, 43),), answerable=True)
        assert headed(other) is other


class TestClaims:
    @pytest.mark.parametrize(
        ("question", "answer", "claim"),
        [
            ("Who opened the bridge?", "Ada Holm", "Ada Holm opened the bridge."),
            ("What was the name of the bridge?", "Silver", "The name of the bridge was Silver."),
            ("What is the bridge made of?", "steel", "What is the bridge made of? steel."),
            ("How long is it?", "420 metres", "How long is it? 420 metres."),
        ],
    )
    def test_a_question_with_its_answer(self, question: str, answer: str, claim: str) -> None:
        assert stated(question, answer) == claim

    def test_a_changed_sentence_is_not_in_the_passage(self) -> None:
        sentence = "The Silver Bridge was opened in 1931 by Ada Holm."
        made = {changed(sentence, BRIDGE, [MILL], random.Random(seed)) for seed in range(200)}
        assert sentence not in made
        assert "The Silver Bridge was not opened in 1931 by Ada Holm." in made
        assert "The Silver Bridge was opened in 1931 by Peter Lund." in made
        assert any(one and "193" in one and "1931" not in one for one in made)
        assert any(one and one in MILL for one in made)

    def test_one_of_each(self) -> None:
        pairs = claims_of(BRIDGE, "Bridge", [MILL], random.Random(1))
        assert {item.supported for item in pairs} == {True, False}
        asked = answer_claims(example("When was it opened?", "1931"), {"year": ["1850"]}, random.Random(0))
        assert [(item.text, item.supported) for item in asked] == [
            ("When was it opened? 1931.", True),
            ("When was it opened? 1850.", False),
        ]


class TestText:
    def test_a_cloze_leaves_its_answer_out(self) -> None:
        for seed in range(20):
            made = cloze(BRIDGE, "Bridge", random.Random(seed))
            assert made is not None
            answer = made.passage[slice(*made.spans[0])]
            assert answer
            assert made.text.count(answer) < BRIDGE.count(answer) or answer not in made.text

    def test_a_recurring_phrase_is_found_in_the_other_passage(self) -> None:
        other = "A mayor of the town, Ada Holm, is buried on the hill above it and has a statue there."
        made = list(recurring([BRIDGE, other], "Town", random.Random(0)))
        assert len(made) == 2
        for item in made:
            assert {item.passage[a:b] for a, b in item.spans} == {"Ada Holm"}
            assert "Ada Holm" not in item.text


def test_an_epoch_has_every_question_and_depends_on_its_seed_alone() -> None:
    some = [
        example("Who opened the bridge?", "Ada Holm", name="1"),
        example("Who built the mill?", "Peter Lund", MILL, "Mill", "2"),
        example("Who painted the bridge?", "", name="3"),
    ]
    plain = Shares(keywords=0, mistyped=0, wordy=0)

    def near(one: Example) -> list[str]:
        return [MILL] if one.context == BRIDGE else [BRIDGE]

    items = question_epoch(some, near, 7, plain)
    assert items == question_epoch(some, near, 7, plain)
    assert items != question_epoch(some, near, 8, plain)
    assert sum(item.answerable is True for item in items) == 2
    assert any(item.text == "Who painted the bridge?" and item.answerable is False for item in items)
    for item in items:
        assert all(item.passage[a:b].strip() for a, b in item.spans)
    assert len(text_epoch(some, 1, 50)) >= 50


def test_a_source_is_drawn_in_its_share() -> None:
    some = [
        replace(example(f"Who opened bridge {n}?", "Ada Holm", name=f"{source}{n}"), source=source)
        for source in ("much", "little")
        for n in range(200)
    ]
    only = Shares(keywords=0, mistyped=0, wordy=0, claims=0, stated=0)
    items = question_epoch(some, lambda _: [], 1, only, {"little": 0.1})
    asked = [item.text for item in items if item.answerable]
    assert 205 <= len(asked) <= 240
    assert set(asked) == {f"Who opened bridge {n}?" for n in range(200)}
    assert question_epoch(some, lambda _: [], 1, only, {"little": 0, "much": 0}) == []


def test_cells_of_tables_are_asked_for_whatever_share_is_drawn() -> None:
    table = "| Pump | Weight |\n|---|---|\n| Alpha | 41 kg |\n| Bravo | 52 kg |\n| Charlie | 63 kg |"
    some = [example("How heavy is Alpha?", "41 kg", table, "Pumps")]
    only = Shares(keywords=0, mistyped=0, wordy=0, claims=0, stated=0, lookups=3)
    items = question_epoch(some, lambda _: [], 1, only, {"made": 0})
    answers = {item.passage[a:b] for item in items for a, b in item.spans}
    assert answers == {"41 kg", "52 kg", "63 kg"}
    assert all("weight" in item.text.lower() for item in items)


def test_how_sure_an_answer_is_comes_from_p(tmp_path: Path) -> None:
    row = {"question": "Who?", "context": "Bo.", "answers": ["Bo"]}
    file = written(tmp_path / "q.jsonl", row, {**row, "p": 0.4})
    assert [one.sure for one in read_examples([file])] == [1.0, 0.4]


def test_words_in_common_are_found_in_any_case_and_across_punctuation() -> None:
    known = known_runs(["one two three four five six seven eight nine ten eleven twelve thirteen fourteen"])
    assert len(known) == 2
    same = "Zero, ONE two three; four five six seven - eight nine ten eleven twelve thirteen."
    assert overlaps(same, known)
    assert not overlaps(same.replace("seven", "7"), known)
    assert not overlaps("one two three", known)
