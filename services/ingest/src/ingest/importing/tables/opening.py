"""Which reader a file needs, by the end of its name."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from ingest.importing.errors import UnreadableFile
from ingest.importing.tables.csv_table import CsvSourceTable
from ingest.importing.tables.json_lines_table import JsonLinesTable
from ingest.importing.tables.parquet_table import open_parquet
from ingest.importing.tables.source_file import open_text
from ingest.importing.tables.table import SourceTable

_CSV: Final = (".csv", ".tsv", ".txt")
_JSON: Final = (".jsonl", ".ndjson", ".json")


@contextmanager
def open_table(path: Path, *, delimiter: str | None = None) -> Iterator[SourceTable]:
    """Raises `UnreadableFile` and `MissingPackage`."""
    form = format_of(path)
    if form == ".parquet":
        with open_parquet(path) as parquet:
            yield parquet
    elif form in _CSV:
        with open_text(path) as source:
            yield CsvSourceTable(path, source, delimiter=delimiter)
    elif form in _JSON:
        with open_text(path) as source:
            yield JsonLinesTable(path, source)
    else:
        raise UnreadableFile(path, "the name has to end in .csv, .jsonl or .parquet (.csv.gz and .jsonl.gz too)")


def format_of(path: Path) -> str:
    """The suffix in small letters, without .gz."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    return (suffixes[-2:-1] or [""])[0] if suffixes[-1:] == [".gz"] else (suffixes[-1:] or [""])[0]
