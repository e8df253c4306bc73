"""Commands to a language model, as patterns over plain text: lower case, single spaces, nothing hidden.

Each pattern is one way in which documents have been seen to address the model that reads them: turning it
away from its orders, giving it new ones, speaking to it, putting words into its mouth, or silencing it.
Orders to people ("ignore the noise", "answer the phone") are meant to pass.
"""

from __future__ import annotations

import re

_ORDERS = r"(?:instructions?|prompts?|rules|directions|guidelines|directives|commands|orders|constraints)"
_SOURCES = r"(?:context|documents?|sources?|passages?|content|information|hits|results)"
_OLD = r"(?:previous|prior|above|preceding|earlier|foregoing|other|existing|given|original|your)"
_MODEL = (
    r"(?:ai(?: (?:models?|assistants?|agents?|systems?))?|a\.i\.|(?:virtual |digital )?assistants?"
    r"|(?:large )?language models?|llms?|chat ?bots?|gpt)"
    # no model, but people and firms that have to do with some
    r"(?! (?:\w+ )?(?:researchers?|engineers?|developers?|experts?|scientists?|teams?|users?|customers?"
    r"|vendors?|compan(?:y|ies)|firms?|students?|startups?|enthusiasts?|research|safety)\b)"
)
_SAY = r"(?:say|answer|reply|respond|tell|output|state|claim|write)"
# Who says something is told of ("I always say that", "the letter should only state that"); an order opens a
# clause, or says who is to obey.
_ORDERED = (
    rf"(?:(?:^|[.!?:;,(\[\"“”'|] ?|\bplease |\bthen )(?:(?:you )?(?:must|should|shall) )?"
    rf"|\b(?:you|{_MODEL}|everyone|(?:the|any|every) answers?) (?:must|should|shall|will) )"
)
_FORGET = r"\b(?:ignore|disregard|forget|override|bypass|discard|overrule)"

_PATTERNS = (
    # away from its orders
    rf"{_FORGET} (?:all |any |everything |of |the |in |from )*{_OLD} (?:\w+ ){{0,2}}?{_ORDERS}\b",
    rf"{_FORGET} (?:(?:all|any) (?:of )?)?(?:the |these |those |your ){{1,2}}(?:system )?{_ORDERS}\b",
    rf"{_FORGET} (?:all |any |everything |of |the |in |from )*{_OLD} (?:\w+ )?{_SOURCES}\b",
    rf"{_FORGET} (?:everything|anything|all|whatever) (?:\w+ ){{0,3}}?(?:above|before|said|told|so far)\b",
    # new ones
    r"\b(?:new|updated|revised|real|secret|hidden) (?:system )?(?:instructions?|prompt|directive)s? ?:",
    r"\b(?:system|developer) (?:prompt|message|override|instruction)s?\b ?[:=]",
    r"<\|[a-z_]{2,20}\|>|\[/?inst\]|<</?sys>>|</?(?:system|instructions?)>|^\W{0,4}(?:system|assistant) ?: ",
    # speaking to it
    rf"\b(?:(?:instructions?|note|message|notice)\b[^.!?]{{0,12}}?|important ?[:!,-]+) (?:to|for) "
    rf"(?:the |any |all |every )*{_MODEL}\b",
    rf"\b(?:if|when|since|as) you are an? (?:\w+ ){{0,2}}?{_MODEL}\b",
    rf"\byou are (?:now|no longer) [^.!?]{{0,30}}?\ban? (?:\w+ ){{0,2}}?{_MODEL}\b",
    rf"\b(?:dear|attention|hey|hello)\b,? (?:(?!to )\w+ )?{_MODEL} ?[,:!.]",
    rf"\b{_MODEL}s? (?:reading this|must|should|shall) (?:\w+ )?(?:{_SAY}|ignore|disregard)\b",
    # putting words into its mouth
    r"\b(?:if|when(?:ever)?) (?:(?:you are|you're|ever|an?|the|any|some|users?|readers?|persons?|people|human"
    r"|(?:some|any)(?:one|body)) ){0,3}ask(?:ed|s|ing)?\b[^.!?]{0,120}?(?:, |: | then )"
    r"(?:you |must |should |always |please |simply |just |only )*"
    r"(?:say|answer|reply|respond|output|state|claim|write|tell (?:the |any )?(?:user|reader|person)s?)\b",
    rf"{_ORDERED}(?:always|only|just) {_SAY}\b,?(?: only| exactly)* that\b",
    r"\bplease (?:say|answer|reply|respond|output|state|claim|write)\b,?(?: only| exactly)* that\b",
    rf"{_ORDERED}(?:always|only|just) {_SAY}\b,?(?: only| exactly)*"
    r"(?: with (?:[\"'“]|the (?:word|phrase|answer|text)s?\b)|:| ?[\"“])",
    r"\b(?:please|you (?:must|should|shall)|(?:^|[.!?:;] )(?:must|should)) "
    r"(?:say|answer|output|state|claim)\b(?: with (?:[\"'“]|the (?:phrase|answer|text)s?\b)|:| ?[\"“])",
    rf"\b{_SAY} (?:only |exactly |just )+(?:with |the words? )?[\"'“:]",
    r"\bthe (?:\w+ ){0,2}?answer to (?:any|every|all) (?:\w+ )?questions?\b[^.!?]{0,60}? (?:is|must be)\b",
    r"\bthe (?:\w+ ){0,2}?answer to (?:this|the|your) (?:\w+ )?questions?\b"
    r"(?: ?[\"“'‘:,][^.!]{0,200}?)? must be\b",
    r"\bthe (?:\w+ ){0,2}?answer to (?:this|the|your) (?:\w+ )?question ?[\"“‘:][^.!]{0,200}? is\b",
    # silencing it
    r"\b(?:do not|don't|never|must not) (?:mention|reveal|cite|quote|use|trust|disclose|tell|show)\b"
    r"[^.!?]{0,20}?\b(?:the users?|other (?:sources?|documents?)"
    r"|(?:this|these) (?:note|message|instruction)s?)\b",
    r"\b(?:print|reveal|repeat|output|show|leak) (?:\w+ ){0,2}?system (?:prompt|instructions)\b",
    # German, French, Spanish, Chinese
    r"\b(?:ignoriere?n?|vergiss|missachte)\b[^.!?]{0,40}\b(?:anweisung|vorgabe|instruktion|regel)",
    r"\b(?:ignore[zr]?|oublie[zr]?)\b[^.!?]{0,40}\b(?:consignes?|instructions?|directives?)"
    r" (?:précédentes?|antérieures?|ci-dessus)",
    r"\b(?:ignora|ignore|olvida|olvide)\b[^.!?]{0,40}\b(?:instrucciones|indicaciones|órdenes)\b",
    r"(?:忽略|无视|忘记|不要理会)[^。！？]{0,12}(?:指令|指示|提示词|说明|规则)",
)
_COMMANDS = tuple(re.compile(pattern) for pattern in _PATTERNS)


def command(text: str) -> str:
    """The first command to a model in a plain text, or ""."""
    for pattern in _COMMANDS:
        if match := pattern.search(text):
            return match[0].strip()
    return ""
