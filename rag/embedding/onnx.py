"""The built-in embedder: ONNX Runtime on the CPU, and any export of `rag.models.export_embedder`.

One text at a time, always. Dynamic int8 takes its scales over the whole batch, so a text's vector would
depend on its neighbours; alone it depends on the text only, and N threads that share one
single-threaded session are also faster than any batch of N threads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.cores import cores
from rag.embedding import Kind
from rag.embedding.tokenizer import WrittenTokenizer, token_ends
from rag.errors import ConfigError, ModelError
from rag.models import BUILT_IN_EMBEDDER
from rag.models.running import encode, open_session, open_tokenizer, share
from rag.models.settings import TOKENIZER, WEIGHTS, EmbedderSettings
from rag.text.glosses import SCRIPTS, in_english

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_INPUTS = {"input_ids", "attention_mask"}


class OnnxEmbedder:
    """An `Embedder` over a folder with `model.onnx`, `tokenizer.json` and `embedder.json`. Thread-safe.

    Equal texts give bit-equal rows on one machine, whatever else is in the call and however many threads
    run. Across kinds of CPU rows agree to a cosine of .999 or better. A text longer than `max_tokens` is
    embedded by its first `max_tokens` tokens; the empty text has a vector of its own, of length 1 too.
    A model whose settings name `glosses`, as the one that ships does, knows English alone: of a German,
    French, Spanish or Chinese text it embeds what the words mean (`rag.text.glosses`).
    """

    def __init__(
        self, session: Any, tokenizer: Any, settings: EmbedderSettings, folder: Path, threads: int
    ) -> None:
        self._session = session
        self._tokenizer = tokenizer
        self._settings = settings
        self._folder = folder
        self._threads = threads
        self._fingerprint = settings.fingerprint
        # What the tokenizer puts behind a text ([SEP]) has to survive the cut of a long one.
        marks = tokenizer.encode("a").special_tokens_mask
        self._tail = marks[::-1].index(0) if 0 in marks else 0
        self._limit = settings.max_tokens + sum(marks)
        longest = max(settings.prompts.values(), key=len, default="")
        self._prompt_tokens = len(tokenizer.encode(longest, add_special_tokens=False).ids) if longest else 0

    @classmethod
    def open(cls, folder: Path | str | None = None, threads: int | None = None) -> OnnxEmbedder:
        """Loads a model; without a folder, the one that ships. `threads`: default, the cores one may use.

        Raises ModelError where the folder lacks a file, cannot be read or holds another kind of model,
        ConfigError for less than one thread.
        """
        if threads is not None and threads < 1:
            raise ConfigError(f"threads is {threads}, expected 1 or more, or None for all cores one may use")
        path = BUILT_IN_EMBEDDER if folder is None else Path(folder)
        settings = EmbedderSettings.read(path)
        session = _checked(
            open_session(path / WEIGHTS, optimised=settings.optimised), path / WEIGHTS, settings
        )
        return cls(session, open_tokenizer(path / TOKENIZER), settings, path, threads or cores())

    @property
    def scripts(self) -> Sequence[str]:
        """The letters that the model that ships reads; of others nothing is known, which says all."""
        return SCRIPTS if self._folder == BUILT_IN_EMBEDDER else ()

    @property
    def across(self) -> Mapping[str, float]:
        """Weights of `rag.reading.across`; empty for a model that does not bring languages together."""
        return self._settings.across

    @property
    def name(self) -> str:
        return self._settings.name

    @property
    def fingerprint(self) -> str:
        """Name and hash of weights, tokenizer and settings, from `embedder.json`: see `verify`."""
        return self._fingerprint

    @property
    def dim(self) -> int:
        return self._settings.dim

    @property
    def max_tokens(self) -> int:
        """Tokens of a text that are read, special tokens and the longer prompt not counted."""
        return self._settings.max_tokens - self._prompt_tokens

    def embed(self, texts: Sequence[str], kind: Kind = "document") -> NDArray[np.float32]:
        """float32, shape (len(texts), dim), rows of length 1, in the order of the texts.

        Raises ModelError for a single string in place of a sequence, an unknown kind, or a failed run.
        """
        import numpy as np

        if isinstance(texts, str):
            raise ModelError("embed() got one string, expected a sequence of them: write embed([text])")
        if kind not in ("document", "query"):
            raise ModelError(f"embed() got the kind {kind!r}, expected 'document' or 'query'")
        for position, text in enumerate(texts):
            if not isinstance(text, str):
                raise ModelError(f"text {position} is a {type(text).__name__}, expected a string")
        prompt = self._settings.prompts.get(kind, "")
        rows = np.empty((len(texts), self.dim), dtype=np.float32)
        shown = map(in_english, texts) if self._settings.glosses else texts
        shared = share([prompt + text for text in shown], self._row, self._threads, len)
        for position, row in enumerate(shared):
            rows[position] = row
        return rows

    def token_ends(self, text: str) -> NDArray[np.int64]:
        """The offset in characters just behind each token, never descending, uncut, without special tokens.

        One character may hold several tokens (a Hangul syllable): their ends are then equal.
        """
        return token_ends(self._tokenizer, text)

    @property
    def tokenizer(self) -> WrittenTokenizer:
        """What tells `token_ends` in another process."""
        return WrittenTokenizer((self._folder / TOKENIZER).read_text("utf-8"))

    def verify(self) -> None:
        """Reads both files whole; ModelError where a SHA-256 is not the one in `embedder.json`."""
        self._settings.verify(self._folder)

    def _row(self, text: str) -> NDArray[np.float32]:
        import numpy as np

        ids = self._encode(text).ids
        if len(ids) > self._limit:
            ids = ids[: self._limit - self._tail] + ids[len(ids) - self._tail :]
        tokens = np.array([ids], dtype=np.int64)
        try:
            row = self._session.run(None, {"input_ids": tokens, "attention_mask": np.ones_like(tokens)})[0][0]
        except Exception as error:  # onnxruntime raises types of its own
            raise ModelError(
                f"{self._folder / WEIGHTS} failed on a text of {len(ids)} tokens: {error}"
            ) from error
        return row  # type: ignore[no-any-return]

    def _encode(self, text: str, special: bool = True) -> Any:
        return encode(self._tokenizer, text, special=special)


def _checked(session: Any, weights: Path, settings: EmbedderSettings) -> Any:
    names = {node.name for node in session.get_inputs()}
    shape = session.get_outputs()[0].shape
    if names != _INPUTS or len(shape) != 2 or shape[1] not in (settings.dim, None):
        raise ModelError(
            f"{weights} takes {', '.join(sorted(names))} and gives {shape}; expected "
            f"{', '.join(sorted(_INPUTS))} and (batch, {settings.dim}), as rag.models.export_embedder writes"
        )
    return session


def opened(folder: str, *, offline: bool = False) -> OnnxEmbedder:
    """The model in a folder, or the built-in one. It never uses the network."""
    return OnnxEmbedder.open(folder or None)
