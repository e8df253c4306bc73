"""Encodings: marks, UTF-8, guesses, and what is no text."""

from __future__ import annotations

import codecs

import pytest

from rag.errors import LoadError
from rag.loaders import load_bytes
from rag.loaders.decode import decode

FRENCH = "Le café est fermé à midi, dit l'hôtelier. Où est la clé de l'entrée ?\n" * 3
RUSSIAN = "Привет, как дела? Это проверка кодировки текста, и она должна пройти.\n" * 3
JAPANESE = "これは日本語のテキストです。文字コードの検査をしています。\n" * 3


@pytest.mark.parametrize(
    ("text", "encoding"),
    [(FRENCH, "cp1252"), (RUSSIAN, "cp1251"), (JAPANESE, "cp932"), (RUSSIAN, "koi8_r"), (JAPANESE, "euc_jp")],
)
def test_guessed_encodings_give_the_text_and_are_recorded(text: str, encoding: str) -> None:
    document = load_bytes(text.encode(encoding), "a.txt").documents[0]
    assert document.text == text
    assert document.metadata["encoding"]


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (b"", "utf-16-le"),
        (b"", "utf-16-be"),
    ],
)
def test_utf16_and_utf32(mark: bytes, encoding: str) -> None:
    decoded = decode(mark + "Hello,\r\nworld – yes".encode(encoding))
    assert decoded == ("Hello,\nworld – yes", encoding)


def test_utf8_is_not_recorded_and_a_few_broken_bytes_do_not_change_it() -> None:
    assert decode("naïve".encode()) == ("naïve", "")
    decoded = decode(RUSSIAN.encode() + b"\xff end")
    assert decoded == (RUSSIAN + "\ufffd end", "utf-8 (damaged)")


def test_single_western_word() -> None:
    assert decode("café".encode("cp1252")).text == "café"


@pytest.mark.parametrize("data", [b"\x7fELF\x02\x01\x01\x00\x00", b"ab\x01\x02\x03\x04cd" * 20])
def test_binary_named_txt_is_refused(data: bytes) -> None:
    with pytest.raises(LoadError, match="looks binary"):
        load_bytes(data, "a.txt")


def test_html_declares_its_encoding() -> None:
    page = "<meta charset=windows-1251><p>Привет".encode("cp1251")
    document = load_bytes(page, "a.html").documents[0]
    assert (document.text, document.metadata["encoding"]) == ("Привет", "cp1251")


@pytest.mark.parametrize(
    "charset",
    [
        "zlib",
        "hex",
        "base64",
        "rot13",
        "bz2",
        "uu",
        "quopri",
        "unicode_escape",
        "idna",
        "undefined",
        "a\x00b",
        # Encodings, but not of these bytes.
        "utf_16",
        "UTF-16LE",
        "utf-16-be",
        "utf-32",
        "utf-7",
        "cp037",
        "IBM500",
        "utf-8-sig",
    ],
)
def test_a_charset_that_the_bytes_speak_against_is_no_declaration(charset: str) -> None:
    # An even number of bytes, as a text in UTF-16 has.
    assert decode(b"Kiwis cost \\x41 50", charset).text == "Kiwis cost \\x41 50"
    assert decode("Kiwis für 50".encode("cp1252"), charset).text == "Kiwis für 50"
    head = "From: a@b.example\nSubject: Kiwis\nContent-Type: text/plain"
    mail = f'{head}; charset="{charset}"\n\nKiwis are green\n'
    assert "Kiwis are green" in load_bytes(mail.encode(), "a.eml").documents[0].text
    if "\x00" not in charset:
        for blank in ("", " "):
            page = f'<head><meta charset="{charset}"></head><body><p>Kiwis are green.</p></body>{blank}'
            assert load_bytes(page.encode(), "a.html").documents[0].text == "Kiwis are green."


@pytest.mark.parametrize(
    "charset", ["utf-16-le", "utf_16_be", "utf-32-le", "cp037", "cp500", "iso-2022-jp", "hz"]
)
def test_a_charset_that_the_bytes_agree_with_is_believed(charset: str) -> None:
    text = "Kiwis cost 5" if charset.startswith("cp") else "奇異果 costs 5\n奇異果"
    text = "キウイ costs 5" if charset == "iso-2022-jp" else "果 costs 5" if charset == "hz" else text
    assert decode(text.encode(charset), charset).text == text
