"""The event catalogue as docs/events.md."""

import inspect
from collections.abc import Iterator

import msgspec

from common.catalogue.checking import EventCheck
from common.catalogue.events import GROUPS, STANDARD_EVENTS
from common.catalogue.standard_event import DATED, LIVE

_LINE = 110
_HEAD = """\
# The event catalogue

<!-- Printed by `python -m ingest events page`; a test compares the two. -->

Every scorecard can rely on what these names mean. Post those that happen in your product; none is required. Ingest also
takes other names, if they are `object.verbed` in a-z, 0-9 and _, and a scorecard may use them. `GET /v1/events/names`
shows which names came. For a name that is not on this page it shows the nearest one that is.

`POST /v1/events` checks the properties below. It answers a value that does not fit with field and reason. It rejects
that event and takes the others of the request. Three mistakes are forgiven, and the item's `notes` say so: a number in
quotes (`"10"`, `"48000.50"`), another letter case where it has no meaning (`High`), and blanks around a text. A number
with a comma is an error, and so is `"48.000"`, which may mean 48000. `null` stands for a property that is absent; in a
fact it clears what was known. Properties that are not below are taken as they are.

An event may not be older than its reach when it comes in: {live} days, or {dated} days where its section below says so.
A backfill (`?history=true`) reaches back {dated} days with every event. Other names reach back {live} days, those that
begin with `milestone.` {dated}. An older event is answered with the reason `too_old`.

A command imports files (CSV, JSON lines, Parquet): [importing](importing.md).

Try a file before anybody posts it, or a request without sending it:

    .venv/bin/python -m common events check FILE
    curl -sS "$INGEST_URL/v1/events?dry_run=true" -H "Authorization: Bearer $WRITE_KEY" ...

The `reason` of an error in a property is `missing`, `wrong_type`, `out_of_range` or `bad_value`.
"""


def render() -> str:
    """The page as Markdown, with a line break at its end."""
    head = _HEAD.replace("{live}", str(LIVE.days)).replace("{dated}", f"{DATED.days:,}")
    return "\n".join([head, *_groups()]).rstrip("\n") + "\n"


def _groups() -> Iterator[str]:
    for group, events in GROUPS.items():
        yield f"## {group}\n"
        for event in events:
            yield from _event(STANDARD_EVENTS[event.event_name])


def _event(check: EventCheck) -> Iterator[str]:
    yield f"### {check.event.event_name}\n"
    yield f"{inspect.getdoc(check.event)}\n"
    if check.event.reach != LIVE:
        yield f"It reaches back {check.event.reach.days:,} days.\n"
    if check.properties:
        yield "| property | value |"
        yield "|---|---|"
        for each in check.properties:
            required = ", required" if each.required else ""
            yield f"| `{each.name}`{required} | {each.description.replace('|', '')} |"
        yield ""
    example = msgspec.json.encode(check.event.posted())
    if len(example) > _LINE:
        example = msgspec.json.format(example, indent=2)
    yield from (f"    {line}" for line in example.decode().splitlines())
    yield ""
