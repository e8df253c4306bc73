"""What an installation takes on disk: the wheel and all that it needs, in a fresh environment.

python -m benchmarks.size
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "benchmarks" / "results" / "size.json"


def megabytes(folder: Path) -> float:
    return round(sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 2**20, 1)


def main() -> None:
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", made, str(ROOT)]
        subprocess.run(build, check=True, capture_output=True)
        (wheel,) = folder.glob("*.whl")
        venv.create(folder / "env", with_pip=True)
        packages = next((folder / "env" / "lib").glob("python*")) / "site-packages"
        before = megabytes(packages)
        pip = [str(folder / "env" / "bin" / "python"), "-m", "pip", "install", "--quiet"]
        subprocess.run([*pip, "-c", str(ROOT / "constraints.txt"), str(wheel)], check=True)
        parts = {path.name: megabytes(path) for path in packages.iterdir() if path.is_dir()}
        largest = dict(sorted(parts.items(), key=lambda item: -item[1])[:10])
        result = {
            "wheel MB": round(wheel.stat().st_size / 2**20, 1),
            "installed MB, pip and setuptools not counted": round(megabytes(packages) - before, 1),
            "largest": largest,
        }
    OUT.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
