"""Proves that no passage of the training files shares 13 words in a row with what is measured on.

    python -m benchmarks.contamination DATA --train FILE... [--clean FOLDER]

`DATA` holds the sets as in `benchmarks/README.md`: of `squad-dev-a` every passage and question, of
`nq-lost-in-the-middle` the passages that answer a question and the questions, of `files` and `office-a` every
file. Words are compared in lower case, without punctuation. With `--clean` the questions on passages that
share none are written there, under the same names; without it, a share that is found ends it with status 1.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.corpora import read
from rag.tune.overlap import known_runs, overlaps


def evaluated(data: Path) -> Iterator[str]:
    """Every text that is measured on."""
    for name in ("squad-dev-a", "nq-lost-in-the-middle", "files", "office-a"):
        asked = [row for row in read(data / name / "qa.jsonl") if "question" in row]
        yield from (row["question"] for row in asked)
        if not (data / name / "corpus.jsonl").is_file():
            continue
        gold = {key for row in asked for key in row.get("relevant", ())}
        for row in read(data / name / "corpus.jsonl"):
            if name != "nq-lost-in-the-middle" or row["id"] in gold:
                yield row["text"]
    for name in ("files", "office-a"):
        yield from _texts(data / name / "files")


def _texts(folder: Path) -> Iterator[str]:
    """The text of every file that can be read."""
    from rag.errors import LoadError
    from rag.loaders import load

    for path in sorted(one for one in folder.rglob("*") if one.is_file()):
        try:
            loaded = load(path, path.name)
        except LoadError as error:
            print(f"{path.name}: {error}", file=sys.stderr)
            continue
        for document in loaded.documents:
            yield document.text


def checked(files: Sequence[Path], known: set[int], clean: Path | None) -> dict[str, dict[str, int]]:
    """For each file how many questions it has, and on how many of them the passage shares words."""
    found = {}
    for path in files:
        rows = read(path)
        kept = [row for row in rows if not overlaps(row.get("context") or row.get("document") or "", known)]
        found[path.name] = {"questions": len(rows), "shared": len(rows) - len(kept)}
        if clean:
            clean.mkdir(parents=True, exist_ok=True)
            text = "\n".join(json.dumps(row, ensure_ascii=False) for row in kept) + "\n"
            (clean / path.name).write_bytes(gzip.compress(text.encode("utf-8"), mtime=0))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--train", type=Path, nargs="+", required=True)
    parser.add_argument("--clean", type=Path, help="folder for the files without what is shared")
    options = parser.parse_args()
    known = known_runs(evaluated(options.data))
    found = checked(options.train, known, options.clean)
    print(json.dumps({"runs of words measured on": len(known), "files": found}, indent=1))
    if not options.clean and any(one["shared"] for one in found.values()):
        sys.exit(1)


if __name__ == "__main__":
    main()
