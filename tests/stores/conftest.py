"""What the stores' tests share: folders in memory, and a disk that is soon full."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rag.errors import StoreError
from rag.stores import VectorStore
from rag.testing.store import make


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A folder of the test's own, in memory where that can be: nothing here waits for a disk."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        yield Path(folder)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 3 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small file system takes root")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def grow(disk: Path) -> None:
    """Makes that file system ten times as large."""
    subprocess.run(["mount", "-o", "remount,size=30m", str(disk)], check=True)


def assert_a_full_disk_loses_nothing(opened: Callable[[], VectorStore], disk: Path, says: str) -> None:
    """Fills the disk through a store on it: one clear error, and with more room all that was taken."""
    store = opened()
    taken: list[str] = []

    def fill() -> None:
        for number in range(2_000):
            item = make(f"{number}.txt", *(f"amber {part} " + "x" * 5_000 for part in range(4)))
            store.upsert([item])
            taken.append(item.document.id)

    with pytest.raises(StoreError, match=says):
        fill()
    assert len(taken) > 3
    store.close()
    grow(disk)
    store = opened()
    assert {info.id for info in store.documents()} == set(taken)
    assert [chunk.document_id for chunk, _ in store.scan()].count(taken[-1]) == 4
    assert len(store.scan(limit=10_000)) == 4 * len(taken)
    store.upsert([make("after.txt", "amber after")])
    assert len(list(store.documents())) == len(taken) + 1
    store.close()
