"""One table a kind, and one way from a name to a part, for what ships and for what packages offer."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

import rag.denoise
from rag import ConfigError, Rag, lookup
from rag.chunking import chunker, methods, options
from rag.embedding.open import open_embedder
from rag.indexes import ENGINES, open_lexical
from rag.llm.kinds import kind_of
from rag.llm.open import open_model
from rag.loaders.formats import LOADERS, loader_of
from rag.pipeline.registry import names, part

TABLES = {
    "loaders": LOADERS,
    "lexical": ENGINES,
    "stores": importlib.import_module("rag.stores").open_store.__globals__["NAMES"],
    "llm": importlib.import_module("rag.llm.chat").NAMES,
    "sources": importlib.import_module("rag.ingest.sources").NAMES,
    **{kind: importlib.import_module(f"rag.{kind}").NAMES for kind in ("chunking", "embedding")},
    **{
        kind: importlib.import_module(f"rag.{kind}").NAMES
        for kind in ("augment", "retrieve", "denoise", "reorder", "generate", "ground", "when")
    },
}
PACKAGE = """
from rag.testing import WordEmbedder


class part:
    def __init__(self, *args, **kwargs):
        self.args = args


def keep_all(least: float = 0.0):
    return lambda question, hits: hits


def embedder(model, *, offline):
    return WordEmbedder(dim=int(model))


class Lines:
    def __init__(self, max_tokens: int = 200) -> None:
        self.max_tokens = max_tokens

    def __call__(self, document, token_ends):
        return []
"""
OFFERED = {
    **dict.fromkeys(lookup.KINDS, "mine = parts_of_tests:part"),
    "denoise": "mine = parts_of_tests:keep_all\nduplicates = parts_of_tests:keep_all",
    "loaders": ".mine = parts_of_tests:part",
    "chunking": "lines = parts_of_tests:Lines",
    "embedding": "words = parts_of_tests:embedder",
}


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed package that offers a part of every kind."""
    info = tmp_path / "parts-1.dist-info"
    info.mkdir()
    (tmp_path / "parts_of_tests.py").write_text(PACKAGE)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: parts\nVersion: 1\n")
    points = "\n".join(f"[rag.{kind}]\n{rows}\n" for kind, rows in OFFERED.items())
    (info / "entry_points.txt").write_text(points)
    monkeypatch.syspath_prepend(str(tmp_path))


def test_every_kind_has_a_table() -> None:
    assert set(TABLES) == set(lookup.KINDS)


@pytest.mark.parametrize("kind", lookup.KINDS)
def test_every_name_of_a_table_stands_for_something(kind: str) -> None:
    package = {"stores": "rag.stores", "lexical": "rag.indexes.lexical"}.get(kind)
    for name, where in TABLES[kind].items():
        module, _, attribute = where.partition(":")
        assert attribute or kind == "stores"
        found = lookup.find(kind, name, TABLES[kind], package)
        assert callable(found) or callable(found.open), f"{name} → {module}"


def test_a_file_in_the_folder_of_a_kind_is_no_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "helper_of_tests.py").write_text("def build():\n    return None\n")
    monkeypatch.setattr(rag.denoise, "__path__", [*rag.denoise.__path__, str(tmp_path)])
    assert importlib.import_module("rag.denoise.helper_of_tests").build() is None
    assert "helper_of_tests" not in names("denoise")
    with pytest.raises(ConfigError, match="no denoise stage named 'helper_of_tests': known are compress"):
        part("denoise", "helper_of_tests", {})
    for helper in ("blend", "claims", "injected_orders", "poison_signs"):
        assert helper not in names("denoise")


@pytest.mark.usefixtures("package")
def test_an_installed_package_adds_to_every_kind(tmp_path: Path) -> None:
    for kind in lookup.KINDS:
        added = set(lookup.names(kind, TABLES[kind])) - set(TABLES[kind])
        assert len(added) == 1, kind
    assert part("denoise", "mine", {})("question", [1]) == [1]
    assert part("denoise", "duplicates", {})("question", [1, 1]) == [1, 1], "a package may replace what ships"
    assert loader_of(".mine") is not None
    assert "lines" in methods()
    assert options("lines") == {"max_tokens"}
    assert chunker("lines", max_tokens=7).max_tokens == 7  # type: ignore[attr-defined]
    with pytest.raises(ConfigError, match="'lines' has no setting 'overlap': it has max_tokens"):
        chunker("lines", overlap=1)
    assert open_embedder("words:48").dim == 48
    assert open_lexical(tmp_path, "none", engine="mine").args == (tmp_path, "none")  # type: ignore[attr-defined]
    with Rag(tmp_path / "i", settings={"model.name": "x", "model.kind": "mine"}) as rag:
        assert kind_of(rag.settings.model) == "mine"
        assert open_model("", rag.settings.model).args == (rag.settings.model, False)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ("no_such_module:f", "cannot be imported"),
        ("json:nothing", "cannot be imported"),
        ("json:", "cannot be imported"),
        ("json:__name__", "is str, expected something to call"),
    ],
)
def test_a_place_without_anything_to_call(named: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        lookup.place("denoise", named)
