"""How blocks become chunks: known examples, with the token counts worked out by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rag.chunking import chunker
from rag.types import Document, Span


def numbers(first: int, last: int) -> str:
    """`n1 n2 … n9`: one token a word."""
    return " ".join(f"n{i}" for i in range(first, last + 1))


def cut(
    text: str, ends: Any, method: str = "structure", media_type: str = "text/markdown", **values: Any
) -> list[Span]:
    return chunker(method, **values)(Document.make(text, "a", media_type=media_type), ends)


def texts(text: str, spans: list[Span]) -> list[str]:
    return [text[span.start : span.end] for span in spans]


def test_whole_paragraphs_fill_a_chunk(ends: Callable[..., Any]) -> None:
    parts = [numbers(1, 8), numbers(9, 16), numbers(17, 24)]  # 8 tokens each: two fit into 20
    text = "\n\n".join(parts)
    assert texts(text, cut(text, ends, max_tokens=20, min_tokens=0)) == ["\n\n".join(parts[:2]), parts[2]]


def test_small_remainder_takes_from_its_neighbour(ends: Callable[..., Any]) -> None:
    parts = [numbers(1, 9), numbers(1, 5), numbers(1, 2), numbers(3, 6)]  # 9 + 5 + 2 = 16, 4 are left
    text = "\n\n".join(parts)
    spans = cut(text, ends, max_tokens=16, min_tokens=5)
    assert texts(text, spans) == ["\n\n".join(parts[:2]), "\n\n".join(parts[2:])]


def test_long_paragraph_splits_at_sentences_then_clauses_then_words(ends: Callable[..., Any]) -> None:
    text = f"{numbers(1, 9)}. {numbers(10, 18)}. {numbers(19, 28)}, {numbers(29, 40)}.".replace(". n", ". N")
    assert texts(text, cut(text, ends, max_tokens=16, min_tokens=0)) == [
        f"{numbers(1, 9)}.",
        f"N{numbers(10, 18)[1:]}.",
        f"N{numbers(19, 28)[1:]},",
        f"{numbers(29, 40)}.",
    ]
    text = numbers(1, 40)
    assert texts(text, cut(text, ends, max_tokens=16, min_tokens=0)) == [
        numbers(1, 16),
        numbers(17, 32),
        numbers(33, 40),
    ]


def test_word_longer_than_a_chunk_is_cut(ends: Callable[..., Any]) -> None:
    text = "QUJD" * 512  # 2048 characters count as 64 tokens of 32
    spans = cut(text, ends, max_tokens=16, min_tokens=0)
    assert [span.end - span.start for span in spans] == [512] * 4


def test_cut_parts_no_combining_sequence(ends: Callable[..., Any]) -> None:
    text = "e\u0301\u0323" * 60
    assert all(piece[0] == "e" for piece in texts(text, cut(text, ends, max_tokens=16, min_tokens=0)))


def test_table_repeats_its_columns(ends: Callable[..., Any]) -> None:
    head = "| a | b |\n|---|---|"
    rows = [f"| r{i} | {i} |" for i in range(12)]
    text = "\n".join([head, *rows])
    spans = cut(text, ends, max_tokens=64, min_tokens=0)  # head 14, a row 5: ten rows, then what is left
    assert texts(text, spans) == ["\n".join([head, *rows[:10]]), "\n".join(rows[10:])]
    assert [span.header for span in spans] == ["", head]


def test_csv_repeats_its_first_row_and_keeps_rows_whole(ends: Callable[..., Any]) -> None:
    rows = [f'"one\ntwo",{i}' for i in range(9)]  # 6 tokens: two words, two quotes, a comma, a number
    text = "\n".join(["name,count", *rows])
    spans = cut(text, ends, media_type="text/csv", max_tokens=16, min_tokens=0)
    assert texts(text, spans)[:2] == ["\n".join(["name,count", *rows[:2]]), "\n".join(rows[2:4])]
    assert {span.header for span in spans[1:]} == {"name,count"}


def test_list_splits_between_items(ends: Callable[..., Any]) -> None:
    items = [f"- {numbers(i * 10, i * 10 + 5)}\n  - nested {i}" for i in range(3)]  # 10 tokens each
    text = "\n".join(items)
    assert texts(text, cut(text, ends, max_tokens=20, min_tokens=0)) == ["\n".join(items[:2]), items[2]]


def test_line_that_announces_a_list_goes_with_it(ends: Callable[..., Any]) -> None:
    text = f"{numbers(1, 9)}\n\nYou need:\n\n- {numbers(10, 20)}"
    assert texts(text, cut(text, ends, max_tokens=16, min_tokens=0))[1].startswith("You need:\n\n- n10")


def test_headings_are_paths_and_never_crossed(ends: Callable[..., Any]) -> None:
    parts = [
        "# Guide",
        numbers(1, 9),
        "## Install",
        numbers(10, 18),
        "### Linux",
        numbers(19, 27),
        "# End",
        "z",
    ]
    text = "\n\n".join(parts)
    spans = cut(text, ends, max_tokens=60, min_tokens=0)
    assert [span.heading for span in spans] == ["Guide", "Guide › Install", "Guide › Install › Linux", "End"]
    assert texts(text, spans) == parts[1::2]


def test_tiny_sections_of_one_parent_share_a_chunk(ends: Callable[..., Any]) -> None:
    text = f"# Terms\n\n{numbers(1, 30)}\n\n## A\n\none\n\n## B\n\ntwo\n\n# Other\n\nthree"
    spans = cut(text, ends, max_tokens=60, min_tokens=10)
    assert [(span.heading, piece) for span, piece in zip(spans, texts(text, spans), strict=True)] == [
        ("Terms", numbers(1, 30)),
        ("Terms", "## A\n\none\n\n## B\n\ntwo"),
        ("Other", "three"),
    ]


def test_heading_without_text_is_kept(ends: Callable[..., Any]) -> None:
    text = f"# Guide\n\n{numbers(1, 30)}\n\n## Appendix"
    assert texts(text, cut(text, ends, min_tokens=0)) == [numbers(1, 30), "## Appendix"]


def test_giant_heading_does_not_starve_the_text_and_is_kept(ends: Callable[..., Any]) -> None:
    text = f"# {numbers(1, 90)}\n\n{numbers(91, 140)}"
    spans = cut(text, ends, max_tokens=40, min_tokens=0)
    assert {span.heading for span in spans} == {numbers(1, 9) + "…"}  # a quarter of 40, the ellipsis counted
    assert " ".join(texts(text, spans)).replace("\n\n", " ") == f"# {numbers(1, 140)}"


def test_title_counts_unless_the_path_begins_with_it(ends: Callable[..., Any]) -> None:
    text = f"# Big Guide\n\n{numbers(1, 40)}"
    for title, first in (
        ("Big Guide", 18),
        ("Other", 17),
        ("", 18),
    ):  # of 20: the path's 2, the title's 0 or 1
        document = Document.make(text, "a", title=title, media_type="text/markdown")
        assert texts(text, chunker("structure", max_tokens=20, min_tokens=0)(document, ends))[0] == numbers(
            1, first
        )


def test_overlap_repeats_sentences(ends: Callable[..., Any]) -> None:
    said = [f"{numbers(i * 5, i * 5 + 3).capitalize()}." for i in range(6)]  # 5 tokens each
    text = " ".join(said)
    for method in ("structure", "sentences"):
        spans = cut(text, ends, method, max_tokens=16, min_tokens=0, overlap=1)
        assert texts(text, spans)[:2] == [" ".join(said[:3]), " ".join(said[2:5])]


def test_headings_method_takes_the_largest_section_that_fits(ends: Callable[..., Any]) -> None:
    parts = [
        "# A",
        numbers(1, 20),
        "## B",
        numbers(21, 25),
        "### C",
        numbers(26, 30),
        "## D",
        numbers(1, 9),
    ]
    text = "\n\n".join(parts)
    spans = cut(text, ends, "headings", max_tokens=32)
    assert [(span.heading, piece) for span, piece in zip(spans, texts(text, spans), strict=True)] == [
        ("A", numbers(1, 20)),
        ("A › B", f"{numbers(21, 25)}\n\n### C\n\n{numbers(26, 30)}"),
        ("A › D", numbers(1, 9)),
    ]


def test_fixed_windows(ends: Callable[..., Any]) -> None:
    text = numbers(1, 40)
    assert texts(text, cut(text, ends, "fixed", max_tokens=16)) == [
        numbers(1, 16),
        numbers(17, 32),
        numbers(33, 40),
    ]
    overlapping = cut(text, ends, "fixed", max_tokens=16, overlap=4)
    assert texts(text, overlapping) == [numbers(1, 16), numbers(13, 28), numbers(25, 40)]


def test_parts_of_a_long_row_leave_room_for_the_columns(
    ends: Callable[..., Any],
) -> None:
    text = f"alpha,beta,gamma\n1,{numbers(1, 60)},2\n3,4,5"  # the columns cost 5 of 20
    spans = cut(text, ends, media_type="text/csv", max_tokens=20, min_tokens=0)
    for span, piece in zip(spans, texts(text, spans), strict=True):
        assert len(ends(piece)) + len(ends(span.header)) <= 20
    assert spans[0].header == ""
    told = [(span.heading, span.header, piece) for span, piece in zip(spans, texts(text, spans), strict=True)]
    assert told[1] == ("", "alpha", "1")  # the cell behind it is too long to stand beside it
    assert told[2][:2] == ("1", "beta")  # room for the key is a sixth
    assert told[-2:] == [("1", "gamma", "2"), ("", "alpha,beta,gamma", "3,4,5")]


WIDE = [f"f{i}" for i in range(20)]


def test_wide_row_is_cut_at_cells_under_its_own_columns_and_key(ends: Callable[..., Any]) -> None:
    rows = [["serial", *WIDE], *([f"s{n}", *(f"v{n}x{i}" for i in range(20))] for n in range(3))]
    for mark, media_type in (("|", "text/markdown"), (";", "text/csv"), ("\t", "text/tab-separated-values")):
        lines = [mark.join(row) for row in rows]
        if mark == "|":
            lines = [f"| {' | '.join(row)} |" for row in rows]
            lines.insert(1, "|" + "---|" * 21)
        text = "\n".join(lines)
        spans = cut(text, ends, media_type=media_type, max_tokens=32, min_tokens=16)
        cells = 0
        for span, piece in zip(spans, texts(text, spans), strict=True):
            if "v" not in piece or "serial" in piece:
                continue
            names = [name.strip() for name in span.header.strip("|").split(mark)]
            values = [value.strip() for value in piece.strip("|").split(mark)]
            number = values[-1][1]
            assert span.heading == ("" if values[0] == f"s{number}" else f"serial: s{number}")
            for name, value in zip(names, values, strict=True):
                cells += name != "serial"
                assert value == (f"s{number}" if name == "serial" else f"v{number}x{name[1:]}")
            assert len(ends(piece)) + len(ends(span.header)) + len(ends(span.heading)) <= 32
        assert cells == 60, media_type


def test_lines_above_a_delimited_table_do_not_name_its_columns(ends: Callable[..., Any]) -> None:
    rows = [f"n{i};{i};Graz, Styria" for i in range(9)]
    for above in ("Orders of the year, by number", "Orders;;", "Orders\n\nas of May"):
        text = "\n".join([above, "name;count;town", *rows])
        spans = cut(text, ends, media_type="text/csv", max_tokens=24, min_tokens=0)
        assert {span.header for span in spans[2:]} == {"name;count;town"}, above
        assert texts(text, spans)[0] == above.replace("\n\n", "\n\n")
    single = "name\n" + "\n".join(numbers(i, i) for i in range(40))
    spans = cut(single, ends, media_type="text/csv", max_tokens=16, min_tokens=0)
    assert {span.header for span in spans[1:]} == {"name"}
