"""Pages of one host as a source: the one named, or all that a sitemap lists, followed by ETag and date.

robots.txt is asked first, and holds. A page that is gone (404, 410) or listed no longer is removed; one that
cannot be had now keeps what was stored of it, and is reported.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from urllib.parse import unquote, urldefrag, urlsplit

from rag.counts import counted
from rag.errors import ConfigError, LoadError
from rag.loaders import Limits, takes
from rag.loaders.formats import suffix_of_media_type

from . import Fetched, Item, Options, State, refuse_offline
from .client import ROBOT, Client, Reply, host_of
from .robots import Robots
from .sitemap import is_sitemap, listed

_GONE = (404, 410)
_DEEPEST = 3  # sitemaps within sitemaps
_VAGUE = ("", "application/octet-stream", "text/plain", "binary/octet-stream")
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)


def open_source(address: str, options: Options) -> Web:
    """The pages at an address. Raises ConfigError for an address without a host, or while offline."""
    refuse_offline(address, options)
    if not host_of(address):
        raise ConfigError(f"{address} names no host: expected an address such as https://example.org/page")
    return Web(urldefrag(address)[0], options)


class Web:
    """One page, or the pages of a sitemap."""

    def __init__(self, address: str, options: Options) -> None:
        self.name = address
        self._options = options
        self._limits = replace(Limits(), max_bytes=options.max_bytes)
        self._client = Client(
            host_of(address),
            allow_hosts=options.allow_hosts,
            max_bytes=options.max_bytes,
            delay=options.delay,
        )
        self._robots: Robots | None = None
        self._reply: Reply | None = None

    def close(self) -> None:
        self._client.close()

    def discover(self, since: Mapping[str, State]) -> Iterator[Item]:
        """Asks for each page, with what is known of it: a server says whether it changed since."""
        try:
            self._read_robots()
            if not self._allows(self.name):
                yield Item(self.name, "skipped", "its robots.txt keeps robots out")
                return
            first = self._client.get(self.name, _conditions(since.get(self.name)))
        except LoadError as error:
            yield Item(self.name, "failed", str(error))
            return
        if first.status != 200 or not is_sitemap(first.body):
            yield from self._judged(self.name, first, since)
            return
        pages: dict[str, None] = {}
        rows: list[Item] = []
        whole = self._listed(first.body, pages, rows, 0)
        yield from rows
        kept = list(pages)[: self._options.max_pages]
        if len(pages) > len(kept):
            listed = counted(len(pages), "page is", "pages are")
            reason = f"{listed} listed, {len(kept):,} of them read: raise ingest.max_pages"
            yield Item(self.name, "skipped", reason)
        for page in kept:
            yield from self._page(page, since)
        # What cannot be told from a list that is broken stays.
        yield from (Item(page, "delete") for page in since if whole and page not in kept)

    def fetch(self, item: Item) -> Fetched:
        """The page that was asked for last, as `discover` came to it."""
        reply = self._reply
        if reply is None:
            raise LoadError("fetched before it was discovered")
        self._reply = None
        headers = reply.headers
        state = {name: headers[name] for name in ("etag", "last-modified") if name in headers}
        metadata = {"url": reply.address}
        return Fetched(_as_declared(reply), _name(reply), state, metadata)

    def _page(self, page: str, since: Mapping[str, State]) -> Iterator[Item]:
        if not self._allows(page):
            yield Item(page, "delete" if page in since else "skipped", "robots.txt keeps robots out")
            return
        try:
            reply = self._client.get(page, _conditions(since.get(page)))
        except LoadError as error:
            yield Item(page, "failed", str(error))
            return
        yield from self._judged(page, reply, since)

    def _judged(self, page: str, reply: Reply, since: Mapping[str, State]) -> Iterator[Item]:
        if reply.status == 304 and page in since:
            yield Item(page, "unchanged")
        elif reply.status == 200:
            if not self._allows(reply.address):
                yield Item(page, "skipped", f"leads to {reply.address}, which robots.txt keeps robots out of")
                return
            self._reply = reply
            yield Item(page, "upsert")
        elif reply.status in _GONE and page in since:
            yield Item(page, "delete")
        else:
            yield Item(page, "failed", f"the server answered {reply.status}")

    def _listed(self, data: bytes, pages: dict[str, None], rows: list[Item], depth: int) -> bool:
        """Adds the pages of a sitemap and those within; False where one of them could not be read."""
        try:
            listing = listed(data, self._limits)
        except LoadError as error:
            rows.append(Item(self.name, "failed", f"a sitemap cannot be read: {error}"))
            return False
        for page in listing.pages:
            if host_of(page) == self._client.host:
                pages.setdefault(urldefrag(page)[0])
            else:
                rows.append(Item(page, "skipped", "on another host than the sitemap"))
        whole = True
        for each in listing.sitemaps:
            if host_of(each) != self._client.host or depth >= _DEEPEST:
                rows.append(Item(each, "skipped", "a sitemap on another host, or too deep within others"))
                continue
            try:
                reply = self._client.get(each)
            except LoadError as error:
                rows.append(Item(each, "failed", str(error)))
                whole = False
                continue
            if reply.status != 200:
                rows.append(Item(each, "failed", f"the server answered {reply.status}"))
                whole = False
            else:
                whole = self._listed(reply.body, pages, rows, depth + 1) and whole
            if len(pages) > self._options.max_pages:
                break
        return whole

    def _read_robots(self) -> None:
        """The rules of the host; without them all is allowed, nothing where it fails (RFC 9309)."""
        parts = urlsplit(self.name)
        reply = self._client.get(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/robots.txt")
        if reply.status >= 500:
            raise LoadError(f"its robots.txt cannot be had: the server answered {reply.status}")
        self._robots = Robots(reply.body.decode("utf-8", "replace") if reply.status == 200 else "", ROBOT)
        self._client.delay = max(self._client.delay, self._robots.delay)

    def _allows(self, page: str) -> bool:
        parts = urlsplit(page)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return self._robots is None or self._robots.allows(target)


def _conditions(state: State | None) -> dict[str, str]:
    """The headers that ask for a page only where it changed."""
    if not state:
        return {}
    names = {"etag": "If-None-Match", "last-modified": "If-Modified-Since"}
    return {names[key]: str(value) for key, value in state.items() if key in names}


def _name(reply: Reply) -> str:
    """A file name for a page, with a suffix that its media type, else its address says."""
    last = unquote(urlsplit(reply.address).path.rstrip("/").rpartition("/")[2]) or host_of(reply.address)
    last = re.sub(r"[/\\\0]", " ", last)[-100:]
    kind = reply.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in _VAGUE:
        return last if takes(last) else f"{last}.txt" if kind == "text/plain" else last
    suffix = suffix_of_media_type(kind)
    return last if last.lower().endswith(suffix) else f"{last}{suffix}"


def _as_declared(reply: Reply) -> bytes:
    """The body; text in an encoding that only the header tells is written as UTF-8, with its mark."""
    declared = _CHARSET.search(reply.headers.get("content-type", ""))
    if declared is None or not reply.headers["content-type"].lower().startswith("text/"):
        return reply.body
    try:
        return reply.body.decode(declared[1]).encode("utf-8-sig")
    except (LookupError, UnicodeError):
        return reply.body
