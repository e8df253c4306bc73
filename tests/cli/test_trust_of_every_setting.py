"""Of every setting there is it is decided what a settings file that nobody trusts may do with it.

Whoever adds a setting, or an option of a stage, adds it here: to what is free, or to what it could do.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from typer.testing import CliRunner

from rag import Rag, trust
from rag.cli import app
from rag.config import ModelSettings, Settings, described, flat, resolve_settings, setting_kinds
from rag.errors import ConfigError, RagError, StageError
from rag.options import Kind
from rag.pipeline import registry
from rag.testing import WordEmbedder
from rag.types import Document

FREE = {
    *("index.language", "ingest.include", "ingest.exclude"),
    *("chunk.max_tokens", "chunk.min_tokens", "chunk.overlap"),
    *("search.k", "search.depth", "search.dense_weight", "search.lexical_weight", "search.read"),
    *("ask.sentences", "ask.abstain_below", "ask.quote_instead"),
}
"""Numbers and patterns of search and chunking, and the language, which is one of a list or an error."""
BY_NAME = {
    *("index.embedder", "index.lexical", "chunk.method"),
    *("search.augment", "search.retrieve", "search.fusion", "search.denoise", "search.adapter"),
    *("search.ranker", "ask.reorder", "ask.generate", "ask.ground"),
}
"""Names of parts: those that ship and reach no model, file or server."""
REFUSED = {
    "runs code, or a model that the file brings": {
        *("model.name", "model.kind", "model.adapter", "model.rope_scaling", "model.rope_factor"),
        *("model.rope_base", "model.device", "model.dtype", "ask.reader", "ask.retry"),
    },
    "reads other files": {
        *("ingest.hidden", "ingest.gitignore", "ingest.max_megabytes", "model.tokenizer"),
    },
    "writes elsewhere": {"store.url", "ingest.queue"},
    "leaves the machine": {
        *("ingest.ray", "ingest.allow_hosts", "ingest.delay", "ingest.max_pages", "model.base_url"),
        *("model.key_env", "model.retries"),
    },
    "takes time, memory or money": {
        *("ingest.workers", "ingest.timeout", "model.context_tokens", "model.max_tokens"),
        *("model.temperature", "model.seed", "model.timeout", "model.gpu_layers", "model.threads"),
    },
}
FREE_OF_STAGES = {
    "feedback": {"read", "alpha", "terms"},
    "glossary": {"weight", "margin", "most"},
    "history": {"max_tokens"},
    "memory": {"least", "pull", "most"},
    "spelling": {"read"},
    "dense": {"depth"},
    "hybrid": {"depth", "dense_weight", "lexical_weight"},
    "lexical": {"depth"},
    "routed": {"depth", "dense_weight", "lexical_weight", "read", "least"},
    "compress": {"share", "around", "tokens"},
    "conflicts": {"read", "least"},
    "corrections": {"least"},
    "duplicates": {"similarity"},
    "mmr": {"relevance"},
    "poison": {"near"},
    "rerank": {"read_depth", "weight"},
    "signals": {"recency", "half_life", "prefer_weight"},
    "threshold": {"quantile", "at"},
    "voices": {"read", "least", "same", "margin"},
    "neighbours": {"gap"},
    "extractive": {"sentences", "read"},
    "abstain": {"abstain_below"},
    "relevant": {"below"},
    "support": {"below"},
    "unsure": {"below", "read"},
}
OF_A_MODEL = {"max_tokens", "temperature", "seed", "prompt", "form", "examples", "shots", "read"}
REFUSED_OF_STAGES = {
    "decompose": {"n", "weight", "max_tokens", "prompt"},
    "history": {"rewrite", "prompt"},
    "hyde": {"n", "weight", "max_tokens", "prompt"},
    "instruction": {"instruction"},
    "multi_query": {"n", "weight", "max_tokens", "prompt"},
    "rewrite": {"weight", "max_tokens", "prompt"},
    "dense": {"fusion"},
    "hybrid": {"fusion"},
    "lexical": {"fusion"},
    "routed": {"fusion", "by"},
    "conflicts": {"weigh"},
    "cross_encoder": {"model", "device", "batch", "weight"},
    "listwise": {"read", "prompt"},
    "poison": {"copies", "trusted"},
    "signals": {"prefer"},
    "extractive": {"yes_no", "findings"},
    "gguf": {"grammar", *OF_A_MODEL},
    "model": {"grammar", *OF_A_MODEL},
    "openai": {"grammar", *OF_A_MODEL},
    "hf": OF_A_MODEL,
    "hf_reader": {"model", "sentences", "read"},
    "consensus": {"samples", "utility", "temperature"},
    "semantic_entropy": {"samples", "most", "temperature", "alike", "max_tokens", "prompt"},
    "support": {"policy"},
}
HOSTILE_TEXTS = (
    *(
        "os:system",
        "/etc/passwd",
        "../../elsewhere",
        "~/.ssh/id_rsa",
        "https://evil.example/v1",
        "st:owner/m",
    ),
    *("AWS_SECRET_ACCESS_KEY", "file:///etc/passwd", "local", "\x1b]0;owned\x07", "hf:o/r/f.gguf", ".", "*"),
)


def settings_of_sections() -> dict[str, Kind]:
    """Every setting of the schema with its kind, but for the sections whose names are the user's."""
    return {
        f"{section}.{name}": kind
        for section, part in get_type_hints(Settings).items()
        if section not in ("models", "stages", "stores")
        for name, kind in setting_kinds(part).items()
    }


def options_of_stages() -> dict[tuple[str, str], Kind]:
    found = {}
    for kind in ("augment", "retrieve", "denoise", "reorder", "generate", "ground", "when"):
        for name in registry.names(kind):
            options = registry._settable(registry._keywords(registry._builder(kind, name))[0])
            for option, of in options.items():
                assert of is not None, f"[stages.{name}] {option} may be anything"
                found[name, option] = of
    return found


def values_of(kind: Kind, default: Any = None) -> Iterator[Any]:
    """Values that a setting of this kind takes, other than its default."""
    if kind.type is bool:
        yield from ([not default] if isinstance(default, bool) else [True, False])
    elif kind.type in (int, float):
        least = kind.bounds.least if kind.bounds.least > -1e9 else 0
        for value in (least, least + 0.5 if kind.type is float else least + 1, 3):
            if kind.bounds.hold(value) and value != default:
                yield kind.type(value)
    elif kind.type is tuple:
        yield from ([text] for text in HOSTILE_TEXTS)
        yield list(HOSTILE_TEXTS)
    else:
        yield from HOSTILE_TEXTS


def written(folder: Path, section: str, key: str, value: Any) -> Path:
    """A settings file that sets this alone. Text as JSON is text as TOML, with DEL and C1 escaped."""
    (folder / "rag.toml").write_text(f"[{section}]\n{key} = {json.dumps(value)}\n")
    return folder / ".rag"


def refusal(index: Path, named: str) -> None:
    """One message, which names the file, the setting and the way out."""
    with pytest.raises(ConfigError) as raised:
        resolve_settings(index, environ={})
    said = str(raised.value)
    file = index.parent / "rag.toml"
    assert said.startswith(f"{file} sets {named}, and you have not trusted it"), said
    assert said.count("`rag trust ") == 1
    assert "\n" not in said


def test_every_setting_is_decided() -> None:
    decided = [*FREE, *BY_NAME, *(name for names in REFUSED.values() for name in names)]
    assert len(decided) == len(set(decided)), "decided twice"
    assert set(decided) == set(settings_of_sections()) == {name for name, _, _ in described()}
    assert set(flat(Settings())) == set(decided), "a section that is not gone over"
    assert set(trust.NAMED) == BY_NAME


def test_every_option_of_a_stage_is_decided() -> None:
    free = {(stage, name) for stage, names in FREE_OF_STAGES.items() for name in names}
    refused = {(stage, name) for stage, names in REFUSED_OF_STAGES.items() for name in names}
    assert free & refused == set()
    assert free | refused == set(options_of_stages())


@pytest.mark.parametrize("why", REFUSED)
def test_what_a_strange_file_may_not_set(why: str, tmp_path: Path) -> None:
    kinds, defaults = settings_of_sections(), flat(Settings())
    for full in sorted(REFUSED[why]):
        section, _, key = full.partition(".")
        tried = list(values_of(kinds[full], defaults[full]))
        assert tried
        for value in tried:
            refusal(written(tmp_path, section, key, value), full)
    code = CliRunner().invoke(app, ["search", "x", "--index", str(tmp_path / ".rag")])
    assert code.exit_code == 2
    assert code.output.startswith(f"rag: {tmp_path / 'rag.toml'} sets {full}, ")
    assert "Traceback" not in code.output


@pytest.mark.parametrize("full", sorted(BY_NAME))
def test_what_a_strange_file_may_name(full: str, tmp_path: Path) -> None:
    section, _, key = full.partition(".")
    listed = settings_of_sections()[full].type is tuple
    for name in trust.NAMED[full]:
        resolve_settings(written(tmp_path, section, key, name), environ={})
        near = [f"{name}:f", f"./{name}", f"{name}\x00", f"{name} if os:system", f"{name} if hyde"]
        for other in [*near, f"{name},os:system", *HOSTILE_TEXTS]:
            refusal(written(tmp_path, section, key, other), full)
            if listed:
                refusal(written(tmp_path, section, key, [name, other]), full)


def test_what_a_strange_file_may_tell_a_stage(tmp_path: Path) -> None:
    for (stage, option), kind in options_of_stages().items():
        free = option in FREE_OF_STAGES.get(stage, ())
        for value in values_of(kind):
            index = written(tmp_path, f"stages.{stage}", option, value)
            if free:
                assert resolve_settings(index, environ={}).settings.stages[stage][option] == value
            else:
                refusal(index, f"stages.{stage}.{option}")


@pytest.mark.parametrize(
    "section", ["models.mine", "stores.qdrant", "stages.of_another", "stages.voices.deeper"]
)
def test_sections_whose_names_are_the_users(section: str, tmp_path: Path) -> None:
    for key in (*setting_kinds(ModelSettings), "url", "api_key", "weight"):
        for value in (1, 0.5, True, "x", ["x"]):
            refusal(written(tmp_path, section, key, value), f"{section}.{key}")


LANGUAGES = ("/etc/passwd", "../x", "os:system", "\x1b]0;owned\x07", "klingon", "english ")
EXTREMES = (2**63 - 1, 10**9, -1, -(2**63), 1.7e308, 5e-324, float("inf"), float("-inf"), float("nan"))


KINDS = ("search.augment", "search.retrieve", "search.denoise", "ask.reorder", "ask.generate", "ask.ground")


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small")
    with Rag(folder / ".rag", embedder=WordEmbedder()) as rag:
        rag.ingest(
            [
                Document.make(f"The lamp {number} is red. It stands in hall {number}.", f"{number}.txt")
                for number in range(12)
            ]
        )
    return folder


def answered(folder: Path, text: str) -> str:
    """What comes of a question under this settings file: the number of hits, or the error."""
    (folder / "rag.toml").write_text(text)
    try:
        with Rag(folder / ".rag", embedder=WordEmbedder()) as rag:
            rag.ingest(Document.make("A new lamp is blue. It stands in the yard.", "new.txt"))
            hits = rag.ask("Where does the blue lamp stand?").hits
            return f"{len(hits)} hits"
    except StageError:
        raise
    except RagError as error:
        return str(error)
    finally:
        (folder / "rag.toml").unlink()


def toml(value: float) -> str:
    return str(value) if isinstance(value, int) else repr(value)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("full", sorted(FREE - {"index.language", "ingest.include", "ingest.exclude"}))
def test_no_number_that_is_free_takes_the_machine(full: str, small: Path) -> None:
    """An answer or a message, at once, whatever the number; never what another library says of it."""
    section, _, key = full.partition(".")
    for value in EXTREMES:
        said = answered(small, f"[{section}]\n{key} = {toml(value)}\n")
        assert said.endswith(" hits") or key in said or "weights" in said, (value, said)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("stage", sorted(FREE_OF_STAGES))
def test_no_number_of_a_stage_takes_the_machine(stage: str, small: Path) -> None:
    setting = next(
        name
        for name in (
            "search.augment",
            "search.retrieve",
            "search.denoise",
            "ask.reorder",
            "ask.generate",
            "ask.ground",
        )
        if stage in trust.NAMED[name] or (stage == "unsure" and name == "search.augment")
    )
    section, _, key = setting.partition(".")
    named = "spelling if unsure" if stage == "unsure" else stage
    for option in FREE_OF_STAGES[stage]:
        for value in EXTREMES:
            said = answered(
                small, f'[{section}]\n{key} = "{named}"\n[stages.{stage}]\n{option} = {toml(value)}\n'
            )
            assert said.endswith(" hits") or option in said or "weights" in said, (option, value, said)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_that_is_none_is_an_error_and_no_path(language: str, tmp_path: Path) -> None:
    (tmp_path / "rag.toml").write_text(f"[index]\nlanguage = {json.dumps(language)}\n")
    made = Rag(tmp_path / ".rag", embedder=WordEmbedder())
    with made as rag, pytest.raises(ConfigError, match="no stemmer for the language"):
        rag.ingest(Document.make("The lamp is red.", "a.txt"))


@pytest.mark.parametrize("value", ["9" * 30, "9" * 9_000, "0x" + "f" * 9_000, "-" + "9" * 30, "[" * 3_000])
def test_a_file_that_cannot_be_read_as_toml_is_one_error(value: str, tmp_path: Path) -> None:
    for line in (f"[search]\nk = {value}", f"[stages.voices]\nread = {value}", f"[anything]\nx = {value}"):
        (tmp_path / "rag.toml").write_text(line + "]" * value.count("[") + "\n")
        with pytest.raises(ConfigError, match="is no TOML: ") as raised:
            resolve_settings(tmp_path / ".rag", environ={})
        assert len(str(raised.value)) < 1_000


def test_a_number_of_a_program_that_no_float_holds_is_one_error(tmp_path: Path) -> None:
    for value in (10**400, -(10**400), 10**5_000):
        with pytest.raises(ConfigError, match=r"search\.dense_weight \(flag\) is .{1,60}, expected"):
            resolve_settings(tmp_path / ".rag", {"search.dense_weight": value}, environ={})
