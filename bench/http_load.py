"""Posts events to ingest as fast as it answers, or at a pace, without becoming the limit itself.

    taskset -c 0 python -m bench.http_load --url http://127.0.0.1:8080 --key cs_.. --batch 100 --pid PID

Each connection is a socket of its own with one request under way; bodies are built beforehand and sent over and
over, so event ids repeat after `--bodies` events (ingest does not mind: scoring drops them). A request that is
not taken (202, for Segment 200) is counted by its status and not sent again.

From another script: `report = await run(Load(...))`; `seconds` are measured after `warm_up`, which counts for
nothing. `cpu_seconds` is what the process `pid` spent meanwhile, in user and kernel. It prints the report as JSON.
"""

import argparse
import asyncio
import base64
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from itertools import cycle
from random import Random
from typing import cast
from urllib.parse import urlsplit

import msgspec
import uvloop
from msgspec import Struct

from bench.usage import cpu_seconds

NAMES = ("session.started", "report.opened", "report.shared", "seat.added", "ticket.opened", "invoice.paid")
END_OF_HEAD = b"\r\n\r\n"
LENGTH = b"content-length: "


class Form(StrEnum):
    """How events are written: as our own, or as Segment's SDKs write them."""

    EVENTS = "events"
    SEGMENT = "segment"


ACCEPTED = {Form.EVENTS: 202, Form.SEGMENT: 200}
PATHS = {Form.EVENTS: "/v1/events", Form.SEGMENT: "/v1/batch"}


class Load(Struct, frozen=True, kw_only=True):
    """What is posted, and how. `rate` is requests a second over all connections; None: as fast as they are answered."""

    url: str
    key: str
    form: Form = Form.EVENTS
    batch: int = 1
    connections: int = 64
    seconds: float = 10.0
    warm_up: float = 2.0
    rate: float | None = None
    accounts: int = 10_000
    bodies: int = 20_000
    seed: int = 1
    pid: int | None = None


class Report(Struct, frozen=True):
    """Latencies are milliseconds from the first byte out to the last byte in; `lost` connections ended unasked."""

    requests: int
    events: int
    seconds: float
    requests_per_second: float
    events_per_second: float
    statuses: Mapping[str, int]
    lost: int
    p50: float
    p90: float
    p99: float
    largest: float
    cpu_seconds: float | None = None
    events_per_cpu_second: float | None = None


class Tally:
    """Counts only while open."""

    def __init__(self) -> None:
        self.open = False
        self.statuses: Counter[int] = Counter()
        self.latencies: list[float] = []

    def add(self, status: int, seconds: float) -> None:
        if self.open:
            self.statuses[status] += 1
            self.latencies.append(seconds)


class Pace:
    """The moment of each request, whether the one before it was answered or not: a stall shows in the latencies."""

    def __init__(self, rate: float | None, *, start: float) -> None:
        self._gap = 1 / rate if rate else 0.0
        self._next = start

    def moment(self) -> float:
        self._next += self._gap
        return self._next if self._gap else 0.0


class Connection(asyncio.Protocol):
    """One request at a time, the next one as soon as the last is answered and its moment has come."""

    def __init__(self, requests: Iterator[bytes], tally: Tally, pace: Pace) -> None:
        self._requests = requests
        self._tally = tally
        self._pace = pace
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._received = b""
        self._began = 0.0
        self._stopping = False
        self.lost = self._loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._next()

    def data_received(self, data: bytes) -> None:
        self._received += data
        head = self._received.find(END_OF_HEAD)
        if head < 0:
            return
        at = self._received.find(LENGTH, 0, head)
        length = int(self._received[at + len(LENGTH) : self._received.find(b"\r\n", at)])
        if len(self._received) < head + len(END_OF_HEAD) + length:
            return
        self._tally.add(int(self._received[9:12]), time.perf_counter() - self._began)
        self._received = b""
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.lost.done():
            self.lost.set_result(None)

    def stop(self) -> None:
        self._stopping = True

    def _next(self) -> None:
        assert self._transport is not None
        if self._stopping:
            self._transport.close()
            return
        moment = self._pace.moment()
        wait = moment - time.perf_counter()
        if moment and wait > 0:
            self._loop.call_later(wait, self._send, moment)
        else:
            self._send(moment or time.perf_counter())

    def _send(self, began: float) -> None:
        assert self._transport is not None
        self._began = began
        self._transport.write(next(self._requests))


async def run(load: Load) -> Report:
    """Raises `OSError` if ingest cannot be reached."""
    host, port = urlsplit(load.url).hostname or "", urlsplit(load.url).port or 80
    tally, pace = Tally(), Pace(load.rate, start=time.perf_counter())
    requests = cycle(built(load))
    loop = asyncio.get_running_loop()
    connections = [
        (await loop.create_connection(lambda: Connection(requests, tally, pace), host, port))[1]
        for _ in range(load.connections)
    ]
    await asyncio.sleep(load.warm_up)
    tally.open, began, spent = True, time.perf_counter(), _spent(load.pid)
    await asyncio.sleep(load.seconds)
    tally.open, seconds = False, time.perf_counter() - began
    spent = _spent(load.pid) - spent
    lost = sum(connection.lost.done() for connection in connections)
    for connection in connections:
        connection.stop()
    await asyncio.wait([connection.lost for connection in connections], timeout=10.0)
    return _report(load, tally, seconds=seconds, spent=spent, lost=lost)


def built(load: Load) -> Sequence[bytes]:
    """Whole requests, head and body."""
    random, host = Random(load.seed), urlsplit(load.url).netloc
    count = max(1, load.bodies // load.batch)
    bodies = (msgspec.json.encode(_body(random, load)) for _ in range(count))
    return [head(host, load.key, len(body), load.form) + body for body in bodies]


def _body(random: Random, load: Load) -> object:
    events = [_event(random, load.accounts) for _ in range(load.batch)]
    if load.form is Form.SEGMENT:
        return {"batch": [*map(_tracked, events)], "sentAt": datetime.now(UTC).isoformat()}
    return events if load.batch > 1 else events[0]


def _event(random: Random, accounts: int) -> dict[str, object]:
    return {
        "event_id": uuid.UUID(int=random.getrandbits(128)).hex,
        "account_id": f"account-{random.randrange(accounts):06}",
        "user_id": f"user-{random.randrange(50)}",
        "name": random.choice(NAMES),
        "time": datetime.now(UTC).isoformat(),
        "properties": {"plan": "growth", "seats": random.randrange(500), "report": "churn"},
    }


def _tracked(event: dict[str, object]) -> dict[str, object]:
    """The same event as Segment's track message, with what its library adds."""
    return {
        "type": "track",
        "messageId": event["event_id"],
        "userId": event["user_id"],
        "anonymousId": None,
        "event": event["name"],
        "timestamp": event["time"],
        "properties": event["properties"],
        "integrations": {},
        "context": {"groupId": event["account_id"], "library": {"name": "analytics-python", "version": "2.4.0"}},
    }


def head(host: str, key: str, length: int, form: Form = Form.EVENTS) -> bytes:
    basic = base64.b64encode(f"{key}:".encode()).decode()
    lines = (
        f"POST {PATHS[form]} HTTP/1.1",
        f"host: {host}",
        "user-agent: http_load",
        "accept: */*",
        f"authorization: Basic {basic}" if form is Form.SEGMENT else f"authorization: Bearer {key}",
        "content-type: application/json",
        f"content-length: {length}",
    )
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _spent(pid: int | None) -> float:
    return cpu_seconds(pid) if pid is not None else 0.0


def _report(load: Load, tally: Tally, *, seconds: float, spent: float, lost: int) -> Report:
    latencies = sorted(tally.latencies) or [0.0]
    requests, events = tally.statuses.total(), tally.statuses[ACCEPTED[load.form]] * load.batch

    def percentile(share: float) -> float:
        return round(latencies[min(len(latencies) - 1, int(share * len(latencies)))] * 1000, 2)

    return Report(
        requests=requests,
        events=events,
        seconds=round(seconds, 2),
        requests_per_second=round(requests / seconds),
        events_per_second=round(events / seconds),
        statuses={str(status): count for status, count in sorted(tally.statuses.items())},
        lost=lost,
        p50=percentile(0.50),
        p90=percentile(0.90),
        p99=percentile(0.99),
        largest=percentile(1.0),
        cpu_seconds=round(spent, 2) if load.pid else None,
        events_per_cpu_second=round(events / spent) if spent else None,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Posts events to ingest and tells how fast they were acknowledged.")
    parser.add_argument("--url", required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--form", choices=[*Form], default=Form.EVENTS)
    for name in ("batch", "connections", "accounts", "bodies", "seed"):
        parser.add_argument(f"--{name}", type=int, default=getattr(_DEFAULT, name))
    for name in ("seconds", "warm-up"):
        parser.add_argument(f"--{name}", type=float, default=getattr(_DEFAULT, name.replace("-", "_")))
    parser.add_argument("--rate", type=float, help="requests a second; without it: as fast as they are answered")
    parser.add_argument("--pid", type=int, help="the process under test")
    load = msgspec.convert(vars(parser.parse_args()), Load)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(msgspec.json.encode(runner.run(run(load))).decode())


_DEFAULT = Load(url="", key="")

if __name__ == "__main__":
    main()
