"""A run over a small index: figures worked out by hand, the same twice, resumed, saved and compared."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from rag import ConfigError, CorruptError, Document, Hit, Question, Rag, StoreError
from rag.evaluate import Case, QuestionSet, Run, compare, read_questions
from rag.evaluate.questions.judgements import match
from rag.progress import Progress
from rag.testing import WordEmbedder


def test_figures_by_hand(rag: Rag, museum: QuestionSet) -> None:
    run = rag.evaluate(museum)
    means = {name: (mean.mean, mean.n) for name, mean in run.summary.items()}
    assert means["Correct"] == (1.0, 4), "three answered right, one declined; the search is not asked"
    assert means["Contains"] == (1.0, 3)
    assert means["Answered"] == (1.0, 3)
    assert means["AbstainR"] == means["AbstainP"] == (1.0, 1)
    assert means["R@1"] == (pytest.approx((1 + 1 + 1 + 1 / 2) / 4), 4)
    assert means["CiteP"] == (1.0, 3)
    assert run.curve.aurc == pytest.approx(1 / 4 * 1 / 4), (
        "wrong is only the fourth of four, were it answered"
    )
    assert run.groups["part"]["house"]["R@1"].n == 3
    assert set(run.cost) >= {"total", "tokens", "retrieve hybrid", "generate extractive"}
    assert run.identity["pipeline"]["denoise"] == ["rerank", "duplicates", "poison", "voices"]
    assert run.identity["index"]["documents"] == 3


def test_the_same_run_twice_gives_the_same_figures(rag: Rag, museum: QuestionSet, tmp_path: Path) -> None:
    one = rag.evaluate(museum, out=tmp_path / "one", workers=1)
    two = rag.evaluate(museum, out=tmp_path / "two", workers=3)
    assert one.summary == two.summary
    assert one.scores == two.scores
    assert one.identity == two.identity


def counting(seen: list[str], stops: Sequence[int] = ()) -> object:
    def count(question: Question, hits: Sequence[Hit]) -> Sequence[Hit]:
        if len(seen) in stops:
            raise StoreError("the disk went away")
        seen.append(question.text)
        return hits

    return count


def test_a_stopped_run_goes_on_where_it_stopped(rag: Rag, museum: QuestionSet, tmp_path: Path) -> None:
    seen: list[str] = []
    broken = rag.variant(denoise=[counting(seen, [2])])
    with pytest.raises(StoreError, match="disk"):
        broken.evaluate(museum, out=tmp_path / "run", workers=1)
    with pytest.raises(ConfigError, match="was not finished"):
        Run.load(tmp_path / "run")
    journal = tmp_path / "run" / "outcomes.jsonl"
    with journal.open("a") as file:
        file.write('{"id": "ro')  # torn by a power cut
    mended = rag.variant(denoise=[counting(seen, [])])
    run = mended.evaluate(museum, out=tmp_path / "run", workers=1)
    assert len(run.outcomes) == len(museum)
    asked = [question for question in seen[2:] if seen.count(question) > 1]
    assert "When was the great hall opened?" not in seen[2:], "what the journal has is not asked again"
    assert seen[:2] == [museum.cases[0].question, museum.cases[1].question] or asked
    mended.evaluate(museum, out=tmp_path / "run")
    before = len(seen)
    mended.evaluate(museum, out=tmp_path / "run", fresh=True)
    assert len(seen) > before


def test_a_folder_of_another_run_is_refused(rag: Rag, museum: QuestionSet, tmp_path: Path) -> None:
    rag.evaluate(museum, out=tmp_path / "run")
    with pytest.raises(ConfigError, match=r"another run \(k differ\)"):
        rag.evaluate(museum, out=tmp_path / "run", k=3)
    (tmp_path / "run" / "outcomes.jsonl").write_text('{"id": 1}\n')
    with pytest.raises(CorruptError, match=r"outcomes\.jsonl:1 is no outcome"):
        rag.evaluate(museum, out=tmp_path / "run")


def test_saved_and_loaded_it_is_the_same(rag: Rag, museum: QuestionSet, tmp_path: Path) -> None:
    run = rag.evaluate(museum, out=tmp_path / "run")
    again = Run.load(tmp_path / "run")
    assert again.summary == run.summary
    assert again.rows() == run.rows()
    assert again.questions == run.questions
    rows = [json.loads(line) for line in (tmp_path / "run" / "questions.jsonl").read_text().splitlines()]
    assert rows[0]["answer"] == "The great hall opened in 1931."
    assert rows[0]["scores"]["Correct"] == 1
    assert rows[3]["abstained"]


def test_a_comparison_is_paired(rag: Rag, museum: QuestionSet) -> None:
    whole = rag.evaluate(museum)
    silent = rag.variant(generate=lambda question, hits: []).evaluate(museum)
    found = compare(whole, silent)
    assert found["Correct"].difference.mean == pytest.approx(-3 / 4), "only declining is left to be right"
    assert found["Correct"].difference.n == 4
    assert found["R@1"].difference.mean == 0
    assert found["R@1"].verdict == "no difference"
    assert "about" in found["Correct"].verdict, "four questions do not decide it"
    assert str(found).count("\n") > 5
    with pytest.raises(ConfigError, match="share no question"):
        compare(whole, rag.evaluate([Case("other", "Roses?", ("Roses",))]))
    with pytest.raises(ConfigError, match="asks something else"):
        compare(whole, rag.evaluate([Case("hall", "Roses?", ("Roses",))]))


def test_a_corpus_has_an_index_of_its_own(rag: Rag, tmp_path: Path) -> None:
    corpus = tmp_path / "set" / "corpus.jsonl"
    corpus.parent.mkdir()
    corpus.write_text('{"id": "p1", "title": "Harbour", "text": "The harbour froze in 1947."}\n')
    (tmp_path / "set" / "qa.jsonl").write_text(
        '{"id": "1", "question": "When froze the harbour?", "answers": ["1947"], "relevant": ["p1"]}\n'
    )
    run = rag.evaluate(tmp_path / "set", corpus=corpus)
    assert run.summary["Correct"].mean == run.summary["R@1"].mean == 1
    assert run.identity["index"]["documents"] == 1
    assert {info.source for info in rag.documents()} == {"hall.md", "tower.md", "garden.md"}
    steps: list[Progress] = []
    rag.evaluate(tmp_path / "set", corpus=corpus, fresh=True, progress=steps.append)
    assert {step.stage for step in steps} == {"asking"}, "the index is kept"
    with pytest.raises(ConfigError, match="--corpus"):
        rag.evaluate(tmp_path / "set")


def test_a_corpus_needs_no_index_beside_it(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus.jsonl"
    corpus.write_text('{"_id": "p1", "text": "The harbour froze in 1947."}\n')
    with Rag(tmp_path / "none", embedder=WordEmbedder(4096)) as rag:
        cases = [Case("1", "When froze the harbour?", ("1947",))]
        assert rag.evaluate(cases, corpus=corpus).summary["Correct"].mean == 1
        with pytest.raises(StoreError, match="rag ingest"):
            rag.evaluate(cases)


def test_deeper_rankings_follow_what_the_pipeline_saw(tmp_path: Path) -> None:
    texts = {f"{n}.md": f"amber {'basil ' * n}" for n in range(1, 8)}
    with Rag(tmp_path / "i", embedder=WordEmbedder(4096), denoise=[]) as rag:
        rag.ingest(Document.make(text, source) for source, text in texts.items())
        (outcome,) = rag.evaluate([Case("1", "amber", (), {"1.md": 1.0})], k=2, measures=["R@5"]).outcomes
        first = [hit.chunk.source for hit in rag.search("amber", 2)]
    assert list(outcome.ranking[:2]) == first
    assert len(outcome.hits) == 2
    assert len(set(outcome.ranking)) == len(outcome.ranking) >= 5


def test_left_out_and_hidden_documents(rag: Rag) -> None:
    left = Case("1", "copper roof", (), {"tower.md": 1.0}, left_out=("hall.md",))
    hidden = Case("2", "When was the great hall opened?", without=("hall.md",))
    run = rag.evaluate([left, hidden])
    assert "hall.md" not in run.outcomes[0].ranking
    assert all(hit.document != "hall.md" for hit in run.outcomes[1].hits)
    assert run.outcomes[0].hits[0].document == "hall.md", "left out of the ranking, not of the pipeline"


def test_judged_names_fit_sources_ids_and_short_names(tmp_path: Path) -> None:
    with Rag(tmp_path / "i", embedder=WordEmbedder()) as rag:
        sources = ["a/one.md", "b/one.md", "b/two.md", "set.jsonl#7"]
        rag.ingest(Document.make("text", source) for source in sources)
        ids = {info.source: info.id for info in rag.documents()}
        wanted = dict.fromkeys(("a/one.md", "one.md", "two.md", "7", ids["b/one.md"], "gone.md"), 1.0)
        judged = match([Case("1", "?", (), wanted)], rag.store)
    assert judged.missing == {"one.md", "gone.md"}, "one.md could be either"
    assert judged.name(ids["b/two.md"], "b/two.md") == "two.md"
    assert judged.name(ids["set.jsonl#7"], "") == "7"


def test_the_report_stands_alone_and_escapes(rag: Rag, museum: QuestionSet, tmp_path: Path) -> None:
    nasty = Case("x", "<script>alert(1)</script> tower?", ("<b>never</b>",), {"tower.md": 1.0})
    rag.evaluate([*museum, nasty], out=tmp_path / "run")
    page = (tmp_path / "run" / "report.html").read_text()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "http" not in page.replace("http-equiv", "").split("<pre>")[0], "nothing is loaded from elsewhere"
    for told in ("Measures", "Confidence", "By kind of question", "Time by stage", "Worst cases", "never"):
        assert told in page


def test_tables_and_plots(rag: Rag, museum: QuestionSet) -> None:
    run = rag.evaluate(museum)
    pandas, matplotlib = pytest.importorskip("pandas"), pytest.importorskip("matplotlib")
    table = run.to_pandas()
    assert isinstance(table, pandas.DataFrame)
    assert table.loc["hall", "Correct"] == 1
    figures = run.plots()
    assert set(figures) == {"measures", "risk_coverage", "reliability", "time", "by part"}
    assert isinstance(figures["time"], matplotlib.figure.Figure)


def test_wrong_measures_and_values_are_refused(rag: Rag, museum: QuestionSet) -> None:
    with pytest.raises(ConfigError, match="no measure 'bleu'"):
        rag.evaluate(museum, measures=["bleu"])
    run = rag.evaluate(museum, measures=["R@1"])
    assert list(run.summary) == ["R@1"]
    with pytest.raises(ConfigError, match="was not measured"):
        run.values("F1")


def test_the_worst_cases_are_wrong_and_confident_first(rag: Rag) -> None:
    wrong = Case("wrong", "When was the great hall opened?", ("1831",), {"hall.md": 1.0})
    fine = Case("fine", "How many steps has the tower?", ("ninety",), {"tower.md": 1.0})
    declined = Case("declined", "Zebra quantum marmalade?", ("x",))
    run = rag.evaluate([declined, fine, wrong])
    assert [case.id for case, _ in run.worst()] == ["wrong", "declined"]


def test_sets_on_disk_are_evaluated_by_path(rag: Rag, museum: QuestionSet, tmp_path: Path) -> None:
    path = tmp_path / "museum.jsonl"
    path.write_text("".join(json.dumps(case.to_dict()) + "\n" for case in museum))
    assert read_questions(path) == museum
    assert len(rag.evaluate(path, limit=2).outcomes) == 2
