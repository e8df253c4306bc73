"""Which loader takes what, and how others join."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from rag.errors import ConfigError
from rag.loaders import Limits, load_bytes, register, suffixes, takes
from rag.loaders.formats import LOADERS, MEDIA_TYPES, REFUSED, _registered, loader_of
from rag.types import Document

PLUGIN = (
    "from rag.types import Document\n"
    "def load(data, source, limits):\n"
    "    return [Document.make(data.decode().upper(), source)]\n"
)


def shout(data: bytes, source: str, limits: Limits) -> list[Document]:
    return [Document.make(data.decode() + "!", source)]


@pytest.mark.parametrize("suffix", sorted(LOADERS))
def test_every_suffix_has_a_loader(suffix: str) -> None:
    assert callable(loader_of(suffix))
    assert suffix in suffixes()
    assert suffix == suffix.lower()


def test_tables_agree() -> None:
    assert set(MEDIA_TYPES.values()) <= set(LOADERS)
    assert not set(REFUSED) & set(LOADERS)


def test_takes() -> None:
    assert takes("A.PDF")
    assert takes("src/Dockerfile")
    assert not takes("a.png")
    assert not takes("LICENSE")


def test_a_registered_loader_comes_first() -> None:
    register(".TXT", shout)
    try:
        assert load_bytes(b"hi", "a.txt").documents[0].text == "hi!"
    finally:
        del _registered[".txt"]
    assert load_bytes(b"hi", "a.txt").documents[0].text == "hi"
    with pytest.raises(ConfigError, match=r"begins with a dot.*got 'txt'"):
        register("txt", shout)


def test_an_installed_package_adds_a_loader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "shouting.py").write_text(PLUGIN)
    info = tmp_path / "shouting-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: shouting\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[rag.loaders]\n.shout = shouting:load\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert ".shout" in suffixes()
    assert load_bytes(b"hi", "a.shout").documents[0].text == "HI"


def test_importing_the_loaders_imports_no_parser() -> None:
    heavy = [
        "numpy",
        "selectolax",
        "pypdfium2",
        "xlrd",
        "python_calamine",
        "charset_normalizer",
        "yaml",
        "email",
    ]
    code = f"import sys, rag.ingest.parsing.worker; print([name for name in {heavy} if name in sys.modules])"
    root = Path(__file__).resolve().parents[2]
    out = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
