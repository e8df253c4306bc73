"""Any OpenAI-compatible server: llama-server, Ollama, vLLM, LM Studio, or a hosted one.

The key is read from the environment when a request is made and stands in no file, message or trace. A failed
attempt is repeated with growing pauses while nothing of the answer has come.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.errors import ConfigError, ModelError
from rag.secrets import Secret, Variable

from .chat import DEFAULTS, ChatOptions, Message
from .http import Refused, Server

if TYPE_CHECKING:
    from rag.config import ModelSettings

_CONTEXT = 4096  # tokens, where neither the settings nor the server say
# What tokenizers make of text, on the safe side: words of ASCII letters rarely have tokens as short as 2.5
# bytes; digits and signs often stand alone; a script that a tokenizer was not made for is spelled letter by
# letter or worse: an English BPE of 49,152 tokens (SmolLM2) takes up to .8 a byte of Chinese.
_BYTES_A_TOKEN = 2.5
_BYTES_BEYOND_ASCII = 1.25
_ALONE = re.compile(r"[!-@\[-`{-~]")
_UNKNOWN_FIELD = (400, 422, 501)  # what servers say to a `response_format` that they do not know
_EXPECTED = (
    "expected a chat completion: is the address that of an OpenAI-compatible API (it mostly ends in /v1)?"
)
_TURN = 8  # tokens that a chat template puts around a turn


class OpenAIModel:
    """A `ChatModel` over `{base_url}/chat/completions`."""

    control: Sequence[str] = ()

    def __init__(
        self,
        model: str = "",
        *,
        base_url: str = "http://127.0.0.1:8080/v1",
        key_env: str = "OPENAI_API_KEY",
        context_tokens: int = 0,
        tokenizer: str = "",
        timeout: float = 120.0,
        retries: int = 3,
        offline: bool = False,
    ) -> None:
        """`model` is what the server calls it, or empty for the first that it lists.

        `key_env` names the variable that holds the key; `tokenizer` is a tokenizer.json, without which tokens
        are estimated from the number of bytes. `timeout` is in seconds: for the connection, and for each
        piece of the answer. Raises ConfigError for an address that is none, or one off this machine offline.
        """
        self._model, self._context, self._key_env = model, context_tokens, Variable(key_env)
        self._server = Server(base_url, timeout=timeout, retries=retries, offline=offline)
        self._tokenizer_path = tokenizer
        self._holds_to_schemas = True

    @property
    def name(self) -> str:
        return self._model or str(self._listed.get("id", "")) or self._server.address

    @property
    def context_tokens(self) -> int:
        """As set, else as the server says, else 4,096."""
        if self._context:
            return self._context
        meta = self._listed.get("meta") or {}
        for length in (self._listed.get("max_model_len"), meta.get("n_ctx"), meta.get("n_ctx_train")):
            if isinstance(length, int) and length > 0:
                return length
        return _CONTEXT

    def count(self, text: str) -> int:
        if self._tokenizer is not None:
            return len(self._tokenizer.encode(text, add_special_tokens=False).ids)
        alone = len(_ALONE.findall(text))
        ascii_signs = sum(map(str.isascii, text))
        beyond = len(text.encode()) - ascii_signs
        return math.ceil((ascii_signs - alone) / _BYTES_A_TOKEN + alone + beyond / _BYTES_BEYOND_ASCII)

    def prompt_tokens(self, messages: Sequence[Message]) -> int:
        return _TURN + sum(_TURN + self.count(message.content) for message in messages)

    def chat(self, messages: Sequence[Message], options: ChatOptions = DEFAULTS) -> Iterator[str]:
        body: dict[str, Any] = {
            "model": self.name,
            "messages": [message._asdict() for message in messages],
            "max_tokens": options.max_tokens,
            "temperature": options.temperature,
            "seed": options.seed,
            "stream": True,
        }
        if options.stop:
            body["stop"] = list(options.stop)
        if options.grammar:  # llama-server knows it; a server that refuses what it does not know says so
            body["grammar"] = options.grammar
        if options.schema and self._holds_to_schemas:
            held = {"name": "reply", "strict": True, "schema": options.schema}
            try:
                yield from self._turn(
                    {**body, "response_format": {"type": "json_schema", "json_schema": held}}
                )
                return
            except Refused as error:
                if error.code not in _UNKNOWN_FIELD:
                    raise
                self._holds_to_schemas = False  # it is asked for the same without
        yield from self._turn(body)

    def _turn(self, body: Mapping[str, Any]) -> Iterator[str]:
        choices = 0
        for event in self._server.events("chat/completions", body, self._key):
            texts = _event(event, self.name)
            choices += len(texts)
            yield from filter(None, texts)
        if not choices:
            raise ModelError(f"{self.name} sent no completion at all: {_EXPECTED}")

    @property
    def _key(self) -> Secret:
        if self._key_env and not self._key_env.can_be_one:
            raise ConfigError(
                "model.key_env is no name of a variable, expected one such as OPENAI_API_KEY: if it is the "
                "key itself, put it into a variable, and the variable's name here"
            )
        return Secret(os.environ.get(self._key_env.reveal(), ""))

    @cached_property
    def _listed(self) -> Mapping[str, Any]:
        """How the server lists the model; empty where it does not."""
        try:
            rows = self._server.get("models", self._key).get("data", [])
        except ModelError:
            if self._model:  # a server need not list its models
                return {}
            raise
        for row in rows:
            if isinstance(row, dict) and self._model in ("", row.get("id")):
                return row
        return {}

    @cached_property
    def _tokenizer(self) -> Any:
        if not self._tokenizer_path:
            return None
        from tokenizers import Tokenizer

        try:
            return Tokenizer.from_file(str(Path(self._tokenizer_path).expanduser()))
        except Exception as error:  # the library raises plain Exception
            raise ConfigError(
                f"model.tokenizer {self._tokenizer_path!r} cannot be read ({error}): expected a "
                "tokenizer.json"
            ) from error


def _event(event: str, name: str) -> list[str]:
    """The text of an event's choice, part of a stream or a whole answer; empty where there is no choice."""
    try:
        values = json.loads(event)
        if error := values.get("error"):
            raise ModelError(
                f"{name} broke off: {error.get('message', error) if isinstance(error, dict) else error}"
            )
        return [
            str((choice.get("delta") or choice.get("message") or {}).get("content") or "")
            for choice in values.get("choices", [])[:1]
        ]
    except (json.JSONDecodeError, AttributeError) as error:
        raise ModelError(f"{name} sent {event[:80]!r}, {_EXPECTED}") from error


def opened(settings: ModelSettings, offline: bool) -> OpenAIModel:
    """The model of complete settings."""
    return OpenAIModel(
        settings.name,
        base_url=settings.base_url.reveal(),
        key_env=settings.key_env.reveal(),
        context_tokens=settings.context_tokens,
        tokenizer=settings.tokenizer,
        timeout=settings.timeout,
        retries=settings.retries,
        offline=offline,
    )
