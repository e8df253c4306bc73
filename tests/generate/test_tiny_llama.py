"""The fixture itself: the committed weights copy and cite as their card says."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

pytest.importorskip("llama_cpp", reason="pip install 'footnote-rag[gguf]'")


def test_the_weights_answer_fresh_examples(tiny: Path) -> None:
    fixture = runpy.run_path(str(tiny / "tiny_examples.py"))
    assert fixture["share_right"](fixture["opened"]("gguf"), 100) >= 0.98
