"""What goes wrong with a server is one clear message, and nothing is half written."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rag import ConfigError, CorruptError, FingerprintError, MissingExtra, Rag, StoreError
from rag.stores import BuiltWith, VectorStore, built_with, open_store
from rag.testing import WordEmbedder
from rag.testing.store import DIM, EMBEDDER, ids, library, make, query
from rag.types import Document
from tests.stores.postgres_server import PASSWORD, Server, server


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    with server() as one:
        yield one


@pytest.fixture
def schema(tmp_path: Path) -> str:
    return tmp_path.name.lower()


def opened(url: str, **options: Any) -> VectorStore:
    return open_store(
        url, fingerprint=EMBEDDER.fingerprint, dim=DIM, embedder="words", language="english", options=options
    )


def elsewhere(one: Server, database: str, user: str = f"postgres:{PASSWORD}") -> str:
    """The URL of another database, or of another user."""
    return f"postgresql://{user}@127.0.0.1:{one.port}/{database}"


def sql(one: Server, statement: str, database: str = "postgres") -> list[Any]:
    import psycopg

    with psycopg.connect(elsewhere(one, database), autocommit=True) as connection:
        done = connection.execute(statement)
        return done.fetchall() if done.description else []


def test_a_server_that_is_not_there(running: Server) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"postgresql://me:secret@127.0.0.1:{free.getsockname()[1]}/notes"
    for attempt in (opened, built_with):
        with pytest.raises(StoreError, match=r"cannot be reached.*is it running") as told:
            attempt(url)
        assert "secret" not in str(told.value)


def test_a_wrong_password_and_one_from_the_environment(
    running: Server, schema: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(StoreError, match="password is wrong: set PGPASSWORD"):
        opened(running.url.replace(PASSWORD, "guess"))
    bare = running.url.replace(f":{PASSWORD}", "")
    monkeypatch.setenv("PGPASSFILE", "/nowhere")
    with pytest.raises(StoreError, match="set PGPASSWORD"):
        opened(bare)
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    store = opened(f"{bare}?schema={schema}")
    store.upsert(library(2))
    assert len(store.scan()) > 0
    store.close()


def test_a_database_that_does_not_exist(running: Server) -> None:
    with pytest.raises(StoreError, match=r'"nowhere" does not exist.*createdb'):
        opened(elsewhere(running, "nowhere"))


@pytest.mark.parametrize("name", ["No", "a-b", 'x"; drop', "1st", "a" * 49])
def test_a_schema_that_is_no_plain_name(name: str, running: Server) -> None:
    with pytest.raises(ConfigError, match="small letters"):
        opened(f"{running.url}?schema={name}")


def test_a_database_without_pgvector_that_the_user_may_not_add(running: Server) -> None:
    sql(running, "CREATE DATABASE plain")
    sql(running, "CREATE USER clerk PASSWORD 'pen'")
    sql(running, "GRANT ALL ON DATABASE plain TO clerk")
    url = elsewhere(running, "plain", "clerk:pen")
    with pytest.raises(StoreError, match="have an administrator run CREATE EXTENSION vector"):
        opened(url)
    sql(running, "CREATE EXTENSION vector", "plain")
    opened(url).close()


def test_a_pgvector_that_is_too_old(running: Server) -> None:
    sql(running, "CREATE DATABASE old")
    sql(running, "CREATE EXTENSION vector", "old")
    sql(running, "UPDATE pg_extension SET extversion = '0.7.4' WHERE extname = 'vector'", "old")
    with pytest.raises(StoreError, match=r"pgvector 0\.7\.4, expected 0\.8.*ALTER EXTENSION vector UPDATE"):
        opened(elsewhere(running, "old"))


def test_a_user_who_may_not_make_a_schema(running: Server) -> None:
    sql(running, "CREATE USER reader PASSWORD 'pen'")
    with pytest.raises(StoreError, match="ask for the rights"):
        opened(elsewhere(running, "postgres", "reader:pen") + "?schema=mine")


def test_another_embedder_dimension_or_version(running: Server, schema: str) -> None:
    url = f"{running.url}?schema={schema}"
    assert built_with(url) is None
    opened(url).close()
    assert built_with(url) == BuiltWith("words", EMBEDDER.fingerprint, DIM, "english")
    with pytest.raises(FingerprintError, match=rf"embedder words \({DIM} dimensions\).*another schema"):
        open_store(url, fingerprint="another", dim=DIM)
    with pytest.raises(FingerprintError, match="32"):
        open_store(url, fingerprint=EMBEDDER.fingerprint, dim=32)
    sql(running, f"INSERT INTO {schema}.migration (version) VALUES (99)")
    with pytest.raises(CorruptError, match="version 99, expected at most 1: upgrade footnote-rag"):
        opened(url)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"vectors": "int4"}, "expected one of float16, float32"),
        ({"lexical": "grep"}, "expected auto or one of pg_textsearch, postings, ts_rank"),
        ({"shards": 3}, r"\[stores\.postgres\] has no option shards"),
    ],
)
def test_options_that_cannot_be(running: Server, schema: str, options: dict[str, Any], expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        opened(f"{running.url}?schema={schema}", **options)
    assert built_with(f"{running.url}?schema={schema}") is None


def test_too_many_dimensions(running: Server, schema: str) -> None:
    with pytest.raises(ConfigError, match="4001 dimensions"):
        open_store(f"{running.url}?schema={schema}", fingerprint="wide", dim=4001)


def test_an_extension_that_is_wanted_and_not_there(running: Server, schema: str) -> None:
    with pytest.raises(StoreError, match=r"(?s)pg_textsearch cannot be used.*lexical = 'postings'"):
        opened(f"{running.url}?schema={schema}", lexical="pg_textsearch")


def test_a_full_disk_leaves_nothing_half_written(running: Server, schema: str) -> None:
    """The server is made to answer as it does when a table cannot grow, in mid-transaction."""
    store = opened(f"{running.url}?schema={schema}")
    old, new = library(1), [make("shelf0/book-00.txt", "amber", "zinc", "yarrow")]
    store.upsert(old)
    sql(
        running,
        f"CREATE FUNCTION {schema}.full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        "  IF NEW.text = 'zinc' THEN RAISE EXCEPTION 'could not extend file: No space left on device'"
        "  USING ERRCODE = 'disk_full'; END IF; RETURN NEW; END $$",
    )
    sql(
        running,
        f"CREATE TRIGGER full_disk BEFORE INSERT ON {schema}.chunk FOR EACH ROW"
        f" EXECUTE FUNCTION {schema}.full_disk()",
    )
    with pytest.raises(StoreError, match=r"No space left.*free some space"):
        store.upsert(new)
    assert store.load([old[0].document.id]) == [old[0].document]
    assert store.get([old[0].chunks[0].id]) == list(old[0].chunks[:1])
    assert list(store.problems()) == []
    sql(running, f"DROP TRIGGER full_disk ON {schema}.chunk")
    store.upsert(new)
    assert store.stats()["chunks"] == 3
    store.close()


@pytest.mark.parametrize("text", ["a\0b", "half of a pair \ud83d"])
def test_characters_that_no_text_can_hold(running: Server, schema: str, text: str) -> None:
    store = opened(f"{running.url}?schema={schema}")
    with pytest.raises(StoreError, match=r"NUL|surrogate"):
        store.upsert([make("a.txt", text)])
    with pytest.raises(StoreError):
        store.upsert([make("b.txt", "fine", note=text)])
    assert list(store.documents()) == []
    store.close()


def test_metadata_that_is_no_json(running: Server, schema: str) -> None:
    store = opened(f"{running.url}?schema={schema}")
    with pytest.raises(StoreError, match=r"a\.txt: its metadata cannot be stored"):
        store.upsert([make("a.txt", "amber", what=object())])
    store.close()


def test_a_chunk_id_of_two_documents(running: Server, schema: str) -> None:
    store = opened(f"{running.url}?schema={schema}")
    one, other = make("a.txt", "amber"), make("b.txt", "basil")
    store.upsert([one])
    with pytest.raises(StoreError, match="every chunk id belongs to one document"):
        store.upsert([other._replace(chunks=one.chunks)])
    assert [info.source for info in store.documents()] == ["a.txt"]
    store.close()


def test_a_store_that_was_dropped_or_closed(running: Server, schema: str) -> None:
    store = opened(f"{running.url}?schema={schema}")
    sql(running, f"DROP SCHEMA {schema} CASCADE")
    with pytest.raises(CorruptError, match="a table of the store is gone"):
        store.dense(query("amber"), 3)
    store.close()
    with pytest.raises(StoreError, match="was closed"):
        store.get(["x"])


def test_connections_that_were_cut_are_made_anew(running: Server, schema: str) -> None:
    store = opened(f"{running.url}?schema={schema}")
    store.upsert(library(3))
    before = ids(store.dense(query("amber"), 3))
    others = "pg_stat_activity WHERE pid <> pg_backend_pid() AND usename IS NOT NULL"
    cut = f"SELECT pg_terminate_backend(pid) FROM {others}"
    sql(running, cut)
    assert ids(store.dense(query("amber"), 3)) == before

    def cut_within_a_snapshot() -> None:
        with store.snapshot():
            store.dense(query("amber"), 3)
            sql(running, cut)
            store.dense(query("amber"), 3)

    with pytest.raises(StoreError, match="connection was lost"):
        cut_within_a_snapshot()
    assert ids(store.dense(query("amber"), 3)) == before
    store.close()


def test_the_server_goes_away_and_comes_back(tmp_path: Path) -> None:
    """Cut off as by a loss of power: what was committed is there, and so is the pipeline over it."""
    embedder = WordEmbedder()
    with server("fsync=on") as one:
        with Rag(tmp_path / "mine.rag", store=one.url, embedder=embedder) as rag:
            assert not rag.exists
            rag.ingest([Document.make("The pump stops at noon.", "pump.txt")])
            one.stop(kill=True)
            with pytest.raises(StoreError, match=r"cannot be reached.*is it running"):
                rag.search("pump")
            one.start("fsync=on")
            assert rag.search("pump")[0].chunk.source == "pump.txt"
            assert list(rag.store.problems()) == []
        with Rag(
            tmp_path / "mine.rag", store=one.url, embedder=embedder, settings={"ask.abstain_below": 0.0}
        ) as rag:
            assert rag.exists
            assert rag.ask("When does the pump stop?").citations[0].source == "pump.txt"


def test_without_the_driver_the_message_is_the_pip_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "psycopg", None)
    with pytest.raises(MissingExtra, match=r"pip install 'footnote-rag\[postgres\]'"):
        opened("postgresql://127.0.0.1/notes")
