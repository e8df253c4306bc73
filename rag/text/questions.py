"""What a question asks for, by its words: an explanation, a time, a number or a name.

Times, numbers and names are known in English, German, French and Spanish, everything else in English.
Questions in other words or languages ask for nothing that is known here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

Kind = Literal["time", "number", "name"]

QUESTION_WORDS = "who|whom|whose|what|when|where|which|why|how"
"""What a question begins with in English, as alternatives of a pattern."""

_MEASURES = (
    "many|much|old|long|far|tall|high|big|large|often|heavy|deep|wide|fast|strong|thick|early|late|soon|small"
    "|hot|cold|warm|frequently|quickly|expensive"
)
_PATTERNS: dict[Kind, re.Pattern[str]] = {
    "time": re.compile(
        r"\bwhen\b|\b(?:what|which) (?:year|date|day|month|century|decade|time)\b"
        r"|\bwann\b|\bquand\b|\bcuándo\b",
        re.IGNORECASE,
    ),
    "number": re.compile(
        rf"\bhow (?:{_MEASURES})\b|\b(?:what|which) (?:number|percentage|share)\b|\bcombien\b"
        r"|\bcu[aá]nt[oa]s?\b|\bwie (?:viele?|hoch|lange?|alt|oft|schwer|groß|weit|breit|tief)\b",
        re.IGNORECASE,
    ),
    "name": re.compile(
        r"\b(?:who|whom|whose|where|which)\b|\bwhat (?:person|city|country|company|place|name)\b"
        r"|\bwhat is the (?:name|capital)\b|\b(?:wer|wem|wen|wo)\b|^qui\b|\boù\b|\b(?:quién|dónde)\b",
        re.IGNORECASE,
    ),
}
_EXPLANATION = re.compile(
    rf"\b(?:why|explain|describe|how (?!(?:{_MEASURES})\b)\w+"
    r"|what (?:happens|happened|for|made|makes|caused|led|does .+ (?:do|mean))"
    r"|what (?:is|was) the (?:cause|reason)"
    r"|what (?:is|are) the (?:difference|differences|steps"
    r"|advantages|disadvantages|reasons|consequences|purpose|requirements|options))\b",
    re.IGNORECASE,
)


def kind_of(question: str) -> Kind | None:
    """The kind of value that a question asks for; of several the first of time, number, name."""
    return next((kind for kind, pattern in _PATTERNS.items() if pattern.search(question)), None)


def is_polar(question: str) -> bool:
    """Whether yes or no would answer."""
    return bool(_POLAR.match(question))


_POLAR = re.compile(
    r"\W*(?:is|are|was|were|am|do|does|did|has|have|had|can|could|may|might|must|shall|should|will|would)\b",
    re.IGNORECASE,
)


def explains(question: str) -> bool:
    """Whether a question asks for an explanation rather than for a name, a number or the like."""
    return bool(_EXPLANATION.search(question))


def is_reason(question: str) -> bool:
    """Whether a question asks for a reason."""
    return _REASON.match(question) is not None


_REASON = re.compile(
    r"\W*(?:why|how come|what (?:made|makes|caused|led)|(?:for )?what (?:is |was |were )?(?:the )?reasons?"
    r"|warum|wieso|weshalb|pourquoi|por qué)\b",
    re.IGNORECASE,
)


Form = Literal["steps", "list", "count", "sum", "comparison", "explanation", "value"]

_COUNTED = re.compile(  # `the number of orders`, and no policy number of theirs
    r"(?:\b(?:how many|(?:the|total|overall|exact|any) number of)|^\W*number of)\b"
    r"(?:\s+(?P<noun>[\w-]+(?:\s+[\w-]+)?))?",
    re.IGNORECASE,
)

_SUMMED = re.compile(r"\b(?:total|sum|altogether|combined|overall)\b", re.IGNORECASE)
_STEPS = re.compile(
    r"\bhow (?:do|can|should|would|must) (?:i|we|you|one|someone)\b|\bhow to\b"
    r"|\b(?:steps|procedure|instructions)\b|\b(?:what|which) (?:order|sequence)\b"
    r"|\bwhat (?:do|should|must|shall|can) (?:i|we|you|one|they|he|she|(?:an?|the|our|my) \w+) do"
    r"(?: (?:with|when|if|after|in|about|on|at)\b|\W*$)"
    r"|\bhow (?:is|are) .{1,200} (?:done|made|replaced|changed|installed|set up|reset)\b",
    re.IGNORECASE,
)
_LISTED = re.compile(
    r"\b(?:what|which) (?:are (?:the|our|its|their) )?(?:two|three|four|five|six|seven|eight|nine|ten)"
    r" \w+(?: \w+)?s\b"
    r"|^\W*(?:list|name|give me|show me|enumerate)\b"
    r"|\b(?:what|which) (?:all )?(?:are|were) (?:all )?the \w+s\b"
    r"|\b(?:which|what) (?:\w+ ){0,2}\w+s (?:\w+ ){0,4}(?:are|were|have|had|do|did|came|must|should)\b"
    r"|\ball (?:the )?\w+s\b",
    re.IGNORECASE,
)
_COMPARED = re.compile(
    r"\bcompare[ds]?\b|\bdiffer(?:s|ed|ence|ences|ent)?\b|\bversus\b"
    r"|\b(?:what|how)(?: \w+)? (?:are|were|do|does|is)\b.{1,200}\band\b"
    r"|\b(?:which|who|what|is|are)\b.{1,100}\b(?:\w{2,}er|more|less|worse)\b.{0,60}(?:,| or | than ).{0,60}"
    r"\b(?:or|than) "
    r"|\b(?:r[io]sen?|rose|f[ae]ll(?:en)?|gr[eo]wn?|(?:chang|increas|decreas)e[ds]?|drop(?:ped)?)\b.{0,80}"
    r"\bfrom\b.{1,60}\bto\b",
    re.IGNORECASE,
)
_ASKING = re.compile(
    r"\b(?:list|name|give|show|enumerate|compare|explain|describe|tell|all|every|steps?|procedure|instructions)\b",
    re.IGNORECASE,
)


_WORDED = re.compile(r"\b(?:what|how|why|is|are|was|were|do|does|did|can|could|may|must)\b", re.IGNORECASE)


def form_of(question: str) -> Form:
    """The form that an answer has; `value` is a name, a number or the like in its sentence."""
    if _STEPS.search(question):
        return "steps"
    if _SUMMED.search(question):
        return "sum"
    if _COUNTED.search(question):
        return "count"
    if _COMPARED.search(question):
        return "comparison"
    if _LISTED.search(question):
        return "list"
    return "explanation" if explains(question) else "value"


def counted_in(question: str) -> str:
    """What a question counts, in one word or two: `How many open orders` → `open orders`; empty for none."""
    match = _COUNTED.search(question)
    return (match["noun"] or "") if match else ""


def subject_of(question: str) -> str:
    """The question without words that only say how to answer it: `Compare the caps` → `What are the caps`."""
    bare = " ".join(_ASKING.sub(" ", question).split())
    return bare if kind_of(bare) or _WORDED.search(bare) else f"What are {bare}"


def stands_for(question: str) -> str:
    """The term whose long form is asked for (`What does CNN stand for?` → `CNN`); empty for none.

    In English, German, French, Spanish and Chinese, as in `means`.
    """
    return _term_in(_STANDS_FOR, question)


def means(question: str) -> str:
    """The term in capitals whose meaning is asked for (`What does CNN mean?` → `CNN`); empty for none."""
    return _term_in(_MEANS, question)


def _term_in(patterns: Sequence[re.Pattern[str]], question: str) -> str:
    found = (pattern.search(question) for pattern in patterns)
    return next((match["term"] for match in found if match), "")


_QUOTES = "\"'“”‘’«»„"
_TERM = rf"[{_QUOTES}]?(?P<term>[A-Za-z0-9À-Þ][\w&/.+-]{{0,10}}[\w+])[{_QUOTES}]?"
_CALLED = (
    r"(?:(?:the|die|la|le|l['’]|el) ?)?(?:(?:abbreviation|acronym|initials|letters|abkürzung|sigle|sigla)\s)?"
)
_STANDS_FOR = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\bwhat (?:does|do|did) {_CALLED}{_TERM} stands? for\b",
        rf"\bwhat (?:is|are) {_CALLED}{_TERM} (?:short|(?:an?|the) (?:abbreviation|acronym)) (?:for|of)\b",
        rf"\b(?:full|long|expanded) form of {_CALLED}{_TERM}\W*$",
        rf"\b(?:expansion|meaning) of the (?:abbreviation|acronym) {_TERM}\W*$",
        rf"\bwofür steht {_CALLED}{_TERM}\W*$",
        r"(?P<term>[A-Za-z0-9][A-Za-z0-9&/.+-]{1,10})\s?(?:代表什么|是什么的(?:缩写|简称)|的全称)",
    )
)
_CAPITALS = rf"[{_QUOTES}]?(?P<term>[A-Z][A-Za-z&/.]{{0,8}}[A-Z]|[A-Z]\d[A-Z])[{_QUOTES}]?"
_MEANS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"\b[Ww]hat (?:does|do) (?i:{_CALLED}){_CAPITALS} mean\W*$",
        rf"\b(?:meaning|(?:full|long) name) of (?i:{_CALLED}){_CAPITALS}\W*$",
        rf"\b[Ww]as (?:bedeutet|heißt) (?i:{_CALLED}){_CAPITALS}\W*$",
        rf"\b[Qq]ue (?:veut dire|signifie) (?i:{_CALLED}){_CAPITALS}\W*$",
        rf"\b[Qq]ué (?:significa|quiere decir) (?i:{_CALLED}){_CAPITALS}\W*$",
    )
)


def parts_of(question: str) -> tuple[str, str] | None:
    """The two questions in one that asks twice (`Which system was chosen, and why?`); None where it is one.

    The second has the words of the first after its own, since its subject stands there.
    """
    match = _TWICE.match(question)
    if match is None:
        return None
    first, second = match["first"].rstrip(" ,;"), match["second"].strip(" ?")
    return f"{first}?", f"{second[0].upper()}{second[1:]}: {_LEAD.sub('', first)}?"


_LEAD = re.compile(
    r"^\W*(?:what|which|who|when|where|why|how (?:\w+)?)\b(?: (?:is|are|was|were|do|does|did|has|have))?\s*",
    re.IGNORECASE,
)
_TWICE = re.compile(
    r"(?P<first>\W*(?:what|which|who|when|where|why|how|is|are|was|were|do|does|did|can|has|have)\b.+?)"
    r",? and "
    r"(?P<second>(?:why|when|where|who|whose|how|what|which|by when|by whom|since when|did|does|was|were|is"
    r"|are)\b.*)\?\W*$",
    re.IGNORECASE,
)


def sides_of(question: str) -> tuple[str, str] | None:
    """The two questions in one that compares `A and B`: each with one of the two; None where there are none.

    They are names (`the caps of the Rostock and the Nantes agreements`), or what has an article each (`the
    solar roof and the gas engine`).
    """
    pairs = list(_PAIR.finditer(question)) or list(_THINGS.finditer(question))
    if not pairs:
        return None
    pair = pairs[-1]
    words = pair["second"].split()
    shared = (
        len(pair["first"].split()) == 2 < len(words) and pair.re is _THINGS
    )  # `the old and the new house`
    head = f" {words[-1]}" if shared else ""
    first = question[: pair.start("and")] + head + question[pair.end("second") :]
    second = question[: pair.start("first")] + question[pair.start("second") :]
    return " ".join(first.split()), " ".join(second.split())


_PAIR = re.compile(
    r"(?P<first>(?:the )?[A-Z0-9][\w&.-]{0,40}(?: [A-Z][\w&.-]{0,40}){0,6})(?P<and> (?:and|with|to|or) )"
    r"(?:in |of |for |at |by )?"
    r"(?P<second>(?:the )?[A-Z0-9][\w&.-]{0,40}(?: [A-Z][\w&.-]{0,40}){0,6})"
)
_ARTICLE = r"(?:the|a|an|our|your|their|its)"
_ENDS = (  # what no longer belongs to the second thing
    r"(?:take|cost|last|need|have|has|had|differ|weigh|compare|get|use|come|go|stay|end|begin|start|pay|run|work"
    r"|open|close|in|on|at|of|for|with|by|to|from|per|each|when|if)"
)
_THINGS = re.compile(
    rf"(?P<first>\b{_ARTICLE} [\w-]+(?: (?!and\b|or\b)[\w-]+){{0,2}})(?P<and>,? (?:and|or|with|than) )"
    rf"(?P<second>{_ARTICLE} (?!{_ENDS}\b)[\w-]+(?: (?!{_ENDS}\b)[\w-]+){{0,3}})",
    re.IGNORECASE,
)


_SENDS = (
    r"(?:sen[dt]|wr(?:ote|ite|itten)|told?|tell|inform(?:ed)?|ask(?:ed)?|announced?|mail(?:ed)?|repl(?:y|ied)"
    r"|answer(?:ed)?|complain(?:ed)?|report(?:ed)?|invited?|wants?|wanted|forward(?:ed)?)"
)
_HEADER = {
    "sent on": re.compile(rf"\b(?:when|what (?:day|date)|which day)\b.{{0,200}}\b{_SENDS}\b", re.IGNORECASE),
    "sent to": re.compile(
        rf"\b(?:to whom|whom|who (?:got|received|gets))\b.{{0,200}}\b(?:{_SENDS}|mail|message|letter)\b"
        rf"|\bwho (?:was|were|is) .{{0,200}}\b{_SENDS}\b(?! by)",
        re.IGNORECASE,
    ),
    "sent by": re.compile(rf"\bwho\b.{{0,200}}\b{_SENDS}\b|\bwhose (?:mail|message|letter)\b", re.IGNORECASE),
}
"""The lines of a mail's header, and the questions that ask for each."""


def header_asked_of(question: str) -> str:
    """The part of a mail's header that a question asks for: `sent by`, `sent to`, `sent on`; "" for none."""
    return next((name for name, pattern in _HEADER.items() if pattern.search(question)), "")


_COLUMN_OF = {
    "where": re.compile(
        r"\b(?:places?|locations?|sites?|rooms?|towns?|city|address|branch(?:es)?|venues?|shelf|rack|aisle|warehouse"
        r"|building|floor|station|country|port|street|hall|bay|cabinet|drawer|bin|stall|pier|cell|depot)\b",
        re.IGNORECASE,
    ),
    "when": re.compile(
        r"\b(?:dates?|days?|weekdays?|time|deadline|due|month|year|start|begins?|beginning)\b", re.IGNORECASE
    ),
    "who": re.compile(
        r"\b(?:persons?|contact|responsible|owner|manager|lead(?:er)?|author|employee|staff|driver|teacher|vet"
        r"|doctor|nurse|keeper|assigned|trainer|officer|assignee|operator|inspector|technician|by)\b",
        re.IGNORECASE,
    ),
}
_BEGINS = re.compile(r"\W*(?P<word>where|when|who)\b", re.IGNORECASE)


def column_asked_of(question: str) -> re.Pattern[str] | None:
    """What the name of a column has that holds places, times or persons, where the question asks for one."""
    match = _BEGINS.match(question)
    return _COLUMN_OF[match["word"].lower()] if match else None
