"""CSV by RFC 4180, and the ways in which spreadsheets break it."""

import csv
import gzip
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.importing.errors import UnreadableFile
from ingest.importing.rows import FileRow
from ingest.importing.tables.csv_table import LINE_CHARS, sniff_delimiter
from ingest.importing.tables.opening import open_table
from support.examples import examples

Read = tuple[list[list[str]], list[tuple[int, str]]]


def read(file: Path, content: bytes | None = None, *, delimiter: str | None = None) -> Read:
    """The cells of the good rows, and line and reason of the refused ones."""
    if content is not None:
        file.write_bytes(content)
    with open_table(file, delimiter=delimiter) as table:
        rows = [*table.rows()]
        assert table.fraction() == 1.0
    good = [list(row.cells) for row in rows if isinstance(row, FileRow)]
    refused = [(row.row.line or 0, row.errors[0].reason) for row in rows if not isinstance(row, FileRow)]
    return good, refused


@pytest.mark.parametrize(
    ("content", "good", "refused"),
    [
        # A byte order mark, line breaks and quotes within a cell.
        (b'\xef\xbb\xbfa,b\r\n"x\r\ny","say ""no"""\r\n', [["x\r\ny", 'say "no"']], []),
        # Lines without anything are no rows, wherever they are.
        (b"\n\na,b\n\n1,2\n,\n\n3,4", [["1", "2"], ["3", "4"]], []),
        # Excel's line about the delimiter.
        (b"sep=;\na;b\n1,5;2\n", [["1,5", "2"]], []),
        # A row with a delimiter too much, and one that was cut.
        (b"a,b\n1,2,3\n4,5\n6\n", [["4", "5"]], [(2, "cell_count"), (4, "cell_count")]),
        # Windows-1252 in one row.
        (b"a,b\nM\xfcller,1\nM\xc3\xbcller,2\n", [["Müller", "2"]], [(2, "bad_unicode")]),
        # A quote that is never closed takes one row with it, and not the rest of the file.
        (b'a,b\n"open,1\n2,3\n4,5\n', [["2", "3"], ["4", "5"]], [(2, "bad_quotes")]),
        (b'a,b\n"open,1\n2,"x"\n4,5\n', [["2", "x"], ["4", "5"]], [(2, "bad_quotes")]),
        (b'a,b\n"x"y,1\n2,3\n', [["2", "3"]], [(2, "bad_quotes")]),
        # NUL is for ingest to refuse.
        (b"a,b\nx\x00,1\n", [["x\x00", "1"]], []),
    ],
)
def test_a_damaged_row_is_refused_and_the_others_are_read(
    content: bytes, good: list[list[str]], refused: list[tuple[int, str]], tmp_path: Path
) -> None:
    assert read(tmp_path / "rows.csv", content) == (good, refused)


def test_an_open_quote_before_many_rows_costs_one_row(tmp_path: Path) -> None:
    """The cell would be longer than a cell may be, long before the file ends."""
    rows = "".join(f"{number},row\n" for number in range(30_000))
    good, refused = read(tmp_path / "rows.csv", f'a,b\n"open,1\n{rows}'.encode())
    assert (len(good), refused) == (30_000, [(2, "bad_quotes")])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"\n,,\n", "is empty"),
        ("a,b\n".encode("utf-16"), "is UTF-16"),
        (b"PK\x03\x04....", "save the sheet as CSV UTF-8"),
        (b"PAR1....", "has to end in .parquet"),
        (b"M\xfcller,b\n1,2\n", "the header is not UTF-8 (byte 0xFC)"),
        (b'"a,b\n1,2\n', "the header cannot be read"),
        (b"a,b\n" + b"x" * LINE_CHARS, "line 2 has more than 1,000,000 characters"),
        (gzip.compress(b"a,b\n1,2\n" * 1000, mtime=0)[:-20], "cannot be read"),
    ],
)
def test_a_file_that_is_no_csv_is_refused_as_a_whole(content: bytes, said: str, tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile) as refused:
        read(tmp_path / "rows.csv", content)
    assert said in str(refused.value)


def test_gzip_is_known_by_its_bytes(tmp_path: Path) -> None:
    assert read(tmp_path / "rows.csv.gz", gzip.compress(b"a,b\n1,2\n")) == ([["1", "2"]], [])


@pytest.mark.parametrize(
    ("header", "delimiter"),
    [("a,b;c,d", ","), ("a;b;c,d", ";"), ("a\tb", "\t"), ("a|b|c", "|"), ("a", ","), ('"a;b;c",d', ",")],
)
def test_the_delimiter_is_the_one_that_makes_most_columns(header: str, delimiter: str) -> None:
    assert sniff_delimiter(header) == delimiter


_cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=examples(200))
@given(rows=st.lists(st.tuples(_cells, _cells), max_size=8), delimiter=st.sampled_from(",;\t|"), quoted=st.booleans())
def test_what_was_written_as_csv_is_read_as_it_was(
    rows: list[tuple[str, str]], delimiter: str, quoted: bool, tmp_path: Path
) -> None:
    file = tmp_path / "rows.csv"
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.writer(opened, delimiter=delimiter, quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL)
        writer.writerows([("first", "second"), *rows])
    assert read(file) == ([list(row) for row in rows if any(row)], [])
