"""Where documents come from that lie in no folder: each source says what changed, and brings it.

- `web.py`: pages by their address, one or all of a sitemap; `client.py`: requests that go where they may, and
  no further; `robots.py`: what a site lets robots read; `sitemap.py`: the addresses that a site lists
- `s3.py`: the objects of a bucket
- `zotero.py`: the attachments of a Zotero library

A source remembers nothing itself. What it has to know the next time (an ETag, say) is the `state` of its
items, which is stored with their documents.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol

from rag import lookup
from rag.errors import ConfigError

NAMES = {
    "http": "rag.ingest.sources.web:open_source",
    "https": "rag.ingest.sources.web:open_source",
    "s3": "rag.ingest.sources.s3:open_source",
    "zotero": "rag.ingest.sources.zotero:open_source",
}
"""Scheme of an address → what opens it: `(address, options) -> Source`."""

State = Mapping[str, Any]
"""What a source has to know of an item the next time: values that JSON can hold."""


class Item(NamedTuple):
    """Something that a source holds, or held. `source` is its name in the index.

    `upsert`: new or changed, to be fetched; `unchanged`: as it was when its `state` was stored; `delete`:
    gone; `failed` and `skipped`: a row for the report, for `reason`; what is stored of it stays.
    """

    source: str
    change: Literal["upsert", "unchanged", "delete", "failed", "skipped"]
    reason: str = ""


class Fetched(NamedTuple):
    """The content of an item. `name` has a suffix that says its format, as a file's name.

    A `title` in the metadata is the document's title.
    """

    data: bytes
    name: str
    state: State
    metadata: Mapping[str, Any]


class Source(Protocol):
    """One source, opened for one ingest. An item is fetched before `discover` is asked for the next."""

    @property
    def name(self) -> str:
        """What the source is called; its documents remember it, so that they can be followed and removed."""

    def discover(self, since: Mapping[str, State]) -> Iterator[Item]:
        """What there is now. `since`: the items stored of this source → their state.

        Each of those comes as `unchanged`, `upsert` or `delete`, unless it cannot be told: then as `failed`.
        """

    def fetch(self, item: Item) -> Fetched:
        """The content of an `upsert`. Raises LoadError where it cannot be had."""

    def close(self) -> None:
        """Lets go of connections."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the settings say to sources."""

    offline: bool = False
    max_pages: int = 100
    max_bytes: int = 256 * 2**20
    delay: float = 0.5
    allow_hosts: tuple[str, ...] = field(default_factory=tuple)


def is_address(named: object) -> bool:
    """Whether something named to be ingested is the address of a source, not a path."""
    return isinstance(named, str) and scheme_of(named) in lookup.names("sources", NAMES)


def open_source(address: str, options: Options) -> Source:
    """The source at an address. Raises ConfigError for one that cannot be opened, or not offline."""
    opened: Source = lookup.find("sources", scheme_of(address), NAMES)(address, options)
    return opened


def scheme_of(address: str) -> str:
    """`https` of `https://example.org`; `` for a path."""
    scheme, separator, _ = address.partition("://")
    return scheme.lower() if separator and scheme.isascii() and scheme.replace("+", "").isalnum() else ""


def refuse_offline(address: str, options: Options) -> None:
    """Raises ConfigError where the network may not be used."""
    if options.offline:
        raise ConfigError(f"offline: {address} is on another machine; leave --offline away, or name a folder")
