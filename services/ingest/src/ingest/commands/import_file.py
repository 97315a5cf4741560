"""`import FILE`: sends the rows of a file to ingest. Given again, the command goes on where it stopped."""

import argparse
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path

import httpx

from common.catalogue.values import TimeZone
from ingest.commands.service_client import ServiceFailed, ask, connect
from ingest.commands.terminal_progress import TerminalProgress
from ingest.importing import preview
from ingest.importing.columns import ColumnChoices
from ingest.importing.errors import ImportFailed
from ingest.importing.importer import Importer, ImportResult
from ingest.importing.job import ImportChoices, ImportJob, open_job
from ingest.importing.preview import FirstRows
from ingest.importing.sender import EventSender
from ingest.importing.synonyms import Shape
from ingest.mapping.naming import to_event_name

ALL_TAKEN, SOME_REFUSED, FAILED = 0, 1, 2
# Seconds: longer than an upgrade of ingest or Kafka takes.
_PATIENCE = 600.0
_NONE_TAKEN = 422
_NDJSON = {"content-type": "application/x-ndjson"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The parsed arguments go to `run`."""
    parser.description = (
        "INGEST_URL says where (default: this machine), WRITE_KEY is a key of ingest with scope write or events. "
        "Exit code 0: all rows were taken, 1: some were refused and are in the report, 2: it could not go on."
    )
    parser.add_argument("file", type=Path, metavar="FILE", help=".csv, .jsonl or .parquet; also .csv.gz and .jsonl.gz")
    parser.add_argument("--preview", action="store_true", help="show what would become of the rows, and send nothing")
    parser.add_argument(
        "--as", dest="shape", type=Shape, choices=list(Shape), help="what a row is (default: by the header)"
    )
    parser.add_argument(
        "--map",
        action="append",
        type=_assignment,
        default=[],
        metavar="COLUMN=FIELD",
        help="what a column becomes: account_id, user_id, name, time, event_id, properties, a fact or properties.NAME",
    )
    parser.add_argument(
        "--skip", action="append", default=[], metavar="COLUMN", help="leave a column out; #3 is the third"
    )
    parser.add_argument("--event", type=_event_name, metavar="NAME", help="the name of the event in every row")
    parser.add_argument("--zone", type=_zone, metavar="ZONE", help="of times that name none, such as Europe/Berlin")
    parser.add_argument("--delimiter", type=_delimiter, metavar="CHAR", help="of a CSV file (default: by the header)")
    parser.add_argument("--sort", action="store_true", help="send by account and time, whatever the file's order")
    parser.add_argument("--history", action="store_true", help="send facts as history too (events always are)")
    parser.add_argument("--name", help="of the import: with the row's number it gives events without an id theirs")
    parser.add_argument(
        "--restart", action="store_true", help="begin with the first row; none counts twice within a day"
    )
    parser.add_argument("--report", type=Path, metavar="FILE", help="where refused rows go (default: FILE.refused.csv)")
    parser.add_argument(
        "--state", type=Path, metavar="FILE", help="how far it has come (default: FILE.import-state.json)"
    )


def run(arguments: argparse.Namespace, environment: Mapping[str, str] = os.environ) -> int:
    """The exit code."""
    try:
        job = open_job(arguments.file, _choices(arguments), name=arguments.name)
        return _preview(job, environment) if arguments.preview else _import(job, arguments, environment)
    except (ImportFailed, ServiceFailed) as error:
        print(error, file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("\nstopped; given once more, the command goes on behind what was answered", file=sys.stderr)
        return FAILED


def _preview(job: ImportJob, environment: Mapping[str, str]) -> int:
    found = job.look()
    _print(_description(job, found))
    with connect(environment, "INGEST_URL", "WRITE_KEY") as http:
        sender = EventSender(partial(_post, http), history=job.is_history)
        answer = sender.send(found.events, dry_run=True)
    for refused in answer.refused:
        found.refuse(refused)
    _print([*_problems(found), *_repeated(answer.repeated)])
    print(f"ingest was asked about the first {len(found.events):,} events, and nothing was sent")
    return SOME_REFUSED if found.refused_count else ALL_TAKEN


def _import(job: ImportJob, arguments: argparse.Namespace, environment: Mapping[str, str]) -> int:
    state_file = arguments.state or _beside(job.path, "import-state.json")
    report = arguments.report or _beside(job.path, "refused.csv")
    begins = job.begin() if arguments.restart else job.resume(state_file)
    with connect(environment, "INGEST_URL", "WRITE_KEY") as http:
        found = job.look()
        _print([*_description(job, found), *_problems(found)])
        if begins.finished:
            print("all of it has been imported before; --restart sends it again, and within a day no row counts twice")
            return SOME_REFUSED if begins.refused else ALL_TAKEN
        if begins.done:
            print(f"goes on behind the first {begins.done:,} rows")
        if job.choices.sort:
            print("sorting the file by account and time", file=sys.stderr)
        sender = EventSender(partial(_post, http), history=job.is_history)
        with TerminalProgress(sys.stderr) as progress:
            result = Importer(job, sender, state=state_file, report=report, progress=progress.show).run(begins)
    _print(_result_lines(result, report))
    return SOME_REFUSED if result.state.refused else ALL_TAKEN


def _post(http: httpx.Client, body: bytes, parameters: dict[str, str]) -> httpx.Response:
    def send() -> httpx.Response:
        return http.post("/v1/events", content=body, params=parameters, headers=_NDJSON)

    return ask(send, "ingest", patience=_PATIENCE, statuses=(_NONE_TAKEN,), told=_say_waiting)


def _say_waiting(reason: str) -> None:
    print(f"\n{reason}; it is sent again", file=sys.stderr)


def _description(job: ImportJob, found: FirstRows) -> Iterator[str]:
    plan, size = job.plan, job.identity.size
    yield f"{job.path}: {plan.mapping.shape.value}, {job.format}, {size:,} bytes; import {plan.name}"
    yield from preview.column_lines(plan, job.sample)
    if not job.is_history:
        yield "facts are sent as live events; --history: what they change at known accounts is told in one first look"
    yield f"looked at the first {found.count:,} rows:"
    yield from preview.order_lines(found, sort=job.choices.sort)
    yield from preview.name_lines(found, plan.mapping)


def _problems(found: FirstRows) -> Iterator[str]:
    if found.refused_count:
        yield f"{found.refused_count:,} of these rows would be refused; the first ones:"
        yield from preview.problem_lines(found.refused)


def _result_lines(result: ImportResult, report: Path) -> Iterator[str]:
    state, rate = result.state, result.rows / max(result.seconds, 0.001)
    yield f"{state.done:,} rows: {state.accepted:,} taken, {state.refused:,} refused; {rate:,.0f} rows/s"
    if state.refused:
        yield f"the refused rows with their reasons are in {report}: correct them there and import that file"
    yield from _repeated(result.repeated)
    if result.late:
        yield f"{result.late:,} rows came later than a younger row of their account (--sort)"


def _repeated(count: int) -> Iterator[str]:
    if count:
        yield f"{count:,} rows have the event id of another row of their account: only the first counts"


def _choices(arguments: argparse.Namespace) -> ImportChoices:
    columns = ColumnChoices(arguments.shape, dict(arguments.map), tuple(arguments.skip), arguments.event)
    return ImportChoices(columns, arguments.zone, arguments.delimiter, arguments.sort, arguments.history)


def _beside(file: Path, suffix: str) -> Path:
    return file.with_name(f"{file.name}.{suffix}")


def _print(lines: Iterable[str]) -> None:
    """Escapes control characters: the text of a file must not move the cursor or set the terminal's title."""
    for line in lines:
        print("".join(each if each.isprintable() else " " for each in line))


def _assignment(text: str) -> tuple[str, str]:
    column, _, field = text.rpartition("=")
    if not column or not field:
        raise argparse.ArgumentTypeError(f"COLUMN=FIELD, such as 'Customer No=account_id', not {text}")
    return column, field


def _event_name(text: str) -> str:
    if (name := to_event_name(text)) is None:
        raise argparse.ArgumentTypeError(f"object.verbed, such as session.started, not {text}")
    return name


def _zone(text: str) -> str:
    if not TimeZone.is_valid(text):
        raise argparse.ArgumentTypeError(f"{TimeZone.description}, not {text}")
    return text


def _delimiter(text: str) -> str:
    text = {"\\t": "\t", "tab": "\t"}.get(text, text)
    if len(text) != 1 or text in '"\r\n':
        raise argparse.ArgumentTypeError(f"one character, such as ';' or tab, not {text}")
    return text
