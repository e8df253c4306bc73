"""A run as one HTML file: no scripts, nothing loaded from elsewhere, readable without the documentation."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rag.counts import counted
from rag.evaluate.measures import meaning, measure
from rag.evaluate.questions.cases import Case
from rag.evaluate.running.outcome import Outcome
from rag.evaluate.running.score import right
from rag.evaluate.statistics import Mean
from rag.terminal import html_safe

from . import charts

if TYPE_CHECKING:
    from rag.evaluate.figures import Figures
    from rag.evaluate.running.judge import Judging

_TILES = ("Correct", "Answered", "AbstainR", "CiteP", "nDCG@10", "R@10")
_TITLES = {
    "Correct": "handled right",
    "Answered": "answerable, answered",
    "AbstainR": "unanswerable, declined",
    "CiteP": "citations on target",
    "nDCG@10": "ranking, nDCG@10",
    "R@10": "documents found, R@10",
}
_FAMILIES = {
    "decision": "Answering or declining",
    "answer": "The answer's words",
    "proof": "Citations",
    "retrieval": "Finding documents",
}
_GROUPED = ("Correct", "Contains", "nDCG@10", "R@10")
_SHOWN = 700  # characters of an answer among the worst cases


def page(run: Figures) -> str:
    """The report of a run."""
    body = [_head(run), _tiles(run), _outcomes(run), _measures(run), _risk(run), _groups(run)]
    body += [_ranks(run), _time(run), _worst(run), _provenance(run)]
    return document(f"{run.questions.name}: evaluation", "".join(body))


def document(title: str, body: str) -> str:
    """A whole page with its style."""
    style = _style()
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html_safe(title)}</title><style>{style}</style></head>\n"
        f"<body><main>{body}</main></body></html>\n"
    )


def picture(chart: str) -> str:
    """A chart of `charts.py` as a file of its own, which follows light and dark as the page does."""
    rules = [line for line in _style().splitlines() if line.startswith("svg ")]
    colours = _style().partition("* {")[0]
    ground = "svg { background: var(--sheet); padding: 12px; }"
    style = "\n".join([colours, ground, *rules])
    return chart.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1).replace(
        ">", f"><style>{style}</style>", 1
    )


def _style() -> str:
    return (Path(__file__).parent / "page.css").read_text("utf-8")


def section(title: str, note: str, *inside: str) -> str:
    """A titled part of the page; `note` says how to read it."""
    return f"<section><h2>{html_safe(title)}</h2><p class='faint'>{note}</p>{''.join(inside)}</section>"


def _head(run: Figures) -> str:
    stages = run.identity.get("pipeline", {})
    named = [f"{stage} <b>{html_safe(', '.join(parts))}</b>" for stage, parts in stages.items() if parts]
    index = run.identity.get("index", {})
    held = (
        f"{counted(index['documents'], 'document')} in {counted(index['chunks'], 'chunk')}" if index else ""
    )
    missing = ""
    if run.missing:
        absent = counted(len(run.missing), "judged document is", "judged documents are")
        missing = (
            f"<p class='note'>{absent} not in the index and count as "
            f"not found, <code>{html_safe(run.missing[0])}</code> for one.</p>"
        )
    return (
        f"<h1>{html_safe(run.questions.name)}</h1>"
        f"<p class='faint'>{counted(len(run.questions), 'question')} asked of {held}</p>"
        f"<p class='chain'>{' → '.join(named)}</p>{missing}"
    )


def _tiles(run: Figures) -> str:
    tiles = [
        f"<div class='tile'><div class='name'>{_TITLES[name]}</div>"
        f"<div class='value'>{_percent(mean.mean)}</div>"
        f"<div class='range'>{_percent(mean.low)} to {_percent(mean.high)}</div></div>"
        for name in _TILES
        if (mean := run.summary.get(name))
    ]
    if "total" in run.cost:
        total = run.cost["total"]
        tiles.append(
            "<div class='tile'><div class='name'>time a question</div>"
            f"<div class='value'>{_ms(total['median'])}</div>"
            f"<div class='range'>median; 95 % within {_ms(total['p95'])}</div></div>"
        )
    return f"<div class='tiles'>{''.join(tiles)}</div>"


def _outcomes(run: Figures) -> str:
    """How the answerable and the unanswerable questions came out."""
    pairs = list(zip(run.questions, run.outcomes, strict=True))
    with_answer = [pair for pair in pairs if pair[0].kind == "qa"]
    without = [pair for pair in pairs if pair[0].kind == "unanswerable"]
    if not with_answer and not without:
        return ""
    inside = []
    if with_answer:
        good = sum(not outcome.abstained and right(case, outcome.text) for case, outcome in with_answer)
        declined = sum(outcome.abstained for _, outcome in with_answer)
        wrong = len(with_answer) - good - declined
        inside.append(f"<h3>{counted(len(with_answer), 'question')} with an answer</h3>")
        inside.append(
            charts.shares([("right", good, "good"), ("declined", declined, "wait"), ("wrong", wrong, "bad")])
        )
    if without:
        declined = sum(outcome.abstained for _, outcome in without)
        inside.append(f"<h3>{counted(len(without), 'question')} without one</h3>")
        inside.append(
            charts.shares(
                [("declined", declined, "good"), ("answered anyway", len(without) - declined, "bad")]
            )
        )
    note = "An answer is right when it holds a reference answer word for word; a paraphrase counts as wrong."
    return section("What became of the questions", note, *inside)


def _measures(run: Figures) -> str:
    rows: list[str] = []
    for family, title in _FAMILIES.items():
        named = [name for name in run.summary if measure(name).family == family]
        if named:
            rows.append(f"<tr class='family'><td colspan='5'>{title}</td></tr>")
            rows += [_measure_row(name, run.summary[name]) for name in named]
    head = "<tr><th>measure</th><th class='number'>mean</th><th>0 to 1, 95 % interval</th>"
    head += "<th class='number'>questions</th><th>what it says</th></tr>"
    note = (
        "Each mean is over the questions the measure applies to. The bar holds the true mean with 95 % "
        "confidence, were the questions drawn again. Higher is better."
    )
    judge = f"<p class='note'>{html_safe(_judge(run.judging))}</p>" if run.judging else ""
    return section("Measures", note, f"<table>{head}{''.join(rows)}</table>", judge)


def _judge(judge: Judging) -> str:
    unread = (
        f" {counted(judge.unread, 'reply was', 'replies were')} no verdict, and left out."
        if judge.unread
        else ""
    )
    return (
        f"Judge is the verdict of a language model, {judge.judge}, on {counted(judge.judged, 'answer')}. "
        f"It agrees with Contains on {judge.agreement:.0%} of them (Cohen's κ {judge.kappa:.2f}).{unread} "
        "Judges err: read where the two differ."
    )


def _measure_row(name: str, mean: Mean) -> str:
    return (
        f"<tr><td class='name'>{html_safe(name)}</td><td class='number'>{mean.mean:.3f}</td>"
        f"<td title='{mean.low:.3f} to {mean.high:.3f}'>{charts.whisker(mean)}</td>"
        f"<td class='number'>{mean.n:,}</td><td class='what'>{html_safe(meaning(name))}</td></tr>"
    )


def _risk(run: Figures) -> str:
    curve = run.curve
    if not curve.points:
        return ""
    asked = [pair for pair in zip(run.questions, run.outcomes, strict=True) if pair[0].kind != "retrieval"]
    answered = [(case, outcome) for case, outcome in asked if not outcome.abstained]
    chosen = None
    if answered:
        wrong = sum(not right(case, outcome.text) for case, outcome in answered)
        chosen = (len(answered) / len(asked), wrong / len(answered))
    reach = [f"{curve.coverage_at(risk):.0%} with at most {risk:.0%} wrong" for risk in (0.05, 0.1, 0.2)]
    note = (
        "What if it answered only what it is surest of? Further left it answers fewer, and should "
        f"be wrong less often. It could answer {', '.join(reach[:-1])}, and {reach[-1]}. "
        f"Area under the curve: {curve.aurc:.3f}; {curve.best:.3f} were perfect knowledge of one's own "
        f"errors, {curve.random:.3f} none."
    )
    calibration = run.calibration
    reliable = (
        "Does a confidence of 80 % mean right in 8 of 10 cases? Each dot is a tenth of the scale with the "
        "share that is right, drafts included; on the diagonal it means what it says. Off by "
        f"{calibration.ece:.3f} on average (expected calibration error)."
    )
    return section("Confidence", note, charts.risk_chart(curve, chosen)) + section(
        "Reliability", reliable, charts.reliability(calibration)
    )


def _groups(run: Figures) -> str:
    inside = []
    for field, rows in run.groups.items():
        for name in _GROUPED:
            drawn = [
                charts.Bar(
                    value,
                    row[name].mean,
                    f"{row[name].mean:.3f} · n={row[name].n:,}",
                    row[name].low,
                    row[name].high,
                )
                for value, row in rows.items()
                if name in row
            ]
            if len(drawn) > 1:
                inside.append(f"<h3>{html_safe(name)} by {html_safe(field)}</h3>{charts.bars(drawn, most=1)}")
    note = "Where the questions' own fields sort them. Where intervals overlap widely, groups may not differ."
    return section("By kind of question", note, *inside) if inside else ""


def _ranks(run: Figures) -> str:
    """Where the first relevant document stood."""
    places = [
        next((rank for rank, document in enumerate(outcome.ranking, 1) if document in case.relevant), 0)
        for case, outcome in zip(run.questions, run.outcomes, strict=True)
        if case.relevant
    ]
    if not places:
        return ""
    deep = int(run.identity.get("depth", 10))
    steps = [("rank 1", 1, 1), ("ranks 2 to 3", 2, 3), ("ranks 4 to 10", 4, 10)]
    steps += [("further down", 11, deep)] if deep > 10 else []
    counts = [(name, sum(low <= place <= high for place in places)) for name, low, high in steps]
    counts.append((f"not among the first {deep}", len(places) - sum(count for _, count in counts)))
    drawn = [
        charts.Bar(name, count / len(places), f"{count / len(places):.1%} · {count:,}")
        for name, count in counts
    ]
    note = "An answer can only be as good as what was found. Where the first relevant document stood:"
    return section("Rank of the first relevant document", note, charts.bars(drawn, most=1))


def _time(run: Figures) -> str:
    stages = {name: row for name, row in run.cost.items() if name not in ("total", "tokens")}
    if not stages:
        return ""
    drawn = [
        charts.Bar(name, row["mean"], f"{_ms(row['mean'])} · 95 % within {_ms(row['p95'])}")
        for name, row in stages.items()
    ]
    tokens = run.cost.get("tokens")
    read = f" The generator was given {tokens['mean']:,.0f} tokens a question." if tokens else ""
    note = f"Mean milliseconds a question, stage by stage, as asked side by side on this machine.{read}"
    return section("Time by stage", note, charts.bars(drawn))


def _worst(run: Figures) -> str:
    cases = run.worst(12)
    if not cases:
        return ""
    note = (
        "Wrong answers, the most confident first; these teach most. "
        "<code>rag why</code> tells for each which stage lost the answer."
    )
    return section("Worst cases", note, *(_case(*pair) for pair in cases))


def _case(case: Case, outcome: Outcome) -> str:
    tag, colour = _verdict(case, outcome)
    rows: Sequence[tuple[str, str]] = [
        ("expected", " · ".join(case.answers) or ("to decline" if case.kind == "unanswerable" else "")),
        ("said", _cut(outcome.text) or ("" if case.kind == "retrieval" else "declined")),
        ("drafted", _cut(outcome.draft) if outcome.abstained else ""),
        ("judged", _verdict_of(outcome)),
        ("found", _places(case, outcome)),
        ("id", case.id),
    ]
    fields = "".join(f"<dt>{name}</dt><dd>{html_safe(value)}</dd>" for name, value in rows if value)
    sure = f"confidence {outcome.confidence:.2f}" if case.kind != "retrieval" else ""
    return (
        f"<div class='case'><p class='q'>{html_safe(case.question)}<span class='tag {colour}'>{tag}</span>"
        f"<span class='faint'> {sure}</span></p><dl>{fields}</dl></div>"
    )


def _verdict_of(outcome: Outcome) -> str:
    verdict = outcome.verdict
    if verdict is None or verdict.right is None:
        return ""
    return f"{'right' if verdict.right else 'wrong'}: {verdict.reason}"


def _verdict(case: Case, outcome: Outcome) -> tuple[str, str]:
    if case.kind == "retrieval":
        return "poorly ranked", "wait"
    if case.kind == "unanswerable":
        return ("declined", "good") if outcome.abstained else ("answered anyway", "bad")
    if outcome.abstained:
        return "declined", "wait"
    return ("right", "good") if right(case, outcome.text) else ("wrong", "bad")


def _places(case: Case, outcome: Outcome) -> str:
    """Where the relevant documents stood in the ranking."""
    places = []
    for document in list(case.relevant)[:3]:
        rank = outcome.ranking.index(document) + 1 if document in outcome.ranking else 0
        places.append(f"{document} at rank {rank}" if rank else f"{document} not found")
    more = len(case.relevant) - len(places)
    return "; ".join(places) + (f"; and {more} more" if more > 0 else "")


def _provenance(run: Figures) -> str:
    about = {"identity": dict(run.identity), "machine": dict(run.setting), "seconds": round(run.seconds, 1)}
    shown = json.dumps(about, indent=1, ensure_ascii=False, default=str)
    return (
        "<section><details><summary>How this was made</summary>"
        "<p class='faint'>Questions, index, settings, code and versions decide the figures: with the same, "
        f"they come out the same.</p><pre>{html_safe(shown)}</pre></details></section>"
    )


def _percent(value: float) -> str:
    return f"{value * 100:.1f} %"


def _ms(value: float) -> str:
    return (
        f"{value / 1000:.1f} s"
        if value >= 10_000
        else f"{value:.0f} ms"
        if value >= 10
        else f"{value:.1f} ms"
    )


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
