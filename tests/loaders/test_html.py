"""HTML → Markdown: what stays, what goes, and how blocks are written."""

from __future__ import annotations

import pytest

from rag.errors import LoadError
from rag.loaders import Limits, load_bytes
from rag.types import Document


def page(html: str) -> Document:
    return load_bytes(html.encode(), "a.html").documents[0]


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        ("<h2>A <b>b</b>\n c</h2><p>x <a href=u>link</a>\n y", "## A b c\n\nx link y"),
        ("<p>one<br>two<p># no heading", "one\ntwo\n\n\\# no heading"),
        ("<ul><li>a<li>b<ul><li>c</ul></ul><p>end", "- a\n- b\n  - c\n\nend"),
        ("<ol start=9><li>a<li><p>b<p>c</ol>", "9. a\n10. b\n\n    c"),
        ("<dl><dt>Term<dd>Meaning</dl>", "- Term\n\n  Meaning"),
        ("<ul><li>a</ul><blockquote>q<p>r</blockquote>", "- a\n\n> q\n>\n> r"),
        ("<pre><code class='language-py'>if x:\n  y\n</code></pre>", "```py\nif x:\n  y\n```"),
        ("<p>a&nbsp;b&#8203;c&shy;d&#8288;e", "a bcde"),
        ("<p>می\u200cخواهم a\u200db", "می\u200cخواهم ab"),
        ("<p>Fig<img src=x alt=' a cat'>", "Fig a cat"),
    ],
)
def test_blocks(html: str, markdown: str) -> None:
    assert page(html).text == markdown


def test_table_with_spans_pipes_and_caption() -> None:
    html = (
        "<table><caption>Prices</caption><thead><tr><th colspan=2>A<th>B</thead>"
        "<tr><td rowspan=2>1<td>2<td>x|y<tr><td>5<td><ul><li>p<li>q</ul></table>"
    )
    assert page(html).text == (
        "Prices\n\n| A |  | B |\n| --- | --- | --- |\n| 1 | 2 | x\\|y |\n|  | 5 | p q |"
    )


def test_layout_tables_are_walked_not_drawn() -> None:
    html = "<table><tr><td><h1>T</h1><td><table><tr><th>a<th>b<tr><td>1<td>2</table></table>"
    assert page(html).text == "# T\n\n| a | b |\n| --- | --- |\n| 1 | 2 |"


@pytest.mark.parametrize(
    "hidden",
    [
        "<script>no</script>",
        "<style>no</style>",
        "<nav>no</nav>",
        "<div id=nav><ul><li>no</ul></div>",
        "<div role=navigation>no</div>",
        "<template><p>no</template>",
        "<!-- no -->",
        "<p hidden>no</p>",
        "<p aria-hidden=true>no</p>",
        "<p style='color:red; display : none'>no</p>",
        "<p style='visibility:hidden'>no</p>",
        "<span style='font-size:0px'>no</span>",
        "<span style='opacity: 0'>no</span>",
        "<table><tr><td>a<td>b<td style='display:none'>no</table>",
    ],
)
def test_what_does_not_show_is_dropped(hidden: str) -> None:
    document = page(f"<body style='opacity:0'><p>before{hidden}<p>after")
    assert "no" not in document.text
    assert document.text.startswith("before")
    assert document.text.endswith("after")


def test_a_page_within_an_element_named_nav_stays() -> None:
    assert page("<div class=nav><main><h1>Yes</h1></main></div>").text == "# Yes"


def test_styles_that_only_look_hidden_stay() -> None:
    assert page("<p style='opacity:0.5'>a<p style='font-size:0.9em'>b").text == "a\n\nb"


def test_title_and_metadata() -> None:
    document = page(
        "<html lang=de><head><title> Der\n Titel </title><meta name=author content='Ada L.'>"
        "<meta property=article:published_time content=2024-01-02></head>"
        "<body><svg><title>no</title></svg><h1>H</h1>"
    )
    assert (document.title, document.text) == ("Der Titel", "# H")
    assert document.metadata == {"author": "Ada L.", "created": "2024-01-02", "language": "de"}
    assert page("<h1>Only</h1>").title == "Only"


def test_page_of_scripts_has_no_text() -> None:
    with pytest.raises(LoadError, match="no text"):
        page("<script>app()</script><div id=root></div>")


def test_deep_pages_are_read_and_absurd_ones_refused() -> None:
    assert page("<div>" * 5_000 + "deep").text == "deep"
    assert page("<blockquote><ul><li>" * 300 + "deep").text.endswith("deep")
    with pytest.raises(LoadError, match=r"Limits\.max_html_depth"):
        page("<div>" * 50_000 + "deep")
    with pytest.raises(LoadError, match=r"21 levels"):
        load_bytes(b"<b>" * 21 + b"x", "a.html", limits=Limits(max_html_depth=20))
