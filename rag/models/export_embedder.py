"""Weights of a sentence-transformers BERT model → the folder that `OnnxEmbedder` opens.

    python -m rag.models.export_embedder --weights FOLDER --out rag/models/all-minilm-l6-v2

torch graph with mean pooling and unit length inside → ONNX → int8 (`int8.py`) → checked against float32.
Build time only: needs torch, transformers, onnx, onnxruntime and tokenizers, and no network.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.errors import ModelError
from rag.models.int8 import quantise
from rag.models.settings import TOKENIZER, WEIGHTS, EmbedderSettings, file_sha256
from rag.models.tracing import trace
from rag.terminal import say_json

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LOWEST_COSINE = 0.98
"""An export whose vector for any calibration text is further from float32 than this is refused."""


def export(
    weights: Path, out: Path, *, name: str, prompts: dict[str, str] | None = None, glosses: int = 0
) -> dict[str, Any]:
    """Writes `model.onnx`, `tokenizer.json` and `embedder.json` into `out`; returns the checks made.

    `weights` is a sentence-transformers folder: `model.safetensors`, `config.json`, `tokenizer.json`,
    `sentence_bert_config.json`, mean pooling; `glosses` is that of its settings. ModelError where something
    is missing or the int8 vectors are too far from the float32 ones.
    """
    out.mkdir(parents=True, exist_ok=True)
    limit = read_limit(weights)
    tokenizer = _plain_tokenizer(weights, out)
    with tempfile.TemporaryDirectory() as folder:
        exact = Path(folder) / WEIGHTS
        dim = _trace(weights, exact)
        about: dict[str, Any] = {"name": name, "dim": dim, "prompts": prompts or {}, "glosses": glosses}
        checks = finish(exact, out, tokenizer, limit, **about)
    return {"weights_sha256": file_sha256(weights / "model.safetensors"), **checks}


def finish(
    exact: Path,
    out: Path,
    tokenizer: Any,
    limit: int,
    *,
    name: str,
    dim: int,
    prompts: Mapping[str, str],
    across: Mapping[str, float] | None = None,
    glosses: int = 0,
) -> dict[str, Any]:
    """Makes `model.onnx` and `embedder.json` of a float32 graph, beside the tokenizer in `out`.

    `limit` is how many tokens the model reads, special ones included. Returns the checks made. ModelError
    where the int8 vectors are too far from those of the graph.
    """
    texts = _calibration_texts()
    samples = [_inputs(tokenizer, text, limit) for text in texts]
    quantise(exact, out / WEIGHTS, samples)
    cosines = _cosines(exact, out / WEIGHTS, samples)
    if cosines.min() < LOWEST_COSINE:
        raise ModelError(
            f"int8 vectors reach cosine {cosines.min():.4f} to float32, expected {LOWEST_COSINE} or more: "
            "this model needs another quantisation"
        )
    hashes = {file: file_sha256(out / file) for file in (WEIGHTS, TOKENIZER)}
    max_tokens = limit - int(tokenizer.num_special_tokens_to_add(False))
    settings = EmbedderSettings(
        name, dim, max_tokens, hashes, prompts=prompts, optimised=True, across=across or {}, glosses=glosses
    )
    settings.write(out)
    return {
        "cosine_to_float32": {
            "texts": len(texts),
            "lowest": float(cosines.min()),
            "mean": float(cosines.mean()),
        },
        "sha256": hashes,
        "bytes": (out / WEIGHTS).stat().st_size,
        "fingerprint": settings.fingerprint,
    }


def read_limit(weights: Path) -> int:
    """Tokens that the model reads, special ones included; ModelError where the folder is of another kind."""
    for name in (
        "model.safetensors",
        "config.json",
        TOKENIZER,
        "sentence_bert_config.json",
        "1_Pooling/config.json",
    ):
        if not (weights / name).is_file():
            raise ModelError(f"{weights} has no {name}; expected the folder of a sentence-transformers model")
    pooling = json.loads((weights / "1_Pooling/config.json").read_text("utf-8"))
    if not pooling.get("pooling_mode_mean_tokens"):
        raise ModelError(
            f"{weights} does not pool by the mean of its tokens; only such models can be exported"
        )
    return int(json.loads((weights / "sentence_bert_config.json").read_text("utf-8"))["max_seq_length"])


def _plain_tokenizer(weights: Path, out: Path) -> Any:
    """Saves the tokenizer without padding and truncation, which belong to the one who runs it."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(weights / TOKENIZER))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    tokenizer.save(str(out / TOKENIZER), pretty=False)
    return tokenizer


def _calibration_texts() -> list[str]:
    """Texts of many kinds, our own and Python's language reference; they decide scales, nothing else.

    Without the reference's 80 longer paragraphs the median cosine to float32 falls from .997 to .996.
    """
    from pydoc_data.topics import topics

    own = (Path(__file__).parent / "calibration.txt").read_text("utf-8").splitlines()
    reference: list[str] = []
    for topic in sorted(topics):
        paragraphs = topics[topic].split("\n\n")
        reference += [paragraph for paragraph in paragraphs if 200 < len(paragraph) < 900][:2]
    return reference[:80] + own


def _inputs(tokenizer: Any, text: str, limit: int) -> dict[str, NDArray[np.int64]]:
    import numpy as np

    ids = np.array([tokenizer.encode(text).ids[:limit]], dtype=np.int64)
    return {"input_ids": ids, "attention_mask": np.ones_like(ids)}


def _trace(weights: Path, target: Path) -> int:
    """Writes the float32 graph, input_ids and attention_mask (batch, tokens) → (batch, dim); returns dim."""
    import torch
    from transformers import AutoModel

    class Sentence(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.encoder = AutoModel.from_pretrained(
                weights, local_files_only=True, use_safetensors=True, attn_implementation="eager"
            )

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            states = self.encoder(
                input_ids=input_ids, attention_mask=attention_mask, token_type_ids=torch.zeros_like(input_ids)
            ).last_hidden_state
            mask = attention_mask.unsqueeze(-1).to(states.dtype)
            mean = (states * mask).sum(1) / mask.sum(1).clamp(min=1e-9)
            return torch.nn.functional.normalize(mean, dim=1)

    model = Sentence()
    trace(model, target, ["input_ids", "attention_mask"], {"embedding": {0: "batch"}})
    return int(model.encoder.config.hidden_size)


def _cosines(
    exact: Path, small: Path, samples: Sequence[dict[str, NDArray[np.int64]]]
) -> NDArray[np.float64]:
    """cos(int8, float32) for each sample; both graphs give unit rows, so the dot product is it."""
    import numpy as np
    import onnxruntime

    sessions = [
        onnxruntime.InferenceSession(str(p), providers=["CPUExecutionProvider"]) for p in (exact, small)
    ]
    rows = [np.concatenate([session.run(None, sample)[0] for sample in samples]) for session in sessions]
    cosines: NDArray[np.float64] = (rows[0] * rows[1]).sum(axis=1, dtype=np.float64)
    return cosines


def main() -> None:
    """The command line: exports and writes the checks as JSON to standard output."""
    parser = argparse.ArgumentParser(
        prog="python -m rag.models.export_embedder", description="Export an embedder."
    )
    parser.add_argument("--weights", type=Path, required=True, help="folder of a sentence-transformers model")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument("--name", help="name of the embedder (default: the name of the --out folder)")
    parser.add_argument("--query-prompt", default="", help="what goes before a query (E5: 'query: ')")
    parser.add_argument("--document-prompt", default="", help="what goes before a document (E5: 'passage: ')")
    options = parser.parse_args()
    prompts = {"query": options.query_prompt, "document": options.document_prompt}
    checks = export(
        options.weights, options.out, name=options.name or options.out.resolve().name, prompts=prompts
    )
    say_json(checks, indent=2)


if __name__ == "__main__":
    main()
