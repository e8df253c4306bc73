"""Builds the wheel, installs it into an environment of its own, and runs the tests there.

python tests/wheel.py [pytest options]
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NEEDED = ("pytest", "pytest-timeout", "pytest-xdist", "hypothesis")


def run(*command: str | Path, cwd: Path | None = None) -> None:
    print("+", *command, flush=True)
    subprocess.run([str(part) for part in command], cwd=cwd, check=True)


def check_contents(wheel: Path) -> None:
    """The wheel holds `rag` and nothing beside it, with the folders in the place of their doors."""
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    expected = {"rag", *(top for top in tops if top.endswith(".dist-info"))}
    if tops != expected:
        raise SystemExit(f"the wheel holds {sorted(tops)}, expected only rag and its dist-info")
    for wanted in ("rag/stores/local/store.py", "rag/indexes/dense/index.py", "rag/cli.py", "rag/py.typed"):
        if wanted not in names:
            raise SystemExit(f"the wheel lacks {wanted}")
    for door in ("rag/stores.py", "rag/indexes.py"):
        if door in names:
            raise SystemExit(f"the wheel holds the door {door}, which would hide the folder")


def main() -> None:
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        folder.chmod(0o755)  # some tests act as a user without rights, who must find the package
        run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT)
        (wheel,) = folder.glob("*.whl")
        check_contents(wheel)
        venv.create(folder / "env", with_pip=True)
        python = folder / "env" / "bin" / "python"
        pip = (python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet")
        run(*pip, "-c", ROOT / "constraints.txt", wheel, *NEEDED)
        shutil.copytree(ROOT / "tests", folder / "tests", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copytree(ROOT / "docs", folder / "docs")
        options = ("--import-mode=importlib", "-q", "-W", "error", "-p", "no:cacheprovider")
        options += ("-n", "auto", "--dist", "worksteal")
        run(python, "-m", "pytest", *options, *sys.argv[1:], "tests", cwd=folder)


if __name__ == "__main__":
    main()
