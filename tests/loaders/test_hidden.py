"""What a file hides: left out where nobody can see it, kept where somebody may, and counted."""

from __future__ import annotations

import pytest

from rag.loaders import load_bytes
from rag.loaders.guard.hidden import HIDDEN_KEY
from rag.loaders.guard.invisible import visible
from rag.loaders.html.css import colour, conceals, declarations, same_colour
from rag.types import Document

SAID = "one two three four five"  # 23 characters


def loaded(data: str, name: str = "a.html") -> Document:
    (document,) = load_bytes(data.encode(), name).documents
    return document


def test_each_kind_is_counted_once_wherever_it_stands() -> None:
    page = (
        f"<h1>A <i hidden>{SAID}</i></h1><table><tr><td>x<td style='display:none'>{SAID}</table>"
        f"<p style='display: none'>{SAID}</p><!-- {SAID} --><pre>y<b aria-hidden=true>{SAID}</b></pre>"
    )
    document = loaded(page)
    assert "two" not in document.text
    assert document.metadata[HIDDEN_KEY] == (
        "left out as hidden: 46 characters of text (display: none), "
        "23 characters of text (attribute hidden), 23 characters of text (comment), "
        "23 characters of text (aria-hidden)"
    )


@pytest.mark.parametrize(
    "page",
    [
        "<!-- end of navigation -->",
        "<!--[if lt IE 9]> <p>You are using an old browser, please upgrade it.</p> <![endif]-->",
        "<i aria-hidden=true>menu</i>",
        "<script>const text = 'short label'; run(one, two, three, four, five, six)</script>",
        f'<script type=application/ld+json>{{"description": "{SAID}"}}</script>',
        f"<style>/* {SAID} */</style>",
        f"<nav>{SAID}</nav>",
    ],
)
def test_what_is_no_hidden_message_is_not_told(page: str) -> None:
    assert HIDDEN_KEY not in loaded(f"<p>shown{page}").metadata


@pytest.mark.parametrize(
    ("page", "shown"),
    [
        ("<p style='color:white'>no</p>", False),
        ("<font color='#FFF'>no</font>", False),
        ("<table bgcolor=black><tr><td style='color:white'>no</table>", True),
        ("<div style='background:#222'><p style='color:white'>no</p></div>", True),
        ("<div style='background:url(a.png)'><p style='color:white'>no</p></div>", True),
        ("<div class=dark><p style='color:white'>no</p></div>", True),
        ("<style>body{background:navy}</style><p style='color:white'>no</p>", True),
        ("<p style='color:black;background:rgb(0 0 0)'>no</p>", False),
    ],
)
def test_letters_in_the_colour_of_their_background(page: str, shown: bool) -> None:
    assert ("no" in loaded(f"<p>page</p>{page}").text) is shown


@pytest.mark.parametrize(
    ("style", "why"),
    [
        ("DISPLAY: None !important", "display: none"),
        ("visibility:collapse", "visibility: hidden"),
        ("opacity: .0", "opacity: 0"),
        ("font-size:0", "size of zero"),
        ("max-height:0px;overflow:hidden", "size of zero"),
        ("position:fixed;top:-200em", "off screen"),
        ("text-indent:-9999px", "off screen"),
        ("position:absolute;clip:rect(1px, 1px, 1px, 1px)", "clipped away"),
        ("color:hsla(0, 0%, 0%, 0)", "transparent"),
        # what only looks like it
        ("height:0", ""),
        ("overflow:hidden;height:10px", ""),
        ("position:absolute;left:-20px", ""),
        ("left:-9999px", ""),
        ("margin-left:-9999px; display:block", ""),
        ("color:rgba(0,0,0,0.5)", ""),
        ("opacity:0.05", ""),
        ("", ""),
    ],
)
def test_inline_styles(style: str, why: str) -> None:
    assert conceals(declarations(style)) == why


def test_colours() -> None:
    white = (255, 255, 255)
    assert colour("#fff") == colour("#FFFFFF") == colour("rgb(100%, 100%, 100%)") == colour("white") == white
    assert colour("rgb(1 2 3 / 50%)") == (1, 2, 3)
    assert colour("var(--ink)") is None
    assert same_colour(white, (250, 255, 244))
    assert not same_colour(white, (255, 255, 240))


def test_plain_files_lose_characters_only_where_they_are_suspicious() -> None:
    honest = "A soft\u00adhyphen, می\u200cخواهم and one\u200bbreak."
    assert loaded(honest, "a.txt").text == honest
    # 3 words are split: 3 characters go. The flag of Scotland is no smuggling.
    document = loaded("pa\u200bss wo\u200brd no\u200bw", "a.txt")
    assert document.text == "pass word now"
    assert document.metadata[HIDDEN_KEY] == (
        "left out as hidden: 3 characters (3 words split by characters of no width)"
    )
    flag = "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"
    assert loaded(f"Scotland {flag}", "a.txt").text == f"Scotland {flag}"
    assert visible("x\u202etxt\u202c") == "xtxt"


def test_each_message_of_a_mailbox_tells_of_its_own() -> None:
    message = "From a@b.c Thu Jan  1 00:00:00 2026\nSubject: {}\nContent-Type: text/html\n\n<p>body</p>{}\n\n"
    box = message.format("one", "") + message.format("two", f"<p hidden>{SAID}</p>")
    one, two = load_bytes(box.encode(), "a.mbox").documents
    assert HIDDEN_KEY not in one.metadata
    assert two.metadata[HIDDEN_KEY] == "left out as hidden: 23 characters of text (attribute hidden)"
