"""`tail`: what scoring has told, from the beginning of the topic."""

import argparse
import sys
import uuid

from alerts.feed import SignalFeed
from alerts.settings import AlertsSettings
from alerts.tail import tail
from common.bus.errors import BusUnavailable
from common.bus.kafka import KafkaAdmin, KafkaConsumer
from common.topics import Topics


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "tail", help="print every signal from the beginning of the topic, each once, then follow"
    )
    parser.add_argument("--json", action="store_true", help="the whole signal as one line of JSON")
    parser.add_argument("--until-idle", type=float, metavar="SECONDS", help="end when nothing has come for so long")


async def run(arguments: argparse.Namespace, settings: AlertsSettings) -> int:
    """The exit code."""
    topic = Topics(settings.topic_prefix).signals
    wait = settings.alerts_fetch_wait_ms / 1000
    # A group of its own: whoever else reads the topic is not disturbed.
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
