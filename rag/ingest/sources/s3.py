"""Objects of an S3 bucket as a source: `s3://bucket/prefix` is all below the prefix, or the one object there.

Keys, region and endpoint come from the variables that every S3 client reads: `AWS_ACCESS_KEY_ID`,
`AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`, `AWS_REGION`, `AWS_ENDPOINT_URL`; nothing else is looked for.
An endpoint within a network has to be named in `ingest.allow_hosts`. Objects are only ever read.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from rag.errors import ConfigError, LoadError, MissingExtra
from rag.loaders import takes

from . import Fetched, Item, Options, State, refuse_offline
from .client import place_of

# What says who asks; without one of them the client would ask the machine's own network for keys.
_KEYS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)
_ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_TRUE = ("1", "true", "yes", "on")
_RETRIES = {"max_retries": 2, "retry_timeout": timedelta(seconds=60)}


def open_source(address: str, options: Options) -> Bucket:
    """The objects at an address.

    Raises ConfigError where it names no bucket, no keys are set, the endpoint may not be asked, or while
    offline; MissingExtra without obstore.
    """
    refuse_offline(address, options)
    parts = urlsplit(address)
    bucket, prefix = parts.netloc, unquote(parts.path).strip("/")
    if not _BUCKET.fullmatch(bucket):
        raise ConfigError(f"{address} names no bucket: expected s3://bucket/prefix")
    unsigned = os.environ.get("AWS_SKIP_SIGNATURE", "").lower() in _TRUE
    if not unsigned and not any(os.environ.get(name) for name in _KEYS):
        raise ConfigError(
            f"no keys for {address}: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
            "or AWS_SKIP_SIGNATURE=true for a public bucket"
        )
    try:
        from obstore.store import S3Store
    except ImportError:
        raise MissingExtra(f"the source {address}", "s3") from None
    endpoint = next((value for name in _ENDPOINTS if (value := os.environ.get(name))), "")
    settings: dict[str, Any] = {"skip_signature": unsigned}
    if endpoint:
        _check(endpoint, options)
        settings["endpoint"] = endpoint
    store = S3Store(
        bucket,
        **settings,
        client_options={"allow_http": endpoint.startswith("http://"), "timeout": "60s"},
        retry_config=_RETRIES,
    )
    return Bucket(bucket, prefix, store, options)


def _check(endpoint: str, options: Options) -> None:
    try:
        parts = urlsplit(endpoint)
        host, port = parts.hostname or "", parts.port or {"http": 80, "https": 443}[parts.scheme]
        place_of(host, port, frozenset(name.lower() for name in options.allow_hosts))
    except (KeyError, ValueError):
        raise ConfigError(f"the endpoint {endpoint} is no address such as https://s3.example.org") from None
    except LoadError as error:
        raise ConfigError(f"the endpoint {endpoint} cannot be asked: {error}") from None


class Bucket:
    """The objects below a prefix. `store` is an obstore store of the bucket."""

    def __init__(self, bucket: str, prefix: str, store: Any, options: Options) -> None:
        self.name = f"s3://{bucket}/{prefix}" if prefix else f"s3://{bucket}"
        self._root, self._prefix, self._store, self._options = f"s3://{bucket}/", prefix, store, options

    def close(self) -> None:
        """The client lets go of its connections itself."""

    def discover(self, since: Mapping[str, State]) -> Iterator[Item]:
        """Lists the objects, and compares the tag (ETag) of each with what was stored."""
        from obstore.exceptions import BaseError

        found: dict[str, Mapping[str, Any]] = {}
        try:
            for batch in self._store.list(self._prefix or None):
                found |= {each["path"]: each for each in batch}
            if not found and self._prefix:
                found = self._alone()
        except BaseError as error:
            yield Item(self.name, "failed", _reason(error))
            return
        if not found and not since:
            yield Item(self.name, "failed", "nothing is stored there: is the prefix right?")
        kept = set()
        for key, meta in sorted(found.items()):
            source, path = self._root + key, PurePosixPath(key)
            if self._is_hidden(path) or not (meta["size"] or path.suffix):
                continue  # an object without content or suffix stands for a folder
            if key != self._prefix and not takes(path.name):
                kind = f"no loader for {path.suffix}" if path.suffix else "no suffix: name the object itself"
                yield Item(source, "skipped", kind)
                continue
            kept.add(source)
            yield Item(source, "unchanged" if since.get(source) == _state(meta) else "upsert")
        yield from (Item(source, "delete") for source in since if source not in kept)

    def fetch(self, item: Item) -> Fetched:
        """The object. Raises LoadError where it cannot be had, or is too large."""
        from obstore.exceptions import BaseError

        key = item.source.removeprefix(self._root)
        try:
            result = self._store.get(key)
            size = result.meta["size"]
            if size > self._options.max_bytes:
                megabytes = self._options.max_bytes / 2**20
                raise LoadError(f"{size / 2**20:.1f} MB, more than {megabytes:g}: raise ingest.max_megabytes")
            data = bytes(result.bytes())
        except BaseError as error:
            raise LoadError(_reason(error)) from error
        name = re.sub(r"[\\\0]", " ", PurePosixPath(key).name)[-100:]
        return Fetched(data, name, _state(result.meta), {"url": item.source})

    def _alone(self) -> dict[str, Mapping[str, Any]]:
        """The object that the prefix is the whole name of."""
        try:
            return {self._prefix: self._store.head(self._prefix)}
        except FileNotFoundError:
            return {}

    def _is_hidden(self, path: PurePosixPath) -> bool:
        inner = path.parts[len(PurePosixPath(self._prefix).parts) :]
        return any(part.startswith(".") for part in inner)


def _state(meta: Mapping[str, Any]) -> dict[str, Any]:
    """What tells an object from another at its place: its tag, or time and size where a server gives none."""
    if meta.get("e_tag"):
        return {"etag": str(meta["e_tag"])}
    return {"modified": meta["last_modified"].isoformat(), "size": meta["size"]}


def _reason(error: Exception) -> str:
    """The first line of what went wrong; the rest is the client's own state."""
    told = str(error).strip().partition("\n")[0]
    return f"cannot be had: {told[:300]}"
