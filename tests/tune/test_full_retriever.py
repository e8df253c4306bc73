"""`rag tune retriever --method full`: the embedder tuned, exported, judged, and taken by --reembed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rag import Document, Rag
from rag.embedding.onnx import OnnxEmbedder
from rag.errors import ConfigError, ModelError
from rag.evaluate import Case, QuestionSet
from rag.evaluate.questions.judgements import match
from rag.pipeline.adopted import Card, adopted
from rag.tune.pairs import Pair, pairs
from rag.tune.retriever import RetrieverOptions, tune_retriever, without_false_negatives
from rag.tune.tuning import Options

from .test_worked_example import JARGON, THINGS, WORDS

torch = pytest.importorskip("torch", reason="needs footnote-rag[tune]")
pytest.importorskip("onnx", reason="needs footnote-rag[tune]")
pytest.importorskip("transformers", reason="needs footnote-rag[tune]")

from rag.tune import contrastive  # noqa: E402
from rag.tune.contrastive import Plan, Row, also_right, batches  # noqa: E402
from rag.tune.embedder_weights import built_in, opened, prompts_of, saved  # noqa: E402

SETTINGS: dict[str, Any] = {"search.augment": [], "search.denoise": [], "index.language": "english"}
FULL = RetrieverOptions("full", plan=Plan(epochs=4, rate=2e-4, batch=12))
KEEP = Options(doubtful="keep")


def questions() -> QuestionSet:
    """A trade's own words for what the notes say otherwise; see the worked example."""
    cases = [
        Case(f"{word}-{thing}", f"Who helps me {jargon} the {thing}?", relevant={f"{word}-{thing}": 1.0})
        for thing in THINGS
        for jargon, word in zip(JARGON, WORDS, strict=True)
    ]
    return QuestionSet("workshop", tuple(cases))


@contextmanager
def workshop(folder: Path) -> Iterator[Rag]:
    with Rag(folder / "index", settings=SETTINGS) as rag:
        if not rag.exists:
            rag.ingest(
                Document.make(f"To {word} the {thing}, ask the keeper.", f"{word}-{thing}")
                for thing in THINGS
                for word in WORDS
            )
        yield rag


@pytest.fixture
def tiny(base: Path, tmp_path: Path) -> Path:
    """A sentence-transformers folder of the tiny encoder."""
    folder = tmp_path / "tiny"
    shutil.copytree(base, folder)
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text('{"pooling_mode_mean_tokens": true}')
    (folder / "sentence_bert_config.json").write_text('{"max_seq_length": 64}')
    prompts = {"prompts": {"query": "query: ", "passage": "passage: "}}
    (folder / "config_sentence_transformers.json").write_text(json.dumps(prompts))
    return folder


def test_a_trade_s_words_are_learned_and_count_after_reembed(tmp_path: Path) -> None:
    out = tmp_path / "my-embedder"
    with workshop(tmp_path) as rag:
        before = rag.embedder.fingerprint
        tuned = tune_retriever(rag, questions(), replace(FULL, out=str(out)), options=KEEP)
    assert tuned.verdict.adopted, str(tuned)
    assert tuned.verdict.gain is not None
    assert tuned.verdict.gain.difference.low > 0.05
    assert f"rag ingest --reembed --embedder {out} --index" in str(tuned)
    assert not adopted(tmp_path / "index")  # nothing counts before that
    with workshop(tmp_path) as rag:
        assert rag.embedder.fingerprint == before
    made = OnnxEmbedder.open(out)
    made.verify()
    assert made.fingerprint == Card.read(out).embedder != before
    from rag.ingest.reembed import reembed

    with Rag(tmp_path / "index", embedder=str(out), settings=SETTINGS) as rag:
        reembed(rag)
    with workshop(tmp_path) as rag:  # as the command says
        assert rag.embedder.fingerprint == made.fingerprint
        held = tuned.sides.held
        first = [rag.search(case.question)[0].chunk.source == case.id for case in held]
        assert sum(first) / len(held) > 0.5


def test_shuffled_labels_end_in_discarded(tmp_path: Path) -> None:
    with workshop(tmp_path) as rag:
        wrong = Options(doubtful="keep", shuffled=1.0)
        tuned = tune_retriever(rag, questions(), replace(FULL, plan=Plan(epochs=1)), options=wrong)
    assert not tuned.verdict.adopted
    assert str(tuned.verdict).startswith("discarded: ")


def test_the_embedder_that_ships_is_read_back(tmp_path: Path) -> None:
    folder = built_in(tmp_path / "base")
    from tokenizers import Tokenizer

    from rag.tune.embedder_weights import embedded, tokenised

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    texts = ["The library opens at nine.", "a word " * 300]
    with torch.no_grad():
        rows = embedded(opened(folder).eval(), *tokenised(tokenizer, texts, 256)).numpy()
    assert ((rows * OnnxEmbedder.open().embed(texts)).sum(axis=1) > 0.985).all()


def test_a_stopped_run_goes_on_to_the_same_end(tiny: Path, tmp_path: Path) -> None:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(tiny / "tokenizer.json"))
    tokenizer.no_padding()
    with workshop(tmp_path) as rag:
        cases = questions().cases[:24]
        mined = pairs(rag, cases, match(cases, rag.store))
    plan = Plan(epochs=3, batch=8, save_seconds=0.0, rate=1e-3)

    def trained(name: str, most: int = 99) -> list[float]:
        def watch(step: int, steps: int, loss: float) -> None:
            if step > most:
                raise KeyboardInterrupt

        return contrastive.train(
            opened(tiny), tokenizer, mined, plan, tmp_path / name, limit=64, prompts={}, watch=watch
        )

    with pytest.raises(KeyboardInterrupt):
        trained("stopped", 4)
    whole = trained("whole")
    assert len(whole) == 9
    assert trained("stopped") == pytest.approx(whole, rel=1e-4)


def test_a_folder_of_the_user_is_tuned_with_its_prompts(tiny: Path, tmp_path: Path) -> None:
    assert prompts_of(tiny) == {"query": "query: ", "document": "passage: "}
    given = replace(FULL, base=str(tiny), plan=Plan(epochs=1))
    with workshop(tmp_path) as rag:
        tuned = tune_retriever(rag, questions(), given, options=KEEP)
    assert tuned.verdict.gain is not None
    told = json.loads((tuned.place / "embedder.json").read_text())
    assert told["prompts"] == {"query": "query: ", "document": "passage: "}
    assert told["dim"] == 4
    assert Card.read(tuned.place).options["base"] == str(tiny)


def test_what_was_tuned_is_saved_as_its_base_was(tiny: Path, tmp_path: Path) -> None:
    encoder = opened(tiny)
    with torch.no_grad():
        encoder.embeddings.position_embeddings.weight += 1
    saved(encoder, tiny, tmp_path / "saved")
    assert {path.name for path in tiny.iterdir()} <= {path.name for path in (tmp_path / "saved").iterdir()}
    again = opened(tmp_path / "saved").embeddings.position_embeddings.weight
    assert torch.equal(again, encoder.embeddings.position_embeddings.weight)


def test_passages_of_the_same_document_are_no_negatives_of_a_batch() -> None:
    chunks = [Document.make(f"{name} text", name) for name in "abc"]

    def chunk(document: Document) -> Any:
        from rag.chunking.chunks import make_chunks
        from rag.types import Span

        return make_chunks(document, [Span(0, len(document.text))])[0]

    a, b, c = map(chunk, chunks)
    rows = [
        Row(Pair(Case("1", "?"), "a", (a,), (1.0,), (b,)), (a, b)),
        Row(Pair(Case("2", "?"), "b", (b, c), (1.0, 1.0), ()), (c,)),
    ]
    assert also_right(rows, [a, c, b]) == [[False, False, False], [False, False, True]]


def test_every_question_is_in_a_pass_once() -> None:
    made = [Pair(Case(str(n), "?"), str(n), ("p",), (1.0,), ("n", "m", "o")) for n in range(17)]  # type: ignore[arg-type]
    steps = batches(made, Plan(batch=8), 0)
    assert [len(step) for step in steps] == [8, 9]
    assert sorted(int(row.pair.case.id) for step in steps for row in step) == list(range(17))
    assert {len(row.chunks) for step in steps for row in step} == {3}
    assert steps == batches(made, Plan(batch=8), 0)
    assert steps != batches(made, Plan(batch=8), 1)


def test_what_the_reader_finds_to_answer_is_no_negative(tmp_path: Path) -> None:
    texts = {
        "gold": "The old mill was built by Ada Brown in 1801.",
        "twin": "Ada Brown built the old mill.",
        "near": "The old mill stands by the river and is open on Sundays.",
    }
    case = Case("1", "Who built the old mill?", (), {"gold": 1.0})
    with Rag(tmp_path / "index", settings=SETTINGS) as rag:
        rag.ingest(Document.make(text, name) for name, text in texts.items())
        (mined,) = pairs(rag, [case], match([case], rag.store))
        assert {chunk.source for chunk in mined.negatives} == {"twin", "near"}
        by_name = {chunk.source: chunk for chunk in mined.negatives}
        wrong = replace(mined, positives=(by_name["near"],), negatives=(by_name["twin"],))
        right = replace(mined, negatives=(by_name["near"],))
        kept, dropped = without_false_negatives(rag, [wrong, right])
    assert dropped == 1
    assert [pair.negatives for pair in kept] == [(), (by_name["near"],)]


def test_bad_options_and_bases_are_one_clear_error_each(tmp_path: Path) -> None:
    wrong = {
        "method is 'half'": RetrieverOptions("half"),
        "leave --method full out": RetrieverOptions("full", preference="model.gguf"),
        "belong to --method full": RetrieverOptions(base="folder"),
    }
    with workshop(tmp_path) as rag:
        for why, given in wrong.items():
            with pytest.raises(ConfigError, match=why):
                tune_retriever(rag, questions(), given)
        with pytest.raises(ModelError, match=r"none has no model\.safetensors; expected the folder of"):
            tune_retriever(rag, questions(), RetrieverOptions("full", base=str(tmp_path / "none")))
