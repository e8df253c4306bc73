"""What every test has of its own: a record of trusted settings files, and the secrets that are known."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rag import trust
from rag.config import resolve_settings


@pytest.fixture(autouse=True, scope="session")
def _nothing_left_behind() -> Iterator[None]:
    """No test writes into the folder that the tests are run in, but for hidden files and what is built."""
    here = Path.cwd()
    before = {file.name for file in here.iterdir()}
    yield
    left = {file.name for file in here.iterdir()} - before - {"dist", "build", "__pycache__"}
    assert not {name for name in left if not name.startswith(".") and not name.endswith(".egg-info")}


@pytest.fixture(autouse=True)
def _own_trust(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAG_TRUSTED", str(tmp_path_factory.getbasetemp() / "trusted.json"))


@pytest.fixture(autouse=True)
def _own_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rag.secrets._known", set())


@pytest.fixture
def trusted() -> Callable[[Path], None]:
    """Trusts the rag.toml of a folder, as `rag trust` does."""

    def given(folder: Path) -> None:
        found = resolve_settings(folder / ".rag", environ={}, looking=True)
        trust.trust(found.path, found.needs)

    return given
