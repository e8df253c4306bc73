"""A Hugging Face question-answering model as an extractive generator: sentences around its answer spans.

Each hit is read with the question; a span's score is p_start(i) · p_end(j), softmax over all tokens of all
hits and over the "no answer" position of each. The sentence that holds a good span is quoted.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rag.errors import ConfigError, ModelError
from rag.llm.hf import libraries
from rag.options import Count
from rag.types import Hit, Question

from . import Quote

if TYPE_CHECKING:
    from rag.config import ModelSettings

_LONGEST = 30  # tokens of an answer span
_NEARLY = 0.5  # share of the best probability that another sentence must reach


class _Span(NamedTuple):
    score: float
    hit: int
    start: int
    end: int


class HfReader:
    """A `Generator` that quotes at most `sentences` sentences from the first `read` hits."""

    def __init__(self, model: Any, tokenizer: Any, name: str, sentences: int = 3, read: int = 6) -> None:
        self._model, self._tokenizer, self.name = model, tokenizer, name
        self._sentences, self._read = sentences, read

    @classmethod
    def open(cls, model: str | Path, *, offline: bool = False, sentences: int = 3, read: int = 6) -> HfReader:
        """Loads a folder or hub id. Raises ConfigError, MissingExtra, or ModelError for what is no such."""
        if not str(model):
            raise ConfigError(
                "hf_reader needs a question-answering model: set model.name to a folder or hub id"
            )
        _, transformers = libraries(model)
        options = {"local_files_only": offline, "trust_remote_code": False}
        try:
            tokenizer = transformers.AutoTokenizer.from_pretrained(str(model), **options)
            loaded = transformers.AutoModelForQuestionAnswering.from_pretrained(
                str(model), use_safetensors=True, **options
            ).eval()
        except Exception as error:  # transformers raises many types
            raise ModelError(
                f"the question-answering model {str(model)!r} cannot be loaded: {error}. Expected a folder "
                "with safetensors weights, or a hub id."
            ) from error
        if not getattr(tokenizer, "is_fast", False):
            raise ModelError(f"{model} has no fast tokenizer, which is needed to find spans in the text")
        return cls(loaded, tokenizer, Path(model).name, sentences, read)

    def __call__(self, question: Question, hits: Sequence[Hit]) -> Iterator[Quote]:
        from rag.reading.candidates import cut

        spans = self._spans(question.text, [hit.chunk.text for hit in hits[: self._read]])
        quotes: dict[tuple[int, int, int], float] = {}
        for span in spans:
            for start, end in cut(hits[span.hit].chunk.text):
                if start <= span.start < end:
                    quotes.setdefault((span.hit, start, end), span.score)
        best = max(quotes.values(), default=0.0)
        chosen = [(key, score) for key, score in quotes.items() if score >= _NEARLY * best][: self._sentences]
        for (hit, start, end), score in sorted(chosen):
            yield Quote(hit, start, end, score)

    def _spans(self, question: str, texts: Sequence[str]) -> list[_Span]:
        """The best spans of all texts, best first, with probabilities that leave room for "no answer"."""
        import torch

        if not texts:
            return []
        encoded = self._tokenizer(
            [question] * len(texts),
            list(texts),
            truncation="only_second",
            padding=True,
            return_offsets_mapping=True,
            return_tensors="pt",
        )
        offsets = encoded.pop("offset_mapping").tolist()
        # A tokenizer may return token types for a model that has none.
        known = inspect.signature(self._model.forward).parameters
        with torch.inference_mode():
            output = self._model(**{name: value for name, value in encoded.items() if name in known})
        starts, none = list[tuple[float, int, int, int]](), 0.0
        for row in range(len(texts)):
            second = [part == 1 for part in encoded.sequence_ids(row)]
            start, end = output.start_logits[row].tolist(), output.end_logits[row].tolist()
            none = max(none, start[0] + end[0]) if row else start[0] + end[0]
            places = [place for place, inside in enumerate(second) if inside]
            for i in sorted(places, key=lambda place: -start[place])[:5]:
                ends = [j for j in places if i <= j < i + _LONGEST]
                j = max(ends, key=lambda place: end[place])
                starts.append((start[i] + end[j], row, offsets[row][i][0], offsets[row][j][1]))
        weights = torch.softmax(torch.tensor([score for score, *_ in starts] + [none]), 0).tolist()
        spans = [_Span(weight, *rest) for weight, (_, *rest) in zip(weights, starts, strict=False)]
        return sorted(spans, reverse=True)


def build(
    model_settings: ModelSettings,
    offline: bool = False,
    model: str = "",
    sentences: Count = 3,
    read: Count = 6,
) -> HfReader:
    """A generator over a question-answering model: `model` of its own section, or the name in `[model]`."""
    return HfReader.open(model or model_settings.name, offline=offline, sentences=sentences, read=read)
