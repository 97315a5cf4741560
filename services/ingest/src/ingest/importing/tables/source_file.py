"""A file: its identity, and its text, gzipped or not."""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from io import BufferedReader, TextIOWrapper
from pathlib import Path
from typing import Final, TextIO, cast
from zlib import error as zlib_error

from msgspec import Struct

from ingest.importing.errors import UnreadableFile

_GZIP: Final = b"\x1f\x8b"
# First bytes of other kinds of files -> what to do.
_OTHERS: Final = {
    b"PK\x03\x04": "is a workbook or a zip archive: save the sheet as CSV UTF-8",
    b"\xd0\xcf\x11\xe0": "is a workbook: save the sheet as CSV UTF-8",
    b"\xff\xfe": "is UTF-16: save it as UTF-8",
    b"\xfe\xff": "is UTF-16: save it as UTF-8",
    b"PAR1": "is Parquet: its name has to end in .parquet",
}
# How many bytes of the beginning and of the end are part of the identity.
_DIGEST_BYTES: Final = 1_000_000


class FileIdentity(Struct, frozen=True):
    """By which one can tell whether a file is still the same."""

    size: int
    digest: str


def identify(path: Path) -> FileIdentity:
    """Raises `UnreadableFile`."""
    try:
        with path.open("rb") as file:
            size = path.stat().st_size
            digest = sha256(str(size).encode() + file.read(_DIGEST_BYTES))
            file.seek(max(0, size - _DIGEST_BYTES))
            digest.update(file.read(_DIGEST_BYTES))
    except OSError as error:
        raise UnreadableFile(path, f"cannot be read: {error.strerror}") from error
    return FileIdentity(size, digest.hexdigest()[:32])


class SourceText:
    """The text of a file. Bytes that are not UTF-8 become lone surrogates (`surrogateescape`)."""

    def __init__(self, text: TextIO, raw: BufferedReader, size: int) -> None:
        self.text = text
        self._raw = raw
        self._size = size

    def fraction(self) -> float:
        return self._raw.tell() / self._size if self._size else 1.0


@contextmanager
def open_text(path: Path) -> Iterator[SourceText]:
    """UTF-8, with or without a byte order mark; gzip is known by its first bytes. Raises `UnreadableFile`."""
    try:
        with path.open("rb") as raw:
            size = path.stat().st_size
            compressed = raw.peek(2)[:2] == _GZIP
            binary = cast(BufferedReader, gzip.GzipFile(fileobj=raw)) if compressed else raw
            # Of a gzipped file the first bytes are those of what is inside.
            with TextIOWrapper(binary, encoding="utf-8-sig", errors="surrogateescape", newline="") as text:
                _refuse_others(path, binary.peek(4)[:4])
                yield SourceText(text, raw, size)
    except (OSError, EOFError, zlib_error) as error:
        raise UnreadableFile(path, f"cannot be read: {error}") from error


def _refuse_others(path: Path, begins: bytes) -> None:
    for magic, told in _OTHERS.items():
        if begins.startswith(magic):
            raise UnreadableFile(path, told)
