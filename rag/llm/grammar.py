"""Grammars (GBNF): every sentence ends with the number of a source, or the whole is a refusal; or JSON.

Models that can hold to a grammar (llama.cpp) then cannot write a sentence without a marker, nor a marker of a
source that they were not given. Whether the source says so is checked afterwards, as for every model.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any


def cited(numbers: Sequence[int], refusal: str) -> str:
    """The grammar for answers from the sources with these numbers."""
    number = " | ".join(json.dumps(str(number)) for number in numbers)
    refuse = f"{json.dumps(refusal)} | " if refusal else ""
    return (
        f"root ::= {refuse}sentence more*\n"
        "more ::= [ \\n] sentence\n"
        # The first letter is no white space, so an empty sentence cannot be written.
        'sentence ::= plain (plain | inside | short | " ")+ stop? " "? marker (" "? marker)* stop?\n'
        "stop ::= [.!?。！？]\n"
        "plain ::= [^ \\n\\[\\].!?。！？]\n"
        # What ends no sentence: a sign within a word or a number, and a point behind one or two letters.
        "inside ::= [.!?] [^ \\n\\[\\]]\n"
        'short ::= [ .] [A-Za-z] [a-z]? "." " " plain\n'
        f'marker ::= "[" ({number}) "]"\n'
    )


def from_schema(schema: Mapping[str, Any]) -> str:
    """The grammar for JSON of a schema, by llama.cpp's own rules (needs llama-cpp-python)."""
    from llama_cpp.llama_grammar import json_schema_to_gbnf

    return str(json_schema_to_gbnf(json.dumps(schema)))
