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
        "Prices\n\n| A | A | B |\n| --- | --- | --- |\n| 1 | 2 | x\\|y |\n| 1 | 5 | p q |"
    )


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        ("<p>500<sup>1</sup> €, 10<sup>6</sup> cells, 122 m<sup>2</sup>", "500 [1] €, 10^6 cells, 122 m^2"),
        ("<p>1,250<sup><a href=#n>3</a></sup> and H<sub>2</sub>O, 4<sup>th</sup>", "1,250 [3] and H2O, 4th"),
        ("<h2>10<sup>6</sup></h2><table><tr><th>a<th>b<tr><td>5<sup>2</sup><td>x", "## 10^6\n\n| a | b |\n"),
        ("<p>a hall of 12<sup>2</sup> m, 9<sup>2</sup>&nbsp;<b>m</b>", "a hall of 12^2 m, 9^2 m"),
        (
            "<style>.s{vertical-align:super} .t{vertical-align:.5em;font-size:70%}</style>"
            "<p>10<b class=s>6</b> cells, 500<span class=t>1</span> euros, "
            "8<span style='vertical-align:sub'>2</span>",
            "10^6 cells, 500 [1] euros, 8_2",
        ),
        ("<ol type=a><li>x<li>y</ol><ol type=I start=4><li>z</ol>", "a. x\n\nb. y\n\nIV. z"),
        ("<ol reversed><li>x<li>y<li value=7>z</ol>", "3. x\n2. y\n7. z"),
        ("<style>.r{list-style:lower-roman}</style><ol class=r><li>x<li>y</ol>", "i. x\n\nii. y"),
        ("<p>Price: <s>99 euros</s> <del>98</del> 79", "Price: ~~99 euros 98~~ 79"),
        ("<style>.o{text-decoration:line-through}</style><p><b class=o>9 <i>x</i></b> 7", "~~9 x~~ 7"),
        ("<del><p>gone<p>too</del>", "~~gone~~\n\n~~too~~"),
        ("<p>in <ruby>京都<rp>(</rp><rt>きょうと</rt><rp>)</rp></ruby>駅", "in 京都駅"),
        ("<p>at <math><mi>T</mi><mo>=</mo><mn>1280</mn></math> °C", "at T=1280 °C"),
        (
            "<p><math><msup><mi>x</mi><mn>2</mn></msup><mo>+</mo><mfrac><mn>1</mn><mi>n</mi></mfrac></math>",
            "$x^{2}+\\frac{1}{n}$",
        ),
        (
            "<p><math><msqrt><mi>a</mi></msqrt><mo>⁡</mo><munderover><mo>∑</mo><mi>i</mi><mi>n</mi></munderover></math>",
            "$\\sqrt{a}\\sum_{i}^{n}$",
        ),
        (
            "<p><math><semantics><annotation encoding=application/x-tex>{\\displaystyle E=mc^2}</annotation>"
            "</math>",
            "$E=mc^2$",
        ),
        ("<p>costs $5 and $x^2$", "costs $5 and $x^2$"),
    ],
)
def test_signs_that_change_the_meaning_stay(html: str, markdown: str) -> None:
    assert page(html).text.startswith(markdown)


@pytest.mark.parametrize(
    ("html", "shown"),
    [
        # As LibreOffice Writer exports notes, in two versions, and its e-books.
        ('<p>500<a class="sdfootnoteanc" href="#n"><sup>1</sup></a> euros', "500 [1] euros"),
        ('<p>500<sup><a class="sdfootnoteanc" href="#n"><sup>1</sup></a></sup> euros', "500 [1] euros"),
        ('<p>30<sup><a href="notes.xhtml#n">2</a></sup> m', "30 [2] m"),  # a link, so no square metres
        ('<p><a class="sdfootnotesym" href="#a">1</a>Net\n\tof tax.', "[1] Net of tax."),
        ('<p><a class="sdendnotesym" href="#a">iv</a>An end note.', "[iv] An end note."),
        ('<p><span><sup><a href="#called">1</a></sup>Net of tax.</span>', "[1] Net of tax."),
        ('<table><tr><td>x<td>y<tr><td>5<a href="#n">1</a><td><a href="#f">a</a>Net', "| 5 [1] | [a] Net |"),
        ('<p>500<a href="#n">1</a> euros', "500 [1] euros"),
        ("<p><sup>1</sup>Net of tax.", "[1] Net of tax."),
        ('<p>10<span style="position:relative; top:-.33em; font-size:.58em">6</span> cells', "10^6 cells"),
        ('<p>H<span style="position:relative; bottom:-.2em; font-size:.58em">2</span>O', "H2O"),
        # Other links stay as they are.
        ('<p>E = mc<sup><a href="https://example.org/#c">2</a></sup>', "E = mc^2"),
        ('<p><a href="#s">1</a>. Scope', "1. Scope"),
        ('<p>see <a href="#s">3</a> and <a href="#t">Terms</a>', "see 3 and Terms"),
        ('<p>A <span style="position:relative; top:2px">word</span>', "A word"),
        ("<p>a room of 12<b><sup>2</sup></b> m", "a room of 12^2 m"),
    ],
)
def test_numbers_of_notes_are_set_off(html: str, shown: str) -> None:
    assert page(html).text.splitlines()[-1] == shown


@pytest.mark.parametrize(
    ("table", "rows"),
    [
        (
            "<thead><tr><th rowspan=2>Land<th colspan=2>2023<th colspan=2>2024"
            "<tr><th>Q1<th>Q2<th>Q1<th>Q2</thead><tr><td>A<td>1<td>2<td>3<td>4",
            ["Land | 2023 Q1 | 2023 Q2 | 2024 Q1 | 2024 Q2", "A | 1 | 2 | 3 | 4"],
        ),
        ("<tr><th>Pump<th>Flow<tr><th><th>l/s<tr><td>P1<td>4", ["Pump | Flow l/s", "P1 | 4"]),
        ("<tr><th colspan=2>Rooms<tr><th>Room<th>Price<tr><td>A<td>1", ["Room | Price", "A | 1"]),
        (
            "<tr><td rowspan=2>Port<td colspan=2>2023<tr><td>Q1<td>Q2<tr><td>Gent<td>1<td>2",
            ["Port | 2023 Q1 | 2023 Q2", "Gent | 1 | 2"],
        ),
        (
            "<tr><td rowspan=2>Port<td colspan=2>closed<tr><td>11<td>12<tr><td>Gent<td>1<td>2",
            ["Port | closed | closed", "Port | 11 | 12", "Gent | 1 | 2"],
        ),
        (
            "<tr><td>Ward<td>Bed<tr><td rowspan=2>North<td>1<tr><td>2",
            ["Ward | Bed", "North | 1", "North | 2"],
        ),
    ],
)
def test_heads_of_several_rows_and_merged_cells(table: str, rows: list[str]) -> None:
    lines = page(f"<table>{table}</table>").text.split("\n")
    assert [line.strip("| ") for line in lines if line.startswith("| ") and "---" not in line] == rows


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


MENU = "<ul><li><a href=/>Home</a><li><a href=/a>About us</a><li><a href=/p>Prices</a></ul>"
NOTICE = "<p>We use cookies to improve this site.</p><button>Accept all</button>"


@pytest.mark.parametrize(
    "furniture",
    [
        f"<div class='main-menu'>{MENU}</div>",
        f"<div id=mainMenu>{MENU}</div>",
        f"<ul role=menubar>{MENU}</ul>",
        f"<header>{MENU}</header>",
        f"<footer><div>{MENU}</div></footer>",
        f"<div class='pagination'>{MENU}</div>",
        f"<div id='cookie-banner'>{NOTICE}</div>",
        f"<div id='onetrust-banner-sdk'>{NOTICE}</div>",
        f"<section class='gdprConsent'>{NOTICE}</section>",
        "<div role=dialog>Wir verwenden Cookies.<a href=#>Alle akzeptieren</a></div>",
    ],
)
def test_menus_and_cookie_notices_are_left_out(furniture: str) -> None:
    assert page(f"{furniture}<p>The mill stands.").text == "The mill stands."


@pytest.mark.parametrize(
    ("html", "said"),
    [
        ("<div class=menu><h2>Lunch</h2><ul><li>Soup, 4 €<li>Stew, 9 €<li>Pie, 5 €</ul></div>", "Soup, 4 €"),
        (
            "<div class=cookie-recipe><p>Bake the cookies.</p><a href=/>Print</a></div>",
            "Bake the cookies.",
        ),
        (f"<main><p>See also</p>{MENU}</main>", "About us"),
        ("<footer><p>Our office is in Oberau.</p></footer>", "Our office is in Oberau."),
        ("<header><h1>The mill</h1></header>", "The mill"),
        ("<div class=cookie-policy><p>" + "We keep cookies for a year. " * 80 + "</p></div>", "for a year"),
        ("<ul><li><a href=a>One</a><li><a href=b>Two</a><li><a href=c>Three</a></ul>", "Three"),
    ],
)
def test_what_only_looks_like_a_menu_or_notice_stays(html: str, said: str) -> None:
    assert said in page(html).text


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


def test_check_boxes_that_belong_to_a_text() -> None:
    marked = (
        "<input type=checkbox id=drawer><label for=drawer></label><div>Page</div>"
        "<ul><li><input type=checkbox checked disabled> Shut the valve"
        "<li><input type=checkbox> Open the drain</ul>"
        "<table><tr><th>Pump<th>Spare<tr><td>P-1<td><input type=checkbox checked></table>"
        "<p>Done <input type=checkbox checked></p><p><input type=radio> Linux</p><input value=typed>"
    )
    assert page(marked).text.split("\n\n") == [
        "Page", "- ☒ Shut the valve\n- ☐ Open the drain", "| Pump | Spare |\n| --- | --- |\n| P-1 | ☒ |",
        "Done ☒", "Linux",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("<code>import a\n# done</code><code>load(a)\n# done</code>", "import a\n# done\nload(a)\n# done"),
        ("<code>one\n</code><code>two</code>", "one\ntwo"),
        ("<code>one</code> <code>two</code>", "one two"),
    ],
)
def test_codes_within_one_block_do_not_run_together(code: str, shown: str) -> None:
    assert page(f"<pre>{code}</pre>").text == f"```\n{shown}\n```"
    assert page("<h2><code>read</code><code>er</code></h2>").text == "## reader"


def test_a_dialog_shows_where_it_is_open() -> None:
    shown = "<dialog open><p>The gate is shut.</dialog><dialog><p>Nobody has asked for this one yet.</dialog>"
    assert page(f"<p>Mill</p>{shown}").text == "Mill\n\nThe gate is shut."
    assert page("A plan<dialog open>The gate is shut.</dialog>").text == "A plan\n\nThe gate is shut."
