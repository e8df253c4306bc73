"""A library that ends its process ends with a message."""

from __future__ import annotations

import signal

import pytest

from rag.errors import ModelError
from rag.llm.apart import apart
from rag.llm.catalogue import tried


def test_a_process_that_dies_is_told_with_what_mends_it() -> None:
    with pytest.raises(ModelError, match=r"small ended the process .* CMAKE_ARGS="):
        apart("small", signal.raise_signal, signal.SIGILL)


def test_values_and_errors_come_back() -> None:
    assert apart("small", divmod, 7, 2) == (3, 1)
    with pytest.raises(ModelError, match=r"nothing\.gguf"):
        apart("small", tried, "/nothing.gguf", {})
