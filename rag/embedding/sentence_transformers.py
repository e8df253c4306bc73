"""Any sentence-transformers model, by folder or hub id, in float32 and in batches (extra `[hf]`).

Code from a model is never run and only safetensors are read.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.embedding import Kind
from rag.embedding.tokenizer import WrittenTokenizer
from rag.errors import ConfigError, MissingExtra, ModelError, said

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# What models call the prompt of a document, in the order of preference.
_PROMPT_NAMES: Mapping[Kind, tuple[str, ...]] = {"query": ("query",), "document": ("document", "passage")}


class SentenceTransformerEmbedder:
    """An `Embedder` over a `SentenceTransformer`. Texts are sorted by length, batched, cut at `max_tokens`.

    Equal texts give rows equal to about 1e-6: padding in a batch changes the last bits of a float32 sum.
    """

    def __init__(self, model: Any, name: str, batch_size: int, prompts: Mapping[Kind, str]) -> None:
        self._model = model
        self._name = name
        self._batch_size = batch_size
        self._prompts = prompts
        self._dim = int(_dimension(model))
        self._max_tokens = _text_tokens(model, prompts)
        self._fingerprint = f"{name}@{_digest(model, prompts)}"

    @classmethod
    def open(
        cls,
        model: str | Path,
        *,
        device: str | None = None,
        batch_size: int = 32,
        offline: bool = False,
        prompts: Mapping[Kind, str] | None = None,
    ) -> SentenceTransformerEmbedder:
        """Loads a model from a folder, or from the hub by id; `offline` takes what was downloaded before.

        `prompts` go before the texts of a kind ({"query": "query: "}); default, what the model itself
        declares. Raises MissingExtra where sentence-transformers is not installed, ModelError where the
        model cannot be loaded or has no fast tokenizer, ConfigError for a batch size below 1.
        """
        if batch_size < 1:
            raise ConfigError(f"batch_size is {batch_size}, expected 1 or more")
        try:
            from sentence_transformers import SentenceTransformer
        except ImportError as error:
            raise MissingExtra("SentenceTransformerEmbedder", "hf") from error
        try:
            loaded = SentenceTransformer(
                str(model),
                device=device,
                trust_remote_code=False,
                local_files_only=offline,
                model_kwargs={"use_safetensors": True},
            )
        except Exception as error:  # the libraries below raise many types
            where = "on this machine (offline)" if offline else "as a folder or on the hub"
            raise ModelError(
                f"the sentence-transformers model {str(model)!r} cannot be loaded {where}: {said(error)}. "
                "Give a folder with modules.json and safetensors weights, or a hub id."
            ) from error
        if not getattr(loaded.tokenizer, "is_fast", False):
            raise ModelError(f"{model} has no fast tokenizer, which is needed to count tokens with offsets")
        chosen = _declared_prompts(loaded) if prompts is None else dict(prompts)
        return cls(loaded, Path(model).name if Path(model).is_dir() else str(model), batch_size, chosen)

    @property
    def name(self) -> str:
        return self._name

    @property
    def fingerprint(self) -> str:
        """Name and hash of the weights, the tokenizer, the modules' settings and the prompts."""
        return self._fingerprint

    @property
    def dim(self) -> int:
        return self._dim

    @property
    def max_tokens(self) -> int:
        """Tokens of a text that are read, special tokens and the longer prompt not counted."""
        return self._max_tokens

    def embed(self, texts: Sequence[str], kind: Kind = "document") -> NDArray[np.float32]:
        """float32, shape (len(texts), dim), rows of length 1, in the order of the texts.

        Raises ModelError for a single string in place of a sequence, or an unknown kind.
        """
        import numpy as np

        if isinstance(texts, str):
            raise ModelError("embed() got one string, expected a sequence of them: write embed([text])")
        if kind not in _PROMPT_NAMES:
            raise ModelError(f"embed() got the kind {kind!r}, expected 'document' or 'query'")
        if not texts:
            return np.empty((0, self._dim), dtype=np.float32)
        rows = self._model.encode(
            list(texts),
            prompt=self._prompts.get(kind, ""),
            batch_size=self._batch_size,
            normalize_embeddings=True,
            show_progress_bar=False,
        )
        return np.ascontiguousarray(rows, dtype=np.float32)

    @property
    def tokenizer(self) -> WrittenTokenizer:
        """What tells `token_ends` in another process."""
        return WrittenTokenizer(self._model.tokenizer.backend_tokenizer.to_str(), marks_are_text=False)

    def token_ends(self, text: str) -> NDArray[np.int64]:
        """The offset in characters just behind each token, never descending, uncut; no special tokens."""
        import numpy as np

        encoded = self._model.tokenizer(
            text, add_special_tokens=False, return_offsets_mapping=True, truncation=False, verbose=False
        )
        return np.array([end for _, end in encoded["offset_mapping"]], dtype=np.int64)


def _declared_prompts(model: Any) -> dict[Kind, str]:
    declared = model.prompts or {}
    return {
        kind: next((declared[name] for name in names if declared.get(name)), "")
        for kind, names in _PROMPT_NAMES.items()
    }


def _dimension(model: Any) -> int:
    # Version 6 renamed it and warns about the old name.
    newer = getattr(model, "get_embedding_dimension", None)
    return int(newer() if newer else model.get_sentence_embedding_dimension())


def _text_tokens(model: Any, prompts: Mapping[Kind, str]) -> int:
    limit = int(model.max_seq_length or model.tokenizer.model_max_length)
    longest = max(prompts.values(), key=len, default="")
    prompt = len(model.tokenizer(longest, add_special_tokens=False)["input_ids"]) if longest else 0
    return limit - int(model.tokenizer.num_special_tokens_to_add()) - prompt


def _digest(model: Any, prompts: Mapping[Kind, str]) -> str:
    """16 hexadecimal digits over what makes the vectors; a folder and the hub id it came from agree."""
    import torch

    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        flat = tensor.detach().cpu().contiguous().flatten()
        digest.update(flat.view(torch.uint8).numpy().tobytes())
    modules = [[type(module).__name__, _module_settings(module)] for module in model]
    settings = [modules, model.max_seq_length, dict(prompts)]
    digest.update(json.dumps(settings, sort_keys=True, default=str).encode())
    digest.update(model.tokenizer.backend_tokenizer.to_str().encode())
    return digest.hexdigest()[:16]


def _module_settings(module: Any) -> Any:
    settings = module.get_config_dict() if hasattr(module, "get_config_dict") else {}
    # Where a model lies is no part of what it does.
    return {key: value for key, value in settings.items() if "path" not in key}


def opened(model: str, *, offline: bool = False) -> SentenceTransformerEmbedder:
    """The model in a folder or on the hub."""
    return SentenceTransformerEmbedder.open(model, offline=offline)
