"""What the formats have in common: a header, and rows one after the other."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from ingest.importing.rows import FileRow, RefusedRow


class SourceTable(Protocol):
    """An open file. `format` says in words how it is read.

    `typed` is False if all cells are texts, as in CSV.
    """

    @property
    def header(self) -> Sequence[str]: ...
    @property
    def typed(self) -> bool: ...
    @property
    def format(self) -> str: ...

    def rows(self) -> Iterator[FileRow | RefusedRow]:
        """All rows, in the order of the file. Call it once. Raises `UnreadableFile`."""

    def fraction(self) -> float:
        """The share of the file that was read, from 0 to 1."""
