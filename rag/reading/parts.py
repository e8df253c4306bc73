"""The part of a document that a question names by its number or its code: `clause 2.2`, `§ 4`, `E-4021`.

People cite contracts, manuals and rules by such names, so what the part says is read in it and nowhere else.
A part begins with a line that has the number or the code first, a heading or a numbered paragraph, and goes
on up to the next that is not below it. Of several with one number the one is taken whose document and
headings have most of the question's other words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from rag.types import Hit

from .units import BETWEEN

_KINDS = (
    "clause|section|sec\\.|article|art\\.|paragraph|para\\.|chapter|appendix|annex|schedule|item|point|rule|step"
    "|part|abschnitt|ziffer|artikel|kapitel|anhang|absatz|punkt|klausel|annexe|chapitre|cláusula|artículo"
    "|sección|apartado|anexo|capítulo"
)
_NUMBERED = re.compile(
    rf"(?:\b(?:{_KINDS})|§{{1,2}})\s*(?P<number>\d+(?:\.\d+)*[a-z]?|(?-i:[A-Z]|[IVX]+))(?![\w-])\.?"
    r"(?:\s*\((?P<below>[a-z]|\d{1,2})\))?",
    re.IGNORECASE,
)
_CODE = re.compile(r"\b\w+(?:[./-]\w+)*")  # with a digit and a letter in it
_HEADING = re.compile(r"^(#{1,6})\s+", re.MULTILINE)
_NUMBER = re.compile(r"^(?:\*\*|§\s*)?(?P<number>\d+(?:\.\d+)*)[.)]?(?:\*\*)?\s+(?=\S)", re.MULTILINE)
_LONGEST = 4000  # characters of a part that are read
_FEW = 4  # words besides a code, of its document or headings
_ASKS = (  # words that ask for what a part says and for nothing in it
    "say said state mean stand require cover contain describe explain regulate about tell read text content"
    " definition provide specify summary meaning show indicate signify write deal error fault code alarm"
    " message warning contract agreement document"
)


class Part(NamedTuple):
    """`hit` is the part itself as a hit of the document of `hits[place]`; `label` what it begins with.

    `whole` says that the question asks for what it says, not for something in it.
    """

    place: int
    hit: Hit
    label: str
    whole: bool


def named_part(
    question: str,
    hits: Sequence[Hit],
    texts: Callable[[Sequence[str]], Mapping[str, str]],
    analyze: Callable[[str], Sequence[str]],
) -> Part | None:
    """The part that a question names, of a document that was found; None where it names none.

    `texts` gives the texts of documents by their ids. A code names a part only where what it says or means is
    asked for, since other parts may speak of it.
    """
    names = [*_NUMBERED.finditer(question)] or [
        word
        for word in _CODE.finditer(question)
        if re.search(r"\d", word[0]) and re.search(r"[^\W\d_]", word[0])
    ]
    if len(names) != 1:
        return None
    name = names[0]
    documents = {hit.chunk.document_id: place for place, hit in reversed(list(enumerate(hits)))}
    rest = question[: name.start()] + question[name.end() :]
    asked = set(analyze(rest)) - set(analyze(_ASKS))
    if name.re is _CODE and len(asked) > _FEW:
        return None  # too much else is asked for the part to be meant
    best: tuple[tuple[int, int, int], Part] | None = None
    for document, text in texts(list(documents)).items():
        place = documents[document]
        chunk = hits[place].chunk
        for start, body, end in _places(name, text):
            above = f"{chunk.source} {chunk.title} {_headings(text, start)}"
            around = set(analyze(re.sub(r"[\W_]+", " ", above)))
            left = asked - around
            whole = not left
            if not whole and name.re is _CODE:
                continue
            label = text[start:body].lstrip("# ").strip(" *\n")
            rank = (len(left), place, start)
            if best is None or rank < best[0]:
                part = replace(
                    chunk, id=f"{chunk.id}:{start}", text=text[start:end], start=start, end=end,
                    heading=_headings(text, start), header="", page=None,
                )  # fmt: skip
                best = rank, Part(place, replace(hits[place], chunk=part), label, whole)
    return best[1] if best else None


def _places(name: re.Match[str], text: str) -> Iterator[tuple[int, int, int]]:
    """Start of each part of that name, end of its heading (the start where it has none), and its end."""
    numbered = name.re is _NUMBERED
    wanted = re.escape(name["number"] if numbered else name[0])
    kinds = rf"(?:(?:{_KINDS}|§{{1,2}})\s*)?" if numbered else r"(?:\w+ ){0,2}"
    line = re.compile(
        rf"^(?P<heading>#{{1,6}}\s+)?(?:\*\*)?{kinds}{wanted}(?![\w-]|\.\d)[^\n]*",
        re.IGNORECASE | re.MULTILINE,
    )
    letter = numbered and name["number"].isalpha()
    plain = letter or (numbered and "." not in name["number"])
    for match in line.finditer(text):
        heading = match["heading"]
        marked = plain and _marked(match[0].removeprefix(heading or ""), name["number"])
        if not marked and (letter or (not heading and (plain or not numbered))):
            continue
        end = _end(
            text, match.end(), len(heading.strip()) if heading else 0, name["number"] if numbered else ""
        )
        start, body = match.start(), match.end() if heading else match.start()
        if numbered and name["below"]:
            inner = re.compile(rf"^\s*\(?{re.escape(name['below'])}\)[^\n]*", re.MULTILINE | re.IGNORECASE)
            found = inner.search(text, match.end(), end)
            if found is None:
                continue
            start = body = found.start() + len(found[0]) - len(found[0].lstrip())
            end = found.end()
        yield start, body, min(end, start + _LONGEST)


def _marked(line: str, number: str) -> bool:
    """Whether the number of a line is marked as one: `2.`, `(2)`, `§ 2`, `Section 2`, or alone."""
    marked = rf"\W*(?:(?:{_KINDS})\s*{number}|§+\s*{number}|{number}(?:[.):]\s|\s*(?:[–—-]\s|$)))"
    return bool(re.match(marked, line, re.IGNORECASE))


def _end(text: str, at: int, level: int, number: str) -> int:
    """Where a part ends, its first line ending at `at`: before the next heading as high or number."""
    for heading in _HEADING.finditer(text, at):
        if not level or len(heading[1]) <= level:
            end = heading.start()
            break
    else:
        end = len(text)
    if level:
        return end
    for other in _NUMBER.finditer(text, at, end):
        if not other["number"].startswith(f"{number}."):
            return other.start()
    paragraph = text.find("\n\n", at, end)
    following = text[paragraph:end].lstrip() if paragraph >= 0 else ""
    return paragraph if paragraph >= 0 and not re.match(r"\(?[a-z]\)|[-*•]|\(\d", following) else end


def _headings(text: str, at: int) -> str:
    """The path of the headings above a place, the outermost first."""
    path: list[tuple[int, str]] = []
    for match in _HEADING.finditer(text, 0, at):
        level = len(match[1])
        path = [part for part in path if part[0] < level]
        path.append((level, text[match.end() : text.find("\n", match.end())].strip()))
    return BETWEEN.join(title for _, title in path)
