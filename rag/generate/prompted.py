"""The generator that all language models share: sources into a prompt, the model's turn out.

The system's instructions outrank the sources, and the sources outrank what the model remembers. A model that
writes the prompt's refusal yields nothing, which grounding turns into an abstention.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from rag.embedding import Embedder
from rag.errors import ConfigError
from rag.llm.chat import ChatModel, ChatOptions, Message, OpenModel
from rag.llm.stream import behind, unless, without_loops, without_reasoning
from rag.options import Amount, Count, Whole
from rag.progress import READING, Progress, tell
from rag.prompts import Prompt, fill, load_prompt
from rag.prompts.data import harmless
from rag.reading import Reader
from rag.types import Hit, Question

from . import Detail
from .examples import Example, chooser
from .fit import fit

if TYPE_CHECKING:
    from .hint import Hint

FORMS = ("answer", "notes", "examples", "hint")
Examples = Callable[[str], Sequence[Message]]
"""A question → worked examples as earlier turns."""
Solved = Callable[[], Sequence[Example]]
"""The solved questions of an index as worked examples."""


class Prompted:
    """A `Generator` over any `ChatModel`. Yields text as it comes; what was sent is told in the trace."""

    def __init__(
        self,
        model: ChatModel,
        prompt: Prompt,
        *,
        max_tokens: int = 512,
        temperature: float = 0.0,
        seed: int = 0,
        examples: Examples | None = None,
        grammar: bool = False,
        read: int = 0,
        reader: Reader | None = None,
    ) -> None:
        """`reader` gives the hint of a prompt that has a place for one."""
        self.model, self.prompt, self._read = model, prompt, read
        self.name = model.name
        self._options = ChatOptions(max_tokens, temperature=temperature, seed=seed)
        self._examples, self._grammar, self._reader = examples, grammar, reader

    @property
    def context_tokens(self) -> int:
        return self.model.context_tokens

    def count(self, text: str) -> int:
        return self.model.count(text)

    def __call__(self, question: Question, hits: Sequence[Hit]) -> Iterator[str | Detail]:
        """Raises ModelError where the context is too small or the model fails."""
        yield from self.sample(question, hits)

    def with_prompt(self, prompt: Prompt) -> Prompted:
        """The same generator with another prompt."""
        other = copy(self)
        other.prompt = prompt
        return other

    def sample(self, question: Question, hits: Sequence[Hit], **changed: Any) -> Iterator[str | Detail]:
        """The same with other sampling options: `temperature`, `seed`, `max_tokens`."""
        if not hits:
            return
        options = replace(self._options, **changed)
        options = replace(options, max_tokens=self._room(options.max_tokens))
        suggested = self._hint(question.text, hits)
        render = self._renderer(question.text, str(suggested or ""))
        fitted = fit(self.model, self.prompt, hits, render, options.max_tokens, self._read)
        if self._grammar:
            from rag.llm.grammar import cited

            options = replace(options, grammar=cited(fitted.used, self.prompt.refusal))
        detail: dict[str, Any] = {
            "prompt": self.prompt.name,
            "prompt_tokens": fitted.tokens,
            "context_tokens": self.model.context_tokens,
            "sources": list(fitted.used),
            "left_out": list(fitted.left_out),
            "cut_short": list(fitted.cut),
        }
        if suggested:
            detail["hint"] = {"words": suggested.words, "confidence": round(suggested.probability, 4)}
        notes: list[str] = []
        loops: list[str] = []
        tell(Progress(READING, 0, 0))
        yield from self._answer(self.model.chat(fitted.messages, options), notes, loops)
        lists = {"judged": notes, "ended_before_repeating": loops}
        yield Detail(detail | {name: values[0] for name, values in lists.items() if values})

    def draft(self, question: Question, hits: Sequence[Hit], **changed: Any) -> str:
        """The text of such a sample."""
        return "".join(piece for piece in self.sample(question, hits, **changed) if isinstance(piece, str))

    def sent(self, question: Question, hits: Sequence[Hit]) -> Sequence[Message]:
        """The messages that the model is sent. Raises ModelError where the context is too small."""
        room = self._room(self._options.max_tokens)
        render = self._renderer(question.text, str(self._hint(question.text, hits) or ""))
        return fit(self.model, self.prompt, hits, render, room, self._read).messages

    def _hint(self, question: str, hits: Sequence[Hit]) -> Hint | None:
        """What the reader suggests; None where the prompt has no place for it."""
        if self._reader is None or "{hint}" not in self.prompt.user:
            return None
        from .hint import hint

        return hint(self._reader, question, hits, self._read)

    def _room(self, max_tokens: int) -> int:
        """What is kept for the answer: half of a small context at most, since sources need room too."""
        return min(max_tokens, self.model.context_tokens // 2)

    def _renderer(self, question: str, hint: str = "") -> Callable[[str], Sequence[Message]]:
        prompt = self.prompt
        asked, suggested = (harmless(one, prompt.delimiters, self.model.control) for one in (question, hint))
        values = {"question": asked, "refusal": prompt.refusal, "n": "", "hint": suggested}
        head = [Message("system", fill(prompt.system, values))] if prompt.system else []
        shown = list(self._examples(question)) if self._examples else []

        def render(sources: str) -> Sequence[Message]:
            return [*head, *shown, Message("user", fill(prompt.user, {**values, "sources": sources}))]

        return render

    def _answer(self, pieces: Iterable[str], notes: list[str], loops: list[str]) -> Iterator[str]:
        """What a reader sees: no reasoning, no notes, no refusal, nothing said twice."""
        pieces = without_reasoning(pieces)
        if self.prompt.answer_after:
            pieces = behind(pieces, self.prompt.answer_after, notes)
        return without_loops(unless(pieces, self.prompt.refusal), loops)


@dataclass(frozen=True, slots=True)
class PromptOptions:
    """What can be said of the prompt and of the model's turn, for any language model."""

    max_tokens: Count = 512  # of an answer
    temperature: Amount = 0.0  # 0 always writes the same answer
    seed: int = 0  # of sampling, where the temperature is not 0
    prompt: str = ""  # path of another prompt file
    form: str = "answer"  # answer, notes, examples or hint
    examples: str = ""  # a TOML file of worked examples, or `solved`, for the form `examples`
    shots: Whole = 3  # how many of them are shown
    read: Whole = 4  # at most so many hits are shown to the model, the best ones; 0 is all that fit


DEFAULTS = PromptOptions()


class Beside(NamedTuple):
    """What some forms need besides the model: the reader for `hint`, the others for solved examples."""

    reader: Reader | None = None
    embedder: Embedder | None = None
    solved: Solved | None = None


_NOTHING = Beside()


def prompted(
    model: ChatModel, options: PromptOptions = DEFAULTS, *, grammar: bool = False, beside: Beside = _NOTHING
) -> Prompted:
    """A generator from options; `grammar` lets the model write no sentence without a marker.

    A model that cannot hold to a grammar ignores it. Raises ConfigError for an unknown form or a file that
    cannot be used.
    """
    if options.form not in FORMS:
        raise ConfigError(f"form is {options.form!r}, expected one of {', '.join(FORMS)}")
    chosen = load_prompt(options.prompt or options.form, ("question", "sources"))
    choose = None
    if options.form == "examples":
        choose = chooser(chosen, options.examples, options.shots, beside.solved, beside.embedder)
    return Prompted(
        model,
        chosen,
        max_tokens=options.max_tokens,
        temperature=options.temperature,
        seed=options.seed,
        examples=choose,
        grammar=grammar,
        read=options.read,
        reader=beside.reader,
    )


def build_model(
    open_model: OpenModel,
    options: PromptOptions = DEFAULTS,
    grammar: bool = False,
    reader: Reader | None = None,
    embedder: Embedder | None = None,
    solved: Solved | None = None,
) -> Prompted:
    """A generator over the model of `[model]`, of whichever kind it is."""
    return prompted(open_model(""), options, grammar=grammar, beside=Beside(reader, embedder, solved))


def build_gguf(
    open_model: OpenModel,
    options: PromptOptions = DEFAULTS,
    grammar: bool = False,
    reader: Reader | None = None,
    embedder: Embedder | None = None,
    solved: Solved | None = None,
) -> Prompted:
    """A generator over the GGUF file of `[model]`; `grammar` lets it write no sentence without a marker."""
    return prompted(open_model("gguf"), options, grammar=grammar, beside=Beside(reader, embedder, solved))


def build_hf(
    open_model: OpenModel,
    options: PromptOptions = DEFAULTS,
    reader: Reader | None = None,
    embedder: Embedder | None = None,
    solved: Solved | None = None,
) -> Prompted:
    """A generator over the Hugging Face model of `[model]`."""
    return prompted(open_model("hf"), options, beside=Beside(reader, embedder, solved))


def build_openai(
    open_model: OpenModel,
    options: PromptOptions = DEFAULTS,
    grammar: bool = False,
    reader: Reader | None = None,
    embedder: Embedder | None = None,
    solved: Solved | None = None,
) -> Prompted:
    """A generator over the server of `[model]`; `grammar` works where the server is llama.cpp's."""
    return prompted(open_model("openai"), options, grammar=grammar, beside=Beside(reader, embedder, solved))
