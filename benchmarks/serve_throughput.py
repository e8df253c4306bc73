"""Searches a second over HTTP, beside txtai's API: the same texts, the same model, the same clients.

    python -m benchmarks.serve_throughput INDEX CORPUS QUESTIONS --txtai PYTHON --weights FOLDER
        [--clients 8] [--seconds 20] [--rounds 3] [--out FILE]

INDEX is what `rag ingest CORPUS` made; CORPUS and QUESTIONS are JSONL with `text`, and with `question`.
PYTHON is the interpreter of an environment with `txtai[api]`, FOLDER holds all-MiniLM-L6-v2 as
sentence-transformers has it; ours ships with the package. Every server runs on loopback as its defaults are,
but for what `OURS` says. All stand side by side, and each round asks one after the other, so that what else
the machine does weighs on all. A client keeps its connection and asks without a pause for 10 hits. `cpu ms`
is the processor time of the server for a search.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import json
import os
import socket
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from .serving import Server, quantile, served

HITS = 10
WARM = 32  # searches of each server before it is measured
OURS = {
    "ours, as it comes": (),
    "ours, both legs": ("--augment", "", "--denoise", ""),
    "ours, vectors alone": ("--augment", "", "--denoise", "", "--retrieve", "dense"),
}
THEIRS = "txtai"  # as it comes, which is vectors alone
# txtai's own way to make an index from a list, and to serve it.
MAKE = """
import json, sys
from txtai import Embeddings
config, corpus, folder = json.loads(sys.argv[1]), sys.argv[2], sys.argv[3]
texts = [json.loads(line)["text"] for line in open(corpus, encoding="utf-8")]
embeddings = Embeddings(config)
embeddings.index(list(enumerate(texts)))
embeddings.save(folder)
"""


class Search(NamedTuple):
    """One search as it is asked of a server."""

    method: str
    path: str
    body: str | None


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("index", type=Path)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("questions", type=Path)
    parser.add_argument("--txtai", type=Path, required=True)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    lines = options.questions.read_text("utf-8").splitlines()
    questions = [str(json.loads(line)["question"]) for line in lines]
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
        servers: dict[str, Server] = {}
        for name, more in OURS.items():
            servers[name] = stack.enter_context(served(options.index, *more))
        txtai = _txtai(options.txtai, options.weights, options.corpus, Path(scratch))
        servers[THEIRS] = stack.enter_context(txtai)
        result = measured(servers, questions, options.clients, options.seconds, options.rounds)
    told = json.dumps(result, indent=1)
    print(told)
    if options.out:
        options.out.write_text(told + "\n", "utf-8")


@contextmanager
def _txtai(python: Path, weights: Path, corpus: Path, scratch: Path) -> Iterator[Server]:
    """txtai's API over an index of the same texts, ready."""
    embeddings, folder = {"path": str(weights.absolute()), "content": True}, scratch / "index"
    run = [str(python), "-c", MAKE, json.dumps(embeddings), str(corpus), str(folder)]
    one_thread = {**os.environ, "OMP_NUM_THREADS": "1"}  # several wait for each other on a busy machine
    subprocess.run(run, check=True, stdout=subprocess.DEVNULL, env=one_thread)
    settings = scratch / "settings.yml"  # JSON is YAML
    settings.write_text(json.dumps({"path": str(folder), "writable": False, "embeddings": embeddings}))
    port = _free_port()
    process = subprocess.Popen(
        [str(python), "-m", "uvicorn", "--port", str(port), "--log-level", "warning", "txtai.api:app"],
        env={**os.environ, "CONFIG": str(settings)},
    )
    server = Server("127.0.0.1", port, process)
    try:
        while process.poll() is None:
            with suppress(OSError), socket.create_connection((server.host, port), timeout=1):
                break
            time.sleep(0.2)
        yield server
    finally:
        process.terminate()
        process.wait(30)


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def measured(
    servers: dict[str, Server], questions: Sequence[str], clients: int, seconds: float, rounds: int
) -> dict[str, Any]:
    """Figures of each server over all rounds, and ours by theirs in each round."""
    for name, server in servers.items():
        for question in questions[:WARM]:
            if not asked(server, name, [question]):
                raise SystemExit(f"{name} finds nothing: is it the right index?")
    rates: dict[str, list[float]] = {name: [] for name in servers}
    times: dict[str, list[float]] = {name: [] for name in servers}
    spent = dict.fromkeys(servers, 0.0)
    part = (len(questions) - WARM) // rounds
    for number in range(rounds):
        order = list(servers.items())
        # Our reader remembers what it has read: each round has questions of its own.
        new = questions[WARM + number * part : WARM + (number + 1) * part]
        for name, server in order if number % 2 == 0 else reversed(order):
            before, began = server.cpu_ms, time.perf_counter()
            found = under_load(server, name, new, clients, seconds)
            rates[name].append(len(found) / (time.perf_counter() - began))
            spent[name] += server.cpu_ms - before
            times[name] += found
    return {
        "clients": clients,
        "seconds a round": seconds,
        "servers": {
            name: {
                "searches": len(times[name]),
                "searches a second": [round(rate, 1) for rate in rates[name]],
                "p50 ms": quantile(times[name], 0.5),
                "p95 ms": quantile(times[name], 0.95),
                "cpu ms": round(spent[name] / max(1, len(times[name])), 1),
            }
            for name in servers
        },
        "by txtai": {
            name: {
                "rounds": [round(ratio, 2) for ratio in ratios],
                "median": round(statistics.median(ratios), 2),
            }
            for name in OURS
            for ratios in [[a / b for a, b in zip(rates[name], rates[THEIRS], strict=True)]]
        },
    }


def under_load(
    server: Server, name: str, questions: Sequence[str], clients: int, seconds: float
) -> list[float]:
    """Milliseconds of every search of all clients."""
    end, found = time.monotonic() + seconds, list[float]()

    def client(number: int) -> None:
        def until() -> Iterator[str]:
            for question in itertools.cycle(questions[number::clients]):
                if time.monotonic() > end:
                    return
                yield question

        found.extend(asked(server, name, until()))

    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(client, range(clients)))
    return found


def asked(server: Server, name: str, questions: Iterator[str] | Sequence[str]) -> list[float]:
    """Milliseconds of each search over one connection. What is no list of hits is an error."""
    times = []
    connection = http.client.HTTPConnection(server.host, server.port, timeout=180)
    for question in questions:
        search = _search(name, question)
        began = time.perf_counter()
        connection.request(search.method, search.path, search.body, {"content-type": "application/json"})
        response = connection.getresponse()
        body = response.read()
        times.append((time.perf_counter() - began) * 1000)
        hits = json.loads(body)
        hits = hits["hits"] if isinstance(hits, dict) else hits
        if response.status != 200 or len(hits) != HITS or not all(hit["text"] for hit in hits):
            raise SystemExit(f"{name} answered {response.status} with {body[:200]!r}")
    connection.close()
    return times


def _search(name: str, question: str) -> Search:
    if name == THEIRS:
        return Search("GET", f"/search?query={quote(question)}&limit={HITS}", None)
    return Search("POST", "/api/search", json.dumps({"query": question, "k": HITS}))


if __name__ == "__main__":
    main()
