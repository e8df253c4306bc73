"""Who may ask, and what of the index they may see. Of a token only its hash is kept."""

from __future__ import annotations

import hashlib
import hmac
import os
import time
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rag.as_toml import parsed_toml
from rag.counts import counted
from rag.errors import ConfigError
from rag.stores import AllOf, Filter, leaves, parse_where

_OF_CHUNKS = ("page", "heading")  # fields of a part: the rest of its document would be read all the same
_SHORTEST = 16  # characters; a token is no password that a person remembers


@dataclass(frozen=True, slots=True)
class Holder:
    """Who a request comes from. `where` is put before every look into the index; None sees everything."""

    name: str
    where: Filter | None = None
    write: bool = True

    def within(self, asked: Filter | str | None) -> Filter | None:
        """What may be seen of what is asked for. Raises FilterError for a filter that cannot be read."""
        wanted = parse_where(asked) if isinstance(asked, str) else asked
        parts = [part for part in (self.where, wanted) if part is not None]
        return AllOf(tuple(parts)) if len(parts) > 1 else parts[0] if parts else None


ANYBODY = Holder("anybody")
LINKED = Holder("link", write=False)


class Links:
    """Addresses that a browser may open without a token, for a while: signed by this process alone."""

    def __init__(self, seconds: float = 600.0) -> None:
        self._secret, self._seconds = os.urandom(32), seconds

    def signed(self, path: str) -> str:
        """The address with its key."""
        until = str(int(time.time() + self._seconds))
        return f"{path}?key={until}-{self._digest(path, until)}"

    def opens(self, path: str, key: str) -> bool:
        """Whether the key is this path's and not too old."""
        until, _, digest = key.partition("-")
        right = hmac.compare_digest(self._digest(path, until).encode(), digest.encode())
        return right and until.isdigit() and int(until) > time.time()

    def _digest(self, path: str, until: str) -> str:
        return hmac.new(self._secret, f"{until}\n{path}".encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class Tokens:
    """Hashes of tokens and their holders; without any, everybody may come in."""

    holders: Mapping[str, Holder] = field(default_factory=dict)
    links: Links = field(default_factory=Links)

    def holder(self, token: str) -> Holder | None:
        """Whose token it is; every hash is compared, each in constant time."""
        given, known = hashed(token), None
        for kept, holder in self.holders.items():
            if hmac.compare_digest(kept, given):
                known = holder
        return known

    def __bool__(self) -> bool:
        return bool(self.holders)


def hashed(token: str) -> str:
    """SHA-256 in hexadecimal: a token has too many bits to be guessed from it."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


def read_tokens(token: str = "", path: Path | None = None) -> Tokens:
    """The token of the environment, which may do everything, and those of a TOML file:

        [tokens.ana]
        sha256 = "9f86…"                 # printf %s "$TOKEN" | sha256sum
        where = 'source ~ "public/*"'    # sees only these documents, and changes nothing

    Raises ConfigError for a token that is too short, and for a file that cannot be used.
    """
    holders: dict[str, Holder] = {}
    if token:
        if len(token) < _SHORTEST:
            raise ConfigError(
                f"RAG_TOKEN has {counted(len(token), 'character')}, expected at least {_SHORTEST}"
            )
        holders[hashed(token)] = Holder("RAG_TOKEN")
    for name, entry in _entries(path):
        holders[_digest(path, name, entry)] = _holder(path, name, entry)
    return Tokens(holders)


def _entries(path: Path | None) -> Iterable[tuple[str, Mapping[str, Any]]]:
    if path is None:
        return ()
    try:
        tokens = parsed_toml(path.read_text("utf-8")).get("tokens", {})
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path} cannot be read as TOML ({error})") from error
    if (
        not isinstance(tokens, dict)
        or not tokens
        or not all(isinstance(entry, dict) for entry in tokens.values())
    ):
        raise ConfigError(f"{path} names no token: expected sections [tokens.NAME] with sha256 = …")
    return tokens.items()


def _digest(path: Path | None, name: str, entry: Mapping[str, Any]) -> str:
    given = str(entry.get("sha256", "")).lower()
    if len(given) != 64 or set(given) - set("0123456789abcdef"):
        raise ConfigError(f'{path}: [tokens.{name}] needs sha256: printf %s "$TOKEN" | sha256sum')
    return given


def _holder(path: Path | None, name: str, entry: Mapping[str, Any]) -> Holder:
    if unknown := set(entry) - {"sha256", "where", "write"}:
        raise ConfigError(f"{path}: [tokens.{name}] has unknown {', '.join(sorted(unknown))}")
    where_text, write = entry.get("where", ""), entry.get("write", True)
    if not isinstance(where_text, str) or not isinstance(write, bool):
        raise ConfigError(f"{path}: [tokens.{name}]: where is a filter in quotes, write is true or false")
    where = parse_where(where_text) if where_text else None
    if where is not None and any(leaf.field in _OF_CHUNKS for leaf in leaves(where)):
        raise ConfigError(
            f"{path}: [tokens.{name}]: where names {' or '.join(_OF_CHUNKS)}, expected fields of whole "
            "documents, such as source"
        )
    return Holder(name, where, write and where is None)
