"""Document → chunks with exact offsets: `chunk.text == document.text[chunk.start:chunk.end]`, always.

Knows nothing of files, vectors or stores; an embedder is only asked where its tokens end.

- `structure.py`: the default: paragraphs, tables, lists and code kept whole inside their section
- `headings.py`: the largest section that fits is one chunk
- `sentence_windows.py`: whole sentences up to the limit (method `sentences`)
- `fixed.py`: token windows
- `semantic.py`: cuts where the meaning of neighbouring sentences changes
- `blocks/`: text → blocks, one file a format
- `outline.py`, `units.py`, `pack.py`: blocks → sections → units that fit → chunks
- `gather.py`: small sections joined; `tables.py`: rows under their columns
- `cut.py`, `tokens.py`, `budget.py`: where a text may be cut, what a piece costs, and what it may cost
- `chunks.py`: spans → `Chunk` values

What every method guarantees: spans are stripped, never empty, ascend, and overlap only where asked to.
No text is lost: what is in no chunk's text is blank, front matter, a line that is only markup (a rule
under a title, a thematic break), or a heading that some chunk's `heading` shows in whole.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from inspect import Parameter, signature
from typing import TYPE_CHECKING, Any, TypeAlias

from rag import lookup
from rag.errors import ConfigError
from rag.types import Document, Span

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rag.chunking.chunks import make_chunks as make_chunks
    from rag.text.sentences import sentences as sentences

__all__ = ["Chunker", "TokenEnds", "chunker", "make_chunks", "methods", "options"]

TokenEnds: TypeAlias = "Callable[[str], NDArray[np.int64]]"
"""The offset just behind each token of a text, ascending: what an embedder's `token_ends` gives."""

Chunker: TypeAlias = Callable[[Document, TokenEnds], list[Span]]
"""A document and the tokeniser of the embedder that will read its chunks → where the chunks lie."""

NAMES = {
    "structure": "rag.chunking.structure:Structure",
    "headings": "rag.chunking.headings:Headings",
    "sentences": "rag.chunking.sentence_windows:SentenceWindows",
    "fixed": "rag.chunking.fixed:Fixed",
    "semantic": "rag.chunking.semantic:Semantic",
    "code": "rag.chunking.structure:Code",
}
"""Name in the settings → what makes the chunker of its settings."""


def methods() -> tuple[str, ...]:
    """The names that `chunker` knows: those that ship, the default first, and those of installed packages."""
    return tuple(dict.fromkeys([*NAMES, *lookup.names("chunking", NAMES)]))


def options(name: str) -> frozenset[str]:
    """The settings that a method has. Raises ConfigError for a name that does not exist."""
    return frozenset(_parameters(_method(name)))


def chunker(name: str = "structure", **settings: Any) -> Chunker:
    """A chunker by name. Its `repr` names the method and every setting: equal reprs cut alike.

    Raises ConfigError for a name or a setting that does not exist and for a value out of range.
    """
    method = _method(name)
    known = _parameters(method)
    for unknown in sorted(settings.keys() - known.keys()):
        raise ConfigError(
            f"the chunking method {name!r} has no setting {unknown!r}: it has {', '.join(sorted(known))}"
        )
    for parameter in known.values():
        if parameter.default is parameter.empty and parameter.name not in settings:
            raise ConfigError(f"the chunking method {name!r} needs the setting {parameter.name!r}")
    made: Chunker = method(**settings)
    return made


def _method(name: str) -> Any:
    return lookup.find("chunking", name, NAMES)


def _parameters(method: Any) -> Mapping[str, Parameter]:
    return signature(method).parameters


def __getattr__(name: str) -> Any:
    if name == "make_chunks":
        return import_module("rag.chunking.chunks").make_chunks
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
