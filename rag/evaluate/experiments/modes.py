"""What retrieval and generation each are worth: the same questions, side by side.

closed book        the generator without any hit: what it knows by itself (writing generators only)
retrieval only     the text of the best hit as the answer: what a plain search would show
all                the pipeline as configured
tuned              the same with other settings: a tuned adapter, reader, generator or embedder
tuned closed book  its generator without any hit, where those settings change the language model
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from rag.errors import ConfigError
from rag.evaluate.paired import Comparison, compare
from rag.evaluate.questions.cases import QuestionSet
from rag.evaluate.report.tables import aligned
from rag.evaluate.result import Run
from rag.evaluate.run import Options, home_of
from rag.evaluate.running.configs import configured
from rag.evaluate.running.corpora import over
from rag.evaluate.running.journal import write_json
from rag.generate import Derived, Detail, Generator, Quote
from rag.generate.prompted import Prompted
from rag.llm.chat import ChatModel, ChatOptions, Message
from rag.llm.stream import without_reasoning
from rag.prompts import fill, load_prompt
from rag.prompts.data import harmless
from rag.trace import name_of
from rag.types import Hit, Question

from .variant_runs import variant_runs

if TYPE_CHECKING:
    from rag.pipeline.pipeline import Pipeline

TUNED_MEMORY = "tuned closed book"
_MEMORY_TOKENS = 128  # of an answer without sources
_SHOWN = ("Correct", "Contains", "F1", "CiteP", "AbstainR", "nDCG@10")


@dataclass(frozen=True, slots=True)
class Modes:
    """The runs by mode, `all` and then the tuned ones last; `skipped` says why a mode could not be run."""

    runs: dict[str, Run]
    skipped: dict[str, str]

    @property
    def passed(self) -> bool:
        """There is nothing to fail."""
        return True

    @property
    def gains(self) -> dict[str, Comparison]:
        """By mode: what the whole pipeline gains over it, and a tuned mode over the untuned one."""
        whole, gains = self.runs["all"], {}
        for name, run in self.runs.items():
            if name == "tuned":
                gains[name] = compare(whole, run, ("all", name))
            elif name == TUNED_MEMORY:
                if before := self.runs.get("closed book"):
                    gains[name] = compare(before, run, ("closed book", name))
            elif name != "all":
                gains[name] = compare(run, whole, (name, "all"))
        return gains

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "modes": {name: run.to_dict() for name, run in self.runs.items()},
            "gains": {name: comparison.to_dict() for name, comparison in self.gains.items()},
            "skipped": self.skipped,
        }

    def __str__(self) -> str:
        shown = [name for name in _SHOWN if any(name in run.summary for run in self.runs.values())]
        rows = [(mode, *(_as_text(run, name) for name in shown), _ms(run)) for mode, run in self.runs.items()]
        lines = [aligned([("mode", *shown, "ms"), *rows]), ""]
        for comparison in self.gains.values():
            # Only whole pipelines can decline, so against the other modes what counts is what they say.
            counts = "Correct" if comparison.b == "tuned" else "Contains"
            difference = next((row.difference for row in comparison.rows if row.measure == counts), None)
            if difference is not None:
                lines.append(
                    f"{comparison.b} − {comparison.a}: {counts} {difference.mean:+.3f} "
                    f"[{difference.low:+.3f}, {difference.high:+.3f}], p = {difference.p:.4f}"
                )
        lines += [f"not run: {name} ({reason})" for name, reason in self.skipped.items()]
        return "\n".join(lines)


def side_by_side(
    rag: Pipeline,
    questions: QuestionSet | str | Path,
    *,
    tuned: str | None = None,
    **options: Unpack[Options],
) -> Modes:
    """Runs every mode. `tuned` is a settings file or settings, as `running/configs.py` reads them.

    The other options are those of `evaluate`. Raises ConfigError for settings that cannot be used.
    """
    corpus, out = options.get("corpus"), options.get("out")
    runs: dict[str, Run | None] = {}
    # First of all, so that wrong settings are reported before the long runs.
    other = rag if tuned is None else configured(rag, tuned, own_index=corpus is not None)
    with variant_runs(rag, questions, **options) as trials:
        pipeline = trials.pipeline
        runs["closed book"] = trials.attempt("closed book", lambda: _closed_book(pipeline, trials.asked))
        runs["retrieval only"] = trials.attempt(
            "retrieval only", lambda: pipeline.variant(generate=best_hit, ground=[])
        )
        runs["all"] = trials.run("all", pipeline)
        if tuned is not None:
            with over(other, corpus, home_of(rag), lambda _: None) as changed:
                runs["tuned"] = trials.attempt("tuned", lambda: changed)
                if _writer(other) != _writer(rag):
                    asked = trials.asked
                    runs[TUNED_MEMORY] = trials.attempt(TUNED_MEMORY, lambda: _closed_book(changed, asked))
    done = Modes({name: run for name, run in runs.items() if run is not None}, trials.skipped)
    folder = Path(out) if out else done.runs["all"].folder or home_of(rag)
    write_json(folder / "modes.json", done.to_dict())
    return done


def best_hit(question: Question, hits: Sequence[Hit]) -> list[Quote]:
    """The generator of `retrieval only`: the text of the best hit."""
    return [Quote(0, 0, len(hits[0].chunk.text), 1.0)] if hits else []


def _closed_book(rag: Pipeline, asked: QuestionSet) -> Pipeline:
    """Raises ConfigError where the generator writes nothing without hits."""
    generate = rag.generate
    known = from_memory(generate.model) if isinstance(generate, Prompted) else generate

    def closed_book(question: Question, hits: Sequence[Hit]) -> Iterable[str | Quote | Derived | Detail]:
        return known(question, ())

    if not list(closed_book(Question(asked.cases[0].question), ())):
        raise ConfigError(f"{name_of(generate)} answers from hits alone")
    return rag.variant(generate=closed_book, ground=[])


def _writer(rag: Pipeline) -> tuple[object, ...]:
    """What decides about what is written without sources."""
    return rag.settings.ask.generate, rag.settings.model


def from_memory(model: ChatModel) -> Generator:
    """A generator that asks a language model without any source."""
    prompt = load_prompt("closed_book")

    def answer(question: Question, hits: Sequence[Hit]) -> Iterator[str]:
        asked = fill(prompt.user, {"question": harmless(question.text, (), model.control)})
        most = min(_MEMORY_TOKENS, model.context_tokens // 2)
        return without_reasoning(model.chat([Message("user", asked)], ChatOptions(max_tokens=most)))

    return answer


def _ms(run: Run) -> str:
    total = run.cost["total"]
    return f"{total['mean']:.0f} ({total['low']:.0f} to {total['high']:.0f})"


def _as_text(run: Run, name: str) -> str:
    mean = run.summary.get(name)
    return f"{mean.mean:.3f}" if mean else ""
