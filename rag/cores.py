"""How many cores this process may use."""

from __future__ import annotations

import os


def cores() -> int:
    """Those the system lets this process run on (in a container fewer than there are); at least 1."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
