"""Questions for a weight, an age, a price, an address or the like, and what a text has that answers them.

By English words; what a question in other words asks for is not known.
"""

from __future__ import annotations

import re

_DURATION = r"(?:second|minute|hour|day|week|month|year|decade|centur(?:y|ie))"
_AMOUNTS = (
    "rates?|fees?|costs?|prices?|rents?|deposits?|salar(?:y|ies)|fines?|penalt(?:y|ies)|tax(?:es)?|share|risk"
)
_QUANTITIES: dict[str, tuple[str, str]] = {
    "weight": (
        r"how heavy|weighs?|weight",
        r"\b(?:weighs?|weight|mass|(?:kilo)?grams?|ton(?:ne)?s?|pounds?)\b|\d ?(?:kg|g|t|lbs?|oz)\b",
    ),
    "age": (r"how old|age", r"\b(?:age[ds]?|years?|born|since|old)\b"),
    "time before": (
        r"how (?:far|long|early|soon|much time|many \w+) (?:in advance|ahead|before(?:hand)?|back)"
        r"|how much notice",
        rf"\b{_DURATION}s?\b",
    ),
    "length": (
        rf"how (?:far|tall|deep|wide|thick)|how high(?!.{{0,200}}\b(?:{_AMOUNTS})\b)",
        r"\d ?(?:[kcm]?m|ft|in)\b|\b(?:feet|foot|inch(?:es)?|miles?)\b"
        r"|\b(?:(?:kilo|centi|milli|micro|nano)?met(?:re|er)s?|height|width|depth|length)\b|%",
    ),
    "length or duration": (
        r"how long",
        rf"\b(?:{_DURATION}|met(?:re|er)|mile|character|letter|digit|page|word)s?\b"
        r"|\d ?(?:[kcm]?m|ft|h|s|min)\b|\b(?:feet|inch(?:es)?|until|since|duration|length)\b",
    ),
    "money": (
        r"how (?:much|expensive)\b.{0,200}"
        r"\b(?:costs?|pay|paid|prices?|fees?|charge|rent|earn|spen[dt]|worth|owe)"
        r"|how much money|what (?:do|does|did|must|will|would|should)\b.{1,80}\b(?:pay|owe|earn|charge)"
        r"|what (?:do|does|did|will|would)\b.{1,80}"
        r"\b(?:get|receive|ask|take|make)\b(?: paid)? (?:for|per|an?)\b"
        r"|how much (?:is|are|was|were)\b"
        r"|what does .{1,200} cost|price|fee|cost|salary|rent|deposit|fine|penalty|wages?|surcharge",
        r"[€$£¥]|\b(?:EUR|USD|GBP|SEK|NOK|DKK|CHF|JPY|euros?|dollars?|pounds?|francs?|crowns?|cents?|pence)\b"
        r"|\b(?:price|fee|cost|rate|salary|rent|amount|total)\b"
        r"|\b(?:(?:is|are|be|for) free|free of charge)\b|: free\b",
    ),
    "share": (
        r"percent(?:age)?|per cent|margin|what (?:share|proportion)|(?:tax|interest|vat) rate",
        r"%|\b(?:per ?cent|percentage|halves|(?:half|third|quarter)s?)\b|\b0\.\d",
    ),
    "temperature": (
        r"how (?:hot|cold|warm)|temperature",
        r"°|\b(?:degrees?|celsius|fahrenheit|temperature)\b|\d ?[CFK]\b",
    ),
    "speed": (
        r"how (?:fast|quick(?:ly)?)|speed",
        rf"\d ?/ ?[a-z]|\b(?:per|mph|knots?|rpm|speed|{_DURATION}s?)\b",
    ),
    "frequency": (
        r"how (?:often|frequently)",
        r"\b(?:every|each|daily|weekly|monthly|quarterly|yearly|annual(?:ly)?|once|twice|times|hourly|per)\b",
    ),
    "mail address": (r"e-?mail(?: address)?", r"@"),
    "telephone": (
        r"(?:tele)?phone|extension|(?:number|hotline)\b.{0,200}\bcall|call\b.{0,200}\bnumber",
        r"\+?\d[\d ()/.-]{2,}\d",
    ),
    "loudness": (r"how loud|noise level|decibels?", r"\bdecibels?\b|\d ?dB\b"),
    "account": (r"(?:bank )?account number|iban", r"\b[A-Z]{2}\d\d[ \d]{6,}|\baccount\b|\d{6,}"),
    "web address": (r"url|web ?(?:site|address)|link(?! between)", r"https?:|\bwww\.|\.(?:com|org|net|eu)\b"),
}
"""Quantity → the words that ask for it, and what a text that has one has."""

_COMPILED = [
    (re.compile(rf"\b(?:{asked})\b", re.IGNORECASE), re.compile(said, re.IGNORECASE))
    for asked, said in _QUANTITIES.values()
]


_ASKS = re.compile(
    r"\b(?:how|much|expensive|costs?|pay|paid|prices?|fees?|charged?|rent|earns?|spen[dt]|worth|owe|get|receive"
    r"|take|make|ask|heavy|weighs?|weight|old|age|far|tall|high|deep|wide|thick|long|percent(?:age)?|share|rate"
    r"|hot|cold|warm|temperature|fast|quick|speed|often|frequently|number|call|loud|address)\b",
    re.IGNORECASE,
)


_OTHERWISE = re.compile(r"\W*(?:who|whom|whose|when|where|why)\b", re.IGNORECASE)


def asking_of(question: str) -> str:
    """The words of a question that ask for a quantity: `cost` of `What does the lamp cost?`; "" for none."""
    asking = next((match[0] for asked, _ in _COMPILED if (match := asked.search(question))), "")
    return " ".join(_ASKS.findall(asking))


def quantity_of(question: str) -> re.Pattern[str] | None:
    """What a text has that answers the question, where it asks for a quantity that is known here."""
    if _OTHERWISE.match(question):
        return None
    return next((said for asked, said in _COMPILED if asked.search(question)), None)
