"""The built-in embedder: real weights, known relations, exact reproducibility, offsets, errors."""

from __future__ import annotations

import json
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest

from rag.embedding import Embedder
from rag.embedding.onnx import OnnxEmbedder
from rag.errors import ConfigError, ModelError
from rag.models import BUILT_IN_EMBEDDER

SENTENCES = [
    "The ferry to the island leaves at eight every morning.",
    "Each day at 8 a.m. a boat sails to the island.",
    "Photosynthesis turns light, water and carbon dioxide into sugar.",
    "Plants make sugar from carbon dioxide with the energy of the sun.",
    "",
    "Ärger über die Straßenbahn",
    "x " * 900,
]


@pytest.fixture(scope="module")
def embedder() -> OnnxEmbedder:
    return OnnxEmbedder.open(threads=2)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A folder of one's own with the built-in model; the weights are linked, not copied."""
    for file in BUILT_IN_EMBEDDER.iterdir():
        if file.name == "model.onnx":
            (tmp_path / file.name).symlink_to(file)
        else:
            shutil.copy(file, tmp_path / file.name)
    return tmp_path


def rewrite(folder: Path, **changes: object) -> None:
    path = folder / "embedder.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_it_is_an_embedder(embedder: OnnxEmbedder) -> None:
    assert isinstance(embedder, Embedder)
    assert (embedder.name, embedder.dim, embedder.max_tokens) == ("all-minilm-l6-v2", 384, 254)
    assert embedder.fingerprint == OnnxEmbedder.open(BUILT_IN_EMBEDDER).fingerprint


def test_rows_are_float32_of_length_one(embedder: OnnxEmbedder) -> None:
    rows = embedder.embed(SENTENCES)
    assert rows.shape == (len(SENTENCES), 384)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)


def test_no_texts_give_no_rows(embedder: OnnxEmbedder) -> None:
    assert embedder.embed([]).shape == (0, 384)


def test_a_row_depends_on_its_text_alone(embedder: OnnxEmbedder) -> None:
    together = embedder.embed(SENTENCES)
    for row, text in zip(together, SENTENCES, strict=True):
        np.testing.assert_array_equal(row, embedder.embed([text])[0])
    np.testing.assert_array_equal(embedder.embed(SENTENCES[::-1]), together[::-1])


@pytest.mark.parametrize("threads", [1, 3])
def test_threads_do_not_change_a_bit(embedder: OnnxEmbedder, threads: int) -> None:
    np.testing.assert_array_equal(
        OnnxEmbedder.open(threads=threads).embed(SENTENCES), embedder.embed(SENTENCES)
    )


def test_callers_may_share_it(embedder: OnnxEmbedder) -> None:
    expected = embedder.embed(SENTENCES)
    found: list[np.ndarray] = []
    callers = [threading.Thread(target=lambda: found.append(embedder.embed(SENTENCES))) for _ in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert len(found) == 4
    assert all(np.array_equal(rows, expected) for rows in found)


def test_paraphrases_are_near_and_topics_apart(embedder: OnnxEmbedder) -> None:
    rows = embedder.embed(SENTENCES[:4])
    cosines = rows @ rows.T
    assert cosines[0, 1] > 0.65
    assert cosines[2, 3] > 0.65
    assert abs(cosines[:2, 2:]).max() < 0.2


def test_float32_cosines_are_kept(embedder: OnnxEmbedder) -> None:
    # Cosines of the same sentences with the float32 weights (sentence-transformers 6.2).
    rows = embedder.embed(SENTENCES[:4])
    exact = [0.7269, 0.7854, 0.0908]
    found = [rows[0] @ rows[1], rows[2] @ rows[3], rows[0] @ rows[2]]
    np.testing.assert_allclose(found, exact, atol=0.02)


def test_the_vector_of_a_sentence_is_known(embedder: OnnxEmbedder) -> None:
    # Computed with AVX512-VNNI. Other instruction sets round differently before the 8-bit steps, which by an
    # emulation costs a cosine of .0003 at most: .00125 a component, so .006 is over four deviations.
    known = [0.08811, 0.06551, 0.06073, 0.06674, 0.04869, 0.03808, -0.02777, 0.01332]
    row = embedder.embed([SENTENCES[0]])[0]
    np.testing.assert_allclose(row[:8], known, atol=0.006)


def test_what_is_behind_max_tokens_is_not_read(embedder: OnnxEmbedder) -> None:
    # "x" is one token: 254 are read, and [CLS] and [SEP] besides.
    full, longer, shorter = embedder.embed(["x " * 254, "x " * 254 + "ferry", "x " * 253 + "ferry"])
    np.testing.assert_array_equal(full, longer)
    assert not np.array_equal(full, shorter)


def test_half_a_surrogate_pair_is_not_an_error(embedder: OnnxEmbedder) -> None:
    np.testing.assert_array_equal(embedder.embed(["a \ud800 b"]), embedder.embed(["a \ufffd b"]))
    assert embedder.token_ends("a \ud800 b").tolist() == [1, 5]


def test_special_tokens_in_a_text_are_text(embedder: OnnxEmbedder) -> None:
    assert embedder.token_ends("[SEP] x").tolist() == [1, 4, 5, 7]  # [ sep ] x


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("", []),
        ("Hello, world", [5, 6, 12]),
        ("Café déjà vu", [4, 7, 9, 12]),  # de ##ja vu
        ("東京の冬", [1, 2, 3, 4]),
        ("go 😀 now", [2, 4, 8]),  # the emoji is one character
        ("a\r\n\r\nb", [1, 6]),
    ],
)
def test_token_ends_count_characters_of_the_text(embedder: OnnxEmbedder, text: str, ends: list[int]) -> None:
    assert embedder.token_ends(text).tolist() == ends


def test_token_ends_are_uncut_and_never_descend(embedder: OnnxEmbedder) -> None:
    ends = embedder.token_ends("한국어 naïve e\u0301te\u0301 " * 300)
    assert len(ends) > 254
    assert (np.diff(ends) >= 0).all()
    assert ends.dtype == np.int64


def test_prompts_go_before_the_texts_of_their_kind(embedder: OnnxEmbedder, copy: Path) -> None:
    rewrite(copy, prompts={"query": "query: ", "document": ""})
    prompted = OnnxEmbedder.open(copy)
    np.testing.assert_array_equal(prompted.embed(["ferry"], "query"), embedder.embed(["query: ferry"]))
    np.testing.assert_array_equal(prompted.embed(["ferry"], "document"), embedder.embed(["ferry"]))
    assert prompted.max_tokens == 252  # "query" and ":" take two
    assert prompted.fingerprint != embedder.fingerprint


def test_verify_finds_a_changed_file(embedder: OnnxEmbedder, copy: Path) -> None:
    embedder.verify()
    with (copy / "tokenizer.json").open("a") as file:
        file.write(" ")
    with pytest.raises(ModelError, match=r"tokenizer\.json has SHA-256 .* damaged or was replaced"):
        OnnxEmbedder.open(copy).verify()


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json", "embedder.json"])
def test_a_missing_file_is_named(copy: Path, name: str) -> None:
    (copy / name).unlink()
    with pytest.raises(ModelError, match=f"has no {name}"):
        OnnxEmbedder.open(copy)


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json", "embedder.json"])
def test_a_torn_file_is_named(copy: Path, name: str) -> None:
    (copy / name).unlink()
    (copy / name).write_bytes((BUILT_IN_EMBEDDER / name).read_bytes()[:100])
    with pytest.raises(ModelError, match=name):
        OnnxEmbedder.open(copy)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dim": 0}, "dim is 0"),
        ({"dim": 512}, r"expected attention_mask, input_ids and \(batch, 512\)"),
        ({"format": 9}, "has format 9, this version reads 1"),
        ({"sha256": {}}, "sha256 lacks model.onnx, tokenizer.json"),
        ({"prompts": {"passage": "p"}}, "prompts has passage"),
        ({"name": ""}, "name is ''"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_unusable_settings_are_refused(copy: Path, changes: dict[str, object], message: str) -> None:
    rewrite(copy, **changes)
    with pytest.raises(ModelError, match=message):
        OnnxEmbedder.open(copy)


def test_wrong_calls_are_refused(embedder: OnnxEmbedder) -> None:
    with pytest.raises(ModelError, match=r"write embed\(\[text\]\)"):
        embedder.embed("one string")
    with pytest.raises(ModelError, match="the kind 'passage', expected 'document' or 'query'"):
        embedder.embed(["a"], "passage")  # type: ignore[arg-type]
    with pytest.raises(ModelError, match="text 1 is a NoneType, expected a string"):
        embedder.embed(["a", None])  # type: ignore[list-item]
    with pytest.raises(ConfigError, match="threads is 0"):
        OnnxEmbedder.open(threads=0)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_failed_run_is_reported(copy: Path, threads: int) -> None:
    # Position embeddings end at 512 tokens, so a larger max_tokens makes the graph fail.
    rewrite(copy, max_tokens=5000)
    with pytest.raises(ModelError, match=r"model\.onnx failed on a text of 602 tokens"):
        OnnxEmbedder.open(copy, threads=threads).embed(["ferry", "x " * 600, "boat"])


def test_a_text_in_german_is_near_to_what_it_means(embedder: OnnxEmbedder, copy: Path) -> None:
    german = "Die Kündigungsfrist beträgt drei Monate."
    asked = embedder.embed(["How long is the notice period?"], "query")[0]
    rewrite(copy, glosses=0)
    plain = OnnxEmbedder.open(copy, threads=1)
    assert embedder.embed([german])[0] @ asked > plain.embed([german])[0] @ asked + 0.2
    assert plain.fingerprint != embedder.fingerprint
    english = ["The notice period is three months."]
    np.testing.assert_array_equal(plain.embed(english), embedder.embed(english))


def test_glosses_are_a_version_number(copy: Path) -> None:
    rewrite(copy, glosses="all")
    with pytest.raises(ModelError, match="glosses"):
        OnnxEmbedder.open(copy)
