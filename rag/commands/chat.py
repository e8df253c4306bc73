"""`rag chat` on the command line: options in, a conversation rendered out.

What is asked and answered in it is `chat.py`'s.
"""

import sys
from typing import Annotated

import typer

from .common import (
    DEFAULT_INDEX,
    Augment,
    Denoise,
    Generate,
    Ground,
    Index,
    K,
    Model,
    Offline,
    Reorder,
    Retrieve,
    Store,
    Where,
    opened,
    reported,
    stage_settings,
)

CHAT_EXAMPLES = (
    "Examples:\n\n    rag chat\n\n    rag chat --model small --where 'year >= 2024'\n\n"
    "`/help` inside it shows its commands; Ctrl-D leaves."
)


def chat(
    index: Index = DEFAULT_INDEX,
    store: Store = None,
    k: K = None,
    where: Where = None,
    augment: Augment = None,
    retrieve: Retrieve = None,
    denoise: Denoise = None,
    reorder: Reorder = None,
    generate: Generate = None,
    ground: Ground = None,
    model: Model = None,
    history: Annotated[
        bool, typer.Option("--history/--no-history", help="Read a follow-up with the turns before it.")
    ] = True,
    offline: Offline = False,
) -> None:
    """Talk to the documents: follow-up questions, answers as they are written, their sources."""
    settings = stage_settings(augment, retrieve, denoise, reorder, generate, ground, model)
    with reported(as_json=False), opened(index, settings, store=store, offline=offline) as rag:
        from rag.chat import Chat

        from . import live

        talk = Chat(rag, k=k, where=where, history=history)
        if not live.conversation(talk, base=rag.index.absolute().parent) and not sys.stdin.isatty():
            raise typer.Exit(1)
