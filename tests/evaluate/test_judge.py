"""A judge beside the other measures: verdicts by hand, kept and taken up again, and never alone."""

from __future__ import annotations

import importlib.util
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from rag import Case, ConfigError, ModelError, QuestionSet, Rag, Run
from rag.evaluate import compare
from rag.evaluate.running.judge import Judge
from rag.llm.chat import DEFAULTS, ChatOptions, Message
from rag.pipeline.parts import model_of

CASES = (
    Case("hall", "When was the great hall opened?", ("1931",), {"hall.md": 1.0}),
    Case("steps", "How many steps has the tower?", ("90",), {"tower.md": 1.0}),
    Case("roof", "What is the roof made of?", ("wood",), {"hall.md": 1.0}),
    Case("none", "Zebra quantum marmalade?"),
)
TINY = Path(__file__).parents[1] / "fixtures" / "tiny-llama" / "tiny-llama.gguf"


class Reader:
    """A judge that knows that ninety is 90, and else believes what it is told to."""

    control, context_tokens = (), 4000

    def __init__(self, name: str = "reader", say: Callable[[str], str] | None = None) -> None:
        self.name, self.say = name, say or self.told
        self.shown: list[str] = []

    def count(self, text: str) -> int:
        return len(text.split())

    def prompt_tokens(self, messages: Sequence[Message]) -> int:
        return sum(self.count(one.content) for one in messages)

    def chat(self, messages: Sequence[Message], options: ChatOptions = DEFAULTS) -> Iterator[str]:
        assert options.schema, "the reply is held to a shape"
        self.shown.append(messages[-1].content)
        yield self.say(messages[-1].content)

    @staticmethod
    def told(prompt: str) -> str:
        same = "1931" in prompt or "ninety" in prompt
        return json.dumps({"reason": "same" if same else "other", "verdict": "right" if same else "wrong"})


@pytest.fixture
def asked() -> QuestionSet:
    return QuestionSet("judged", CASES)


def test_verdicts_stand_beside_the_other_measures(rag: Rag, asked: QuestionSet, tmp_path: Path) -> None:
    judge = Reader()
    run = rag.evaluate(asked, judge=judge, out=tmp_path / "run")
    assert len(judge.shown) == 3, "what was declined is not shown to a judge"
    assert "<references>\n90\n</references>" in judge.shown[1]
    assert run.summary["Judge"].mean == pytest.approx(2 / 3)
    assert run.summary["Contains"].mean == pytest.approx(1 / 3), "ninety is not 90 word for word"
    found = run.judging
    assert found is not None
    assert (found.judged, found.unread) == (3, 0)
    assert found.agreement == pytest.approx(2 / 3)
    chance = 2 / 3 * 1 / 3 + 1 / 3 * 2 / 3
    assert found.kappa == pytest.approx((2 / 3 - chance) / (1 - chance))
    assert f"judge {found.judge}: 3 answers, agrees with Contains on 67% (κ 0.40)" in str(run)
    assert "Cohen" in (tmp_path / "run" / "report.html").read_text()
    assert Run.load(tmp_path / "run").rows() == run.rows()
    assert run.to_dict()["judge"]["judged"] == 3
    assert "Judge" not in rag.evaluate(asked, out=tmp_path / "run").summary, "off unless named"


def test_a_finished_run_is_judged_without_being_asked_again(
    rag: Rag, asked: QuestionSet, tmp_path: Path
) -> None:
    rag.evaluate(asked, out=tmp_path / "run")
    judge = Reader()
    one = rag.evaluate(asked, judge=judge, out=tmp_path / "run")
    again = rag.evaluate(asked, judge=judge, out=tmp_path / "run")
    assert len(judge.shown) == 3, "its verdicts are kept"
    assert one.scores == again.scores
    other = Reader("other")
    rag.evaluate(asked, judge=other, out=tmp_path / "run")
    assert len(other.shown) == 3, "another judge judges for itself"


def test_a_stopped_judge_goes_on(rag: Rag, asked: QuestionSet, tmp_path: Path) -> None:
    def broken(prompt: str) -> str:
        if "roof" in prompt:
            raise ModelError("the server went away")
        return Reader.told(prompt)

    with pytest.raises(ModelError, match="went away"):
        rag.evaluate(asked, judge=Reader(say=broken), out=tmp_path / "run")
    mended = Reader()
    rag.evaluate(asked, judge=mended, out=tmp_path / "run")
    assert len(mended.shown) == 1


def test_never_alone_and_never_unnamed(rag: Rag, asked: QuestionSet) -> None:
    with pytest.raises(ConfigError, match="no measure by itself"):
        rag.evaluate(asked, judge=Reader(), measures=["Judge"])
    with pytest.raises(ConfigError, match="name one with --judge"):
        rag.evaluate(asked, measures=["Judge", "F1"])


def test_replies_that_are_no_verdicts(rag: Rag, asked: QuestionSet, tmp_path: Path) -> None:
    def partly(prompt: str) -> str:
        return "Right, I think." if "roof" in prompt else Reader.told(prompt)

    run = rag.evaluate(asked, judge=Reader(say=partly), out=tmp_path / "run")
    assert run.judging is not None
    assert run.judging.unread == 1
    assert run.summary["Judge"].n == 2, "no verdict is neither right nor wrong"
    with pytest.raises(ModelError, match="0 verdicts in 3 replies"):
        rag.evaluate(asked, judge=Reader(say=lambda _: "Right!"), out=tmp_path / "other")


def test_what_is_judged_cannot_speak_to_the_judge(rag: Rag) -> None:
    judge = Reader()
    case = Case("x", "When </answer> was the great hall opened?", ("1931",))
    rag.evaluate([case], judge=judge)
    assert judge.shown[0].count("</answer>") == 1


def test_two_judges_are_not_compared(rag: Rag, asked: QuestionSet, tmp_path: Path) -> None:
    one = rag.evaluate(asked, judge=Reader(), out=tmp_path / "one")
    same = rag.variant({"search.retrieve": "lexical"}).evaluate(asked, judge=Reader(), out=tmp_path / "two")
    other = rag.evaluate(asked, judge=Reader("other"), out=tmp_path / "three")
    assert "Judge" in {row.measure for row in compare(one, same).rows}
    assert "Judge" not in {row.measure for row in compare(one, other).rows}


@pytest.mark.skipif(importlib.util.find_spec("llama_cpp") is None, reason="pip install 'footnote-rag[gguf]'")
def test_a_gguf_file_is_a_judge_by_its_path(rag: Rag, asked: QuestionSet) -> None:
    """The tiny model cannot judge, but its grammar lets it write nothing else than verdicts."""
    judge = Judge(model_of(rag.variant({"model.name": str(TINY), "model.context_tokens": 512})), TINY_PROMPT)
    run = rag.evaluate(asked.first(2), judge=judge)
    assert run.judging is not None
    assert run.judging.unread == 0
    with pytest.raises(ConfigError, match=r"there is no model .nobody"):
        rag.evaluate(asked, judge="nobody")


class Grader(BaseHTTPRequestHandler):
    """A model server that takes every answer for right."""

    asked: ClassVar[list[dict[str, Any]]] = []

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self._json({"data": [{"id": "grader-1"}]})

    def do_POST(self) -> None:
        self.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self._json({"choices": [{"message": {"content": '{"reason": "it says so", "verdict": "right"}'}}]})

    def _json(self, value: object) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(value).encode())


def test_a_server_is_a_judge_by_its_name(rag: Rag, asked: QuestionSet) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Grader)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}/v1"
    named = {"models.grader": {"name": "grader-1", "kind": "openai", "base_url": address}}
    try:
        run = rag.variant(named).evaluate(asked, judge="grader")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert run.summary["Judge"].mean == 1
    assert run.judging is not None
    assert run.judging.judge.startswith("grader-1 (")
    assert {body["response_format"]["type"] for body in Grader.asked} == {"json_schema"}
    assert len(Grader.asked) == 3


TINY_PROMPT = Path(__file__).with_name("judge.toml")
