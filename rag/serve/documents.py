"""Routes of documents: lists, texts, the original files, pages with marks, uploads, removal; and reports."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from rag.evaluate.run import home_of
from rag.evaluate.running import journal
from rag.ingest.sync import FILE_KEY

from .common import (
    Json,
    Serving,
    begun,
    holder_of,
    number,
    server_sent,
    streamed,
    wants_events,
    whole,
    writer,
)
from .pictures import Picture, Wanted
from .requests import Refused
from .uploads import Incoming, file_of, remove, safe_name, take
from .values import document_row, document_values

if TYPE_CHECKING:
    from rag.ingest import Progress
    from rag.types import Document

    from .desk import Served

_WIDTH = 1000  # pixels of a page
_WIDEST = 4000
_AROUND = 20_000  # characters of the text before and after a span


class Documents:
    """The routes, over what is served."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving

    async def rows(self, request: Request) -> Response:
        """What is stored, by source; `where` filters, `q` looks into sources and titles."""
        serving, served, holder = self._serving, self._serving.index(request), holder_of(request)
        where, words = request.query_params.get("where"), request.query_params.get("q", "").lower()
        serving.fits(where or words)
        offset = number(request, "offset", 0)
        infos = await serving.desk.read(served.documents, holder, where or None)
        rows = [row for row in infos if words in row.source.lower() or words in row.title.lower()]
        page = rows[offset : offset + serving.limits.rows]
        end = offset + len(page)
        shown = [document_row(row) for row in page]
        return Json({"total": len(rows), "documents": shown, "next_offset": end if end < len(rows) else None})

    async def document(self, request: Request) -> Response:
        """A document: its text from `offset` on, its metadata, and where its pages begin."""
        document, offset = await self._document(request), number(request, "offset", 0)
        return Json(document_values(document, offset, self._serving.limits.text_characters))

    async def view(self, request: Request) -> Response:
        """A span and the text around it, and the pages that it stands on."""
        document = await self._document(request)
        start, end = _span(request, document)
        before, after = max(0, start - _AROUND), min(len(document.text), end + _AROUND)
        pages = [at for at in range(1, len(document.pages) + 1) if _on(document, at, start, end)]
        return Json(
            {
                "id": document.id,
                "source": document.source,
                "title": document.title,
                "media_type": document.media_type,
                "start": start,
                "end": end,
                "line": document.text.count("\n", 0, start) + 1,
                "cut_before": before > 0,
                "before": document.text[before:start],
                "marked": document.text[start:end],
                "after": document.text[end:after],
                "cut_after": after < len(document.text),
                "pages": pages,
                "picture": bool(pages) and _is_pdf(document),
            }
        )

    async def source(self, request: Request) -> Response:
        """The original file, where it still is the one that was ingested."""
        served, document = self._serving.index(request), await self._document(request)
        data = await self._serving.desk.read(_original, served, document, self._serving.limits.source_bytes)
        name = Path(file_of(document.metadata)).name
        return Response(
            data,
            media_type="application/octet-stream",
            headers={
                "content-disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
                "content-security-policy": "sandbox; default-src 'none'",
            },
        )

    async def picture(self, request: Request) -> Response:
        """A page of a PDF as a PNG, the characters from `start` to `end` marked."""
        drawn = await self._drawn(request, picture=True)
        headers = {"cache-control": "private, max-age=60", "x-marks-exact": str(drawn.exact).lower()}
        return Response(drawn.png, media_type="image/png", headers=headers)

    async def boxes(self, request: Request) -> Response:
        """Where the marked characters stand on the page: pixels from its upper left corner."""
        drawn = await self._drawn(request, picture=False)
        boxes = [[round(side, 2) for side in box] for box in drawn.boxes]
        return Json({"width": drawn.width, "height": drawn.height, "boxes": boxes, "exact": drawn.exact})

    async def upload(self, request: Request) -> Response:
        """Files that are kept in the folder for uploads and ingested: the report, or progress and report."""
        serving, served = self._serving, self._serving.index(request)
        writer(request)
        if served.uploads is None or serving.desk.read_only:
            raise Refused(403, "this server takes no files: it was started with --read-only")
        if not request.headers.get("content-type", "").startswith("multipart/form-data"):
            raise Refused(415, "expected multipart/form-data with files")
        limits = serving.limits
        # The guard bounds the whole body; what a part may hold in memory is bounded here.
        form = await request.form(max_files=limits.upload_files, max_fields=limits.upload_files)
        given = [part for _, part in form.multi_items() if not isinstance(part, str)]
        if not given:
            raise Refused(422, "no file came: expected multipart/form-data with files")
        files = [Incoming(safe_name(part.filename or ""), part.file) for part in given]
        folder = served.uploads
        loop, queue = asyncio.get_running_loop(), asyncio.Queue[Any]()

        def progress(now: Progress) -> None:
            loop.call_soon_threadsafe(queue.put_nowait, now)

        async def written() -> dict[str, Any]:
            try:
                return await serving.desk.write(lambda: take(served.rag, folder, files, progress))
            finally:
                await form.close()
                queue.put_nowait(None)

        work = asyncio.ensure_future(written())
        if not wants_events(request):
            return Json(await asyncio.shield(work), 201)

        async def parts() -> AsyncIterator[str]:
            while (now := await queue.get()) is not None:
                yield server_sent("progress", now._asdict())
            yield server_sent("report", await work)

        return streamed(await begun(parts()))

    async def delete(self, request: Request) -> Response:
        """Removes a document; its file too, where that was uploaded."""
        served, document = self._serving.index(request), await self._document(request)
        writer(request)
        file = file_of(document.metadata)
        work = self._serving.desk.write(lambda: remove(served.rag, served.uploads, document.source, file))
        return Json(await work)

    # -------------------------------------------------------------------------------------- reports

    async def runs(self, request: Request) -> Response:
        """The evaluation runs beside the index, newest first."""
        whole(request)
        served = self._serving.index(request)
        runs = await self._serving.desk.read(_runs, _runs_folder(served))
        links = self._serving.links
        for run in runs:
            path = f"/api/indexes/{served.name}/runs/{run['name']}"
            run["href"] = quote(path) if links is None else quote(path) + links.signed(path)[len(path) :]
        return Json({"runs": runs})

    async def report(self, request: Request) -> Response:
        """The report of a run; it may run nothing and load nothing."""
        whole(request)
        name, folder = request.path_params["run"], _runs_folder(self._serving.index(request))
        known = {row["name"] for row in await self._serving.desk.read(_runs, folder)}
        if name not in known:
            raise Refused(404, "there is no such run")
        page = await self._serving.desk.read((folder / name / journal.PAGE).read_text, "utf-8")
        policy = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"
        return Response(page, media_type="text/html", headers={"content-security-policy": policy})

    # ------------------------------------------------------------------------------------- plumbing

    async def _document(self, request: Request) -> Document:
        served, holder = self._serving.index(request), holder_of(request)
        return await self._serving.desk.read(served.document, holder, request.path_params["id"][:100])

    async def _drawn(self, request: Request, *, picture: bool) -> Picture:
        serving, served = self._serving, self._serving.index(request)
        document = await self._document(request)
        page = int(request.path_params["n"])
        width = number(request, "width", _WIDTH, _WIDEST)
        start, end = _span(request, document)
        if not 1 <= page <= len(document.pages) or not _is_pdf(document):
            raise Refused(404, f"the document has no page {page} that could be drawn")

        def draw() -> Picture:
            data = _original(served, document, serving.limits.source_bytes)
            starts = [*document.pages, len(document.text)]
            first, last = starts[page - 1], starts[page]
            wanted = Wanted(data, page, document.text[first:last], first, start, end, max(width, 50))
            return serving.pictures.draw(wanted, picture=picture)

        return await serving.desk.read(draw)


def _span(request: Request, document: Document) -> tuple[int, int]:
    start = number(request, "start", 0)
    end = number(request, "end", start)
    if not start <= end <= len(document.text):
        raise Refused(422, f"{start} to {end} is no span of a text of {len(document.text)} characters")
    return start, end


def _on(document: Document, page: int, start: int, end: int) -> bool:
    """Whether a span touches a page, from 1."""
    starts = [*document.pages, len(document.text)]
    return starts[page - 1] < max(end, start + 1) and start < starts[page]


def _is_pdf(document: Document) -> bool:
    return document.source == file_of(document.metadata) and document.source.lower().endswith(".pdf")


def _original(served: Served, document: Document, most: int) -> bytes:
    """The bytes of a document's file. Raises Refused where they are not those that were ingested."""
    kept = document.metadata.get(FILE_KEY)
    if not isinstance(kept, dict):
        raise Refused(404, "the document came from no file")
    path = served.rag.index.absolute().parent / str(kept.get("source"))
    try:
        if not path.is_file() or path.stat().st_size > most:
            raise Refused(404, "the file is not there any more, or is too large to be sent")
        data = path.read_bytes()
    except OSError:
        raise Refused(404, "the file cannot be read any more") from None
    if hashlib.blake2b(data, digest_size=16).hexdigest() != kept.get("digest"):
        raise Refused(409, "the file has changed since it was ingested: ingest it again")
    return data


def _runs_folder(served: Served) -> Path:
    return home_of(served.rag) / "runs"


def _runs(folder: Path) -> list[dict[str, Any]]:
    """The runs that were finished, newest first: name, time, questions and main figures."""
    rows = []
    for page in folder.glob(f"*/{journal.PAGE}") if folder.is_dir() else ():
        try:
            about = json.loads((page.parent / journal.RUN).read_text("utf-8"))
        except (OSError, ValueError):
            continue
        rows.append(
            {
                "name": page.parent.name,
                "at": round(page.stat().st_mtime, 3),
                "questions": about.get("questions", 0),
                "measures": about.get("measures", {}),
            }
        )
    return sorted(rows, key=lambda row: (-row["at"], row["name"]))
