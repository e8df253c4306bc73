"""Windows, spans and pooling on numbers one can follow; the model that ships on sentences of our own."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest

from rag.errors import ModelError
from rag.models import BUILT_IN_READER
from rag.reading import Passage, Reading, Span
from rag.reading.onnx import OnnxReader
from rag.reading.pairs import inputs, windows
from rag.reading.pooled import pooled, trimmed
from rag.reading.spans import best_spans

BRIDGE = (
    "The Silver Bridge was opened in 1931 by the engineer Ada Holm. It is 420 metres long and was built of "
    "steel. In winter, the bridge is closed to carts."
)
MILL = "The Old Mill was built in 1744 by Peter Lund. Thirty people visit it every week."


@pytest.fixture(scope="module")
def reader() -> OnnxReader:
    return OnnxReader.open()


class TestWindows:
    def test_a_short_text_is_one_window(self) -> None:
        (one,) = windows((101, 102), [5], [6], [7, 8], [(0, 1), (1, 2)], 20, 4)
        assert one.ids == [101, 5, 102, 6, 7, 8, 102]
        assert (one.second, one.first) == (3, 4)
        assert inputs(one)["token_type_ids"].tolist() == [[0, 0, 0, 1, 1, 1, 1]]

    def test_windows_overlap_and_cover_everything(self) -> None:
        text = list(range(100, 130))
        offsets = [(n, n + 1) for n in range(30)]
        made = list(windows((1, 2), [9, 9], [], text, offsets, 15, 4))  # room for 10 tokens of the text
        assert [one.offsets[0][0] for one in made] == [0, 6, 12, 18, 24]
        assert max(len(one.ids) for one in made) <= 15
        assert {start for one in made for start, _ in one.offsets} == set(range(30))


class TestSpans:
    def test_pooled_adds_what_says_the_same(self) -> None:
        texts = ["Built by Ada Holm.", "Ada Holm, they say.", "Peter Lund built it."]
        readings = [
            Reading(1.0, 0.6, (Span(9, 17, 0.5),)),
            Reading(0.5, 0.4, (Span(0, 9, 0.5),)),
            Reading(2.0, 0.8, (Span(0, 10, 0.6),)),
        ]
        first, second = pooled(texts, readings)
        assert (first.place, first.probability) == (0, pytest.approx(0.5))  # .6 · .5 + .4 · .5
        assert texts[0][first.start : first.end] == "Ada Holm"
        assert (second.place, second.probability) == (2, pytest.approx(0.48))

    @pytest.mark.parametrize(
        ("text", "span", "left"),
        [
            ("Ada Holm, they", (0, 9), "Ada Holm"),
            ("built (1931) of", (6, 12), "(1931)"),
            ("built (1931 of", (6, 11), "1931"),
            ('the "Old Mill', (4, 13), "Old Mill"),
            ("- -jp — start", (0, 5), "-jp"),
            ("| hotloop | 56 |\n| hotexit | 10 |", (2, 32), "hotloop"),
            ("| a | b |\n| c | d |", (6, 14), "b"),
            ("x |\n| c | d |", (2, 8), "c"),
            ("One paragraph.\n\nAnother.", (4, 24), "paragraph"),
            ("a line\nthat goes on", (2, 11), "line\nthat"),
        ],
    )
    def test_what_hangs_over_goes(self, text: str, span: tuple[int, int], left: str) -> None:
        start, end = trimmed(text, Span(*span, 1.0))
        assert text[start:end] == left

    def test_an_empty_text_has_no_span(self) -> None:
        assert best_spans(np.zeros(0, np.float32), np.zeros(0, np.float32), 3) == []


class TestTheReaderThatShips:
    @pytest.mark.parametrize(
        ("question", "answer"),
        [
            ("Who opened the Silver Bridge?", "Ada Holm"),
            ("When was the Silver Bridge opened?", "1931"),
            ("How long is the Silver Bridge?", "420 metres"),
            ("What was the bridge built of?", "steel"),
        ],
    )
    def test_it_finds_names_and_numbers(self, reader: OnnxReader, question: str, answer: str) -> None:
        (reading,) = reader.read(question, [Passage("Bridges", BRIDGE)])
        best = reading.spans[0]
        assert answer in BRIDGE[best.start : best.end]
        assert reading.answerable > 0.3

    def test_a_passage_that_answers_is_told_from_one_that_does_not(self, reader: OnnxReader) -> None:
        right, wrong = reader.read("Who built the mill?", [Passage("", MILL), Passage("", BRIDGE)])
        assert right.logit > wrong.logit + 1
        assert 0 <= wrong.answerable < right.answerable <= 1

    def test_a_claim_with_a_wrong_number_has_less_support(self, reader: OnnxReader) -> None:
        true, false, other = reader.support(
            [
                ("The Silver Bridge was opened in 1931.", BRIDGE),
                ("The Silver Bridge was opened in 1957.", BRIDGE),
                ("The Old Mill was built by Peter Lund.", BRIDGE),
            ]
        )
        assert true > false + 0.1
        assert true > other

    def test_readings_do_not_depend_on_the_company(self, reader: OnnxReader) -> None:
        alone = OnnxReader.open().read("Who built the mill?", [Passage("", MILL)])
        among = OnnxReader.open().read("Who built the mill?", [Passage("", BRIDGE), Passage("", MILL)])
        assert alone[0] == among[1]
        assert reader.fingerprint == OnnxReader.open().fingerprint

    def test_an_answer_far_into_a_long_text_is_found(self, reader: OnnxReader) -> None:
        long = "The road goes on and on through the hills. " * 120 + BRIDGE + " The road goes on." * 60
        (reading,) = reader.read("Who opened the Silver Bridge?", [Passage("", long)])
        assert "Ada Holm" in long[reading.spans[0].start : reading.spans[0].end]

    def test_odd_texts_are_read(self, reader: OnnxReader) -> None:
        made = reader.read(
            "\ud800?", [Passage("", ""), Passage("", "\udfff a"), Passage("x" * 5000, "[SEP] [CLS]")]
        )
        assert all(math.isfinite(one.logit) for one in made)
        assert made[0].spans == ()
        assert reader.read("Q", []) == []

    def test_its_files_are_those_that_were_exported(self, reader: OnnxReader) -> None:
        reader.verify()


class TestBadFolders:
    def test_a_missing_file_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(ModelError, match=r"has no reader\.json.*rag tune reader"):
            OnnxReader.open(tmp_path)

    def test_a_replaced_file_is_noticed(self, tmp_path: Path) -> None:
        folder = Path(shutil.copytree(BUILT_IN_READER, tmp_path / "reader"))
        with (folder / "tokenizer.json").open("a", encoding="utf-8") as file:
            file.write("\n")
        with pytest.raises(ModelError, match=r"tokenizer\.json has SHA-256"):
            OnnxReader.open(folder).verify()

    @pytest.mark.parametrize("change", [{"format": 9}, {"max_tokens": 10}, {"answerable": [1]}, {"odd": 1}])
    def test_unusable_settings(self, tmp_path: Path, change: dict[str, object]) -> None:
        folder = Path(shutil.copytree(BUILT_IN_READER, tmp_path / "reader"))
        file = folder / "reader.json"
        file.write_text(json.dumps({**json.loads(file.read_text("utf-8")), **change}), "utf-8")
        with pytest.raises(ModelError, match=r"reader\.json"):
            OnnxReader.open(folder)

    def test_a_model_of_another_kind(self, tmp_path: Path) -> None:
        from rag.models import BUILT_IN_EMBEDDER

        folder = Path(shutil.copytree(BUILT_IN_READER, tmp_path / "reader"))
        shutil.copy(BUILT_IN_EMBEDDER / "model.onnx", folder / "model.onnx")
        with pytest.raises(ModelError, match="expected start, end, answerable, supported"):
            OnnxReader.open(folder)


GERMAN = "Die Werkstatt schließt freitags um 14 Uhr. Das Lager ist im Keller."


def test_a_text_in_german_is_read_by_its_words_and_answered_in_its_own(reader: OnnxReader) -> None:
    passages = [Passage("Werkstatt", GERMAN), Passage("Werkstatt", "Die Bremsen wurden im Mai erneuert.")]
    right, wrong = reader.read("When does the workshop close on Fridays?", passages)
    best = right.spans[0]
    assert "14 Uhr" in GERMAN[best.start : best.end]
    assert right.logit > wrong.logit
    assert reader.read("Wann schließt die Werkstatt am Freitag?", passages)[0].logit > wrong.logit


def test_only_a_model_that_says_so_reads_by_words(tmp_path: Path, reader: OnnxReader) -> None:
    for file in BUILT_IN_READER.iterdir():
        shutil.copy(file, tmp_path / file.name)
    path = tmp_path / "reader.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | {"glosses": 0}), "utf-8")
    plain = OnnxReader.open(tmp_path)
    question, passages = "When does the workshop close?", [Passage("", GERMAN)]
    assert plain.fingerprint != reader.fingerprint
    assert plain.read(question, passages) != reader.read(question, passages)
    english = [Passage("", "The workshop closes at two on Fridays.")]
    assert plain.read(question, english) == reader.read(question, english)
