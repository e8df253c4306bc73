"""How many quoted spans of real PDFs are marked on their pages exactly.

    python -m benchmarks.spans FOLDER [--spans 5000] [--seed 0] [--out FILE]

FOLDER holds PDFs, at any depth. Spans of 1 to 400 characters are drawn at random, each page as likely as its
text is long. `exact`: the marked characters, as PDFium has them in the file, read what the span reads, spaces
and hyphens apart; signs that the loader writes itself (bars of tables, signs of headings) stand on no page
and do not count. `told`: the server says that the marks are exact. `wrong`: it says so, and they are not.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rag.loaders import load
from rag.serve.marks import Aligned, align, folded
from rag.serve.pictures import page_characters

_WRITTEN = str.maketrans("", "", "|#*_`\\[]<>")
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
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    found = [(path, page) for path in sorted(options.folder.rglob("*.pdf")) for page in pages(path)]
    if not found:
        parser.error(f"{options.folder} holds no PDF with text")
    result = measured([page for _, page in found], options.spans, options.seed)
    told = json.dumps({"files": len({path for path, _ in found}), "pages": len(found), **result}, indent=1)
    print(told)
    if options.out:
        options.out.write_text(told + "\n", "utf-8")


def pages(path: Path) -> Iterator[Page]:
    """The pages of a PDF that have text, as the server sees them."""
    from pypdfium2 import PdfDocument

    (document,) = load(path, path.name).documents
    starts = [*document.pages, len(document.text)]
    pdf = PdfDocument(path)
    for number in range(len(pdf)):
        text = document.text[starts[number] : starts[number + 1]]
        page: Any = pdf[number].get_textpage()
        characters = page_characters(page)
        page.close()
        if text.strip():
            yield Page(text, starts[number], characters, align(text, starts[number], characters))
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
    span = page.text[start:end]
    needed = set(folded(span, page.first + start).places)
    places = [page.aligned.places[one] for one in sorted(needed & page.aligned.places.keys())]
    read = folded([page.characters[one] for one in sorted(set(places))]).text
    wanted = folded(span).text
    return plain(read) == plain(wanted), needed <= page.aligned.places.keys()


def plain(text: str) -> str:
    """Without the signs that a loader writes; in no order, since a page is read by its columns."""
    return "".join(sorted(text.translate(_WRITTEN)))


if __name__ == "__main__":
    main()
