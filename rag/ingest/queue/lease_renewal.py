"""Something done again and again beside other work: how a lease is kept."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

from rag.errors import StoreError

from .leases import LEASE


class Keeping:
    """Renews a lease while its block runs. `lost` once the renewal said that another has it.

    A renewal that fails is tried again: the lease outlives some.
    """

    def __init__(self, renew: Callable[[], bool]) -> None:
        self._renew, self._over = renew, threading.Event()
        self.lost = False
        self._thread = threading.Thread(target=self._run, name="rag-lease", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(LEASE / 4) and not self.lost:
            with suppress(StoreError):
                self.lost = not self._renew()
