"""A sitemap (sitemaps.org) → the addresses that it lists, those of sitemaps within it too."""

from __future__ import annotations

import gzip
import zlib
from typing import NamedTuple

from rag.errors import LoadError
from rag.loaders.guard.limits import Limits
from rag.loaders.guard.xml import local, parse_xml

_MOST_BYTES = 50 * 2**20  # of a sitemap, as its standard says


class Listed(NamedTuple):
    """Addresses of pages and of further sitemaps, as they stand."""

    pages: list[str]
    sitemaps: list[str]


def is_sitemap(data: bytes) -> bool:
    """Whether the beginning of a body is that of a sitemap."""
    head = (_unpacked(data) if data[:2] == b"\x1f\x8b" else data)[:2000].lower()
    return b"<urlset" in head or b"<sitemapindex" in head


def listed(data: bytes, limits: Limits) -> Listed:
    """The addresses of a sitemap. Raises LoadError for one that cannot be read."""
    root = parse_xml(_unpacked(data) if data[:2] == b"\x1f\x8b" else data, "sitemap", limits)
    listing = Listed([], [])
    for entry in root:
        places = [(each.text or "").strip() for each in entry if local(each) == "loc"]
        into = listing.sitemaps if local(entry) == "sitemap" else listing.pages
        into += [place for place in places if place]
    return listing


def _unpacked(data: bytes) -> bytes:
    try:
        unpacked = zlib.decompressobj(wbits=31).decompress(data, _MOST_BYTES + 1)
    except (zlib.error, gzip.BadGzipFile) as error:
        raise LoadError(f"the sitemap is no gzip: {error}") from error
    if len(unpacked) > _MOST_BYTES:
        raise LoadError(f"the sitemap unpacks to more than {_MOST_BYTES // 2**20} MB")
    return unpacked
