"""The lexical index: BM25 against an independent oracle, filters, ties, and edits against a fresh build."""

from __future__ import annotations

import itertools
import json
import math
import random
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rank_bm25 import BM25Okapi

from rag.errors import ConfigError, StoreError
from rag.indexes import ENGINES, Analyzer, LexicalIndex, open_lexical

CATS = {
    3: "the cat sat on the mat",
    5: "a dog and a cat",
    8: "dogs bark at cats, cats run from dogs",
    9: "birds sing",
}


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def index(tmp_path: Path, engine: str) -> Iterator[LexicalIndex]:
    opened = open_lexical(tmp_path / "lexical", "english", engine=engine)
    yield opened
    opened.close()


def built(folder: Path, engine: str, texts: Mapping[int, str]) -> LexicalIndex:
    made = open_lexical(folder, "english", engine=engine)
    made.update([], sorted(texts.items()), 1)
    return made


def one_byte(length: int) -> int:
    """Lucene's length norm, written from its bits: below 40 exact, then four leading bits are kept."""
    if length < 40:
        return length
    rest = length - 24
    shift = rest.bit_length() - 4
    return 24 + (rest >> shift << shift)


def oracle(texts: Mapping[int, str], query: str, *, exact_lengths: bool) -> dict[int, float]:
    """Lucene's BM25 in float64, written out: position → score, matching documents only."""
    analyzer = Analyzer("english")
    documents = {position: analyzer.analyze(text) for position, text in texts.items()}
    mean = sum(map(len, documents.values())) / len(documents)
    scores: Counter[int] = Counter()
    for term in analyzer.analyze(query):
        frequency = sum(term in words for words in documents.values())
        rarity = math.log(1 + (len(documents) - frequency + 0.5) / (frequency + 0.5))
        for position, words in documents.items():
            if count := words.count(term):
                length = len(words) if exact_lengths else one_byte(len(words))
                scores[position] += rarity * 2.2 * count / (count + 1.2 * (0.25 + 0.75 * length / mean))
    return dict(scores)


def words(chance: random.Random, low: int, high: int) -> str:
    vocabulary = [f"word{number}x" for number in range(300)]
    weights = [1 / (number + 1) for number in range(300)]
    return " ".join(chance.choices(vocabulary, weights, k=chance.randint(low, high)))


def assert_same(got: tuple[np.ndarray, np.ndarray], wanted: tuple[np.ndarray, np.ndarray]) -> None:
    assert got[1].tolist() == wanted[1].tolist()
    np.testing.assert_allclose(got[0], wanted[0], rtol=1e-5)


def test_a_score_by_hand(index: LexicalIndex) -> None:
    # Terms: 3 cat sat mat · 5 dog cat · 8 dog bark cat cat run dog · 9 bird sing: 13 in 4 documents.
    index.update([], list(CATS.items()), 1)
    scores, positions = index.search("barking", 10)
    norm = 1.2 * (1 - 0.75 + 0.75 * 6 / (13 / 4))
    assert positions.tolist() == [8]
    assert scores[0] == pytest.approx(math.log(1 + 3.5 / 1.5) * 2.2 / (1 + norm), rel=1e-6)
    assert scores.dtype == np.float32
    assert positions.dtype == np.int64


def test_a_repeated_query_term_counts_again(index: LexicalIndex) -> None:
    index.update([], list(CATS.items()), 1)
    once, twice = index.search("birds", 10)[0], index.search("birds bird", 10)[0]
    assert twice[0] == pytest.approx(2 * once[0])


def test_scores_equal_the_oracle(tmp_path: Path, engine: str) -> None:
    chance = random.Random(1)
    texts = {position * 7: words(chance, 0, 120) for position in range(400)}
    made = built(tmp_path, engine, texts)
    for _ in range(40):
        query = words(chance, 1, 8)
        scores, positions = made.search(query, 1000)
        wanted = oracle(texts, query, exact_lengths=engine == "rank-bm25")
        assert dict(zip(positions.tolist(), scores.tolist(), strict=True)) == pytest.approx(wanted, rel=1e-5)
        assert all(a >= b for a, b in itertools.pairwise(scores))
    made.close()


def test_the_packages_own_ranking(tmp_path: Path) -> None:
    """With rare terms only, rank_bm25's idf (Robertson's) orders one-term queries as ours does."""
    chance = random.Random(2)
    texts = {position: words(chance, 20, 60) for position in range(200)}
    made = built(tmp_path, "rank-bm25", texts)
    analyzer = Analyzer("english")
    package = BM25Okapi([analyzer.analyze(text) for text in texts.values()], k1=1.2, b=0.75)
    for number in range(30, 60):
        theirs = package.get_scores(analyzer.analyze(f"word{number}x"))
        order = sorted(np.flatnonzero(theirs > 0).tolist(), key=lambda i: (-round(theirs[i], 9), i))
        assert made.search(f"word{number}x", 200)[1].tolist() == order


def test_only_matches_come_back(index: LexicalIndex) -> None:
    index.update([], list(CATS.items()), 1)
    # tf / (tf + norm): 1/1.85, 2/3.96, 1/2.13
    assert index.search("cat", 10)[1].tolist() == [5, 8, 3]
    for nothing in ("zebra", "", "the of and", "…"):
        scores, positions = index.search(nothing, 10)
        assert scores.shape == positions.shape == (0,)
    assert len(index.search("cat", 0)[0]) == 0


def test_an_empty_index(index: LexicalIndex) -> None:
    assert len(index) == 0
    assert index.stamp == 0
    assert len(index.search("cat", 10)[0]) == 0
    index.update([], [(1, ""), (2, "…")], 4)
    assert (len(index), index.stamp) == (2, 4)
    assert len(index.search("cat", 10)[0]) == 0


def test_one_document(index: LexicalIndex) -> None:
    index.update([], [(2**62, "a single cat")], 1)
    assert index.search("cat", 10)[1].tolist() == [2**62]


def test_equal_scores_go_by_position_at_any_k(index: LexicalIndex) -> None:
    positions = list(range(0, 300, 2))
    random.Random(3).shuffle(positions)
    for stamp, start in enumerate(range(0, 150, 30)):
        index.update([], [(p, "grey cat, cold rain") for p in positions[start : start + 30]], stamp + 1)
    for k in (1, 7, 149, 150, 500):
        scores, found = index.search("cat rain grey", k)
        assert found.tolist() == sorted(positions)[:k]
        assert len(set(scores.tolist())) == 1


def test_filters_return_k_hits_whenever_they_exist(tmp_path: Path, engine: str) -> None:
    chance = random.Random(4)
    texts = {position: words(chance, 5, 60) for position in range(1500)}
    made = built(tmp_path, engine, texts)
    for share in (1, 3, 40, 400, 1499):
        allowed = np.array(sorted(chance.sample(range(1500), share)), dtype=np.int64)
        query = words(chance, 3, 6)
        scores, positions = made.search(query, 1500)
        kept = np.isin(positions, allowed)
        for k in (1, 10, 100):
            assert_same(made.search(query, k, allowed), (scores[kept][:k], positions[kept][:k]))
    assert len(made.search("word1x", 10, np.empty(0, np.int64))[0]) == 0
    assert len(made.search("word1x", 10, np.array([5000]))[0]) == 0
    made.close()


def test_a_filter_against_the_ranking(tmp_path: Path, engine: str) -> None:
    """The allowed documents are the worst: all that are better must be passed over."""
    texts = dict.fromkeys(range(900), "cat " * 5) | {2000 + i: f"cat {'dog ' * 9}" for i in range(300)}
    made = built(tmp_path, engine, texts)
    allowed = np.arange(2000, 2300)
    assert made.search("cat", 5, allowed)[1].tolist() == [2000, 2001, 2002, 2003, 2004]
    made.close()


def test_a_position_that_exists_is_replaced(index: LexicalIndex) -> None:
    index.update([], list(CATS.items()), 1)
    index.update([9, 77], [(5, "a zebra"), (10, "an owl"), (10, "a late owl")], 2)
    assert len(index) == 4
    assert index.search("zebra", 10)[1].tolist() == [5]
    assert index.search("dog", 10)[1].tolist() == [8]
    assert index.search("late", 10)[1].tolist() == [10]
    assert len(index.search("birds", 10)[0]) == 0


def test_to_repeat_an_update_changes_nothing(index: LexicalIndex) -> None:
    index.update([], list(CATS.items()), 1)
    index.update([9], [(5, "a zebra cat")], 2)
    once = index.search("cat dog zebra", 10)
    index.update([9], [(5, "a zebra cat")], 2)
    assert len(index) == 3
    assert_same(index.search("cat dog zebra", 10), once)


@pytest.mark.parametrize("seed", range(4))
def test_any_edits_score_like_a_fresh_build(tmp_path: Path, engine: str, seed: int) -> None:
    chance = random.Random(seed)
    texts: dict[int, str] = {}
    edited = open_lexical(tmp_path / "edited", "english", engine=engine)
    for step in range(9):
        gone = chance.sample(sorted(texts), min(len(texts), chance.choice([0, 1, 1, 5, 40])))
        # Long and short phases move the mean length, which is what deleted documents distort.
        low = chance.choice([1, 60])
        added = [
            (chance.randint(0, 400), words(chance, low, low + 50)) for _ in range(chance.choice([0, 1, 60]))
        ]
        for position in gone:
            del texts[position]
        texts.update(added)
        edited.update(gone, added, step + 1)
        if chance.random() < 0.3:
            edited.close()
            edited = open_lexical(tmp_path / "edited", "english", engine=engine)
        assert (len(edited), edited.stamp) == (len(texts), step + 1)
    fresh = built(tmp_path / "fresh", engine, texts)
    for _ in range(30):
        query, k = words(chance, 1, 9), chance.choice([1, 10, 100])
        allowed = np.array(sorted(chance.sample(range(400), 150)), dtype=np.int64)
        assert_same(edited.search(query, k), fresh.search(query, k))
        assert_same(edited.search(query, k, allowed), fresh.search(query, k, allowed))
    edited.close()
    fresh.close()


def test_deletes_in_a_large_index_score_like_a_fresh_build(tmp_path: Path) -> None:
    """Few deletes among many documents are not rewritten, so tantivy's own statistics are wrong here."""
    chance = random.Random(5)
    texts = {position: words(chance, 5, 40) for position in range(3000)}
    edited = built(tmp_path / "edited", "tantivy", texts)
    gone = chance.sample(range(3000), 100)
    longer = [(position, words(chance, 100, 200)) for position in chance.sample(range(3000), 100)]
    edited.update(gone, longer, 2)
    left = {position: text for position, text in texts.items() if position not in gone} | dict(longer)
    fresh = built(tmp_path / "fresh", "tantivy", left)
    for _ in range(40):
        query = words(chance, 1, 8)
        assert_same(edited.search(query, 50), fresh.search(query, 50))
    edited.close()
    fresh.close()


@pytest.mark.parametrize("seed", range(3))
def test_an_edited_index_stays_as_quick_as_a_new_one(tmp_path: Path, seed: int) -> None:
    """After each edit tantivy's own scores are right, none is worked out from stored terms; few segments."""
    chance = random.Random(seed)
    texts = {position: words(chance, 5, 40) for position in range(4000)}
    edited: Any = open_lexical(tmp_path / "edited", "english")
    edited.update([], sorted(texts.items()), 1)
    for step in range(25):
        gone = chance.sample(sorted(texts), chance.choice([1, 20, 60]))
        low = chance.choice([1, 100])
        new = range(5000 + 500 * step, 5000 + 500 * step + chance.choice([0, 1, 300]))
        added = [(position, words(chance, low, low + 30)) for position in new]
        edited.update(gone, added, step + 2)
        edited.close()
        for position in gone:
            del texts[position]
        texts.update(added)
        meta = json.loads((tmp_path / "edited" / "meta.json").read_text())
        sizes = [row["max_doc"] for row in meta["segments"]]
        assert edited._snapshot.state(sizes).right
        assert len(sizes) <= 4
        assert sum(sizes) < 1.2 * len(texts)
    again = open_lexical(tmp_path / "edited", "english")
    fresh = built(tmp_path / "fresh", "tantivy", texts)
    assert len(again) == len(edited) == len(texts)
    for _ in range(40):
        query = words(chance, 1, 8)
        for index in (edited, again):
            assert_same(index.search(query, 50), fresh.search(query, 50))
    fresh.close()


def test_what_stands_for_deleted_documents_is_never_found(tmp_path: Path) -> None:
    texts = {position: f"cat number{position}" for position in range(3000)}
    edited = built(tmp_path / "edited", "tantivy", texts)
    edited.update(range(100), [(9000, "a dog and nine cats " * 30)], 2)
    edited.close()
    assert len(edited) == 2901
    positions = edited.search("cat dog", 5000)[1]
    assert sorted(positions.tolist()) == [*range(100, 3000), 9000]
    for mark in "\x01\x02\x03":
        assert not len(edited.search(f"{mark} {mark}cat", 10, np.array([3]))[0])
        assert (edited.search(mark, 10)[1] < 1 << 63).all()
    edited.update([9000, *range(100, 3000)], [], 3)
    assert len(edited) == 0
    assert not len(edited.search("cat", 10)[0])


def test_a_term_made_rare_by_deletes_finds_its_documents(tmp_path: Path) -> None:
    """tantivy still counts 250 documents with "beta", so it ranks the 60 with "alpha" above the 10 left."""
    filler = dict.fromkeys(range(3000), "gamma delta")
    texts = filler | dict.fromkeys(range(60), "alpha gamma") | dict.fromkeys(range(1000, 1250), "beta gamma")
    edited = built(tmp_path / "edited", "tantivy", texts)
    edited.update(range(1000, 1240), [], 2)
    assert edited.search("alpha beta", 5)[1].tolist() == [1240, 1241, 1242, 1243, 1244]
    edited.close()


def test_many_small_updates_then_one_large(tmp_path: Path) -> None:
    """Enough segments that they merge in the background, then the writer for bulk."""
    chance = random.Random(6)
    texts: dict[int, str] = {}
    edited = open_lexical(tmp_path / "edited", "english")
    for stamp in range(12):
        added = [(chance.randint(0, 40), words(chance, 1, 80)) for _ in range(3)]
        edited.update([], added, stamp + 1)
        texts.update(added)
    large = [(1000 + number, words(chance, 1, 30)) for number in range(2500)]
    edited.update([], large, 13)
    texts.update(large)
    fresh = built(tmp_path / "fresh", "tantivy", texts)
    for _ in range(20):
        query = words(chance, 1, 8)
        assert_same(edited.search(query, 20), fresh.search(query, 20))
    edited.close()
    fresh.close()


def test_clear(index: LexicalIndex) -> None:
    index.update([], list(CATS.items()), 7)
    index.clear()
    assert (len(index), index.stamp) == (0, 0)
    assert len(index.search("cat", 10)[0]) == 0
    index.update([], [(1, "cat")], 8)
    assert index.search("cat", 10)[1].tolist() == [1]


def test_engines_agree_on_short_texts(tmp_path: Path) -> None:
    """Up to 40 terms both count lengths exactly, so both give the same scores."""
    chance = random.Random(7)
    texts = {position: words(chance, 1, 39) for position in range(300)}
    one, other = (built(tmp_path / name, name, texts) for name in ENGINES)
    for _ in range(30):
        query = words(chance, 1, 6)
        assert_same(one.search(query, 50), other.search(query, 50))
    one.close()
    other.close()


def test_other_parameters(tmp_path: Path) -> None:
    flat = open_lexical(tmp_path / "flat", "english", engine="rank-bm25", k1=2.0, b=0.0)
    flat.update([], list(CATS.items()), 1)
    scores, _ = flat.search("barks", 10)
    assert scores[0] == pytest.approx(math.log(1 + 3.5 / 1.5) * 3 / (1 + 2), rel=1e-6)
    with pytest.raises(ConfigError, match="rank-bm25"):
        open_lexical(tmp_path / "tantivy", "english", k1=2.0)
    with pytest.raises(ConfigError, match="b from 0 to 1"):
        open_lexical(tmp_path / "other", "english", b=1.5)
    with pytest.raises(ConfigError, match="'lucene'"):
        open_lexical(tmp_path / "other", "english", engine="lucene")


@pytest.mark.parametrize("position", [-1, 2**63])
def test_what_is_no_position(index: LexicalIndex, position: int) -> None:
    with pytest.raises(StoreError, match="position"):
        index.update([], [(position, "cat")], 1)
    assert (len(index), index.stamp) == (0, 0)
