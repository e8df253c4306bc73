"""Whose turn it is with a model that gives one answer at a time."""

from __future__ import annotations

import threading
import time

import pytest

from rag.errors import ModelError
from rag.llm.local import Turns

PATIENCE = 0.5


def test_a_slow_answer_that_goes_on_is_waited_for() -> None:
    turns, order = Turns("tiny", PATIENCE), list[str]()
    held = threading.Event()

    def slow() -> None:
        with turns.held():
            held.set()
            for _ in range(8):  # three times as long as the patience
                time.sleep(PATIENCE / 2.5)
                turns.went_on()
            order.append("slow")

    thread = threading.Thread(target=slow)
    thread.start()
    held.wait()
    with turns.held():
        order.append("next")
    thread.join()
    assert order == ["slow", "next"]


def test_an_answer_left_unread_is_an_error_for_the_next() -> None:
    turns = Turns("tiny", 0.05)
    with (
        turns.held(),
        pytest.raises(ModelError, match="tiny is still busy with another answer"),
        turns.held(),
    ):
        raise AssertionError("two answers at a time")
    time.sleep(0.1)
    with turns.held():  # free again, however long it stood unused
        pass
