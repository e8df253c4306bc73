"""What a study found: the sentence that concludes it, and whether that says yes, no or maybe to a question.

A question for yes or no about a study (`Does fish oil prevent atrial fibrillation?`) has most words in
common with the sentence that says what was to be found out, which answers nothing. So each sentence s
of the text has a part, by its words and by the label it stands under, and is weighed for question q by

    cos(q, s) + .4 last of the text + .4 concludes + .2 finds − .6 aim − .4 method − .4 first of the text

Of the best one the words decide. With U its words of doubt (`inconsistent`, `larger trials are needed`,
`cannot be excluded`) and N those of nothing found (`no difference`, `failed to`, `comparable`; and by its
figures, P over .05, a ratio's interval around 1, two that differ by less than 12 %):

    maybe   U weighs 1 or more: 1 for open doubt, .5 for a hedge, a limit or a call for studies
    no      N, unless the question asks whether something is the same, safe or absent
    yes     else

A text is taken for a study by three words of theirs or more; `we` with what was done, two shares and a sample
(`137 adults`) count as one each. English only. Weights and words were fitted on `fit` of
`benchmarks/data/findings.toml`, those that tell a study also on `guard` and `near`. Source: PubMedQA: A
Dataset for Biomedical Research Question Answering (the form of question and answer).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

from rag.text.questions import QUESTION_WORDS, is_polar
from rag.text.sentences import sentences

Verdict = Literal["Yes", "No", "Maybe"]

LONGEST = 8000  # characters of a text that is read as one study
_LAST = 0.4
_MARKS = 3  # different words of studies from which a text is one
_STUDY = re.compile(
    r"\b(?P<mark>patients?|participants?|stud(?:y|ies)|trials?|randomi[sz]ed|cohorts?|placebo|controls?"
    r"|groups?"
    r"|outcomes?|significant(?:ly)?|confidence|CI|P(?= ?[<>=≤≥])|(?:odds|hazard|risk) ratios?|relative risk"
    r"|(?:multi|uni)variat?(?:e|able)|adjust(?:ed|ment)|incidence|prevalence|mortality|baseline|median"
    r"|follow-up"
    r"|prospective(?:ly)?|retrospective(?:ly)?|sensitivity|specificity|diagnos\w+|treatments?|clinic\w*"
    r"|hospitals?|surg\w+|symptoms?|disease|aim|objectives?|methods?|results?|conclusions?"
    r"|associat\w+|correlat\w+|hypothes\w+|regist(?:er|ry|ers|ries)|(?:women|men|adults|children"
    r"|infants|residents|persons|volunteers"
    r"|subjects|cases)(?= (?:were|was|with|who|had|aged|under|over))|evidence|effective\w*|benefit\w*|risks?"
    r"|interviewed|questionnaires?|correlation|coefficients?|analysis|(?:intra|inter)class|differ(?:ed"
    r"|ences?)?|blinded"
    r"|mean|versus|effects?|measured|recorded|randomly|allocated|analy[sz]ed|rated|scores?|crossover|unrelated"
    r"|similar|episodes"
    r"|(?:half|each|both) of the (?:group|patient|participant)s|respondents|wards?|compar(?:ed"
    r"|ison)|over \w+ years)\b",
    re.IGNORECASE,
)
_WE = re.compile(r"\bwe (?:\w+ly )?(?:\w+ed|found|gave|saw|did|ran)\b", re.IGNORECASE)
_SAMPLE = re.compile(  # how many were looked at
    r"(?<![\d,.])\d[\d,]{0,9} (?:[\w-]+ ){0,2}(?:patients|women|men|adults|children|people|persons"
    r"|participants|infants|volunteers|residents|records|operations|cases|controls)\b",
    re.IGNORECASE,
)
_SHARE = re.compile(r"\d(?:\.\d+)? ?%|\bper cent\b|(?<![\w.])\.\d\d")
_LABEL = re.compile(r"\W*(?P<label>[A-Z][A-Za-z /&]{2,40}):\s")
_CONCLUDES = re.compile(
    r"\b(?:conclu\w+|in summary|overall|taken together|thus|therefore|hence|these (?:findings|results|data)"
    r"|(?:our|the|this) (?:findings?|results?|data|stud(?:y|ies)|trials?|analysis) (?:\w+ )?"
    r"(?:suggest|show|indicate|support|demonstrate|provide|confirm|do(?:es)? not)\w*"
    r"|we (?:recommend|suggest|found that|believe)|should|is recommended|evidence)\b",
    re.IGNORECASE,
)
_FINDS = re.compile(
    r"\b(?:significant(?:ly)?|P ?[<>=≤≥]|CI|ratio|higher|lower|more|less|fewer|increased?|decreased?|reduc\w+"
    r"|improv\w+|associated|correlated|predict\w+|differ(?:ed|ence|ences)?|similar|comparable|effective\w*"
    r"|benefit\w*|safe\w*|risk|no|not)\b|\d %|\d%",
    re.IGNORECASE,
)
_AIM = re.compile(
    r"\b(?:aim(?:s|ed)?|objectives?|purpose|goal|sought|hypothes\w+|to (?:determine|assess|evaluate"
    r"|investigate"
    r"|examine|explore|find out|test|see|compare|identify|study|describe|analy[sz]e)"
    r"|we (?:\w+ly )?(?:asked|tested|modelled|examined|investigated|evaluated|assessed|studied|compared"
    r"|explored|analy[sz]ed|reviewed|wondered))\b",
    re.IGNORECASE,
)
_METHOD = re.compile(
    r"\b(?:(?:was|were|are) (?:then |also |prospectively |retrospectively |randomly )?(?:randomi[sz]ed"
    r"|allocated"
    r"|assigned|recruited|enrolled|included|invited|measured|recorded|interviewed|collected|reviewed"
    r"|followed|sent|offered|asked"
    r"|classified|identified|performed|pooled|linked|searched|counted|tracked|analy[sz]ed|compared|used|done"
    r"|retrieved|determined|tested|matched|completed|given|examined|assessed|obtained|applied)"
    r"|we (?:\w+ly )?(?:measured|recorded|interviewed|collected|followed|identified|pooled|searched|included"
    r"|enrolled|recruited|randomi[sz]ed|assigned|performed|audited|surveyed|carried out|conducted"
    r"|summari[sz]ed))\b",
    re.IGNORECASE,
)
_OPEN = re.compile(  # doubt
    r"\b(?:uncertain\w*|unclear|inconclusive|inconsistent|conflicting|contradictory|equivocal|mixed"
    r"|insufficient"
    r"|unproven|unknown|unresolved|undetermined|premature|underpowered|open question|debatable"
    r"|controvers\w+|not (?:yet )?(?:clear|known|proven|established|conclusive|definitive)"
    r"|(?:no|not? enough|little|limited) (?:firm |definite |clear |reliable )?(?:conclusions?"
    r"|recommendations?|data)"
    r"|can(?:not| neither| not)? (?:yet )?be (?:\w+ )?(?:confirmed|excluded|established|decided"
    r"|determined|drawn"
    r"|recommended|shown|ruled out|refuted|answered)(?! (?:by|with))"
    r"|could (?:not|neither) be (?:\w+ )?(?:confirmed|excluded|established|decided|determined|drawn"
    r"|shown|ruled out)"
    r"|neither (?:be )?(?:confirm|prove|support|establish)\w*|whether\b[^.]{1,160}\b(?:remains?"
    r"|depends?|is (?:not|un))"
    r"|depends? on|remains? (?:to be|un\w+|open|questionable|doubtful))\b",
    re.IGNORECASE,
)
_HEDGE = re.compile(
    r"\b(?P<call>(?:further|larger|more|better|future|additional|prospective|randomi[sz]ed|controlled"
    r"|confirmatory)"
    r"(?: \w+){0,4} (?:stud(?:y|ies)|trials?|research|data|investigations?|evaluation)(?: \w+){0,3}"
    r"(?: (?:are|is|should|needed|required|warranted|necessary|before|to|follow))"
    r"|stud(?:y|ies) (?:is|are) (?:required|needed|warranted))"
    r"|\b(?P<modal>may|might|could|possib(?:le|ly)|potential(?:ly)?|perhaps|seems?)\b(?! be (?:omitted"
    r"|used|left"
    r"|safely|replaced|performed|recommended|abandoned|discontinued|withheld|stopped))"
    r"|(?P<limit>\b(?:only (?:in|for|if|when|with)|(?:in|for|to) (?:some|certain|selected|motivated"
    r"|a subset)|limited"
    r"|partial(?:ly)?|to some extent|in part|(?:quiescent|mild|severe|early|active)\b[^.]{0,60} only"
    r"|disease only|heterogen\w+|if)\b)"
    r"|(?P<turn>[,;] (?:but|while|whereas|although|though)\b|\b(?:however|yet|nevertheless"
    r"|on the other hand)\b|;)",
    re.IGNORECASE,
)
_HARMS = (
    r"(?:adverse|side|serious|major|severe|harm\w*|complications?|toxic\w*|safety|increase|accidental"
    r"|unwanted"
    r"|recurrences?|deaths?|loss|additional risks?|compromis\w+|negative)"
)
_NOTHING = re.compile(
    rf"\b(?:no(?! (?:{_HARMS}|less|longer|fewer|more than|doubt))|not(?! (?:only"
    rf"|differ(?:ent)? from zero))|never"
    r"|neither|nor|none|nothing|cannot|\w+n['’]t|fail(?:s|ed|ure)? to|lack(?:s|ed)? (?:of )?|unable"
    r"|in(?:effective"
    r"|accurate|sufficient|adequate|ferior|appropriate)|un(?:related|affected|necessary|changed|likely"
    r"|reliable|specific"
    r"|suitable|safe|justified|warranted|helpful)|independent(?:ly)? of|without (?:influence|effect"
    r"|benefit)|useless"
    r"|against|poor(?:ly)?|harmless|too \w+ (?:for|to)|irrelevant|negligible"
    r"|myth|belief|refut\w+|disprove\w*|contradict\w*|rather than|little (?:effect|influence|impact"
    r"|value|benefit))\b",
    re.IGNORECASE,
)
_AVOID = re.compile(
    r"\b(?:abandon|omit|avoid|postpon|withh[eo]ld|discontinu|stopp|refrain|obsolete|unfixed"
    r"|dispensed with)\w*",
    re.IGNORECASE,
)
_KEPT = re.compile(rf"\b(?:not|never|no)\b(?: \w+){{0,3}} {_AVOID.pattern[2:]}", re.IGNORECASE)
_SAME = re.compile(
    r"\b(?:similar(?:ly)?|comparable|compar(?:es?|ed) (?:well|favou?rably)|identical|equivalent"
    r"|equal(?:ly)?|the same"
    r"|alike|as \w+(?: and \w+)? as|likewise|equalled|(?:did|do|does) not differ|no (?:\w+ )?differences?)\b",
    re.IGNORECASE,
)
_ASKS_SAME = re.compile(
    r"\b(?:as \w+(?: and \w+)? as|same|equivalent|equal(?:ly)?|comparable|similar(?:ly)?|reproducib\w+"
    r"|repeatab\w+|consistent"
    r"|agree(?:ment)?|replace|substitute|alternative|noninferior|non-inferior|safe(?:ly|ty)?|feasib\w+"
    r"|tolerated"
    r"|accept\w+|independent(?:ly)?|unaffected|unchanged|sufficient|adequate|enough)\b",
    re.IGNORECASE,
)
_ASKS_NOTHING = re.compile(
    r"\b(?:not|no|never|un(?:necessary|related|safe|reliable|affected|justified)|ineffective|useless|harmless"
    r"|overestimated|overrated|overused)\b",
    re.IGNORECASE,
)
_HARMLESS = re.compile(
    rf"\b(?:without|no|none|never|low|free of|not (?:cause|increase|raise|lead to|compromise"
    rf"|be attributed to))\b"
    rf"(?: \w+){{0,3}} {_HARMS}\b|\b(?:safe(?:ly)?|harmless|well tolerated)\b",
    re.IGNORECASE,
)
_ASKS_HARM = re.compile(
    r"\b(?:cause\w*|harm\w*|risks?|complications?|worse\w*|increase\w*|problems?|danger\w*|adverse"
    r"|decline|mortality)\b",
    re.IGNORECASE,
)
_FIGURE = r"(?:\d{1,7}(?:\.\d{1,5})?|\.\d{1,5})"
_PAIR = re.compile(  # two figures that are compared
    rf"(?P<one>(?<![\d.]){_FIGURE})(?: ?%| \w+)?[^.;]{{0,60}}?"
    r"\b(?:and|versus|vs\.?|than|compared (?:to|with))\b"
    rf"(?: \w+){{0,2}}? (?P<other>{_FIGURE})(?! ?(?:years|days of|hours|weeks|months))",
    re.IGNORECASE,
)
_CLOSE = 1.12  # by which factor two figures may differ and yet be alike
_P = re.compile(r"\bP ?= ?0?(?P<p>\.\d+)", re.IGNORECASE)
_AROUND = re.compile(
    r"\b(?:ratio|risk|OR|HR|RR)\b(?:[^;.]|\.\d){0,40}?\b(?:CI|interval)\b:? ?(?P<low>0?\.\d+"
    r"|\d(?:\.\d+)?) ?(?:to|[-–,]) ?"
    r"(?P<high>\d+(?:\.\d+)?)",
    re.IGNORECASE,
)


class Finding(NamedTuple):
    """`text[start:end]` is the sentence that answers, and `verdict` what it says."""

    start: int
    end: int
    verdict: Verdict


def is_study(text: str) -> bool:
    """Whether a text reads as the report of a study."""
    marks = {found["mark"].lower().removesuffix("s") for found in _STUDY.finditer(text)}
    figures = len(_SHARE.findall(text)) > 1
    return len(marks) + figures + bool(_WE.search(text)) + bool(_SAMPLE.search(text)) >= _MARKS


def asks_finding(question: str) -> bool:
    """Whether yes, no or maybe may answer, also behind a subject (`Knee braces: do they help?`)."""
    if re.match(rf"\W*(?:\w+ )?(?:{QUESTION_WORDS})\b", question, re.IGNORECASE):
        return False
    return is_polar(question) or is_polar(re.split(r"[:.–—,]\s", question.rstrip())[-1])


def finding(question: str, text: str, near: Callable[[Sequence[str]], Sequence[float]]) -> Finding | None:
    """What a study found about a question; None where no sentence of it reports a finding.

    `near` gives the cosine of each sentence with the question.
    """
    places = sentences(text)
    said = [text[start:end] for start, end in places]
    if not said:
        return None
    labels = _labels(said)
    last = len(said) - 1
    scores = [
        cosine + _part(one, label) + (_LAST if at == last else 0.0) - (0.4 if at == 0 < last else 0.0)
        for at, (one, label, cosine) in enumerate(zip(said, labels, near(said), strict=True))
    ]
    best = max(range(len(said)), key=lambda at: scores[at])
    if _is_aim(said[best], labels[best]):
        return None
    start, end = places[best]
    label = _LABEL.match(said[best])
    return Finding(start + (label.end() if label else 0), end, verdict(question, said[best]))


def _labels(said: Sequence[str]) -> list[str]:
    """The label under which each sentence stands: `conclusion`, `results`, `methods`, …; "" for none."""
    labels, label = [], ""
    for one in said:
        found = _LABEL.match(one)
        label = found["label"].lower() if found else label
        labels.append(label)
    return labels


def _is_aim(sentence: str, label: str) -> bool:
    named = re.match(r"(?:objective|aim|purpose|goal|question)", label)
    return bool(named or _AIM.search(sentence)) and not _CONCLUDES.search(sentence)


def _part(sentence: str, label: str) -> float:
    """What a sentence weighs by its part in the report."""
    weight = 0.2 if _FINDS.search(sentence) else 0.0
    if label.startswith(("conclu", "interpret", "discussion")):
        return weight + 0.6
    if re.match(r"(?:method|design|setting|participant|patient|material|background|introduction)", label):
        return weight - 0.6
    weight += 0.4 if _CONCLUDES.search(sentence) else 0.0
    weight -= 0.6 if _is_aim(sentence, label) else 0.0
    return weight - (0.4 if _METHOD.search(sentence) else 0.0)


def verdict(question: str, sentence: str) -> Verdict:
    """What a sentence that reports a finding says to a question."""
    if _doubt(sentence) >= 1:
        return "Maybe"
    return "No" if _denies(question, sentence) else "Yes"


def _doubt(sentence: str) -> float:
    kinds = {found.lastgroup for found in _HEDGE.finditer(sentence)}
    return float(bool(_OPEN.search(sentence))) + 0.5 * len(kinds)


def _denies(question: str, sentence: str) -> bool:
    """Whether the sentence says that it is not so."""
    harmless = bool(_HARMLESS.search(sentence))
    if _ASKS_HARM.search(question) and harmless:
        return True
    bare = _HARMLESS.sub(" ", sentence)
    bare = _KEPT.sub(" ", bare)
    nothing = bool(_NOTHING.search(bare) or _AVOID.search(bare)) or _insignificant(bare)
    if _SAME.search(sentence):
        nothing = not _ASKS_SAME.search(question)
    return nothing != bool(_ASKS_NOTHING.search(question) or _AVOID.search(question))


def _insignificant(sentence: str) -> bool:
    """Whether the figures of a sentence show no difference: P over .05, or a ratio's interval around 1."""
    values = [float(found["p"]) for found in _P.finditer(sentence)]
    around = [float(found["low"]) < 1 < float(found["high"]) for found in _AROUND.finditer(sentence)]
    if values or around:
        return (not values or min(values) > 0.05) and (not around or all(around))
    pairs = [(float(found["one"]), float(found["other"])) for found in _PAIR.finditer(sentence)]
    return bool(pairs) and all(max(pair) < _CLOSE * min(pair) for pair in pairs)
