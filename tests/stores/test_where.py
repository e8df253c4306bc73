"""Filters: the text form, the reference evaluator, and SQL that agrees with it on everything."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rag import Document, Rag
from rag.errors import FilterError
from rag.stores import AllOf, AnyOf, Filter, LocalStore, NotOf, Where, fields_of, matches, parse_where
from rag.testing import WordEmbedder
from rag.testing.store import make
from tests.stores.fresh import open_store

A, B, C = Where("a", "=", 1), Where("b", "=", 2), Where("c", "=", 3)

READ: dict[str, Filter] = {
    # precedence: not, and, or
    "a=1 or b=2 and c=3": AnyOf((A, AllOf((B, C)))),
    "(a=1 or b=2) and c=3": AllOf((AnyOf((A, B)), C)),
    "not a=1 and b=2": AllOf((NotOf(A), B)),
    "not (a=1 and b=2)": NotOf(AllOf((A, B))),
    "NOT not a=1": NotOf(NotOf(A)),
    "a=1 AND b=2 and c=3": AllOf((A, B, C)),
    "((a=1))": A,
    # operators
    "a == 1": A,
    "a != 1": Where("a", "!=", 1),
    "a<1": Where("a", "<", 1),
    "a <= 1": Where("a", "<=", 1),
    "a>1": Where("a", ">", 1),
    "a>=1": Where("a", ">=", 1),
    "a ~ 'x*'": Where("a", "~", "x*"),
    "a !~ x*": NotOf(Where("a", "~", "x*")),
    "a exists": Where("a", "exists"),
    "a has x": Where("a", "has", "x"),
    # strings
    '''a = "it's"''': Where("a", "=", "it's"),
    """a = 'say "x"'""": Where("a", "=", 'say "x"'),
    r'a = "one \" two \\ three"': Where("a", "=", 'one " two \\ three'),
    'a = ""': Where("a", "=", ""),
    'a = "1"': Where("a", "=", "1"),
    'a = "true"': Where("a", "=", "true"),
    "a = blue-green": Where("a", "=", "blue-green"),
    "a = and": Where("a", "=", "and"),
    "größe = groß": Where("größe", "=", "groß"),
    'a = "文 🙂"': Where("a", "=", "文 🙂"),
    "author.name = x": Where("author.name", "=", "x"),
    # fields with blanks, by the name that loaders give them
    '"Priority Level" = 3': Where("Priority_Level", "=", 3),
    "'2nd review' exists": Where("f_2nd_review", "exists"),
    # numbers, booleans, dates
    "a = -1.5": Where("a", "=", -1.5),
    "a = +2": Where("a", "=", 2),
    "a = .5": Where("a", "=", 0.5),
    "a = 1e3": Where("a", "=", 1000.0),
    "a = 18446744073709551617": Where("a", "=", 2**64 + 1),
    "a = True": Where("a", "=", True),
    "a = false": Where("a", "=", False),
    "date >= 2024-05-01": Where("date", ">=", "2024-05-01"),
    "at < 2024-05-01T10:30:00Z": Where("at", "<", "2024-05-01T10:30:00Z"),
    "version = 1.2.3": Where("version", "=", "1.2.3"),
    # lists
    'a in ["x", y, 3, 4.5, true]': Where("a", "in", ("x", "y", 3, 4.5, True)),
    "a in (1, 2)": Where("a", "in", (1, 2)),
    "a in [1,]": Where("a", "in", (1,)),
    "a in []": Where("a", "in", ()),
    'a in ["]"]': Where("a", "in", ("]",)),
    "a not in [1]": NotOf(Where("a", "in", (1,))),
    # spaces
    " \n a\t=\n1 ": A,
}

REFUSED = {
    # text: (where the mark stands, what is said)
    "": (0, "empty"),
    "   ": (3, "empty"),
    "a": (1, "operator"),
    "a =": (3, "value"),
    "a = 1 and": (9, "field name"),
    "a = 1 b = 2": (6, "one too many"),
    "a = 1)": (5, "one too many"),
    "(a = 1": (6, "bracket"),
    "= 1": (0, "field name"),
    '"a" 1': (0, "field name"),
    "a not 1": (6, "in"),
    "a in x": (5, "list"),
    'a in "["': (5, "list"),
    "a in [1": (7, ","),
    "a in [1 2]": (8, ","),
    "a in [1, 2)": (10, ","),
    'a = "x': (4, "cannot read"),
    "a = 1\nand ] = 2": (10, "field name"),
    "a = " + "9" * 5000: (4, "digits"),
    "not " * 60 + "a = 1": (84, "deeper"),
    "(" * 60 + "a = 1" + ")" * 60: (21, "deeper"),
    "not " * 100_000 + "a = 1": (84, "deeper"),
}


@pytest.mark.parametrize("text", READ, ids=str)
def test_the_text_form_is_read(text: str) -> None:
    found = parse_where(text)
    assert found == READ[text]
    assert repr(found) == repr(READ[text])  # as values, 1, 1.0 and true are equal


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: repr(text[:20]))
def test_what_cannot_be_read_is_marked(text: str) -> None:
    at, says = REFUSED[text]
    with pytest.raises(FilterError) as raised:
        parse_where(text)
    first, shown, mark, *_ = str(raised.value).split("\n")
    assert says in first
    whole = text.replace("\n", " ")
    assert shown[2:] == whole if len(whole) <= 60 else shown.strip(" …") in whole
    assert mark.index("^") - 2 == (at if at <= 60 else 62)  # of a long one, the part around the mark is shown


@pytest.mark.parametrize("text", ["1a = 2", "a..b! = 1", "a$ = 1", "-a = 1", "a ~ 5"])
def test_names_and_globs_that_cannot_be_are_refused(text: str) -> None:
    with pytest.raises(FilterError):
        parse_where(text)


@pytest.mark.parametrize(
    "condition",
    [
        ("a", "like", "x"),
        ("a", "in", "x"),
        ("a", "=", (1,)),
        ("a", "=", None),
        ("a", "=", float("nan")),
        ("a", "in", (None,)),
        ("a", "=", "\ud800"),
        ('a"b', "=", 1),
        ("", "=", 1),
    ],
)
def test_conditions_that_cannot_mean_anything_are_refused(condition: tuple[Any, ...]) -> None:
    with pytest.raises(FilterError):
        Where(*condition)


def test_filters_combine_with_and_or_and_not() -> None:
    assert AnyOf((AllOf((A, B)), NotOf(C))) == (A & B) | ~C


# --------------------------------------------------------------------------- SQL equals the reference

NAMES = ("x", "größe", "a.b", "_n-1")
characters = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
texts = st.text(characters, max_size=4) | st.sampled_from(
    ["", "[ab]", "a*", "?", "]", "[", "*", "ab", "a", "[^a]", "\\", "é", "e\u0301", "🙂", '"', "'", "%", "_"]
)
numbers = (
    st.integers(-3, 3)
    | st.sampled_from([2**53, 2**53 + 1, 2**63 - 1, 2**63, 2**63 + 1, -(2**63), -(2**63) - 1, 2**64, 10**400])
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from([0.0, -0.0, 1.0, 0.1, 2.0**53, 2.0**63, 5e-324, 1.7976931348623157e308])
)
scalars = texts | numbers | st.booleans()
globs = st.text(st.sampled_from("ab*?[]^-\\éE🙂"), max_size=5)
values = scalars | st.none() | st.lists(scalars | st.none() | st.lists(scalars, max_size=1), max_size=3)
documents = st.lists(st.dictionaries(st.sampled_from(NAMES), values), min_size=1, max_size=8)
names = st.sampled_from([*NAMES, "source", "title", "page", "heading", "document_id", "nowhere"])
conditions = (
    st.builds(Where, names, st.sampled_from(["=", "!=", "<", "<=", ">", ">=", "has"]), scalars)
    | st.builds(Where, names, st.just("in"), st.lists(scalars, max_size=4).map(tuple))
    | st.builds(Where, names, st.just("~"), globs | texts)
    | st.builds(Where, names, st.just("exists"))
)
filters = st.recursive(
    conditions,
    lambda part: (
        part.map(NotOf)
        | st.lists(part, max_size=3).map(lambda parts: AllOf(tuple(parts)))
        | st.lists(part, max_size=3).map(lambda parts: AnyOf(tuple(parts)))
    ),
    max_leaves=5,
)


@pytest.fixture(scope="module")
def store() -> Iterator[LocalStore]:
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:
        store = open_store(Path(folder))
        yield store
        store.close()


def agrees(store: LocalStore, given_fields: list[dict[str, Any]], wheres: list[Filter]) -> None:
    """Each document has two chunks: one with a page and a heading, one without."""
    items = []
    for number, fields in enumerate(given_fields):
        item = make(f"shelf/[{number}]*é.txt", "amber", "basil", title=str(number % 3), **fields)
        paged = replace(item.chunks[0], page=number, heading=f"One › {number % 2}")
        items.append(item._replace(chunks=[paged, item.chunks[1]]))
    store.delete([info.id for info in store.documents()])
    store.upsert(items)
    chunks = [chunk for chunk, _ in store.scan(limit=1000)]
    for where in wheres:
        wanted = {chunk.id for chunk in chunks if matches(where, fields_of(chunk))}
        assert {chunk.id for chunk, _ in store.scan(limit=1000, where=where)} == wanted


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(documents, st.lists(filters, min_size=5, max_size=25))
def test_sql_equals_the_reference(
    store: LocalStore, fields: list[dict[str, Any]], wheres: list[Filter]
) -> None:
    agrees(store, fields, wheres)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(documents)
def test_sql_equals_the_reference_for_the_values_that_are_there(
    store: LocalStore, fields: list[dict[str, Any]]
) -> None:
    wheres: list[Filter] = []
    for name, value in {
        (name, repr(value)): (name, value) for row in fields for name, value in row.items()
    }.values():
        for scalar in value if isinstance(value, list) else [value]:
            if isinstance(scalar, str | int | float):
                wheres += [Where(name, op, scalar) for op in ("=", "!=", "<", "<=", ">", ">=", "has")]
                wheres += [Where(name, "in", (scalar, "z", True)), Where(name, "~", str(scalar))]
    agrees(store, fields, wheres[:60])


def test_conditions_on_pages_headings_and_documents(store: LocalStore) -> None:
    fields: list[dict[str, Any]] = [{}, {}, {}]
    document = make("shelf/[1]*é.txt", "amber").document
    wheres: list[Filter] = [
        Where("page", ">=", 1),
        Where("page", "=", 1.0),
        Where("page", "=", "1"),
        Where("page", "in", (0, "1", 2.0)),
        Where("page", "!=", 1),
        Where("page", "~", "*"),
        Where("page", "has", 1),
        Where("page", "=", True),
        Where("heading", "~", "One*"),
        Where("heading", "=", ""),
        Where("heading", ">", "One › 0"),
        Where("source", "~", "shelf/[[]*"),
        Where("source", "~", "shelf/[1]?é.*"),
        Where("source", "in", ("shelf/[1]*é.txt", 5)),
        Where("source", "<", "shelf/[1]*é.txt"),
        Where("source", "=", 5),
        Where("title", "=", "1"),
        Where("title", "=", 1),
        Where("document_id", "=", document.id),
        Where("document_id", "exists"),
    ]
    agrees(store, fields, wheres)
    assert [info.source for info in store.documents(Where("page", "=", 1))] == [document.source]


def test_a_list_of_thousands_of_values(store: LocalStore) -> None:
    agrees(store, [{"x": 4_321}, {"x": "4321"}], [Where("x", "in", tuple(range(5_000)))])


def test_what_is_in_an_object_is_not_looked_at(store: LocalStore) -> None:
    agrees(
        store,
        [{"x": {"y": 1}}],
        [
            Where("x", "exists"),
            Where("x", "has", "y"),
            Where("x", "=", "y"),
            Where("x", "!=", "y"),
            Where("x.y", "=", 1),
        ],
    )


def test_equal_values_of_two_kinds_are_two_filters(store: LocalStore) -> None:
    """A store may keep what a filter lets through; 1 and true are equal in Python."""
    agrees(store, [{"x": 1}, {"x": True}, {"x": 1.0}], [Where("x", "=", 1)])
    for value, number in ((1, 2), (True, 1), (1.0, 2)):
        assert len(store.lexical("amber", 10, Where("x", "=", value))) == number


def test_a_filter_sees_new_metadata_of_unchanged_chunks(store: LocalStore) -> None:
    where = Where("x", "=", "new")
    agrees(store, [{"x": "old"}], [where])
    assert store.lexical("amber", 10, where) == []
    agrees(store, [{"x": "old"}], [where])
    store.upsert([make("shelf/[0]*é.txt", "amber", "basil", title="0", x="new")])
    assert len(store.lexical("amber", 10, where)) == 1


TOO_LARGE = {
    "10,000 conditions": " or ".join(f"year = {year}" for year in range(10_000)),
    "not × 50": "not " * 50 + "year = 3",
    "5,000 brackets": "(" * 5000 + "year = 3" + ")" * 5000,
    "and in or in and": "(year = 1 or (year > 1 and " * 15 + "year = 3" + "))" * 15,
}


@pytest.mark.parametrize("text", TOO_LARGE.values(), ids=TOO_LARGE.keys())
def test_a_filter_too_large_for_any_store_is_one_short_error(text: str) -> None:
    with pytest.raises(FilterError, match=r"nest|at most 600") as raised:
        parse_where(text)
    assert len(str(raised.value)) < 400


def test_a_filter_too_large_is_refused_when_it_is_made_in_python_too() -> None:
    one = Where("year", "=", 3)
    with pytest.raises(FilterError, match="expected at most 600: many values of one field"):
        AnyOf((one,) * 601)
    with pytest.raises(FilterError, match="expected at most 600"):
        AllOf((AnyOf((one,) * 301), AnyOf((one,) * 300)))
    nested: Filter = one
    for _ in range(24):
        nested = ~nested
    with pytest.raises(FilterError, match="deeper than 24"):
        _ = ~nested
    assert AllOf((one,) * 600) == AllOf((one,) * 600)


def test_the_largest_filter_is_answered_by_the_store(tmp_path: Path) -> None:
    leaf = Where("tags", "has", "x")
    mixed: Filter = leaf
    for level in range(24):
        mixed = (AnyOf if level % 2 else AllOf)((leaf, mixed))
    negated: Filter = Where("year", "=", 3)
    for _ in range(24):
        negated = ~negated
    with Rag(tmp_path / ".rag", embedder=WordEmbedder()) as rag:
        rag.ingest([Document.make("Kiwis are green.", "a.txt", metadata={"year": 3, "tags": ["x"]})])
        for where in (mixed, negated, AnyOf((leaf,) * 600), Where("year", "in", tuple(range(20_000)))):
            assert len(rag.search("kiwis", where=where)) == 1
            assert len(rag.documents(where)) == 1


def test_the_mark_under_a_long_filter_stands_where_it_should() -> None:
    with pytest.raises(FilterError) as raised:
        parse_where("year = 1 and " * 100 + "year ? 2" + " and year = 1" * 100)
    _, line, mark, _ = str(raised.value).splitlines()
    assert line[mark.index("^")] == "?"
    assert len(line) < 140
