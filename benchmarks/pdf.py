"""PDFs beside other extractors: words, cells of tables, and time.

    python -m benchmarks.pdf FOLDER [--make 40] [--old TREE] [--repeat 5] [--out FILE]

FOLDER holds PDFs, at any depth; `NAME.pdf.json` beside one says what its tables are, each a list of rows, the
first of them the names of the columns. `--make` writes as many files with known tables there: half of them
with reportlab, half with LibreOffice.

- words: of those that pdfminer.six and pdftotext find, the share that the loader finds as often. Lines that
  repeat on most pages are left out by both, hyphens at the ends of lines too.
- cells: of the known ones, the share that stands in a row of a table with the row's first cell, in the
  column of its place; beside it pdfplumber with its rules for lines, and for text.
- time: of this loader by that of another tree of this project (`--old`), each file alternately with both, in
  processes of their own, the median over repeats.

Needs pdfplumber and pdfminer.six, pdftotext (poppler-utils); for `--make` reportlab and LibreOffice.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import statistics
import subprocess
import sys
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rag.errors import LoadError
from rag.loaders import load

Table = list[list[str]]
_WORD = re.compile(r"\w+")
_HYPHEN = re.compile(r"[-\u2010\u00ad]\s*\n\s*")
_MOST_PAGES = 0.5
_TIMED = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from rag.loaders import load_bytes
for line in sys.stdin:
    path = Path(line.rstrip("\\n"))
    data = path.read_bytes()
    start = time.process_time()
    try:
        load_bytes(data, path.name)
    except Exception:
        pass
    print(time.process_time() - start, flush=True)
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--make", type=int, default=0)
    parser.add_argument("--old", type=Path)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    if options.make:
        make(options.folder, options.make)
    files = sorted(options.folder.rglob("*.pdf"))
    if not files:
        parser.error(f"{options.folder} holds no PDF")
    result: dict[str, Any] = {"words": words(files), "cells": cells(files)}
    if options.old:
        result["time"] = times(files, options.old.resolve(), options.repeat)
    told = json.dumps(result, indent=1)
    print(told)
    if options.out:
        options.out.write_text(told + "\n", "utf-8")


# Words.


def words(files: Sequence[Path]) -> dict[str, Any]:
    """Recall of the words of other extractors, over all files; the files where it is lowest."""
    found: dict[str, Any] = {"files": 0}
    shares: dict[str, list[tuple[float, str]]] = {"pdfminer": [], "pdftotext": []}
    counts = {name: [0, 0] for name in shares}
    for path in files:
        try:
            ours = Counter(_words(load(path, path.name).documents[0].text))
        except LoadError:
            continue
        found["files"] += 1
        for name, extract in (("pdfminer", _pdfminer), ("pdftotext", _pdftotext)):
            theirs = Counter(_words(_without_furniture(extract(path))))
            got = sum((theirs & ours).values())
            counts[name][0] += got
            counts[name][1] += theirs.total()
            if theirs:
                shares[name].append((round(got / theirs.total(), 4), path.name))
    for name, (got, of) in counts.items():
        found[name] = {"words": of, "recall": round(got / max(of, 1), 4), "lowest": sorted(shares[name])[:5]}
    return found


def _words(text: str) -> list[str]:
    text = unicodedata.normalize("NFKD", _HYPHEN.sub("", text).replace("-", "")).lower()
    return _WORD.findall("".join(sign for sign in text if not unicodedata.combining(sign)))


def _pdfminer(path: Path) -> list[str]:
    from pdfminer.high_level import extract_text

    text: str = extract_text(path)
    return text.split("\f")[:-1]


def _pdftotext(path: Path) -> list[str]:
    run = subprocess.run(["pdftotext", "-cropbox", str(path), "-"], capture_output=True, check=False)
    return run.stdout.decode("utf-8", "replace").split("\f")[:-1]


def _without_furniture(pages: Sequence[str]) -> str:
    """The pages without the lines that stand on most of them, alike but for numbers."""
    lines = [[" ".join(line.split()) for line in page.split("\n")] for page in pages]
    counts = Counter(key for page in lines for key in {re.sub(r"\d+", "#", line) for line in page})
    often = {key for key, count in counts.items() if key and count > max(1, _MOST_PAGES * len(pages))}
    return "\n".join(line for page in lines for line in page if re.sub(r"\d+", "#", line) not in often)


# Cells.


def cells(files: Sequence[Path]) -> dict[str, Any]:
    """Shares of cells in their row and column, by who reads them, over all files and by kind of file."""
    readers: dict[str, Callable[[Path], list[Table]]] = {
        "this": _ours,
        "pdfplumber lines": lambda path: _pdfplumber(path, "lines"),
        "pdfplumber text": lambda path: _pdfplumber(path, "text"),
    }
    right: dict[str, Counter[str]] = {name: Counter() for name in readers}
    of: Counter[str] = Counter()
    for path in files:
        known_file = path.with_name(path.name + ".json")
        if not known_file.is_file():
            continue
        known: list[Table] = json.loads(known_file.read_text("utf-8"))
        kind = re.sub(r"-?\d+$", "", path.stem)
        count = sum(len(row) for table in known for row in table)
        of[kind] += count
        of["all"] += count
        for name, read in readers.items():
            got = sum(_right(table, read(path)) for table in known)
            right[name][kind] += got
            right[name]["all"] += got
    shares = {
        kind: {name: round(right[name][kind] / count, 4) for name in readers} for kind, count in of.items()
    }
    return {"cells": of["all"], **shares}


def _right(known: Table, found: Sequence[Table]) -> int:
    rows = {tuple(map(_plain, row)) for table in found for row in table if len(row) == len(known[0])}
    by_key: dict[str, list[tuple[str, ...]]] = {}
    for row in rows:
        by_key.setdefault(row[0], []).append(row)
    return sum(
        any(row[column] == _plain(cell) for row in by_key.get(_plain(line[0]), ()))
        for line in known
        for column, cell in enumerate(line)
    )


def _plain(text: str | None) -> str:
    return "".join((text or "").replace("\\|", "|").split()).replace("-", "")


def _ours(path: Path) -> list[Table]:
    found: list[Table] = []
    for document in load(path, path.name).documents:
        for lines in re.findall(r"(?:^\|.*\|$\n?)+", document.text, re.MULTILINE):
            rows = [re.split(r"(?<!\\)\|", line)[1:-1] for line in lines.strip().split("\n")]
            found.append([row for n, row in enumerate(rows) if n != 1])
    return found


def _pdfplumber(path: Path, rules: str) -> list[Table]:
    import pdfplumber

    settings = {"vertical_strategy": rules, "horizontal_strategy": rules}
    with pdfplumber.open(path) as pdf:
        return [
            [[cell or "" for cell in row] for row in table]
            for page in pdf.pages
            for table in page.extract_tables(settings)
        ]


# Time.


def times(files: Sequence[Path], old: Path, repeat: int) -> dict[str, Any]:
    """Seconds of processor time over all files, of this tree and of another; the ratio of each repeat."""
    trees = (old, Path(__file__).resolve().parents[1])
    runs: list[tuple[float, float]] = []
    with _timer(trees[0]) as before, _timer(trees[1]) as now:
        for path in files:  # modules are loaded, files are in memory
            _ask(before, path)
            _ask(now, path)
        for _ in range(repeat):
            pairs = [(_ask(before, path), _ask(now, path)) for path in files]
            runs.append((sum(pair[0] for pair in pairs), sum(pair[1] for pair in pairs)))
    return {
        "files": len(files),
        "old": round(statistics.median(run[0] for run in runs), 3),
        "new": round(statistics.median(run[1] for run in runs), 3),
        "ratio": round(statistics.median(new / old for old, new in runs), 3),
        "ratios": [round(new / old, 3) for old, new in runs],
    }


def _timer(tree: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-P", "-c", _TIMED, str(tree)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _ask(timer: subprocess.Popen[str], path: Path) -> float:
    assert timer.stdin
    assert timer.stdout
    timer.stdin.write(f"{path.resolve()}\n")
    timer.stdin.flush()
    return float(timer.stdout.readline())


# Files with known tables.

_WORDS = [
    "amber", "basil", "cobalt", "delta", "ember", "falcon", "garnet", "harbour", "island", "jasmine",
    "kernel", "lantern", "meadow", "nectar", "office", "pigment", "quarry", "river", "stone", "timber",
    "umber", "valley", "willow", "yellow", "zephyr",
]  # fmt: skip


def make(folder: Path, count: int, seed: int = 0) -> None:
    """Writes `count` PDFs with tables, and what their tables are."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = random.Random(seed)
    kinds = ("ruled", "bare", "wrapped", "levels", "levels-bare", "long", "long-bare")
    for number in range(count // 2):
        kind = kinds[number % len(kinds)]
        path = folder / f"reportlab-{kind}-{number}.pdf"
        _known(path, _reportlab(path, kind, rng))
    pages: list[Path] = []
    for number in range(count - count // 2):
        kind = ("html", "html-levels", "html-long", "sheet")[number % 4]
        path = folder / f"office-{kind}-{number}.pdf"
        _known(path, _office(path, kind, rng))
        pages.append(path.with_suffix(".csv" if kind == "sheet" else ".html"))
    for suffix, target in ((".html", "pdf:writer_web_pdf_Export"), (".csv", "pdf:calc_pdf_Export")):
        named = [str(path) for path in pages if path.suffix == suffix]
        command = ["soffice", "--headless", "--convert-to", target, "--outdir", str(folder), *named]
        subprocess.run(command, check=True, capture_output=True)
    for path in pages:
        path.unlink()


def _known(path: Path, tables: list[Table]) -> None:
    path.with_name(path.name + ".json").write_text(json.dumps(tables), "utf-8")


def _filled(rng: random.Random, rows: int, columns: int, words: int = 1) -> Table:
    def cell(row: int, column: int) -> str:
        if column == 0:
            return f"{rng.choice(_WORDS)} {row:03d}"
        if column == columns - 1:
            return f"{rng.randint(1, 9999):,}.{rng.randint(0, 9)}{rng.randint(1, 9)}"
        return " ".join(rng.choice(_WORDS) for _ in range(words))

    names = [name.capitalize() for name in rng.sample(_WORDS, columns)]
    return [names, *([cell(row, column) for column in range(columns)] for row in range(rows))]


def _prose(rng: random.Random) -> str:
    return " ".join(rng.choice(_WORDS) for _ in range(60)).capitalize() + "."


def _groups(rng: random.Random, table: Table) -> tuple[list[str], Table]:
    """Names of groups of two columns, the first column alone; the table with both as its names."""
    groups = [str(2000 + rng.randint(0, 50)) for _ in range((len(table[0]) - 1) // 2)]
    names = [table[0][0], *(f"{groups[n // 2]} {name}" for n, name in enumerate(table[0][1:]))]
    return groups, [names, *table[1:]]


def _reportlab(path: Path, kind: str, rng: random.Random) -> list[Table]:
    from reportlab.lib import colors
    from reportlab.lib.styles import getSampleStyleSheet
    from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer
    from reportlab.platypus import Table as Drawn

    body = getSampleStyleSheet()["BodyText"]
    story: list[Any] = [Paragraph("Figures", getSampleStyleSheet()["Heading1"])]
    known: list[Table] = []
    for _ in range(1 if kind.startswith("long") else 2):
        rows = 90 if kind.startswith("long") else rng.randint(4, 14)
        columns = 5 if kind.startswith("levels") else rng.randint(3, 5)
        table = _filled(rng, rows, columns, words=7 if kind == "wrapped" else 1)
        style: list[Any] = [
            ("FONTNAME", (0, 0), (-1, 0), "Helvetica-Bold"),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ]
        drawn: list[list[Any]] = [list(row) for row in table]
        if kind.startswith("levels"):
            groups, table = _groups(rng, table)
            drawn = [["", *(name for group in groups for name in (group, ""))], *drawn]
            style += [("SPAN", (1 + 2 * n, 0), (2 + 2 * n, 0)) for n in range(len(groups))]
            style += [("ALIGN", (1, 0), (-1, 0), "CENTER"), ("FONTNAME", (0, 1), (-1, 1), "Helvetica-Bold")]
        elif kind == "wrapped":
            drawn = [drawn[0], *([Paragraph(cell, body) for cell in row] for row in drawn[1:])]
        if not kind.endswith("bare"):
            style.append(("GRID", (0, 0), (-1, -1), 0.5, colors.black))
        widths = [90] + [110 if kind == "wrapped" else 80] * (columns - 1)
        repeated = 2 if kind.startswith("levels") else rng.choice([0, 1])
        story += [Paragraph(_prose(rng), body), Spacer(1, 8)]
        story += [Drawn(drawn, widths, style=style, repeatRows=repeated), Spacer(1, 12)]
        known.append(table)
    SimpleDocTemplate(str(path)).build([*story, Paragraph(_prose(rng), body)])
    return known


def _office(path: Path, kind: str, rng: random.Random) -> list[Table]:
    long = kind == "html-long"
    table = _filled(
        rng, 80 if long else rng.randint(5, 15), 5 if kind == "html-levels" else rng.randint(3, 5)
    )
    if kind == "sheet":
        lines = ("\t".join(row) for row in table)
        path.with_suffix(".csv").write_text(
            "\n".join(line.replace(",", "").replace("\t", ",") for line in lines)
        )
        return [[[cell.replace(",", "") for cell in row] for row in table]]
    head = "<tr>" + "".join(f"<th>{name}</th>" for name in table[0]) + "</tr>"
    rows = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in table[1:])
    if kind == "html-levels":
        groups, table = _groups(rng, table)
        names = [name.split(" ", 1)[-1] for name in table[0]]
        head = f'<tr><th rowspan="2">{names[0]}</th>'
        head += "".join(f'<th colspan="2">{group}</th>' for group in groups) + "</tr><tr>"
        head += "".join(f"<th>{name}</th>" for name in names[1:]) + "</tr>"
    page = f'<h1>Figures</h1><p>{_prose(rng)}</p><table border="1">{head}{rows}</table><p>{_prose(rng)}</p>'
    path.with_suffix(".html").write_text(f"<html><body>{page}</body></html>", "utf-8")
    return [table]


if __name__ == "__main__":
    main()
