"""How much of the machine other processes took while something was measured."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from rag.cores import cores

_BUSY = 0.15  # of the cores, from which a machine is called busy
_STAT = Path("/proc/stat")


class Load(NamedTuple):
    """The share of the machine's cores that other processes took, 0 to 1; None where that is not known."""

    others: float | None = None

    @property
    def busy(self) -> bool:
        return self.others is not None and self.others > _BUSY

    def __str__(self) -> str:
        if self.others is None:
            return "how busy the machine was cannot be measured here"
        summary = f"other processes took {self.others:.0%} of the machine"
        return f"times of a busy machine: {summary}" if self.busy else summary


class Watched:
    """Filled in when the block of `watching` ends."""

    load = Load()


@contextmanager
def watching() -> Iterator[Watched]:
    """Measures how busy other processes keep the machine while the block runs."""
    watched, began = Watched(), _busy_seconds()
    own, wall = _own_seconds(), time.perf_counter()
    yield watched
    spent, ended = time.perf_counter() - wall, _busy_seconds()
    if began is None or ended is None or spent <= 0:
        return
    others = (ended - began) - (_own_seconds() - own)
    watched.load = Load(round(min(1.0, max(0.0, others / (spent * (os.cpu_count() or cores())))), 3))


def _own_seconds() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _busy_seconds() -> float | None:
    """Seconds that all cores together have worked since the machine started; None where nobody tells."""
    try:
        words = _STAT.read_text("ascii").split("\n", 1)[0].split()
        user, nice, system, _idle, _wait, irq, soft, *_ = map(int, words[1:])
    except (OSError, ValueError):
        return None
    return (user + nice + system + irq + soft) / os.sysconf("SC_CLK_TCK")
