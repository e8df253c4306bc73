"""What each stage gains and costs: every one off in turn, every optional one on, every retriever alone.

All variants answer the same questions over the same index and are compared with the pipeline as it is,
paired; p-values are corrected for their number (Holm). What is proven better on the measure that counts, and
proven worse on none, is put together, asked once more, and only if the whole is proven better too it is
written as `winner.toml`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rag.errors import ConfigError
from rag.evaluate.paired import Comparison, Row, compare
from rag.evaluate.questions.cases import QuestionSet
from rag.evaluate.report.tables import aligned
from rag.evaluate.result import Run
from rag.evaluate.run import home_of
from rag.evaluate.running.configs import SETTING
from rag.evaluate.running.journal import write_json
from rag.evaluate.statistics import holm
from rag.pipeline.registry import names
from rag.trace import name_of

from .several import Several, several

if TYPE_CHECKING:
    from rag.pipeline.pipeline import Pipeline

_ALPHA = 0.05
_WATCHED = ("Correct", "Contains", "AbstainR", "CiteP", "nDCG@10")


class Variant(NamedTuple):
    """One change to the pipeline: `without duplicates`, `with mmr`, `dense for hybrid`.

    `parts` are what runs, by name or as made; `settings` are the same in words, to be written down.
    """

    name: str
    settings: Mapping[str, Any]
    parts: Mapping[str, Any]


class Effect(NamedTuple):
    """What a variant does to the measure that counts (variant − pipeline), and to the time of a question."""

    variant: Variant
    row: Row
    holm: float
    ms: float
    comparison: Comparison

    @property
    def verdict(self) -> str:
        """In words, for somebody who decides what to keep."""
        if self.row.difference.decided and self.holm < _ALPHA:
            return "proven better" if self.row.difference.mean > 0 else "proven worse"
        if not self.row.difference.mean:
            return "no difference"
        needed = self.row.difference.needed
        return f"undecided; about {needed:,} questions would decide" if needed else "undecided"

    @property
    def harms(self) -> bool:
        """Whether it is proven worse on another measure that is watched."""
        rows = [row for row in self.comparison.rows if row.measure in _WATCHED]
        return any(row.proven and row.difference.mean < 0 for row in rows)


@dataclass(frozen=True, slots=True)
class Ablation:
    """`measure` is the one that counts; `skipped` says why a stage could not be tried."""

    measure: str
    base: Run
    effects: tuple[Effect, ...]
    skipped: Mapping[str, str]
    winner: Mapping[str, Any]
    folder: Path

    @property
    def passed(self) -> bool:
        """An ablation has nothing to fail."""
        return True

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "measure": self.measure,
            "base": self.base.to_dict(),
            "variants": {
                effect.variant.name: {
                    "settings": dict(effect.variant.settings),
                    "verdict": effect.verdict,
                    "holm": effect.holm,
                    "ms": effect.ms,
                    "measures": effect.comparison.to_dict()["measures"],
                }
                for effect in self.effects
            },
            "skipped": dict(self.skipped),
            "winner": dict(self.winner),
            "folder": str(self.folder),
        }

    def __str__(self) -> str:
        mean = self.base.summary[self.measure]
        rows = [
            (
                effect.variant.name,
                f"{effect.row.b:.3f}",
                f"{effect.row.difference.mean:+.3f}",
                f"{effect.row.difference.low:+.3f} to {effect.row.difference.high:+.3f}",
                f"{effect.holm:.3f}",
                f"{effect.ms:+.1f} ms",
                effect.verdict + ("; worse on other measures" if effect.harms else ""),
            )
            for effect in sorted(self.effects, key=lambda one: -one.row.difference.mean)
        ]
        head = ("variant", self.measure, "gain", "95 % interval", "p (Holm)", "time", "")
        lines = [
            f"{self.base.questions.name}: {self.measure} {mean.mean:.3f} as configured, n={mean.n:,}",
            "",
            aligned([head, *rows]),
        ]
        lines += [f"not tried: {name} ({reason})" for name, reason in self.skipped.items()]
        lines.append(
            f"proven better: {self.folder / 'winner.toml'}" if self.winner else "nothing is proven better"
        )
        return "\n".join(lines)


def ablation(
    rag: Pipeline, questions: QuestionSet | str | Path, *, out: str | Path | None = None, **options: Any
) -> Ablation:
    """Runs the pipeline and all its variants. Options are those of `evaluate`."""
    with several(rag, questions, out=out, **options) as trials:
        pipeline = trials.pipeline
        base = trials.run("base", pipeline)
        counts = next((name for name in ("Correct", "nDCG@10") if name in base.summary), None)
        if counts is None:
            raise ConfigError("ablation needs Correct or nDCG@10 among the measures: leave --measure out")
        found = variants(pipeline)
        runs = [trials.attempt(one.name, partial(pipeline.variant, **one.parts)) for one in found]
        tried = [(one, run) for one, run in zip(found, runs, strict=True) if run is not None]
        effects = _effects(base, tried, counts)
        winner = _winner(trials, base, effects, counts)
    folder = Path(out) if out else base.folder or home_of(rag)
    done = Ablation(counts, base, effects, trials.skipped, winner, folder)
    write_json(folder / "ablation.json", done.to_dict())
    if winner:
        (folder / "winner.toml").write_text(_toml(winner), "utf-8")
    return done


def variants(rag: Pipeline) -> list[Variant]:
    """Every stage off in turn, every other one on, and every other retriever in its place."""
    found = []
    for kind in ("augment", "denoise", "reorder", "ground"):
        parts = list(getattr(rag, kind))
        now = [name_of(part) for part in parts]
        for at, name in enumerate(now):
            found.append(_listed(f"without {name}", kind, [*parts[:at], *parts[at + 1 :]]))
        found += [_listed(f"with {name}", kind, [*parts, name]) for name in names(kind) if name not in now]
    for kind in ("retrieve", "generate"):
        current = name_of(getattr(rag, kind))
        found += [
            Variant(f"{name} for {current}", {SETTING[kind]: name}, {kind: name})
            for name in names(kind)
            if name != current
        ]
    return found


def _listed(name: str, kind: str, parts: list[Any]) -> Variant:
    named = [part if isinstance(part, str) else name_of(part) for part in parts]
    return Variant(name, {SETTING[kind]: named}, {kind: parts})


def _effects(base: Run, tried: list[tuple[Variant, Run]], counts: str) -> tuple[Effect, ...]:
    compared = [(variant, run, compare(base, run, ("as configured", variant.name))) for variant, run in tried]
    corrected = holm([comparison[counts].difference.p for _, _, comparison in compared])
    return tuple(
        Effect(
            variant,
            comparison[counts],
            p,
            round(run.cost["total"]["mean"] - base.cost["total"]["mean"], 3),
            comparison,
        )
        for (variant, run, comparison), p in zip(compared, corrected, strict=True)
    )


def _winner(trials: Several, base: Run, effects: tuple[Effect, ...], counts: str) -> dict[str, Any]:
    """All proven gains together (the best of each setting), if together they are proven too."""
    gains = [effect for effect in effects if effect.verdict == "proven better" and not effect.harms]
    together: dict[str, Any] = {}
    parts: dict[str, Any] = {}
    for effect in sorted(gains, key=lambda one: -one.row.difference.mean):
        together = {**effect.variant.settings, **together}  # of two gains in one setting, the larger stays
        parts = {**effect.variant.parts, **parts}
    if not together:
        return {}
    run = trials.run("winner", trials.pipeline.variant(**parts))
    proof = compare(base, run)[counts]
    return together if proof.difference.decided and proof.difference.mean > 0 else {}


def _toml(settings: Mapping[str, Any]) -> str:
    import json

    lines = ["# Proven better on the questions of this run; put it into rag.toml."]
    for section in sorted({name.partition(".")[0] for name in settings}):
        lines += ["", f"[{section}]"]
        lines += [
            f"{name.partition('.')[2]} = {json.dumps(value)}"
            for name, value in settings.items()
            if name.startswith(f"{section}.")
        ]
    return "\n".join(lines) + "\n"
