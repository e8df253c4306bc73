"""One package writes to terminals, so that nothing a document holds commands one: other ways are barred."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.test_architecture import modules, room

_WRITERS = {"print", "input"}
_STREAMS = {"stdout", "stderr", "__stdout__", "__stderr__", "lastResort"}
_SCREENS = {"rich", "rich.console", "rich.text", "rich.prompt", "rich.markdown", "rich.pretty"}
_BY_CALL = {
    "echo",
    "secho",
    "echo_via_pager",
    "basicConfig",
    "StreamHandler",
    "print_exc",
    "print_exception",
    "print_stack",
}
_OF_PROTOCOLS = {
    ("rag.ingest.parsing.worker", "stdout"): "frames for the process that started it",
    ("rag.commands.common", "stderr"): "closes it, once its reader has gone away",
}


def _ways_out(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func
            if isinstance(name, ast.Name) and name.id in _WRITERS | _BY_CALL:
                yield node.lineno, name.id
            elif isinstance(name, ast.Attribute) and name.attr in _BY_CALL:
                yield node.lineno, name.attr
        elif isinstance(node, ast.Attribute) and node.attr in _STREAMS:
            if isinstance(node.value, ast.Name) and node.value.id in ("sys", "logging"):
                yield node.lineno, node.attr
        elif isinstance(node, ast.ImportFrom) and node.module in _SCREENS:
            yield node.lineno, node.module
        elif isinstance(node, ast.Import):
            yield from ((node.lineno, one.name) for one in node.names if one.name in _SCREENS)


def test_only_the_terminal_package_writes_to_a_terminal() -> None:
    found = [
        f"{module}:{line}: {what}"
        for module, path in modules().items()
        if room(module) != "rag.terminal"
        for line, what in _ways_out(ast.parse(path.read_text("utf-8")))
        if (module, what) not in _OF_PROTOCOLS
    ]
    assert found == [], "use rag.terminal, which shows what would command the screen"


def test_each_way_to_a_terminal_is_recognised() -> None:
    ways = (
        "print(1)",
        "import sys\nsys.stderr.write('')",
        "typer.echo(1)",
        "from rich.console import Console",
    )
    for way in (*ways, "import rich.text", "logging.basicConfig()", "traceback.print_exc()"):
        assert list(_ways_out(ast.parse(way))), way


def test_libraries_tell_nobody_and_keep_nothing_to_tell(tmp_path: Path) -> None:
    """ONNX Runtime writes what runs it, and who, below the home folder, and sends it from there."""
    home = tmp_path / "home"
    home.mkdir()
    (tmp_path / "a.txt").write_text("Ana signs off every release.")
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("ORT_", "XDG_", "HF_"))
    }
    for words in (["ingest", "a.txt"], ["ask", "Who signs off every release?"]):
        command = [sys.executable, "-c", "from rag.cli import main; main()", *words]
        subprocess.run(command, cwd=tmp_path, env={**environment, "HOME": str(home)}, check=True)
    assert list(home.rglob("*")) == []
