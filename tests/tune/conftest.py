"""A BERT encoder that is small enough to be trained in a test."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from rag.models import BUILT_IN_EMBEDDER


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its folder: random weights, one layer, 4 numbers a token."""
    transformers = pytest.importorskip("transformers", reason="training needs footnote-rag[tune]")
    transformers.set_seed(0)
    folder = tmp_path_factory.mktemp("base")
    config = transformers.BertConfig(
        vocab_size=30522,
        hidden_size=4,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=8,
        max_position_embeddings=512,
    )
    transformers.BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    shutil.copy(BUILT_IN_EMBEDDER / "tokenizer.json", folder)
    return folder
