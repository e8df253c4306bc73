"""Scanned pages: known text rendered as a picture, read again by OCR."""

from __future__ import annotations

from difflib import SequenceMatcher
from pathlib import Path

import pytest

from rag.errors import LoadError
from rag.loaders import load_bytes
from rag.loaders.ocr import available, read_picture

from .samples import pdf, scanned_pdf

needs_ocr = pytest.mark.skipif(not available(), reason="needs the extra [ocr]")

LINES = [
    "The reservoir above Oberau was finished in 1931 and holds 1,250 million litres.",
    "Its wall is 43.5 metres high; the road on its crest is closed since May 2019.",
    "Repairs cost 2.7 million euros, of which the district paid 40 % of the sum.",
    "Visitors park at the north gate and walk 800 metres along the fenced path.",
    "Fault codes E-4021 and AX-77/B are explained in appendix C on page 17.",
]


def page(lines: list[str], top: int = 700) -> bytes:
    return pdf([[(72, top - 16 * row, line) for row, line in enumerate(lines)]])


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path


@needs_ocr
def test_a_scan_is_read_with_its_pages_places_and_confidence(own_cache: Path) -> None:
    from rag.loaders.guard.limits import Limits
    from rag.loaders.pdf.loader import flowed

    data = scanned_pdf([page(LINES), page(["The second page names the keeper, Marta Quell."])])
    loaded = load_bytes(data, "scan.pdf")
    (document,) = loaded.documents
    first, second = document.text[: document.pages[1]], document.text[document.pages[1] :]
    said = " ".join(LINES)
    alike = SequenceMatcher(None, said, " ".join(first.split()), autojunk=False)
    right = sum(block.size for block in alike.get_matching_blocks())
    assert right >= 0.97 * len(said)
    assert "Marta Quell" in second
    assert document.metadata["ocr"] is True
    assert 0.9 < document.metadata["ocr_confidence"] <= 1
    assert loaded.problems == []
    # The words keep their places: the first line begins an inch from the left.
    words = flowed(data, Limits(), float("inf")).parts[0].words
    assert words[0].text == "The"
    assert words[0].left == pytest.approx(72, abs=4)
    # A second look reads what was kept of the pictures.
    kept = sorted(own_cache.rglob("*.json"))
    assert len(kept) == 2
    for each in kept:
        each.write_text(each.read_text().replace("keeper", "KEEPER"))
    assert "KEEPER" in load_bytes(data, "scan.pdf").documents[0].text


@needs_ocr
def test_scans_among_pages_of_text_and_pictures_without_any() -> None:
    loaded = load_bytes(pdf([[(72, 700, "Text.")], []], image_pages=(1,)), "a.pdf")
    assert loaded.documents[0].text == "Text."
    assert loaded.problems == ["page 2: images only, in which OCR read nothing"]
    assert "ocr" not in loaded.documents[0].metadata


@needs_ocr
def test_scripts_that_are_not_read_are_told(tmp_path: Path) -> None:
    np = pytest.importorskip("numpy")
    image = pytest.importorskip("PIL.Image")
    draw = pytest.importorskip("PIL.ImageDraw")
    fonts = pytest.importorskip("PIL.ImageFont")
    try:
        font = fonts.truetype("DejaVuSans.ttf", 28)
    except OSError:
        pytest.skip("no font with Cyrillic letters")
    picture = image.new("RGB", (1000, 90), "white")
    draw.Draw(picture).text((20, 20), "Водохранилище закончено в срок", font=font, fill="black")
    reading = read_picture(np.asarray(picture))
    assert (reading.lines, reading.unread) == ([], 1)


@pytest.mark.skipif(available(), reason="the extra [ocr] is installed")
def test_without_the_extra_the_message_names_it() -> None:
    with pytest.raises(LoadError, match=r"1 page holds images only; .*pip install 'footnote-rag\[ocr\]'"):
        load_bytes(scanned_pdf([page(LINES)]), "scan.pdf")
