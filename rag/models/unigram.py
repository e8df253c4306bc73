"""A vocabulary of pieces with probabilities → the JSON of the package `tokenizers` (SentencePiece unigram).

The characters of a text are made alike first (NFKC, without control characters), spaces become `▁`, and the
most probable pieces that make up the text are taken. Source: Kudo, Subword Regularization.
"""

from __future__ import annotations

import unicodedata
from typing import Any

from rag.errors import ModelError
from rag.models.packed import Vocabulary

_SPACE = "▁"
_APART = "\x00"  # no text has it once its characters are made alike: so "</s>" in a text is text
_HELD = 0xF0000  # private code points that hold a character past NFKC
_MOST_HELD = 64
_LAST = 0x2FFFF  # code points behind it are tags and private use


def tokenizer(vocabulary: Vocabulary) -> Any:
    """A `tokenizers.Tokenizer`, which puts <s> before a text and </s> behind it.

    Raises ModelError where the characters of the vocabulary are made alike in another way than NFKC.
    """
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

    special = {vocabulary.begin, vocabulary.end, vocabulary.pad, vocabulary.unknown}
    special |= {
        place
        for place, piece in enumerate(vocabulary.pieces)
        if piece.startswith("<") and piece.endswith(">") and vocabulary.scores[place] == 0
    }
    pieces = [
        (_APART + piece if place in special else piece, score)
        for place, (piece, score) in enumerate(zip(vocabulary.pieces, vocabulary.scores, strict=True))
    ]
    made = Tokenizer(models.Unigram(pieces, unk_id=vocabulary.unknown, byte_fallback=False))
    held = _exceptions(vocabulary)
    steps = [
        *(normalizers.Replace(sign, chr(_HELD + place)) for place, sign in enumerate(held)),
        normalizers.Nmt(),
        normalizers.NFKC(),
        *(normalizers.Replace(chr(_HELD + place), read) for place, read in enumerate(held.values())),
        normalizers.Replace(Regex(" {2,}"), " "),
    ]
    made.normalizer = normalizers.Sequence(steps)
    made.pre_tokenizer = pre_tokenizers.Metaspace(_SPACE, prepend_scheme="always")
    begin, end = (pieces[place][0] for place in (vocabulary.begin, vocabulary.end))
    made.post_processor = processors.TemplateProcessing(
        single=[begin, "$A", end], special_tokens=[(begin, vocabulary.begin), (end, vocabulary.end)]
    )
    return made


def _exceptions(vocabulary: Vocabulary) -> dict[str, str]:
    """Characters that the vocabulary reads otherwise than NFKC does → what it reads them as."""
    from tokenizers import normalizers

    alike = normalizers.Sequence([normalizers.Nmt(), normalizers.NFKC()])
    signs = {chr(code) for code in range(_LAST + 1) if not 0xD800 <= code < 0xE000}
    signs = {sign for sign in signs if unicodedata.normalize("NFKC", sign) != sign or sign <= _SPACE}
    signs |= vocabulary.characters.keys()
    other = {
        sign: vocabulary.characters.get(sign, sign)
        for sign in sorted(signs)
        if alike.normalize_str(sign) != vocabulary.characters.get(sign, sign)
    }
    if len(other) > _MOST_HELD:
        raise ModelError(
            f"{len(other)} characters are read otherwise than by NFKC, such as {next(iter(other))!r}: "
            "this vocabulary is of another kind"
        )
    return other
