"""`rag good`, `rag bad` and `rag correct` on the command line: what a person says of answers."""

from typing import Annotated

import typer

from rag.errors import ConfigError
from rag.terminal import indented, one_line, say, say_json

from .common import DEFAULT_INDEX, AsJson, Index, K, Offline, Store, Wait, opened, reported

GOOD_EXAMPLES = "Example:\n\n    rag good 'How long is a session?'"
BAD_EXAMPLES = "Example:\n\n    rag bad 'Who signs off releases?'"
CORRECT_EXAMPLES = (
    "Examples:\n\n    rag correct 'Who leads the Oslo office?' 'Ida Berg leads the Oslo office.'\n\n"
    "    rag correct --list\n\n    rag correct 'Who leads the Oslo office?' --remove"
)
Asked = Annotated[str, typer.Argument(metavar="QUESTION", help="The question, as it was asked.")]


def good(
    question: Asked,
    index: Index = DEFAULT_INDEX,
    store: Store = None,
    k: K = None,
    offline: Offline = False,
    as_json: AsJson = False,
) -> None:
    """Mark an answer as right: `rag eval from-feedback` and the stage `memory` make use of it."""
    _rated(question, True, index, store, k, offline, as_json)


def bad(
    question: Asked,
    index: Index = DEFAULT_INDEX,
    store: Store = None,
    k: K = None,
    offline: Offline = False,
    as_json: AsJson = False,
) -> None:
    """Mark an answer as wrong; to say what is right, use `rag correct`."""
    _rated(question, False, index, store, k, offline, as_json)


def _rated(
    question: str, good: bool, index: Index, store: Store, k: K, offline: Offline, as_json: AsJson
) -> None:
    with reported(as_json), opened(index, {}, store=store, offline=offline) as rag:
        given = rag.rate(question, good=good, k=k)
        if as_json:
            row = {"question": given.question, "good": given.good, "answer": given.answer}
            say_json({**row, "sources": list(given.sources)})
        else:
            say(indented(f"{'good' if good else 'bad'}: {given.answer or 'declined'}"))


def correct(
    question: Annotated[
        str | None, typer.Argument(metavar="QUESTION", help="The question, as it was asked.")
    ] = None,
    answer: Annotated[str | None, typer.Argument(metavar="ANSWER", help="What is right, in words.")] = None,
    index: Index = DEFAULT_INDEX,
    store: Store = None,
    listed: Annotated[bool, typer.Option("--list", help="Show all corrections.")] = False,
    remove: Annotated[bool, typer.Option("--remove", help="Remove the correction of QUESTION.")] = False,
    wait: Wait = 0.0,
    offline: Offline = False,
    as_json: AsJson = False,
) -> None:
    """Correct an answer: your note goes before every source for that question, and is cited as a note."""
    with reported(as_json), opened(index, {}, store=store, offline=offline, wait=wait) as rag:
        if listed:
            known = rag.corrections()
            if as_json:
                say_json(known)
            else:
                rows = [f"{one_line(row)}\n  {one_line(text)}" for row, text in known.items()]
                say("\n".join(rows) or "no corrections")
            return
        if question is None or (answer is None) is not remove:
            raise ConfigError("give QUESTION and ANSWER, or QUESTION --remove, or --list")
        source = rag.uncorrect(question) if remove else rag.correct(question, answer or "")
        if as_json:
            say_json({"source": source, "removed": remove})
        else:
            say(f"{'removed' if remove else 'kept'} {one_line(source)}")
