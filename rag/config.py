"""Settings: one frozen tree. A value comes from a flag, else the environment, `rag.toml`, or the default.

`rag.toml` stands beside the index folder. In the environment, `[search] k` is `RAG_SEARCH_K`, and
`[store] url` is `RAG_STORE`. Stages take plain keywords and never see this tree; `rag/rag.py` hands them
their values.
"""

from __future__ import annotations

import inspect
import json
import os
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from rag import trust
from rag.as_toml import parsed_toml
from rag.errors import ConfigError
from rag.options import Amount, Count, Kind, Share, Whole, checked, kinds_of, parsed
from rag.secrets import Url, Variable, guarded, revealed

T = TypeVar("T")
_OPEN = ("models", "stages", "stores")  # sections whose names are the user's
_VARIABLES = {"store.url": "RAG_STORE"}  # those that are not made of section and name
_FIELD = re.compile(r"^    (\w+): [\w\[\], .]+ = (.+?)  # (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class IndexSettings:
    """How a new index is made. An existing one keeps what it was made with."""

    embedder: str = "builtin"  # `builtin`, a folder with model.onnx, or `st:` and a model
    language: str = "auto"  # for stems and stop words: a Snowball name such as `german`, `none`, or `auto`
    lexical: str = "tantivy"  # BM25 engine: `tantivy`, or `rank-bm25` for small corpora


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """Where documents, chunks and vectors live."""

    url: Url = Url()  # postgresql://, lancedb://, s3://, qdrant://, milvus://; empty is the index folder


@dataclass(frozen=True, slots=True)
class IngestSettings:
    """What is read, and under which limits."""

    include: tuple[str, ...] = ()  # patterns; when given, only files that match one are looked at
    exclude: tuple[str, ...] = ()  # patterns of files and folders that do not belong to the index
    gitignore: bool = True  # whether .gitignore files count
    hidden: bool = False  # whether files and folders that begin with a dot are looked at
    workers: int = 0  # processes that parse, and from 2 on as many that embed; 0 parses with one a core
    queue: Url = Url()  # where workers meet: a file or postgresql://; empty: a PostgreSQL store or the index
    ray: Url = Url()  # a Ray cluster that embeds: auto, ray://HOST:PORT, or local for one of its own
    timeout: float = 60.0  # seconds a file may take to parse and cut
    max_megabytes: int = 256  # larger files are reported, not read
    max_pages: int = 100  # of a sitemap; the others are reported
    delay: float = 0.5  # seconds between two requests to a web server
    allow_hosts: tuple[str, ...] = ()  # web servers that may be within a network, such as 127.0.0.1


@dataclass(frozen=True, slots=True)
class ChunkSettings:
    """How documents are cut. Changing these re-cuts a document the next time it is ingested."""

    method: str = "structure"  # structure, fixed, sentences, headings, semantic, code, or `module:function`
    max_tokens: int = 200  # by the embedder's own count, heading path included
    min_tokens: int = 32  # smaller sections and remainders join a neighbour
    overlap: int = 0  # sentences (or tokens, for `fixed`) repeated from the chunk before


@dataclass(frozen=True, slots=True)
class SearchSettings:
    """Question → hits."""

    k: Count = 10  # hits
    augment: tuple[str, ...] = ("spelling", "glossary")  # stages that make queries of the question
    retrieve: str = "hybrid"  # hybrid, dense, lexical, routed, or `module:function`
    depth: Count = 100  # how many chunks each leg brings to the fusion
    fusion: str = "zscore"  # zscore, rrf, minmax, dbsf
    dense_weight: Amount = 1.0  # weight of the dense leg in the fusion
    lexical_weight: Amount = 1.0  # weight of the lexical leg in the fusion
    denoise: tuple[str, ...] = ("rerank", "duplicates", "poison", "voices")  # drop or re-score hits
    read: Whole = 20  # how many hits the reader reads to order them anew
    adapter: str = ""  # map of query vectors: empty is what `rag tune` adopted, `none`, or a folder
    ranker: str = ""  # trained order of hits: empty is what `rag tune` adopted, `none`, or a folder


@dataclass(frozen=True, slots=True)
class AskSettings:
    """Hits → answer."""

    reorder: tuple[str, ...] = ()  # stages that order the hits for the generator
    generate: str = "extractive"  # extractive, model, gguf, hf, hf_reader, openai, or `module:function`
    ground: tuple[str, ...] = ("support", "abstain")  # stages that check the answer and its citations
    reader: str = ""  # folder of the model that reads hits; empty is the one that ships
    sentences: Count = 3  # at most so many sentences in an extractive answer
    abstain_below: Share = 0.3  # confidence under which the sources are said not to answer
    quote_instead: Share = 1.0  # confidence from which a quote replaces a withdrawn draft; 1 is never
    retry: tuple[str, ...] = ()  # tried in turn before a refusal: k=30 for more hits, or an augment stage


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """The language model of the generators `model`, `gguf`, `hf`, `openai`, and of stages that need one."""

    name: str = ""  # a name of `rag models`, a .gguf file, hf:owner/repo/file.gguf, a folder, a hub id
    kind: str = ""  # gguf, hf or openai; empty is what the name looks like
    context_tokens: Whole = 0  # prompt and answer together; 0 is what the model tells, at most 8192
    max_tokens: Count = 512  # of an answer
    temperature: Amount = 0.0  # 0 always writes the same answer
    seed: int = 0  # of sampling, where the temperature is not 0
    timeout: Amount = 120.0  # seconds for a server, or an answer of the same model that does not go on
    gpu_layers: int = 0  # gguf: layers on the GPU; -1 is all
    threads: Whole = 0  # gguf: 0 is half the cores
    rope_scaling: str = ""  # gguf: none, linear or yarn, to stretch the context; empty is what the file says
    rope_factor: Amount = 1.0  # gguf: by how much
    rope_base: Amount = 0.0  # gguf: base frequency; 0 is what the file says
    device: str = ""  # hf: cpu, cuda, mps; empty is the best there is
    dtype: str = "auto"  # hf: auto, float32, bfloat16, float16
    adapter: str = ""  # hf: a PEFT adapter, by folder or hub id; gguf: a LoRA in a GGUF file
    base_url: Url = Url("http://127.0.0.1:8080/v1")  # openai: address of the server's API
    key_env: Variable = Variable("OPENAI_API_KEY")  # openai: the environment variable that holds the key
    tokenizer: str = ""  # openai: a tokenizer.json to count with; without it tokens are estimated
    retries: Whole = 3  # openai: repeats of a failed request


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole tree, one part a section of `rag.toml`."""

    index: IndexSettings = field(default_factory=IndexSettings)
    store: StoreSettings = field(default_factory=StoreSettings)
    ingest: IngestSettings = field(default_factory=IngestSettings)
    chunk: ChunkSettings = field(default_factory=ChunkSettings)
    search: SearchSettings = field(default_factory=SearchSettings)
    ask: AskSettings = field(default_factory=AskSettings)
    model: ModelSettings = field(default_factory=ModelSettings)
    models: Mapping[str, Mapping[str, Any]] = field(
        default_factory=dict
    )  # `[models.NAME]`: a language model that `model.name` may name; keys are those of [model]
    stages: Mapping[str, Mapping[str, Any]] = field(
        default_factory=dict
    )  # `[stages.NAME]`: options of a stage
    stores: Mapping[str, Mapping[str, Any]] = field(
        default_factory=dict
    )  # `[stores.NAME]`: options of a store, such as `[stores.postgres]`


@dataclass(frozen=True, slots=True)
class Resolved:
    """Settings, and where each value came from: `search.k` → `RAG_SEARCH_K`."""

    settings: Settings
    origins: Mapping[str, str]
    path: Path  # the rag.toml that was looked for
    needs: Mapping[str, Any] = field(default_factory=dict)  # what of that file needs trust
    untrusted: frozenset[str] = frozenset()  # of these, those that would count and are not trusted


def resolve_settings(
    index: Path,
    overrides: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] | None = None,
    *,
    looking: bool = False,
) -> Resolved:
    """Puts the tree together. `overrides` maps `section.name` to values (None counts as not given).

    Raises ConfigError for an unknown name, a value of the wrong type, a file that is no TOML, and one that
    sets what needs trust (`rag.trust`) and is not trusted, unless one is only `looking`.
    """
    path = Path(os.path.abspath(index)).parent / "rag.toml"  # noqa: PTH100 (resolve() would follow links)
    file = _read(path)
    needs = trust.needing(file, {name: _as_toml(value) for name, value in flat(Settings()).items()})
    environ = os.environ if environ is None else environ
    overrides = dict(_flattened(overrides or {}))
    origins: dict[str, str] = {}
    sections: dict[str, Any] = {name: _named(file.pop(name, {}), name, path) for name in _OPEN}
    for key in [key for key in overrides if key.partition(".")[0] in _OPEN]:
        opened, name, value = _opened(key, overrides.pop(key), sections)
        sections[opened] = {**sections[opened], name: value}
    for section in fields(Settings):
        if section.name in _OPEN:
            continue
        part = get_type_hints(Settings)[section.name]
        kinds = setting_kinds(part)
        values: dict[str, Any] = {}
        given = file.pop(section.name, {})
        if not isinstance(given, dict):
            raise ConfigError(
                f"{path}: {section.name} is {_kind(given)}, expected a section [{section.name}]"
            )
        for name, kind in kinds.items():
            key = f"{section.name}.{name}"
            variable = _VARIABLES.get(key, f"RAG_{section.name}_{name}".upper())
            if key in overrides:
                values[name], origins[key] = checked(f"{key} (flag)", overrides.pop(key), kind), "flag"
            elif variable in environ:
                values[name], origins[key] = parsed(f"{key} ({variable})", environ[variable], kind), variable
            elif name in given:
                values[name], origins[key] = checked(f"{key} ({path})", given[name], kind), str(path)
            else:
                origins[key] = "default"
            given.pop(name, None)
        _refuse_unknown(given, f"{path}: [{section.name}]", kinds)
        sections[section.name] = part(**values)
    _refuse_unknown(file, str(path), get_type_hints(Settings))
    _refuse_unknown(overrides, "settings", origins)
    used = {name: value for name, value in needs.items() if origins.get(name, str(path)) == str(path)}
    if not looking:
        trust.require(path, needs, used)
    needs = {name: guarded(name, value) for name, value in needs.items()}
    untrusted = frozenset() if trust.is_trusted(path, needs) else frozenset(used)
    sections |= {name: guarded(name, sections[name]) for name in _OPEN}
    return Resolved(Settings(**sections), origins, path, needs, untrusted)


def _as_toml(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else revealed(value)


def _flattened(overrides: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Settings by full name, whole sections taken apart: `{"search": {"k": 5}}` says `search.k`."""
    sections = {section.name for section in fields(Settings)}
    for key, value in overrides.items():
        if value is None:
            continue
        if key in sections and isinstance(value, Mapping):
            yield from ((f"{key}.{name}", inner) for name, inner in value.items() if inner is not None)
        elif key in sections:
            raise ConfigError(
                f"{key} is {_kind(value)}, expected a mapping of its settings, such as {key}.NAME"
            )
        else:
            yield key, value


def _opened(key: str, value: Any, sections: Mapping[str, Any]) -> tuple[str, str, dict[str, Any]]:
    """Section, name and options of `stages.NAME` with a mapping, or of `stages.NAME.OPTION` with a value."""
    opened, _, rest = key.partition(".")
    name, dot, option = rest.rpartition(".") if not isinstance(value, Mapping) else (rest, "", "")
    if dot and name:
        return opened, name, {**sections[opened].get(name, {}), option: value}
    if not isinstance(value, Mapping) or not rest:
        raise ConfigError(
            f"{key} is {_kind(value)}, expected its options as a mapping, or {opened}.NAME.OPTION"
        )
    return opened, rest, dict(value)


def flat(settings: Settings) -> dict[str, Any]:
    """Every value by its full name: `search.k` → 10."""
    values: dict[str, Any] = {}
    for section in fields(settings):
        part = getattr(settings, section.name)
        if is_dataclass(part):
            values.update({f"{section.name}.{f.name}": getattr(part, f.name) for f in fields(part)})
    for kind in _OPEN:
        values.update({f"{kind}.{name}": dict(keys) for name, keys in getattr(settings, kind).items()})
    return values


def setting_kinds(section: type) -> dict[str, Kind]:
    """What each field of a section may be."""
    return {name: kind for name, kind in kinds_of(section).items() if kind is not None}


def checked_section(where: str, given: Mapping[str, Any], section: type[T]) -> T:
    """A section's values as its dataclass. Raises ConfigError for an unknown name or a wrong value."""
    kinds = setting_kinds(section)
    _refuse_unknown({name: value for name, value in given.items() if name not in kinds}, where, kinds)
    return section(**{name: checked(f"{where}.{name}", value, kinds[name]) for name, value in given.items()})


def set_in_file(index: Path, name: str, text: str) -> Path:
    """Writes a setting, given as text, into the rag.toml beside an index. Returns the file.

    All other lines stay. Raises ConfigError for an unknown setting, a value that it cannot have, and a file
    in which it cannot be set line by line.
    """
    section, _, key = name.rpartition(".")
    value = _value_of(name, text)
    path = resolve_settings(index, {name: value}, environ={}, looking=True).path
    before = _read(path)
    wanted = {**before, **_put(before, section.split("."), key, value)}
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    written = (
        "\n".join(_with_line(lines, section, key, f"{key} = {json.dumps(value, ensure_ascii=False)}")) + "\n"
    )
    try:
        done = parsed_toml(written)
    except tomllib.TOMLDecodeError:
        done = {}
    if done != wanted:
        raise ConfigError(
            f"{name} cannot be set in {path} line by line, the way it is written: edit the file"
        )
    try:
        beside = path.with_name(path.name + ".new")
        beside.write_text(written, "utf-8")
        beside.replace(path)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written ({error.strerror}): mend its permissions") from error
    return path


def _value_of(name: str, text: str) -> Any:
    """The value of a setting as TOML has it, read off a command line."""
    section, _, key = name.rpartition(".")
    kind = get_type_hints(Settings).get(section)
    if isinstance(kind, type) and key in (kinds := setting_kinds(kind)):
        return _as_toml(parsed(name, text, kinds[key]))
    if section.partition(".")[0] not in _OPEN or "." not in section:
        raise ConfigError(f"{name} is no setting: `rag config show` lists all, beside [stages.NAME]")
    if section.startswith("models."):  # the keys of [model]
        return _value_of(f"model.{key}", text)
    try:
        return parsed_toml(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _put(values: Mapping[str, Any], sections: Sequence[str], key: str, value: Any) -> dict[str, Any]:
    """The outermost section with a value set in it or in one within."""
    first, *rest = sections
    inner = values.get(first, {})
    return {first: {**inner, **(_put(inner, rest, key, value) if rest else {key: value})}}


def _with_line(lines: Sequence[str], section: str, key: str, line: str) -> list[str]:
    """The lines of a TOML file with one set: in place of the old one, else at the end of its section."""
    heads = [at for at, one in enumerate(lines) if one.strip().startswith("[")]
    own = next((at for at in heads if lines[at].partition("#")[0].strip() == f"[{section}]"), None)
    if own is None:
        return [*lines, *([""] if lines else []), f"[{section}]", line]
    end = next((at for at in heads if at > own), len(lines))
    for at in range(own + 1, end):
        if re.match(rf"\s*{re.escape(key)}\s*=", lines[at]):
            return [*lines[:at], line, *lines[at + 1 :]]
    while end > own + 1 and not lines[end - 1].strip():
        end -= 1
    return [*lines[:end], line, *lines[end:]]


def _read(path: Path) -> dict[str, Any]:
    try:
        return parsed_toml(path.read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is no TOML: {error}") from error
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror}): mend its permissions") from error


def _named(value: Any, section: str, path: Path) -> dict[str, dict[str, Any]]:
    if not isinstance(value, dict):
        raise ConfigError(f"{path}: {section} is {_kind(value)}, expected sections [{section}.NAME]")
    if wrong := [name for name, options in value.items() if not isinstance(options, dict)]:
        raise ConfigError(f"{path}: [{section}] holds {', '.join(wrong)}, expected sections [{section}.NAME]")
    return value


def _kind(value: Any) -> str:
    """What stands where a section belongs: its type, since it may be an address or a key."""
    names = {"str": "a text", "dict": "a table", "list": "a list"}
    return names.get(type(value).__name__, type(value).__name__)


def _refuse_unknown(given: Mapping[str, Any], where: str, known: Mapping[str, Any]) -> None:
    if given:
        names = ", ".join(sorted(map(str, given)))
        raise ConfigError(f"{where}: unknown {names}; known are {', '.join(sorted(known))}")


def described() -> Iterator[tuple[str, str, str]]:
    """Every setting as (full name, default as TOML, what it means), read off the comments above."""
    for section, kind in get_type_hints(Settings).items():
        if section not in _OPEN:
            for name, default, meaning in _FIELD.findall(inspect.getsource(kind)):
                toml = (
                    re.sub(r"^\((.*?),?\)$", r"[\1]", re.sub(r'^(?:Url|Variable)\((".*")\)$', r"\1", default))
                    .replace("True", "true")
                    .replace("False", "false")
                    .replace("Url()", '""')
                )
                yield f"{section}.{name}", toml, meaning


def template() -> str:
    """A rag.toml that says everything and changes nothing: every default, commented out."""
    lines, last = ["# Settings of the index beside this file. Remove a # to change a value."], ""
    for key, default, meaning in described():
        section, _, name = key.partition(".")
        if section != last:
            lines += ["", f"[{section}]"]
            last = section
        lines += [f"# {meaning}", f"# {name} = {default}"]
    return "\n".join(lines) + "\n"
