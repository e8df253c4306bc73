"""Passwords, keys and tokens: values whose text is never their value.

`Secret` is one as a whole, `Url` a URL that may hold some, `Variable` the name of the variable that holds
one. Printed, formatted, logged or written as JSON they show `…` in the place of what is secret, and refuse to
be pickled; `reveal()` is the one way to the value.
What was ever made a Secret is known to this process, and so are the environment's variables that are called
so: `masked` takes them out of texts that others wrote, errors of database drivers and HTTP clients above all.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote

HIDDEN = "…"
_SHORTEST = 4  # shorter ones stand in too many words to be taken out of a text
_NO_SECRETS = frozenset(
    {"admin", "changeme", "guest", "milvus", "minioadmin", "password", "postgres", "qdrant", "root", "secret"}
    | {"test", "token", "user", "true", "false", "none", "null", "required", "disabled", "enabled"}
)
"""Passwords that are none: words and switches, which are left in a text that others wrote."""
_NO_SECRETS_BY_NAME = frozenset({"PWD"})
"""Variables that only sound like it: the folder that one is in, which a shell sets for every program."""
_known: set[str] = set()

_NAMES = (
    r"(?:ssl|pg)?pass(?:word|wd|phrase)?|pwd|(?:api|access|account|private|secret|service|signing)[_-]?key(?:[_-]id)?|key"
    r"|(?:\w{1,64}[_-])?secret(?:[_-]\w{1,64})?|(?:\w{1,64}[_-])?token|credentials?|auth(?:orization)?"
    r"|sig(?:nature)?"
)
"""Repetitions are bounded here and below, so that a long word costs no more than its length."""
_NAME = re.compile(rf"(?:\w{{1,64}}[_-])?(?:{_NAMES})", re.IGNORECASE)
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_OF_QUERY = re.compile(rf"(?<=[?&;])((?:\w{{1,64}}[_-])?(?:{_NAMES}))=([^&#;\s]*)", re.IGNORECASE)
_KEYWORD = re.compile(
    r"\b((?:ssl|pg)?pass(?:word|wd|phrase)|pwd|api[_-]?key|secret[_-]?key)\s*=\s*('(?:[^'\\]|\\.)*'|[^\s&'\"]+)",
    re.IGNORECASE,
)
_BEARER = re.compile(r"\b(Bearer|Basic)\s+([A-Za-z0-9._~+/-]{6,}=*)")
_URL_IN_TEXT = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,31}://[^\s'\"<>]+")


class Secret:
    """A value that no text of it shows: `str`, `repr` and `format` say `…`, or nothing where it is empty."""

    __slots__ = ("_value",)

    def __init__(self, value: str | Secret = "") -> None:
        self._value: str = value._value if isinstance(value, Secret) else value
        for part in self._parts():
            _remember(part)

    def reveal(self) -> str:
        """The value itself, for what needs it: a driver, a header, a process of one's own."""
        return self._value

    def _parts(self) -> list[str]:
        return [self._value]

    def __str__(self) -> str:
        return HIDDEN if self._value else ""

    def __repr__(self) -> str:
        return repr(str(self))

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return self._value == (other._value if isinstance(other, Secret) else other)

    def __hash__(self) -> int:
        return hash(self._value)

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Secret:
        return self

    def __reduce__(self) -> str | tuple[Any, ...]:
        raise TypeError("a secret is not pickled: hand over what reveal() gives, where that is meant")


class Url(Secret):
    """A URL, a folder or a libpq string that may hold passwords and keys; its text shows all but those."""

    __slots__ = ()

    def _parts(self) -> list[str]:
        return secrets_in(self._value)

    def __str__(self) -> str:
        return masked_address(self._value)


class Variable(Secret):
    """The name of a variable that holds a key; a key that stands in its place by mistake is not shown."""

    __slots__ = ()

    @property
    def can_be_one(self) -> bool:
        """Whether it is the name of a variable: of one that is set, or written in capitals."""
        return _VARIABLE.fullmatch(self._value) is not None or self._value in os.environ

    def _parts(self) -> list[str]:
        return [] if self.can_be_one else [self._value]

    def __str__(self) -> str:
        return self._value if self.can_be_one else super().__str__()


def masked_address(url: str) -> str:
    """The address without the passwords, keys and tokens in it.

    A password may hold `/`, `@` and `?`: in doubt more is hidden than needs be.
    """
    where = _userinfo(url)
    if where:
        url = f"{url[: where[0]]}{HIDDEN}{url[where[1] :]}"
    url = _OF_QUERY.sub(rf"\1={HIDDEN}", url)
    return _KEYWORD.sub(rf"\1={HIDDEN}", url)


def secrets_in(url: str) -> list[str]:
    """What `masked_address` hides."""
    where = _userinfo(url)
    hidden = [url[where[0] : where[1]]] if where else []
    hidden += [match[2] for match in _OF_QUERY.finditer(url)]
    return hidden + [match[2].strip("'") for match in _KEYWORD.finditer(url)]


def masked(text: str) -> str:
    """A text that others wrote without the secrets known here, and without those of any URL in it."""
    of_environment = {
        value
        for name, value in os.environ.items()
        if _NAME.fullmatch(name) and name not in _NO_SECRETS_BY_NAME and len(value) >= _SHORTEST
    } - _NO_SECRETS
    for secret in sorted(_known | of_environment, key=len, reverse=True):
        if secret in text:
            text = text.replace(secret, HIDDEN)
    if "://" in text:
        text = _URL_IN_TEXT.sub(lambda url: masked_address(url[0]), text)
    if "=" in text:
        text = _KEYWORD.sub(rf"\1={HIDDEN}", text)
    return _BEARER.sub(rf"\1 {HIDDEN}", text)


def guarded(name: str, value: Any) -> Any:
    """The value of a setting as a Secret, a Variable or an Url, where its name or form says so."""
    if isinstance(value, Mapping):
        return {key: guarded(key, inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [guarded(name, inner) for inner in value]
    if not isinstance(value, str) or not value:
        return value
    last = name.rpartition(".")[2]
    if last.endswith("_env"):
        return Variable(value)
    if _NAME.fullmatch(last):
        return Secret(value)
    return Url(value) if secrets_in(value) else value


def revealed(value: Any) -> Any:
    """The value with every Secret in it as its text, for what is handed over on purpose."""
    if isinstance(value, Secret):
        return value.reveal()
    if isinstance(value, Mapping):
        return {name: revealed(inner) for name, inner in value.items()}
    return [revealed(inner) for inner in value] if isinstance(value, list) else value


def as_shown(value: Any) -> Any:
    """The value with every Secret in it as the text that may be shown, for what is printed or written."""
    if isinstance(value, Secret):
        return str(value)
    if isinstance(value, Mapping):
        return {name: as_shown(inner) for name, inner in value.items()}
    return [as_shown(inner) for inner in value] if isinstance(value, list) else value


def _userinfo(url: str) -> tuple[int, int] | None:
    """Where the secret part stands between `://` and the `@` before the host; None where there is none."""
    scheme = _SCHEME.match(url)
    if not scheme:
        return None
    start = scheme.end()
    query = url.find("?", start)
    end = url.rfind("@", start, query if query >= 0 else len(url))
    authority = re.split(r"[/?#]", url[start:], maxsplit=1)[0]
    _, colon, behind = authority.partition(":")
    if end < 0 and query >= 0 and colon and not behind.isdigit():
        end = url.rfind("@", start)  # a password with a question mark
    if end < 0 or (not colon and "@" not in authority):
        return None  # no name and no password: the @ belongs to a path
    if scheme[0].lower() in ("http://", "https://"):
        return start, end  # a name alone may be a token
    named = url.find(":", start, end)
    return (named + 1, end) if named >= 0 else None


def _remember(secret: str) -> None:
    for form in {secret, unquote(secret), quote(secret, safe=""), repr(secret)[1:-1]}:
        if len(form) >= _SHORTEST and form != HIDDEN and form.lower() not in _NO_SECRETS:
            _known.add(form)
