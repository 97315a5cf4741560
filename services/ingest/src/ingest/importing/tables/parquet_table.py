"""Parquet, by the package pyarrow. It is imported here, when a file needs it, and nowhere else."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from ingest.importing.errors import MissingPackage, UnreadableFile
from ingest.importing.rows import FileRow, RefusedRow

_BATCH_ROWS: Final = 5000


class ParquetTable:
    """A row group is read at a time, in batches; a row has a number and no line."""

    typed = True
    format = "Parquet"

    def __init__(self, file: Any) -> None:
        self._file = file
        self._read = 0
        self.header: Sequence[str] = list(file.schema_arrow.names)

    def fraction(self) -> float:
        count: int = self._file.metadata.num_rows
        return self._read / count if count else 1.0

    def rows(self) -> Iterator[FileRow | RefusedRow]:
        for batch in self._file.iter_batches(batch_size=_BATCH_ROWS):
            columns = [column.to_pylist() for column in batch.columns]
            for cells in zip(*columns, strict=True):
                self._read += 1
                yield FileRow(self._read, None, cells)


@contextmanager
def open_parquet(path: Path) -> Iterator[ParquetTable]:
    """Raises `UnreadableFile` and `MissingPackage`."""
    if find_spec("pyarrow") is None:
        raise MissingPackage("pyarrow", "a Parquet file")
    arrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    try:
        with parquet.ParquetFile(path) as file:
            yield ParquetTable(file)
    except (OSError, arrow.ArrowException) as error:
        raise UnreadableFile(path, f"cannot be read: {error}") from error
