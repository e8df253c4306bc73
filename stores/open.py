"""A store by its URL: the scheme names the module, which offers two functions.

    open(url, *, fingerprint, dim, …) -> VectorStore     opens the store, or makes it
    built_with(url, …) -> BuiltWith | None               what it was built with; None where there is no store

`open` gets those of `fingerprint`, `dim`, `embedder`, `language` (for stems; `auto`: detected from the first
chunks), `engine` (the lexical engine of the local store) and `wait` (seconds for another writer) that its
signature names. What else the two name are options of the store, `[stores.NAME]` in `rag.toml`. Modules of
this package also have `CAPS`, the capabilities of a new store with default options. A third party's module is
an entry point in the group `rag.stores`, by the name of its scheme.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rag import lookup
from rag.errors import ConfigError
from rag.secrets import masked_address, revealed

from .contract import BuiltWith, Capabilities, Tables, VectorStore

NAMES = {
    "local": ".local",
    "postgres": ".postgres",
    "lancedb": ".lancedb",
    "qdrant": ".qdrant",
    "milvus": ".milvus",
}
"""Name of a store, under which its options stand → the module with its `open` and `built_with`."""

SCHEMES = {"postgresql": "postgres", "s3": "lancedb", "qdrants": "qdrant", "milvuss": "milvus"}
"""Other schemes of a store's URLs than its name. What has no scheme is a folder, `local`."""

_OFFERED = ("url", "fingerprint", "dim", "embedder", "language", "engine", "wait")


def open_store(
    url: str | Path,
    *,
    fingerprint: str,
    dim: int,
    embedder: str = "",
    language: str = "auto",
    engine: str = "tantivy",
    wait: float = 0.0,
    options: Mapping[str, Any] | None = None,
) -> VectorStore:
    """Opens the store that a URL or a folder names, or makes it.

    `embedder` is how to open the embedder again. Raises, before anything is made, ConfigError for an unknown
    scheme, option or language (its kind MissingExtra where the engine's client is not installed); then
    FingerprintError where the store was built with another embedder, StoreError where it cannot be reached.
    """
    module = _module(str(url))
    known = set(inspect.signature(module.open).parameters)
    own = revealed(options or {})
    _refuse_unknown(str(url), own, module)
    if language != "auto":
        from rag.indexes import Analyzer

        Analyzer(language)  # a store that was made for a language there is none of could never be searched
    offered = {"fingerprint": fingerprint, "dim": dim, "embedder": embedder, "language": language}
    offered |= {"engine": engine, "wait": wait}
    store: VectorStore = module.open(
        str(url), **{name: value for name, value in offered.items() if name in known}, **own
    )
    return store


def built_with(url: str | Path, options: Mapping[str, Any] | None = None) -> BuiltWith | None:
    """What a store was built with, or None where there is none. Makes nothing. Errors as in `open_store`."""
    module = _module(str(url))
    _refuse_unknown(str(url), options or {}, module)
    known = inspect.signature(module.built_with).parameters
    built: BuiltWith | None = module.built_with(
        str(url), **{name: value for name, value in revealed(options or {}).items() if name in known}
    )
    return built


def capabilities(url: str | Path) -> Capabilities:
    """What a new store of this kind can do with default options; only the scheme of the URL counts."""
    caps: Capabilities = _module(str(url)).CAPS
    return caps


def open_tables(url: str) -> Tables:
    """The database that a PostgreSQL store is kept in, for other tables in the same schema.

    Raises ConfigError for a store of another kind, MissingExtra without its client, StoreError where it
    cannot be reached.
    """
    module = _module(url)
    if not hasattr(module, "tables"):
        raise ConfigError(f"{without_password(url)} is no SQL database: expected postgresql://…")
    made: Tables = module.tables(url)
    return made


def store_name(url: str | Path) -> str:
    """The name under which a store's options stand: `postgres` for `postgresql://…`, `local` for a folder."""
    scheme = _scheme(str(url))
    return SCHEMES.get(scheme, scheme) if scheme else "local"


def without_password(url: str | Path) -> str:
    """A URL that may be shown."""
    return masked_address(str(url))


def _scheme(url: str) -> str:
    match = re.match(r"([A-Za-z][A-Za-z0-9+.-]+)://", url)  # one letter would be a drive
    return match[1].lower() if match else ""


def _module(url: str) -> Any:
    scheme, name = _scheme(url), store_name(url)
    if scheme and scheme not in _schemes():
        known = ", ".join(f"{scheme}://" for scheme in _schemes())
        raise ConfigError(
            f"no store is known for {without_password(url)}: expected a folder, or a URL that begins with "
            f"one of {known}"
        )
    if not scheme and re.search(r"\b(host(addr)?|dbname|password)\s*=\s*\S", url):
        raise ConfigError(
            f"{without_password(url)} is a connection string of libpq, not a folder or a URL: write it as "
            "postgresql://USER@HOST:PORT/DBNAME, and keep the password in ~/.pgpass or PGPASSWORD"
        )
    module = lookup.find("stores", name, NAMES, __package__)
    for wanted in ("open", "built_with"):
        if not callable(getattr(module, wanted, None)):
            raise ConfigError(
                f"the store {name!r} of an installed package has no function {wanted!r}: expected a module "
                "with open and built_with"
            )
    return module


def _schemes() -> list[str]:
    """What a URL may begin with."""
    return sorted({*SCHEMES, *lookup.names("stores", NAMES)} - {"local"})


def _refuse_unknown(url: str, given: Mapping[str, Any], module: Any) -> None:
    own = {
        name
        for function in (module.open, module.built_with)
        for name in inspect.signature(function).parameters
        if name not in _OFFERED
    }
    if unknown := sorted(set(given) - own):
        known = ", ".join(sorted(own)) or "none"
        raise ConfigError(f"[stores.{store_name(url)}] has no option {', '.join(unknown)}; it knows {known}")
