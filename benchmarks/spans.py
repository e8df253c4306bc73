"""How many quoted spans of real PDFs are marked on their pages exactly.

    python -m benchmarks.spans FOLDER [--spans 5000] [--seed 0] [--out FILE]

FOLDER holds PDFs, at any depth. Spans of 1 to 400 characters are drawn at random over all pages, each page
likely by its text. A span counts as exact where the characters that are marked read, as PDFium has them in the
file and without spaces and hyphens, what the span reads; marks of layout that the loader writes (bars of
tables, signs of headings) stand on no page and are left out on both sides. `told` is how often the server says
so itself (`exact`), `wrong` how often it says so and it is not.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from pathlib import Path
from typing import Any, NamedTuple

from rag.loaders import load
from rag.serve import marks, pictures


class Page(NamedTuple):
    """A page with text: its number from 1, the offset of its first character, and the text."""

    number: int
    first: int
    text: str


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--spans", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    paths = sorted(options.folder.rglob("*.pdf"))
    if not paths:
        parser.error(f"{options.folder} holds no PDF")
    print(json.dumps(measured(paths, options.spans, options.seed), indent=1))


if __name__ == "__main__":
    main()
