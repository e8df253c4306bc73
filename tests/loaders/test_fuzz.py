"""Edited files through every loader, and what it made of them through every chunking method.

`make fuzz EXAMPLES=5000` looks longer; `make attack` draws such files too.
"""

from __future__ import annotations

import os
import warnings

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rag.chunking import chunker, make_chunks, methods
from rag.errors import LoadError
from rag.loaders import load_bytes
from tests.chunking.conftest import token_ends
from tests.loaders.fuzzing import SEEDS, Edit, edited, untried
from tests.text.hostile import PIECES

MARKUP = (
    *(
        b"<",
        b">",
        b"</",
        b"&",
        b'"',
        b"'",
        b"<!--",
        b"]]>",
        b"<![CDATA[",
        b"&#0;",
        b"&#xD800;",
        b"&#x110000;",
    ),
    *(b"\x00", b"\xff", b"\xfe\xff", b"\xed\xa0\x80", b"\r", b"\x0c", b"\x1a", b"\x85", b"\xe2\x80\xa8"),
    *(b"-1", b"0", b"1e999", b"99999999999999999999", b"NaN", b"{", b"}", b"[", b"]", b":", b"null"),
    *(b"%s", b"../", b"=?utf-8?b?", b"?=", b"charset=hex", b"--", b"obj", b"endobj", b"stream", b"xref"),
)
PIECE = st.one_of(
    st.sampled_from(MARKUP),
    st.sampled_from([piece.encode("utf-8", "surrogatepass") for piece in PIECES]),
    st.binary(max_size=8),
)
SHARE = st.floats(0, 1)
EDITS = st.lists(
    st.builds(Edit, SHARE, SHARE, st.integers(0, 40), PIECE, st.sampled_from((0, 1, 1, 2, 50))),
    min_size=1,
    max_size=6,
)


def test_no_loader_is_forgotten() -> None:
    assert untried() == set()


@pytest.mark.parametrize("name", SEEDS)
def test_what_is_edited_could_be_read_before(name: str) -> None:
    for data in (SEEDS[name], edited(SEEDS[name], [Edit(0, 0, 0, b"", 0)])):
        assert load_bytes(data, name).documents


@pytest.mark.parametrize("name", SEEDS)
@settings(
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "25")),
    deadline=None,
    derandomize="FUZZ_EXAMPLES" not in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(edits=EDITS, method=st.sampled_from(sorted(set(methods()) - {"semantic"})))
def test_an_edited_file_is_read_or_refused_and_cut(name: str, edits: list[Edit], method: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what parsers say of bad files is no matter here
        try:
            loaded = load_bytes(edited(SEEDS[name], edits), name)
        except LoadError:
            return
    assert loaded.documents
    cut = chunker(method, max_tokens=40)
    for document in loaded.documents:
        for chunk in make_chunks(document, cut(document, token_ends)):
            assert chunk.text == document.text[chunk.start : chunk.end]
            assert chunk.text.strip() == chunk.text != ""
            chunk.text.encode("utf-8")
