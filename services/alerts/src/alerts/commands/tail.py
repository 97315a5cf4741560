"""`tail`: prints every signal of the topic from its beginning, one line each."""

import argparse
import asyncio
import sys
import uuid
from collections.abc import Callable
from typing import Protocol

from alerts.settings import AlertsSettings
from alerts.signals.wording import log_line
from alerts.topic.feed import FeedRecord, SignalFeed
from common.bus.errors import BusUnavailable
from common.bus.kafka import KafkaAdmin, KafkaConsumer
from common.contracts.signals import Signal, encode_signals_record
from common.topics import Topics

POLL = 0.5
BACK_OFF = 1.0


class Feed(Protocol):
    unreadable: int

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def read(self, timeout: float) -> list[FeedRecord]: ...


async def tail(
    feed: Feed,
    *,
    write: Callable[[str], None],
    complain: Callable[[str], None],
    as_json: bool = False,
    until_idle: float | None = None,
    back_off: float = BACK_OFF,
) -> None:
    """Until cancelled, or until nothing has come for `until_idle` seconds."""
    format_signal = _json if as_json else log_line
    loop = asyncio.get_running_loop()
    await feed.start()
    try:
        last_new = loop.time()
        while until_idle is None or loop.time() - last_new < until_idle:
            try:
                records = await feed.read(POLL)
            except BusUnavailable as error:
                complain(f"the log does not answer: {error}")
                await asyncio.sleep(back_off)
                continue
            for record in records:
                if isinstance(record.message, Signal):
                    write(format_signal(record.message))
            if records:
                last_new = loop.time()
    finally:
        await feed.stop()
        if feed.unreadable:
            complain(f"{feed.unreadable} records could not be read: written by another version?")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="the whole signal as one line of JSON")
    parser.add_argument("--until-idle", type=float, metavar="SECONDS", help="end when nothing has come for so long")


async def run(arguments: argparse.Namespace, settings: AlertsSettings) -> int:
    """The exit code."""
    topic = Topics(settings.topic_prefix).signals
    wait = settings.alerts_fetch_wait_ms / 1000
    # A group of its own, so that the worker keeps its partitions.
    group = f"{settings.topic_prefix}tail-{uuid.uuid4().hex[:8]}"
    feed = SignalFeed(
        KafkaConsumer(settings.kafka_bootstrap, topic, group=group, fetch_max_wait=wait),
        KafkaAdmin(settings.kafka_bootstrap, fetch_max_wait=wait),
        topic,
    )
    try:
        await tail(feed, write=_write, complain=_complain, as_json=arguments.json, until_idle=arguments.until_idle)
    except BusUnavailable as error:
        print(error, file=sys.stderr)
        return 1
    except BrokenPipeError:
        return 0
    return 0


def _write(text: str) -> None:
    print(text, flush=True)


def _complain(text: str) -> None:
    print(text, file=sys.stderr)


def _json(signal: Signal) -> str:
    return encode_signals_record(signal).decode()
