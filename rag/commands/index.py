"""`rag status`, `ls`, `rm` and `doctor` on the command line: what an index holds, and whether it is well."""

import sys
from typing import Annotated

import typer

from rag.counts import counted
from rag.errors import ConfigError
from rag.terminal import one_line, say, say_json

from .common import DEFAULT_INDEX, AsJson, Index, Store, Wait, Where, note_why_nothing, opened, reported

STATUS_EXAMPLES = "Example:\n\n    rag status --json"
LS_EXAMPLES = "Examples:\n\n    rag ls\n\n    rag ls --where 'source ~ \"*.pdf\"' --json"
RM_EXAMPLES = (
    "Examples:\n\n    rag rm docs/old.md\n\n    rag rm --where 'year < 2020' --yes\n\n"
    "    rag rm docs/contract.pdf --prove\n\n"
    "A file that is still in an ingested folder comes back with the next ingest; exclude it to keep it out."
)
DOCTOR_EXAMPLES = "Example:\n\n    rag doctor && rag ask 'Is all well?'"


def status(index: Index = DEFAULT_INDEX, store: Store = None, as_json: AsJson = False) -> None:
    """Show what the index holds and how it was built."""
    with reported(as_json), opened(index, {}, store=store) as rag:
        from . import render

        render.status({"index": rag.origin.place, **rag.store.stats()}, as_json=as_json)


def ls(
    index: Index = DEFAULT_INDEX, store: Store = None, where: Where = None, as_json: AsJson = False
) -> None:
    """List the documents."""
    with reported(as_json), opened(index, {}, store=store) as rag:
        from . import render

        documents = rag.documents(where)
        if not documents:
            note_why_nothing(rag, where)
        render.documents(documents, as_json=as_json)


def rm(
    sources: Annotated[
        list[str] | None, typer.Argument(metavar="SOURCE", help="Sources, as `rag ls` shows them.")
    ] = None,
    index: Index = DEFAULT_INDEX,
    store: Store = None,
    where: Where = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    prove: Annotated[
        bool, typer.Option("--prove", help="Erase every trace, then search all files for any that is left.")
    ] = False,
    wait: Wait = 0.0,
    as_json: AsJson = False,
) -> None:
    """Remove documents by source or by filter. With --prove, exit code 1: some file still has their words."""
    with reported(as_json), opened(index, {}, store=store, wait=wait) as rag:
        if not sources and where is None:
            raise ConfigError("nothing to remove: name sources, or give --where")
        if not yes and sys.stdin.isatty() and not as_json:
            number = len(rag.documents(where)) if where else len(sources or [])
            typer.confirm(f"Remove {counted(number, 'document')}?", abort=True)
        proof = rag.forget(sources or [], where) if prove else None
        gone = list(proof.sources) if proof else rag.remove(sources or [], where)
        if not gone:
            note_why_nothing(rag, where)
        missing = sorted(set(sources or []) - set(gone))
        if as_json:
            removal = {"removed": gone, "missing": missing, **({"proof": proof.to_dict()} if proof else {})}
            say_json(removal)
        else:
            say("\n".join(f"removed {one_line(source)}" for source in gone) or "nothing was removed")
            if proof and gone:
                say(str(proof))
        if missing:
            raise ConfigError(f"not in the index: {', '.join(missing)}; `rag ls` shows what is")
        if proof and proof.traces:
            raise typer.Exit(1)


def doctor(index: Index = DEFAULT_INDEX, store: Store = None, as_json: AsJson = False) -> None:
    """Check the index, the models and the machine, and say how to fix what is wrong."""
    with reported(as_json):
        from rag.doctor import examine

        from . import render

        findings = examine(index, store)
        render.findings(findings, as_json=as_json)
        if any(finding.level == "error" for finding in findings):
            raise typer.Exit(1)
