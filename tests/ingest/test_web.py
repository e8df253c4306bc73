"""Pages by their address: a server on loopback that changes, removes, redirects, loops and lies."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from rag import Rag
from rag.errors import ConfigError, LoadError
from rag.ingest import Report
from rag.ingest.sources import Options, is_address, open_source
from rag.ingest.sources.client import Client
from rag.ingest.sources.robots import Robots
from rag.testing import SourceContract, WordEmbedder
from tests.stores.conftest import tmp_path

__all__ = ["tmp_path"]


@dataclass
class Site:
    """Path → (status, headers, body); what was asked for, in order."""

    pages: dict[str, tuple[int, dict[str, str], bytes]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    conditional: list[str] = field(default_factory=list)
    base: str = ""

    def put(self, name: str, text: str) -> None:
        self.page(f"/{name}", f"<html><body><p>{text}</p></body></html>")
        self.sitemap()

    def remove(self, name: str) -> None:
        self.pages.pop(f"/{name}")
        self.sitemap()

    def page(self, path: str, body: str, status: int = 200, **headers: str) -> None:
        known = {"Content-Type": "text/html; charset=utf-8", "ETag": f'"{hash(body)}"'}
        self.pages[path] = (
            status,
            known | {k.replace("_", "-"): v for k, v in headers.items()},
            body.encode(),
        )

    def sitemap(self, *more: str) -> None:
        listed = [self.base + path for path in self.pages if path not in ("/sitemap.xml", "/robots.txt")]
        places = "".join(f"<url><loc>{place}</loc></url>" for place in [*listed, *more])
        body = f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{places}</urlset>'
        self.pages["/sitemap.xml"] = (200, {"Content-Type": "application/xml"}, body.encode())

    def open(self, **options: Any) -> Any:
        chosen = {"allow_hosts": ("127.0.0.1",), "delay": 0.0} | options
        return open_source(f"{self.base}/sitemap.xml", Options(**chosen))


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.asked.append(self.path)
            status, headers, body = site.pages.get(self.path, (404, {}, b"gone"))
            wanted = self.headers.get("If-None-Match")
            if wanted:
                site.conditional.append(self.path)
            if status == 200 and wanted and wanted == headers.get("ETag"):
                status, body = 304, b""
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if "Content-Length" not in headers and status != 304:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site.base = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield site
    server.shutdown()
    server.server_close()
    thread.join()


class TestContract(SourceContract):
    @pytest.fixture
    def world(self, site: Site) -> Site:
        site.sitemap()
        return site


class Index:
    def __init__(self, base: Path, site: Site) -> None:
        self.base, self.site = base, site

    def open(self, **settings: Any) -> Rag:
        chosen = {"ingest.allow_hosts": ["127.0.0.1"], "ingest.delay": 0, "ingest.workers": 1} | settings
        return Rag(self.base / ".rag", embedder=WordEmbedder(), settings=chosen)

    def ingest(self, path: str = "/sitemap.xml", **settings: Any) -> Report:
        with self.open(**settings) as rag:
            return rag.ingest(self.site.base + path)

    def stored(self) -> dict[str, str]:
        with self.open() as rag:
            infos = list(rag.store.documents())
            found = rag.store.load([info.id for info in infos])
            return {document.source.removeprefix(self.site.base): document.text for document in found}


@pytest.fixture
def index(tmp_path: Path, site: Site) -> Index:
    return Index(tmp_path, site)


def test_an_index_follows_the_pages_of_a_sitemap(index: Index, site: Site) -> None:
    site.put("a", "The mill was built in 1740.")
    site.put("b", "The bridge has four arches.")
    assert len(index.ingest().added) == 2
    assert index.stored() == {"/a": "The mill was built in 1740.", "/b": "The bridge has four arches."}
    again = index.ingest()
    assert (len(again.unchanged), again.changed) == (2, False)
    assert sorted(site.conditional) == ["/a", "/b"]
    site.put("a", "The mill was built in 1741.")
    del site.pages["/b"]  # still listed, but gone
    report = index.ingest()
    assert [len(report.updated), len(report.removed), report.failed] == [1, 1, []]
    assert index.stored() == {"/a": "The mill was built in 1741."}
    with index.open() as rag:
        (info,) = rag.store.documents()
        assert info.metadata["url"] == f"{site.base}/a"


def test_a_folder_beside_a_site_does_not_remove_its_pages(index: Index, site: Site, tmp_path: Path) -> None:
    site.page("/p", "<p>Shown to all.</p>")
    index.ingest("/p")
    (tmp_path / "note.txt").write_text("A note.")
    with index.open() as rag:
        rag.ingest(tmp_path)
    assert index.stored()["/p"] == "Shown to all."


def test_a_page_that_is_gone_goes_and_one_that_fails_stays(index: Index, site: Site) -> None:
    site.page("/p", "<p>Shown to all.</p>")
    assert index.ingest("/p").added
    site.page("/p", "broken", 500)
    assert "answered 500" in index.ingest("/p").failed[0].reason
    assert index.stored() == {"/p": "Shown to all."}
    site.page("/p", "gone", 410)
    assert index.ingest("/p").removed
    assert index.stored() == {}


def test_formats_by_media_type_and_encoding_by_header(index: Index, site: Site) -> None:
    latin = {"Content-Type": "text/html; charset=latin-1"}
    site.pages["/x"] = (200, latin, "<p>Die Mühle steht.".encode("latin-1"))
    site.pages["/data"] = (200, {"Content-Type": "text/csv"}, b"name,room\nVoss,14\n")
    site.pages["/pic"] = (200, {"Content-Type": "image/png"}, b"\x89PNG")
    site.sitemap()
    report = index.ingest()
    assert index.stored()["/x"] == "Die Mühle steht."
    assert "Voss,14" in index.stored()["/data"]
    assert "no loader for the media type 'image/png'" in report.failed[0].reason


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/loop", "in a circle"),
        ("/away", "on another host"),
        ("/inner", "on another host"),
        ("/file", "on another host"),
        ("/long", "did not answer"),
        ("/huge", "more than 1"),
        ("/stream", "more than 1"),
    ],
)
def test_what_a_server_may_not_do(index: Index, site: Site, path: str, reason: str) -> None:
    site.page("/loop", "", 302, Location="/loop2")
    site.page("/loop2", "", 302, Location="/loop")
    site.page("/away", "", 302, Location="https://example.org/")
    site.page("/inner", "", 302, Location="http://169.254.169.254/latest/meta-data/")
    site.page("/file", "", 302, Location="file:///etc/passwd")
    site.page("/long", "short", Content_Length="4000")
    site.page("/huge", "short", Content_Length="99000000")
    site.page("/stream", "x" * 2_000_000)
    report = index.ingest(path, **{"ingest.max_megabytes": 1})
    assert reason in report.failed[0].reason
    assert index.stored() == {}


def test_redirects_on_the_host_are_followed_and_the_named_address_stays(index: Index, site: Site) -> None:
    site.page("/old", "", 301, Location="/new")
    site.page("/new", "<p>Moved here.</p>")
    index.ingest("/old")
    assert index.stored() == {"/old": "Moved here."}


def test_private_addresses_are_refused_after_the_look_up() -> None:
    for host in ("127.0.0.1", "localhost", "10.0.0.1", "192.168.1.1", "169.254.169.254", "::1", "2130706433"):
        name = f"[{host}]" if ":" in host else host
        client = Client(name.strip("[]"), allow_hosts=(), max_bytes=1, delay=0)
        with pytest.raises(LoadError, match=r"within a network.*ingest\.allow_hosts|no such host"):
            client.get(f"http://{name}/")
        client.close()


def test_robots_are_asked_and_obeyed(index: Index, site: Site) -> None:
    site.put("a", "Open to all.")
    site.put("private-b", "Not for robots.")
    site.page("/robots.txt", "User-agent: *\nDisallow: /private-\n")
    report = index.ingest()
    assert index.stored() == {"/a": "Open to all."}
    assert report.skipped[0].reason == "robots.txt keeps robots out"
    assert site.asked[0] == "/robots.txt"
    assert "/private-b" not in site.asked
    site.page("/robots.txt", "User-agent: *\nDisallow: /\n")
    assert "keeps robots out" in index.ingest().skipped[0].reason


def test_a_sitemap_has_limits(index: Index, site: Site) -> None:
    for name in "abcd":
        site.put(name, f"Page {name} says so.")
    site.sitemap("https://example.org/other")
    report = index.ingest(**{"ingest.max_pages": 2})
    assert len(index.stored()) == 2
    reasons = {row.reason for row in report.skipped}
    assert "on another host than the sitemap" in reasons
    assert "4 pages are listed, 2 of them read: raise ingest.max_pages" in reasons


def test_a_broken_sitemap_removes_nothing(index: Index, site: Site) -> None:
    site.put("a", "It stays.")
    index.ingest()
    site.pages["/sitemap.xml"] = (200, {"Content-Type": "application/xml"}, b"<urlset><url><loc>")
    assert index.ingest().failed
    assert index.stored() == {"/a": "It stays."}


def test_offline_refuses(site: Site, tmp_path: Path) -> None:
    assert is_address("https://example.org")
    assert not is_address("docs/a.md")
    rag = Rag(tmp_path / ".rag", embedder=WordEmbedder(), offline=True)
    with rag, pytest.raises(ConfigError, match="offline"):
        rag.ingest(f"{site.base}/a")
    assert site.asked == []


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/", True),
        ("/private/x", False),
        ("/private/open/x", True),
        ("/a.pdf", False),
        ("/a.pdf?x", True),
        ("/x/tmp/y", False),
        ("/pri%76ate/x", False),
    ],
)
def test_rules_of_robots(path: str, allowed: bool) -> None:
    text = (
        "User-agent: other\nDisallow: /\n\nUser-agent: *\nCrawl-delay: 2\nDisallow: /private/ # note\n"
        "Allow: /private/open\nDisallow: /*.pdf$\nDisallow: /x/*/y\n"
    )
    robots = Robots(text, "footnote-rag")
    assert robots.allows(path) is allowed
    assert robots.delay == 2
    assert not Robots(text, "other").allows("/")
    assert Robots("", "footnote-rag").allows("/private/x")
