"""An ingest in a process of its own, to be killed: `python -m tests.attack.child FOLDER WAY`."""

from __future__ import annotations

import sys
from pathlib import Path

from rag import Rag
from rag.testing import WordEmbedder

SETTINGS = {"chunk.max_tokens": 24, "chunk.min_tokens": 4, "search.denoise": (), "search.augment": ()}


def opened(folder: Path) -> Rag:
    """The index of a folder, by an embedder of words."""
    return Rag(folder / ".rag", embedder=WordEmbedder(64), settings=SETTINGS)


def main() -> None:
    """Makes the index follow the files: parsed by a pool (`pool`), or read here (`api`)."""
    folder, way = Path(sys.argv[1]), sys.argv[2]
    with opened(folder) as rag:
        if way == "pool":
            rag.ingest(folder / "files")
        else:
            from tests.stores.ingesting import load

            rag.ingest(folder / "files", load=load)


if __name__ == "__main__":
    main()
