"""A JSON schema filled from documents: every value of its type, cited where it stands, or null and why."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from rag import ConfigError, Document, Rag
from rag.cli import app
from rag.pipeline.fields import fields_of, question_of, value_of

LEASE = """The lease of the office in Tarn Street begins on 1 April 2031. The rent of the office is
4,200 pounds a month. The landlord of the office is Ruth Calder. The office is heated with gas.
"""
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "monthlyRent": {"type": "integer", "description": "How much is the rent of the office?"},
        "start": {"type": "string", "format": "date", "description": "When does the lease begin?"},
        "heating": {"enum": ["oil", "gas", "wood"], "description": "With what is the office heated?"},
        "parties": {
            "type": "object",
            "properties": {"landlord": {"type": "string", "description": "Who is the landlord?"}},
        },
        "chess_champion": {
            "type": "string",
            "description": "Who won the chess championship in Riga?",
        },
    },
}


@pytest.fixture(scope="module")
def rag(module_path: Path) -> Any:
    with Rag(module_path / "index") as opened:
        opened.ingest(Document.make(LEASE, "lease.txt", title="Lease"))
        yield opened


@pytest.fixture(scope="module")
def module_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fields")


def test_every_field_is_of_its_type_and_cited_or_null(rag: Rag) -> None:
    form = rag.fill(SCHEMA)
    assert form.value == {
        "monthlyRent": 4200,
        "start": "2031-04-01",
        "heating": "gas",
        "parties": {"landlord": "Ruth Calder"},
        "chess_champion": None,
    }
    for field in form.fields:
        assert (field.value is None) is bool(field.note)
        assert (field.value is None) is not bool(field.citations)
        for citation in field.citations:
            assert LEASE[citation.start : citation.end] == citation.quote
    said = {field.name: " ".join(c.quote for c in field.citations) for field in form.fields}
    assert "4,200" in said["monthlyRent"]
    assert said["parties.landlord"] == "Ruth Calder"
    assert form.fields[-1].note == "the documents do not say"


def test_the_command_prints_the_form_and_its_exit_code_says_that_nothing_was_found(
    rag: Rag, tmp_path: Path
) -> None:
    file = tmp_path / "schema.json"
    file.write_text(json.dumps(SCHEMA), "utf-8")
    told = CliRunner().invoke(
        app, ["ask", "the lease", "--schema", str(file), "--json", "-i", str(rag.index)]
    )
    assert told.exit_code == 0, told.output
    assert json.loads(told.output)["value"]["parties"] == {"landlord": "Ruth Calder"}
    file.write_text('{"properties": {"x": {"description": "Who won the chess match in Riga?"}}}', "utf-8")
    told = CliRunner().invoke(app, ["ask", "chess", "--schema", str(file), "-i", str(rag.index)])
    assert (told.exit_code, told.output) == (3, "x  null  the documents do not say\n")
    file.write_text("{", "utf-8")
    told = CliRunner().invoke(app, ["ask", "chess", "--schema", str(file), "-i", str(rag.index)])
    assert told.exit_code == 2
    assert "cannot be read as a JSON schema" in told.output


@pytest.mark.parametrize(
    ("text", "schema", "value"),
    [
        ("1,234 euros", {"type": "integer"}, 1234),
        ("about 3.5 km", {"type": "number"}, 3.5),
        ("about 3.5 km", {"type": "integer"}, None),
        ("four rooms", {"type": "integer"}, 4),
        ("between 3 and 5", {"type": "number"}, None),  # which of them?
        ("150 %", {"type": "number", "maximum": 100}, None),
        ("on 2 March 2031", {"type": "string", "format": "date"}, "2031-03-02"),
        ("on March 2nd, 2031", {"type": "string", "format": "date"}, "2031-03-02"),
        ("am 2.3.2031", {"type": "string", "format": "date"}, "2031-03-02"),
        ("2031-13-02", {"type": "string", "format": "date"}, None),
        ("3/4/2031", {"type": "string", "format": "date"}, None),  # March or April
        ("in March", {"type": "string", "format": "date"}, None),
        ("It is very high.", {"type": "string", "enum": ["high", "very high", "low"]}, "very high"),
        ("high or low", {"type": "string", "enum": ["high", "low"]}, None),
        ("order AB-12 of May", {"type": "string", "pattern": r"[A-Z]{2}-\d+"}, "AB-12"),
        ("Yes. It may.", {"type": "boolean"}, True),
        ("No. It must not.", {"type": "boolean"}, False),
        ("It may.", {"type": "boolean"}, None),
    ],
)
def test_words_become_a_value_of_the_type_or_none(text: str, schema: dict[str, Any], value: Any) -> None:
    assert value_of(text, schema) == value


def test_what_is_asked_for_a_field() -> None:
    text = {"type": "string"}
    assert question_of(["monthlyRent"], text, "the lease") == "What is the monthly rent of the lease?"
    assert question_of(["lease", "start_date"], text, "") == "What is the lease start date?"
    described = {**text, "description": "Who signs?"}
    assert question_of(["x"], described, "the lease") == "Who signs (the lease)?"
    assert question_of(["x"], {"type": "array", "title": "duties"}, "") == "Which are the duties?"
    assert [field.path for field in fields_of(SCHEMA)][3] == ("parties", "landlord")


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ({"type": "string"}, "has no `properties`"),
        ({"properties": {"a": {"$ref": "#/x"}}}, r"the schema of a has \$ref"),
        ({"properties": {"a": {"type": ["string", "number"]}}}, "has the type"),
        ({"properties": {"a": {"type": "array", "items": {"type": "object"}}}}, "objects in an array"),
        ({"properties": {"a": 3}}, "the schema of a is 3, expected an object"),
    ],
)
def test_a_schema_that_cannot_be_kept_to_is_refused(rag: Rag, schema: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        rag.fill(schema)
