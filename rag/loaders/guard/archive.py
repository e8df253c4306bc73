"""ZIP containers read in memory under limits: nothing is ever written to disk, so names lead nowhere."""

from __future__ import annotations

import io
import posixpath
import zipfile
import zlib
from collections.abc import Mapping
from types import TracebackType

from rag.errors import LoadError
from rag.loaders.sniff import expect

from .limits import MIB, Limits

# What zipfile raises for bytes that are not what they claim to be.
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, ValueError, RuntimeError)
RATIO_FROM = 8 * MIB
_ENCRYPTED = 0x1


class Archive:
    """An open ZIP file whose members, as declared, stay within the limits.

    A member never unpacks to more than it declares: reading stops there, and its checksum fails.
    Raises LoadError for what is no ZIP, is encrypted, or goes over a limit.
    """

    def __init__(self, data: bytes, suffix: str, limits: Limits) -> None:
        expect(data, suffix, b"PK")
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except _BROKEN as error:
            raise LoadError(f"a broken or cut off {suffix} file: {error}; get a fresh copy") from error
        self._members = {
            info.filename: info for info in self._zip.infolist() if info.filename and not info.is_dir()
        }
        try:
            _check(self._zip.infolist(), limits)
        except LoadError:
            self._zip.close()
            raise

    def __enter__(self) -> Archive:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._zip.close()

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def names(self) -> list[str]:
        """The members, in the order they stand in the file."""
        return list(self._members)

    def read(self, name: str) -> bytes:
        """The bytes of a member. Raises LoadError where it is missing or broken."""
        if name not in self._members:
            raise LoadError(f"a broken file: its part {name} is missing; get a fresh copy")
        try:
            return self._zip.read(self._members[name])
        except _BROKEN as error:
            raise LoadError(f"a broken file: its part {name} cannot be unpacked ({error})") from error

    def repacked(self, changed: Mapping[str, bytes]) -> bytes:
        """The same members, uncompressed: for parsers that unpack by themselves, without these limits.

        `changed` has other bytes for some of them.
        """
        stored = io.BytesIO()
        with zipfile.ZipFile(stored, "w", zipfile.ZIP_STORED) as copy:
            for name in self._members:
                content = changed[name] if name in changed else self.read(name)
                copy.writestr(zipfile.ZipInfo(name), content)
        return stored.getvalue()


def resolve(base: str, target: str) -> str:
    """The member that `target`, written in the member `base`, means."""
    path = target if target.startswith("/") else posixpath.join(posixpath.dirname(base), target)
    return posixpath.normpath(path).lstrip("/")


def _check(infos: list[zipfile.ZipInfo], limits: Limits) -> None:
    limits.check("max_archive_members", len(infos), "members in the archive")
    limits.check("max_archive_bytes", sum(info.file_size for info in infos), "bytes when unpacked")
    for info in infos:
        if info.flag_bits & _ENCRYPTED:
            raise LoadError("password-protected: its parts are encrypted; remove the password first")
        if info.file_size > RATIO_FROM:
            ratio = info.file_size // max(info.compress_size, 1)
            limits.check("max_archive_ratio", ratio, f"times its size is what {info.filename} unpacks to")
