"""How far an import has come, in a file beside the imported one.

Ids make it safe to send rows again while scoring remembers them; the state also saves the time.
"""

import os
from pathlib import Path

import msgspec
from msgspec import Struct

from ingest.importing.errors import ChoicesChanged, FileChanged, ImportFailed
from ingest.importing.tables.source_file import FileIdentity


class ImportState(Struct, frozen=True):
    """`done` rows were answered or refused, in the order of sending; `report_bytes` of the report are about them.

    `choices` is a digest of all options of the command line that change what rows become.
    """

    name: str
    file: FileIdentity
    choices: str
    done: int = 0
    accepted: int = 0
    refused: int = 0
    report_bytes: int = 0
    finished: bool = False


def load(path: Path) -> ImportState | None:
    """None if there is no such file. Raises `ImportFailed`."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=ImportState)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as error:
        raise ImportFailed(f"{path}: is no state of an import ({error}): --restart begins anew") from error


def save(path: Path, state: ImportState) -> None:
    """Replaces the file in one step: a reader sees the former state or this one. Raises `ImportFailed`."""
    beside = path.with_name(f"{path.name}.new")
    try:
        beside.write_bytes(msgspec.json.encode(state))
        os.replace(beside, path)
    except OSError as error:
        raise ImportFailed(f"{path}: cannot be written: {error.strerror} (--state names another place)") from error


def go_on(former: ImportState | None, begins: ImportState) -> ImportState:
    """The state from which the import goes on: where it stopped, or the beginning if nothing was taken yet.

    Raises `FileChanged` or `ChoicesChanged` where rows that were taken might count again.
    """
    if former is None:
        return begins
    if former.file != begins.file:
        raise FileChanged(
            f"the file has changed since import {former.name} ({former.file.size:,} bytes then, {begins.file.size:,} "
            f"now): --restart imports it as a new one, all of its rows; --restart --name {former.name} counts only "
            "rows that are new at its end"
        )
    if (former.name, former.choices) == (begins.name, begins.choices):
        return former
    if former.accepted:
        raise ChoicesChanged(
            f"{former.accepted:,} rows of this file were taken as import {former.name}, by other options: correct the "
            "refused rows in the report and import that, or --restart to send all rows again"
        )
    return begins
