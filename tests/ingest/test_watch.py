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


@pytest.mark.timeout(60)
def test_an_old_failure_is_told_again_only_when_its_file_was_touched(notes: Notes) -> None:
    bad = notes.write("bad.docx", "no archive")
    stop = threading.Event()
    with notes.open() as rag:
        reports = watch(rag, [notes.docs], stop=stop)
        assert [row.source for row in next(reports).failed] == ["docs/bad.docx"]
        threading.Timer(1.5, notes.write, ["a.txt", "amber"]).start()
        report = next(reports)
        assert (report.added, report.failed) == (["docs/a.txt"], [])
        threading.Timer(0.2, bad.write_text, ["still none"]).start()
        assert [row.source for row in next(reports).failed] == ["docs/bad.docx"]
        stop.set()
        assert list(reports) == []
