"""Every command of `rag` with calls that succeed and calls that fail, for tests of what all of them print."""

from __future__ import annotations

import contextlib
import json
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import typer
from typer.testing import CliRunner

from rag.cli import app

MEANT = {"\n", "\t"}


def calls(question: str, answer: str, source: str) -> tuple[tuple[str, ...], ...]:
    """Calls of every command in a folder that `furnished` made, in an order in which they can follow.

    `serve` and `mcp` run until they are stopped: here are only calls of them that fail at once.
    """
    about = (question, "--answer", answer)
    return (
        ("config", "show"),
        ("config", "init"),
        ("config", "set", "search.k", "12"),
        ("config", "set", "search.k", "many"),
        ("trust", "."),
        ("trust", "--list"),
        ("trust", "missing"),
        ("ingest", "docs"),
        ("ingest", "docs", "--force"),
        ("ingest", "missing"),
        ("ingest", "docs", "--reembed"),
        ("status",),
        ("ls",),
        ("ls", "--where", f'source = "{answer}"'),
        ("ask", question),
        ("ask", question, "--explain"),
        ("ask", question, "--generate", "model"),
        ("ask", question, "--schema", "form.json"),
        ("ask", question, "--where", "x >"),
        ("ask", question, "--index", "missing"),
        ("search", question, "--explain"),
        ("search", question, "--where", f'nobody = "{answer}"'),
        ("search", "--like", "asked.txt"),
        ("summarize", source),
        ("summarize", "missing"),
        ("suggest",),
        ("suggest", question),
        ("chat",),
        ("chat", "--generate", "model"),
        ("why", *about),
        ("why", "no id", "--qa", "qa.jsonl"),
        ("good", question),
        ("bad", question),
        ("correct", question, answer),
        ("correct", "--list"),
        ("correct", question, "--remove"),
        ("correct", question, "--remove"),
        ("glossary", "build"),
        ("glossary", "show"),
        ("glossary", "show", "missing"),
        ("glossary", "edit"),
        ("models", "list"),
        ("models", "add", "mine", "m", "kind=openai", "base_url=http://127.0.0.1:1/v1"),
        ("models", "add", "mine", "m", "nothing=1"),
        ("models", "test", "mine"),
        ("models", "pull", "mine"),
        ("models", "rm", "mine"),
        ("models", "rm", "mine"),
        ("models", "convert", "asked.txt", "converted"),
        ("eval", "run", "qa.jsonl", "--out", "runs"),
        ("eval", "gate", "qa.jsonl", "--baseline", "runs"),
        ("eval", "gate", "qa.jsonl", "--baseline", "missing"),
        ("eval", "run", "qa.jsonl", "--tests", "bounds.toml", "--out", "bounded"),
        ("eval", "run", "qa.jsonl", "--judge", "mine", "--out", "judged"),
        ("eval", "needles", "--tokens", "100", "--depth", "0", "--wording", "literal", "--number", "1"),
        ("eval", "make", "made.jsonl", "--number", "2"),
        ("eval", "from-feedback", "rated.jsonl"),
        ("eval", "label", "asked.txt", "label.jsonl"),
        ("tune", "list"),
        ("tune", "undo", "retriever"),
        ("tune", "retriever", "qa.jsonl"),
        ("tune", "ranker", "qa.jsonl"),
        ("tune", "generator", "qa.jsonl", "--base", "missing"),
        ("tune", "reader", "qa.jsonl", "--base", "missing", "--out", "reader"),
        ("work", "--idle", "0.1"),
        ("export", "archive.rag"),
        ("import", "archive.rag", "--to", "copy"),
        ("import", "asked.txt", "--to", "other"),
        ("move", ".rag", "moved"),
        ("move", "missing", "moved"),
        ("doctor",),
        ("serve", "nameless"),
        ("serve", "--tokens", "missing.toml"),
        ("mcp", "nameless"),
        ("rm", "missing", "--yes"),
        ("rm", source, "--yes", "--prove"),
        ("rm", "--where", "x >", "--yes"),
    )


def commands(group: typer.Typer | None = None) -> Iterator[tuple[tuple[str, ...], bool]]:
    """The words of every command that `rag` knows, and whether it takes `--json`."""

    def below(words: tuple[str, ...], one: object) -> Iterator[tuple[tuple[str, ...], bool]]:
        within = getattr(one, "commands", None)
        if within is None:
            yield words, any("--json" in parameter.opts for parameter in getattr(one, "params", ()))
            return
        for name, inner in within.items():
            yield from below((*words, name), inner)

    yield from below((), typer.main.get_command(group or app))


def with_json(words: tuple[str, ...]) -> tuple[str, ...] | None:
    """The same call for programs; None of a command that has no such form."""
    takes = {command for command, takes in commands() if takes}
    return (*words, "--json") if any(words[: len(one)] == one for one in takes) else None


def furnished(folder: Path, question: str, answer: str) -> None:
    """What the calls name beside documents: questions, a form, bounds."""
    row = {"question": question, "answers": [answer]}
    (folder / "qa.jsonl").write_text(json.dumps(row) + "\n")
    (folder / "asked.txt").write_text(f"{question}\nWho was it?\n", "utf-8")
    form = {"type": "object", "properties": {"name": {"type": "string", "description": question}}}
    (folder / "form.json").write_text(json.dumps(form))
    (folder / "bounds.toml").write_text('[bounds]\n"R@1" = 0.9\n')


def run(folder: Path, *words: str, stdin: str | None = None) -> tuple[int, str, str]:
    """Status, standard output and standard error of a command, in this process; other errors are raised."""
    with contextlib.chdir(folder):
        done = CliRunner().invoke(app, list(words), input=stdin, prog_name="rag")
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stdout, done.stderr


def forbidden(text: str) -> set[str]:
    """What commands a terminal or turns text over, of what was written."""
    kinds = ("Cc", "Zl", "Zp", "Cs")
    turning = {*map(chr, range(0x202A, 0x202F)), *map(chr, range(0x2066, 0x206A))}
    return {
        one for one in text if one not in MEANT and (unicodedata.category(one) in kinds or one in turning)
    }
