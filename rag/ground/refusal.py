"""Sentences in which a model says, in its own words, that the sources hold no answer.

A list of phrases of English and a few other languages. The prompts ask for one fixed phrase instead, which is
caught before; this list is for models that do not keep to it.
"""

from __future__ import annotations

import re

_SOURCES = r"""(?:(?:the|these|any\ of\ the|given|provided|available)\ ){0,4}
    (?:sources?|context|documents?|passages?|texts?|information)"""
_SAY = r"""(?:say|mention|contain|provide|state|specify|include|give|answer|tell|address|discuss|indicate|hold
    |have|offer)"""
_CANNOT = (
    r"""(?:cannot|can't|could\ not|couldn't|am\ (?:not\ able|unable)\ to|are\ (?:not\ able|unable)\ to)"""
)
_PHRASES = re.compile(
    rf"""
    \b(?:i|we)\ {_CANNOT}\ (?:answer|find|determine|tell)
    | \b(?:i|we)\ (?:do\ not|don't)\ (?:know|have\ (?:enough|sufficient|the|any)\ information)
    | \b{_SOURCES}\ (?:above\ |below\ |given\ |provided\ )?
      (?:(?:do(?:es)?\ not|don't|doesn't)\ {_SAY}|{_SAY}s?\ (?:no|nothing)\b)
    | \b(?:is|are|was|were)\ (?:not|nowhere)\ (?:mentioned|stated|specified|provided|given|found|answered)
      \ (?:in|by|anywhere)\b
    | \bno\ (?:answer|information|mention)\b.{{0,40}}\b(?:in|from)\ {_SOURCES}
    | \bthere(?:\ is|'s)\ (?:no|not\ enough|insufficient)\ (?:information|evidence|mention)
    | \b(?:cannot|can't|could\ not)\ be\ (?:answered|determined|found)\b
    | ^\W*(?:no\ answer|not\ in\ the\ sources|unanswerable)\b
    | \bQuellen\b.{{0,40}}\b(?:keine|nicht)\b | \bsources\ ne\b.{{0,40}}\bpas\b | \bfuentes\ no\b
    | (?:资料|来源|文档|上下文)中?(?:没有|未|并未)
    """,
    re.IGNORECASE | re.VERBOSE,
)


def is_refusal(sentence: str) -> bool:
    """Whether a sentence says that the sources do not answer."""
    return bool(_PHRASES.search(" ".join(sentence.replace("’", "'").split())))
