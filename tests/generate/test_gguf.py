"""GGUF files: the header that is read without llama.cpp, and the tiny Llama run by it for real."""

from __future__ import annotations

import importlib.util
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rag.errors import ConfigError, MissingExtra, ModelError
from rag.generate.prompted import PromptOptions, prompted
from rag.llm.chat import ChatModel, ChatOptions, Message
from rag.llm.gguf import GgufModel
from rag.llm.gguf_header import read_header
from rag.pipeline.parts import model_of
from rag.progress import READING, Progress, watched
from rag.types import Hit, Question

INSTALLED = importlib.util.find_spec("llama_cpp") is not None
needs_llama = pytest.mark.skipif(not INSTALLED, reason="pip install 'footnote-rag[gguf]'")
COLOR = Question("What color is the lamp?")


def messages(text: str) -> list[Message]:
    return [Message("system", "Answer from the sources. Cite [n]."), Message("user", text)]


SOURCED = messages("<source 1>\nThe lamp is painted red.\n</source 1>\nWhat color is the lamp?")


# ------------------------------------------------------------------------------------ without llama.cpp


def test_the_header_tells_what_a_file_is(tiny: Path) -> None:
    header = read_header(tiny / "tiny-llama.gguf")
    assert header["general.architecture"] == "llama"
    assert (header["llama.context_length"], header["llama.block_count"]) == (512, 3)
    assert header["tokenizer.ggml.tokens"] == header["llama.vocab_size"], "of arrays the length"
    assert "<|{{ m['role'] }}|>" in header["tokenizer.chat_template"]


def test_a_file_that_is_no_model_is_one_clear_error(tiny: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"nothing\.gguf cannot be read: No such file"):
        GgufModel.open(tmp_path / "nothing.gguf")
    file = tmp_path / "bad.gguf"
    file.write_bytes(b"")
    with pytest.raises(ModelError, match="is empty: download it again"):
        GgufModel.open(file)
    file.write_bytes(b"<html>Not found</html>")
    with pytest.raises(ModelError, match="no GGUF file"):
        GgufModel.open(file)
    whole = (tiny / "tiny-llama.gguf").read_bytes()
    for length in (4, 20, 30, 200, 2000):
        file.write_bytes(whole[:length])
        with pytest.raises(ModelError, match="cut off or damaged"):
            GgufModel.open(file)
    file.write_bytes(b"GGUF" + struct.pack("<IQQ", 99, 0, 0))
    with pytest.raises(ModelError, match="expected version 2 or 3"):
        GgufModel.open(file)
    file.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + struct.pack("<Q", 2**60))
    with pytest.raises(ModelError, match="cut off or damaged"):
        GgufModel.open(file)


def test_a_context_beyond_the_trained_one_needs_rope_scaling(tiny: Path) -> None:
    with pytest.raises(ConfigError, match=r'trained for 512.*rope_scaling = "yarn" and rope_factor = 2'):
        GgufModel.open(tiny / "tiny-llama.gguf", context_tokens=1024)
    with pytest.raises(ConfigError, match="expected none, linear or yarn"):
        GgufModel.open(tiny / "tiny-llama.gguf", rope_scaling="magic")


@pytest.mark.skipif(INSTALLED, reason="llama-cpp-python is installed")
def test_without_llama_cpp_the_error_is_the_pip_line(tiny: Path) -> None:
    with pytest.raises(MissingExtra, match=r"pip install 'footnote-rag\[gguf\]'"):
        GgufModel.open(tiny / "tiny-llama.gguf")


# --------------------------------------------------------------------------------------- with llama.cpp


@pytest.fixture(scope="module")
def model(tiny: Path) -> GgufModel:
    return GgufModel.open(tiny / "tiny-llama.gguf", threads=1)


def answer(model: ChatModel, tiny: Path, hits: list[Hit], question: Question = COLOR, **options: Any) -> str:
    grammar = options.pop("grammar", False)
    asked = PromptOptions(prompt=str(tiny / "prompt.toml"), **{"max_tokens": 32, **options})
    generator = prompted(model, asked, grammar=grammar)
    return "".join(piece for piece in generator(question, hits) if isinstance(piece, str))


@needs_llama
def test_it_is_a_chat_model_that_tells_what_it_is(model: GgufModel) -> None:
    assert isinstance(model, ChatModel)
    assert (model.name, model.context_tokens) == ("tiny-llama", 512)
    assert set(model.control) == {"<|end|>", "<|system|>", "<|user|>", "<|assistant|>"}


@needs_llama
def test_it_answers_from_its_context_and_cites(model: GgufModel, tiny: Path, hits: list[Hit]) -> None:
    assert answer(model, tiny, hits) == "The lamp is painted red. [1]"
    assert answer(model, tiny, hits[::-1]) == "The lamp is painted red. [3]"
    assert answer(model, tiny, hits, Question("When does the gate open?")) == "The gate opens at noon. [2]"
    assert answer(model, tiny, hits[1:]) == "", "a refusal is no text"


@needs_llama
def test_it_streams_and_stops(model: GgufModel) -> None:
    pieces = list(model.chat(SOURCED, ChatOptions(max_tokens=32)))
    assert pieces == ["The", " lamp", " is", " painted", " red", ".", " [", "1", "]"]
    assert "".join(model.chat(SOURCED, ChatOptions(max_tokens=32, stop=["painted"]))) == "The lamp is "
    assert list(model.chat(SOURCED, ChatOptions(max_tokens=2))) == ["The", " lamp"]


@needs_llama
def test_reading_a_long_prompt_tells_how_far_it_is(tiny: Path) -> None:
    long = messages(
        "<source 1>\n" + "The gate opens at noon. " * 60 + "\n</source 1>\nWhen does the gate open?"
    )
    alone = GgufModel.open(tiny / "tiny-llama.gguf", threads=1)
    expected = list(alone.chat(long, ChatOptions(max_tokens=8)))
    told: list[Progress] = []
    followed = GgufModel.open(tiny / "tiny-llama.gguf", threads=1)
    with watched(told.append):
        first = next(pieces := followed.chat(long, ChatOptions(max_tokens=8)))
        at_first = list(told)
        assert [first, *pieces] == expected
    total = followed.prompt_tokens(long)
    assert total > 256
    assert at_first == told == [Progress(READING, done, total) for done in range(0, total, 128)]
    with watched(told.append):
        list(followed.chat(long, ChatOptions(max_tokens=2)))
    assert told[len(at_first) :] == [], "what was read before is not read again"


@needs_llama
def test_the_beginning_of_a_prompt_is_not_computed_again(model: GgufModel) -> None:
    list(model.chat(SOURCED, ChatOptions(max_tokens=2)))
    list(model.chat([*SOURCED[:1], Message("user", "When does the gate open?")], ChatOptions(max_tokens=2)))
    system = model.prompt_tokens(SOURCED[:1])
    # The system's turn is shared; the prompt of it alone ends in the three tokens that open an answer.
    assert system - 3 <= model.reused <= system
    list(model.chat([*SOURCED[:1], Message("user", "When does the gate open?")], ChatOptions(max_tokens=2)))
    assert model.reused == model.prompt_tokens([*SOURCED[:1], Message("user", "When does the gate open?")])


@needs_llama
def test_llama_itself_computes_only_what_is_not_shared(tiny: Path) -> None:
    model = GgufModel.open(tiny / "tiny-llama.gguf", threads=1)
    asked = ["What color is the lamp?", "When does the gate open?", "Who owns the lamp?"]
    prompts = [messages(f"<source 1>\nThe lamp is painted red.\n</source 1>\n{text}") for text in asked]
    list(model.chat(prompts[0], ChatOptions(max_tokens=2)))
    assert model.evaluated == model.prompt_tokens(prompts[0])
    for prompt in prompts[1:]:
        before, length = model.evaluated, model.prompt_tokens(prompt)
        list(model.chat(prompt, ChatOptions(max_tokens=2)))
        assert model.evaluated - before == length - model.reused
        # What differs is the question, at the end: the system's turn and the source are shared.
        assert model.reused > length / 2
    before = model.evaluated
    list(model.chat(prompts[-1], ChatOptions(max_tokens=2)))
    assert model.evaluated - before <= 1, "the same prompt again"


@needs_llama
def test_what_was_kept_changes_no_answer(model: GgufModel, tiny: Path, hits: list[Hit]) -> None:
    fresh = GgufModel.open(tiny / "tiny-llama.gguf", threads=1)
    for question in ("What color is the lamp?", "When does the gate open?", "What is the boat made of?"):
        assert answer(model, tiny, hits, Question(question)) == answer(fresh, tiny, hits, Question(question))
        fresh = GgufModel.open(tiny / "tiny-llama.gguf", threads=1)


@needs_llama
def test_tokens_are_counted_by_its_own_tokenizer(model: GgufModel) -> None:
    assert model.count("") == 0
    assert model.count(" lamp is painted red") == 4
    assert model.count("<|end|>") > 1, "in data a control token is text"
    # <|user|> \n lamp <|end|> \n <|assistant|> \n, "lamp" without its space being two tokens or more
    assert model.prompt_tokens([Message("user", " lamp")]) == 7


@needs_llama
def test_sampling_is_fixed_by_its_seed(model: GgufModel) -> None:
    # Far from what it was trained on, so that it is sure of nothing.
    strange = [Message("user", "Bees hum; who sings, and why?")]

    def told(seed: int) -> str:
        return "".join(model.chat(strange, ChatOptions(temperature=5.0, seed=seed, max_tokens=12)))

    assert told(1) == told(1)
    assert len({told(seed) for seed in range(6)}) > 1


@needs_llama
def test_with_a_grammar_no_sentence_goes_without_a_marker(
    model: GgufModel, tiny: Path, hits: list[Hit]
) -> None:
    import re

    from rag.llm.grammar import cited

    grammar = cited([7], "NO ANSWER")
    for seed in range(3):
        told = "".join(
            model.chat(SOURCED, ChatOptions(temperature=1.5, seed=seed, max_tokens=200, grammar=grammar))
        )
        assert re.fullmatch(r"NO ANSWER|([^\n\[\]]+(\[7\] ?)+[.!?]?[ \n]?)+", told) or "[7]" not in told[-4:]
        assert not re.search(r"\w{3}[.!?]\s+(?!\[)", told)
        assert not re.search(r"\[(?!7\])", told)
    assert answer(model, tiny, hits, grammar=True) == "The lamp is painted red. [1]"


@needs_llama
def test_a_model_in_use_says_so(tiny: Path) -> None:
    model = GgufModel.open(tiny / "tiny-llama.gguf", patience=0.05, threads=1)
    stream = model.chat(SOURCED)
    next(stream)
    with pytest.raises(ModelError, match="still busy"):
        list(model.chat(SOURCED))
    stream.close()
    assert "".join(model.chat(SOURCED, ChatOptions(max_tokens=9))) == "The lamp is painted red. [1]"


@needs_llama
def test_a_prompt_that_does_not_fit_is_refused(model: GgufModel) -> None:
    with pytest.raises(ModelError, match="its context has 512"):
        list(model.chat(messages("lamp " * 600)))


@needs_llama
def test_hits_that_do_not_fit_are_left_out(tiny: Path, make_hit: Callable[..., Hit]) -> None:
    model = GgufModel.open(tiny / "tiny-llama.gguf", context_tokens=128, threads=1)
    hits = [make_hit(f"The lamp number {n} is painted red and was never moved.", 10 - n) for n in range(8)]
    pieces = list(
        prompted(model, PromptOptions(prompt=str(tiny / "prompt.toml"), max_tokens=24))(COLOR, hits)
    )
    detail = pieces[-1].values  # type: ignore[union-attr]
    assert detail["left_out"][-1] == 8
    assert detail["prompt_tokens"] + 24 <= 128 == detail["context_tokens"]
    with pytest.raises(ModelError, match="before any source"):
        list(prompted(model, PromptOptions(max_tokens=24))(COLOR, hits))


@needs_llama
def test_rope_scaling_stretches_the_context(tiny: Path) -> None:
    model = GgufModel.open(
        tiny / "tiny-llama.gguf", context_tokens=1024, rope_scaling="linear", rope_factor=2, threads=1
    )
    assert model.context_tokens == 1024
    assert list(model.chat(messages("lamp " * 300), ChatOptions(max_tokens=2)))


@needs_llama
def test_an_unknown_architecture_is_named(tiny: Path, tmp_path: Path) -> None:
    file = tmp_path / "other.gguf"
    file.write_bytes((tiny / "tiny-llama.gguf").read_bytes().replace(b"llama", b"lhama"))
    with pytest.raises(ModelError, match=r"lhama architecture.*upgrade"):
        GgufModel.open(file)


@needs_llama
def test_a_template_without_a_system_role_gets_its_text_with_the_users(tiny: Path, tmp_path: Path) -> None:
    whole = (tiny / "tiny-llama.gguf").read_bytes()
    template = read_header(tiny / "tiny-llama.gguf")["tokenizer.chat_template"]
    for change in ("{{ raise_exception('no system') }}", ""):
        other = (
            "{% for m in messages %}{% if m.role == 'system' %}"
            + change
            + "{% else %}{{ m.content }}{% endif %}"
        )
        other = (other + "{% endfor %}").ljust(len(template))
        file = tmp_path / "other.gguf"
        file.write_bytes(whole.replace(template.encode(), other.encode()))
        model = GgufModel.open(file, threads=1)
        expected = model.count("Cite.\n\nlamp")
        padding = len(other) - len(other.rstrip())
        found = model.prompt_tokens([Message("system", "Cite."), Message("user", "lamp")])
        assert expected <= found <= expected + padding


@needs_llama
def test_the_pipeline_names_it_in_its_settings(
    tiny: Path, tmp_path: Path, trusted: Callable[[Path], None]
) -> None:
    from rag import Document, Rag
    from rag.testing import WordEmbedder

    (tmp_path / "rag.toml").write_text(
        f"[models.small]\nname = {str(tiny / 'tiny-llama.gguf')!r}\nmax_tokens = 24\n"
        f"[model]\nname = 'small'\n[stages.model]\nprompt = {str(tiny / 'prompt.toml')!r}\n"
    )
    trusted(tmp_path)
    texts = ("The lamp is painted red.", "The gate opens at noon.", "The boat is made of oak.")
    with Rag(tmp_path / "index", embedder=WordEmbedder(4096), generate="model") as rag:
        rag.ingest(Document.make(text, f"{n}.txt") for n, text in enumerate(texts))
        events = list(rag.stream("When does the gate open?"))
        assert [event.text for event in events if event.kind == "text"][:2] == ["The", " gate"]
        answer = events[-1].answer
        assert answer is not None
        assert (answer.text, answer.citations[0].source) == ("The gate opens at noon. [1]", "1.txt")
        assert model_of(rag) is model_of(rag, "gguf"), "loaded once"
