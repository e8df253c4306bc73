"""Documents, chunks and vectors from one store into another and back, and into a file and back."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

from rag import Document, Rag
from rag.augment.memory import remember
from rag.errors import ConfigError, CorruptError, FingerprintError, StoreError
from rag.moving import export_archive, import_archive, move, reading
from rag.moving.copying import batches, stored
from rag.progress import Progress
from rag.stores import Upsert, VectorStore, built_with, open_store
from rag.testing import WordEmbedder
from rag.types import DocumentInfo
from tests.stores.postgres_server import server

EMBEDDER = WordEmbedder(64)
WORDS = [
    "amber", "basil", "cedar", "delta", "ember", "fjord", "grove", "heron", "inlet", "jetty", "knoll",
]  # fmt: skip


def text(number: int) -> str:
    chance = np.random.default_rng(number)
    return ". ".join(" ".join(chance.choice(WORDS, 8)).capitalize() for _ in range(1 + number % 5)) + "."


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """40 documents, one of them with pages and odd metadata."""
    folder = tmp_path / "index"
    settings = {"index.language": "english", "chunk.max_tokens": 16, "chunk.min_tokens": 1}
    with Rag(folder, embedder=EMBEDDER, settings=settings) as rag:
        rag.ingest(Document.make(text(number), f"{number}.txt") for number in range(39))
        odd = {"tags": ["ä", "b"], "year": 1931, "draft": False, "none": None}
        rag.ingest(Document.make("Ümläut 漢字. Second page.", "odd.pdf", metadata=odd, pages=(0, 13)))
    return folder


def opened(url: str | Path) -> VectorStore:
    built = built_with(url)
    assert built is not None
    return open_store(url, fingerprint=built.fingerprint, dim=built.dim, embedder=built.embedder)


def everything(url: str | Path) -> dict[str, Upsert]:
    store = opened(url)
    found = {item.document.id: item for batch in stored(store, store.documents()) for item in batch}
    store.close()
    return found


def same(one: dict[str, Upsert], other: dict[str, Upsert], apart: float = 0.0) -> bool:
    """The same documents and chunks, and vectors that differ by no more than `apart`."""
    assert one.keys() == other.keys()
    for name, item in one.items():
        assert item.document == other[name].document
        assert list(item.chunks) == list(other[name].chunks)
        assert item.hash == other[name].hash
        assert item.vectors.shape == other[name].vectors.shape
        assert abs(item.vectors - other[name].vectors).max(initial=0) <= apart
    return True


def test_a_copy_holds_the_same_and_finds_the_same(index: Path, tmp_path: Path) -> None:
    steps: list[Progress] = []
    done = move(index, tmp_path / "copy", progress=steps.append)
    assert (done.documents, done.there, done.passed) == (40, 0, True)
    assert done.check is not None
    assert (done.check.dense, done.check.lexical, done.check.vectors) == (1.0, 1.0, 0.0)
    assert done.check.searches == 20
    assert same(everything(index), everything(tmp_path / "copy"))
    assert steps[-1].stage == "comparing"
    with Rag(index, embedder=EMBEDDER) as one, Rag(tmp_path / "copy", embedder=EMBEDDER) as other:
        for word in WORDS[:4]:
            assert one.search(word) == other.search(word)
        assert other.store.problems() == []


def test_what_stands_there_is_not_written_again(index: Path, tmp_path: Path) -> None:
    move(index, tmp_path / "copy")
    with Rag(index, embedder=EMBEDDER) as rag:
        rag.ingest([Document.make("Changed words of amber.", "3.txt"), Document.make("New.", "new.txt")])
    again = move(index, tmp_path / "copy")
    assert (again.documents, again.there, again.passed) == (2, 39, True)
    assert same(everything(index), everything(tmp_path / "copy"))


def test_a_target_with_other_documents_keeps_them(index: Path, tmp_path: Path) -> None:
    with Rag(tmp_path / "other", embedder=EMBEDDER) as rag:
        rag.ingest(Document.make("Its own.", "own.txt"))
    done = move(index, tmp_path / "other")
    assert done.check is not None
    assert (done.check.more, done.check.searches, done.passed) == (1, 0, True)
    assert "beside 1 other" in str(done)


def test_the_glossary_the_memory_and_the_ratings_go_along(index: Path, tmp_path: Path) -> None:
    (index / "glossary.toml").write_text("# mine\n")
    with Rag(index, embedder=EMBEDDER) as rag:
        remember(index, EMBEDDER, "Where is the amber?", [rag.search("amber")[0].chunk.id])
        rag.rate("Where is the basil?", good=False)
    beside = ("glossary.toml", "solved.jsonl", "ratings.jsonl")
    move(index, tmp_path / "copy")
    export_archive(index, tmp_path / "a.ragz")
    done = import_archive(tmp_path / "a.ragz", tmp_path / "back")
    assert (done.documents, done.passed) == (40, True)
    for other in (tmp_path / "copy", tmp_path / "back"):
        for name in beside:
            assert (other / name).read_bytes() == (index / name).read_bytes() != b""


@pytest.mark.parametrize(
    "text", ["no toml", "ignore = 5", "[mined]\\nSLA = { a = -1 }", "[entries]\\nSLA = 5"]
)
def test_a_glossary_that_is_none_is_refused_before_anything_is_stored(
    index: Path, tmp_path: Path, text: str
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(index, copy)
    (copy / "glossary.toml").write_text(text)
    export_archive(copy, tmp_path / "a.ragz")
    with pytest.raises(ConfigError, match=r"a\.ragz/glossary\.toml"):
        import_archive(tmp_path / "a.ragz", tmp_path / "back")
    assert not (tmp_path / "back").exists()


def test_the_lexical_engine_of_a_folder_goes_along(tmp_path: Path) -> None:
    settings = {"index.lexical": "rank-bm25", "index.language": "english"}
    with Rag(tmp_path / "index", embedder=EMBEDDER, settings=settings) as rag:
        rag.ingest(Document.make("Words of amber.", "a.txt"))
    move(tmp_path / "index", tmp_path / "copy")
    store = opened(tmp_path / "copy")
    assert store.caps.lexical == "rank-bm25"
    store.close()


class TestRefused:
    def test_another_embedder(self, index: Path, tmp_path: Path) -> None:
        with Rag(tmp_path / "other", embedder=WordEmbedder(32)) as rag:
            rag.ingest(Document.make("x", "x.txt"))
        with pytest.raises(FingerprintError):
            move(index, tmp_path / "other")

    def test_no_source(self, tmp_path: Path) -> None:
        with pytest.raises(StoreError, match="there is no store at"):
            move(tmp_path / "nothing", tmp_path / "copy")
        assert not (tmp_path / "copy").exists()
        assert not (tmp_path / "nothing").exists()

    def test_the_same_store_twice(self, index: Path) -> None:
        for again in (index, index.parent / "." / "x" / ".." / index.name):
            with pytest.raises(ConfigError, match="named twice"):
                move(index, again)


def test_no_folder_and_no_device_becomes_an_archive(index: Path, tmp_path: Path) -> None:
    """To put a file in the place of `/dev/null` would break the machine of somebody who may."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for place in (pipe, tmp_path):
        with pytest.raises(ConfigError, match="is a folder or a device: name a file"):
            export_archive(index, place)
    assert pipe.is_fifo()


def test_batches_keep_documents_whole() -> None:
    infos = [DocumentInfo(str(n), "", "", "", chunks, {}) for n, chunks in enumerate((3, 4, 9, 1, 0, 6))]
    assert [[info.chunks for info in batch] for batch in batches(infos, 7)] == [[3, 4], [9], [1, 0], [6]]


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-c", "from rag.cli import main; main()", *arguments]


def test_killed_it_goes_on(tmp_path: Path) -> None:
    with Rag(tmp_path / "index", embedder=EMBEDDER, settings={"index.language": "english"}) as rag:
        rag.ingest(Document.make(text(number) + f" {number}", f"{number}.txt") for number in range(6000))
    call = command("move", str(tmp_path / "index"), str(tmp_path / "copy"), "--json", "--wait", "20")
    process = subprocess.Popen(call, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(3000):
        if process.poll() is not None or (
            built_with(tmp_path / "copy") and opened(tmp_path / "copy").stats()["documents"] > 900
        ):
            break
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    held = opened(tmp_path / "copy").stats()["documents"]
    assert 0 < held < 6000
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["there"], told["documents"], told["passed"]) == (held, 6000 - held, True)
    assert same(everything(tmp_path / "index"), everything(tmp_path / "copy"))


def unpacked(file: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(file: Path, members: dict[str, bytes]) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)


def told_of(members: dict[str, bytes]) -> dict[str, bytes]:
    """The members with a manifest whose checksums are right."""
    manifest = json.loads(members["manifest.json"])
    manifest["members"] = {
        name: {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
        for name, data in members.items()
        if name != "manifest.json"
    }
    return {**members, "manifest.json": json.dumps(manifest).encode()}


def saved(array: np.ndarray, pickle: bool = False) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=pickle)
    return file.getvalue()


class TestArchive:
    @pytest.fixture
    def file(self, index: Path, tmp_path: Path) -> Path:
        export_archive(index, tmp_path / "notes.ragz")
        return tmp_path / "notes.ragz"

    def test_there_and_back(self, index: Path, file: Path, tmp_path: Path) -> None:
        done = import_archive(file, tmp_path / "back")
        assert (done.documents, done.there, done.passed) == (40, 0, True)
        assert same(everything(index), everything(tmp_path / "back"))
        assert built_with(tmp_path / "back") == built_with(index)
        again = import_archive(file, tmp_path / "back")
        assert (again.documents, again.there) == (0, 40)

    def test_it_is_a_plain_zip_of_json_and_numbers(self, file: Path) -> None:
        with zipfile.ZipFile(file) as archive:
            names = archive.namelist()
            manifest = json.loads(archive.read("manifest.json"))
            rows = [json.loads(line) for line in archive.read("part-00001.jsonl").splitlines()]
        assert names == ["part-00001.jsonl", "part-00001.npy", "kept/glossary.toml", "manifest.json"]
        assert (manifest["documents"], manifest["dim"], manifest["format"]) == (40, 64, 1)
        assert sum(len(row["chunks"]) for row in rows) == manifest["chunks"]

    def test_one_flipped_byte_is_found_and_nothing_is_written(self, file: Path, tmp_path: Path) -> None:
        """Anywhere in the file. What is left are bytes that nobody reads, such as dates and attributes."""
        whole, refused = file.read_bytes(), 0
        places = range(0, len(whole), len(whole) // 150)
        for place in places:
            data = bytearray(whole)
            data[place] ^= 0xFF
            file.write_bytes(data)
            try:
                reading.opened(file, lambda _: None)
            except CorruptError:
                refused += 1
        assert refused > 0.95 * len(places)
        file.write_bytes(whole[:100] + b"?" + whole[101:])
        with pytest.raises(CorruptError, match=r"notes\.ragz"):
            import_archive(file, tmp_path / "back")
        assert not (tmp_path / "back").exists()

    def test_a_cut_file(self, file: Path, tmp_path: Path) -> None:
        file.write_bytes(file.read_bytes()[:-100])
        with pytest.raises(CorruptError, match="is no archive of `rag export`"):
            import_archive(file, tmp_path / "back")

    def test_a_member_longer_than_it_says(self, file: Path, tmp_path: Path) -> None:
        """What unpacks to more than the manifest tells is not read to its end."""
        members = unpacked(file)
        members["part-00001.jsonl"] += b"\n" * 5_000_000
        packed(file, members)
        with pytest.raises(CorruptError, match=r"part-00001\.jsonl is damaged"):
            import_archive(file, tmp_path / "back")

    def test_what_unpacks_to_far_more_than_it_holds_is_not_unpacked(self, file: Path, tmp_path: Path) -> None:
        """100 MB of line ends in 100 kB, and a manifest that says so."""
        members = unpacked(file)
        members["part-00001.jsonl"] += b"\n" * 100_000_000
        packed(file, told_of(members))
        with pytest.raises(CorruptError, match="expected at most 50 times"):
            import_archive(file, tmp_path / "back")

    def test_a_member_that_is_not_told_of(self, file: Path, tmp_path: Path) -> None:
        with zipfile.ZipFile(file, "a") as archive:
            archive.writestr("../../outside.txt", "x")
        with pytest.raises(CorruptError, match="different members"):
            import_archive(file, tmp_path / "back")

    @pytest.mark.parametrize("name", ["kept/../../outside.txt", "/outside.txt", "part-1.jsonl", "kept/a/b"])
    def test_a_member_by_another_name(self, file: Path, tmp_path: Path, name: str) -> None:
        packed(file, told_of({**unpacked(file), name: b"x"}))
        with pytest.raises(CorruptError, match="which `rag export` does not write"):
            import_archive(file, tmp_path / "back")
        assert not (tmp_path.parent / "outside.txt").exists()

    @pytest.mark.parametrize(
        ("old", "new", "told"),
        [
            (b'"source": "5.txt"', b'"source": 5', "source is 5, expected a string"),
            (b'"pages": [0, 13]', b'"pages": ["0"]', "pages"),
            (b'"metadata": {}', b'"metadata": []', "metadata"),
            (b"\n", b"}\n", "does not fit"),
        ],
    )
    def test_documents_that_are_none(
        self, file: Path, tmp_path: Path, old: bytes, new: bytes, told: str
    ) -> None:
        """Checksums that are right do not make it an archive; nothing is written."""
        members = unpacked(file)
        assert old in members["part-00001.jsonl"]
        members["part-00001.jsonl"] = members["part-00001.jsonl"].replace(old, new)
        packed(file, told_of(members))
        with pytest.raises(CorruptError, match=told):
            import_archive(file, tmp_path / "back")
        assert not (tmp_path / "back").exists()

    def test_vectors_that_do_not_fit(self, file: Path, tmp_path: Path) -> None:
        """Too few, of another type, no numbers, and a header that names more than there is memory."""
        members = unpacked(file)
        rows = np.load(io.BytesIO(members["part-00001.npy"]))
        header = io.BytesIO()
        huge = {"descr": "<f4", "fortran_order": False, "shape": (2**50, 64)}
        np.lib.format.write_array_header_1_0(header, huge)
        wrong = [saved(rows[:-1]), saved(rows.astype(np.float64)), saved(rows * np.nan), header.getvalue()]
        for array in [*wrong, saved(np.array([{}], dtype=object), pickle=True), b""]:
            packed(file, told_of({**members, "part-00001.npy": array}))
            with pytest.raises(CorruptError, match=r"part-00001\.jsonl does not fit"):
                import_archive(file, tmp_path / "back")
        assert not (tmp_path / "back").exists()

    def test_counts_that_are_wrong(self, file: Path, tmp_path: Path) -> None:
        members = unpacked(file)
        members["manifest.json"] = members["manifest.json"].replace(b'"documents": 40', b'"documents": 41')
        packed(file, members)
        with pytest.raises(CorruptError, match=r"holds 40 documents .* its manifest says 41"):
            import_archive(file, tmp_path / "back")

    def test_ends_of_lines_within_a_text(self, tmp_path: Path) -> None:
        """JSON leaves these as they are, and Python's `splitlines` would cut at them."""
        with Rag(tmp_path / "lines", embedder=EMBEDDER, settings={"index.language": "english"}) as rag:
            rag.ingest(Document.make("One\u2028two\x85three\x0bfour\x1cfive.", "a.txt"))
        export_archive(tmp_path / "lines", tmp_path / "lines.ragz")
        assert import_archive(tmp_path / "lines.ragz", tmp_path / "back").passed
        assert same(everything(tmp_path / "lines"), everything(tmp_path / "back"))

    def test_parts_of_many(self, tmp_path: Path) -> None:
        """2500 documents of a chunk are three parts."""
        with Rag(tmp_path / "many", embedder=EMBEDDER, settings={"index.language": "english"}) as rag:
            rag.ingest(Document.make(f"Word{number}.", f"{number}.txt") for number in range(2500))
        export_archive(tmp_path / "many", tmp_path / "many.ragz")
        with zipfile.ZipFile(tmp_path / "many.ragz") as archive:
            assert sum(name.endswith(".npy") for name in archive.namelist()) == 3
        assert import_archive(tmp_path / "many.ragz", tmp_path / "back").passed
        assert same(everything(tmp_path / "many"), everything(tmp_path / "back"))

    def test_another_format_or_another_file(self, tmp_path: Path) -> None:
        with zipfile.ZipFile(tmp_path / "new.ragz", "w") as archive:
            archive.writestr("manifest.json", json.dumps({"format": 9, "members": {}}))
        with pytest.raises(CorruptError, match="has format 9, this version reads 1"):
            import_archive(tmp_path / "new.ragz", tmp_path / "back")
        (tmp_path / "text.ragz").write_text("no zip")
        with pytest.raises(CorruptError, match="is no archive"):
            import_archive(tmp_path / "text.ragz", tmp_path / "back")
        with pytest.raises(ConfigError, match=r"there is no .*none\.ragz: name an archive"):
            import_archive(tmp_path / "none.ragz", tmp_path / "back")
        with pytest.raises(StoreError, match="cannot be read"):
            import_archive(tmp_path, tmp_path / "back")

    def test_a_folder_that_is_not_there(self, index: Path, tmp_path: Path) -> None:
        with pytest.raises(StoreError, match="cannot be written"):
            export_archive(index, tmp_path / "no" / "notes.ragz")


def test_the_commands(index: Path, tmp_path: Path) -> None:
    def run(*arguments: str, code: int = 0) -> str:
        done = subprocess.run(command(*arguments), capture_output=True, text=True, cwd=tmp_path, check=False)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    assert "40 documents" in run("move", "index", "copy")
    assert "40 documents were there already" in run("move", "index", "copy")
    assert json.loads(run("export", "notes.ragz", "--index", "index", "--json"))["documents"] == 40
    assert "all is there: 40 documents" in run("import", "notes.ragz", "--to", "back")
    assert same(everything(index), everything(tmp_path / "back"))
    assert "rag ingest PATH" in run("move", "nothing", "copy2", code=1)
    assert "named twice" in run("move", "index", "index", code=2)
    (tmp_path / "notes.ragz").write_bytes(b"PK")
    assert "rag: " in run("import", "notes.ragz", "--to", "back2", code=1)


class TestEngines:
    """Through engines and back to a folder, as each keeps its vectors."""

    def test_lancedb(self, index: Path, tmp_path: Path) -> None:
        pytest.importorskip("lancedb", reason="needs footnote-rag[lancedb]")
        there = f"lancedb://{tmp_path}/lance"
        done = move(index, there)
        assert done.passed, str(done)
        assert move(there, tmp_path / "back").passed
        assert same(everything(index), everything(tmp_path / "back"), 1e-6)

    def test_qdrant(self, index: Path, tmp_path: Path) -> None:
        pytest.importorskip("qdrant_client", reason="needs footnote-rag[qdrant]")
        there = f"qdrant://{tmp_path}/qdrant"
        assert move(index, there).passed
        assert move(there, tmp_path / "back").passed
        assert same(everything(index), everything(tmp_path / "back"), 1e-3)

    def test_postgres(self, index: Path, tmp_path: Path) -> None:
        with server() as running:
            there = f"{running.url}?schema=moved"
            assert move(index, there).passed
            assert move(there, tmp_path / "back").passed
        assert same(everything(index), everything(tmp_path / "back"), 1e-3)

    def test_postgres_then_lancedb(self, index: Path, tmp_path: Path) -> None:
        """Half precision once is half precision for good: the second and the third move change nothing."""
        pytest.importorskip("lancedb", reason="needs footnote-rag[lancedb]")
        folder = f"lancedb://{tmp_path}/lance"
        with server() as running:
            tables = f"{running.url}?schema=moved"
            done = [move(one, two) for one, two in ((index, tables), (tables, folder))]
        done.append(move(folder, tmp_path / "back"))
        assert all(one.passed and one.documents == 40 and one.check for one in done)
        assert [one.check.vectors for one in done if one.check][1:] == [0.0, 0.0]
        assert "s3cret" not in str(done)
        assert same(everything(index), everything(tmp_path / "back"), 5e-4)
        assert built_with(tmp_path / "back") == built_with(index)
        with Rag(index, embedder=EMBEDDER) as one, Rag(tmp_path / "back", embedder=EMBEDDER) as other:
            for word in WORDS[:4]:
                found = [[hit.chunk.id for hit in rag.search(word)] for rag in (one, other)]
                assert found[0] == found[1]
