"""The pages say what is true: their examples run, their links lead somewhere, their lists are complete."""

from __future__ import annotations

import ast
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import typer

from rag import LocalStore, Rag
from rag.cli import app, main
from rag.config import Settings, described, flat
from rag.indexes import DenseIndex
from rag.loaders import suffixes
from rag.loaders.formats import LOADERS, REFUSED
from rag.pipeline.registry import defaults, names
from rag.types import Chunk

TESTS = Path(__file__).parent
ROOT = TESTS.parent
DOCS = ROOT / "docs"
README = ROOT / "README.md"
CHECKOUT = README.exists()
PAGES = [*sorted(DOCS.glob("*.md")), *([README, ROOT / "CHANGELOG.md"] if CHECKOUT else [])]
needs_readme = pytest.mark.skipif(not CHECKOUT, reason="README.md is no part of what is installed")

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_FILE = re.compile(r"# file: (\w+\.py)\n")
_FLAG = re.compile(r"(?<![\w-])--?[a-z][a-z-]*")


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks of one language, in order."""
    return [body for found, body in _FENCE.findall(page.read_text("utf-8")) if found == language]


def prose(page: Path) -> str:
    """The page without its fenced blocks."""
    return _FENCE.sub("", page.read_text("utf-8"))


def run(command: list[str], folder: Path) -> str:
    """What a command in a folder of its own prints. Fails the test where it fails."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What the Python pages tell their reader to have: a folder `handbook`, and `docs` for the README."""
    for name in ("handbook", "docs"):
        shutil.copytree(TESTS / "examples" / "handbook", tmp_path / name)
    return tmp_path


# -------------------------------------------------------------------------------------------- examples


@pytest.mark.parametrize("page", ["docs/python.md", "docs/extending.md", "README.md"])
def test_python_examples_run_one_after_another(page: str, folder: Path) -> None:
    if not (ROOT / page).exists():
        pytest.skip(f"{page} is no part of what is installed")
    script = []
    for block in blocks(ROOT / page, "python"):
        if named := _FILE.match(block):
            (folder / named[1]).write_text(block, "utf-8")
        else:
            script.append(block)
    assert script, f"{page} has no examples"
    (folder / "page.py").write_text("\n".join(script), "utf-8")
    run([sys.executable, "-W", "error", "page.py"], folder)
    for tests in folder.glob("test_*.py"):
        assert " passed" in run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", tests.name], folder
        )


class Step(NamedTuple):
    """A command of a transcript, and the lines it is shown to print."""

    command: str
    shown: list[str]


def transcript(page: Path) -> Iterator[Step]:
    """The commands of all console blocks. `$` begins one, `>` goes on with it, the rest is output."""
    for block in blocks(page, "console"):
        step: Step | None = None
        for line in block.splitlines():
            if line.startswith("$ "):
                if step:
                    yield step
                step = Step(line[2:], [])
            elif step and line.startswith(">") and not step.shown:
                step = Step(f"{step.command}\n{line[2:]}", [])
            elif step:
                step.shown.append(line)
        if step:
            yield step


def as_pattern(line: str) -> str:
    """A shown line as a pattern: `…` is anything, and a decimal number is any: times and scores vary."""
    return re.sub(r"\d+\\\.\d+", r"\\d+\\.\\d+", ".*".join(re.escape(part) for part in line.split("…")))


def test_the_first_ten_minutes_go_as_shown(tmp_path: Path) -> None:
    steps = list(transcript(DOCS / "start.md"))
    mark = "-- end of step --"
    script = "\n".join(f"{step.command}\nlast=$?; echo '{mark}'; (exit $last)" for step in steps)
    rag_first = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": rag_first, "NO_COLOR": "1", "PYTHONWARNINGS": "error"}
    done = subprocess.run(
        ["bash"], input=script, cwd=tmp_path, capture_output=True, text=True, env=environment, check=False
    )
    printed = done.stdout.split(f"{mark}\n")[:-1]
    assert len(printed) == len(steps), done.stderr
    for step, output in zip(steps, printed, strict=True):
        expected = "\n".join(map(as_pattern, step.shown))
        assert re.fullmatch(expected, output.rstrip("\n"), re.DOTALL), f"$ {step.command}\n{output}"


# ------------------------------------------------------------------------------------------- commands


@cache
def commands() -> dict[str, Any]:
    """Every command by its whole name: `ingest`, `config show`."""
    found: dict[str, Any] = {}
    for name, command in typer.main.get_command(app).commands.items():  # type: ignore[attr-defined]
        inner = getattr(command, "commands", None)
        found |= {f"{name} {one}": each for one, each in inner.items()} if inner else {name: command}
    return found


def flags(command: Any) -> set[str]:
    return {
        flag
        for parameter in command.params
        for flag in (*parameter.opts, *parameter.secondary_opts)
        if flag.startswith("-")
    }


@pytest.mark.parametrize("name", sorted(commands()))
def test_the_page_of_the_command_line_has_every_option_and_no_other(name: str) -> None:
    sections = re.split(r"^## ", (DOCS / "cli.md").read_text("utf-8"), flags=re.MULTILINE)
    section = next(each for each in sections if each.startswith(f"rag {name}\n"))
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `-")]
    told = {flag for row in rows for flag in re.findall(r"`([^`]+)`", row)}
    assert told == flags(commands()[name])


def test_the_page_of_the_command_line_has_every_command_and_no_other() -> None:
    headings = re.findall(r"^## rag (.+)$", (DOCS / "cli.md").read_text("utf-8"), re.MULTILINE)
    assert sorted(headings) == sorted(commands())


def calls(page: Path) -> Iterator[list[str]]:
    """Every call of `rag` in the console and sh blocks of a page, as words."""
    text = [step.command.split("\n")[0] for step in transcript(page)]
    text += [line for block in blocks(page, "sh") for line in block.splitlines()]
    for line in text:
        lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;<>")
        lexer.whitespace_split = True
        words: list[str] = []
        for word in [*lexer, ";"]:
            if set(word) <= set("|&;<>"):
                while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
                    del words[0]
                if words and words[0] == "rag":
                    yield words[1:]
                words = []
            else:
                words.append(word)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_calls_of_rag_are_ones_it_understands(page: Path) -> None:
    known = commands()
    for words in calls(page):
        name = next((name for name in known if words[: len(name.split())] == name.split()), None)
        assert name, f"{page.name}: rag {shlex.join(words)} is no command"
        known[name].make_context(name, words[len(name.split()) :])  # raises where options do not fit


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_options_in_prose_exist(page: Path) -> None:
    known = {flag for command in commands().values() for flag in flags(command)}
    known |= {"--help", "-h", "--version", "--install-completion", "--show-completion"}
    for code in re.findall(r"`(rag [^`]+|--?[a-z][^`]*)`", prose(page)):
        for flag in _FLAG.findall(code):
            assert flag in known, f"{page.name}: `{code}`"


# ------------------------------------------------------------------------------------------ settings


def test_the_table_of_settings_is_complete_and_right() -> None:
    page = (DOCS / "configuration.md").read_text("utf-8").split("\n## ")
    section = next(part for part in page if part.startswith("Settings\n"))
    rows = [line for line in section.splitlines() if line.startswith("| `")]
    names = {row.split("`")[1] for row in rows}
    assert names == set(flat(Settings()))
    for name, default, meaning in described():
        assert f"| `{name}` | `{default}` | {meaning} |" in rows


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_settings_in_prose_exist(page: Path) -> None:
    known = {*flat(Settings()), *(f"chunk.{field.name}" for field in fields(Chunk)), "store.sqlite"}
    sections = {name.split(".")[0] for name in flat(Settings())}
    for name in re.findall(r"`(\w+\.\w+)(?: =[^`]*)?`", prose(page)):
        if name.split(".")[0] in sections:
            assert name in known, f"{page.name}: {name}"


# ------------------------------------------------------------------------------------------- formats


def test_the_page_of_formats_has_every_suffix() -> None:
    text = (DOCS / "formats.md").read_text("utf-8")
    table, _, refused = text.partition("## What is not read")
    told = set(re.findall(r"(?<=[ |])\.[a-z]\w*(?=[ ,|])", table))
    assert told - suffixes() == set()
    assert {suffix for suffix, loader in LOADERS.items() if loader != "rag.loaders.code:load"} - told == set()
    assert set(re.findall(r"(?<=[ |])\.\w+(?=[ ,|])", refused.split("## ")[0])) >= set(REFUSED)


# ---------------------------------------------------------------------------------------------- links


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as code hosts make them."""
    headings = _HEADING.findall(_FENCE.sub("", page.read_text("utf-8")))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in _LINK.findall(prose(page)):
        if link.startswith(("https://", "http://")):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        if not CHECKOUT and not target.is_relative_to(DOCS):
            continue
        assert target.exists(), f"{page.name}: {link}"
        if anchor:
            assert anchor in anchors(target), f"{page.name}: {link}"


@needs_readme
def test_every_page_is_linked_from_the_readme() -> None:
    linked = set(_LINK.findall(README.read_text("utf-8")))
    assert {f"docs/{page.name}" for page in DOCS.glob("*.md")} <= linked


@needs_readme
def test_the_tree_in_the_readme_names_every_package() -> None:
    named = set(re.findall(r"`([\w./]+)`", README.read_text("utf-8").partition("## The tree")[2]))
    wanted = {f"rag/{path.parent.name}/" for path in (ROOT / "rag").glob("*/__init__.py")}
    assert wanted <= named
    assert not [name for name in named if name.startswith("rag/") and not (ROOT / name).exists()]


# ------------------------------------------------------------------------------------------- messages


@cache
def strings_of_the_source() -> str:
    """All strings of the source but docstrings, joined by line ends."""
    # In a checkout the packages stand beside `rag`, in the wheel inside of it.
    packages = {
        Path(path)
        for part in (Rag, LocalStore, DenseIndex)
        for path in sys.modules[part.__module__.partition(".")[0]].__path__
    }
    sources = {source for package in packages for source in package.rglob("*.py")}
    sources.add(Path(str(sys.modules[main.__module__].__file__)))
    nodes = [node for source in sources for node in ast.walk(ast.parse(source.read_text("utf-8")))]
    docstrings = {node.value for node in nodes if isinstance(node, ast.Expr)}
    return "\n".join(
        node.value
        for node in nodes
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in docstrings
    )


def test_messages_that_are_explained_are_ones_that_exist() -> None:
    page = (DOCS / "troubleshooting.md").read_text("utf-8")
    messages = re.findall(r"^### `(.+)`$", page, re.MULTILINE)
    assert len(messages) > 10
    for message in messages:
        for part in message.split("…"):
            assert part.strip() in strings_of_the_source(), message


def test_every_option_of_a_stage_is_documented_with_its_default() -> None:
    """But for those that a setting gives; other generators of language models share those of `model`."""
    text = (ROOT / "docs" / "stages.md").read_text("utf-8")
    rows = re.findall(r"^\| `\[stages\.(\w+)\]` \| `(\w+)` \| (?:`([^`]*)`)? ?\|", text, re.MULTILINE)
    given = set(Rag(".")._offered)
    wanted = {
        (stage, option): default
        for kind in ("augment", "retrieve", "denoise", "reorder", "generate", "ground", "when")
        for stage in set(names(kind)) - {"gguf", "hf", "openai"}
        for option, default in defaults(kind, stage).items()
        if option not in given and not (kind == "generate" and f"options.{option}" in given)
    }
    told = {(stage, option): default for stage, option, default in rows}
    assert set(wanted) <= set(told)
    assert {stage for stage, option in set(told) - set(wanted)} == {"structure", "semantic"}
    for one, default in wanted.items():
        shown = tomllib.loads(f"x = {told[one]}")["x"] if told[one] else None
        assert shown == (list(default) if isinstance(default, tuple) else default), one
