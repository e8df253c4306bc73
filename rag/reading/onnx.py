"""The built-in reader: ONNX Runtime on the CPU, and any folder that `rag tune reader` writes."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import Any

from rag.cores import cores
from rag.errors import ModelError
from rag.models import BUILT_IN_READER
from rag.models.running import encode, open_session, open_tokenizer, share
from rag.models.settings import TOKENIZER, WEIGHTS
from rag.text.glosses import SCRIPTS, gloss, in_english

from . import Passage, Reading, Span
from .pairs import Window, inputs, windows
from .settings import ReaderSettings
from .spans import best_spans, characters

_OUTPUTS = ["start", "end", "answerable", "supported"]
_REMEMBERED = 1024
_SPANS = 4  # possible answers kept of each passage


class OnnxReader:
    """A `Reader` over a folder with `model.onnx`, `tokenizer.json` and `reader.json`. Thread-safe.

    A reading is remembered by its texts, so that stages which read the same hits share one pass. Equal pairs
    give equal readings on one machine, whatever else is in the call. A model whose settings name `glosses`,
    as the one that ships does, knows English alone: of a German, French, Spanish or Chinese text it reads
    what the words mean (`rag.text.glosses`), and names the characters of the text.
    """

    def __init__(self, session: Any, tokenizer: Any, settings: ReaderSettings, folder: Path) -> None:
        self._session, self._tokenizer, self._settings, self._folder = session, tokenizer, settings, folder
        self._english = settings.glosses > 0
        self._marks = (tokenizer.token_to_id("[CLS]"), tokenizer.token_to_id("[SEP]"))
        self._known: OrderedDict[tuple[str, Passage], Reading] = OrderedDict()
        self._lock = Lock()

    @classmethod
    def open(cls, folder: Path | str | None = None) -> OnnxReader:
        """Loads a reader; without a folder, the one that ships. Raises ModelError."""
        path = BUILT_IN_READER if folder is None else Path(folder)
        settings = ReaderSettings.read(path)
        session = open_session(path / WEIGHTS, optimised=settings.optimised)
        outputs = [node.name for node in session.get_outputs()]
        if outputs != _OUTPUTS:
            raise ModelError(
                f"{path / WEIGHTS} gives {', '.join(outputs)}; expected {', '.join(_OUTPUTS)}, as "
                "`rag tune reader` writes"
            )
        tokenizer = open_tokenizer(path / TOKENIZER)
        if None in (tokenizer.token_to_id("[CLS]"), tokenizer.token_to_id("[SEP]")):
            raise ModelError(f"{path / TOKENIZER} has no [CLS] and [SEP]; expected that of a BERT encoder")
        return cls(session, tokenizer, settings, path)

    @property
    def scripts(self) -> Sequence[str]:
        """The letters that the reader that ships reads; of others nothing is known, which says all."""
        return SCRIPTS if self._folder == BUILT_IN_READER else ()

    @property
    def name(self) -> str:
        return self._settings.name

    @property
    def fingerprint(self) -> str:
        """Name and hash of weights, tokenizer and settings."""
        return self._settings.fingerprint

    def read(self, question: str, passages: Sequence[Passage]) -> list[Reading]:
        """One reading a passage, in their order. Raises ModelError where the model fails."""
        with self._lock:
            missing = [
                passage for passage in dict.fromkeys(passages) if (question, passage) not in self._known
            ]
        asked = self._ids(self._read_as(question))
        made = share(
            missing, lambda passage: self._reading(asked, passage), cores(), lambda passage: len(passage.text)
        )
        fresh = dict(zip(missing, made, strict=True))
        with self._lock:
            for passage, reading in fresh.items():
                self._known[question, passage] = reading
            readings = [
                fresh[passage] if passage in fresh else self._known[question, passage] for passage in passages
            ]
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return readings

    def support(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        """The probability for each (claim, text) that the text supports the claim."""
        shown = [(self._read_as(claim), self._read_as(text)) for claim, text in pairs]
        return share(shown, self._supported, cores(), lambda pair: len(pair[1]))

    def verify(self) -> None:
        """Reads both files whole; ModelError where a SHA-256 is not the one in `reader.json`."""
        self._settings.verify(self._folder)

    def _read_as(self, text: str) -> str:
        return in_english(text) if self._english else text

    def _reading(self, asked: Sequence[int], passage: Passage) -> Reading:
        """The reading of a passage, or of its gloss, with the spans in the passage itself."""
        meant = gloss(passage.text) if self._english else None
        if meant is None:
            return self._read_once(asked, passage)
        context = gloss(passage.context, meant.language)
        reading = self._read_once(asked, Passage(context.text if context else "", meant.text))
        spans = (Span(*meant.located(span.start, span.end), span.probability) for span in reading.spans)
        return reading._replace(spans=tuple(spans))

    def _read_once(self, asked: Sequence[int], passage: Passage) -> Reading:
        """The best window's logit, and the best spans of all windows, each weighed by its window."""
        best, spans = -math.inf, []
        for window in self._windows(asked, passage):
            start, end, answerable, _ = self._run(window)
            logit = float(answerable[0])
            best = max(best, logit)
            here = slice(window.first, window.first + len(window.offsets))
            for first, last, probability in best_spans(start[0, here], end[0, here], _SPANS):
                spans.append((logit, Span(*characters(window.offsets, first, last), probability)))
        weighed = [
            span._replace(probability=span.probability * math.exp(logit - best)) for logit, span in spans
        ]
        chosen: list[Span] = []
        for span in sorted(weighed, key=lambda span: -span.probability):
            if len(chosen) < _SPANS and all(span.start >= o.end or span.end <= o.start for o in chosen):
                chosen.append(span)
        return Reading(best, _sigmoid(best, self._settings.answerable), tuple(chosen))

    def _supported(self, pair: tuple[str, str]) -> float:
        claim, text = pair
        logits = [
            float(self._run(window)[3][0]) for window in self._windows(self._ids(claim), Passage("", text))
        ]
        return _sigmoid(max(logits), self._settings.supported)

    def _windows(self, asked: Sequence[int], passage: Passage) -> list[Window]:
        text = encode(self._tokenizer, passage.text, special=False)
        settings = self._settings
        return list(
            windows(
                self._marks,
                asked,
                self._ids(passage.context),
                text.ids,
                text.offsets,
                settings.max_tokens,
                settings.stride,
            )
        )

    def _ids(self, text: str) -> list[int]:
        ids: list[int] = encode(self._tokenizer, text, special=False).ids
        return ids[: self._settings.max_question]

    def _run(self, window: Window) -> Any:
        try:
            return self._session.run(_OUTPUTS, inputs(window))
        except Exception as error:  # onnxruntime raises types of its own
            raise ModelError(
                f"{self._folder / WEIGHTS} failed on a pair of {len(window.ids)} tokens: {error}"
            ) from error


def _sigmoid(logit: float, scale_and_bias: tuple[float, float]) -> float:
    scale, bias = scale_and_bias
    return 1 / (1 + math.exp(-max(-60.0, min(60.0, scale * logit + bias))))
