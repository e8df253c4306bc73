"""How far long work is: what every command shows in its bar, and what callers of the API may watch."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class Step(NamedTuple):
    """Where the work stands: `what` is going on, and how many of how many are done; `total` 0: not known."""

    what: str
    done: int
    total: int


Watcher = Callable[[Step], None]
