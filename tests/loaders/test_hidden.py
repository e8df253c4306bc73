"""What a file hides: left out where nobody can see it, kept where somebody may, and counted."""

from __future__ import annotations

import pytest

from rag.errors import LoadError
from rag.loaders import load_bytes
from rag.loaders.guard.hidden import HIDDEN_KEY
from rag.loaders.guard.invisible import visible
from rag.loaders.guard.seen import melts
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
        ("<link rel=stylesheet href=a.css><div class=dark><p style='color:white'>no</p></div>", True),
        ("<div class=dark><p style='color:white'>no</p></div>", False),  # no sheet says what is dark
        ("<style>.dark{background:#222}</style><div class=dark><p style='color:white'>no</p></div>", True),
        ("<div style='color:white'>no</div>", False),
        ("<div style='color:#fff'><p style='background:#333'>no</p></div>", True),
        ("<div><img style='position:absolute'><p style='color:white'>no</p></div>", True),
        ("<p style='color:transparent;background:url(a);background-clip:text'>no</p>", True),
        ("<div style='color:white'><a href=x>no</a></div>", True),  # links are blue
        ("<p style='color:var(--x, ivory)'>no</p>", False),
        ("<style>:root{--x:#fffffe} p i{color:var(--x)}</style><p><i>no</i></p>", False),
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
        ("display:/**/none", "display: none"),
        ("d\\69splay : n\\6fne", "display: none"),
        ("--a:none; display:var(--a)", "display: none"),
        ("content-visibility: hidden", "display: none"),
        ("visibility:collapse", "visibility: hidden"),
        ("opacity: .01", "opacity near 0"),
        ("filter: blur(0) opacity(0%)", "opacity near 0"),
        ("font-size:0", "letters too small to see"),
        ("font-size:.05em", "letters too small to see"),
        ("font: 400 0/0 serif", "letters too small to see"),
        ("font-size:calc(2px - 1.5px)", "letters too small to see"),
        ("max-height:0px;overflow:hidden", "size of zero"),
        ("transform: rotate(5deg) scale(0)", "size of zero"),
        ("transform: scaleX(.001)", "size of zero"),
        ("scale: 0", "size of zero"),
        ("position:fixed;top:-200em", "off screen"),
        ("position:absolute;inset:auto auto auto -9999px", "off screen"),
        ("margin-left:-9999px", "off screen"),
        ("transform:translateX(-9999px)", "off screen"),
        ("text-indent:-9999px", "off screen"),
        ("position:absolute;clip:rect(1px, 1px, 1px, 1px)", "clipped away"),
        ("clip-path:circle(0)", "clipped away"),
        ("clip-path:inset(50%)", "clipped away"),
        ("clip-path:circle(0 at 50% 50%)", "clipped away"),
        ("clip-path:ellipse(0 50%)", "clipped away"),
        ("clip-path:inset(0 100% 0 0)", "clipped away"),
        ("clip-path:inset(60% 0 40%)", "clipped away"),
        ("clip-path:polygon(0 0, 0 0, 0 0)", "clipped away"),
        ("clip-path:polygon(evenodd, 50% 10%, 50% 50%, 50% 90%)", "clipped away"),
        ("clip-path:rect(0 0 0 0)", "clipped away"),
        ("clip-path:xywh(0 0 0 100%)", "clipped away"),
        ("mask:linear-gradient(transparent, transparent)", "masked away"),
        ("-webkit-mask-image:linear-gradient(#0000 0 0)", "masked away"),
        ("mask-image:radial-gradient(circle, rgb(0 0 0 / 1%), transparent 70%)", "masked away"),
        ("mask:url(a.svg); mask-size:0 0", "masked away"),
        ("color:color-mix(in srgb, black 1%, white)", "colour of its background"),
        ("color:color-mix(in srgb, white, white)", "colour of its background"),
        ("color:color-mix(in srgb, black 4%, transparent)", "transparent"),
        ("color:light-dark(white, black)", "colour of its background"),
        ("background:color-mix(in oklab, black 95%, white); color:#111", "colour of its background"),
        ("color:hsla(0, 0%, 0%, 0)", "transparent"),
        ("color:rgb(0 0 0 / 2%)", "transparent"),
        ("color:ivory", "colour of its background"),
        ("background:#111; color:black", "colour of its background"),
        # what only looks like it
        ("display:none; display:block", ""),
        ("height:0", ""),
        ("overflow:hidden;height:10px", ""),
        ("transform: rotateX(90deg)", "size of zero"),
        ("transform: rotateY(.25turn)", "size of zero"),
        ("opacity: calc(0)", "opacity near 0"),
        ("letter-spacing: -1em", "size of zero"),
        ("position:fixed; top:200vh", "off screen"),
        ("transform: rotateX(45deg)", ""),
        ("position:absolute;left:-20px", ""),
        ("left:-9999px", ""),
        ("margin:0 -9999px; padding:0 9999px", ""),
        ("color:rgba(0,0,0,0.5)", ""),
        ("color:yellow", ""),
        ("opacity:0.3", ""),
        ("transform:translateX(-100%)", ""),
        ("clip-path:inset(5% round 10%)", ""),
        ("clip-path:inset(40% 10%)", ""),
        ("clip-path:circle(50%)", ""),
        ("clip-path:circle(closest-side)", ""),
        ("clip-path:polygon(0 0, 100% 0, 100% 90%)", ""),
        ("clip-path:url(#hole)", ""),
        ("mask-image:linear-gradient(black, transparent)", ""),
        ("mask:url(a.svg) no-repeat", ""),
        ("color:color-mix(in srgb, black, white)", ""),
        ("color:color-mix(in srgb, white 20%, navy)", ""),
        ("color:light-dark(black, white)", ""),
        ("/* display:none */", ""),
        ("content:'display:none'", ""),
        ("", ""),
    ],
)
def test_inline_styles(style: str, why: str) -> None:
    document = loaded(f'<p>shown</p><p style="{style}">{SAID}</p>')
    told = f"left out as hidden: 23 characters of text ({why})" if why else None
    assert document.metadata.get(HIDDEN_KEY) == told
    assert ("two" in document.text) is (not why)


@pytest.mark.parametrize(
    ("page", "shown"),
    [
        (".x{display:none}", False),
        (".x{d\\69splay:/**/none}", False),
        ("p.x{display:none} .x{display:block}", False),  # the first weighs more
        (".x{display:none!important} p.x{display:block}", False),
        (".x{display:none} p.x{display:block}", True),
        ("@media screen{.x{color:white}}", False),
        ("@media print{.x{display:none}}", True),
        ("@media (max-width:600px){.x{display:none}}", True),
        ("div{& .x{font-size:1px}}", False),
        ("div > :is(.x, .y){opacity:0}", False),
        # what a click or a pointer shows
        (".x{display:none} div:hover .x{display:block}", True),
        (".x{display:none} .x.open{display:block}", False),  # no script gives it the class
        (".x{display:none} .x.open{display:block} </style><script>go()</script><style>", True),
        (".x{height:0;overflow:hidden} #t:checked ~ div .x{height:auto}", True),
    ],
)
def test_style_sheets_of_the_page(page: str, shown: bool) -> None:
    document = loaded(f"<style>{page}</style><p>page</p><div><p class=x>{SAID}</p></div>")
    assert ("two" in document.text) is shown
    assert (HIDDEN_KEY in document.metadata) is (not shown)


@pytest.mark.parametrize(
    "rule", ["@container (min-width: 1px) { .m { display: none } }", "@scope (.s) { p { display: none } }"]
)
def test_rules_in_queries_and_scopes(rule: str) -> None:
    page = (
        f"<style>{rule}</style><p>Shown.</p><div class=s><p class=m>Nobody is meant to read this.</p></div>"
    )
    document = load_bytes(page.encode(), "a.html").documents[0]
    assert document.text == "Shown."


def test_what_is_inherited_is_computed_for_each_text() -> None:
    text = loaded(
        f"<p style='visibility:hidden'>{SAID}<b style='visibility:visible'>seen</b></p>"
        f"<div style='font-size:0'>{SAID}<i style='font-size:12px'>read</i></div>"
        f"<div style='opacity:.3'><p style='opacity:.3'>{SAID}</p>faint</div>"
        f"<p hidden style='display:block'>open</p>"
    ).text
    assert text == "seen\n\nread\n\nfaint\n\nopen"


def test_letters_melt_by_contrast_and_hue() -> None:
    white = (255, 255, 255)
    assert melts((255, 255, 240), white)  # ivory: contrast 1.01
    assert melts((238, 238, 238), white)  # #eee: contrast 1.16
    assert not melts((221, 221, 221), white)  # #ddd: contrast 1.36
    assert not melts((255, 255, 0), white)  # yellow: contrast 1.07, but of another hue
    assert melts((0, 0, 0), white, 0.05)
    assert not melts((255, 0, 0), (0, 130, 0))


@pytest.mark.parametrize(
    ("hidden", "why"),
    [
        (f"<!-- {SAID} -->", "comment"),
        (f"<!--\n{SAID}\n-->", "comment"),
        (f"[//]: # ({SAID})", "comment"),
        (f'<span style="display:none">{SAID}</span>', "display: none"),
        (f"<div hidden>{SAID}<div></div></div>", "attribute hidden"),
        (f'<b style="color:#fff">{SAID}</b>', "colour of its background"),
    ],
)
def test_markdown_hides_nothing_and_keeps_its_offsets(hidden: str, why: str) -> None:
    text = (
        f"# Title\n\nBefore `<!-- this is shown as code -->`.\n\n{hidden}\n\n```\n{hidden}\n```\n\nAfter.\n"
    )
    document = loaded(text, "a.md")
    assert document.metadata[HIDDEN_KEY] == f"left out as hidden: 23 characters of text ({why})"
    assert document.text.index("After.") == text.index("After.")
    assert document.text.count("three") == 1  # the code
    assert "this is shown as code" in document.text


@pytest.mark.parametrize(
    "shown",
    ["<!-- unclosed words that stay on the page", "[a]: http://x.y 'one two three four'", "a < b > c"],
)
def test_markdown_that_only_looks_hidden_stays(shown: str) -> None:
    document = loaded(f"x\n\n{shown}\n", "a.md")
    assert document.text == f"x\n\n{shown}\n"
    assert HIDDEN_KEY not in document.metadata


def test_comments_of_restructured_text_are_hidden_and_directives_stay() -> None:
    text = f"Title\n=====\n\n.. {SAID}\n   six\n\n.. note:: kept\n\n.. _mark: x\n\n..\n   {SAID}\n\nText.\n"
    document = loaded(text, "a.rst")
    assert "two" not in document.text
    assert ".. note:: kept\n\n.. _mark: x" in document.text
    assert document.text.index("Text.") == text.index("Text.")
    assert document.metadata[HIDDEN_KEY] == "left out as hidden: 50 characters of text (comment)"


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


def test_a_file_that_only_hides_text_says_so() -> None:
    page = b'<html><body><p style="display:none">Nobody is meant to read these words.</p></body></html>'
    with pytest.raises(LoadError, match=r"no text.*left out as hidden: 36 characters"):
        load_bytes(page, "a.html")
    with pytest.raises(LoadError, match=r"nothing but blanks$"):
        load_bytes(b"<html><body> </body></html>", "a.html")
