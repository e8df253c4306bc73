"""GGUF files, run in this process by llama.cpp (extra `[gguf]`, the package llama-cpp-python).

The chat template is the file's own. The keys and values of a prompt's beginning that was read before are kept
and not computed again, so the fixed part of a prompt and worked examples cost once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import takewhile
from operator import eq
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.errors import ConfigError, MissingExtra, ModelError
from rag.progress import READING, Progress, is_watched, tell

from .chat import DEFAULTS, ChatOptions, Message
from .gguf_header import read_header
from .grammar import from_schema
from .local import Turns, check_room, plain, rendered

if TYPE_CHECKING:
    from rag.config import ModelSettings

ADAPTER = "adapter.gguf"
"""The adapter's file in the folder that `rag tune generator --gguf` writes."""
_MOST_CONTEXT = 8192  # of a model trained for more, unless more is asked for: memory grows with it
_READ_AT_ONCE = 128  # tokens of a prompt, where it is told how far it is: a second or so of a small processor
_ROPE = {"none": 0, "linear": 1, "yarn": 2}


class GgufModel:
    """A `ChatModel` over a GGUF file. One answer at a time; a second caller waits for the first."""

    def __init__(self, llama: Any, name: str, context_tokens: int, patience: float = 120.0) -> None:
        self._llama, self._name = llama, name
        self._context_tokens, self._turns = context_tokens, Turns(name, patience)
        self._last: list[int] = []
        self.reused = 0
        """How many tokens of the last prompt were taken from the one before it."""

    @classmethod
    def open(
        cls,
        path: str | Path,
        *,
        adapter: str = "",
        context_tokens: int = 0,
        gpu_layers: int = 0,
        threads: int = 0,
        rope_scaling: str = "",
        rope_factor: float = 1.0,
        rope_base: float = 0.0,
        seed: int = 0,
        patience: float = 120.0,
    ) -> GgufModel:
        """Loads a file, and a LoRA adapter in GGUF on top of it where one is named.

        `context_tokens` 0 is what it was trained for, at most 8,192; `gpu_layers` -1 is all.

        `rope_scaling` (linear or yarn) stretches the trained context by `rope_factor`; `rope_base` replaces
        the base frequency. Raises MissingExtra without llama-cpp-python, ModelError for a file that cannot be
        loaded, ConfigError for a context beyond what the model was trained for without `rope_scaling`.
        """
        path = Path(path).expanduser()
        header = read_header(path)
        lora = _adapter(adapter, header, path) if adapter else None
        context = _context(header, path, context_tokens, rope_scaling, rope_factor)
        try:
            from llama_cpp import Llama
        except ImportError as error:
            raise MissingExtra(f"the model {path.name}", "gguf") from error
        try:
            llama = Llama(
                str(path),
                n_ctx=context,
                n_gpu_layers=gpu_layers,
                n_threads=threads or None,
                n_threads_batch=threads or None,
                rope_scaling_type=_ROPE[rope_scaling] if rope_scaling else None,
                rope_freq_scale=1 / rope_factor if rope_scaling else 0.0,
                rope_freq_base=rope_base,
                lora_path=lora,
                seed=seed,
                verbose=False,
            )
        except (ValueError, RuntimeError, OSError) as error:
            raise ModelError(
                f"llama.cpp cannot load {path} ({header.get('general.architecture', 'no')} architecture): "
                f"{error}. Where the architecture is newer than your llama-cpp-python, upgrade that; else "
                "download the file again, or lower model.context_tokens or gpu_layers if memory is short."
            ) from error
        return cls(llama, path.stem, context, patience)

    @property
    def name(self) -> str:
        return self._name

    @property
    def context_tokens(self) -> int:
        return self._context_tokens

    @property
    def evaluated(self) -> int:
        """How many tokens of prompts llama.cpp has computed since the file was opened, by its own count.

        It counts one for none, and the last token of a prompt that is wholly reused as one of the answer.
        """
        import llama_cpp

        return int(llama_cpp.llama_perf_context(self._llama.ctx).n_p_eval)

    @cached_property
    def control(self) -> tuple[str, ...]:
        """The control tokens of the file's vocabulary."""
        import llama_cpp

        vocabulary = llama_cpp.llama_model_get_vocab(self._llama.model)
        return tuple(
            llama_cpp.llama_vocab_get_text(vocabulary, token).decode("utf-8", "replace")
            for token in range(self._llama.n_vocab())
            if llama_cpp.llama_vocab_is_control(vocabulary, token)
        )

    def count(self, text: str) -> int:
        return len(self._llama.tokenize(text.encode(), add_bos=False, special=False))

    def prompt_tokens(self, messages: Sequence[Message]) -> int:
        return len(self._tokens(messages))

    def chat(self, messages: Sequence[Message], options: ChatOptions = DEFAULTS) -> Iterator[str]:
        tokens = self._tokens(messages)
        schema = from_schema(options.schema) if options.schema else ""
        check_room(self._name, len(tokens), self.context_tokens)
        with self._turns.held():
            self.reused = sum(1 for _ in takewhile(bool, map(eq, tokens, self._last)))
            self._last = tokens
            try:
                self._read(tokens)
                for step in self._llama.create_completion(
                    list(tokens),
                    max_tokens=options.max_tokens,
                    stop=list(options.stop),
                    temperature=options.temperature,
                    seed=options.seed,
                    grammar=_grammar(options.grammar or schema),
                    stream=True,
                ):
                    self._turns.went_on()
                    if piece := step["choices"][0]["text"]:
                        yield piece
            except (ValueError, RuntimeError) as error:
                raise ModelError(f"{self._name} failed while it wrote: {error}") from error

    def log_likelihood(self, messages: Sequence[Message], answer: str) -> float:
        """log P(answer | messages), a mean over the answer's tokens."""
        import llama_cpp
        import numpy as np

        tokens = self._tokens(messages)
        told = self._llama.tokenize(answer.encode(), add_bos=False, special=False)
        check_room(self._name, len(tokens) + len(told), self.context_tokens)
        total = 0.0
        with self._turns.held():
            held = self._llama.input_ids[: self._llama.n_tokens].tolist()
            kept = min(sum(1 for _ in takewhile(bool, map(eq, tokens, held))), len(tokens) - 1)
            self._last, self._llama.n_tokens = [], kept
            try:
                self._llama.eval(tokens[kept:])
                for token in told:
                    given = llama_cpp.llama_get_logits(self._llama.ctx)
                    logits = np.ctypeslib.as_array(given, shape=(self._llama.n_vocab(),)).astype(np.float64)
                    most = logits.max()
                    total += logits[token] - most - np.log(np.exp(logits - most).sum())
                    self._llama.eval([token])
            except (ValueError, RuntimeError) as error:
                raise ModelError(f"{self._name} failed while it read: {error}") from error
            self._last = [*tokens, *told]
        return total / max(len(told), 1)

    def _read(self, tokens: Sequence[int]) -> None:
        """Reads a prompt piece by piece where somebody watches, all but its end, and tells how far it is."""
        if not is_watched():
            return
        for end in range(self.reused, len(tokens), _READ_AT_ONCE):
            tell(Progress(READING, end, len(tokens)))
            self._turns.went_on()
            if end > self.reused:
                next(iter(self._llama.generate(list(tokens[:end]), temp=0.0)))

    def _tokens(self, messages: Sequence[Message]) -> list[int]:
        text = plain(messages) if self._template is None else rendered(self._template, messages, self._name)
        bos = self._text_of(self._llama.token_bos())
        begun = bool(bos) and text.startswith(bos)
        return list(self._llama.tokenize(text.encode(), add_bos=not begun, special=True))

    @cached_property
    def _template(self) -> Callable[[list[dict[str, str]]], str] | None:
        template = self._llama.metadata.get("tokenizer.chat_template")
        if not template:
            return None
        from llama_cpp.llama_chat_format import Jinja2ChatFormatter

        formatter = Jinja2ChatFormatter(
            template=template,
            bos_token=self._text_of(self._llama.token_bos()),
            eos_token=self._text_of(self._llama.token_eos()),
        )
        return lambda messages: str(formatter(messages=messages).prompt)

    def _text_of(self, token: int) -> str:
        import llama_cpp

        if token < 0:
            return ""
        vocabulary = llama_cpp.llama_model_get_vocab(self._llama.model)
        return str(llama_cpp.llama_vocab_get_text(vocabulary, token).decode("utf-8", "replace"))


def _context(header: Mapping[str, Any], path: Path, wanted: int, scaling: str, factor: float) -> int:
    """How many tokens the context gets. Raises ConfigError for what the model cannot do."""
    if scaling and scaling not in _ROPE:
        raise ConfigError(f"rope_scaling is {scaling!r}, expected none, linear or yarn")
    architecture = header.get("general.architecture", "")
    trained = int(header.get(f"{architecture}.context_length", 0)) or _MOST_CONTEXT
    reach = int(trained * (factor if scaling else 1))
    if wanted > reach and f"{architecture}.rope.scaling.type" not in header:
        raise ConfigError(
            f"context_tokens is {wanted}, but {path.name} was trained for {trained}: lower it, or set "
            f'rope_scaling = "yarn" and rope_factor = {wanted / trained:.2g}'
        )
    return wanted or min(reach, _MOST_CONTEXT)


def _adapter(adapter: str, header: Mapping[str, Any], path: Path) -> str:
    """The path of the adapter's file. Raises ModelError for another kind of file or another architecture."""
    file = Path(adapter).expanduser()
    if file.is_dir() and (file / ADAPTER).is_file():
        file = file / ADAPTER
    if not file.is_file():
        raise ModelError(
            f"the adapter {adapter} of {path.name} is no file: llama.cpp takes a LoRA in GGUF, as `rag tune "
            "generator --gguf` writes it; a PEFT folder needs its base as a folder too, with model.kind hf"
        )
    own = read_header(file)
    if own.get("general.type") != "adapter":
        raise ModelError(f"{file} is no adapter, but a GGUF file of another kind: name it by model.name")
    made, architecture = own.get("general.architecture"), header.get("general.architecture")
    if made != architecture:
        raise ModelError(f"the adapter {file} is for {made} models, and {path.name} is {architecture}")
    return str(file)


def _grammar(text: str) -> Any:
    if not text:
        return None
    from llama_cpp import LlamaGrammar

    return LlamaGrammar.from_string(text, verbose=False)


def opened(settings: ModelSettings, offline: bool) -> GgufModel:
    """The model of complete settings."""
    from .download import gguf_path

    return GgufModel.open(
        gguf_path(settings.name, offline=offline),
        adapter=settings.adapter,
        context_tokens=settings.context_tokens,
        gpu_layers=settings.gpu_layers,
        threads=settings.threads,
        rope_scaling=settings.rope_scaling,
        rope_factor=settings.rope_factor,
        rope_base=settings.rope_base,
        seed=settings.seed,
        patience=settings.timeout,
    )
