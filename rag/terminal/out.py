"""Lines, JSON and logs on standard output and error, with the characters shown that command a terminal."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from typing import Any

from rag.secrets import masked

from .controls import json_safe, one_line, shown


def say(text: str, *, err: bool = False, colour: str | None = None) -> None:
    """One message, on standard output or standard error."""
    import typer

    typer.secho(shown(text), err=err, fg=colour)
    (sys.stderr if err else sys.stdout).flush()


def say_json(value: Any, indent: int | None = None) -> None:
    """A value as JSON on standard output; what is no JSON value is told by `str`."""
    say(to_json(value, indent))


def to_json(value: Any, indent: int | None = None) -> str:
    """A value as JSON in readable letters, in which nothing commands a terminal or hides from the eye."""
    return json_safe(json.dumps(value, ensure_ascii=False, indent=indent, default=str))


def hear_logs(level: int = logging.WARNING, *, time: bool = False) -> None:
    """Sends what is logged, warnings of Python too, to standard error: one line a record.

    `level` is that of our own records. Of other packages warnings are heard alone: how they start is nobody's
    concern.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(_Shown("%(asctime)s %(levelname)s %(message)s" if time else "%(message)s"))
    logging.basicConfig(level=max(level, logging.WARNING), handlers=[handler], force=True)
    logging.getLogger("rag").setLevel(level)
    logging.captureWarnings(True)


class _Shown(logging.Formatter):
    """What is logged on one line; the lines of a traceback follow, indented."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (logging's name)
        record.message = one_line(masked(record.message))
        return super().formatMessage(record)

    def formatException(self, ei: Any) -> str:  # noqa: N802 (logging's name)
        return indented(shown(masked(super().formatException(ei))))


def crashed(error: BaseException) -> None:
    """The traceback of an error that nobody expected, on standard error."""
    say(masked("".join(traceback.format_exception(error)).rstrip()), err=True)


def indented(text: str, by: str = "    ") -> str:
    """The text with every line after the first moved in, so that none of them passes for one of ours."""
    return text.replace("\n", "\n" + by)
