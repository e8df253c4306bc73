"""Every error the framework raises on purpose. Each message says what came, what was expected, what to do.

RagError
├── ConfigError            a setting that cannot be used, or two that contradict each other
│   └── MissingExtra       an optional part is not installed; the message is the pip line
├── LoadError              a file that cannot be read as a document
├── FilterError            a `where` that does not parse, or an operator that a store cannot do
├── StoreError             the store cannot be read or written
│   ├── FingerprintError   the store was built with another embedder
│   ├── LockedError        another process is writing
│   └── CorruptError       what is on disk is torn or foreign
├── ModelError             a model that cannot be loaded or run
└── StageError             a stage that failed, or returned what no stage of its kind returns
"""

from __future__ import annotations

from rag.secrets import masked


class RagError(Exception):
    """Anything the framework raises on purpose. Its message holds no password, key or token."""

    def __init__(self, *args: object) -> None:
        super().__init__(*(masked(one) if isinstance(one, str) else one for one in args))


class ConfigError(RagError):
    """A setting that cannot be used, or two that contradict each other."""


class MissingExtra(ConfigError):
    """An optional part is not installed; the message is the pip line that installs it."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs an optional part: pip install 'footnote-rag[{extra}]'")
        self.extra = extra


class LoadError(RagError):
    """A file that cannot be read as a document."""


class FilterError(RagError):
    """A `where` that does not parse, or an operator that a store cannot do."""


class StoreError(RagError):
    """The store cannot be read or written."""


class FingerprintError(StoreError):
    """The store was built with another embedder than the one given."""

    @classmethod
    def between(
        cls, place: object, built: tuple[str, str], given: tuple[str, str], do: str
    ) -> FingerprintError:
        """The error for two embedders, each (name, fingerprint); `do` is what helps besides the former."""
        if built[0] and built[0] == given[0]:
            return cls(f"{place}: the embedder {built[0]} was {built[1]} and is {given[1]} now: {do}")
        former, wanted = (name or fingerprint for name, fingerprint in (built, given))
        return cls(
            f"{place} was built with the embedder {former}, and {wanted} was given: use the former, or {do}"
        )


class LockedError(StoreError):
    """Another process is writing to the store."""


class CorruptError(StoreError):
    """What is on disk is torn, foreign, or of another format version."""


class ModelError(RagError):
    """A model that cannot be loaded or run."""


class StageError(RagError):
    """A stage that failed, or returned what no stage of its kind returns."""


def said(error: Exception) -> str:
    """What an error of another library says, in one line: behind the first comes advice on its versions."""
    return str(error).strip().partition("\n")[0].rstrip(" .")
