"""How much the server takes, and how long it works on it: every wall in one table."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """Walls of the server. What goes over one is refused with the status in the comment."""

    question_characters: int = 4_000  # 413: characters of a question, a filter or a comment
    history_turns: int = 50  # 413: turns of a conversation; older ones are not sent
    body_bytes: int = 1 * MIB  # 413: of a request that is no upload
    upload_bytes: int = 64 * MIB  # 413: of one upload, all its files together
    upload_files: int = 20  # 413: files of one upload
    source_bytes: int = 256 * MIB  # 413: of an original file that is sent or drawn
    k: int = 100  # 422: hits that may be asked for
    embeddings: int = 256  # 413: texts of one request for embeddings
    running: int = 2  # questions that are worked on at once
    waiting: int = 32  # 429: questions that wait for their turn
    ingests_waiting: int = 4  # 429: uploads and removals that wait for the one that is written
    ask_seconds: float = 120.0  # 503: from the request to its answer, waiting included
    picture_seconds: float = 20.0  # 503: to draw a page
    body_seconds: float = 30.0  # 408: for a request to come in whole; an upload has ten times as long
    header_seconds: float = 10.0  # the connection is closed: for the headers of a request to come in
    connections: int = 512  # 503: connections at once
    text_characters: int = 200_000  # characters of a document in one answer; `offset` goes on
    rows: int = 1_000  # rows of a list in one answer; `offset` goes on
    traces: int = 100  # questions whose trace is kept in memory


def table() -> Iterator[tuple[str, str, str]]:
    """Every limit as (name, default, meaning), read off the comments above."""
    pattern = re.compile(r"^    (\w+): \w+ = (.+?)  # (.+)$", re.MULTILINE)
    yield from pattern.findall(inspect.getsource(Limits))
