"""One server for all tests that only read, and a fresh folder for those that change something."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serve.serving import Server, ingest, served, write_corpus


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of documents and its index."""
    folder = tmp_path_factory.mktemp("corpus")
    write_corpus(folder)
    ingest(folder)
    return folder


@pytest.fixture(scope="session")
def server(corpus: Path) -> Iterator[Server]:
    with served(corpus) as running:
        yield running


@pytest.fixture
def copy(corpus: Path, tmp_path: Path) -> Path:
    """The same, for a test that changes it."""
    folder = tmp_path / "copy"
    shutil.copytree(corpus, folder)
    return folder
