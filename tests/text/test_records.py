"""Records of JSON texts as rows, in their places."""

from __future__ import annotations

import json

from rag.text.records import records

FAULTS = [
    {"id": "F-1", "opened_on": "2031-05-02", "state": "open", "hours": 3, "tags": ["lift", "door"]},
    {"id": "F-2", "opened_on": "2031-05-03", "state": 'closed "again"', "hours": None, "tags": []},
]


def cells(text: str) -> list[dict[str, str]]:
    return [{cell.name: text[cell.start : cell.end] for cell in row.cells} for row in records(text)]


def test_lines_and_lists_of_objects_are_rows() -> None:
    wanted = [
        {"id": "F-1", "opened on": "2031-05-02", "state": "open", "hours": "3", "tags": '"lift", "door"'},
        {"id": "F-2", "opened on": "2031-05-03", "state": 'closed \\"again\\"'},
    ]
    assert cells("\n".join(json.dumps(fault) for fault in FAULTS)) == wanted
    assert cells(json.dumps({"faults": FAULTS})) == wanted
    shown = json.dumps(FAULTS, indent=2)
    assert [set(row) for row in cells(shown)] == [set(row) for row in wanted]
    assert records(shown)[1].names == ("id", "opened on", "state", "hours", "tags")


def test_a_piece_of_a_text_has_its_whole_records() -> None:
    text = "\n".join(json.dumps(fault) for fault in FAULTS)
    assert [row["id"] for row in cells(text[10:])] == ["F-2"]


def test_settings_are_no_records() -> None:
    text = '{"server": {"port": 80, "tls": false}, "name": "a"}'
    assert cells(text) == []
    assert cells('{"servers": [{"port": 80, "tls": false}]}') == [{"port": "80", "tls": "false"}]
    assert cells('{"port": 80}') == []
