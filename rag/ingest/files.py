"""Which files belong to an index: folders walked under patterns, .gitignore files and limits.

Links are followed only to files inside the folder that was named, and never to folders, so a loop or a way
out cannot be walked; each such link becomes a row of the report.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rag.errors import ConfigError

from .report import Failure

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

_NEVER = (".git/", ".hg/", ".svn/", "__pycache__/", "node_modules/", ".venv/", ".DS_Store")


class File(NamedTuple):
    """A file to read. `source` is its name in the index."""

    path: Path
    source: str
    size: int
    mtime_ns: int
    ctime_ns: int = 0  # when the file itself, or what is said of it, changed: no program sets it back
    origin: Origin | None = None  # where it was brought from, where that is no folder


class Origin(NamedTuple):
    """What a document that lies in no folder remembers: its source, and what that has to know next time."""

    name: str
    state: Mapping[str, Any]
    metadata: Mapping[str, Any]


@dataclass(slots=True)
class Selection:
    """What a walk found: files to read, rows for the report, and the folders and files it covered."""

    files: list[File] = field(default_factory=list)
    failed: list[Failure] = field(default_factory=list)
    skipped: list[Failure] = field(default_factory=list)
    excluded: set[str] = field(default_factory=set)
    roots: list[str] = field(default_factory=list)

    def excludes(self, source: str) -> bool:
        """Whether a pattern keeps the source, or a folder above it, out."""
        parts = source.split("/")
        return any("/".join(parts[:n]) in self.excluded for n in range(1, len(parts) + 1))

    def covers(self, source: str) -> bool:
        """Whether a source lies in what was walked. The root `.` is the folder that holds the index."""
        return any(
            source == root
            or source.startswith(root.rstrip("/") + "/")
            or (root == "." and not source.startswith("/"))
            for root in self.roots
        )


@dataclass(frozen=True, slots=True)
class Rules:
    """Patterns as in .gitignore. `takes` says whether a loader takes a file name. `index` is never walked."""

    include: Sequence[str] = ()
    exclude: Sequence[str] = ()
    gitignore: bool = True
    hidden: bool = False
    max_bytes: int = 256 * 2**20
    takes: Callable[[str], bool] = lambda name: True
    index: Path | None = None


def source_of(path: Path, base: Path) -> str:
    """A file's name in the index: relative to the folder that holds the index, or absolute outside of it."""
    name = path.relative_to(base).as_posix() if path.is_relative_to(base) else path.as_posix()
    return os.fsencode(name).decode("utf-8", "backslashreplace")  # a name that is no UTF-8 stays readable


def select(paths: Iterable[str | Path], rules: Rules, base: Path) -> Selection:
    """Walks what was named. Raises ConfigError for a path that does not exist: a typo removes nothing."""
    selection = Selection()
    seen: set[Path] = set()
    walk = _Walk(rules, base, selection)
    for named in paths:
        root = Path(os.path.abspath(Path(named).expanduser()))  # noqa: PTH100 (resolve() would follow links)
        if not root.exists():
            raise ConfigError(f"{named} does not exist: name a file or a folder to ingest")
        selection.roots.append(source_of(root, base))
        for file in walk.folder(root) if root.is_dir() else walk.single(root):
            if file.path not in seen:
                seen.add(file.path)
                selection.files.append(file)
    return selection


class _Walk:
    def __init__(self, rules: Rules, base: Path, selection: Selection) -> None:
        self.rules, self.base, self.selection = rules, base, selection
        self.exclude = _spec([*_NEVER, *rules.exclude])
        self.include = _spec(rules.include) if rules.include else None

    def single(self, path: Path) -> Iterator[File]:
        """A file that was named itself: patterns do not apply."""
        file = self._file(path)
        if file:
            yield file

    def folder(self, root: Path) -> Iterator[File]:
        ignored = _Ignored(root, self._no_pattern) if self.rules.gitignore else None
        for folder, names, files in os.walk(root, onerror=self._unreadable):
            here = Path(folder)
            if ignored:
                ignored.enter(here)
            names[:] = sorted(name for name in names if self._wanted(here / name, root, ignored, folder=True))
            for name in sorted(files):
                path = here / name
                if self._wanted(path, root, ignored, folder=False):
                    file = self._file(path)
                    if file:
                        yield file

    def _wanted(self, path: Path, root: Path, ignored: _Ignored | None, *, folder: bool) -> bool:
        name = path.relative_to(root).as_posix() + ("/" if folder else "")
        source = source_of(path, self.base)
        if path == self.rules.index:
            return False
        if path.name.startswith(".") and not self.rules.hidden:
            return False
        if self.exclude.match_file(name) or (ignored and ignored.matches(path, folder=folder)):
            self.selection.excluded.add(source)
            return False
        if path.is_symlink() and not self._inside(path, root, source, folder=folder):
            return False
        if folder:
            return True
        if path.name.startswith("~$"):
            self.selection.skipped.append(Failure(source, "the lock of a file that is open in its program"))
            return False
        if self.include and not self.include.match_file(name):
            return False
        if not self.rules.takes(path.name):
            kind = (
                f"no loader for {path.suffix}"
                if path.suffix
                else "no suffix: name the file to read it as text"
            )
            self.selection.skipped.append(Failure(source, kind))
            return False
        return True

    def _inside(self, path: Path, root: Path, source: str, *, folder: bool) -> bool:
        """A link counts where it leads to a file inside the root."""
        try:
            target = path.resolve(strict=True)
        except (OSError, RuntimeError):
            self.selection.skipped.append(Failure(source, "a link that leads nowhere or in a circle"))
            return False
        if folder:
            self.selection.skipped.append(
                Failure(source, f"a link to the folder {target}: name it to ingest it")
            )
            return False
        if not target.is_relative_to(root.resolve()):
            self.selection.skipped.append(Failure(source, f"a link out of the folder, to {target}"))
            return False
        return True

    def _file(self, path: Path) -> File | None:
        source = source_of(path, self.base)
        try:
            stat = path.stat()
        except OSError as error:
            self.selection.failed.append(Failure(source, f"cannot be read: {error.strerror}"))
            return None
        if not path.is_file():
            self.selection.skipped.append(Failure(source, "no regular file (a pipe, socket or device)"))
            return None
        if not os.access(path, os.R_OK):
            self.selection.failed.append(Failure(source, "cannot be read: permission denied"))
            return None
        if stat.st_size > self.rules.max_bytes:
            megabytes, most = stat.st_size / 2**20, self.rules.max_bytes / 2**20
            self.selection.failed.append(
                Failure(source, f"{megabytes:.0f} MB, more than {most:.0f}: raise ingest.max_megabytes")
            )
            return None
        return File(path, source, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)

    def _no_pattern(self, file: Path, line: str) -> None:
        shown = line if len(line) <= 60 else line[:60] + "…"
        why = f"the pattern {shown!r} cannot be read and leaves nothing out"
        self.selection.skipped.append(Failure(source_of(file, self.base), why))

    def _unreadable(self, error: OSError) -> None:
        path = Path(str(error.filename))
        self.selection.failed.append(
            Failure(source_of(path, self.base), f"folder cannot be read: {error.strerror}")
        )


class _Ignored:
    """The .gitignore files from the repository's root down to the walk; the deepest match decides."""

    def __init__(self, root: Path, unreadable: Callable[[Path, str], None]) -> None:
        self._unreadable = unreadable
        self._specs: dict[Path, GitIgnoreSpec] = {}
        above = []
        for folder in root.parents if not (root / ".git").exists() else ():
            above.append(folder)
            if (folder / ".git").exists():
                for parent in above:
                    self.enter(parent)
                break
        if self.matches(root, folder=True):  # it was named all the same
            self._specs.clear()

    def enter(self, folder: Path) -> None:
        with suppress(OSError):
            file = folder / ".gitignore"
            lines = file.read_text("utf-8-sig", "replace").splitlines()
            self._specs[folder] = _spec(lines, lambda line: self._unreadable(file, line))

    def matches(self, path: Path, *, folder: bool) -> bool:
        for parent in path.parents if self._specs else ():
            spec = self._specs.get(parent)
            if spec is not None:
                name = path.relative_to(parent).as_posix() + ("/" if folder else "")
                verdict = spec.check_file(name).include
                if verdict is not None:
                    return verdict
        return False


def _spec(patterns: Sequence[str], unreadable: Callable[[str], None] | None = None) -> GitIgnoreSpec:
    from .patterns import spec_of

    try:
        return spec_of(patterns, unreadable)
    except ValueError as error:
        raise ConfigError(f"a pattern cannot be read ({error}): expected those of .gitignore") from error
