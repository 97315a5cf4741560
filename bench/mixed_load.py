"""Posts the mixed workload to ingest at a pace, every event a new one, and tells what became of it as JSON.

    PYTHONPATH=. python -m bench.mixed_load --url http://127.0.0.1:8080 --key cs_.. --rate 1000 --seconds 60

Requests go out at their moments whether those before them were answered or not, as `http_load` does it.
"""

import argparse
import asyncio
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import urlsplit

import msgspec
import uvloop

from bench.children import child, words
from bench.cores import BESIDE
from bench.http_load import Connection, Pace, Tally, head
from bench.workload import Workload
from local.replay.ingest_client import ClientEvent
from local.stack.processes import ServerError
from local.stack.temporary import TemporaryStack

BATCH = 10
CONNECTIONS = 8
LAST_ANSWERS = 10.0


def requests(url: str, key: str, workload: Workload) -> Iterator[bytes]:
    """The books first, then what happens, for ever; each request is made when it is due."""
    host = urlsplit(url).netloc
    known = list(workload.known(datetime.now(UTC)))
    for begin in range(0, len(known), BATCH):
        yield _request(host, key, known[begin : begin + BATCH])
    while True:
        now = datetime.now(UTC)
        yield _request(host, key, [workload.next(now) for _ in range(BATCH)])


def _request(host: str, key: str, happenings: list[ClientEvent]) -> bytes:
    body = msgspec.json.encode(happenings)
    return head(host, key, len(body)) + body


async def posted(place: TemporaryStack, url: str, key: str, *, rate: float, seconds: float, seed: int = 1) -> int:
    """Runs this program beside; how many events it posted. Raises `ServerError` if one was not accepted."""
    options = words(url=url, key=key, rate=rate, seconds=seconds, seed=seed)
    told = await child(place, "bench.mixed_load", *options, cores=BESIDE, patience=seconds + LAST_ANSWERS + 60.0)
    if set(told["statuses"]) != {"202"}:
        raise ServerError(f"answers were {told['statuses']}")
    return int(told["events"])


async def run(url: str, key: str, *, rate: float, seconds: float, accounts: int, seed: int) -> Tally:
    """`rate` is events a second."""
    address, loop, tally = urlsplit(url), asyncio.get_running_loop(), Tally()
    pace = Pace(rate / BATCH, start=time.perf_counter())
    host, port = address.hostname or "127.0.0.1", address.port or 80
    due = requests(url, key, Workload(accounts=accounts, seed=seed))
    tally.open = True
    connections = [
        (await loop.create_connection(lambda: Connection(due, tally, pace), host, port))[1] for _ in range(CONNECTIONS)
    ]
    await asyncio.sleep(seconds)
    for connection in connections:
        connection.stop()
    await asyncio.wait([connection.lost for connection in connections], timeout=LAST_ANSWERS)
    return tally


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--rate", type=float, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--accounts", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        tally = runner.run(run(**vars(asked)))
    print(json.dumps({"events": tally.statuses[202] * BATCH, "statuses": tally.statuses}))


if __name__ == "__main__":
    main()
