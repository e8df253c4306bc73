"""A server under load, on loopback: many clients, broken clients, and how its memory stands afterwards.

    python -m benchmarks.serving INDEX QUESTIONS
        [--clients 32] [--seconds 60] [--single 60] [--broken 200] [--out FILE]

INDEX is an index that was ingested; QUESTIONS a JSONL file of which each line has a `question`. The server
runs as its defaults are, in a process of its own. `single`: one client, one question after another, half of
them before the load and half after it, so that what else the machine does weighs on both. `load`: so many
clients ask without a pause; a refusal with 429 is waited for as `Retry-After` says. `broken`: half heads,
half bodies, streams that are left, bodies of 1 MB. Milliseconds are those of the clients; memory is what the
process of the server holds, `cpu ms` the processor time that it spent for an answer.
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
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

WARM = 20  # questions


class Server(NamedTuple):
    """Where it listens, and its process."""

    host: str
    port: int
    process: subprocess.Popen[bytes]

    @property
    def megabytes(self) -> float:
        """Resident memory."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return round(pages * os.sysconf("SC_PAGE_SIZE") / 2**20, 1)

    @property
    def cpu_ms(self) -> float:
        """Processor time spent so far, of all threads."""
        stat = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(stat[11]) + int(stat[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("index", type=Path)
    parser.add_argument("questions", type=Path)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--single", type=int, default=60)
    parser.add_argument("--broken", type=int, default=200)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    lines = options.questions.read_text("utf-8").splitlines()
    questions = [str(json.loads(line)["question"]) for line in lines]
    with served(options.index) as server:
        result = measured(server, questions, options)
    told = json.dumps(result, indent=1)
    print(told)
    if options.out:
        options.out.write_text(told + "\n", "utf-8")


@contextmanager
def served(index: Path, *options: str) -> Iterator[Server]:
    """A server that is ready."""
    run = [sys.executable, "-c", "from rag.cli import main; main()", "serve", "--port", "0"]
    process = subprocess.Popen(
        [*run, "--index", str(index), "--read-only", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        if process.stdout is None:
            raise SystemExit("the server has no output")
        address = urlsplit(process.stdout.readline().decode().strip())
        server = Server(str(address.hostname), address.port or 80, process)
        while asked(server, "GET", "/ready").status != 200:
            time.sleep(0.1)
        yield server
    finally:
        process.terminate()
        process.wait(30)


class Reply(NamedTuple):
    """What came back; 0 where the connection broke."""

    status: int
    wait: float
    ms: float


def asked(server: Server, method: str, path: str, question: str = "") -> Reply:
    """One request over a connection of its own."""
    began = time.perf_counter()
    connection = http.client.HTTPConnection(server.host, server.port, timeout=180)
    try:
        body = json.dumps({"question": question}) if question else None
        connection.request(method, path, body, {"content-type": "application/json"})
        response = connection.getresponse()
        response.read()
        status, wait = response.status, float(response.headers.get("retry-after", 0))
    except OSError:
        status, wait = 0, 0.0
    finally:
        connection.close()
    return Reply(status, wait, (time.perf_counter() - began) * 1000)


def measured(server: Server, questions: list[str], options: argparse.Namespace) -> dict[str, Any]:
    """Every figure, in this order: one client, many, broken ones, one again."""
    clients, seconds, broken = options.clients, options.seconds, options.broken
    # The reader remembers what it has read: no question is asked twice before all of its part were.
    third = len(questions) // 3
    turn = itertools.cycle(questions[2 * third :])
    for _ in range(WARM):
        asked(server, "POST", "/api/ask", next(turn))
    single, spent = one_client(server, turn, options.single // 2)
    # As many at once as later, so that what every thread keeps is there already.
    under_load(server, questions[third : 2 * third], clients, min(5.0, seconds))
    before, busy = server.megabytes, server.cpu_ms
    began = time.perf_counter()
    replies = under_load(server, questions[:third], clients, seconds)
    took, busy = time.perf_counter() - began, server.cpu_ms - busy
    after = server.megabytes
    good = [reply.ms for reply in replies if reply.status == 200]
    more, also = one_client(server, turn, options.single // 2)
    single += more
    mean = statistics.fmean(single)
    kinds = break_in(server, broken, questions)
    time.sleep(2)
    later = [asked(server, "POST", "/api/ask", next(turn)) for _ in range(options.single)]
    return {
        "single ms": {
            "mean": round(mean, 1),
            "p50": quantile(single, 0.5),
            "p95": quantile(single, 0.95),
            "cpu ms": round((spent + also) / len(single), 1),
        },
        "load": {
            "clients": clients,
            "seconds": round(took, 1),
            "answers": len(good),
            "answers a second": round(len(good) / took, 1),
            "statuses": dict(Counter(str(reply.status) for reply in replies)),
            "p50 ms": quantile(good, 0.5),
            "p95 ms": quantile(good, 0.95),
            "cpu ms": round(busy / max(1, len(good)), 1),
            "p95 by single mean": round(quantile(good, 0.95) / mean, 1),
            "p95 by single p50": round(quantile(good, 0.95) / quantile(single, 0.5), 1),
        },
        "memory MB": {"before": before, "after": after, "after broken": server.megabytes},
        "memory ratio": round(after / before, 3),
        "broken": {
            "clients": broken,
            "kinds": kinds,
            "lives": server.process.poll() is None,
            "statuses afterwards": dict(Counter(str(reply.status) for reply in later)),
            "p50 ms afterwards": quantile([reply.ms for reply in later], 0.5),
        },
    }


def one_client(server: Server, turn: Iterator[str], number: int) -> tuple[list[float], float]:
    """Milliseconds of each answer, and the server's processor time for all of them."""
    spent = server.cpu_ms
    times = [asked(server, "POST", "/api/ask", next(turn)).ms for _ in range(number)]
    return times, server.cpu_ms - spent


def under_load(server: Server, questions: list[str], clients: int, seconds: float) -> list[Reply]:
    """What every client got until the time was over."""
    end, found = time.monotonic() + seconds, []

    def client(number: int) -> None:
        for question in itertools.cycle(questions[number::clients] or questions):
            if time.monotonic() > end:
                return
            reply = asked(server, "POST", "/api/ask", question)
            found.append(reply)
            if reply.status == 429:
                time.sleep(reply.wait)

    threads = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def break_in(server: Server, number: int, questions: list[str]) -> dict[str, int]:
    """Clients that do not do as they should, all at once, and how many of each kind there were."""
    host = f"Host: {server.host}\r\n".encode()
    head = b"POST /api/ask HTTP/1.1\r\n" + host + b"Content-Type: application/json\r\n"
    body = json.dumps({"question": questions[0]}).encode()
    large = json.dumps({"question": "x" * 2**20}).encode()

    def length(data: bytes) -> bytes:
        return b"Content-Length: %d\r\n\r\n" % len(data) + data

    kinds = {
        "half a head": head,
        "half a body": head + length(body)[: -len(body) // 2],
        "a stream that is left": head + b"Accept: text/event-stream\r\n" + length(body),
        "an answer that is left": head + length(body),
        "a question of 1 MB": head + length(large),
        "no HTTP": os.urandom(2000),
    }
    told: Counter[str] = Counter()
    open_ones = []
    for (kind, data), _ in zip(itertools.cycle(kinds.items()), range(number), strict=False):
        told[kind] += 1
        one = socket.create_connection((server.host, server.port), timeout=30)
        with suppress(OSError):  # refused while it is still being sent
            one.sendall(data)
        if "left" in kind:
            one.close()
        else:
            open_ones.append(one)
    time.sleep(1)
    for one in open_ones:
        one.close()
    return dict(told)


def quantile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1) if ordered else float("nan")


if __name__ == "__main__":
    main()
