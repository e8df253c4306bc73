"""Ingest on a real Ray cluster on this machine ends as one without."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from rag import Rag
from rag.errors import ConfigError
from rag.testing import WordEmbedder
from tests.ingest.working import book, by_lines
from tests.stores.reading import CHUNKS


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One for all tests here: it takes a while to start."""
    pytest.importorskip("ray", reason="Ray is not installed: pip install 'footnote-rag[ray]'")
    pytest.importorskip("pandas", reason="Ray Data is not installed: pip install 'footnote-rag[ray]'")
    from rag.ingest.ray import on_ray

    folder = tmp_path_factory.mktemp("cluster")
    with Rag(folder / ".rag", settings={"ingest.ray": "local"}) as rag, on_ray(rag):
        yield


@pytest.mark.filterwarnings("default")  # Ray's own, of every version another
@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", ["local", "lancedb"])
def test_an_ingest_on_ray_ends_as_one_without(tmp_path: Path, cluster: None, kind: str) -> None:
    if kind == "lancedb":
        pytest.importorskip("lancedb", reason="LanceDB is not installed: pip install 'footnote-rag[lancedb]'")
    url = {"local": "", "lancedb": f"lancedb://{tmp_path}/shelf"}[kind]
    documents = [book(number, 1) for number in range(60)]
    long = type(documents[0]).make("\n".join(f"line {number} of a tale" for number in range(300)), "tale.txt")
    settings = {"ingest.ray": "local", "ingest.workers": 2, "store.url": url or None}
    with Rag(tmp_path / ".rag", chunk=by_lines, settings=settings) as rag:
        report = rag.ingest([*documents, long])
        assert (len(report.added), report.chunks, report.failed) == (61, 60 * CHUNKS + 300, [])
        assert rag.ingest([*documents, long]).unchanged == sorted([*report.added])
        rows = rag.store.scan(limit=1000)
        infos = list(rag.store.documents())
        assert list(rag.store.problems()) == []
    with closing(Rag(tmp_path / "fresh.rag", chunk=by_lines)) as fresh:
        fresh.ingest([*documents, long])
        assert infos == list(fresh.store.documents())
        for (one, vector), (other, expected) in zip(rows, fresh.store.scan(limit=1000), strict=True):
            assert one == other
            assert vector == pytest.approx(expected, abs=1e-5)


def test_an_embedder_that_has_no_name_cannot_go_to_other_machines(tmp_path: Path) -> None:
    rag = Rag(tmp_path / ".rag", embedder=WordEmbedder(), settings={"ingest.ray": "local"})
    with pytest.raises(ConfigError, match="an embedder made in Python"):
        rag.ingest(book(1, 1))
