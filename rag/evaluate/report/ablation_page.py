"""The report of an ablation: what each change gains and costs, with intervals, proven or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rag.counts import counted
from rag.terminal import html_safe

from .page import document, section

if TYPE_CHECKING:
    from rag.evaluate.experiments.ablation_result import Ablation, Effect

_HEAD = ("variant", "value", "gain", "95 % interval", "p (Holm)", "ms", "95 % interval")


def ablation_page(ablation: Ablation) -> str:
    """The report as one HTML file."""
    mean = ablation.base.summary[ablation.measure]
    effects = sorted(ablation.effects, key=lambda effect: -effect.row.difference.mean)
    groups = (
        ("Proven", [effect for effect in effects if effect.verdict.startswith("proven")]),
        ("Undecided", [effect for effect in effects if effect.verdict.startswith("undecided")]),
        ("Without a difference", [effect for effect in effects if effect.verdict == "no difference"]),
    )
    body = [
        f"<h1>{html_safe(ablation.base.questions.name)}: what each stage is worth</h1>",
        f"<p class='faint'>{counted(mean.n, 'question')}; {html_safe(ablation.measure)} {mean.mean:.3f} "
        f"({mean.low:.3f} to {mean.high:.3f}) as configured. Times: both pipelines asked in turn; "
        f"{html_safe(str(ablation.load))}.</p>",
        *(section(title, "", _table(rows)) for title, rows in groups if rows),
    ]
    if ablation.skipped:
        rows = "".join(
            f"<tr><td>{html_safe(name)}</td><td>{html_safe(reason)}</td></tr>"
            for name, reason in ablation.skipped.items()
        )
        body.append(section("Not tried", "", f"<table>{rows}</table>"))
    return document(f"{ablation.base.questions.name}: ablation", "".join(body))


def _table(effects: list[Effect]) -> str:
    head = "".join(f"<th class='number'>{name}</th>" for name in _HEAD[1:])
    rows = "".join(map(_row, effects))
    return f"<table><tr><th>{_HEAD[0]}</th>{head}<th></th></tr>{rows}</table>"


def _row(effect: Effect) -> str:
    gain, ms = effect.row.difference, effect.ms
    cells = (
        f"{effect.row.b:.3f}",
        f"{gain.mean:+.3f}",
        f"{gain.low:+.3f} to {gain.high:+.3f}",
        f"{effect.holm:.3f}",
        f"{ms.mean:+.0f}",
        f"{ms.low:+.0f} to {ms.high:+.0f}",
    )
    numbers = "".join(f"<td class='number'>{cell}</td>" for cell in cells)
    verdict = effect.verdict + ("; worse on other measures" if effect.harms else "")
    return f"<tr><td>{html_safe(effect.variant.name)}</td>{numbers}<td>{html_safe(verdict)}</td></tr>"
