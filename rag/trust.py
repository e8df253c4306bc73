"""Which settings files the user trusts: a file that came with a folder may set search and chunking, no more.

Anything else in it, an address, a path, a model, code, counts only once the user has trusted it. What is
trusted is kept for the user, in the file that the variable RAG_TRUSTED names, else in `trusted.json` in the
folder that the system keeps for settings: of each settings file a digest of all that needs trust. So a change
of those settings needs trust anew, a change of the others does not.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rag.errors import ConfigError
from rag.secrets import revealed

_ANY = frozenset(
    {
        *("ingest.include", "ingest.exclude", "index.language"),
        *("chunk.max_tokens", "chunk.min_tokens", "chunk.overlap"),
        *("search.k", "search.depth", "search.dense_weight", "search.lexical_weight", "search.read"),
        *("ask.sentences", "ask.abstain_below", "ask.quote_instead"),
    }
)
NAMED: Mapping[str, frozenset[str]] = {
    "index.embedder": frozenset({"builtin"}),
    "index.lexical": frozenset({"tantivy", "rank-bm25"}),
    "chunk.method": frozenset({"structure", "fixed", "sentences", "headings", "semantic", "code"}),
    "search.augment": frozenset({"glossary", "feedback", "history", "instruction", "memory", "spelling"}),
    "search.retrieve": frozenset({"hybrid", "dense", "lexical", "routed"}),
    "search.fusion": frozenset({"zscore", "rrf", "minmax", "dbsf"}),
    "search.denoise": frozenset(
        {
            *("compress", "conflicts", "corrections", "duplicates"),
            *("mmr", "poison", "ranker", "rerank", "signals", "threshold", "voices"),
        }
    ),
    "search.adapter": frozenset({"none"}),
    "search.ranker": frozenset({"none"}),
    "ask.reorder": frozenset({"edges", "neighbours", "reverse", "score", "source"}),
    "ask.generate": frozenset({"extractive"}),
    "ask.ground": frozenset({"abstain", "relevant", "support"}),
}
"""Of settings that name parts, those that need no trust: they ship, and reach no model, file or server."""
_CONDITIONS = frozenset({"history", "jargon", "multi", "unsure"})
STAGES = _CONDITIONS.union(*(NAMED[f"search.{kind}"] for kind in ("augment", "retrieve", "denoise"))).union(
    *(NAMED[f"ask.{kind}"] for kind in ("reorder", "generate", "ground"))
)
"""Stages and conditions whose numbers need no trust: how often another asks a model costs its user money."""

_Path = tuple[str, ...]


def path() -> Path:
    """Where it is kept what the user trusts."""
    if named := os.environ.get("RAG_TRUSTED"):
        return Path(named).expanduser()
    import typer

    return Path(typer.get_app_dir("footnote-rag")) / "trusted.json"


def needing(settings: Mapping[str, Any], default: Mapping[str, Any]) -> dict[str, Any]:
    """Of a settings file's sections what needs trust, by full name; `default` is each setting's default."""
    return {
        ".".join(name): value
        for name, value in _leaves(settings)
        if not _harmless(name, value) and default.get(".".join(name), _NONE) != value
    }


def _leaves(values: Mapping[str, Any], above: _Path = ()) -> Iterator[tuple[_Path, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, (*above, name))
        else:
            yield (*above, name), value


def _harmless(name: _Path, value: Any) -> bool:
    """Of options of stages only numbers are: texts name models and prompts, switches turn models on."""
    if name[0] == "stages":
        return len(name) == 3 and name[1] in STAGES and type(value) in (int, float)
    full = ".".join(name)
    if allowed := NAMED.get(full):
        parts = value if isinstance(value, list) else [value]
        return all(isinstance(part, str) and _ships(part, allowed) for part in parts)
    return full in _ANY


def _ships(part: str, allowed: frozenset[str]) -> bool:
    """Whether a stage ships, and so does what it waits for: `feedback if not unsure`."""
    stage, joined, when = part.partition(" if ")
    return stage in allowed and (not joined or when.removeprefix("not ") in _CONDITIONS)


def is_trusted(file: Path, needs: Mapping[str, Any]) -> bool:
    """Whether the user trusts these settings of this file, as `needing` gave them. Raises ConfigError."""
    return not needs or known().get(_key(file)) == _digest(needs)


def trust(file: Path, needs: Mapping[str, Any]) -> None:
    """Trusts these settings of this file, and no others of it any more. Raises ConfigError."""
    _change(file, _digest(needs) if needs else None)


def trust_own(file: Path, needs: Mapping[str, Any]) -> None:
    """Trusts what this program wrote for its user; where that cannot be kept, the user is asked later."""
    try:
        if not is_trusted(file, needs):
            trust(file, needs)
    except ConfigError:
        return


def distrust(file: Path) -> bool:
    """Takes trust back; whether there was any. Raises ConfigError."""
    known_before = _key(file) in known()
    _change(file, None)
    return known_before


def require(file: Path, needs: Mapping[str, Any], used: Mapping[str, Any]) -> None:
    """Raises ConfigError where settings of a file are `used` that need trust and the user did not trust."""
    if not used or is_trusted(file, needs):
        return
    folder = file.parent
    raise ConfigError(
        f"{file} sets {', '.join(sorted(used))}, and you have not trusted it: a settings file that came with "
        "a folder may tune search and chunking and choose among parts that ship, but not run code, open "
        "other files or send anything away. Read the file; if it is yours or you agree, run "
        f"`rag trust {_quoted(folder)}`"
    )


def known() -> dict[str, str]:
    """Settings file → digest of what is trusted of it. Raises ConfigError for a file that cannot be read."""
    file = path()
    try:
        kept = json.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{file}, which keeps what you trust, cannot be read ({error}): mend it or move it away"
        ) from error
    if not isinstance(kept, dict) or not all(isinstance(name, str) for name in kept.values()):
        raise ConfigError(f"{file}, which keeps what you trust, holds something else: move it away")
    return kept


def _change(file: Path, digest: str | None) -> None:
    from filelock import FileLock

    kept = path()
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{kept}.lock"):
            entries = known()
            entries.pop(_key(file), None)
            if digest is not None:
                entries[_key(file)] = digest
            written = kept.with_name(kept.name + ".new")
            written.write_text(json.dumps(entries, indent=1, sort_keys=True) + "\n", "utf-8")
            written.replace(kept)
    except OSError as error:
        raise ConfigError(f"{kept} cannot be written ({error.strerror}): mend its permissions") from error


def _key(file: Path) -> str:
    return str(file.resolve())


def _digest(needs: Mapping[str, Any]) -> str:
    text = json.dumps(revealed(needs), sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _quoted(folder: Path) -> str:
    import shlex

    return shlex.quote(str(folder))


_NONE = object()
