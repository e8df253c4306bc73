"""A worker as a process of an ingest on the same machine: `python -m rag.ingest.queue.process`.

Its one line of input, JSON, says what to open. It ends when its input closes, and so with the ingest.
"""

from __future__ import annotations

import json
import signal
import sys
import threading

from rag.errors import RagError
from rag.terminal import say


def main() -> int:
    """Works until the input closes. An error on purpose is the last line on standard error; status 1."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    setup = json.loads(sys.stdin.readline())
    over = threading.Event()
    threading.Thread(target=_end_with_parent, args=(over,), daemon=True).start()
    try:
        from rag.ingest.remote import opened

        from .open import open_queue
        from .worker import work

        with opened(setup) as rag:
            queue = open_queue(setup["queue"])
            try:
                work(rag, queue, name=setup["name"], stopped=over.is_set)
            finally:
                queue.close()
    except RagError as error:
        if not over.is_set():
            say(str(error), err=True)
            return 1
    return 0


def _end_with_parent(over: threading.Event) -> None:
    sys.stdin.read()
    over.set()


if __name__ == "__main__":
    sys.exit(main())
