"""Every measurement of the core, one after the other: what `make bench` runs.

    python -m benchmarks.run DATA [--model FOLDER] [--large]

DATA holds the evaluation sets. With `--model` (a sentence-transformers folder of all-MiniLM-L6-v2; needs the
`[hf]` extra) ingest and embedding are compared with sentence-transformers. `--large` adds the index of a
million chunks, which takes ten minutes and 5 GB of disk. Results go to `benchmarks/results/`.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--model", help="folder of all-MiniLM-L6-v2 for sentence-transformers")
    parser.add_argument("--large", action="store_true")
    options = parser.parse_args()
    if not (options.data / "squad-dev-a").is_dir():
        parser.error(f"{options.data} holds no evaluation sets: expected folders such as squad-dev-a in it")
    data, model = str(options.data), ["--model", options.model] if options.model else []
    with tempfile.TemporaryDirectory() as folder:
        index = f"{folder}/index"
        grow = ["--grow", "1000000", "--folder", f"{folder}/large"] if options.large else []
        for module, arguments in (
            ("ingest", [data, "--index", index, *model]),
            ("search", [data, "--index", index, *grow]),
            ("quality", [data]),
            ("size", []),
        ):
            print(f"== {module}", flush=True)
            subprocess.run([sys.executable, "-m", f"benchmarks.{module}", *arguments], check=True)


if __name__ == "__main__":
    main()
