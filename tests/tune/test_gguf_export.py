"""Hugging Face → GGUF: what is read back is the same model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rag.errors import ModelError

from .facts import TINY

torch = pytest.importorskip("torch", reason="needs footnote-rag[tune]")
pytest.importorskip("gguf", reason="needs footnote-rag[tune]")
transformers = pytest.importorskip("transformers")

from rag.tune.gguf_export import permuted, to_gguf  # noqa: E402


def logits(network: Any, ids: list[int]) -> Any:
    with torch.no_grad():
        return network.eval()(input_ids=torch.tensor([ids])).logits[0]


def small(kind: str) -> Any:
    """A random model with grouped heads, over the tiny Llama's tokenizer."""
    torch.manual_seed(1)
    config = {
        "llama": transformers.LlamaConfig,
        "qwen2": transformers.Qwen2Config,
    }[kind](
        vocab_size=620,
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=128,
        tie_word_embeddings=kind == "llama",
        bos_token_id=None,
        eos_token_id=0,
        pad_token_id=0,
    )
    return transformers.AutoModelForCausalLM.from_config(config)


@pytest.mark.parametrize("kind", ["llama", "qwen2"])
def test_logits_agree_after_the_way_there_and_back(kind: str, tmp_path: Path) -> None:
    network = small(kind)
    tokenizer = transformers.AutoTokenizer.from_pretrained(TINY / "hf")
    path = to_gguf(network, tokenizer, tmp_path / "model.gguf")
    again = transformers.AutoModelForCausalLM.from_pretrained(
        tmp_path, gguf_file=path.name, dtype=torch.float32
    )
    ids = tokenizer("The lamp is painted red.")["input_ids"] * 3
    difference = (logits(network, ids) - logits(again, ids)).abs().max()
    assert difference < 2e-3  # float16 weights


def test_llama_cpp_writes_what_transformers_writes(tmp_path: Path) -> None:
    pytest.importorskip("llama_cpp", reason="needs footnote-rag[gguf]")
    from rag.llm.chat import ChatOptions, Message
    from rag.llm.gguf import GgufModel
    from rag.llm.hf import HfModel

    there = HfModel.open(TINY / "hf", device="cpu")
    to_gguf(there.network, there.tokenizer, tmp_path / "model.gguf")
    here = GgufModel.open(tmp_path / "model.gguf", threads=1)
    source = "<source 1>\nThe lamp is painted red.\n</source 1>"
    asked = [
        Message("system", "Answer from the sources. Cite [n]."),
        Message("user", f"{source}\nWhat color is the lamp?"),
    ]
    said = ["".join(model.chat(asked, ChatOptions(max_tokens=24))) for model in (there, here)]
    assert said[0] == said[1] == "The lamp is painted red. [1]"


def test_rows_of_a_head_become_neighbouring_pairs() -> None:
    import numpy as np

    rows = np.arange(8, dtype=np.float32)[:, None]
    assert permuted(rows, 2)[:, 0].tolist() == [0, 2, 1, 3, 4, 6, 5, 7]


def test_what_llama_cpp_would_not_run_is_refused(tmp_path: Path) -> None:
    tokenizer = transformers.AutoTokenizer.from_pretrained(TINY / "hf")
    config = transformers.GPT2Config(vocab_size=620, n_embd=32, n_layer=1, n_head=2)
    network = transformers.AutoModelForCausalLM.from_config(config)
    with pytest.raises(ModelError, match="gpt2 cannot be written as GGUF: expected one of llama, qwen2"):
        to_gguf(network, tokenizer, tmp_path / "model.gguf")
