"""The commands of `rag`: this list, and nothing else. What each does is in `rag/commands/`, one a family.

Exit codes: 0 done, 1 error, 2 usage, 3 the sources do not answer the question, 4 a gate is undecided,
130 interrupted.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from rag.commands import (
    ask,
    chat,
    config,
    evaluate,
    feedback,
    glossary,
    index,
    ingest,
    models,
    move,
    serve,
    trust,
    tune,
    work,
)
from rag.terminal import crashed, hear_logs, one_line, say

__all__ = ["app", "main"]


class _Commands(TyperGroup):
    """Says what is wrong with a call without letting it, names of files and all, command the terminal."""

    def make_context(self, *args: Any, **extra: Any) -> Any:
        with _shown_usage():
            return super().make_context(*args, **extra)

    def invoke(self, ctx: Any) -> Any:
        with _shown_usage():
            return super().invoke(ctx)


@contextmanager
def _shown_usage() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        if hasattr(error, "format_message") and isinstance(message := getattr(error, "message", None), str):
            error.message = one_line(message)  # type: ignore[attr-defined]
        raise


app = typer.Typer(
    cls=_Commands,
    name="rag",
    help="Ask your documents, and get answers in which every sentence names its source.\n\n"
    'Begin with `rag ingest docs/`, then `rag ask "…"`.',
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode="markdown",
)

app.command(epilog=ingest.INGEST_EXAMPLES)(ingest.ingest)
app.command(epilog=ask.ASK_EXAMPLES)(ask.ask)
app.command(epilog=ask.SEARCH_EXAMPLES)(ask.search)
app.command(epilog=ask.SUMMARIZE_EXAMPLES)(ask.summarize)
app.command(epilog=ask.SUGGEST_EXAMPLES)(ask.suggest)
app.command(epilog=index.STATUS_EXAMPLES)(index.status)
app.command(epilog=index.LS_EXAMPLES)(index.ls)
app.command(epilog=index.RM_EXAMPLES)(index.rm)
app.command(epilog=chat.CHAT_EXAMPLES)(chat.chat)
app.command(epilog=evaluate.WHY_EXAMPLES)(evaluate.why)
app.command(epilog=feedback.GOOD_EXAMPLES)(feedback.good)
app.command(epilog=feedback.BAD_EXAMPLES)(feedback.bad)
app.command(epilog=feedback.CORRECT_EXAMPLES)(feedback.correct)
app.command(epilog=work.WORK_EXAMPLES)(work.work)
app.command(epilog=move.MOVE_EXAMPLES)(move.move)
app.command(epilog=move.EXPORT_EXAMPLES)(move.export)
app.command("import", epilog=move.IMPORT_EXAMPLES)(move.import_)
app.command(epilog=index.DOCTOR_EXAMPLES)(index.doctor)
app.command(epilog=serve.SERVE_EXAMPLES)(serve.serve)
app.command(epilog=serve.MCP_EXAMPLES)(serve.mcp)
app.command(epilog=trust.TRUST_EXAMPLES)(trust.trust)
app.add_typer(config.config_app, name="config")
app.add_typer(glossary.glossary_app, name="glossary")
app.add_typer(models.models_app, name="models")
app.add_typer(evaluate.eval_app, name="eval")
app.add_typer(tune.tune_app, name="tune")


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        import rag

        say(f"footnote-rag {rag.__version__}")
        raise typer.Exit


def main() -> None:
    """Entry point of the `rag` command."""
    hear_logs()
    try:
        typer.main.get_command(app)()
    except Exception as error:
        crashed(error)
        sys.exit(1)


if __name__ == "__main__":
    main()
