"""Where a pipeline's store and embedder come from: by which names another process opens the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag import trust
from rag.stores import BuiltWith, built_with, store_name, without_password

if TYPE_CHECKING:
    from rag.config import Resolved
    from rag.embedding import Embedder


@dataclass(frozen=True, slots=True)
class Origin:
    """What was given for the store and the embedder, and what follows from it.

    `settings` are those given in code or as options, by full name. `store_is_named` says whether another
    process can open the same store by `url`; where it is False, the store was given as an object.
    """

    index: Path
    config: Resolved
    settings: Mapping[str, Any]
    given_embedder: Embedder | str | None
    store_is_named: bool

    @property
    def url(self) -> str:
        """Where the store is: the URL or folder in the settings, else the index folder."""
        return self.config.settings.store.url.reveal() or str(self.index)

    @property
    def place(self) -> str:
        """The same for people to read, without a password."""
        return without_password(self.url)

    @property
    def store_options(self) -> Mapping[str, Any]:
        """The section of the settings for this kind of store."""
        return self.config.settings.stores.get(store_name(self.url), {})

    @property
    def built_with(self) -> BuiltWith | None:
        """What the store at `url` was built with; None where there is none."""
        return built_with(self.url, self.store_options)

    @property
    def embedder_is_named(self) -> bool:
        """Whether another process can open the same embedder, by `embedder`."""
        return self.given_embedder is None or isinstance(self.given_embedder, str)

    @property
    def embedder(self) -> str:
        """How to open the embedder again: as given, else as the index has it, else by the setting.

        Raises ConfigError where the index names one that this user has not trusted.
        """
        if isinstance(self.given_embedder, str):
            return self.given_embedder
        if self.given_embedder is not None:
            return self.given_embedder.name
        if self.config.origins["index.embedder"] == "default" and self.store_is_named:
            kept = self.built_with
            if kept is not None and kept.embedder:
                needs = self._needing_trust(kept.embedder)
                trust.require(Path(self.url) / "rag.toml", needs, needs)
                return kept.embedder
        return self.config.settings.index.embedder

    @property
    def is_local(self) -> bool:
        """Whether the store is a folder of this machine."""
        return self.store_is_named and store_name(self.url) == "local"

    def trust_own(self) -> None:
        """Remembers that the index was made here, by this user, with an embedder that they named."""
        if needs := self._needing_trust(self.embedder):
            trust.trust_own(Path(self.url) / "rag.toml", needs)

    def _needing_trust(self, embedder: str) -> dict[str, str]:
        """What needs trust of an index in a folder: an embedder that is loaded, or fetched, because of it."""
        return {"index.embedder": embedder} if embedder != "builtin" and self.is_local else {}
