"""What a language model makes of the same hits, beside the built-in answer, and what each check takes away.

    python -m benchmarks.model_answers DATA --model FILE.gguf --work FOLDER --out after.json

Questions of `office-a`, `files` and `squad-dev-a` are answered twice with every default: by the built-in
generator, and by the model behind `--model`. A row a question goes into `--out`, with the hits, the size of
the prompt, what the model wrote, word for word, and the answer behind each step of grounding.

An answer is right where it contains an accepted one in whole words (all of `meta.all`, or `meta.proof`, and
none of `meta.not`, where a question has them), or refuses what nothing answers; it is refused where it
refuses what has an answer, and wrong otherwise. What a step withdraws was withdrawn wrongly where the answer
before it was right. Differences are means over the same questions with a 95 % bootstrap interval (10,000
resamples). `--before` compares with the rows of an earlier run.

What the model writes is kept in `--work`, beside the indexes, under the prompt that it was given: a run that
changes only what becomes of its words asks it nothing again. A model on a server is named with
`--set 'model.kind="openai"' --set 'model.base_url="http://…"'`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.corpora import ingested, read
from benchmarks.quality import interval
from benchmarks.stages import spread
from rag import Answer, Rag
from rag.evaluate.measures.words import contains
from rag.generate.prompted import PromptOptions, build_model
from rag.llm.chat import DEFAULTS, ChatModel, ChatOptions, Message
from rag.pipeline.parts import model_of

SETS = ("office-a", "files", "squad-dev-a")
_MARKER = re.compile(r"\s*\[\d+\]")
Row = dict[str, Any]


class Kept:
    """A `ChatModel` that keeps what it wrote in a file, and writes no prompt's answer twice."""

    def __init__(self, opened: Callable[[], ChatModel], name: str, file: Path) -> None:
        self._opened, self.name, self._file = opened, name, file
        self._model: ChatModel | None = None
        self._known: dict[str, Row] = {}
        if file.exists():
            self._known = {row["key"]: row for row in read(file)}
        self.last: Row = {}

    @property
    def model(self) -> ChatModel:
        if self._model is None:
            self._model = self._opened()
        return self._model

    @property
    def context_tokens(self) -> int:
        return self.model.context_tokens

    @property
    def control(self) -> Sequence[str]:
        return self.model.control

    def count(self, text: str) -> int:
        return self.model.count(text)

    def prompt_tokens(self, messages: Sequence[Message]) -> int:
        return self.model.prompt_tokens(messages)

    def chat(self, messages: Sequence[Message], options: ChatOptions = DEFAULTS) -> Iterator[str]:
        said = json.dumps([self.name, messages, asdict(options)], ensure_ascii=False)
        key = hashlib.sha256(said.encode()).hexdigest()
        if key not in self._known:
            began = time.perf_counter()
            first, pieces = 0.0, []
            for piece in self.model.chat(messages, options):
                first = first or time.perf_counter() - began
                pieces.append(piece)
            ms = round(1000 * (time.perf_counter() - began))
            row = {"key": key, "raw": "".join(pieces), "ms": ms, "first ms": round(1000 * first)}
            self._known[key] = row
            with self._file.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
        self.last = self._known[key]
        yield self.last["raw"]


def holds(case: Mapping[str, Any], text: str) -> bool:
    """Whether a text contains an answer that is accepted."""
    text, meta = _MARKER.sub("", text), case.get("meta", {})
    if any(contains(text, [one]) for one in meta.get("not", ())):
        return False
    if meta.get("all"):
        return all(contains(text, [one]) for one in meta["all"])
    return bool(contains(text, [meta["proof"]] if meta.get("proof") else case["answers"]))


def verdict(case: Mapping[str, Any], text: str) -> str:
    """right, wrong or refused, for the text of an answer; empty where it abstains."""
    if not text:
        return "refused" if case["answers"] else "right"
    return "right" if holds(case, text) else "wrong"


def asked(rag: Rag, variant: Rag, model: Kept, case: Mapping[str, Any]) -> Row:
    """One question, answered both ways."""
    quoted = rag.ask(case["question"])
    began = time.perf_counter()
    written = variant.ask(case["question"])
    spent = 1000 * (time.perf_counter() - began)
    detail: Mapping[str, Any] = {}
    steps: dict[str, str] = {}
    trace = [record for record in written.trace if record.stage in ("generate", "ground")]
    turns = [place for place, record in enumerate(trace) if record.stage == "generate"]
    own = trace[: turns[1]] if len(turns) > 1 else trace  # a second one is the quote that stands in
    for record in own:
        if record.stage == "generate":
            detail = record.detail
        else:
            abstained = record.went_out.startswith("abstained")
            said = "" if abstained else " ".join(one["text"] for one in record.detail["sentences"])
            steps[record.name] = said
    row = {
        "id": case["id"],
        "kind": case.get("meta", {}).get("kind", ""),
        "question": case["question"],
        "accepted": case.get("meta", {}).get("all") or case["answers"],
        "hits": [hit.chunk.source for hit in written.hits],
        "holding": [place for place, hit in enumerate(written.hits, 1) if _has(case, hit.chunk.text)],
        "prompt tokens": detail.get("prompt_tokens", 0),
        "sources": detail.get("sources", []),
        "draft": model.last["raw"],
        "ms": max(model.last["ms"], round(spent)),
        "first ms": model.last["first ms"],
        "draft verdict": verdict(case, "" if "cite" in steps and not steps["cite"] else model.last["raw"]),
        "steps": {name: {"text": text, "verdict": verdict(case, text)} for name, text in steps.items()},
        "traced": [_told(record.detail) for record in own if record.stage == "ground"],
        "quoted instead": len(turns) > 1 and not written.abstained,
    }
    for name, answer in (("written", written), ("quoted", quoted)):
        row[name] = {
            "text": answer.text,
            "verdict": verdict(case, _said(answer)),
            "confidence": round(answer.confidence, 4),
            "notes": list(answer.notes),
        }
    return row


def _has(case: Mapping[str, Any], text: str) -> bool:
    """Whether a text has one of the phrases that the answer is made of."""
    meta = case.get("meta", {})
    wanted = meta.get("all") or ([meta["proof"]] if meta.get("proof") else case["answers"])
    return bool(contains(text, wanted))


def _said(answer: Answer) -> str:
    return "" if answer.abstained else " ".join(one.text for one in answer.sentences)


def _told(detail: Mapping[str, Any]) -> Row:
    return {name: detail[name] for name in ("confidence", "sentences") if name in detail}


def figures(rows: Sequence[Row]) -> dict[str, Any]:
    """Shares right, wrong and refused; the differences to quoting; and what each step changed."""
    found: dict[str, Any] = {"questions": len(rows)}
    for name in ("quoted", "written"):
        counts = Counter(row[name]["verdict"] for row in rows)
        found[name] = {one: counts[one] for one in ("right", "wrong", "refused")}
    for one in ("right", "wrong"):
        pairs = [(row["written"]["verdict"] == one, row["quoted"]["verdict"] == one) for row in rows]
        found[f"more {one} than quoted"] = interval([float(a) - float(b) for a, b in pairs])
    found["drafts"] = dict(Counter(row["draft verdict"] for row in rows))
    found["steps"] = taken_away(rows)
    found["quoted instead"] = dict(
        Counter(row["written"]["verdict"] for row in rows if row["quoted instead"])
    )
    found["prompt tokens"] = round(float(np.median([row["prompt tokens"] for row in rows])))
    found["ms"] = round(float(np.median([row["ms"] for row in rows])))
    return found


def taken_away(rows: Sequence[Row]) -> dict[str, Any]:
    """Of each step: answers that it withdrew, rightly and wrongly, and right ones that it cut wrong."""
    found: dict[str, Any] = {}
    for row in rows:
        before = row["draft verdict"]
        given = bool(row["draft"]) and before != "refused"
        for name, step in row["steps"].items():
            counts = found.setdefault(name, {"withdrawn rightly": 0, "withdrawn wrongly": 0, "cut wrong": 0})
            now = step["verdict"]
            if given and not step["text"]:
                # What nothing answers was wrong before, and is right now that it is withdrawn.
                wrongly = before == "right" and row["accepted"]
                counts["withdrawn wrongly" if wrongly else "withdrawn rightly"] += 1
            elif before == "right" and now == "wrong":
                counts["cut wrong"] += 1
            before, given = now, bool(step["text"])
    return found


def summary(rows: Sequence[Row]) -> dict[str, Any]:
    kinds = sorted({row["kind"] for row in rows if row["kind"]})
    return figures(rows) | {
        "kinds": {
            kind: {
                name: dict(Counter(row[name]["verdict"] for row in rows if row["kind"] == kind))
                for name in ("quoted", "written")
            }
            for kind in kinds
        }
    }


def against(before: Sequence[Row], now: Sequence[Row]) -> dict[str, list[float]]:
    """Paired changes of the written answers, over the questions that both runs asked."""
    earlier = {row["id"]: row for row in before}
    pairs = [(row, earlier[row["id"]]) for row in now if row["id"] in earlier]
    return {
        one: interval(
            [float(a["written"]["verdict"] == one) - float(b["written"]["verdict"] == one) for a, b in pairs]
        )
        for one in ("right", "wrong", "refused")
    }


def chosen(rows: Sequence[Row], most: int, only: Sequence[str] | None = None) -> list[Row]:
    """Those of the ids `only`, else a sample."""
    if only is None:
        return sampled(rows, most)
    known = {row["id"]: row for row in rows}
    return [known[one] for one in only if one in known]


def sampled(rows: Sequence[Row], most: int) -> list[Row]:
    """Evenly spread; a quarter of them without an answer, where the set has so many."""
    if len(rows) <= most:
        return list(rows)
    without = spread([row for row in rows if not row["answers"]], most // 4)
    return [*spread([row for row in rows if row["answers"]], most - len(without)), *without]


def _same(model: ChatModel, _: str) -> ChatModel:
    return model


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--model", required=True)
    parser.add_argument("--sets", nargs="+", default=list(SETS))
    parser.add_argument("--questions", type=int, default=42, help="at most, of each set")
    parser.add_argument("--only", nargs="*", help="ids of questions, in this order")
    parser.add_argument("--work", type=Path, required=True, help="where indexes and drafts are kept")
    parser.add_argument("--before", type=Path, help="the rows of an earlier run, to compare with")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=JSON", help="a setting")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    given = {key: json.loads(value) for key, _, value in (one.partition("=") for one in options.set)}
    result: dict[str, Any] = {"model": Path(options.model).name, "settings": given, "rows": {}}
    earlier = json.loads(options.before.read_text("utf-8"))["rows"] if options.before else {}
    for name in options.sets:
        index = options.work / name
        ingested(index, options.data / name)
        rows: list[Row] = []
        with Rag(index, settings={"model.name": options.model, **given}) as rag:
            short = Path(options.model).stem
            model = Kept(partial(model_of, rag), short, options.work / f"{short}.jsonl")
            given_form = {"max_tokens": rag.settings.model.max_tokens, **rag.settings.stages.get("model", {})}
            form = PromptOptions(**given_form)
            with rag.variant(generate=build_model(partial(_same, model), form)) as variant:
                variant.__dict__["reader"] = rag.reader  # which keeps what it has read
                for case in chosen(read(options.data / name / "qa.jsonl"), options.questions, options.only):
                    rows.append(asked(rag, variant, model, case))
                    row = rows[-1]
                    told = (row[one]["verdict"] for one in ("quoted", "written"))
                    print(name, row["id"], *told, row["prompt tokens"], row["ms"], flush=True)
        result["rows"][name] = rows
        result[name] = summary(rows)
        if name in earlier:
            result[name]["change"] = against(earlier[name], rows)
        print(name, json.dumps(result[name]), flush=True)
        options.out.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", "utf-8")
    both = [row | {"id": f"{name} {row['id']}"} for name, rows in result["rows"].items() for row in rows]
    result["all"] = figures(both)
    if earlier:
        before = [row | {"id": f"{name} {row['id']}"} for name, rows in earlier.items() for row in rows]
        result["all"]["change"] = against(before, both)
    print("all", json.dumps(result["all"]), flush=True)
    options.out.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
