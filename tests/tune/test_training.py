"""The training loop on its own: an end in time, patience, checkpoints, and weights read back from 8 bits."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer

from rag.errors import ModelError
from rag.models import BUILT_IN_READER
from rag.tune.encode import Encoder
from rag.tune.items import Item
from rag.tune.network import _has_bfloat16, make_network
from rag.tune.start import WORDS, load_weights, read_weights

for package in ("torch", "transformers", "safetensors", "onnx"):
    pytest.importorskip(package, reason=f"training needs {package}: pip install 'footnote-rag[tune]'")

from rag.tune.train import Plan, Trainer  # noqa: E402 - what it imports is looked for first

PASSAGE = "In 1801 the mill was built by Bo. Ada saw it in 1806."
ITEMS = [Item(f"Who built mill {n}?", PASSAGE, "Mill", ((30, 32),), answerable=True) for n in range(24)]
PLAN = Plan(epochs=2, tokens=150, rate=1e-3, save_seconds=0.0, score_steps=4)


@pytest.fixture
def encoder(base: Path) -> Encoder:
    return Encoder(Tokenizer.from_file(str(base / "tokenizer.json")))


def trainer(base: Path, encoder: Encoder, folder: Path, plan: Plan) -> tuple[Trainer, list[dict[str, Any]]]:
    rows: list[dict[str, Any]] = []
    return Trainer(make_network(base), encoder, plan, folder, watch=rows.append), rows


def test_a_head_without_items_does_not_stop_the_checkpoint(
    base: Path, encoder: Encoder, tmp_path: Path
) -> None:
    made, rows = trainer(base, encoder, tmp_path, PLAN)
    made.run(lambda _: ITEMS, ITEMS[:4], lambda found: found["F1"])
    again, more = trainer(base, encoder, tmp_path, replace(PLAN, epochs=3))
    again.run(lambda _: ITEMS, ITEMS[:4], lambda found: found["F1"])
    steps = [row["step"] for row in rows if "steps" in row]
    assert steps == list(range(1, len(steps) + 1))
    assert next(row["step"] for row in more if "steps" in row) == steps[-1] + 1
    moments = json.loads((tmp_path / "checkpoint" / "state.json").read_text("utf-8"))["steps"]
    assert moments["span.weight"] == len(steps) // 2 * 3
    assert moments["supported.0.weight"] == 0


def test_it_ends_in_time_with_a_rate_of_almost_zero(base: Path, encoder: Encoder, tmp_path: Path) -> None:
    plan = replace(PLAN, epochs=10_000, minutes=0.03, score_steps=10**6)
    made, rows = trainer(base, encoder, tmp_path, plan)
    made.run(lambda _: ITEMS, ITEMS[:4], lambda found: found["F1"])
    steps = [row for row in rows if "steps" in row]
    assert len(steps) < steps[-1]["steps"]
    assert 1.0 < steps[-1]["seconds"] < 10
    assert made._optimizer.param_groups[0]["lr"] < 0.3 * PLAN.rate


def test_patience_ends_it_within_an_epoch(base: Path, encoder: Encoder, tmp_path: Path) -> None:
    made, rows = trainer(base, encoder, tmp_path, replace(PLAN, score_steps=1, patience=3, epochs=50))
    made.run(lambda _: ITEMS, ITEMS[:4], lambda _: 1.0)
    assert [row["step"] for row in rows if "steps" in row] == [1, 2, 3, 4], (
        "the first measure, and three more"
    )


def test_bfloat16_only_where_the_processor_has_it(tmp_path: Path) -> None:
    info = tmp_path / "cpuinfo"
    info.write_text("flags\t\t: fpu avx2 avx512f amx_tile\n")
    assert not _has_bfloat16(info)
    info.write_text("flags\t\t: fpu avx2 avx512_bf16\n")
    assert _has_bfloat16(info)
    assert not _has_bfloat16(tmp_path / "none")


@pytest.fixture(scope="module")
def graph(base: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    """A network with biases and heads that are not zero, and its int8 graph."""
    import torch

    from rag.tune.export import export

    torch.manual_seed(3)
    network = make_network(base, "eager")
    with torch.no_grad():
        for one in network.parameters():
            if one.requires_grad:
                one.add_(torch.randn_like(one) * 0.3)
    encoded = Encoder(Tokenizer.from_file(str(base / "tokenizer.json"))).encode(ITEMS)
    target = tmp_path_factory.mktemp("reader") / "model.onnx"
    export(network, encoded, target)
    return network, target


class TestStart:
    def test_every_weight_comes_back_within_half_a_step(self, graph: tuple[Any, Path]) -> None:
        network, file = graph
        own, read = network.state_dict(), read_weights(file)
        assert set(read) == set(own)
        for name, value in own.items():
            exact = value.numpy()
            if exact.ndim < 2 or ("embeddings" in name and name != WORDS):
                assert np.array_equal(read[name], exact), name
            else:
                # A column has 127 steps from -max to max, and smoothing lets a row have longer ones.
                assert np.abs(read[name] - exact).max() < 0.05 * np.abs(exact).max(), name
                assert np.abs(read[name] - exact).max() > 0, name

    def test_a_network_that_starts_from_it_says_the_same(self, base: Path, graph: tuple[Any, Path]) -> None:
        import torch

        network, file = graph
        begun = make_network(base, "eager")
        before = {name: one.clone() for name, one in begun.state_dict().items()}
        load_weights(begun, file)
        torch.manual_seed(0)
        ids = torch.randint(1000, 20000, (8, 12))
        given = (ids, torch.ones_like(ids), torch.zeros_like(ids))
        with torch.no_grad():
            right, said, fresh = (one.eval()(*given) for one in (network, begun, make_network(base)))
        for exact, close, other in zip(right, said, fresh, strict=True):
            assert (exact - close).abs().max() < 0.1 * (exact - other).abs().max()
        assert torch.equal(begun.state_dict()[WORDS], before[WORDS])
        assert not torch.equal(begun.state_dict()["span.weight"], before["span.weight"])

    def test_another_base_is_refused(self, base: Path, tmp_path: Path, graph: tuple[Any, Path]) -> None:
        from safetensors.torch import load_file, save_file

        with pytest.raises(ModelError, match="does not fit the base"):
            load_weights(make_network(base), BUILT_IN_READER / "model.onnx")
        other = tmp_path / "other"
        shutil.copytree(base, other)
        weights = load_file(base / "model.safetensors")
        name = next(one for one in weights if one.endswith("word_embeddings.weight"))
        save_file({**weights, name: weights[name] * 1.5}, other / "model.safetensors", {"format": "pt"})
        with pytest.raises(ModelError, match="other word embeddings"):
            load_weights(make_network(other), graph[1])

    def test_a_file_that_is_no_graph(self, tmp_path: Path) -> None:
        (tmp_path / "model.onnx").write_bytes(b"nothing")
        with pytest.raises(ModelError, match="cannot be read"):
            read_weights(tmp_path / "model.onnx")

    def test_the_reader_that_ships_is_read_whole(self) -> None:
        read = read_weights(BUILT_IN_READER / "model.onnx")
        assert len(read) == 6 * 16 + 5 + 2 + 8
        assert read["encoder.encoder.layer.5.intermediate.dense.weight"].shape == (1536, 384)
        assert read["span.weight"].shape == (2, 384)
        assert read["supported.2.weight"].shape == (1, 384)
