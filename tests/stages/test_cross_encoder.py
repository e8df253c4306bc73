"""The cross-encoder stage with a tiny real CrossEncoder made here."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from rag.denoise.cross_encoder import build
from rag.errors import ConfigError, MissingExtra, ModelError
from tests.stages.small import hit, traced

INSTALLED = importlib.util.find_spec("sentence_transformers") is not None
needs_it = pytest.mark.skipif(not INSTALLED, reason="sentence-transformers is not installed (extra [hf])")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "ferry", "leaves", "at", "eight"]


def folder_of(path: Path, labels: int) -> Path:
    """A BERT of one layer and 16 dimensions with ten words and so many scores a pair."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizer

    torch.manual_seed(0)
    (path / "vocab.txt").write_text("\n".join(WORDS))
    BertTokenizer(str(path / "vocab.txt")).save_pretrained(path)
    config = BertConfig(
        vocab_size=len(WORDS),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=64,
        num_labels=labels,
    )
    BertForSequenceClassification(config).save_pretrained(path, safe_serialization=True)
    return path


@needs_it
def test_hits_go_by_the_score_of_the_model(tmp_path: Path) -> None:
    from sentence_transformers import CrossEncoder

    folder = folder_of(tmp_path, 1)
    hits = [hit(text, score, source=text) for score, text in enumerate(["at eight", "the ferry", "leaves"])]
    found, _ = traced(build(str(folder), offline=True), "ferry", hits)
    told = CrossEncoder(str(folder)).predict([("ferry", one.chunk.text) for one in found])
    assert [one.score for one in found] == pytest.approx(told.tolist(), abs=1e-5)
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    assert [one.ranks["cross_encoder"] for one in found] == [1, 2, 3]
    assert traced(build(str(folder)), "ferry", [])[0] == []


@needs_it
def test_the_model_can_have_a_share(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, 1)
    hits = [hit(text, score, source=text) for score, text in ((3.0, "at eight"), (1.0, "leaves"))]
    found, _ = traced(build(str(folder), weight=0.25, offline=True), "ferry", hits)
    own = {one.chunk.text: one.scores["cross_encoder"] for one in found}
    sign = 1 if own["at eight"] > own["leaves"] else -1
    # Of two scores, the z-scores are 1 and -1.
    assert {one.chunk.text: one.score for one in found} == pytest.approx(
        {"at eight": 0.75 + 0.25 * sign, "leaves": -0.75 - 0.25 * sign}
    )


@needs_it
def test_what_is_no_ranking_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="3 scores a pair"):
        traced(build(str(folder_of(tmp_path, 3)), offline=True), "ferry", [hit("x")])
    with pytest.raises(ModelError, match="cannot be loaded"):
        traced(build(str(tmp_path / "nothing"), offline=True), "ferry", [hit("x")])


def test_without_a_model_or_the_extra_it_says_so() -> None:
    with pytest.raises(ConfigError, match="has no model"):
        build()
    if not INSTALLED:
        with pytest.raises(MissingExtra, match=r"footnote-rag\[hf\]"):
            traced(build("some/model"), "ferry", [hit("x")])
