"""Many readers or one follower: searches run side by side, and wait while the derived indexes move on."""

from __future__ import annotations

import threading


class Gate:
    """A readers-writer lock whose writer can step down to reader without letting another writer in between.

    A waiting writer goes before new readers, so that a stream of searches cannot keep it out.
    """

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._readers = 0
        self._writer = False
        self._waiting = 0

    def enter(self) -> None:
        """Waits until no writer is in or waiting, then counts this reader."""
        with self._condition:
            self._condition.wait_for(lambda: not self._writer and not self._waiting)
            self._readers += 1

    def leave(self) -> None:
        with self._condition:
            self._readers -= 1
            self._condition.notify_all()

    def enter_alone(self) -> None:
        """Waits until nobody is in. The caller must not be in as a reader itself."""
        with self._condition:
            self._waiting += 1
            try:
                self._condition.wait_for(lambda: not self._writer and not self._readers)
                self._writer = True
            finally:  # also when Ctrl-C ends the wait: readers must not wait for us then
                self._waiting -= 1
                self._condition.notify_all()

    def step_down(self) -> None:
        """From writer to reader."""
        with self._condition:
            self._writer = False
            self._readers += 1
            self._condition.notify_all()

    def leave_alone(self) -> None:
        with self._condition:
            self._writer = False
            self._condition.notify_all()
