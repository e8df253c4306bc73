"""Models from the Hugging Face hub: fetched once, into the hub's own cache, with the size shown first."""

from __future__ import annotations

import logging
from pathlib import Path

from rag.errors import ConfigError, ModelError

_SCHEME = "hf:"
_log = logging.getLogger("rag.models")


def gguf_path(named: str, *, offline: bool = False) -> Path:
    """Where a GGUF file lies: a path stays, `hf:owner/repo/file.gguf` is downloaded if it is not here yet.

    Raises ConfigError for a name of another form, ModelError where the file cannot be had.
    """
    if not named.startswith(_SCHEME):
        return Path(named)
    owner, _, rest = named.removeprefix(_SCHEME).partition("/")
    repo, _, file = rest.partition("/")
    if not (owner and repo and file.endswith(".gguf")) or ".." in Path(file).parts:
        raise ConfigError(f"{named!r} names no file: expected hf:owner/repo/file.gguf")
    return _fetched(f"{owner}/{repo}", file, offline)


def _fetched(repo: str, file: str, offline: bool) -> Path:
    from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url, try_to_load_from_cache

    cached = try_to_load_from_cache(repo, file)
    if isinstance(cached, str):
        return Path(cached)
    if offline:
        raise ModelError(
            f"offline: {repo}/{file} is not on this machine. Run `rag models pull hf:{repo}/{file}` while "
            "online, or name a file."
        )
    try:
        size = get_hf_file_metadata(hf_hub_url(repo, file)).size or 0
        # A warning, so that it is seen where nothing was configured: gigabytes may follow.
        _log.warning("downloading %s/%s, %s", repo, file, _in_bytes(size))
        return Path(hf_hub_download(repo, file))
    except Exception as error:  # the hub's client raises many types
        raise ModelError(f"{repo}/{file} cannot be downloaded: {error}") from error


def _in_bytes(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.1f} MB"
