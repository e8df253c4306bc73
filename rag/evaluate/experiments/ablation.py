"""What each stage gains and costs: every one off in turn, every optional one on, every retriever alone.

All variants answer the same questions over the same index and are compared with the pipeline as it is,
paired; p-values are corrected for their number (Holm). What is proven better on the measure that counts, and
proven worse on none, is put together, asked once more, and only if the whole is proven better too it is
written as `winner.toml`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from rag.errors import ConfigError
from rag.evaluate.paired import compare
from rag.evaluate.questions.cases import QuestionSet
from rag.evaluate.report.ablation_page import ablation_page
from rag.evaluate.result import Run
from rag.evaluate.run import Options, home_of
from rag.evaluate.running.configs import SETTING
from rag.evaluate.running.journal import write_json
from rag.evaluate.running.load import watching
from rag.evaluate.statistics import Difference, holm
from rag.llm.kinds import kind_of
from rag.pipeline.parts import stages_of
from rag.pipeline.registry import names, needs
from rag.trace import name_of

from .ablation_result import PAGE, Ablation, Effect, Variant
from .timing import timed
from .variant_runs import VariantRuns, variant_runs

if TYPE_CHECKING:
    from rag.pipeline.pipeline import Pipeline


def ablation(rag: Pipeline, questions: QuestionSet | str | Path, **options: Unpack[Options]) -> Ablation:
    """Runs the pipeline and all its variants. Options are those of `evaluate`."""
    out = options.get("out")
    with variant_runs(rag, questions, **options) as trials:
        pipeline = trials.pipeline
        base = trials.run("base", pipeline)
        counts = next((name for name in ("Correct", "nDCG@10") if name in base.summary), None)
        if counts is None:
            raise ConfigError("ablation needs Correct or nDCG@10 among the measures: leave --measure out")
        listed = variants(pipeline)
        trials.skipped.update(
            {variant.name: why for variant in listed if (why := cannot_run(pipeline, variant))}
        )
        able = [variant for variant in listed if variant.name not in trials.skipped]
        runs = [trials.attempt(variant.name, partial(pipeline.variant, **variant.parts)) for variant in able]
        tried = [(variant, run) for variant, run in zip(able, runs, strict=True) if run is not None]
        with watching() as watched:
            spent = [_cost(trials, variant, options) for variant, _ in tried]
        effects = _effects(base, tried, spent, counts)
        winner = _winner(trials, base, effects, counts)
    folder = Path(out) if out else base.folder or home_of(rag)
    done = Ablation(counts, base, effects, trials.skipped, winner, folder, watched.load)
    write_json(folder / "ablation.json", done.to_dict())
    (folder / PAGE).write_text(ablation_page(done), "utf-8")
    if winner:
        (folder / "winner.toml").write_text(_toml(winner), "utf-8")
    return done


def variants(rag: Pipeline) -> list[Variant]:
    """Every stage off in turn, every other one on, and every other retriever in its place."""
    result = []
    for kind in ("augment", "denoise", "reorder", "ground"):
        parts = [part for of, part in stages_of(rag) if of == kind]
        now = [_called(part) for part in parts]
        for at, name in enumerate(now):
            result.append(_listed(f"without {name}", kind, [*parts[:at], *parts[at + 1 :]]))
        result += [_listed(f"with {name}", kind, [*parts, name]) for name in names(kind) if name not in now]
    for kind in ("retrieve", "generate"):
        current = next(_called(part) for of, part in stages_of(rag) if of == kind)
        result += [
            Variant(f"{name} for {current}", {SETTING[kind]: name}, {kind: name})
            for name in names(kind)
            if name != current
        ]
    return result


def cannot_run(rag: Pipeline, variant: Variant) -> str:
    """Why a variant cannot run, where that is known without trying; empty where it may.

    What needs a language model is not tried where none is named: a server that merely could be there, at the
    address that is the default, was named by nobody.
    """
    (kind, parts), *_ = variant.parts.items()
    named = parts[-1] if isinstance(parts, list) and parts else parts
    if not isinstance(named, str) or ":" in named or named not in names(kind):
        return ""
    if variant.name.startswith("without ") or "open_model" not in needs(kind, named):
        return ""
    model, origins = rag.settings.model, rag.config.origins
    a_server = named == "openai" or kind_of(model) == "openai"
    if not model.name and not model.kind and origins["model.base_url"] == "default":
        return "no language model is named: see `rag models list`"
    if a_server and model.kind != "openai" and origins["model.base_url"] == "default":
        return "no server is named: set model.base_url"
    return ""


def _called(part: Any) -> str:
    return part if isinstance(part, str) else name_of(part)


def _listed(name: str, kind: str, parts: list[Any]) -> Variant:
    return Variant(name, {SETTING[kind]: [_called(part) for part in parts]}, {kind: parts})


def _cost(trials: VariantRuns, variant: Variant, options: Options) -> Difference:
    pipeline = trials.pipeline
    return timed(
        pipeline.variant,
        partial(pipeline.variant, **variant.parts),
        [case.question for case in trials.asked],
        k=options.get("k"),
        seed=int(options.get("seed") or 0),
    )


def _effects(
    base: Run, tried: list[tuple[Variant, Run]], spent: list[Difference], counts: str
) -> tuple[Effect, ...]:
    compared = [(variant, run, compare(base, run, ("as configured", variant.name))) for variant, run in tried]
    corrected = holm([comparison[counts].difference.p for _, _, comparison in compared])
    return tuple(
        Effect(
            variant,
            comparison[counts],
            p,
            ms,
            comparison,
        )
        for (variant, _, comparison), p, ms in zip(compared, corrected, spent, strict=True)
    )


def _winner(trials: VariantRuns, base: Run, effects: tuple[Effect, ...], counts: str) -> dict[str, Any]:
    """All proven gains together (the best of each setting), if together they are proven too."""
    gains = [effect for effect in effects if effect.verdict == "proven better" and not effect.harms]
    together: dict[str, Any] = {}
    parts: dict[str, Any] = {}
    for effect in sorted(gains, key=lambda effect: -effect.row.difference.mean):
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
