"""Question sets in every format, on small files written here; errors name file and line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rag import ConfigError
from rag.evaluate import Case, QuestionSet, read_corpus, read_questions
from rag.evaluate.questions.formats import corpus_of


def write(path: Path, *rows: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return path


def test_json_lines_with_everything(tmp_path: Path) -> None:
    path = write(
        tmp_path / "birds" / "qa.jsonl",
        {"id": "a", "question": " Who sings? ", "answers": ["wren", "Wren"], "relevant": ["d1"]},
        {"id": "b", "question": "Graded?", "relevant": {"d1": 3, "d2": 1, "d3": 0}, "left_out": ["d9"]},
        {"id": "c", "question": "None?", "answers": [], "relevant": [], "meta": {"type": "null"}},
    )
    found = read_questions(path)
    assert found.name == "birds"
    assert [case.kind for case in found] == ["qa", "retrieval", "unanswerable"]
    assert found.cases[0] == Case("a", "Who sings?", ("wren", "Wren"), {"d1": 1.0})
    assert found.cases[1].relevant == {"d1": 3.0, "d2": 1.0}
    assert found.cases[1].left_out == ("d9",)
    assert found.cases[2].meta == {"type": "null"}
    assert read_questions(path.parent).fingerprint == found.fingerprint


def test_a_set_in_the_folder_one_is_in_is_called_by_that_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "birds").mkdir()
    (tmp_path / "birds" / "qa.jsonl").write_text('{"question": "Who?", "answers": ["Ann"]}\n')
    monkeypatch.chdir(tmp_path / "birds")
    assert read_questions("qa.jsonl").name == "birds"


def test_flashrag_rows_are_read_as_they_are(tmp_path: Path) -> None:
    row = {"id": "test_0", "question": "q?", "golden_answers": ["x", "y"], "metadata": {"hop": 2}}
    (case,) = read_questions(write(tmp_path / "test.jsonl", row))
    assert case == Case("test_0", "q?", ("x", "y"), {}, {"hop": 2})


def test_other_fields_join_meta_and_missing_ids_are_numbers(tmp_path: Path) -> None:
    path = write(
        tmp_path / "x.jsonl",
        {"question": "q", "answer": 1995, "level": "easy"},
        {"question": "r", "answers": []},
    )
    first, second = read_questions(path)
    assert (first.id, first.answers, first.meta) == ("1", ("1995",), {"level": "easy"})
    assert second.id == "2"


def test_a_set_written_is_a_set_read(tmp_path: Path) -> None:
    cases = (
        Case("a", "q", ("x",), {"d": 1.0}, {"n": 1}),
        Case("b", "r", (), {"d": 2.0, "e": 1.0}, left_out=("z",)),
        Case("c", "s"),
    )
    path = write(tmp_path / "again.jsonl", *(case.to_dict() for case in cases))
    assert read_questions(path) == QuestionSet("again", cases)


def test_beir_folder(tmp_path: Path) -> None:
    folder = tmp_path / "scifact"
    write(
        folder / "queries.jsonl",
        {"_id": "1", "text": "one"},
        {"_id": "2", "text": "two"},
        {"_id": "3", "text": "3"},
    )
    (folder / "qrels").mkdir()
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\n1\td1\t2\n1\td2\t1\n2\td1\t0\n")
    write(folder / "corpus.jsonl", {"_id": "d1", "title": "T", "text": "body"})
    found = read_questions(folder)
    assert found.name == "scifact"
    assert found.cases == (Case("1", "one", (), {"d1": 2.0, "d2": 1.0}),), "without a judgement: left out"
    with pytest.raises(ConfigError, match=r"the splits of this folder are test"):
        read_questions_split(folder, "dev")
    assert corpus_of(folder) == folder / "corpus.jsonl"
    (document,) = read_corpus(folder) or ()
    assert (document.source, document.title, document.text) == ("d1", "T", "body")


def read_questions_split(folder: Path, split: str) -> QuestionSet:
    return read_questions(folder, split=split)


def test_trec_topics_in_both_forms(tmp_path: Path) -> None:
    qrels = tmp_path / "qrels.txt"
    qrels.write_text("301 0 FT-1 1\n301 0 FT-2 0\n302 Q0 FT-3 2\n")
    blocks = tmp_path / "topics.txt"
    blocks.write_text(
        "<top>\n<num> Number: 301\n<title> Crime across\nborders\n<desc> Description:\nx\n</top>\n"
        "<top>\n<num>302</num>\n<title>Polio</title>\n</top>\n<top><num>303<title>None judged</top>"
    )
    wanted = (Case("301", "Crime across borders", (), {"FT-1": 1.0}), Case("302", "Polio", (), {"FT-3": 2.0}))
    assert read_questions(blocks, qrels).cases == wanted
    tabs = tmp_path / "queries.tsv"
    tabs.write_text("301\tCrime across borders\n302\tPolio\n303\tNone judged\n")
    assert read_questions(tabs, qrels).cases == wanted


def test_squad_both_versions_and_its_paragraphs(tmp_path: Path) -> None:
    path = tmp_path / "dev.json"
    places = [{"text": "Rome", "answer_start": 0}, {"text": "Rome", "answer_start": 9}]
    asked = [
        {"id": "1", "question": "Where?", "answers": places},
        {"id": "2", "question": "Why?", "answers": [], "is_impossible": True, "plausible_answers": places},
    ]
    paragraphs = [{"context": "Rome is.", "qas": asked}]
    path.write_text(json.dumps({"data": [{"title": "Old_Rome", "paragraphs": paragraphs}]}))
    first, second = read_questions(path)
    assert (first.answers, first.relevant) == (("Rome",), {"Old_Rome#000": 1.0})
    assert (second.kind, second.meta["written_for"]) == ("unanswerable", "Old_Rome#000")
    (document,) = read_corpus(path) or ()
    assert (document.source, document.title, document.text) == ("Old_Rome#000", "Old Rome", "Rome is.")


def test_csv_and_tsv(tmp_path: Path) -> None:
    path = tmp_path / "set.csv"
    path.write_text(
        '\ufeffid,question,answers,relevant,type\n1,"Who, then?",Ann | Bob,a.md|b.md,easy\n\n2,Why?,,,hard\n'
    )
    first, second = read_questions(path)
    assert first == Case("1", "Who, then?", ("Ann", "Bob"), {"a.md": 1.0, "b.md": 1.0}, {"type": "easy"})
    assert second.kind == "unanswerable"
    tabs = tmp_path / "set.tsv"
    tabs.write_text("question\tanswer\nWho?\tAnn, Bob\n")
    assert read_questions(tabs).cases[0].answers == ("Ann, Bob",)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.jsonl", '{"question": "q", "answers": []}\n{"question"\n', r"a\.jsonl:2: no JSON"),
        ("a.jsonl", "[1]\n", r"a\.jsonl:1: list, expected an object"),
        ("a.jsonl", '\n{"question": "  ", "answers": []}\n', r"a\.jsonl:2: question is '  '"),
        ("a.jsonl", '{"question": "q"}\n', r"a\.jsonl:1: neither answers nor relevant"),
        ("a.jsonl", '{"question": "q", "answers": [{"x": 1}]}\n', r"a\.jsonl:1: answers is"),
        ("a.jsonl", '{"question": "q", "relevant": {"d": "high"}}\n', r"a\.jsonl:1: the gain of 'd'"),
        ("a.jsonl", '{"id": 1, "question": "q", "answers": []}\n' * 2, r"the id '1' twice"),
        ("a.jsonl", "", r"holds no questions"),
        ("a.csv", "id,answers\n1,x\n", r"a\.csv:1: the heading is id, answers"),
        ("a.csv", "question,answers\nq,x\nWho, me?,x\n", r"a\.csv:3: 3 cells, expected 2"),
        ("a.csv", 'question,answers\nq,"x\n', r"a\.csv:\d: no CSV"),
        ("a.json", '{"data": 1}', r"expected SQuAD's form"),
        ("a.json", '{\n"data": ]', r"a\.json:2: no JSON"),
        ("a.xlsx", "", r"unknown format \.xlsx"),
    ],
)
def test_errors_say_where(tmp_path: Path, name: str, text: str, message: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(ConfigError, match=message):
        read_questions(path)


def test_files_that_are_not_there_or_not_text(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no"):
        read_questions(tmp_path / "no.jsonl")
    with pytest.raises(ConfigError, match=r"holds no questions: expected qa\.jsonl"):
        read_questions(tmp_path)
    (tmp_path / "latin.jsonl").write_bytes(b'{"question": "caf\xe9"}')
    with pytest.raises(ConfigError, match="byte 17 is no UTF-8"):
        read_questions(tmp_path / "latin.jsonl")
    (tmp_path / "q.tsv").write_text("no tab here\n")
    (tmp_path / "qrels").write_text("1 0 d\n")
    with pytest.raises(ConfigError, match="qrels:1: '1 0 d', expected topic"):
        read_questions(tmp_path / "q.tsv", tmp_path / "qrels")


def test_a_part_of_a_set_is_taken_evenly() -> None:
    whole = QuestionSet("x", tuple(Case(str(n), "q") for n in range(10)))
    assert [case.id for case in whole.first(4)] == ["0", "2", "5", "7"]
    assert whole.first(None) is whole
    assert whole.first(99) is whole
    with pytest.raises(ConfigError, match="at least 1"):
        whole.first(0)
    with pytest.raises(ConfigError, match="no question 'z'"):
        whole.get("z")
