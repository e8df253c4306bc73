"""The sentence-transformers adapter: a tiny model made here; the built-in weights where they can be found."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import numpy as np
import pytest

from rag.embedding import Embedder
from rag.embedding.onnx import OnnxEmbedder
from rag.embedding.sentence_transformers import SentenceTransformerEmbedder
from rag.errors import ConfigError, MissingExtra, ModelError

INSTALLED = importlib.util.find_spec("sentence_transformers") is not None
needs_it = pytest.mark.skipif(not INSTALLED, reason="sentence-transformers is not installed (extra [hf])")
# The imports of torch and transformers warn about their own parts.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "ferry", "leaves", "at", "eight", "query", ":"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT of one layer and 16 dimensions with twelve words, saved as sentence-transformers saves it."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    torch.manual_seed(0)
    parts = tmp_path_factory.mktemp("bert")
    (parts / "vocab.txt").write_text("\n".join(WORDS))
    config = BertConfig(
        vocab_size=len(WORDS),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
    )
    BertModel(config).save_pretrained(parts)
    BertTokenizerFast(str(parts / "vocab.txt")).save_pretrained(parts)
    transformer = Transformer(str(parts), max_seq_length=12)
    target = tmp_path_factory.mktemp("models") / "tiny"
    model = SentenceTransformer(
        modules=[transformer, Pooling(16)], prompts={"query": "query : "}, device="cpu"
    )
    model.save(str(target))
    return target


@pytest.fixture(scope="module")
def tiny(folder: Path) -> SentenceTransformerEmbedder:
    return SentenceTransformerEmbedder.open(folder, device="cpu", batch_size=2, offline=True)


@pytest.mark.skipif(INSTALLED, reason="sentence-transformers is installed")
def test_without_the_extra_the_error_is_the_pip_line() -> None:
    with pytest.raises(MissingExtra, match=r"pip install 'footnote-rag\[hf\]'"):
        SentenceTransformerEmbedder.open("some/model")


def test_a_batch_holds_a_text() -> None:
    with pytest.raises(ConfigError, match="batch_size is 0"):
        SentenceTransformerEmbedder.open("some/model", batch_size=0)


@needs_it
def test_it_is_an_embedder(tiny: SentenceTransformerEmbedder) -> None:
    assert isinstance(tiny, Embedder)
    assert (tiny.name, tiny.dim) == ("tiny", 16)
    assert tiny.max_tokens == 8  # 12, less [CLS] and [SEP], less "query :"


@needs_it
def test_rows_are_unit_and_in_order(tiny: SentenceTransformerEmbedder) -> None:
    texts = ["the ferry", "the ferry leaves at eight", "", "eight", "at the ferry"]
    rows = tiny.embed(texts)
    assert rows.shape == (5, 16)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    for row, text in zip(rows, texts, strict=True):
        np.testing.assert_allclose(row, tiny.embed([text])[0], atol=1e-5)
    assert tiny.embed([]).shape == (0, 16)


@needs_it
def test_prompts_are_the_models_or_the_callers(folder: Path, tiny: SentenceTransformerEmbedder) -> None:
    expected = tiny.embed(["query : ferry"])
    np.testing.assert_allclose(tiny.embed(["ferry"], "query"), expected, atol=1e-5)
    assert not np.allclose(tiny.embed(["ferry"]), expected, atol=1e-3)
    plain = SentenceTransformerEmbedder.open(folder, device="cpu", prompts={}, offline=True)
    np.testing.assert_allclose(plain.embed(["ferry"], "query"), tiny.embed(["ferry"]), atol=1e-5)
    assert plain.max_tokens == 10
    assert plain.fingerprint != tiny.fingerprint


@needs_it
def test_the_fingerprint_follows_the_weights(folder: Path, tiny: SentenceTransformerEmbedder) -> None:
    import torch

    again = SentenceTransformerEmbedder.open(folder, device="cpu", offline=True)
    assert again.fingerprint == tiny.fingerprint
    with torch.no_grad():
        next(iter(again._model.parameters())).add_(1)
    changed = SentenceTransformerEmbedder(again._model, "tiny", 32, again._prompts)
    assert changed.fingerprint != tiny.fingerprint


@needs_it
def test_token_ends_count_characters(tiny: SentenceTransformerEmbedder) -> None:
    assert tiny.token_ends("The ferry 😀 leaves").tolist() == [3, 9, 11, 18]
    assert len(tiny.token_ends("eight " * 40)) == 40
    assert tiny.token_ends("").tolist() == []


@needs_it
def test_wrong_calls_are_refused(tiny: SentenceTransformerEmbedder, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"write embed\(\[text\]\)"):
        tiny.embed("one string")
    with pytest.raises(ModelError, match="the kind 'passage'"):
        tiny.embed(["a"], "passage")  # type: ignore[arg-type]
    with pytest.raises(ModelError, match="cannot be loaded on this machine"):
        SentenceTransformerEmbedder.open(tmp_path / "nothing", offline=True)


@needs_it
@pytest.mark.skipif(
    "MINILM_WEIGHTS" not in os.environ, reason="MINILM_WEIGHTS names no folder with all-MiniLM-L6-v2"
)
def test_the_built_in_model_is_near_its_float32_source() -> None:
    texts = [
        "The ferry leaves at eight.",
        "Granite cooled slowly.",
        "Wie spät ist es?",
        "port 8443 is in use",
    ]
    exact = SentenceTransformerEmbedder.open(os.environ["MINILM_WEIGHTS"], device="cpu", offline=True)
    cosines = (exact.embed(texts) * OnnxEmbedder.open().embed(texts)).sum(axis=1)
    assert cosines.min() > 0.99
    assert exact.max_tokens == OnnxEmbedder.open().max_tokens
    for text in texts:
        assert exact.token_ends(text).tolist() == OnnxEmbedder.open().token_ends(text).tolist()
