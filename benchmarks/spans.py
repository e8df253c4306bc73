"""How many quoted spans of real PDFs are marked on their pages exactly.

    python -m benchmarks.spans FOLDER [--spans 5000] [--seed 0] [--out FILE]

FOLDER holds PDFs, at any depth. Spans of 1 to 400 characters are drawn at random, each page as likely as its
text is long. `exact`: the marked characters, as PDFium has them in the file, read in order what the span
reads, spaces and hyphens apart; signs that the loader writes itself (bars of tables, signs of headings) stand
on no page and do not count. `told`: the server says that the marks are exact. `wrong`: it says so, and they
are not. `--by-text`: the file is not read again, as for documents of another version of the loader.
"""

from __future__ import annotations

import argparse
import json
import math
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rag.errors import LoadError
from rag.loaders import Limits, load
from rag.loaders.pdf.loader import flowed
from rag.serve.marks import Aligned, folded
from rag.serve.pictures import aligned_with, page_characters, places_of

_WRITTEN = str.maketrans("", "", "|#*_`\\[]<>^:()")
_LONGEST = 400


class Page(NamedTuple):
    """A page: its text from offset `first` on, PDFium's characters, and how the two belong together."""

    text: str
    first: int
    characters: Sequence[str]
    aligned: Aligned


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--spans", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--by-text", action="store_true")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    files = sorted(options.folder.rglob("*.pdf"))
    found = [(path, page) for path in files for page in pages(path, by_text=options.by_text)]
    if not found:
        parser.error(f"{options.folder} holds no PDF with text")
    result = measured([page for _, page in found], options.spans, options.seed)
    told = json.dumps({"files": len({path for path, _ in found}), "pages": len(found), **result}, indent=1)
    print(told)
    if options.out:
        options.out.write_text(told + "\n", "utf-8")


def pages(path: Path, *, by_text: bool) -> Iterator[Page]:
    """The pages of a PDF that have text, as the server sees them."""
    from pypdfium2 import PdfDocument

    try:
        (document,) = load(path, path.name).documents
    except LoadError:
        return
    parts = flowed(path.read_bytes(), Limits(), math.inf).parts
    starts = [*document.pages, len(document.text)]
    pdf = PdfDocument(path)
    for number in range(len(pdf)):
        text = document.text[starts[number] : starts[number + 1]]
        page: Any = pdf[number].get_textpage()
        characters = page_characters(page)
        page.close()
        if text.strip():
            words = None if by_text else [part for part in parts if part.page == number]
            aligned = aligned_with(text, starts[number], words, characters)
            yield Page(text, starts[number], characters, aligned)
    pdf.close()


def measured(found: Sequence[Page], spans: int, seed: int) -> dict[str, Any]:
    """Counts and shares over random spans."""
    rng = random.Random(seed)
    exact = told = wrong = 0
    for page in rng.choices(found, [len(page.text) for page in found], k=spans):
        start = rng.randrange(len(page.text))
        end = min(len(page.text), start + rng.randint(1, _LONGEST))
        right, says = marked(page, start, end)
        exact += right
        told += says
        wrong += says and not right
    return {
        "spans": spans,
        "exact": exact,
        "told": told,
        "wrong": wrong,
        "share exact": round(exact / spans, 4),
    }


def marked(page: Page, start: int, end: int) -> tuple[bool, bool]:
    """Whether the marked characters are those of the span, and whether the server says so."""
    places, says = places_of(page.aligned, page.first + start, page.first + end)
    # Letters of the text that are one of the page, as in a ligature, stand at one place.
    once = [place for n, place in enumerate(places) if n == 0 or place != places[n - 1]]
    read = folded([page.characters[place] for place in once]).text
    # Values of fields are no characters of the page; the field is marked.
    typed = {offset for first, behind, _ in page.aligned.typed for offset in range(first, behind)}
    wanted = folded([page.text[at] for at in range(start, end) if page.first + at not in typed]).text
    return plain(read) == plain(wanted), says


def plain(text: str) -> str:
    """Without the signs that a loader writes, and what it writes otherwise."""
    return text.translate(_WRITTEN)


if __name__ == "__main__":
    main()
