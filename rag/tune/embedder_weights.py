"""An embedder to be tuned, as a sentence-transformers folder: the one that is named, or the one that ships.

Of the one that ships there is only its int8 graph, so its weights are read back (`start.py`): each is off by
up to half a step of its scale. What comes out is held against the graph before anything is learned.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rag.embedding.onnx import OnnxEmbedder
from rag.errors import ModelError
from rag.models import BUILT_IN_EMBEDDER
from rag.models.export_embedder import read_limit
from rag.models.settings import TOKENIZER, WEIGHTS, EmbedderSettings

from .start import read_weights

_HEADS = 12  # of all-MiniLM-L6-v2; the graph does not tell
_CLOSE = 0.97
"""Cosine between the read weights and the int8 graph from which they are the same model."""
_PROBES = ("The hall opened in 1931.", "who built the mill", "opening hours and prices of the swimming pool")
_OWN = ("config.json", "model.safetensors", TOKENIZER, "sentence_bert_config.json", "1_Pooling/config.json")
_PROMPTS = {"query": ("query",), "document": ("document", "passage")}


def prompts_of(folder: Path) -> Mapping[str, str]:
    """What a sentence-transformers folder says goes before queries and documents."""
    path = folder / "config_sentence_transformers.json"
    told = json.loads(path.read_text("utf-8")).get("prompts") or {} if path.is_file() else {}
    found = {
        kind: next((told[name] for name in names if told.get(name)), "") for kind, names in _PROMPTS.items()
    }
    return {kind: prompt for kind, prompt in found.items() if prompt}


def opened(folder: Path) -> Any:
    """The torch encoder of a folder, in float32. Raises ModelError for one that is no BERT encoder."""
    import torch
    from transformers import AutoConfig, AutoModel
    from transformers.utils import logging

    logging.disable_progress_bar()
    try:
        config = AutoConfig.from_pretrained(
            folder, local_files_only=True, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0
        )
        encoder = AutoModel.from_pretrained(
            folder, config=config, local_files_only=True, use_safetensors=True, dtype=torch.float32
        )
    except (OSError, ValueError) as error:
        raise ModelError(f"{folder} cannot be opened as an encoder: {error}") from error
    return encoder


def saved(encoder: Any, base: Path, folder: Path) -> None:
    """Writes a tuned encoder as a folder like its base."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "1_Pooling").mkdir(exist_ok=True)
    try:
        for name in (*_OWN, "config_sentence_transformers.json"):
            if name != "model.safetensors" and (base / name).is_file():
                shutil.copyfile(base / name, folder / name)
        encoder.save_pretrained(str(folder), safe_serialization=True)
    except OSError as error:
        raise ModelError(f"{folder} cannot be written ({error.strerror}): free some space") from error


def built_in(folder: Path) -> Path:
    """The embedder that ships, as a folder of its weights. ModelError where they cannot be had back."""
    import torch
    from transformers import BertConfig, BertModel

    if all((folder / name).is_file() for name in _OWN):
        return folder
    settings = EmbedderSettings.read(BUILT_IN_EMBEDDER)
    read = {
        name.removeprefix("encoder."): one for name, one in read_weights(BUILT_IN_EMBEDDER / WEIGHTS).items()
    }
    words, positions = (
        read["embeddings.word_embeddings.weight"],
        read["embeddings.position_embeddings.weight"],
    )
    config = BertConfig(
        vocab_size=words.shape[0],
        hidden_size=words.shape[1],
        num_hidden_layers=sum(name.endswith("intermediate.dense.bias") for name in read),
        num_attention_heads=_HEADS,
        intermediate_size=read["encoder.layer.0.intermediate.dense.bias"].shape[0],
        max_position_embeddings=positions.shape[0],
    )
    encoder = BertModel(config, add_pooling_layer=False)
    given = {name: torch.from_numpy(one.copy()) for name, one in read.items()}
    kept = encoder.load_state_dict(given, strict=False)
    if kept.missing_keys or kept.unexpected_keys:
        raise ModelError(f"the weights of the embedder that ships are not those of a BERT encoder: {kept}")
    (folder / "1_Pooling").mkdir(parents=True, exist_ok=True)
    shutil.copyfile(BUILT_IN_EMBEDDER / TOKENIZER, folder / TOKENIZER)
    pooling = {"word_embedding_dimension": settings.dim, "pooling_mode_mean_tokens": True}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(pooling), "utf-8")
    (folder / "sentence_bert_config.json").write_text(
        json.dumps({"max_seq_length": settings.max_tokens + 2, "do_lower_case": False}), "utf-8"
    )
    encoder.save_pretrained(str(folder), safe_serialization=True)
    _same(encoder, folder)
    return folder


def embedded(encoder: Any, ids: Any, mask: Any) -> Any:
    """Unit rows (n, dim) of tokens (n, t): the mean of the states, as the exporter has it."""
    import torch

    given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": torch.zeros_like(ids)}
    states = encoder(**given).last_hidden_state
    shown = mask.unsqueeze(-1).to(states.dtype)
    return torch.nn.functional.normalize((states * shown).sum(1) / shown.sum(1).clamp(min=1e-9), dim=1)


def tokenised(tokenizer: Any, texts: list[str], limit: int) -> tuple[Any, Any]:
    """ids and mask (n, t), cut at the limit as the embedder cuts: what the tokenizer puts behind stays."""
    import torch

    rows = []
    for encoding in tokenizer.encode_batch(texts):
        tail = encoding.special_tokens_mask[::-1].index(0) if 0 in encoding.special_tokens_mask else 0
        ids = encoding.ids
        rows.append(ids if len(ids) <= limit else ids[: limit - tail] + ids[len(ids) - tail :])
    longest = max(map(len, rows))
    ids = torch.tensor([row + [0] * (longest - len(row)) for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows])
    return ids, mask


def _same(encoder: Any, folder: Path) -> None:
    """Raises ModelError where the weights give other vectors than the graph that they were read from."""
    import torch
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
    tokenizer.no_padding()
    with torch.no_grad():
        rows = embedded(encoder.eval(), *tokenised(tokenizer, list(_PROBES), read_limit(folder))).numpy()
    lowest = float((rows * OnnxEmbedder.open().embed(list(_PROBES))).sum(axis=1).min())
    if lowest < _CLOSE:
        raise ModelError(
            f"the weights that were read back give a cosine of {lowest:.3f} to the embedder that ships"
        )
