"""A language model weighs passages by how likely they make the answer; the adapter moves towards those."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rag.errors import ConfigError
from rag.evaluate.questions.judgements import match
from rag.llm.chat import Message
from rag.pipeline.adopted import Card
from rag.tune.adapter import tabulated
from rag.tune.pairs import pairs
from rag.tune.preference import likely, preferred
from rag.tune.retriever import RetrieverOptions, tune_retriever
from rag.tune.tuning import Options

from .facts import TINY, opened, questions

ASKED = [Message("user", "The lamp is painted red.\n\nQuestion: What color is the lamp?")]


class Reading:
    """A model that finds an answer likely where the prompt has it."""

    name, control = "reading", ()

    def log_likelihood(self, messages: Any, answer: str) -> float:
        return -0.5 if answer in messages[-1].content else -3.0


class Deaf(Reading):
    """A model that no passage helps."""

    def log_likelihood(self, messages: Any, answer: str) -> float:
        return -3.0


def test_weights_go_to_what_makes_the_answer_likelier(tmp_path: Path) -> None:
    cases = questions().cases[:12]
    with opened(tmp_path) as rag:
        mined = pairs(rag, cases, match(cases, rag.store))
        weighed = preferred(Reading(), mined)
        assert (weighed.weighed, weighed.agreed) == (12, 12)
        for pair in weighed.pairs:
            assert sum(weight for _, weight in pair.targets) == pytest.approx(1)
            assert {chunk.text for chunk, _ in pair.targets} == {pair.positives[0].text}
        table = tabulated(rag, weighed.pairs)
        plain = tabulated(rag, mined)
        assert table.positive == pytest.approx(plain.positive)  # one labelled passage each, and the same
        assert preferred(Deaf(), mined) == (mined, 0, 0)  # the labels count


def test_a_passage_that_is_preferred_is_no_negative(tmp_path: Path) -> None:
    cases = questions().cases[:6]

    class Other(Reading):
        def log_likelihood(self, messages: Any, answer: str) -> float:
            return -0.5 if "iron" in messages[-1].content else -3.0

    with opened(tmp_path) as rag:
        mined = pairs(rag, cases, match(cases, rag.store))
        weighed = preferred(Other(), mined)
        moved = [number for number, pair in enumerate(weighed.pairs) if pair.targets]
        assert moved
        assert weighed.agreed < weighed.weighed
        table, plain = tabulated(rag, weighed.pairs), tabulated(rag, mined)
        assert (table.positive[moved[0]] != plain.positive[moved[0]]).any()


def test_models_agree_on_how_likely_a_text_is(tmp_path: Path) -> None:
    pytest.importorskip("transformers", reason="needs footnote-rag[hf]")
    torch = pytest.importorskip("torch", reason="needs footnote-rag[hf]")
    from rag.llm.hf import HfModel

    model = HfModel.open(TINY / "hf", device="cpu", dtype="float32")
    prompt = model.prompt_ids(ASKED)
    told = model.tokenizer(" red", add_special_tokens=False)["input_ids"]
    with torch.no_grad():
        rows = torch.log_softmax(model.network(input_ids=torch.tensor([prompt + told])).logits[0], -1)
    right = sum(float(rows[len(prompt) - 1 + at, token]) for at, token in enumerate(told)) / len(told)
    assert model.log_likelihood(ASKED, " red") == pytest.approx(right, abs=1e-4)
    assert model.log_likelihood(ASKED, "") == 0.0
    pytest.importorskip("gguf", reason="needs footnote-rag[tune]")
    pytest.importorskip("llama_cpp", reason="needs footnote-rag[gguf]")
    from rag.llm.gguf import GgufModel
    from rag.tune.gguf_export import to_gguf

    to_gguf(model.network, model.tokenizer, tmp_path / "model.gguf")
    packed = GgufModel.open(tmp_path / "model.gguf", threads=1)
    for text in (" red", " green", " red"):  # once more, of what is kept
        assert packed.log_likelihood(ASKED, text) == pytest.approx(
            model.log_likelihood(ASKED, text), abs=0.02
        )
    assert "".join(packed.chat(ASKED))  # and it writes as before


def test_the_adapter_of_a_preference_goes_through_the_gate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("transformers", reason="needs footnote-rag[hf]")
    given = RetrieverOptions(preference=str(TINY / "hf"))
    with opened(tmp_path) as rag:
        tuned = tune_retriever(rag, questions(), given, options=Options(doubtful="keep"))
    assert "weighed the passages of" in str(tuned)
    assert Card.read(tuned.place).options["preference"] == str(TINY / "hf")
    with opened(tmp_path) as rag:
        wrong = Options(doubtful="keep", shuffled=1.0)
        tuned = tune_retriever(rag, questions(), given, options=wrong)
    assert str(tuned.verdict).startswith("discarded: ")


def test_a_model_that_says_no_likelihood_is_refused() -> None:
    with pytest.raises(ConfigError, match="does not say how likely a text is"):
        likely(object())
