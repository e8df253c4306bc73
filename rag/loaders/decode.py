"""Bytes → text: byte order mark, then UTF-8, then a guess by charset-normalizer. Newlines become `\\n`."""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple

from rag.errors import LoadError

SAMPLE = 64 * 1024
MAX_CONTROL_SHARE = 0.05
# An encoding guessed from a few letters is often an exotic one; these are the ones that files come in.
PLAUSIBLE = (
    "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "koi8_r",
    "cp932", "euc_jp", "gb18030", "big5", "euc_kr", "iso8859_2", "iso8859_5", "iso8859_7", "tis_620",
)  # fmt: skip
BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark is its beginning
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CONTROLS = bytes(range(9)) + bytes(range(14, 27)) + bytes(range(28, 32)) + b"\x0b\x7f"
# Codecs of Python that no file comes in: they read escapes and names of hosts.
_NO_ENCODINGS = frozenset(
    {"unicode-escape", "raw-unicode-escape", "idna", "punycode", "undefined", "utf-7", "mbcs", "oem"}
)
_BEYOND_ASCII = bytes(range(0x80, 0x100))
_NEWLINE = re.compile("\r\n?")


class Decoded(NamedTuple):
    """`encoding` is the name to record: empty for UTF-8."""

    text: str
    encoding: str = ""

    @property
    def metadata(self) -> dict[str, str]:
        """`encoding`, where it is not UTF-8."""
        return {"encoding": self.encoding} if self.encoding else {}


def decode(data: bytes, declared: str = "") -> Decoded:
    """The text of a file. `declared` is what the file says of its encoding, tried after the mark.

    Raises LoadError where the bytes are no text in any encoding tried.
    """
    for mark, encoding in BOMS:
        if data.startswith(mark):
            return _strict(data[len(mark) :], encoding) or _replaced(data[len(mark) :], encoding)
    for encoding in (_believed(_codec(declared), data), _unmarked_utf16(data)):
        if encoding and (text := _strict(data, encoding)):
            return text
    if looks_binary(data[:SAMPLE]):
        raise LoadError("looks binary: NUL or control characters where text was expected")
    return _strict(data, "utf-8") or _damaged_utf8(data) or _guess(data)


def looks_binary(sample: bytes) -> bool:
    """Whether bytes are something else than text: a NUL, or one control character in twenty."""
    if sample.startswith(tuple(mark for mark, _ in BOMS)) or _unmarked_utf16(sample):
        return False
    if b"\x00" in sample:
        return True
    controls = len(sample) - len(sample.translate(None, _CONTROLS))
    return controls > MAX_CONTROL_SHARE * len(sample)


def normalise_newlines(text: str) -> str:
    """The text with `\\r\\n` and lone `\\r` as `\\n`."""
    return _NEWLINE.sub("\n", text) if "\r" in text else text


def _strict(data: bytes, encoding: str) -> Decoded | None:
    try:
        text = data.decode(encoding)
    except (UnicodeDecodeError, UnicodeError):
        return None
    if "\x00" in text:
        raise LoadError(f"looks binary: NUL characters in what should be {encoding} text")
    return Decoded(normalise_newlines(text), "" if encoding == "utf-8" else encoding)


def _replaced(data: bytes, encoding: str) -> Decoded:
    text = data.decode(encoding, "replace").replace("\x00", "\ufffd")
    return Decoded(normalise_newlines(text), f"{encoding} (damaged)")


def _damaged_utf8(data: bytes) -> Decoded | None:
    """UTF-8 with a few broken bytes, as in logs: nine good characters beyond ASCII for each broken one."""
    text = data.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    beyond_ascii = sum(1 for character in text if character > "\x7f") - broken
    return _replaced(data, "utf-8") if beyond_ascii >= 9 * broken else None


def _guess(data: bytes) -> Decoded:
    from charset_normalizer import from_bytes

    sample = data if len(data) <= SAMPLE else b"\n".join(_high_lines(data))
    for match in _ranked(from_bytes(sample, cp_isolation=list(PLAUSIBLE), enable_fallback=False)):
        if text := _strict(data, match):
            return text
    return _strict(data, "cp1252") or _replaced(data, "cp1252")


def _ranked(matches: object) -> list[str]:
    """Names of the encodings that fit, best first; cp1252 first among those that read the same mess."""
    from charset_normalizer import CharsetMatches

    if not isinstance(matches, CharsetMatches) or not len(matches):
        return []
    least = min(match.chaos for match in matches)
    names = [match.encoding for match in matches]
    western = [match for match in matches if "cp1252" in (match.encoding, *match.could_be_from_charset)]
    if western and western[0].chaos <= least:
        names.insert(0, "cp1252")
    return names


def _high_lines(data: bytes) -> list[bytes]:
    """Lines with bytes beyond ASCII, up to one sample: the only ones that tell encodings apart."""
    lines: list[bytes] = []
    size = 0
    for line in data.splitlines():
        if not line.isascii():
            lines.append(line[:SAMPLE])
            size += len(line)
            if size > SAMPLE:
                break
    return lines


def _unmarked_utf16(data: bytes) -> str:
    """UTF-16 without a mark: text in it has NULs at every second place, and only there."""
    sample = data[: SAMPLE // 16]
    pairs = len(sample) // 2
    if pairs < 4 or len(data) % 2:
        return ""
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if odd > 0.7 * pairs and even == 0:
        return "utf-16-le"
    return "utf-16-be" if even > 0.7 * pairs and odd == 0 else ""


def _believed(codec: str, data: bytes) -> str:
    """The declared codec, unless the bytes speak against it.

    UTF-16 and UTF-32 have a NUL in every space and line end; what has none was declared wrongly, and any two
    letters of it would be one Chinese character. In EBCDIC, letters are beyond ASCII.
    """
    if codec.startswith(("utf-16", "utf-32")):
        return codec if b"\x00" in data else ""
    if codec and b"<html a=1>".decode(codec, "replace") != "<html a=1>":
        beyond_ascii = len(data) - len(data.translate(None, _BEYOND_ASCII))
        return codec if 2 * beyond_ascii > len(data) else ""
    return codec


def _codec(name: str) -> str:
    """The codec of a declared name, as browsers read it; `` where there is none."""
    try:
        codec = codecs.lookup(name.strip()) if name else None
    except (LookupError, ValueError):  # ValueError: a NUL in the name
        return ""
    if codec is None or not codec._is_text_encoding or codec.name in _NO_ENCODINGS:
        return ""
    name = codec.name
    return {"iso8859-1": "cp1252", "ascii": "cp1252", "gb2312": "gb18030", "gbk": "gb18030"}.get(name, name)
