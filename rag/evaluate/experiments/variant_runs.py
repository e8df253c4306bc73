"""Several pipelines over the same questions and documents: what ablation and modes have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from rag.errors import RagError
from rag.evaluate.questions.cases import QuestionSet
from rag.evaluate.result import Run
from rag.evaluate.run import RunOptions, evaluate, home_of, read
from rag.evaluate.running.corpora import over
from rag.progress import Progress, Watcher

if TYPE_CHECKING:
    from rag.pipeline.pipeline import Pipeline


class VariantRuns:
    """Runs of pipelines by name, each in a folder of its own, and why one could not be run.

    `pipeline` is the one they are compared with, over the documents that all of them are asked about.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        asked: QuestionSet,
        *,
        out: str | Path | None = None,
        progress: Watcher | None = None,
        options: RunOptions,
    ) -> None:
        self.pipeline, self.asked = pipeline, asked
        self.skipped: dict[str, str] = {}
        self._out, self._progress, self._options = out, progress, options

    def run(self, name: str, pipeline: Pipeline) -> Run:
        """One pipeline's run; `name` also names its folder below `out`."""
        folder = Path(self._out) / name.replace(" ", "-") if self._out else None
        report = self._progress
        named = None if report is None else lambda step: report(Progress(name, step.done, step.total))
        return evaluate(pipeline, self.asked, out=folder, progress=named, **self._options)

    def attempt(self, name: str, make: Callable[[], Pipeline]) -> Run | None:
        """The same, or None and the reason in `skipped` where the pipeline lacks a part.

        A part that is missing (a model, an extra) fails on the first question, before the long run.
        """
        try:
            pipeline = make()
            list(pipeline.stream(self.asked.cases[0].question))
            return self.run(name, pipeline)
        except RagError as error:
            self.skipped[name] = str(error).partition("\n")[0]
            return None


@contextmanager
def variant_runs(
    rag: Pipeline,
    questions: QuestionSet | str | Path,
    *,
    qrels: str | Path | None = None,
    corpus: str | Path | None = None,
    out: str | Path | None = None,
    progress: Watcher | None = None,
    **options: Unpack[RunOptions],
) -> Iterator[VariantRuns]:
    """The pipeline over the documents to ask, with the questions read. Options are those of `evaluate`."""
    asked = read(questions, qrels)
    with over(rag, corpus, home_of(rag), progress or (lambda _: None)) as pipeline:
        yield VariantRuns(pipeline, asked, out=out, progress=progress, options=options)
