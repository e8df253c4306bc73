"""footnote-rag: retrieval-augmented generation that proves its answers.

    from rag import Rag

    rag = Rag("notes.rag")
    rag.ingest("docs/")
    answer = rag.ask("How are chunks cut?")

Names are imported when they are first used, so `import rag` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from os import environ
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rag.chat import Chat
    from rag.config import Settings
    from rag.errors import (
        ConfigError,
        CorruptError,
        FilterError,
        FingerprintError,
        LoadError,
        LockedError,
        MissingExtra,
        ModelError,
        RagError,
        StageError,
        StoreError,
    )
    from rag.evaluate import Case, QuestionSet, Run
    from rag.ingest import Progress, Report
    from rag.moving import export_archive, import_archive, move
    from rag.rag import Rag
    from rag.stores import AllOf, AnyOf, LocalStore, NotOf, VectorStore, Where, parse_where
    from rag.types import (
        Answer,
        Chunk,
        Citation,
        Document,
        Event,
        Hit,
        Query,
        Question,
        Sentence,
        Span,
        Turn,
    )

__version__ = "0.1.0"

# Libraries that would tell their makers who runs them where, and keep that under ~/.cache until they can.
environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

_HOME = {
    # the pipeline
    "Chat": "rag.chat",
    "Rag": "rag.rag",
    "Settings": "rag.config",
    # values
    **dict.fromkeys(("Answer", "Chunk", "Citation", "Document", "Event", "Hit"), "rag.types"),
    **dict.fromkeys(("Query", "Question", "Sentence", "Span", "Turn"), "rag.types"),
    # ingest
    **dict.fromkeys(("Progress", "Report"), "rag.ingest"),
    # evaluation
    **dict.fromkeys(("Case", "QuestionSet", "Run"), "rag.evaluate"),
    # stores and filters
    **dict.fromkeys(("AllOf", "AnyOf", "NotOf", "Where", "parse_where"), "rag.stores"),
    **dict.fromkeys(("LocalStore", "VectorStore"), "rag.stores"),
    # from one store into another
    **dict.fromkeys(("export_archive", "import_archive", "move"), "rag.moving"),
    # errors
    **dict.fromkeys(("ConfigError", "CorruptError", "FilterError", "FingerprintError"), "rag.errors"),
    **dict.fromkeys(("LoadError", "LockedError", "MissingExtra", "ModelError"), "rag.errors"),
    **dict.fromkeys(("RagError", "StageError", "StoreError"), "rag.errors"),
}

__all__ = [
    "AllOf",
    "Answer",
    "AnyOf",
    "Case",
    "Chat",
    "Chunk",
    "Citation",
    "ConfigError",
    "CorruptError",
    "Document",
    "Event",
    "FilterError",
    "FingerprintError",
    "Hit",
    "LoadError",
    "LocalStore",
    "LockedError",
    "MissingExtra",
    "ModelError",
    "NotOf",
    "Progress",
    "Query",
    "Question",
    "QuestionSet",
    "Rag",
    "RagError",
    "Report",
    "Run",
    "Sentence",
    "Settings",
    "Span",
    "StageError",
    "StoreError",
    "Turn",
    "VectorStore",
    "Where",
    "__version__",
    "export_archive",
    "import_archive",
    "move",
    "parse_where",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
