"""Hugging Face models, run in this process by transformers (extra `[hf]`): causal, or seq2seq.

A folder or a hub id; a PEFT adapter may lie on top. Only safetensors are read, and code from a model is never
run. A question-answering model quotes instead of writing: see `rag/generate/hf_reader.py`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.errors import ConfigError, MissingExtra, ModelError, said

from .chat import DEFAULTS, ChatOptions, Message
from .local import Turns, check_room, plain, rendered
from .stream import until

if TYPE_CHECKING:
    from rag.config import ModelSettings

_MOST_CONTEXT = 8192
_SILENCE = 600.0  # seconds without a token after which a model counts as stuck


class HfModel:
    """A `ChatModel` over a transformers model. One answer at a time; a second caller waits for the first."""

    def __init__(
        self, model: Any, tokenizer: Any, name: str, context_tokens: int, patience: float = 120.0
    ) -> None:
        self._model, self._tokenizer, self._name = model, tokenizer, name
        self._context_tokens, self._turns = context_tokens, Turns(name, patience)

    @classmethod
    def open(
        cls,
        model: str | Path,
        *,
        adapter: str = "",
        context_tokens: int = 0,
        device: str = "",
        dtype: str = "auto",
        offline: bool = False,
        patience: float = 120.0,
    ) -> HfModel:
        """Loads a folder or hub id, and a PEFT adapter on top of it where one is named.

        `device` is cpu, cuda, mps, …, or the best there is; `dtype` auto, float32, bfloat16 or float16.
        Raises MissingExtra without transformers, ModelError for a model that cannot be loaded or that is
        made for something else than writing.
        """
        torch, transformers = libraries(model)
        if dtype != "auto" and not isinstance(getattr(torch, dtype, None), torch.dtype):
            raise ConfigError(f"dtype is {dtype!r}, expected auto, float32, bfloat16 or float16")
        options = {"local_files_only": offline, "trust_remote_code": False}
        with _loading(model, offline):
            config = transformers.AutoConfig.from_pretrained(str(model), **options)
            _check_kind(config, model)
            kind = (
                transformers.AutoModelForSeq2SeqLM
                if config.is_encoder_decoder
                else transformers.AutoModelForCausalLM
            )
            tokenizer = transformers.AutoTokenizer.from_pretrained(str(model), **options)
            loaded = kind.from_pretrained(
                str(model),
                dtype=dtype if dtype == "auto" else getattr(torch, dtype),
                use_safetensors=True,
                **options,
            )
        if adapter:
            from .hf_adapter import with_adapter

            loaded = with_adapter(loaded, adapter, offline=offline)
        chosen = device or _best_device(torch)
        try:
            loaded = loaded.to(chosen).eval()
        except (AssertionError, RuntimeError) as error:  # what torch raises where it has no such device
            raise ModelError(f"{model} cannot be put on {chosen!r}: {error}. Change model.device.") from error
        name = Path(model).name if Path(model).is_dir() else str(model)
        return cls(loaded, tokenizer, name, context_tokens or _trained_for(config, tokenizer), patience)

    @property
    def name(self) -> str:
        return self._name

    @property
    def network(self) -> Any:
        """The transformers model itself, for those that train it."""
        return self._model

    @property
    def tokenizer(self) -> Any:
        """Its tokenizer, as transformers has it."""
        return self._tokenizer

    def prompt_ids(self, messages: Sequence[Message]) -> list[int]:
        """The tokens of the prompt that the messages become, chat template included."""
        ids: list[int] = self._encoded(messages)["input_ids"]
        return ids

    @property
    def context_tokens(self) -> int:
        return self._context_tokens

    @cached_property
    def control(self) -> tuple[str, ...]:
        return tuple(
            str(token.content) for token in self._tokenizer.added_tokens_decoder.values() if token.special
        )

    def count(self, text: str) -> int:
        return len(self._tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"])

    def prompt_tokens(self, messages: Sequence[Message]) -> int:
        return len(self.prompt_ids(messages))

    def chat(self, messages: Sequence[Message], options: ChatOptions = DEFAULTS) -> Iterator[str]:
        encoded = self._encoded(messages)
        check_room(self._name, len(encoded["input_ids"]), self._context_tokens)
        with self._turns.held():
            for piece in until(self._stream(encoded, options), options.stop):
                self._turns.went_on()
                yield piece

    def log_likelihood(self, messages: Sequence[Message], answer: str) -> float:
        """log P(answer | messages), a mean over the answer's tokens. ModelError for a seq2seq model."""
        import torch

        if self._model.config.is_encoder_decoder:
            raise ModelError(f"{self._name} is a seq2seq model: what it finds likely is asked of causal ones")
        prompt = self.prompt_ids(messages)
        told = self._tokenizer(answer, add_special_tokens=False, verbose=False)["input_ids"]
        check_room(self._name, len(prompt) + len(told), self._context_tokens)
        if not told:
            return 0.0
        with self._turns.held(), torch.inference_mode():
            ids = torch.tensor([prompt + told], device=self._model.device)
            logits = self._model(input_ids=ids).logits[0, len(prompt) - 1 : -1].float()
            rows = torch.log_softmax(logits, -1)
            return float(rows[torch.arange(len(told)), ids[0, len(prompt) :]].mean())

    def _stream(self, encoded: Any, options: ChatOptions) -> Iterator[str]:
        """Runs the model in a thread of its own, and yields what it writes; closing the stream stops it."""
        import torch
        from transformers import GenerationConfig, StoppingCriteriaList, TextIteratorStreamer

        stopped, failure = threading.Event(), list[Exception]()
        streamer = TextIteratorStreamer(
            self._tokenizer, skip_prompt=True, timeout=_SILENCE, skip_special_tokens=True
        )
        sampling = (
            {"do_sample": True, "temperature": options.temperature}
            if options.temperature > 0
            else {"do_sample": False}
        )
        own = self._model.generation_config
        config = GenerationConfig(
            max_new_tokens=options.max_tokens,
            eos_token_id=own.eos_token_id,
            pad_token_id=own.pad_token_id if own.pad_token_id is not None else _first(own.eos_token_id),
            bos_token_id=own.bos_token_id,
            decoder_start_token_id=own.decoder_start_token_id,
            **sampling,
        )

        def stop(ids: Any, *_: Any, **__: Any) -> Any:
            return torch.full((ids.shape[0],), stopped.is_set(), dtype=torch.bool, device=ids.device)

        def work() -> None:
            try:
                torch.manual_seed(options.seed)
                rows = {key: torch.tensor([row], device=self._model.device) for key, row in encoded.items()}
                with torch.inference_mode():
                    self._model.generate(
                        **rows,
                        generation_config=config,
                        streamer=streamer,
                        stopping_criteria=StoppingCriteriaList([stop]),
                    )
            except Exception as error:  # raised in the caller's thread
                failure.append(error)
                streamer.end()

        thread = threading.Thread(target=work, name="rag-hf", daemon=True)
        thread.start()
        try:
            yield from (piece for piece in streamer if piece)
        finally:
            stopped.set()
            thread.join()
        if failure:
            raise ModelError(f"{self._name} failed while it wrote: {failure[0]}") from failure[0]

    def _encoded(self, messages: Sequence[Message]) -> dict[str, list[int]]:
        template = getattr(self._tokenizer, "chat_template", None)
        text = rendered(self._template, messages, self._name) if template else plain(messages)
        encoded = self._tokenizer(text, add_special_tokens=not template, verbose=False)
        return {key: encoded[key] for key in ("input_ids", "attention_mask")}

    def _template(self, messages: list[dict[str, str]]) -> str:
        return str(self._tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True))


class _loading:  # noqa: N801 (reads as a statement)
    """Turns what transformers raises while it loads into one ModelError."""

    def __init__(self, model: str | Path, offline: bool) -> None:
        self._model, self._offline = model, offline

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, Exception) and not isinstance(error, ModelError):
            where = "on this machine (offline)" if self._offline else "as a folder or on the hub"
            raise ModelError(
                f"the model {str(self._model)!r} cannot be loaded {where}: {said(error)}. Expected a folder "
                "with config.json, tokenizer and safetensors weights, or a hub id."
            ) from error


def libraries(model: str | Path) -> tuple[Any, Any]:
    """torch and transformers, quiet about the weights they read. Raises MissingExtra."""
    try:
        import torch
        import transformers
    except ImportError as error:
        raise MissingExtra(f"the model {model}", "hf") from error
    transformers.utils.logging.disable_progress_bar()
    return torch, transformers


def _check_kind(config: Any, model: str | Path) -> None:
    for made_for in getattr(config, "architectures", None) or ():
        if made_for.endswith("ForQuestionAnswering"):
            raise ModelError(f"{model} is a question-answering model: name it with --generate hf_reader")
        if made_for.endswith(("ForSequenceClassification", "ForTokenClassification", "ForMaskedLM")):
            raise ModelError(
                f"{model} is a {made_for}, which writes no text: expected a causal or seq2seq model"
            )


def _trained_for(config: Any, tokenizer: Any) -> int:
    for name in ("max_position_embeddings", "n_positions", "max_sequence_length", "seq_length"):
        if length := getattr(config, name, None):
            return min(int(length), _MOST_CONTEXT)
    longest = int(getattr(tokenizer, "model_max_length", 0) or 0)
    return min(longest, _MOST_CONTEXT) or 2048


def _best_device(torch: Any) -> str:
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _first(ids: Any) -> Any:
    return ids[0] if isinstance(ids, list) else ids


def opened(settings: ModelSettings, offline: bool) -> HfModel:
    """The model of complete settings."""
    return HfModel.open(
        settings.name,
        adapter=settings.adapter,
        context_tokens=settings.context_tokens,
        device=settings.device,
        dtype=settings.dtype,
        offline=offline,
        patience=settings.timeout,
    )
