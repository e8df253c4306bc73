"""Which files belong to an index: patterns, .gitignore, hidden ones, links, and those that cannot be read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rag.errors import ConfigError
from rag.ingest import Report
from rag.ingest.files import Rules, select
from tests.ingest.conftest import Notes
from tests.stores.unprivileged import as_nobody


def tree(base: Path, *names: str, **ignored: str) -> None:
    """Files, and .gitignore files by folder (`_` is the base itself, `__` stands for /)."""
    for name in names:
        (base / name).parent.mkdir(parents=True, exist_ok=True)
        (base / name).write_text(name)
    for folder, text in ignored.items():
        place = base if folder == "_" else base / folder.replace("__", "/")
        place.mkdir(parents=True, exist_ok=True)
        (place / ".gitignore").write_text(text)


def chosen(base: Path, *paths: Path, **rules: object) -> list[str]:
    selection = select(paths or [base], Rules(**rules), base)  # type: ignore[arg-type]
    return sorted(file.source for file in selection.files)


# ------------------------------------------------------------------------------ patterns


def test_exclude_and_include(tmp_path: Path) -> None:
    tree(tmp_path, "a.md", "b.txt", "sub/c.md", "sub/deep/d.md", "drafts/e.md")
    assert chosen(tmp_path) == ["a.md", "b.txt", "drafts/e.md", "sub/c.md", "sub/deep/d.md"]
    assert chosen(tmp_path, exclude=["drafts/", "deep"]) == ["a.md", "b.txt", "sub/c.md"]
    assert chosen(tmp_path, include=["*.md"]) == ["a.md", "drafts/e.md", "sub/c.md", "sub/deep/d.md"]
    assert chosen(tmp_path, include=["sub/**"], exclude=["d.md"]) == ["sub/c.md"]
    assert chosen(tmp_path, exclude=["*.md", "!a.md"]) == ["a.md", "b.txt"]


def test_a_pattern_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    tree(tmp_path, "a.md")
    for pattern in ("!", "[z-a]"):
        with pytest.raises(ConfigError, match="gitignore"):
            chosen(tmp_path, exclude=[pattern])


def test_what_is_excluded_later_is_removed(notes: Notes) -> None:
    notes.write("a.txt", "amber")
    notes.write("drafts/b.txt", "basil")
    notes.ingest()
    report = notes.ingest(ingest__exclude=["drafts/"])
    assert report.removed == ["docs/drafts/b.txt"]
    notes.write(".gitignore", "a.txt\n")
    assert notes.ingest(ingest__exclude=["drafts/"]).removed == ["docs/a.txt"]
    assert notes.stored() == {}


def test_what_include_leaves_out_stays_as_it_is(notes: Notes) -> None:
    notes.write("a.txt", "amber")
    notes.write("b.md", "basil")
    notes.ingest()
    assert not notes.ingest(ingest__include=["*.md"]).changed


def test_files_without_a_loader_are_skipped_unless_named(notes: Notes) -> None:
    notes.write("a.xyz", "amber")
    notes.write("b.txt", "basil")
    assert [source for source, _ in notes.ingest().skipped] == ["docs/a.xyz"]
    assert notes.ingest(notes.docs / "a.xyz").added == ["docs/a.xyz"]


def test_the_index_itself_is_never_read(tmp_path: Path) -> None:
    tree(tmp_path, "a.md", "my.index/rag.toml")
    assert chosen(tmp_path, index=tmp_path / "my.index") == ["a.md"]


def test_large_files_are_told(tmp_path: Path) -> None:
    (tmp_path / "large.txt").write_bytes(b"x" * 2_000_000)
    selection = select([tmp_path], Rules(max_bytes=1_000_000), tmp_path)
    assert selection.files == []
    assert selection.failed == [("large.txt", "2 MB, more than 1: raise ingest.max_megabytes")]


# ------------------------------------------------------------------------------ .gitignore


def test_gitignore_files_of_every_level(tmp_path: Path) -> None:
    tree(
        tmp_path,
        "a.log", "a.md", "keep/b.log", "keep/c.log", "build/d.md", "src/build/e.md", "src/f.tmp", "src/g.tmp",
        _="*.log\n/build/\n*.tmp\n",
        keep="!b.log\n",
        src="# those of tests\n!g.tmp\n\n",
    )  # fmt: skip
    assert chosen(tmp_path) == ["a.md", "keep/b.log", "src/build/e.md", "src/g.tmp"]
    assert len(chosen(tmp_path, gitignore=False)) == 8


def test_a_folder_that_is_ignored_is_not_entered_again(tmp_path: Path) -> None:
    tree(tmp_path, "out/a.md", "out/keep/b.md", "b.md", _="out/\n!out/keep/b.md\n")
    assert chosen(tmp_path) == ["b.md"]


def test_the_repository_above_counts(tmp_path: Path) -> None:
    tree(tmp_path, "repo/docs/a.md", "repo/docs/a.log", "repo/docs/sub/c.log", _="*.md\n", repo="*.log\n")
    docs = tmp_path / "repo" / "docs"
    assert chosen(tmp_path, docs) == ["repo/docs/a.log", "repo/docs/a.md", "repo/docs/sub/c.log"]
    (tmp_path / "repo" / ".git").mkdir()
    assert chosen(tmp_path, docs) == ["repo/docs/a.md"]  # up to the root of the repository, no further


def test_an_ignored_folder_that_is_named_is_walked(tmp_path: Path) -> None:
    tree(tmp_path, "repo/.git/config", "repo/build/a.md", "repo/build/b.log", repo="build/\n")
    assert chosen(tmp_path, tmp_path / "repo") == []
    assert chosen(tmp_path, tmp_path / "repo" / "build") == ["repo/build/a.md", "repo/build/b.log"]


@pytest.mark.parametrize("line", ["\\", "!", "[z-a]", "[\\d-a]"])
def test_a_line_of_a_gitignore_that_is_no_pattern_leaves_nothing_out_and_is_told(
    tmp_path: Path, line: str
) -> None:
    tree(tmp_path, "a.md", "b.log", "[z-a]", _=f"*.log\n{line}\n")
    selection = select([tmp_path], Rules(takes=lambda name: name.endswith((".md", ".log"))), tmp_path)
    assert [file.source for file in selection.files] == ["a.md"]
    assert (".gitignore", f"the pattern {line!r} cannot be read and leaves nothing out") in selection.skipped


def test_a_gitignore_with_a_byte_order_mark_or_no_text(tmp_path: Path) -> None:
    tree(tmp_path, "a.log", "b.md", "sub/c.log")
    (tmp_path / ".gitignore").write_bytes("\ufeff*.log\n".encode())
    (tmp_path / "sub" / ".gitignore").mkdir()
    assert chosen(tmp_path) == ["b.md"]


def test_a_named_file_is_read_whatever_patterns_say(tmp_path: Path) -> None:
    tree(tmp_path, "a.log", _="*.log\n")
    assert chosen(tmp_path, tmp_path / "a.log", exclude=["*.log"]) == ["a.log"]


# ------------------------------------------------------------------------------ hidden files and links


def test_hidden_files_only_when_asked_for(tmp_path: Path) -> None:
    tree(tmp_path, ".a.md", ".config/b.md", "c.md", ".git/d.md", "node_modules/e.md")
    assert chosen(tmp_path) == ["c.md"]
    assert chosen(tmp_path, hidden=True) == [".a.md", ".config/b.md", "c.md"]
    assert chosen(tmp_path, tmp_path / ".config") == [".config/b.md"]


def test_links_lead_to_files_inside_and_nowhere_else(tmp_path: Path) -> None:
    tree(tmp_path, "docs/a.md", "docs/sub/b.md", "secret.md")
    docs = tmp_path / "docs"
    (docs / "inside.md").symlink_to("sub/b.md")
    (docs / "out.md").symlink_to("../secret.md")
    (docs / "absolute.md").symlink_to("/etc/hostname")
    (docs / "gone.md").symlink_to("nothing.md")
    (docs / "circle.md").symlink_to("circle.md")
    (docs / "sub" / "loop").symlink_to("..")
    (docs / "up").symlink_to("..")
    selection = select([docs], Rules(), tmp_path)
    assert [file.source for file in selection.files] == ["docs/a.md", "docs/inside.md", "docs/sub/b.md"]
    assert selection.failed == []
    told = {source: reason.split(",")[0].split(" /")[0] for source, reason in selection.skipped}
    assert told == {
        "docs/out.md": "a link out of the folder",
        "docs/absolute.md": "a link out of the folder",
        "docs/gone.md": "a link that leads nowhere or in a circle",
        "docs/circle.md": "a link that leads nowhere or in a circle",
        "docs/sub/loop": "a link to the folder",
        "docs/up": "a link to the folder",
    }


def test_a_link_that_is_named_is_followed(tmp_path: Path) -> None:
    tree(tmp_path, "real/a.md", "b.md")
    (tmp_path / "alias").symlink_to("real")
    (tmp_path / "c.md").symlink_to("b.md")
    assert chosen(tmp_path, tmp_path / "alias", tmp_path / "c.md") == ["alias/a.md", "c.md"]


def test_what_is_no_file_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    selection = select([tmp_path], Rules(), tmp_path)
    assert selection.files == []
    assert [source for source, _ in selection.skipped] == ["pipe.txt"]


# ------------------------------------------------------------------------------ permissions


def ingest_again(base: Path) -> Report:
    return Notes(base).ingest()


def test_what_cannot_be_read_is_told_and_not_forgotten(notes: Notes) -> None:
    notes.write("a.txt", "amber")
    notes.write("b.txt", "basil")
    notes.write("shut/c.txt", "cedar")
    notes.ingest()
    for path in [notes.base, *notes.base.rglob("*")]:
        path.chmod(0o777 if path.is_dir() else 0o666)
    (notes.docs / "a.txt").unlink()
    (notes.docs / "b.txt").chmod(0)
    (notes.docs / "shut").chmod(0)
    report: Report = as_nobody(ingest_again, notes.base)
    (notes.docs / "shut").chmod(0o755)
    assert report.failed == [
        ("docs/b.txt", "cannot be read: permission denied"),
        ("docs/shut", "folder cannot be read: Permission denied"),
    ]
    assert report.removed == ["docs/a.txt"]
    assert sorted(notes.stored()) == ["docs/b.txt", "docs/shut/c.txt"]
