"""Whether a study is about what a question asks, or only about something near it: another drug or outcome.

A question for yes or no names who was treated, with what, and what for. Each run of such words (`compression
stockings`, `hip fracture`; words that any study may have, such as `reduce` or `risk`, end a run) has to be
said by the study. With T the study's terms, W its words and G its runs of one to three words, those with a
term of the run r where it has one and else those of two, the word w of r is said where

    a term of w is in T,  or  max cos(w, W) ≥ .55,  or  max cos(r, G) ≥ .6

What is not said makes the study one of something else. Words of one field lie near each other (`paramedics`,
`physicians`: .59), and so a few pass; a word that the study gives by another far from it (`quit`,
`cessation`: .44) is taken for one that lacks. The thresholds were fitted on `near` of `fit` in
`benchmarks/data/findings.toml`, and the words that any study may have on that and `guard`. English only.
Source: SQuAD 2.0 (Know What You Don't Know: Unanswerable Questions for SQuAD), whose plausible passages lack
something that the question names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_NEAR = 0.55  # the least cosine of two words that may mean the same
_RUN = 0.6  # the least cosine of a run of words with what may say it otherwise
_LONGEST = 3  # words of what may say a run otherwise
_WORD = re.compile(r"[^\W_][\w'’-]*")
_PIECE = re.compile(rf"{_WORD.pattern}|[^\w\s]")
_GENERAL = """
    abandon ability able accelerate accept acceptable accompany account accurate accurately achieve actual
    add adding additional adequate adult advantage affect affected after against age aged aid all allow
    alone alter alternative always among amount any apply approach appropriate aspect assess assessment
    associate associated association attempt avoid avoided base based become before begin beneficial benefit
    best better between bring capable carry case cause certain chance change choice clear close combination
    combine common comparable compare comparison complete concern confer confirm connection consistent
    continue contribute control correct correlate correlation course current daily day days deal decide
    decrease degree delay deliver depend despite detect determinant determine develop development diagnose
    diagnosis diagnostic differ difference different differentiate direct discourage discriminate
    distinguish dose during each earlier early easy effect effective effectiveness efficacy efficient
    encourage end enhance enough equal equally equivalent estimate ever every evidence exist expect explain
    exposed exposure extent extra factor fail fast favourable feasibility feasible few fewer find first
    follow form frequency frequent from full function future gain general get give good group grow guide
    half happen harm harmful hasten help helpful high higher hold hour ideal identify immediate impact
    impair impaired important improve improvement inadequate incidence increase increased independent
    independently indicate indicator inferior influence initial initiate insufficient introduce introduction
    involve justified justify keep kind large last late later lead less level likelihood likely link linked
    long long-term longer low lower maintain major majority make manage management mandatory many marker may
    mean measure method mild minor minute moderate modify month months more most much multiple near
    necessary need needed negative never new next normal number obtain occur odds off offer often old older
    once one only onset option order out outcome over overall own part patient patients pay people perform
    performed period permit person persons play point positive possible potential practical predict
    predictor prefer presence present prevalence prevent prevention preventive previous prior problem
    procedure process produce prognosis prognostic progress progression prolong promote prone proper propose
    protect protection protective prove provide quick raise randomised range rapid rate rather reach real
    reason receive recent recommend reduce reduction regular related relation relationship relevant
    reliability reliable reliably relieve rely remain replace replacement report represent reproducible
    require required respond response result results retain return reveal rise risk role routine routinely
    rule run safe safely safety same screen screened screening second see seek select selecting selection
    separate serve set severe severity short short-term shorten show side sign significant similar simple
    single situation size slow small sole solve sometimes sort specific speed standard start state status
    step still stop stopped strong study subsequent substitute successful suffer sufficient suggest suitable
    superior support suspect sustain system take taken tend term test their think third time tool total
    toward treat treated treatment trial trigger true try turn two type typical under undergo underwent
    universal unlikely use used useful usefulness usual utility valid validity valuable value vary versus
    view way wear week weeks well whether while wide widely with within without work worn worse worsen worst
    worth worthwhile year years young younger
"""

Embed = Callable[[Sequence[str]], "NDArray[np.float32]"]


def unsaid(question: str, study: str, analyze: Callable[[str], Sequence[str]], embed: Embed) -> list[str]:
    """The words of a question for which a study has none, in their order; none where it is about all of it.

    `study` is its title and text; `embed` gives the unit vectors of texts, one row each.
    """
    terms, general = set(analyze(study)), set(analyze(_GENERAL))
    missing = [
        (run, lacking)
        for run in _runs(question, general, analyze)
        if (lacking := [word for word in run if not terms & set(analyze(word))])
    ]
    if not missing:
        return []
    words = _WORD.findall(study)
    vectors = embed(sorted({word.lower() for word in words if set(analyze(word)) - general}) or [study])
    found = []
    for run, lacking in missing:
        near = (embed(lacking) @ vectors.T).max(axis=1).tolist()
        far = [word for word, cosine in zip(lacking, near, strict=True) if cosine < _NEAR]
        if far and _otherwise(run, lacking, words, analyze, embed) < _RUN:
            found += far
    return found


def _runs(question: str, general: set[str], analyze: Callable[[str], Sequence[str]]) -> Iterator[list[str]]:
    """The words of a question that say what it is about, those that stand together as one."""
    run: list[str] = []
    for piece in [*_PIECE.findall(question), "?"]:
        terms = set(analyze(piece))
        if terms and not terms <= general:
            run.append(piece)
        elif run:
            yield run
            run = []


def _otherwise(
    run: Sequence[str],
    lacking: Sequence[str],
    words: Sequence[str],
    analyze: Callable[[str], Sequence[str]],
    embed: Embed,
) -> float:
    """The cosine of a run of two words or more with the words of a study that may say it otherwise."""
    if len(run) < 2:
        return 0.0
    kept = {term for word in run if word not in lacking for term in analyze(word)}
    lengths = range(1, _LONGEST + 1) if kept else (2,)
    parts = {" ".join(words[at : at + length]) for length in lengths for at in range(len(words) - length + 1)}
    if kept:
        parts = {part for part in parts if kept & set(analyze(part))}
    return float((embed([" ".join(run)]) @ embed(sorted(parts)).T).max()) if parts else 0.0
