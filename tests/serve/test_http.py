"""The HTTP API through a real process: what it answers, what it refuses, and what it keeps."""

from __future__ import annotations

import http.client
import json
import socket
import struct
import time
import zlib
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

pytest.importorskip("uvicorn", reason="needs footnote-rag[serve]")
pytest.importorskip("mcp", reason="runs with make test-serve")

from tests.loaders.samples import pdf
from tests.serve.serving import EVIL, GUIDE, Server, events, served, wait_ready

ASK = {"question": "How long does a session last?"}


# ------------------------------------------------------------------------------------------------ ask


def test_an_answer_names_its_exact_characters(server: Server) -> None:
    answer = server.post("/api/ask", ASK).json
    assert answer["abstained"] is False
    (citation,) = answer["citations"]
    assert (
        GUIDE[citation["start"] : citation["end"]] == citation["quote"] == "A session lasts thirty minutes."
    )
    assert answer["sentences"][0]["markers"] == [1]
    assert [record["stage"] for record in answer["trace"]][:2] == ["augment", "augment"]


def test_events_come_in_order_and_the_last_is_the_answer(server: Server) -> None:
    reply = server.post("/api/ask", ASK, accept="text/event-stream")
    names = [name for name, _ in events(reply.body)]
    assert names[-1] == "answer"
    assert names.count("hits") == 1
    assert events(reply.body)[-1][1]["text"] == server.post("/api/ask", ASK).json["text"]


def test_what_the_sources_do_not_answer_is_declined_with_the_nearest_passages(server: Server) -> None:
    answer = server.post("/api/ask", {"question": "Who won the football match on Sunday in Lisbon?"}).json
    assert answer["abstained"] is True
    assert answer["citations"] == []
    assert answer["hits"]


def test_a_filter_and_a_history_reach_the_pipeline(server: Server) -> None:
    found = server.post(
        "/api/search", {"query": "mayor of Altdorf", "where": 'source ~ "*.csv"', "k": 3}
    ).json
    assert {hit["source"] for hit in found["hits"]} == {"docs/towns.csv"}
    history = [{"question": "How long does a session last?", "answer": "Thirty minutes."}]
    answer = server.post("/api/ask", {"question": "Who closes it?", "history": history}).json
    assert "session" in answer["question"]


def test_german_and_chinese_are_found(server: Server) -> None:
    for query, words in (("Wann läuft die Sicherung?", "Sicherung läuft"), ("备份 每天", "备份每天凌晨")):
        hits = server.post("/api/search", {"query": query}).json["hits"]
        assert any(words in hit["text"] for hit in hits)


def test_why_tells_what_was_lost(server: Server) -> None:
    told = server.post(
        "/api/why", {"question": "How long does a session last?", "answers": ["sixty parsecs"]}
    ).json
    assert told["lost"] == "not parsed"


@pytest.mark.parametrize(
    ("path", "value", "status"),
    [
        ("/api/ask", {"question": ""}, 422),
        ("/api/ask", {"question": "x", "surprise": 1}, 422),
        ("/api/ask", {}, 422),
        ("/api/ask", {"question": 7}, 422),
        ("/api/ask", {"question": "x", "k": 0}, 422),
        ("/api/ask", {"question": "x", "k": 1000}, 422),
        ("/api/ask", {"question": "x", "where": "year >="}, 422),
        ("/api/ask", {"question": "x" * 4001}, 413),
        ("/api/ask", {"question": "x", "history": [{"question": "a", "answer": "b"}] * 51}, 413),
        ("/api/ask", {"question": "\ud800"}, 422),
        ("/api/indexes/nothing/ask", ASK, 404),
        ("/v1/embeddings", {"input": ["x"] * 257}, 413),
        ("/v1/chat/completions", {"messages": []}, 422),
        ("/v1/chat/completions", {"messages": [{"role": None}]}, 422),
        ("/v1/responses", {"input": None}, 422),
        ("/v1/embeddings", {"input": None}, 422),
        ("/v1/chat/completions", {"messages": [{"role": "user", "content": "x"}], "model": "gpt"}, 404),
    ],
)
def test_what_means_nothing_is_refused_with_a_reason(
    server: Server, path: str, value: Any, status: int
) -> None:
    reply = server.post(path, value)
    assert reply.status == status
    assert len(reply.json["error"]["message"]) > 10


FILTERS: dict[str, tuple[str, int, str]] = {
    "ten thousand conditions": (" or ".join(f"a={n}" for n in range(10_000)), 413, "at most 4000 are read"),
    "many short ones": (" or ".join(["a=1"] * 570), 200, "no document has the field 'a'"),
    "fifty times not": ("not " * 50 + "a=1", 422, "nested deeper than 20"),
    "five thousand brackets": ("(" * 5_000 + "a=1" + ")" * 5_000, 413, "at most 4000 are read"),
    "a thousand brackets": ("(" * 1_000 + "a=1" + ")" * 1_000, 422, "nested deeper than 20"),
    "an unknown field": ("colour = red", 200, "no document has the field 'colour'"),
    "text for a number": ("page = three", 200, "'page' is a number, never text"),
    "a number for text": ("source > 5", 200, "'source' is text, never a number"),
    "a glob of a number": ("title ~ 5", 422, "a glob is a string"),
    "a number without end": ("year = " + "9" * 3_000, 422, "more than 1000 digits"),
    "half": ("year >=", 422, "expected a value"),
    "blank": ("  ", 422, "it is empty"),
}


@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_that_means_nothing_gets_one_clear_reason(server: Server, name: str) -> None:
    where, status, reason = FILTERS[name]
    for path, body in (("/api/ask", ASK), ("/api/search", {"query": "session"})):
        reply = server.post(path, {**body, "where": where})
        assert reply.status == status
        told = reply.json["error"]["message"] if status != 200 else "; ".join(reply.json["notes"])
        assert told.count(reason) == 1
        assert len(told) < 400
    streamed = server.post("/api/ask", {**ASK, "where": where}, accept="text/event-stream")
    assert streamed.status == status
    assert reason in streamed.body.decode()
    if len(where) < 10_000:  # longer ones are more than a request line may have
        assert server.get(f"/api/documents?where={quote(where)}").status == status


@pytest.mark.parametrize("where", [5, 1.5, True, ["a = 1"], {"a": 1}])
def test_a_filter_is_text(server: Server, where: Any) -> None:
    for path, body in (("/api/ask", ASK), ("/api/search", {"query": "session"})):
        reply = server.post(path, {**body, "where": where})
        assert reply.status == 422
        assert reply.json["error"]["message"] == f"the body.where is {json.dumps(where)}, expected text"
    deep = b'{"question": "x", "where": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    assert server.call("POST", "/api/ask", data=deep, content_type="application/json").status == 400


def test_no_filter_and_an_empty_one_are_the_same(server: Server) -> None:
    assert server.post("/api/ask", {**ASK, "where": ""}).json["citations"]
    assert server.post("/api/search", {"query": "session", "where": ""}).json["hits"]


def refused_by_length(server: Server, path: str, kind: str, size: int) -> int:
    """The status for a body of that size, of which only the head is sent."""
    host = urlsplit(server.url)
    connection = http.client.HTTPConnection(str(host.hostname), host.port, timeout=60)
    connection.putrequest("POST", path)
    connection.putheader("Content-Type", kind)
    connection.putheader("Content-Length", str(size))
    connection.endheaders()
    status = connection.getresponse().status
    connection.close()
    return status


def test_bodies_are_bounded_and_must_be_json(server: Server) -> None:
    assert server.call("POST", "/api/ask", data=b"{", content_type="application/json").status == 400
    assert server.call("POST", "/api/ask", data=b"x=1", content_type="text/plain").status == 415
    # Refused by its head: were the body sent too, the connection might be closed before all of it is.
    assert refused_by_length(server, "/api/ask", "application/json", 2**21) == 413
    assert server.call("PUT", "/api/ask").status == 405
    assert server.get("/api/nothing").status == 404


# ------------------------------------------------------------------------------------------- documents


def test_documents_are_listed_filtered_and_read(server: Server) -> None:
    rows = server.get("/api/documents").json
    assert rows["total"] == len(rows["documents"]) == 7
    assert [row["source"] for row in server.get("/api/documents?q=TOWNS").json["documents"]] == [
        "docs/towns.csv"
    ]
    assert "_file" not in rows["documents"][0]["metadata"]
    document = server.get(f"/api/documents/{server.document('docs/guide.md')}").json
    assert document["text"] == GUIDE
    assert document["next_offset"] is None
    assert server.get("/api/documents/0123").status == 404


def test_a_view_shows_the_marked_words_and_the_line(server: Server) -> None:
    start = GUIDE.index("备份")
    view = server.get(
        f"/api/documents/{server.document('docs/guide.md')}/view?start={start}&end={start + 4}"
    ).json
    assert (view["marked"], view["line"], view["picture"]) == ("备份每天", 7, False)
    assert view["before"] + view["marked"] + view["after"] == GUIDE
    assert server.get(f"/api/documents/{view['id']}/view?start=9&end=3").status == 422
    assert server.get(f"/api/documents/{view['id']}/view?start=-1").status == 422


def test_the_original_is_sent_only_as_it_was_ingested(copy: Path) -> None:
    with served(copy) as server:
        path = f"/api/documents/{server.document('docs/guide.md')}/source"
        reply = server.get(path)
        assert reply.body == GUIDE.encode()
        assert reply.headers["content-disposition"].startswith("attachment")
        (copy / "docs" / "guide.md").write_text("something else")
        assert server.get(path).status == 409
        (copy / "docs" / "guide.md").unlink()
        (copy / "docs" / "guide.md").symlink_to("/etc/passwd")
        assert server.get(path).status == 409


def pixels(png: bytes) -> list[bytes]:
    """Rows of RGB bytes of a PNG of which every row is filtered by the one above."""
    at, data, width = 8, b"", 0
    while at < len(png):
        size, name = struct.unpack(">I4s", png[at : at + 8])
        part = png[at + 8 : at + 8 + size]
        width = struct.unpack(">I", part[:4])[0] if name == b"IHDR" else width
        data += part if name == b"IDAT" else b""
        at += size + 12
    raw, rows, above = zlib.decompress(data), [], bytes(width * 3)
    for start in range(0, len(raw), width * 3 + 1):
        assert raw[start] == 2
        above = bytes(
            (one + up) & 255 for one, up in zip(raw[start + 1 : start + 1 + width * 3], above, strict=True)
        )
        rows.append(above)
    return rows


def test_the_picture_marks_the_quoted_words_and_nothing_else(server: Server) -> None:
    document = server.document("docs/lighthouse.pdf")
    text = server.get(f"/api/documents/{document}").json["text"]
    quote = "smells of very little." if "little." in text else "paraffin"
    start = text.index(quote)
    query = f"start={start}&end={start + len(quote)}&width=612"
    told = server.get(f"/api/documents/{document}/pages/2?{query}").json
    assert told["exact"] is True
    assert told["boxes"]
    reply = server.get(f"/api/documents/{document}/pages/2.png?{query}")
    assert reply.headers["content-type"] == "image/png"
    assert reply.headers["x-marks-exact"] == "true"
    rows = pixels(reply.body)
    yellow = [
        (x, y)
        for y, row in enumerate(rows)
        for x in range(len(row) // 3)
        if row[3 * x : 3 * x + 3] == b"\xff\xdb\x47"
    ]
    assert yellow
    for x, y in yellow:  # every marked pixel lies in a box, with a pixel of room
        assert any(
            left - 2 <= x <= right + 2 and top - 2 <= y <= bottom + 2
            for left, top, right, bottom in told["boxes"]
        )
    for left, top, right, bottom in told["boxes"]:  # and every box is coloured: nothing in it stays white
        inside = [
            rows[y][3 * x : 3 * x + 3]
            for y in range(int(top) + 1, int(bottom))
            for x in range(int(left) + 1, int(right))
        ]
        assert inside
        assert b"\xff\xff\xff" not in inside
    # The boxes are where the file puts the words: the line begins at x = 72, 792 - 686 from the top.
    first = min(told["boxes"], key=lambda box: box[1])
    assert abs(first[0] - 72) < 1.5
    assert first[1] < 792 - 686 < first[3]


def test_a_page_that_is_not_there_or_no_pdf_has_no_picture(server: Server) -> None:
    assert server.get(f"/api/documents/{server.document('docs/lighthouse.pdf')}/pages/3.png").status == 404
    assert server.get(f"/api/documents/{server.document('docs/guide.md')}/pages/1.png").status == 404


# --------------------------------------------------------------------------------------------- writing


def test_an_upload_can_be_asked_at_once_and_is_removed_again(copy: Path) -> None:
    with served(copy) as server:
        text = b"# Ferry\n\nThe ferry to Hven leaves at quarter past nine."
        report = server.upload("ferry.md", text)
        assert report.status == 201
        assert report.json["added"] == ["uploads/ferry.md"]
        answer = server.post("/api/ask", {"question": "When does the ferry to Hven leave?"}).json
        assert answer["citations"][0]["source"] == "uploads/ferry.md"
        gone = server.call("DELETE", f"/api/documents/{server.document('uploads/ferry.md')}").json
        assert gone == {"removed": ["uploads/ferry.md"], "file_stays": False}
        assert not (copy / "uploads" / "ferry.md").exists()
        stays = server.call("DELETE", f"/api/documents/{server.document('docs/guide.md')}").json
        assert stays == {"removed": ["docs/guide.md"], "file_stays": True}


def test_an_upload_tells_its_progress_and_what_failed(copy: Path) -> None:
    with served(copy) as server:
        reply = server.upload("broken.pdf", b"%PDF-1.4 nothing", accept="text/event-stream")
        told = events(reply.body)
        assert told[-1][0] == "report"
        assert told[-1][1]["failed"][0]["source"] == "uploads/broken.pdf"
        assert {name for name, _ in told[:-1]} <= {"progress"}
        assert server.post("/api/ask", ASK).status == 200


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../escape.md", "escape.md"),
        ("/etc/cron.d/x.md", "x.md"),
        ("..\\..\\windows.md", "windows.md"),
        (f"{EVIL}.md", "_img src=x onerror=alert(1)_.md"),
        ("...hidden.md", "hidden.md"),
    ],
)
def test_names_of_uploads_stay_in_their_folder(name: str, kept: str) -> None:
    from rag.serve.uploads import safe_name

    assert safe_name(name) == kept


def test_uploads_of_no_known_kind_without_files_or_too_large_are_refused(copy: Path) -> None:
    with served(copy) as server:
        assert server.upload("virus.exe", b"MZ").status == 415
        assert server.upload("noname", b"x").status == 422
        assert server.call(
            "POST", "/api/documents", data=b"", content_type="multipart/form-data; boundary=x"
        ).status in (400, 422)
        form = "multipart/form-data; boundary=x"
        assert refused_by_length(server, "/api/documents", form, 65 * 2**20) == 413


def test_a_server_that_only_reads_takes_nothing(copy: Path) -> None:
    with served(copy, "--read-only") as server:
        assert server.upload("a.md", b"# A").status == 403
        assert server.call("DELETE", f"/api/documents/{server.document('docs/guide.md')}").status == 403
        assert server.post("/api/feedback", {"question": "x", "verdict": "good"}).status == 403
        assert server.post("/api/ask", ASK).status == 200


def test_what_people_say_of_answers_is_kept(copy: Path) -> None:
    from rag.augment.ratings import ratings

    with served(copy) as server:
        answer = server.post("/api/ask", ASK).json
        chunks = [citation["chunk_id"] for citation in answer["citations"]]
        row = {**ASK, "verdict": "good", "answer": answer["sentences"][0]["text"], "chunks": chunks}
        reply = server.post("/api/feedback", row)
        assert (reply.status, reply.json) == (201, {"kept": True, "source": ""})
        (given,) = ratings(copy / ".rag")
        assert (given.good, given.answer) == (True, "A session lasts thirty minutes.")
        assert (given.sources, given.chunks) == (("docs/guide.md",), tuple(chunks))
        assert (copy / ".rag" / "solved.jsonl").exists()
        # Without what was shown, the question is asked again.
        assert server.post("/api/feedback", {**ASK, "verdict": "bad"}).status == 201
        (given,) = ratings(copy / ".rag")
        assert (given.good, given.answer) == (False, "A session lasts thirty minutes.")
        assert (copy / ".rag" / "solved.jsonl").read_text() == ""
        for wrong in (
            {**ASK, "verdict": "fine"},
            {**ASK, "verdict": "good", "answer": "x", "chunks": ["unknown"]},
            {"question": "Who won in Lisbon?", "verdict": "good"},
            {**ASK, "verdict": "correction"},
        ):
            assert server.post("/api/feedback", wrong).status == 422


def test_a_correction_answers_from_then_on(copy: Path) -> None:
    with served(copy) as server:
        server.post("/api/ask", ASK)
        reply = server.post("/api/feedback", {**ASK, "verdict": "correction", "correction": "Forty minutes."})
        assert reply.json["source"].startswith("note:")
        answer = server.post("/api/ask", ASK).json
        assert answer["sentences"][0]["text"] == "Forty minutes."
        assert answer["citations"][0]["source"] == reply.json["source"]
        other = server.post("/api/ask", {**ASK, "where": 'source ~ "docs/*"'}).json
        assert other["sentences"][0]["text"] == "A session lasts thirty minutes."


def test_folders_are_followed_while_serving(copy: Path) -> None:
    with served(copy, "--watch", "docs") as server:
        (copy / "docs" / "new.md").write_text("# Harbour\n\nThe harbour master is Ines Duarte.\n")
        for _ in range(200):
            if any(row["source"] == "docs/new.md" for row in server.get("/api/documents").json["documents"]):
                break
            time.sleep(0.1)
        answer = server.post("/api/ask", {"question": "Who is the harbour master?"}).json
        assert answer["citations"][0]["source"] == "docs/new.md"


def test_a_kill_during_an_upload_loses_nothing(copy: Path) -> None:
    """What was reported stays; what was cut off is ingested when the server starts again."""
    with served(copy) as server:
        assert server.upload("first.md", b"# First\n\nThe first code is cobalt.").status == 201
        host = urlsplit(server.url)
        connection = socket.create_connection((str(host.hostname), host.port or 80))
        pages = pdf(
            [
                [(72, 700 - 12 * at, f"Line {at} of page {page} speaks of zinc.") for at in range(50)]
                for page in range(40)
            ]
        )
        head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="big.pdf"\r\n\r\n'
        body = head + pages + b"\r\n--x--\r\n"
        connection.sendall(
            b"POST /api/documents HTTP/1.1\r\nHost: localhost\r\n"
            b"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: %d\r\n\r\n" % len(body) + body
        )
        for _ in range(3000):
            if (copy / "uploads" / "big.pdf").exists():
                break
            time.sleep(0.02)
        server.process.kill()
        server.process.wait()
        connection.close()
    with served(copy) as server:
        for _ in range(1200):
            sources = {row["source"] for row in server.get("/api/documents").json["documents"]}
            if "uploads/big.pdf" in sources:
                break
            time.sleep(0.1)
        assert {"uploads/first.md", "uploads/big.pdf"} <= sources
        assert server.post("/api/ask", {"question": "What is the first code?"}).json["citations"]


# ---------------------------------------------------------------------------------------------- safety


def test_only_a_name_of_this_machine_is_answered(server: Server) -> None:
    """A name that was made to resolve to this machine (DNS rebinding) reaches nothing."""
    assert server.get("/api/status", host="evil.example").status == 421
    assert server.get("/", host="evil.example:8000").status == 421
    for host in ("localhost", "127.0.0.1:1", "[::1]"):
        assert server.get("/health", host=host).status == 200


def test_pages_of_other_origins_are_refused(server: Server) -> None:
    assert server.post("/api/ask", ASK, origin="https://evil.example").status == 403
    assert server.post("/api/ask", ASK, origin="null").status == 403
    assert server.get("/api/documents", sec_fetch_site="cross-site", sec_fetch_mode="no-cors").status == 403
    assert server.get("/", sec_fetch_site="cross-site", sec_fetch_mode="navigate").status == 200
    assert server.post("/api/ask", ASK, origin=server.url).status == 200
    assert "access-control-allow-origin" not in server.get("/health").headers


def test_every_answer_carries_the_headers_that_keep_it_in_its_place(server: Server) -> None:
    for path in ("/", "/page/app.js", "/api/status", "/api/nothing", "/docs"):
        headers = server.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize(
    "path", ["/page/../limits.py", "/page/%2e%2e/limits.py", "/page/", "/page/..%2flimits.py"]
)
def test_no_file_but_the_page_is_served(server: Server, path: str) -> None:
    assert server.get(path).status in (404, 401)


def test_an_address_that_others_reach_needs_a_token(copy: Path) -> None:
    import subprocess

    from tests.serve.serving import RAG, environment

    done = subprocess.run(
        [*RAG, "serve", "--host", "0.0.0.0", "--port", "0"],
        cwd=copy,
        env=environment(),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert "set RAG_TOKEN" in done.stderr


def test_half_requests_are_closed_and_the_server_lives(server: Server) -> None:
    host = urlsplit(server.url)
    half = [socket.create_connection((str(host.hostname), host.port or 80)) for _ in range(20)]
    for one in half:
        one.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
    assert server.get("/health").status == 200
    half[0].settimeout(15)
    assert half[0].recv(100) == b""
    for one in half:
        one.close()


def test_a_client_that_leaves_ends_the_work(server: Server) -> None:
    host = urlsplit(server.url)
    body = json.dumps(ASK).encode()
    for _ in range(30):
        with socket.create_connection((str(host.hostname), host.port or 80)) as one:
            one.sendall(
                b"POST /api/ask HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                b"Accept: text/event-stream\r\nContent-Length: %d\r\n\r\n" % len(body) + body
            )
    for _ in range(200):
        text = server.get("/metrics").body.decode()
        if "rag_running 0" in text and "rag_waiting 0" in text:
            break
        time.sleep(0.1)
    assert "rag_running 0" in text
    assert server.post("/api/ask", ASK).status == 200


def test_more_than_may_wait_is_told_to_come_again(copy: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with served(copy, "--concurrency", "1", "--queue", "2") as server, ThreadPoolExecutor(12) as pool:
        replies = list(pool.map(lambda _: server.post("/api/ask", ASK), range(24)))
    assert {reply.status for reply in replies} == {200, 429}
    assert all(reply.headers["retry-after"] for reply in replies if reply.status == 429)


def test_logs_hold_no_questions_unless_asked(copy: Path) -> None:
    with served(copy) as server:
        server.post("/api/ask", {"question": "Where is the xylophone?"})
    assert "xylophone" not in (copy / "server.log").read_text()
    with served(copy, "--log-questions") as server:
        server.post("/api/ask", {"question": "Where is the xylophone?"})
    log = (copy / "server.log").read_text()
    assert "xylophone" in log
    assert "INFO ready" in log
    assert "faiss" not in log, "what other packages tell of themselves is no concern of who serves"
    assert "StreamableHTTP" not in log


# ---------------------------------------------------------------------------------------------- server


def test_status_metrics_and_health(server: Server) -> None:
    status = server.get("/api/status").json
    assert status["indexes"][0]["documents"] == 7
    assert status["limits"]["question_characters"] == 4000
    server.post("/api/ask", ASK)
    text = server.get("/metrics").body.decode()
    assert 'rag_requests_total{method="POST",route="/api/ask",status="200"}' in text
    assert 'rag_ask_seconds_bucket{le="+Inf"}' in text
    assert server.get("/health").json == {"status": "ok"}
    traces = server.get("/api/traces").json["traces"]
    assert traces[0]["stages"][0]["stage"] == "augment"


def test_evaluation_runs_are_listed_with_their_reports(copy: Path) -> None:
    import subprocess

    from tests.serve.serving import RAG, environment

    row = {"question": ASK["question"], "answers": ["thirty minutes"], "relevant": ["docs/guide.md"]}
    (copy / "set.jsonl").write_text(json.dumps(row) + "\n")
    subprocess.run([*RAG, "eval", "set.jsonl"], cwd=copy, env=environment(), check=True, capture_output=True)
    with served(copy, "--read-only") as server:
        (run,) = server.get("/api/runs").json["runs"]
        assert run["name"].startswith("set-")
        assert run["questions"] == 1
        assert 0 < run["measures"]["nDCG@10"]["mean"] <= 1
        report = server.get(f"/api/runs/{run['name']}")
        assert report.status == 200
        assert "nDCG@10" in report.body.decode()
        assert report.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
        for wrong in ("nothing", "..%2f..", "%2e%2e"):
            assert server.get(f"/api/runs/{wrong}").status == 404
    token = "a-token-of-24-characters"
    with served(copy, "--read-only", RAG_TOKEN=token) as server:
        assert server.get("/api/runs").status == 401
        (run,) = server.get("/api/runs", authorization=f"Bearer {token}").json["runs"]
        assert "nDCG@10" in server.get(run["href"]).body.decode()  # as a browser opens a link
        path, _, key = run["href"].partition("?key=")
        other = path.replace(run["name"], "other")
        for wrong in (path, f"{path}?key=", f"{path}?key=9999999999-{key[-64:]}", f"{other}?key={key}"):
            assert server.get(wrong).status == 401
        assert server.get(f"/api/status?key={key}").status == 401


def test_a_kill_during_a_plain_ingest_loses_nothing(copy: Path) -> None:
    """Another process ingests and is killed; the server answers, and the next ingest ends what was begun."""
    import subprocess

    from tests.serve.serving import RAG, environment, ingest

    for number in range(60):
        paragraphs = "\n\n".join(
            f"Line {at} of sheet {number} speaks of tin and of copper." for at in range(40)
        )
        (copy / "docs" / f"sheet-{number}.md").write_text(f"# Sheet {number}\n\n{paragraphs}\n")
    (copy / "docs" / "last.md").write_text("# Last\n\nThe last code is vermilion.\n")
    with served(copy) as server:
        before = {row["source"] for row in server.get("/api/documents").json["documents"]}
        for kill in range(3):  # while it starts, and when its first batches are there
            index = copy / ".rag"
            state = {path: path.stat().st_mtime_ns for path in index.rglob("*") if path.is_file()}
            process = subprocess.Popen(
                [*RAG, "ingest", "docs"], cwd=copy, env=environment(), stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )  # fmt: skip
            while process.poll() is None:
                now = {path: path.stat().st_mtime_ns for path in index.rglob("*") if path.is_file()}
                if sum(now.get(path) != at for path, at in state.items()) + len(now.keys() - state) > kill:
                    break
                time.sleep(0.01)
            process.kill()
            process.wait()
            answer = server.post("/api/ask", ASK).json
            assert answer["citations"][0]["source"] == "docs/guide.md"
            rows = server.get("/api/documents").json["documents"]
            assert before <= {row["source"] for row in rows}
            for row in rows:
                assert server.get(f"/api/documents/{row['id']}").status == 200
        ingest(copy)
        sources = {row["source"] for row in server.get("/api/documents").json["documents"]}
        assert before | {"docs/last.md", *(f"docs/sheet-{number}.md" for number in range(60))} <= sources
        answer = server.post("/api/ask", {"question": "What is the last code?"}).json
        assert answer["citations"][0]["source"] == "docs/last.md"
    checked = subprocess.run(
        [*RAG, "doctor"], cwd=copy, env=environment(), capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout


def test_several_indexes_are_served_by_name(copy: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with served(copy, "notes=.rag", f"other={tmp_path / 'other' / '.rag'}") as server:
        wait_ready(server)
        assert [row["id"] for row in server.get("/v1/models").json["data"]] == ["notes", "other"]
        report = server.upload(
            "owl.md", b"# Owl\n\nThe owl sleeps in the belfry.", "/api/indexes/other/documents"
        )
        assert report.json["added"] == ["uploads-other/owl.md"]
        question = {"question": "Where does the owl sleep?"}
        assert server.post("/api/indexes/other/ask", question).json["abstained"] is False
        assert server.post("/api/indexes/notes/ask", question).json["abstained"] is True


def test_the_extra_is_named_where_it_is_missing(tmp_path: Path) -> None:
    import subprocess
    import sys

    from tests.serve.serving import environment

    code = (
        "import sys; sys.modules['starlette'] = sys.modules['mcp_types'] = None; sys.argv = ['rag', {0!r}]\n"
        "from rag.cli import main; main()"
    )
    for command in ("serve", "mcp"):
        run = [sys.executable, "-c", code.format(command)]
        done = subprocess.run(run, cwd=tmp_path, env=environment(), capture_output=True, text=True)
        assert done.returncode == 2
        assert f"pip install 'footnote-rag[{command}]'" in done.stderr
