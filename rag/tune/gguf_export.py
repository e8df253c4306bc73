"""A Llama or Qwen2 folder of Hugging Face → one GGUF file that llama.cpp runs, by the `gguf` package.

llama.cpp rotates neighbouring pairs of a head where transformers rotates its halves, so the rows of q and k
are permuted for Llama; for Qwen2 both rotate halves. Matrices are float16, norms and biases float32. Source:
the file format's specification in ggml, and the conversion script of llama.cpp, for names and permutation.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.errors import MissingExtra, ModelError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ARCHITECTURES = {"llama": "llama", "qwen2": "qwen2"}
"""`model_type` of a config.json → the architecture's name in a GGUF file."""
_LAYER = {
    "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down", "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm",
}  # fmt: skip
_WHOLE = {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output"}
_SPLIT = {
    "Sequence-Digits": "smollm",  # digits one by one, then byte level
    "Sequence-Split": "qwen2",
}


def to_gguf(network: Any, tokenizer: Any, path: Path, name: str = "tuned") -> Path:
    """Writes a transformers model and its tokenizer. Raises ModelError for another architecture or tokenizer.

    Raises MissingExtra without `gguf`.
    """
    try:
        import gguf
    except ImportError:
        raise MissingExtra("a GGUF file", "tune") from None
    config = network.config
    architecture = ARCHITECTURES.get(config.model_type)
    if architecture is None:
        raise ModelError(
            f"{config.model_type} cannot be written as GGUF: expected one of {', '.join(ARCHITECTURES)}; the "
            "folder works as it is with --model"
        )
    spec = json.loads(tokenizer.backend_tokenizer.to_str())
    if spec["model"].get("type") != "BPE":
        raise ModelError(f"a {spec['model'].get('type')} tokenizer cannot be written as GGUF, only a BPE one")
    writer = gguf.GGUFWriter(str(path), architecture)
    heads = config.num_attention_heads
    head = getattr(config, "head_dim", None) or config.hidden_size // heads
    writer.add_name(name)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_key_length(head)
    writer.add_value_length(head)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_dimension_count(head)
    writer.add_rope_freq_base(_theta(config))
    writer.add_vocab_size(config.vocab_size)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    _vocabulary(writer, gguf, tokenizer, spec, config)
    for tensor_name, tensor in tensors(network, architecture):
        writer.add_tensor(tensor_name, tensor)
    return written(writer, path)


def written(writer: Any, path: Path) -> Path:
    """The file of a `gguf.GGUFWriter` that has everything. Raises ModelError where it cannot be written."""
    try:
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
    except OSError as error:
        raise ModelError(f"{path} cannot be written ({error.strerror})") from error
    finally:
        writer.close()
    return path


def tensors(network: Any, architecture: str) -> Iterator[tuple[str, NDArray[np.generic]]]:
    """The weights by their names in a GGUF file. Raises ModelError for one that has no place there."""
    import numpy as np

    config = network.config
    for name, held in network.state_dict().items():
        tensor = held.detach().float().cpu().numpy()
        module, _, what = name.rpartition(".")
        if module == "lm_head" and config.tie_word_embeddings:
            continue
        ours, heads = named(module, config, architecture)
        tensor = permuted(tensor, heads) if heads else tensor
        yield f"{ours}.{what}", tensor.astype(np.float32 if tensor.ndim == 1 else np.float16)


def named(module: str, config: Any, architecture: str) -> tuple[str, int]:
    """What a module of transformers is called in a GGUF file, and of how many heads its rows are permuted.

    0 heads: its rows stay. Raises ModelError for a module that has no place there.
    """
    if module in _WHOLE:
        return _WHOLE[module], 0
    layer, _, rest = module.removeprefix("model.layers.").partition(".")
    if not module.startswith("model.layers.") or rest not in _LAYER:
        raise ModelError(f"the weights of {module} have no place in a GGUF file of {architecture}")
    heads = {"self_attn.q_proj": config.num_attention_heads, "self_attn.k_proj": config.num_key_value_heads}
    return f"blk.{layer}.{_LAYER[rest]}", heads.get(rest, 0) if architecture == "llama" else 0


def permuted(tensor: NDArray[np.float32], heads: int) -> NDArray[np.float32]:
    """The rows of each head from halves to neighbouring pairs: 0, n/2, 1, n/2 + 1, …"""
    rows = tensor.shape[0]
    pairs = tensor.reshape(heads, 2, rows // heads // 2, *tensor.shape[1:]).swapaxes(1, 2)
    return pairs.reshape(tensor.shape)


def _vocabulary(writer: Any, gguf: Any, tokenizer: Any, spec: dict[str, Any], config: Any) -> None:
    size = config.vocab_size
    by_id = {number: token for token, number in tokenizer.get_vocab().items()}
    special = {number for number, token in tokenizer.added_tokens_decoder.items() if token.special}
    words = [by_id.get(number, f"[PAD{number}]") for number in range(size)]
    kinds = [
        gguf.TokenType.CONTROL
        if number in special
        else gguf.TokenType.NORMAL
        if number in by_id
        else gguf.TokenType.UNUSED
        for number in range(size)
    ]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(_pre(spec))
    writer.add_token_list(words)
    writer.add_token_types(kinds)
    merges = [" ".join(pair) if isinstance(pair, list) else pair for pair in spec["model"]["merges"]]
    writer.add_token_merges(merges)
    if tokenizer.bos_token_id is not None:
        writer.add_bos_token_id(int(tokenizer.bos_token_id))
    if tokenizer.eos_token_id is not None:
        writer.add_eos_token_id(int(tokenizer.eos_token_id))
    if tokenizer.pad_token_id is not None:
        writer.add_pad_token_id(int(tokenizer.pad_token_id))
    writer.add_add_bos_token(False)
    if tokenizer.chat_template:
        writer.add_chat_template(tokenizer.chat_template)


def _pre(spec: dict[str, Any]) -> str:
    """How llama.cpp calls the tokenizer's way of cutting words."""
    pre = spec.get("pre_tokenizer") or {}
    parts = [part["type"] for part in pre.get("pretokenizers", [])]
    return _SPLIT.get(f"{pre.get('type')}-{parts[0]}" if parts else "", "gpt-2")


def _theta(config: Any) -> float:
    given = getattr(config, "rope_parameters", None) or {}
    return float(given.get("rope_theta") or getattr(config, "rope_theta", None) or 10000.0)
