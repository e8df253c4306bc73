"""The glossary: what is mined, how it is kept and corrected, which meaning is taken, what it adds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rag import ConfigError, Document, Rag
from rag.augment.glossary import build, chosen, expanded, terms
from rag.glossary.build import STATE, merged, refresh
from rag.glossary.file import NAME, edit, read, shown, write
from rag.glossary.mine import Pair, long_form, mine
from rag.testing import WordEmbedder
from rag.types import Query, Question
from tests.stages.small import opened

# ------------------------------------------------------------------------------------------------ mining


@pytest.mark.parametrize(
    ("short", "before", "found"),
    [
        ("HMM", "we train a hidden Markov model", "hidden Markov model"),
        ("DoB", "his date of birth", "date of birth"),
        ("OAP", "held by the Office of Alien Property", "Office of Alien Property"),
        ("DADA", "by Dual Adversarial Domain Adaptation", "Dual Adversarial Domain Adaptation"),
        ("TNF", "tumour necrosis factor", "tumour necrosis factor"),
        ("cpDNA", "the chloroplast DNA", "chloroplast DNA"),  # by letters: c..p.., DNA
        ("HTTP", "hypertext transfer protocol", "hypertext transfer protocol"),
        ("XML", "a common format", None),
        ("R&D", "research and development", "research and development"),
    ],
)
def test_long_forms(short: str, before: str, found: str | None) -> None:
    assert long_form(short, before) == found


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("A service level agreement (SLA) binds us.", [("SLA", "service level agreement")]),
        ("Two support vector machines (SVMs) agree.", [("SVM", "support vector machines")]),
        ("The SLA (service level agreement) binds us.", [("SLA", "service level agreement")]),
        (
            "See the convolutional neural network (CNN; LeCun 1998).",
            [("CNN", "convolutional neural network")],
        ),
        ("A service level\nagreement (SLA) binds us.", [("SLA", "service level agreement")]),
        ("Erbium ist teuer. Der öffentliche Dienst（ÖD） zahlt.", [("ÖD", "öffentliche Dienst")]),
        ("The mill burned (see Fig. 3) in 1911 (AD).", []),
        ("They won (NASA watched).", []),
        ("MTTR stands for mean time to repair.", [("MTTR", "mean time to repair")]),
        ("Hello. The term “cold start” refers to the first second.", [("cold start", "the first second")]),
        ("Drift means that values move. This means war.", []),
        ("Drift is defined as a slow change of values.", [("Drift", "a slow change of values")]),
    ],
)
def test_pairs_in_sentences(text: str, pairs: list[tuple[str, str]]) -> None:
    assert mine(text) == [Pair(*pair) for pair in pairs]


def test_glossary_lists_and_tables() -> None:
    text = """# Guide

Warning: hot.

## Glossary

The words we use:

- **Drift**: a slow change of values
- *Sump* – the lowest basin
1. Weir: a low dam

| Word | What |
|---|---|
| Lock | a basin with two gates |

## Next

Note: nothing.
"""
    assert mine(text) == [
        Pair("Drift", "a slow change of values"),
        Pair("Sump", "the lowest basin"),
        Pair("Weir", "a low dam"),
        Pair("Lock", "a basin with two gates"),
    ]
    table = "| Nr | Abbreviation | Meaning |\n|---|---|---|\n| 1 | `WTP` | water treatment plant |\n"
    assert mine(table) == [Pair("WTP", "water treatment plant")]
    bare = "Abbreviations\n\nWTP: water treatment plant\nQ: flow\n\nThe plant runs.\nOf note: nothing.\n"
    assert mine(bare) == [Pair("WTP", "water treatment plant"), Pair("Q", "flow")]


def test_a_megabyte_without_end_is_mined_in_time() -> None:
    for text in ("(" * 10**6, "A " * 5 * 10**5, "| a " * 2 * 10**5, "AB (" * 2 * 10**5):
        assert len(mine(text)) < 10**6


# ----------------------------------------------------------------------------------------------- merging


def test_meanings_are_counted_by_document_and_merged_by_stem() -> None:
    documents = [
        [Pair("CNN", "convolutional neural network"), Pair("CNN", "convolutional neural network")],
        [Pair("CNN", "Convolutional Neural Networks")],
        [Pair("CNN", "convolutional neural network"), Pair("CNN", "Cable News Network")],
        [Pair("Drift", "drift"), Pair("", "x"), Pair("AB", "…")],  # says nothing
    ]
    assert merged(documents) == {"CNN": {"convolutional neural network": 3, "Cable News Network": 1}}


CORPUS = {
    "a.txt": "A convolutional neural network (CNN) sees pictures.",
    "b.txt": "The Cable News Network (CNN) sends news.",
    "c.txt": "The mean time to repair (MTTR) is short.",
}


def test_only_what_changed_is_read_again(tmp_path: Path) -> None:
    with opened(tmp_path, CORPUS, augment=[]) as rag:
        first = rag.build_glossary()
        assert (first.documents, first.terms, first.ambiguous) == (3, 2, 1)
        assert rag.build_glossary().documents == 0
        rag.ingest(Document.make("The mean time to recovery (MTTR) is long.", "c.txt"))
        rag.remove(["b.txt"])
        again = rag.build_glossary()
        assert (again.documents, again.terms, again.ambiguous) == (1, 2, 0)
        found = read(rag.index)
        assert found is not None
        assert found.mined == {
            "CNN": {"convolutional neural network": 1},
            "MTTR": {"mean time to recovery": 1},
        }

        (rag.index / STATE).write_text("torn {")
        assert refresh(rag.store, rag.index).documents == 2


def test_an_ingest_keeps_the_glossary_unless_the_stage_is_off(tmp_path: Path) -> None:
    with opened(tmp_path, CORPUS) as rag:
        assert set(shown(rag.index)) == {"CNN", "MTTR"}
        rag.ingest(Document.make("A hidden Markov model (HMM) hides.", "d.txt"))
        assert "HMM" in shown(rag.index)
    with opened(tmp_path / "off", CORPUS, augment=[]) as rag:
        assert read(rag.index) is None


# -------------------------------------------------------------------------------------------------- file


def test_what_a_person_writes_is_kept_to_the_byte_and_goes_first(tmp_path: Path) -> None:
    write(tmp_path, {"CNN": {"Cable News Network": 2}, "IT": {"information technology": 1}})
    path = tmp_path / NAME
    text = path.read_text("utf-8")
    mine = text.replace("ignore = []", 'ignore = ["IT"]  # a pronoun here').replace(
        "[entries]", '[entries]\nCNN = "convolutional neural network"\n"Q" = ["flow", "quality"]  # mine'
    )
    path.write_text(mine, "utf-8")
    write(tmp_path, {"CNN": {"Cable News Network": 3}, 'a "b" \\c': {"x\ty": 1}, "IT": {"it": 1}})
    head = mine.partition("# ----")[0]
    assert path.read_text("utf-8").startswith(head)
    found = read(tmp_path)
    assert found is not None
    assert found.mined == {"CNN": {"Cable News Network": 3}, 'a "b" \\c': {"x\ty": 1}, "IT": {"it": 1}}
    assert found.senses() == {
        "CNN": {"convolutional neural network": 1},
        "Q": {"flow": 1, "quality": 1},
        'a "b" \\c': {"x\ty": 1},
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("entries = 3", r"entries is 3, expected a section \[entries\]"),
        ("[entries]\nA = 3", "'A' is 3, expected its meaning in quotes"),
        ("[entries]\nA = [", "is no TOML"),
        ('ignore = "IT"', "ignore is 'IT', expected a list"),
        ("[mined]\nA = 3", "rag glossary build"),
    ],
)
def test_what_does_not_parse_says_how_to_mend_it(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / NAME).write_text(text)
    with pytest.raises(ConfigError, match=message):
        read(tmp_path)


def test_a_folder_in_the_place_of_the_glossary_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / NAME).mkdir()
    with pytest.raises(ConfigError, match="cannot be read"):
        read(tmp_path)


def test_showing_and_editing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="rag glossary build"):
        shown(tmp_path)
    write(tmp_path, {"B": {"b": 1}, "A": {"a": 1}})
    assert list(shown(tmp_path)) == ["A", "B"]
    with pytest.raises(ConfigError, match="not in the glossary: C"):
        shown(tmp_path, ["A", "C"])
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", "sed -i 's/^ignore.*/ignore = [\"B\"]/'")
    assert edit(tmp_path) == tmp_path / NAME
    assert list(shown(tmp_path)) == ["A"]
    monkeypatch.setenv("EDITOR", "sed -i 's/^ignore.*/ignore = [/'")
    with pytest.raises(ConfigError, match="is no TOML"):
        edit(tmp_path)
    write(tmp_path / "..", {})
    monkeypatch.setenv("EDITOR", "no-such-editor --wait")
    with pytest.raises(ConfigError, match="set EDITOR"):
        edit(tmp_path / "..")


# ------------------------------------------------------------------------------------------------- stage

SENSES = {
    "CNN": {"neural network": 3, "news network": 1},
    "US": {"United States": 1},
    "cold start": {"slow": 1},
    "Wright": {"Frank Lloyd Wright": 2},
}
FOLDED = {term.lower(): term for term in SENSES}


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("What does CNN stand for?", ["CNN"]),
        ("Are CNNs deep?", ["CNN"]),
        ("Is the CNN's owner known?", ["CNN"]),
        ("how deep is a cnn", ["CNN"]),  # typed without capitals
        ("Is Cnn a word?", []),
        ("what do they tell us", []),  # a function word
        ("What do US citizens say of CNN?", ["US", "CNN"]),
        ("What is a Cold Start?", ["cold start"]),
        ("Nothing here", []),
        ("Which film has Robin Wright in it?", []),  # a part of another's name
        ("Robin Wright starred in what?", []),
        ("What did Wright build?", ["Wright"]),
        ("Explain Wright to me", ["Wright"]),
        ("Has Wright built it?", ["Wright"]),
        ("Who is the CNN owner Robin Wright?", ["CNN"]),
    ],
)
def test_terms_of_a_question(question: str, found: list[str]) -> None:
    assert terms(question, SENSES, FOLDED) == found


def test_the_question_picks_the_meaning() -> None:
    # cos(question, meaning) counts words in common: "neural" or "news" decides; without either both are taken
    embedder = WordEmbedder(4096)
    assert chosen(embedder, "Which neural layers has CNN?", SENSES["CNN"], 0.1, 3) == ["neural network"]
    assert chosen(embedder, "Which news has CNN?", SENSES["CNN"], 0.1, 3) == ["news network"]
    assert chosen(embedder, "What is CNN?", SENSES["CNN"], 0.1, 3) == ["neural network", "news network"]
    assert chosen(embedder, "What is CNN?", SENSES["CNN"], 0.1, 1) == ["neural network"]


def test_the_meaning_stands_behind_its_term() -> None:
    assert expanded("Are CNNs deep?", "CNN", "neural network") == "Are CNNs (neural network) deep?"
    assert expanded("A CNN2 or a cnn?", "CNN", "x") == "A CNN2 or a cnn (x)?"
    assert expanded("Deep?", "CNN", "x") == "Deep? x"


def test_queries_share_the_weight(tmp_path: Path) -> None:
    write(tmp_path, {"CNN": SENSES["CNN"], "US": SENSES["US"]})
    stage = build(tmp_path, WordEmbedder(4096), weight=0.5)
    assert stage(Question("What is CNN in the US?")).queries == (
        Query("What is CNN in the US?"),
        Query("What is CNN (neural network) in the US?", 0.25),
        Query("What is CNN (news network) in the US?", 0.25),
        Query("What is CNN in the US (United States)?", 0.5),
    )
    asked = Question("Nothing here")
    assert stage(asked) is asked
    assert build(tmp_path / "no", WordEmbedder(4096))(asked) is asked


def test_a_definition_is_found_by_its_abbreviation(tmp_path: Path) -> None:
    documents = {
        **CORPUS,
        "d.txt": "MTTR MTTR MTTR again.",
        "e.txt": "Repair takes time; the mean of it is what counts.",
    }
    with opened(tmp_path, documents, augment=["glossary"]) as rag:
        hits, records = rag.explain("MTTR?", k=5)
    assert {one.chunk.source for one in hits[:3]} == {"c.txt", "d.txt", "e.txt"}
    assert next(one for one in hits if one.chunk.source == "e.txt").ranks["lexical"] == 2  # behind c.txt
    assert records[0].detail["terms"] == {"MTTR": ["mean time to repair"]}
    with Rag(tmp_path / "index", embedder=WordEmbedder(4096), augment=[]) as plain:
        found = {one.chunk.source: one.ranks for one in plain.search("MTTR?", k=5)}
    assert "lexical" not in found["e.txt"]


# ------------------------------------------------------------------------------------------ command line


def rag_command(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from rag.cli import main; main()", *words],
        cwd=folder,
        env={**os.environ, "COLUMNS": "100", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_glossary_on_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("A service level agreement (SLA) binds us. A weir is low.")
    assert rag_command(tmp_path, "ingest", "a.txt", RAG_SEARCH_AUGMENT="").returncode == 0
    missing = rag_command(tmp_path, "glossary", "show")
    assert (missing.returncode, "rag glossary build" in missing.stderr) == (2, True)
    built = rag_command(tmp_path, "glossary", "build")
    assert built.stdout.startswith("1 term, 0 with several meanings · ")
    assert rag_command(tmp_path, "glossary", "show").stdout == "SLA  1  service level agreement\n"
    told = rag_command(tmp_path, "glossary", "show", "SLA", "--json")
    assert json.loads(told.stdout) == {"SLA": {"service level agreement": 1}}
    edited = rag_command(tmp_path, "glossary", "edit", EDITOR="true", VISUAL="")
    assert edited.stdout == f"checked .rag/{NAME}\n"
    asked = rag_command(tmp_path, "search", "SLA", "--explain")
    assert "SLA (service level agreement)" in asked.stdout
