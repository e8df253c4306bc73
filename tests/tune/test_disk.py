"""A disk that fills up while something is tuned: told in one message, by whichever library it was met."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

import numpy as np
import pytest

from rag.errors import ModelError
from rag.pipeline.adopted import adopted
from rag.retrieve.query_map import QueryMap
from rag.tune.disk import full
from rag.tune.retriever import tune_retriever

from .jargon import opened, questions


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_map_that_the_disk_has_no_room_for_is_one_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def save(self: QueryMap, folder: Path) -> None:
        with Path("/dev/full").open("wb", buffering=0) as file:  # opened, never replaced
            np.save(file, self.matrix.astype(np.float32), allow_pickle=False)

    monkeypatch.setattr(QueryMap, "save", save)
    with opened(tmp_path) as rag, pytest.raises(ModelError, match=r"the disk of .* is full: free some space"):
        tune_retriever(rag, questions())
    assert not adopted(tmp_path / "index")


def test_what_a_full_disk_is_and_what_is_none() -> None:
    assert full(OSError(errno.ENOSPC, "No space left on device"))
    # as safetensors says it, and as numpy does
    assert full(Exception("Error while serializing: I/O error: No space left on device (os error 28)"))
    assert full(OSError("147840 requested and 2016 written"))
    assert full(shutil.Error([("a", "b", "[Errno 28] No space left on device: 'a' -> 'b'")]))
    assert not full(OSError(errno.EACCES, "Permission denied"))
    assert not full(ValueError("3 requested and 2 written"))
    assert not full(RuntimeError("no space"))
