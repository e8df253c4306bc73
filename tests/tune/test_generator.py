"""`rag tune generator` on the tiny Llama: every method, resume, what it writes, and the gate."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from rag import Document, Rag
from rag.errors import ConfigError, ModelError
from rag.evaluate.questions.judgements import match
from rag.evaluate.running.score import right
from rag.pipeline.adopted import HERE, Card, adopt, adopted
from rag.tune.conversations import encoded, turns
from rag.tune.gate import FROM_MEMORY
from rag.tune.pairs import pairs
from rag.tune.tuning import Options

from .facts import TINY, opened, questions

pytest.importorskip("peft", reason="a tuned generator needs footnote-rag[tune]")

from rag.llm.chat import ChatOptions, Message
from rag.llm.hf import HfModel
from rag.tune.causal import METHODS, Plan, batches, loss_of, prepared, train
from rag.tune.generator import GeneratorOptions, tune_generator

KEEP = Options(doubtful="keep")
ASKED = [Message("system", "Answer from the sources. Cite [n]."), Message("user", "What color is the lamp?")]


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[list[int], list[int]]]:
    """Encoded turns of the facts, for the tiny Llama."""
    cases = questions().cases[:24]
    with opened(tmp_path_factory.mktemp("rows")) as rag:
        plain = rag.variant({"ask.generate": "hf", "model.name": str(TINY / "hf")})
        found = pairs(plain, cases, match(cases, plain.store))
        generator: Any = plain.generate
        return [encoded(generator, turn) for turn in turns(plain, generator, found, ())]


def test_a_turn_is_what_the_pipeline_sends_and_cites_what_supports_it(tmp_path: Path) -> None:
    cases = questions().cases[:24]
    with opened(tmp_path) as rag:
        plain = rag.variant({"ask.generate": "hf", "model.name": str(TINY / "hf")})
        found = pairs(plain, cases, match(cases, plain.store))
        generator: Any = plain.generate
        made = turns(plain, generator, found, ())
        answers = [turn.answer for turn in made]
        assert len(made) > 24  # some are asked again without what answers them
        assert answers.count("NO ANSWER") == len(made) - 24
        for turn in made:
            sources = turn.messages[-1].content
            if turn.answer != "NO ANSWER":
                said, _, number = turn.answer.rpartition(" [")
                block = sources.partition(f"<source {number[:-1]}>")[2].partition("</source")[0]
                assert said in block
        places = {turn.answer[-2] for turn in made if turn.answer.endswith("]")}
        assert places == {"1", "2", "3", "4"}
        ids, labels = encoded(generator, made[0])
        learned = [token for token in labels if token != -100]
        assert ids[-len(learned) :] == learned
        assert generator.model.tokenizer.decode(learned) == f"{made[0].answer}<|end|>"


def test_batches_hold_rows_of_like_length_within_the_tokens() -> None:
    lengths = random.Random(0).sample(range(10, 400), 60)
    rows = [([place, *[0] * (n - 1)], [0] * n) for place, n in enumerate(lengths)]
    made = batches(rows, 800, 1)
    assert sorted(at for batch in made for at in batch) == list(range(60))
    assert all(max(lengths[at] for at in batch) * len(batch) <= 800 for batch in made)
    assert max(len(batch) for batch in made) > 5
    assert made == batches(rows, 800, 1)
    assert made != batches(rows, 800, 2)


def test_rows_that_begin_alike_are_a_batch_and_their_beginning_counts_once() -> None:
    instructions, sources = [1] * 100, {name: [name] * 200 for name in (5, 6, 7)}
    asked = [(5, 10), (6, 10), (5, 20), (7, 30), (6, 10), (5, 30), (6, 10), (5, 30), (8, 10)]
    rows = [
        (ids := [*instructions, *sources.get(name, []), place + 10, *[0] * more], ids)
        for place, (name, more) in enumerate(asked)
    ]
    made = sorted(sorted(batch) for batch in batches(rows, 424, 0))
    assert made == [[0, 2, 5, 7], [1, 4, 6], [3], [8]]
    # 300 tokens once, and four times 31
    tight = [batch for batch in batches(rows, 423, 0) if {0, 2, 5, 7} & {*batch}]
    assert sorted(len(batch) for batch in tight) == [1, 3]


def test_questions_that_the_same_sources_answer_are_asked_of_them_together(tmp_path: Path) -> None:
    cases = questions().cases[:24]
    with opened(tmp_path) as rag:
        plain = rag.variant({"ask.generate": "hf", "model.name": str(TINY / "hf")})
        found = pairs(plain, cases, match(cases, plain.store))
        generator: Any = plain.generate
        made = turns(plain, generator, found, ())
    prompts = [turn.messages[-1].content.rpartition("\n")[::2] for turn in made]
    shown = [sources for sources, _ in prompts]
    assert len(set(shown)) < len(made) / 2
    assert [name for name, _ in groupby(shown)] == list(dict.fromkeys(shown))  # one after the other
    for (sources, question), turn in zip(prompts, made, strict=True):
        case = next(case for case in cases if case.question == question)
        assert right(case, sources) is (turn.answer != "NO ANSWER")


@pytest.mark.parametrize("method", METHODS)
def test_each_method_trains_saves_opens_and_answers(
    method: str, rows: list[tuple[list[int], list[int]]], tmp_path: Path
) -> None:
    base = HfModel.open(TINY / "hf", device="cpu")
    network = prepared(base.network, Plan(method, epochs=1, tokens=1200))
    losses = train(network, rows[:12], Plan(method, epochs=1, tokens=1200), tmp_path / "work")
    assert len(losses) >= 2
    out = tmp_path / "out"
    network.save_pretrained(str(out), safe_serialization=True)
    if method == "full":
        base.tokenizer.save_pretrained(str(out))
        again = HfModel.open(out, device="cpu", dtype="float32")
    else:
        again = HfModel.open(TINY / "hf", adapter=str(out), device="cpu", dtype="float32")
    assert "".join(again.chat(ASKED, ChatOptions(max_tokens=8)))


@pytest.mark.parametrize("method", METHODS)
def test_the_loss_is_that_of_all_logits(method: str, rows: list[tuple[list[int], list[int]]]) -> None:
    import torch

    network = prepared(HfModel.open(TINY / "hf", device="cpu").network, Plan(method)).eval()
    short, long = sorted(rows[:2], key=lambda row: len(row[0]))
    pad = len(long[0]) - len(short[0])
    ids = torch.tensor([short[0] + [0] * pad, long[0]])
    labels = torch.tensor([short[1] + [-100] * pad, long[1]])
    mask = torch.tensor([[1] * len(short[0]) + [0] * pad, [1] * len(long[0])])
    with torch.no_grad():
        whole = network(input_ids=ids, attention_mask=mask, labels=labels).loss
        assert float(loss_of(network, ids, labels, mask)) == pytest.approx(float(whole), rel=1e-5)


def test_what_all_rows_begin_with_is_computed_once_and_learned_from_the_same(
    monkeypatch: pytest.MonkeyPatch, rows: list[tuple[list[int], list[int]]]
) -> None:
    import torch

    from rag.tune import causal

    network = prepared(HfModel.open(TINY / "hf", device="cpu").network, Plan("full"))
    ids, labels, mask = causal._tensors(rows[:3], "cpu")
    passes: list[tuple[int, ...]] = []
    network.register_forward_pre_hook(
        lambda *given: passes.append(tuple(given[2]["input_ids"].shape)), with_kwargs=True
    )
    found = []
    for worth in (8, 10**6):
        monkeypatch.setattr(causal, "_WORTH", worth)
        network.zero_grad()
        loss = loss_of(network, ids, labels, mask)
        loss.backward()
        found.append((float(loss.detach()), [one.grad.clone() for one in network.parameters()]))
    (rows_first, shared), (rows_rest, rest), whole = passes
    assert (rows_first, rows_rest, shared + rest) == (1, *whole)
    assert shared > 8
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-5)
    for once, again in zip(found[0][1], found[1][1], strict=True):
        assert torch.allclose(once, again, atol=1e-6)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (GeneratorOptions("base", Plan("prefix"), merge=True), "prefix cannot be merged"),
        (
            GeneratorOptions("base", Plan("ia3"), gguf=True),
            "ia3 makes no adapter that llama.cpp takes.*--merge",
        ),
        (GeneratorOptions("base", Plan("p-tuning"), gguf=True), "p-tuning makes no adapter.*only lora does$"),
        (GeneratorOptions("base", Plan("none")), "method is 'none'"),
    ],
)
def test_what_a_method_cannot_write_is_said_before_it_is_tuned(
    given: GeneratorOptions, why: str, tmp_path: Path
) -> None:
    with opened(tmp_path) as rag, pytest.raises(ConfigError, match=why):
        tune_generator(rag, questions(), given)


def test_an_adapter_is_written_for_llama_cpp_too(tmp_path: Path) -> None:
    pytest.importorskip("gguf", reason="needs footnote-rag[tune]")
    given = GeneratorOptions(str(TINY / "hf"), Plan("lora", epochs=1, tokens=4000), gguf=True, device="cpu")
    with opened(tmp_path) as rag:
        tuned = tune_generator(rag, questions(), given, options=KEEP)
    assert (tuned.place / "adapter.gguf").read_bytes()[:4] == b"GGUF"
    assert not (tuned.place / "model.gguf").exists()
    assert Card.read(tuned.place).settings["model.adapter"] == HERE


_RUN = """
import pickle
import sys
from pathlib import Path
from rag.llm.hf import HfModel
from rag.tune.causal import Plan, prepared, train

def watch(step, steps, loss):
    Path(sys.argv[3] + ".step").write_text(str(step))

plan = Plan("lora", epochs=3, tokens=900, save_seconds=0.0)
network = prepared(HfModel.open(sys.argv[2], device="cpu").network, plan)
train(network, pickle.loads(Path(sys.argv[1]).read_bytes()), plan, Path(sys.argv[3]), watch=watch)
"""


def test_a_killed_run_goes_on_to_the_same_end(
    rows: list[tuple[list[int], list[int]]], tmp_path: Path
) -> None:
    import pickle

    plan = Plan("lora", epochs=3, tokens=900, save_seconds=0.0)

    def run(name: str) -> list[float]:
        network = prepared(HfModel.open(TINY / "hf", device="cpu").network, plan)
        return train(network, rows[:8], plan, tmp_path / name)

    (tmp_path / "rows").write_bytes(pickle.dumps(rows[:8]))
    command = [sys.executable, "-c", _RUN, str(tmp_path / "rows"), str(TINY / "hf"), str(tmp_path / "killed")]
    killed = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
    step = tmp_path / "killed.step"
    while killed.poll() is None and not (step.exists() and step.read_text() >= "2"):
        time.sleep(0.01)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    whole = run("whole")
    kept = json.loads((tmp_path / "killed" / "state.json").read_text())["step"]
    assert 1 <= kept < len(whole)
    assert run("killed") == pytest.approx(whole, rel=1e-4)


def test_a_run_of_another_plan_begins_anew(rows: list[tuple[list[int], list[int]]], tmp_path: Path) -> None:
    first = Plan("ia3", epochs=1, tokens=1500)
    losses = train(
        prepared(HfModel.open(TINY / "hf", device="cpu").network, first), rows[:6], first, tmp_path
    )
    network = prepared(HfModel.open(TINY / "hf", device="cpu").network, first)
    assert train(network, rows[:6], first, tmp_path) == losses  # done already
    other = Plan("ia3", epochs=2, tokens=1500)
    network = prepared(HfModel.open(TINY / "hf", device="cpu").network, other)
    assert len(train(network, rows[:6], other, tmp_path)) == 2 * len(losses)


def test_the_gate_discards_what_shuffled_labels_taught(tmp_path: Path) -> None:
    # the base answers these questions already, and three steps on wrong labels leave nothing to gain
    given = GeneratorOptions(str(TINY / "hf"), Plan("lora", epochs=1, tokens=4000, rate=1e-3), device="cpu")
    with opened(tmp_path) as rag:
        options = Options(shuffled=1.0, doubtful="keep")
        tuned = tune_generator(rag, questions(), given, options=options)
    assert not tuned.verdict.adopted
    assert tuned.verdict.gain is not None
    assert tuned.verdict.gain.measure == "Correct"
    assert FROM_MEMORY in {guard.measure for guard in tuned.verdict.guards}
    assert not adopted(tmp_path / "index")


def test_the_gate_compares_with_the_base_as_it_was_before_it_learned(tmp_path: Path) -> None:
    # a rate that ruins the model: what is asked without the part must know nothing of it
    given = GeneratorOptions(str(TINY / "hf"), Plan("lora", epochs=2, tokens=1200, rate=0.5), device="cpu")
    with opened(tmp_path) as rag:
        verdict = tune_generator(rag, questions(), given, options=KEEP).verdict
    assert verdict.gain is not None
    assert verdict.gain.a > 0.9
    assert verdict.gain.b < 0.5
    assert "Answered" in verdict.fallen


def test_an_adopted_generator_is_used_and_needs_trust_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = tmp_path / "made"
    shutil.copytree(TINY / "hf", made)
    settings = {"ask.generate": "hf", "model.kind": "hf", "model.name": HERE}
    Card("generator", "", settings=settings).write(made)
    with opened(tmp_path):
        adopt(tmp_path / "index", made)
    with opened(tmp_path) as rag:
        assert rag.settings.model.name == str(tmp_path / "index" / "tuned" / "generator")
        answer = rag.ask("What color is the lamp?")
        assert answer.text.startswith("The lamp is painted")
    with opened(tmp_path) as rag:  # what is set elsewhere goes before it
        assert rag.variant({"ask.generate": "extractive"}).settings.ask.generate == "extractive"
    monkeypatch.setenv("RAG_TRUSTED", str(tmp_path / "nobody.json"))
    with pytest.raises(ConfigError, match="you have not trusted it"):
        Rag(tmp_path / "index")


def test_bad_input_is_one_clear_error(tmp_path: Path) -> None:
    with opened(tmp_path) as rag:
        with pytest.raises(ModelError, match=r"has no config.json: --base is the folder"):
            tune_generator(rag, questions(), GeneratorOptions(str(tmp_path)))
        with pytest.raises(ConfigError, match="method is 'dora', expected one of lora"):
            tune_generator(rag, questions(), GeneratorOptions(str(TINY / "hf"), Plan("dora")))
        with pytest.raises(ConfigError, match="are too few"):
            tune_generator(rag, questions().first(10), GeneratorOptions(str(TINY / "hf")))
        odd = tmp_path / "odd"
        shutil.copytree(TINY / "hf", odd)
        (odd / "config.json").write_text('{"architectures": ["BertForMaskedLM"], "model_type": "bert"}')
        with pytest.raises(ModelError, match="which writes no text"):
            tune_generator(rag, questions(), GeneratorOptions(str(odd)), options=KEEP)
        (odd / "config.json").write_text('{"architectures": ["OddForCausalLM"], "model_type": "odd"}')
        with pytest.raises(ModelError, match=r"cannot be loaded.*model type `odd`") as caught:
            tune_generator(rag, questions(), GeneratorOptions(str(odd)), options=KEEP)
        assert "\n" not in str(caught.value)  # no advice on versions of another program
    assert not adopted(tmp_path / "index")
    with Rag(tmp_path / "words", settings={"index.language": "none"}) as other:
        other.ingest([Document.make("nothing", "a")])
        with pytest.raises(ConfigError, match="no document that answers"):
            tune_generator(other, questions(), GeneratorOptions(str(TINY / "hf")))
