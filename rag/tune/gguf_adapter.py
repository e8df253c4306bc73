"""A LoRA folder of `peft` → one GGUF file that llama.cpp puts on top of its base.

Of each matrix both factors are written, (rank, in) and (out, rank), under the name that the matrix has in the
base; q and k of Llama with their rows permuted as there. llama.cpp adds alpha / rank · B A, as `peft` does,
so what `peft` scales in another way goes into B. Source: llama.cpp's conversion of LoRA adapters, for names
and keys.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.errors import MissingExtra, ModelError

from .gguf_export import ARCHITECTURES, named, permuted, written

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_PREFIX = "base_model.model."
_FACTORS = {"lora_A": "lora_a", "lora_B": "lora_b"}


def adapter_to_gguf(folder: Path, config: Any, path: Path) -> Path:
    """Writes the adapter in a folder of `peft` for a base of this transformers `config`.

    Raises ModelError for what is no plain LoRA, for another architecture, and for weights that have no place
    in a GGUF file. Raises MissingExtra without `gguf`.
    """
    try:
        import gguf
        from safetensors.numpy import load_file
    except ImportError:
        raise MissingExtra("a GGUF file", "tune") from None
    architecture = ARCHITECTURES.get(config.model_type)
    if architecture is None:
        raise ModelError(
            f"an adapter of {config.model_type} cannot be written as GGUF: expected one of "
            f"{', '.join(ARCHITECTURES)}; the folder works as it is with model.adapter"
        )
    given = json.loads((folder / "adapter_config.json").read_text("utf-8"))
    if given.get("peft_type") != "LORA" or given.get("use_dora") or given.get("bias", "none") != "none":
        raise ModelError(f"{folder} is no plain LoRA, and llama.cpp knows no other adapter: merge it instead")
    held = load_file(folder / "adapter_model.safetensors")
    writer = gguf.GGUFWriter(str(path), architecture)
    writer.add_type(gguf.GGUFType.ADAPTER)
    writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
    writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, float(given["lora_alpha"]))
    for name, factor in _factors(held, given, config, architecture):
        writer.add_tensor(name, factor)
    return written(writer, path)


def _factors(
    held: Mapping[str, NDArray[np.float32]], given: Mapping[str, Any], config: Any, architecture: str
) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Both factors of every matrix, by their names in the file."""
    import numpy as np

    for key, tensor in held.items():
        module, _, rest = key.removeprefix(_PREFIX).rpartition(".lora_")
        which = _FACTORS.get(f"lora_{rest.partition('.')[0]}")
        if not module or which is None:
            raise ModelError(f"the weight {key} of the adapter has no place in a GGUF file of {architecture}")
        ours, heads = named(module, config, architecture)
        factor = tensor.astype(np.float32)
        if which == "lora_b":
            factor = factor * _more(module, factor.shape[1], given)
            factor = permuted(factor, heads) if heads else factor
        yield f"{ours}.weight.{which}", np.ascontiguousarray(factor)


def _more(module: str, rank: int, given: Mapping[str, Any]) -> float:
    """What `peft` scales this matrix by, over the alpha / rank of llama.cpp."""
    alphas = given.get("alpha_pattern") or {}
    alpha = next((value for end, value in alphas.items() if module.endswith(end)), given["lora_alpha"])
    scale = alpha / (math.sqrt(rank) if given.get("use_rslora") else rank)
    return float(scale / (given["lora_alpha"] / rank))
