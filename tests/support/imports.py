"""Files that tests import with `python -m ingest import`."""

from datetime import timedelta
from pathlib import Path

from ingest.__main__ import main
from ingest.in_memory import NOW

HEADER = "Account ID,Event,Timestamp,User,Seconds,Plan"


def write(path: Path, *lines: str) -> Path:
    path.write_text("".join(f"{line}\r\n" for line in lines), encoding="utf-8", newline="")
    return path


def run(*words: object) -> int:
    return main(["import", *map(str, words)])


def day(number: int) -> str:
    return (NOW - timedelta(days=60 - number)).isoformat()
