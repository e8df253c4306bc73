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

from rag.llm.gguf import ADAPTER  # noqa: E402
from rag.tune.gguf_adapter import adapter_to_gguf  # noqa: E402
from rag.tune.gguf_export import permuted, to_gguf  # noqa: E402

# of names that transformers is giving up, in the code of peft
pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")


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


@pytest.mark.parametrize("kind", ["llama", "qwen2"])
@pytest.mark.parametrize("rslora", [False, True])
def test_an_adapter_alone_gives_llama_cpp_the_logits_of_peft(kind: str, rslora: bool, tmp_path: Path) -> None:
    llama_cpp = pytest.importorskip("llama_cpp", reason="needs footnote-rag[gguf]")
    peft = pytest.importorskip("peft", reason="needs footnote-rag[tune]")
    network = small(kind)
    tokenizer = transformers.AutoTokenizer.from_pretrained(TINY / "hf")
    base = to_gguf(network, tokenizer, tmp_path / "model.gguf")
    ids = tokenizer("The lamp is painted red.")["input_ids"] * 3
    before = logits(network, ids)
    tuned = peft.get_peft_model(
        network,
        peft.LoraConfig(
            r=4,
            lora_alpha=6,
            use_rslora=rslora,
            alpha_pattern={"down_proj": 10},
            target_modules="all-linear",
            task_type="CAUSAL_LM",
        ),
    )
    for name, parameter in tuned.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.3)
    tuned.save_pretrained(str(tmp_path))
    adapter = adapter_to_gguf(tmp_path, network.config, tmp_path / ADAPTER)
    after = logits(tuned, ids)
    model = llama_cpp.Llama(str(base), lora_path=str(adapter), logits_all=True, n_threads=1, verbose=False)
    model.eval(ids)
    found = torch.tensor(model.scores[: len(ids)])
    change = (after - before).abs().max()
    assert change > 0.05
    assert (found - after).abs().max() < 0.02 * change  # float16 weights
    assert adapter.stat().st_size < base.stat().st_size


def test_a_model_with_an_adapter_in_gguf_is_opened_by_settings(tmp_path: Path) -> None:
    pytest.importorskip("llama_cpp", reason="needs footnote-rag[gguf]")
    peft = pytest.importorskip("peft", reason="needs footnote-rag[tune]")
    from rag.config import ModelSettings
    from rag.llm.chat import ChatOptions, Message
    from rag.llm.gguf import opened
    from rag.llm.hf import HfModel

    there = HfModel.open(TINY / "hf", device="cpu")
    base = to_gguf(there.network, there.tokenizer, tmp_path / "model.gguf")
    asked = [Message("user", "What color is the lamp?")]
    plain = opened(ModelSettings(name=str(base), threads=1), False)
    tuned = peft.get_peft_model(there.network, peft.LoraConfig(target_modules=["v_proj"]))
    for name, parameter in tuned.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=1.0)
    tuned.save_pretrained(str(tmp_path))
    adapter_to_gguf(tmp_path, there.network.config, tmp_path / ADAPTER)
    for named in (tmp_path, tmp_path / ADAPTER):
        with_it = opened(ModelSettings(name=str(base), adapter=str(named), threads=1), False)
        said = ["".join(model.chat(asked, ChatOptions(max_tokens=12))) for model in (plain, with_it)]
        assert said[0] != said[1]
    for wrong, why in (
        (base, "no adapter"),
        (tmp_path / "none", "is no file: llama.cpp takes a LoRA in GGUF"),
    ):
        with pytest.raises(ModelError, match=why):
            opened(ModelSettings(name=str(base), adapter=str(wrong)), False)


def test_what_is_no_plain_lora_is_refused(tmp_path: Path) -> None:
    peft = pytest.importorskip("peft", reason="needs footnote-rag[tune]")
    network = small("llama")
    ia3 = peft.get_peft_model(network, peft.IA3Config(task_type="CAUSAL_LM"))
    ia3.save_pretrained(str(tmp_path / "ia3"))
    with pytest.raises(ModelError, match="is no plain LoRA"):
        adapter_to_gguf(tmp_path / "ia3", network.config, tmp_path / ADAPTER)
    lora = peft.get_peft_model(small("qwen2"), peft.LoraConfig(target_modules=["embed_tokens"]))
    lora.save_pretrained(str(tmp_path / "lora"), save_embedding_layers=False)
    with pytest.raises(ModelError, match="has no place in a GGUF file"):
        adapter_to_gguf(tmp_path / "lora", network.config, tmp_path / ADAPTER)


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
