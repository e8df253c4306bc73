"""Hugging Face models, run for real: the tiny Llama of the fixtures, and random ones of other kinds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rag.errors import ConfigError, ModelError
from rag.generate.prompted import PromptOptions, prompted
from rag.llm.chat import ChatModel, ChatOptions, Message
from rag.types import Hit, Question

torch = pytest.importorskip("torch", reason="pip install 'footnote-rag[hf]'")
transformers = pytest.importorskip("transformers", reason="pip install 'footnote-rag[hf]'")

from rag.llm.hf import HfModel  # noqa: E402 (after the skips)

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
COLOR = Question("What color is the lamp?")


@pytest.fixture(scope="module")
def model(tiny: Path) -> HfModel:
    return HfModel.open(tiny / "hf", dtype="float32", device="cpu", offline=True)


def answer(model: ChatModel, tiny: Path, hits: list[Hit], question: Question = COLOR, **options: Any) -> str:
    generator = prompted(
        model, PromptOptions(prompt=str(tiny / "prompt.toml"), **{"max_tokens": 32, **options})
    )
    return "".join(piece for piece in generator(question, hits) if isinstance(piece, str))


def test_it_is_a_chat_model_that_tells_what_it_is(model: HfModel) -> None:
    assert isinstance(model, ChatModel)
    assert (model.name, model.context_tokens) == ("hf", 512)
    assert set(model.control) >= {"<|end|>", "<|system|>", "<|user|>", "<|assistant|>"}


def test_it_answers_from_its_context_and_cites(model: HfModel, tiny: Path, hits: list[Hit]) -> None:
    assert answer(model, tiny, hits) == "The lamp is painted red. [1]"
    assert answer(model, tiny, hits[::-1]) == "The lamp is painted red. [3]"
    assert answer(model, tiny, hits, Question("When does the gate open?")) == "The gate opens at noon. [2]"


def test_its_refusal_is_no_text(model: HfModel, tiny: Path, hits: list[Hit]) -> None:
    assert answer(model, tiny, hits[1:], Question("What color is the lamp?")) == ""


def test_it_streams_and_stops(model: HfModel) -> None:
    asked = messages("<source 1>\nThe lamp is painted red.\n</source 1>\nWhat color is the lamp?")
    pieces = list(model.chat(asked, ChatOptions(max_tokens=32)))
    assert len(pieces) > 3
    assert "".join(model.chat(asked, ChatOptions(max_tokens=32, stop=["painted"]))) == "The lamp is "
    assert len("".join(model.chat(asked, ChatOptions(max_tokens=2))).split()) <= 2


def test_a_stream_that_is_closed_frees_the_model(model: HfModel) -> None:
    asked = messages("<source 1>\nThe lamp is painted red.\n</source 1>\nWhat color is the lamp?")
    stream = model.chat(asked, ChatOptions(max_tokens=200))
    next(stream)
    stream.close()
    assert "".join(model.chat(asked, ChatOptions(max_tokens=32))).startswith("The lamp")


def test_a_model_in_use_says_so(tiny: Path) -> None:
    model = HfModel.open(tiny / "hf", offline=True, dtype="float32", patience=0.05)
    stream = model.chat(messages("What color is the lamp?"))
    next(stream)
    with pytest.raises(ModelError, match="still busy"):
        list(model.chat(messages("What color is the gate?")))
    stream.close()


def test_sampling_is_fixed_by_its_seed(model: HfModel) -> None:
    asked = messages("What color is the lamp?")
    told = {
        seed: "".join(model.chat(asked, ChatOptions(temperature=5.0, seed=seed, max_tokens=12)))
        for seed in (1, 2)
    }
    assert told[1] == "".join(model.chat(asked, ChatOptions(temperature=5.0, seed=1, max_tokens=12)))
    assert told[1] != told[2]


def test_tokens_are_counted_by_its_own_tokenizer(model: HfModel) -> None:
    assert model.count("") == 0
    # The vocabulary has the words of the templates whole, with the space before them.
    assert model.count(" lamp is painted red") == 4
    asked = messages("lamp")
    assert model.prompt_tokens(asked) > model.count("Cite.") + model.count("lamp")


def test_a_prompt_that_does_not_fit_is_refused(model: HfModel) -> None:
    with pytest.raises(ModelError, match="its context has 512"):
        list(model.chat(messages("lamp " * 600)))


def test_a_template_without_a_system_role_gets_its_text_with_the_users(tiny: Path) -> None:
    model = HfModel.open(tiny / "hf", offline=True, dtype="float32")
    model._tokenizer.chat_template = (
        "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no system role') }}{% endif %}"
        "<{{ m.role }}>{{ m.content }}{% endfor %}"
    )
    ids = model._encoded([Message("system", "Cite."), Message("user", "lamp")])["input_ids"]
    assert model._tokenizer.decode(ids) == "<user>Cite.\n\nlamp"
    model._tokenizer.chat_template = "{{ raise_exception('nothing suits me') }}"
    with pytest.raises(ModelError, match="nothing suits me"):
        model.prompt_tokens([Message("system", "Cite."), Message("user", "lamp")])
    model._tokenizer.chat_template = None
    ids = model._encoded([Message("system", "Cite."), Message("user", "lamp")])["input_ids"]
    assert model._tokenizer.decode(ids) == "Cite.\n\nlamp\n\n"


def test_hits_that_do_not_fit_are_left_out(tiny: Path, make_hit: Callable[..., Hit]) -> None:
    model = HfModel.open(tiny / "hf", offline=True, dtype="float32", context_tokens=120)
    hits = [make_hit(f"The lamp number {n} is painted red and was never moved.", 10 - n) for n in range(8)]
    pieces = list(
        prompted(model, PromptOptions(prompt=str(tiny / "prompt.toml"), max_tokens=24))(COLOR, hits)
    )
    detail = pieces[-1].values  # type: ignore[union-attr]
    assert detail["sources"] == list(range(1, 1 + len(detail["sources"])))
    assert detail["left_out"][-1] == 8
    assert detail["prompt_tokens"] + 24 <= 120


def messages(text: str) -> list[Message]:
    return [Message("system", "Answer from the sources. Cite [n]."), Message("user", text)]


# ------------------------------------------------------------------------------- other kinds of model


@pytest.fixture(scope="module")
def random_model(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Any], Path]:
    """Saves a model with random weights beside the tiny tokenizer."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(tiny / "hf")

    def make(model: Any) -> Path:
        folder = tmp_path_factory.mktemp(type(model).__name__)
        model.save_pretrained(folder, safe_serialization=True)
        tokenizer.save_pretrained(folder)
        return folder

    return make


def size(tiny: Path) -> int:
    return len(transformers.AutoTokenizer.from_pretrained(tiny / "hf"))


def test_a_seq2seq_model_writes_too(tiny: Path, random_model: Callable[[Any], Path]) -> None:
    torch.manual_seed(0)
    config = transformers.T5Config(
        vocab_size=size(tiny), d_model=32, d_ff=32, d_kv=8, num_layers=1, num_heads=2,
        decoder_start_token_id=0, eos_token_id=1, pad_token_id=0,
    )  # fmt: skip
    model = HfModel.open(random_model(transformers.T5ForConditionalGeneration(config)), offline=True)
    told = "".join(model.chat(messages("lamp"), ChatOptions(max_tokens=6)))
    assert told == "".join(model.chat(messages("lamp"), ChatOptions(max_tokens=6)))


def test_a_peft_adapter_changes_what_is_written(tiny: Path, tmp_path: Path, model: HfModel) -> None:
    peft = pytest.importorskip("peft", reason="pip install 'footnote-rag[hf]'")
    torch.manual_seed(0)
    base = transformers.AutoModelForCausalLM.from_pretrained(tiny / "hf", dtype=torch.float32)
    adapted = peft.get_peft_model(
        base, peft.LoraConfig(r=4, target_modules=["q_proj", "v_proj"], init_lora_weights=False)
    )
    adapted.save_pretrained(tmp_path / "adapter", safe_serialization=True)
    other = HfModel.open(tiny / "hf", adapter=str(tmp_path / "adapter"), offline=True, dtype="float32")
    asked = messages("<source 1>\nThe lamp is painted red.\n</source 1>\nWhat color is the lamp?")
    assert "".join(other.chat(asked, ChatOptions(max_tokens=16))) != "".join(
        model.chat(asked, ChatOptions(max_tokens=16))
    )
    (tmp_path / "adapter" / "adapter_model.safetensors").unlink()
    with pytest.raises(ModelError, match=r"no adapter_model\.safetensors"):
        HfModel.open(tiny / "hf", adapter=str(tmp_path / "adapter"), offline=True)


def test_a_question_answering_model_quotes(
    tiny: Path, hits: list[Hit], random_model: Callable[[Any], Path]
) -> None:
    from rag.generate import Quote
    from rag.generate.hf_reader import HfReader

    torch.manual_seed(0)
    config = transformers.DistilBertConfig(
        vocab_size=size(tiny), dim=32, hidden_dim=32, n_layers=1, n_heads=2
    )
    folder = random_model(transformers.DistilBertForQuestionAnswering(config))
    quotes = list(HfReader.open(folder, offline=True, sentences=2)(COLOR, hits))
    assert 1 <= len(quotes) <= 2
    for quote in quotes:
        assert isinstance(quote, Quote)
        text = hits[quote.hit].chunk.text
        assert text[quote.start : quote.end] == text, "each hit is one sentence"
        assert 0 < quote.score < 1
    assert list(HfReader.open(folder, offline=True)(COLOR, [])) == []
    with pytest.raises(ModelError, match="--generate hf_reader"):
        HfModel.open(folder, offline=True)


def test_what_cannot_be_loaded_is_one_clear_error(tiny: Path, tmp_path: Path) -> None:
    from rag.generate.hf_reader import HfReader

    with pytest.raises(ModelError, match="cannot be loaded on this machine"):
        HfModel.open(tmp_path / "nothing", offline=True)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match=r"Expected a folder with config\.json"):
        HfModel.open(tmp_path / "empty", offline=True)
    with pytest.raises(ModelError, match="question-answering model"):
        HfReader.open(tmp_path / "empty", offline=True)
    with pytest.raises(ConfigError, match="dtype is 'float9'"):
        HfModel.open(tiny / "hf", dtype="float9")


def test_pickled_weights_are_never_read(tiny: Path, tmp_path: Path) -> None:
    folder = tmp_path / "pickled"
    folder.mkdir()
    for file in (tiny / "hf").iterdir():
        if file.suffix != ".safetensors":
            (folder / file.name).write_bytes(file.read_bytes())
    torch.save({}, folder / "pytorch_model.bin")
    with pytest.raises(ModelError, match="safetensors"):
        HfModel.open(folder, offline=True)


def test_the_pipeline_names_it_in_its_settings(
    tiny: Path, tmp_path: Path, trusted: Callable[[Path], None]
) -> None:
    from rag import Document, Rag
    from rag.testing import WordEmbedder

    settings = {
        "model.name": str(tiny / "hf"),
        "model.dtype": "float32",
        "model.max_tokens": 24,
        "ask.ground": ["support", "abstain"],
    }
    (tmp_path / "rag.toml").write_text(f"[stages.hf]\nprompt = {str(tiny / 'prompt.toml')!r}\n")
    trusted(tmp_path)
    texts = ("The lamp is painted red.", "The gate opens at noon.", "The boat is made of oak.")
    with Rag(
        tmp_path / "index", embedder=WordEmbedder(4096), generate="hf", settings=settings, offline=True
    ) as rag:
        rag.ingest(Document.make(text, f"{n}.txt") for n, text in enumerate(texts))
        answer = rag.ask("When does the gate open?")
        assert answer.text == "The gate opens at noon. [1]"
        assert answer.citations[0].source == "1.txt"
        record = next(record for record in answer.trace if record.stage == "generate")
        assert record.name == "hf"
        assert record.detail["sources"] == [1, 2, 3]
        assert rag.ask("Who owns the tower?").abstained
