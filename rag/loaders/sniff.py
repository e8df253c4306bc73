"""What a file is by its content, where its name does not say or does not fit."""

from __future__ import annotations

import io
import re

from rag.errors import LoadError
from rag.loaders.decode import looks_binary

# First bytes that only one kind of file has.
MAGIC = (
    (b"%PDF-", ".pdf"),
    (b"PK\x03\x04", ".zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", ".ole"),
    (b"{\\rtf", ".rtf"),
    (b"\x1f\x8b", ".gz"),
    (b"7z\xbc\xaf\x27\x1c", ".7z"),
    (b"Rar!", ".rar"),
)
# A member that tells one ZIP-based format from the others.
MEMBERS = (
    ("word/document.xml", ".docx"),
    ("ppt/presentation.xml", ".pptx"),
    ("xl/workbook.xml", ".xlsx"),
    ("xl/workbook.bin", ".xlsb"),
    ("META-INF/container.xml", ".epub"),
)
_HTML = re.compile(
    rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!--(?:(?!-->).)*-->\s*)*<(?:!doctype\s+html|html|head|body)\b",
    re.IGNORECASE | re.DOTALL,
)
_MAIL = re.compile(rb"(?:[A-Za-z][A-Za-z-]*+: [^\n]*+\n(?:[ \t][^\n]*+\n)*+){3,}+\r?\n")


def sniff(data: bytes) -> str:
    """The suffix that fits the content: `.txt` for other text, `` for something binary and unknown."""
    for magic, suffix in MAGIC:
        if data.startswith(magic):
            return _zip_kind(data) if suffix == ".zip" else suffix
    head = data[:4096]
    if looks_binary(head):
        return ""
    if _HTML.match(head):
        return ".html"
    if _MAIL.match(head) and re.search(rb"^(?:From|Subject|Message-ID):", head, re.IGNORECASE | re.MULTILINE):
        return ".eml"
    return ".txt"


def expect(data: bytes, suffix: str, magic: bytes) -> None:
    """Raises LoadError where the content of a `suffix` file does not begin as such files do."""
    if data.startswith(magic):
        return
    content = sniff(data)
    if content == ".ole":
        raise LoadError(
            f"not a readable {suffix} file: it is password-protected, or of the old binary Office format; "
            f"remove the password, or save it as {suffix}"
        )
    kind = f"its content looks like {content}; rename it" if content else "its content is of no known format"
    raise LoadError(f"not a {suffix} file: {kind}")


def _zip_kind(data: bytes) -> str:
    import zipfile

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = set(archive.namelist())
            for member, suffix in MEMBERS:
                if member in names:
                    return suffix
            if "mimetype" in names and b"opendocument.spreadsheet" in archive.open("mimetype").read(100):
                return ".ods"
    except (zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError, ValueError):
        pass
    return ".zip"
