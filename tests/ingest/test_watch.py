"""The index follows its folder while it is watched."""

from __future__ import annotations

import threading

import pytest

from rag.ingest.watch import watch
from tests.ingest.conftest import Notes


@pytest.mark.timeout(60)
def test_edits_and_removals_are_picked_up_until_it_is_stopped(notes: Notes) -> None:
    a = notes.write("a.txt", "amber")
    notes.write("b.txt", "basil")
    stop = threading.Event()
    with notes.open() as rag:
        reports = watch(rag, [notes.docs], stop=stop)
        assert next(reports).added == ["docs/a.txt", "docs/b.txt"]

        a.write_text("amber edited")  # before the watch itself has begun
        assert next(reports).updated == ["docs/a.txt"]
        threading.Timer(0.2, a.write_text, ["amber edited again"]).start()
        assert next(reports).updated == ["docs/a.txt"]
        threading.Timer(0.2, a.unlink).start()
        assert next(reports).removed == ["docs/a.txt"]
        threading.Timer(0.2, notes.write, ["sub/c.txt", "cedar"]).start()
        assert next(reports).added == ["docs/sub/c.txt"]

        stop.set()
        assert next(reports, None) is None
    assert list(notes.stored()) == ["docs/b.txt", "docs/sub/c.txt"]


@pytest.mark.timeout(60)
def test_a_busy_store_and_a_folder_that_is_gone_are_told_and_tried_again(notes: Notes) -> None:
    notes.write("a.txt", "amber")
    stop = threading.Event()
    with notes.open() as rag, notes.open() as other:
        reports = watch(rag, [notes.docs], stop=stop)
        next(reports)
        with other.store.writing():
            threading.Timer(1.5, notes.write, ["b.txt", "basil"]).start()
            ((_, reason),) = next(reports).failed
            assert "another process is writing" in reason
        threading.Timer(0.2, notes.write, ["c.txt", "cedar"]).start()
        assert next(reports).added == ["docs/b.txt", "docs/c.txt"]
        stop.set()
        assert list(reports) == []
