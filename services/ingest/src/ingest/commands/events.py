"""`events check FILE`: what POST /v1/events would answer to a file. `events page`: prints docs/events.md."""

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from common.catalogue import page
from common.catalogue.events import STANDARD_EVENTS
from common.catalogue.names import nearest_name
from ingest.errors import BodyRefused
from ingest.events.answers import ItemAnswer, answer_for
from ingest.events.batch import EventBatch, RequestContext, parse_items
from ingest.events.body_items import BodyFormat, BodyItem, split_body
from ingest.receiving.bounds import BOUNDS

# A file may hold more than one request does.
_BOUNDS = replace(BOUNDS, items=10_000_000, commas=1_000_000_000)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The parsed arguments go to `run`."""
    actions = parser.add_subparsers(dest="action", required=True)
    check = actions.add_parser("check", help="exit 1 and say why, if an event of a file would not be taken")
    check.add_argument("file", type=Path, metavar="FILE", help="one event, a JSON array, or an event a line")
    check.add_argument("--history", action="store_true", help="as for POST /v1/events?history=true")
    actions.add_parser("page", help="print the event catalogue as Markdown (docs/events.md)")


def run(arguments: argparse.Namespace) -> int:
    """The exit code."""
    if arguments.action == "page":
        print(page.render(), end="")
        return 0
    return check(arguments.file, history=arguments.history)


def check(file: Path, *, history: bool) -> int:
    try:
        items = _split(file.read_bytes())
    except (OSError, BodyRefused) as error:
        print(f"{file}: {error}", file=sys.stderr)
        return 1
    context = RequestContext(source="file", received_at=datetime.now(UTC), history=history)
    batch = parse_items(items, context, bounds=_BOUNDS, new_id=lambda: str(uuid4()))
    for line in report(batch, str(file)):
        print(line)
    return 1 if batch.rejected else 0


def report(batch: EventBatch, source_name: str) -> Iterator[str]:
    """A line for each error, correction and duplicate, for each name that is not standard, and the sum."""
    answer = answer_for(batch)
    for item in answer.items:
        for problem in _problems(item):
            yield f"{source_name}: {_place(item)}: {problem}"
    others = Counter(one.event.name for one in batch.accepted if one.event.name not in STANDARD_EVENTS)
    for name, count in others.most_common():
        near = nearest_name(name, STANDARD_EVENTS)
        yield f"{source_name}: not in the catalogue: {name} ({count} times){f', nearest: {near}' if near else ''}"
    corrected = sum(1 for one in batch.accepted if one.notes)
    yield f"{source_name}: {answer.accepted} events would be taken, {corrected} with corrections, {answer.rejected} not"


def _split(body: bytes) -> Sequence[BodyItem]:
    """Raises `BodyRefused`."""
    try:
        return split_body(body, BodyFormat.JSON, _BOUNDS)
    except BodyRefused:
        if body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"["):
            raise
    return split_body(body, BodyFormat.LINES, _BOUNDS)


def _place(item: ItemAnswer) -> str:
    place = f"item {item.index}" if item.line is None else f"line {item.line}"
    return f"{place} ({item.event_id})" if item.event_id and item.deduplicated else place


def _problems(item: ItemAnswer) -> Iterator[str]:
    for error in item.errors:
        yield f"{error.field or 'the event'}: {error.reason}: {error.detail}"
    for note in item.notes:
        yield f"{note.field}: corrected ({note.reason}): {note.detail}"
    if item.duplicate:
        yield f"an earlier event has this account and id ({item.duplicate}): only the first counts"
