"""Options of stages: what they may be, and what is said of those that are not; stages that fail."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import pytest

from rag import Answer, Document, Hit, Question, Rag
from rag.config import resolve_settings
from rag.doctor import examine
from rag.errors import ConfigError, StageError
from rag.llm.chat import DEFAULTS, ChatOptions
from rag.options import Amount, Bounds, Count, Share, Whole, annotations_of, checked, kind_of, parsed
from rag.pipeline.registry import check, names, part
from rag.stores import VectorStore
from rag.testing import WordEmbedder
from rag.trace import name_of
from tests.stages.small import hit


@pytest.fixture
def rag(tmp_path: Path) -> Iterator[Rag]:
    with Rag(tmp_path / "index", embedder=WordEmbedder(64)) as rag:
        rag.ingest(Document.make("The lamp is red. The ferry leaves at eight.", "a.txt"))
        yield rag


@pytest.mark.parametrize(
    ("annotation", "value", "made"),
    [
        (float, 1, 1.0),
        (Share, 1, 1.0),
        (Share, 0.25, 0.25),
        (Count, 1, 1),
        (Whole, 0, 0),
        (bool, True, True),
        (str | None, "x", "x"),
        (Sequence[str], "docs/*", ("docs/*",)),
        (Sequence[str], ["a", "b"], ("a", "b")),
        (int, 3, 3),
        (tuple[str, ...], "a", ("a",)),
        (float | None, 1, 1.0),
        (Annotated[int, Bounds(2)], 2, 2),
        (Annotated[Share, "a note"], 1, 1.0),
        (Annotated[float, Bounds(above=0, most=1)], 1, 1.0),
    ],
)
def test_what_an_option_may_be(annotation: Any, value: Any, made: Any) -> None:
    kind = kind_of(annotation)
    assert kind is not None
    found = checked("x", value, kind)
    assert found == made
    assert type(found) is type(made)


@pytest.mark.parametrize(
    ("annotation", "value", "told"),
    [
        (float, "a", "a number"),
        (float, True, "a number"),
        (int, 1.5, "a whole number"),
        (int, True, "a whole number"),
        (bool, "yes", "true or false"),
        (bool, 1, "true or false"),
        (str, 3, "a text"),
        (Share, 7, "a number from 0 to 1"),
        (Share, float("nan"), "a number from 0 to 1"),
        (Amount, -0.1, "a number, 0 or more"),
        (Count, 0, "a whole number, 1 or more"),
        (Whole, -1, "a whole number, 0 or more"),
        (Sequence[str], 3, "a list of texts"),
        (Sequence[str], ["a", 3], "a list of texts"),
        (Annotated[int, Bounds(2)], 1, "a whole number, 2 or more"),
        (Annotated[float, Bounds(above=0, most=1)], 0, "a number above 0, up to 1"),
        (Annotated[float, Bounds(above=0)], 0, "a number above 0"),
    ],
)
def test_what_it_may_not_be(annotation: Any, value: Any, told: str) -> None:
    kind = kind_of(annotation)
    assert kind is not None
    with pytest.raises(ConfigError, match=f"x is .*, expected {told}$"):
        checked("x", value, kind)


def test_what_the_pipeline_gives_cannot_be_set() -> None:
    assert kind_of(VectorStore) is None
    assert kind_of("VectorStore") is None
    for kind, stage, option in (
        ("denoise", "cross_encoder", "offline"),
        ("denoise", "poison", "store"),
        ("ground", "abstain", "reader"),
        ("generate", "model", "open_model"),
    ):
        with pytest.raises(
            ConfigError, match=rf"\[stages\.{stage}\] has no option {option}; it knows "
        ) as told:
            check(kind, stage, {stage: {option: "x"}})
        assert option not in str(told.value).partition("it knows")[2].replace(",", "").split()


@pytest.mark.parametrize("kind", ["augment", "denoise", "reorder", "ground", "generate", "retrieve"])
def test_every_built_in_stage_has_a_builder_whose_options_can_be_checked(kind: str) -> None:
    for name in names(kind):
        assert check(kind, name, {}) == {}
        with pytest.raises(ConfigError, match="has no option nonsense"):
            check(kind, name, {name: {"nonsense": 1}})


def _theirs(store: object, ratio: float = 0.5, limits: dict[str, int] | None = None) -> Any:
    return store, ratio, limits


def test_a_third_party_may_have_options_of_any_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rag.pipeline.registry._builder", lambda kind, name: _theirs)
    options = {"theirs": {"limits": {"a": 1}, "ratio": 1}}
    assert part("denoise", "theirs", {"store": lambda: "store"}, options) == ("store", 1.0, {"a": 1})
    with pytest.raises(ConfigError, match=r"\[stages\.theirs\] ratio is 'x', expected a number"):
        check("denoise", "theirs", {"theirs": {"ratio": "x"}})


THEIRS = """
from rag.options import Share
from rag.stores import VectorStore


class Build:
    def __init__(self, store: VectorStore, least: Share = 0.5):
        self.least = least


def build(store: VectorStore, least: Share = 0.5, other: "Share" = 0.5):
    return least
"""


@pytest.mark.parametrize("first", ["", "from __future__ import annotations\n"])
def test_bounds_hold_for_a_third_party_however_it_writes_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    name = f"theirs_{'later' if first else 'now'}"
    (tmp_path / f"{name}.py").write_text(first + THEIRS)
    monkeypatch.syspath_prepend(str(tmp_path))
    module = importlib.import_module(name)
    for build, option in ((module.build, "least"), (module.build, "other"), (module.Build, "least")):
        monkeypatch.setattr("rag.pipeline.registry._builder", lambda kind, name, build=build: build)
        assert check("denoise", "theirs", {"theirs": {option: 1}}) == {option: 1.0}
        with pytest.raises(
            ConfigError, match=rf"\[stages\.theirs\] {option} is 7, expected a number from 0 to 1"
        ):
            check("denoise", "theirs", {"theirs": {option: 7}})


@pytest.mark.parametrize(
    ("kind", "stage", "option", "value"),
    [
        ("augment", "feedback", "alpha", 2),
        ("augment", "feedback", "read", 0),
        ("augment", "memory", "pull", 2),
        ("denoise", "compress", "tokens", 1.5),
        ("denoise", "compress", "share", 2),
        ("denoise", "compress", "around", -1),
        ("denoise", "cross_encoder", "weight", 0),
        ("denoise", "mmr", "relevance", 1.1),
        ("denoise", "threshold", "quantile", 2),
        ("ground", "semantic_entropy", "samples", 1),
        ("retrieve", "hybrid", "depth", 0),
        ("retrieve", "hybrid", "dense_weight", -1),
    ],
)
def test_the_bounds_of_stages(kind: str, stage: str, option: str, value: float) -> None:
    with pytest.raises(ConfigError, match=rf"\[stages\.{stage}\] {option} is {value}, expected a "):
        check(kind, stage, {stage: {option: value}})


def test_a_type_that_only_checkers_see_is_left_alone() -> None:
    def build(store: Nowhere, least: Share = 0.5) -> None: ...  # type: ignore[name-defined] # noqa: F821

    assert annotations_of(build) == {"store": "Nowhere", "least": Share}


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("3", Count, 3),
        ("0.5", Share, 0.5),
        ("a, b,", tuple[str, ...], ("a", "b")),
        ('["a", "b,c"]', tuple[str, ...], ("a", "b,c")),
        ("[ab]*.md, [0-9]", tuple[str, ...], ("[ab]*.md", "[0-9]")),
        ("[1]", tuple[str, ...], ("[1]",)),
        ("YES", bool, True),
    ],
)
def test_values_given_as_text(text: str, kind: Any, value: Any) -> None:
    wanted = kind_of(kind)
    assert wanted is not None
    assert parsed("x", text, wanted) == value


@pytest.mark.parametrize(("text", "kind"), [("0", Count), ("1.5", Share), ("many", int), ("maybe", bool)])
def test_text_that_is_no_such_value(text: str, kind: Any) -> None:
    wanted = kind_of(kind)
    assert wanted is not None
    with pytest.raises(ConfigError, match=f"x is {text!r}|x is {text}, expected"):
        parsed("x", text, wanted)


def test_a_stage_keeps_its_own_tokens_and_temperature() -> None:
    """The settings of [model] are for the generator: who samples at 0 always agrees with himself."""
    seen: dict[str, list[dict[str, Any]]] = {}

    class Spy:
        name, context_tokens, control = "spy", 4096, ()

        def __init__(self, stage: str) -> None:
            self.asked = seen.setdefault(stage, [])

        def count(self, text: str) -> int:
            return len(text.split())

        def prompt_tokens(self, messages: Any) -> int:
            return 10

        def chat(self, messages: Any, options: ChatOptions = DEFAULTS) -> Iterator[str]:
            self.asked.append(asdict(options))
            yield "The lamp is red. [1]"

    def built(kind: str, stage: str) -> Any:
        offered = {
            "open_model": lambda: lambda _: Spy(stage),
            "embedder": lambda: WordEmbedder(64),
            "reader": lambda: None,  # equal answers are not compared by it
            "options.max_tokens": lambda: 300,
            "options.temperature": lambda: 0.0,
        }
        return part(kind, stage, offered)

    lamp = hit("The lamp is red.")
    list(built("generate", "model")(Question("What color?"), [lamp]))
    for stage in ("hyde", "rewrite", "multi_query"):
        built("augment", stage)(Question("What color?"))
    answer = Answer("What color?", "Red.", hits=(lamp,))
    built("ground", "semantic_entropy")(Question("What color?"), answer)
    assert [one["max_tokens"] for one in seen["model"]] == [300]
    assert [seen[stage][0]["max_tokens"] for stage in ("hyde", "rewrite", "multi_query")] == [160, 64, 128]
    assert {one["temperature"] for one in seen["semantic_entropy"]} == {0.8}
    assert len({one["seed"] for one in seen["semantic_entropy"]}) == 5


def test_a_wrong_option_is_told_before_anything_is_asked(rag: Rag) -> None:
    for kind, stage, option, value in (
        ("denoise", "rerank", "weight", 7),
        ("denoise", "poison", "trusted", 3),
        ("ground", "support", "below", "x"),
        ("generate", "extractive", "read", 0),
    ):
        named: Any = stage if kind == "generate" else [stage]
        bad = rag.variant(settings={f"stages.{stage}": {option: value}}, **{kind: named})
        with pytest.raises(ConfigError, match=rf"\[stages\.{stage}\] {option} is {value!r}, expected"):
            next(iter(bad.stream("What color is the lamp?")))


@pytest.mark.parametrize(
    ("key", "value"), [("search.k", 0), ("ask.abstain_below", 1.5), ("model.max_tokens", -1)]
)
def test_settings_have_bounds_too(tmp_path: Path, key: str, value: float) -> None:
    with pytest.raises(ConfigError, match=rf"{key} \(flag\) is {value}, expected a"):
        resolve_settings(tmp_path / "index", {key: value})


def _none(*_: Any) -> None:
    return None


def _text(*_: Any) -> str:
    return "hits"


def _broken(question: Question, hits: Sequence[Hit]) -> Sequence[Hit]:
    return [hits[99]]


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ({"augment": [_none]}, "the augment stage _none returned NoneType, expected a Question"),
        ({"denoise": [_text]}, "the denoise stage _text returned str, expected a sequence of hits"),
        ({"retrieve": _none}, "the retrieve stage _none returned NoneType, expected a sequence of hits"),
        ({"reorder": [_broken]}, "the reorder stage _broken failed: IndexError: list index out of range"),
        (
            {"generate": _none},
            "the generate stage _none failed: TypeError: 'NoneType' object is not iterable",
        ),
        ({"ground": [_none]}, "the ground stage _none returned NoneType, expected an Answer"),
    ],
)
def test_a_stage_that_fails_is_named(rag: Rag, parts: dict[str, Any], told: str) -> None:
    with pytest.raises(StageError) as failure:
        rag.variant(**parts).ask("What color is the lamp?")
    assert str(failure.value).startswith(told)


def test_the_doctor_names_stages_that_cannot_be_made_and_options_that_nobody_reads(
    tmp_path: Path, trusted: Callable[[Path], None]
) -> None:
    with Rag(tmp_path / "index") as rag:
        rag.ingest(Document.make("The lamp is red.", "a.txt"))
    (tmp_path / "rag.toml").write_text(
        '[search]\ndenoise = ["nope", "rerank"]\n[stages.rerank]\nweight = 9\n[stages.rerankk]\nweight = 1\n'
    )
    trusted(tmp_path)
    found = {one.what: one.level for one in examine(tmp_path / "index")}
    assert any("no denoise stage named 'nope'" in what and level == "error" for what, level in found.items())
    assert any("[stages.rerank] weight is 9" in what and level == "error" for what, level in found.items())
    assert any("[stages.rerankk]" in what and level == "note" for what, level in found.items())


def test_an_answer_survives_what_is_right(rag: Rag) -> None:
    answer: Answer = rag.variant(settings={"stages.poison": {"trusted": "a.*"}}).ask(
        "What color is the lamp?"
    )
    assert "red" in answer.text


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"stages": {"rerank": {"weight": "x"}}}, r"\[stages.rerank\] weight is 'x'"),
        ({"stages.rerank.weight": "x"}, r"\[stages.rerank\] weight is 'x'"),
        ({"stages.rerank": 5}, "stages.rerank is int, expected its options as a mapping"),
        ({"stages.rerank": [("weight", 0.5)]}, "expected its options as a mapping"),
        ({"stages": 5}, "stages is int, expected a mapping"),
        ({"search": {"k": "x"}}, r"search\.k \(flag\) is 'x'"),
        ({"search": {"nothing": 1}}, "unknown search.nothing"),
    ],
)
def test_options_in_other_shapes_are_checked_like_those_in_files(
    rag: Rag, settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        _ = rag.variant(settings, denoise=["rerank"]).denoise


def test_options_in_other_shapes_count(rag: Rag, tmp_path: Path) -> None:
    (tmp_path / "rag.toml").write_text("[stages.rerank]\nread_depth = 3\n")
    shapes: list[dict[str, Any]] = [
        {"stages.rerank.weight": 0.2},
        {"stages": {"rerank": {"weight": 0.2, "read_depth": 3}}},
    ]
    for shape in shapes:
        settings = Rag(tmp_path / "i", settings={**shape, "search": {"k": 4}}).settings
        assert settings.stages["rerank"] == {"weight": 0.2, "read_depth": 3}
        assert settings.search.k == 4
    assert [name_of(one) for one in rag.variant(denoise="duplicates").denoise] == ["duplicates"]
    with pytest.raises(ConfigError, match="denoise is given 5, expected a name"):
        _ = rag.variant(denoise=[5]).denoise
