"""Conversations: follow-ups, commands, streaming; in Python and on the command line."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from rag import Answer, Chat, Document, Event, Hit, Question, Rag
from rag.chat import Notice
from rag.testing import WordEmbedder

MUSEUM = "The Ardin Museum in Bergen was founded by Ada Lund. The Ardin Museum opened in 1911."
HARBOUR = "The harbour of Oslo opened in 1850."


def writes(question: Question, hits: Sequence[Hit]) -> Iterator[str]:
    """Copies the sentence of the best hit that has "opened", in two pieces."""
    for place, hit in enumerate(hits, 1):
        for sentence in hit.chunk.text.split(". "):
            if "opened" in sentence:
                yield sentence.rstrip(".")
                yield f" [{place}]."
                return


@pytest.fixture
def rag(tmp_path: Path) -> Iterator[Rag]:
    with Rag(tmp_path / "index", embedder=WordEmbedder(4096), generate=writes) as rag:
        rag.ingest([Document.make(MUSEUM, "museum.txt"), Document.make(HARBOUR, "harbour.txt")])
        yield rag


def final(said: Sequence[Event | Notice | Answer]) -> Answer:
    last = said[-1]
    assert isinstance(last, Event)
    assert last.answer is not None
    return last.answer


def test_a_follow_up_is_answered_by_the_turn_before_it(rag: Rag) -> None:
    chat = Chat(rag)
    first = final(list(chat.say("Who founded the Ardin Museum in Bergen?")))
    assert first.question == "Who founded the Ardin Museum in Bergen?"
    said = list(chat.say("When did it open?"))
    answer = final(said)
    assert answer.question == "When did it open? (Ardin Museum, Bergen, founded)"
    assert answer.citations[0].source == "museum.txt"
    assert [event.text for event in said if isinstance(event, Event) and event.kind == "text"] == [
        "The Ardin Museum opened in 1911", " [1].",
    ]  # fmt: skip
    assert answer.trace[0].name == "history"
    assert [turn.question for turn in chat.turns] == [first.question, answer.question]


def test_history_can_be_off(rag: Rag) -> None:
    chat = Chat(rag, history=False)
    list(chat.say("Who founded the Ardin Museum in Bergen?"))
    assert final(list(chat.say("When did it open?"))).question == "When did it open?"


@pytest.mark.parametrize("line", ["Hello!", "Thank you very much.", "Guten Tag", "谢谢", "ok, thanks"])
def test_a_greeting_is_not_searched(rag: Rag, line: str) -> None:
    chat = Chat(rag)
    (notice,) = chat.say(line)
    assert isinstance(notice, Notice)
    assert not notice.failed
    assert chat.turns == []


def test_commands(rag: Rag) -> None:
    chat = Chat(rag)
    assert [type(said) for said in chat.say("/sources")] == [Notice]
    list(chat.say("When did the harbour open?"))
    assert list(chat.say("/sources")) == [chat.last]
    assert "/where FILTER" in str(list(chat.say("/help")))
    assert "there is no /nothing" in str(list(chat.say("/nothing")))
    assert "expected a value" in str(list(chat.say("/where year >=")))
    list(chat.say('/where source = "museum.txt"'))
    assert {hit.chunk.source for hit in final(list(chat.say("When did the harbour open?"))).hits} == {
        "museum.txt"
    }
    list(chat.say("/where"))
    assert len(final(list(chat.say("When did the harbour open?"))).hits) == 2
    assert list(chat.say("   ")) == []
    list(chat.say("/clear"))
    assert (chat.turns, chat.last, chat.ended) == ([], None, False)
    list(chat.say("/quit"))
    assert chat.ended


def test_a_question_that_fails_leaves_the_conversation(tmp_path: Path) -> None:
    with Rag(tmp_path / "i", embedder=WordEmbedder(), generate="gguf") as rag:
        rag.ingest(Document.make(HARBOUR, "harbour.txt"))
        chat = Chat(rag)
        (*_, notice) = chat.say("When did the harbour open?")
        assert isinstance(notice, Notice)
        assert "model.name is empty" in notice.text
        assert chat.turns == []


def test_the_command_reads_lines_until_they_end(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(MUSEUM)
    command = [sys.executable, "-c", "from rag.cli import main; main()"]
    subprocess.run([*command, "ingest", "a.txt"], cwd=tmp_path, check=True, capture_output=True)
    lines = "Who founded the Ardin Museum in Bergen?\nWhen did it open?\n/sources\n/quit\nnever read\n"
    done = subprocess.run(
        [*command, "chat"], cwd=tmp_path, input=lines, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "→ When did it open? (Ardin Museum, Bergen, founded)" in done.stdout
    assert "\nThe Ardin Museum opened in 1911. [" in done.stdout
    assert done.stdout.count("a.txt 52–84") == 2, "with the answer, and again for /sources"
    assert "never read" not in done.stdout
    none = subprocess.run(
        [*command, "chat", "--index", "nothing"],
        cwd=tmp_path,
        input="x\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert "rag ingest PATH" in none.stderr + none.stdout
