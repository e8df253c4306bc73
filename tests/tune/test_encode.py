"""Token positions, windows, batches, and the measures that are read off them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tokenizers import Tokenizer

from rag.models import BUILT_IN_EMBEDDER
from rag.reading.spans import best_spans
from rag.tune.encode import MAX_QUESTION, Encoder, arrays, batches
from rag.tune.items import Item
from rag.tune.score import auc, score


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.from_file(str(BUILT_IN_EMBEDDER / "tokenizer.json"))


def test_a_span_covers_the_tokens_of_its_characters(tokenizer: Tokenizer) -> None:
    passage = "It was opened by Ada Holm."
    (one,) = Encoder(tokenizer).encode([Item("Who opened it?", passage, "Bridge", ((17, 25),), True)])
    tokens = [tokenizer.id_to_token(number) for number in one.ids]
    assert tokens == [
        "[CLS]", "who", "opened", "it", "?", "[SEP]", "bridge", "it", "was", "opened", "by", "ada",
        "holm", ".", "[SEP]",
    ]  # fmt: skip
    assert one.second == 6
    assert one.spans == ((11, 12),)
    assert [passage[a:b] for a, b in one.offsets][5:7] == ["Ada", "Holm"]
    made = dict(arrays([one]))
    assert made["token_type_ids"].tolist() == [[0] * 6 + [1] * 9]
    assert made["passage"].tolist() == [[0] * 7 + [1] * 7 + [0]]


def test_an_item_is_kept_in_few_bytes(tokenizer: Tokenizer) -> None:
    (one,) = Encoder(tokenizer).encode([Item("Who opened it?", "word " * 500, "Bridge", answerable=False)])
    assert len(one) == 384
    assert one.ids.nbytes + one.offsets.nbytes < 384 * 12


def test_more_items_than_are_tokenised_together_keep_their_order(tokenizer: Tokenizer) -> None:
    items = [Item(f"q {n}", "word", answerable=True) for n in range(1100)]
    encoded = Encoder(tokenizer).encode(items)
    assert [tokenizer.decode(one.ids.tolist()) for one in encoded] == [f"q {n} word" for n in range(1100)]


def test_a_long_passage_is_cut_around_an_answer(tokenizer: Tokenizer) -> None:
    passage = "word " * 600 + "Ada Holm " + "word " * 600
    start = passage.index("Ada")
    item = Item("who " * 100, passage, "", ((start, start + 8),), True)
    places = set()
    for seed in range(10):
        (one,) = Encoder(tokenizer, 128).encode([item], seed)
        assert len(one) == 128
        assert one.second == MAX_QUESTION + 2
        ((first, last),) = one.spans
        assert [tokenizer.id_to_token(number) for number in one.ids[first : last + 1]] == ["ada", "holm"]
        places.add(first)
    assert len(places) > 1


def test_batches_hold_everything_once(tokenizer: Tokenizer) -> None:
    items = [Item("q", "word " * n, answerable=True) for n in range(1, 60)]
    encoded = Encoder(tokenizer).encode(items)
    made = batches(encoded, 200, 3)
    assert sorted(len(one) for batch in made for one in batch) == sorted(map(len, encoded))
    assert max(max(map(len, batch)) * len(batch) for batch in made) <= 200
    assert [[len(one) for one in batch] for batch in made] == [
        [len(one) for one in batch] for batch in batches(encoded, 200, 3)
    ]


def test_the_best_span_ends_behind_its_start() -> None:
    def best(start: list[float], end: list[float], longest: int = 30) -> tuple[int, int]:
        return best_spans(np.array(start), np.array(end), 1, longest)[0][:2]

    assert best([0, 1, 5], [9, 2, 1]) == (0, 0)
    assert best([0, 1, 5], [-9, 2, 1]) == (2, 2)
    assert best([4, 0, 0], [0, 0, 4]) == (0, 2)
    assert best([4, 0, 0], [0, 0, 4], longest=2) in {(0, 0), (0, 1)}


def test_spans_come_best_first_and_apart() -> None:
    found = best_spans(np.array([3.0, 0, 0, 2.0]), np.array([3.0, 0, 0, 2.0]), 2)
    assert [span[:2] for span in found] == [(0, 0), (3, 3)]
    share = np.exp(3) / (np.exp(3) + 2 + np.exp(2))
    assert found[0][2] == pytest.approx(share**2)
    assert best_spans(np.array([]), np.array([]), 2) == []


def test_area_under_the_curve() -> None:
    assert auc([(1.0, True), (0.0, False)]) == 1.0
    assert auc([(0.0, True), (1.0, False)]) == 0.0
    assert auc([(1.0, True), (1.0, False)]) == 0.5
    assert auc([(3.0, True), (1.0, True), (2.0, False), (0.0, False)]) == 0.75
    assert math.isnan(auc([(1.0, True)]))


def test_a_score_reads_the_words_of_the_passage(tokenizer: Tokenizer) -> None:
    items = [
        Item("Who opened it?", "It was opened by Ada Holm.", "", ((17, 25),), True, None),
        Item("Who opened it?", "It was closed.", "", (), False, None),
    ]
    encoded = Encoder(tokenizer).encode(items)

    def predict(batch):  # type: ignore[no-untyped-def]
        longest = max(map(len, batch))
        start, end = np.zeros((2, len(batch), longest), np.float32)
        for row, one in enumerate(batch):
            start[row, one.second + 4] = end[row, one.second + 4] = 1
        return start, end, np.array([float(len(one)) for one in batch]), np.zeros(len(batch))

    found = score(predict, encoded, items)
    assert found.exact == (0.0,)
    assert found.f1 == (pytest.approx(2 / 3),)  # "Ada" of "Ada Holm"
    assert found.summary()["answerable AUC"] == 1.0
