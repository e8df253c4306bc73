"""Objects of a bucket on an S3 server on loopback, followed by an index."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rag import Rag
from rag.errors import ConfigError, MissingExtra
from rag.ingest.sources import Options, Source, open_source
from rag.testing import SourceContract, WordEmbedder
from tests.stores.moto_server import KEYS, free_port, make_bucket, s3_server

pytest.importorskip("obstore", reason="obstore is not installed: pip install 'footnote-rag[s3]'")
pytest.importorskip("moto.server", reason="moto is not installed: pip install 'moto[server,s3]'")

LOCAL = Options(allow_hosts=("127.0.0.1",))


class Objects:
    """A bucket, or what lies below a prefix of it."""

    def __init__(self, server: str, bucket: str, prefix: str) -> None:
        self.server, self.bucket, self.prefix = server, bucket, prefix
        make_bucket(server, bucket)

    def put(self, name: str, text: str | bytes, suffix: str = ".txt") -> None:
        data = text.encode() if isinstance(text, str) else text
        self._store().put(f"{self.prefix}{name}{suffix}", data)

    def remove(self, name: str) -> None:
        self._store().delete(f"{self.prefix}{name}.txt")

    def open(self) -> Source:
        return open_source(f"s3://{self.bucket}/{self.prefix}", LOCAL)

    def _store(self) -> Any:
        from obstore.store import S3Store

        return S3Store(self.bucket, endpoint=self.server, client_options={"allow_http": True})


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with s3_server() as address:
        yield address


@pytest.fixture
def bucket(server: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Objects:
    monkeypatch.setenv("AWS_ENDPOINT_URL", server)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEYS["access_key"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEYS["secret_key"])
    monkeypatch.setenv("AWS_REGION", KEYS["region"])
    name = "".join(sign if sign.isalnum() else "-" for sign in request.node.name.lower()).strip("-")
    return Objects(server, name[:60].strip("-"), "notes/")


class TestContract(SourceContract):
    @pytest.fixture
    def world(self, bucket: Objects) -> Objects:
        return bucket


def test_only_what_lies_below_the_prefix_and_has_a_loader(bucket: Objects) -> None:
    bucket.put("mill", "The mill was built in 1740.")
    bucket.put("deep/er/größe und ort", "The well is dry.")
    bucket.put("photo", b"\x89PNG", ".png")
    bucket.put(".git/config", "[core]")
    bucket.put("folder", b"", "")
    bucket.prefix = "notes-of-others/"
    bucket.put("bridge", "The bridge has four arches.")
    bucket.prefix = "notes"
    items = {item.source.partition("/notes/")[2]: item for item in bucket.open().discover({})}
    assert {name: item.change for name, item in items.items()} == {
        "mill.txt": "upsert",
        "deep/er/größe und ort.txt": "upsert",
        "photo.png": "skipped",
    }
    assert items["photo.png"].reason == "no loader for .png"


def test_an_index_follows_a_bucket_and_names_its_objects(bucket: Objects, tmp_path: Path) -> None:
    bucket.put("mill", "The mill was built in 1740.")
    bucket.put("größe und ort", "The bridge has four arches.")
    address = f"s3://{bucket.bucket}/notes"
    settings: dict[str, Any] = {"ingest.workers": 1, "ingest.allow_hosts": ["127.0.0.1"]}
    with Rag(tmp_path / ".rag", embedder=WordEmbedder(), settings=settings) as rag:
        assert sorted(rag.ingest(address).added) == [f"{address}/größe und ort.txt", f"{address}/mill.txt"]
        assert rag.search("How many arches has the bridge?", k=1)[0].chunk.source.endswith(
            "größe und ort.txt"
        )
        bucket.put("mill", "The mill was built in 1741.")
        bucket.remove("größe und ort")
        report = rag.ingest(address)
        assert (report.updated, report.removed) == (
            [f"{address}/mill.txt"],
            [f"{address}/größe und ort.txt"],
        )
        report = rag.ingest(address)
        assert report.unchanged == [f"{address}/mill.txt"]


def test_one_object_by_its_name(bucket: Objects) -> None:
    bucket.put("mill", "The mill was built in 1740.")
    source = open_source(f"s3://{bucket.bucket}/notes/mill.txt", LOCAL)
    (item,) = source.discover({})
    fetched = source.fetch(item)
    assert (item.source, item.change) == (f"s3://{bucket.bucket}/notes/mill.txt", "upsert")
    assert (fetched.data, fetched.name) == (b"The mill was built in 1740.", "mill.txt")
    (again,) = open_source(item.source, LOCAL).discover({item.source: fetched.state})
    assert again.change == "unchanged"


def test_objects_over_the_limit_and_servers_that_fail_keep_what_was_stored(
    bucket: Objects, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket.put("mill", "The mill was built in 1740.")
    address = f"s3://{bucket.bucket}/notes"
    settings: dict[str, Any] = {"ingest.workers": 1, "ingest.allow_hosts": ["127.0.0.1"]}
    with Rag(tmp_path / ".rag", embedder=WordEmbedder(), settings=settings) as rag:
        rag.ingest(address)
        bucket.put("mill", "x" * 3_000_000)
        small = {**settings, "ingest.max_megabytes": 1}
        with Rag(tmp_path / ".rag", embedder=WordEmbedder(), settings=small) as limited:
            report = limited.ingest(address)
        assert "raise ingest.max_megabytes" in report.failed[0].reason
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
        report = rag.ingest(address)
        assert report.failed[0].reason.startswith("cannot be had")
        assert [info.source for info in rag.documents()] == [f"{address}/mill.txt"]


def test_a_bucket_that_is_not_there_and_an_empty_prefix_are_reported(bucket: Objects) -> None:
    (item,) = open_source("s3://no-such-bucket/notes", LOCAL).discover({"s3://no-such-bucket/notes/a": {}})
    assert item.change == "failed"
    (item,) = open_source(f"s3://{bucket.bucket}/nothing", LOCAL).discover({})
    assert (item.change, item.reason) == ("failed", "nothing is stored there: is the prefix right?")


def test_a_private_endpoint_is_asked_only_by_name(bucket: Objects) -> None:
    with pytest.raises(
        ConfigError, match=r"127\.0\.0\.1 is an address within a network.*ingest\.allow_hosts"
    ):
        open_source(f"s3://{bucket.bucket}", Options())


def test_what_cannot_be_opened_says_why(bucket: Objects, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="offline"):
        open_source("s3://bucket/notes", Options(offline=True))
    with pytest.raises(ConfigError, match="names no bucket"):
        open_source("s3:///notes", LOCAL)
    with monkeypatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", "s3.example.org")
        with pytest.raises(ConfigError, match="no address such as"):
            open_source("s3://bucket/notes", LOCAL)
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "obstore.store", None)
        with pytest.raises(MissingExtra, match=r"footnote-rag\[s3\]"):
            open_source("s3://bucket/notes", LOCAL)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(ConfigError, match="set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"):
        open_source("s3://bucket/notes", LOCAL)
