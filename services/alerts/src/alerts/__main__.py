"""`python -m alerts tail`."""

import argparse
import asyncio
import sys
import uuid
from collections.abc import Sequence

from alerts.feed import SignalFeed
from alerts.settings import AlertsSettings
from alerts.tail import tail
from common.bus.errors import Unavailable
from common.bus.kafka import KafkaAdmin, KafkaConsumer
from common.topics import Topics


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    try:
        asyncio.run(_tail(AlertsSettings(), as_json=arguments.json, until_idle=arguments.until_idle))
    except Unavailable as error:
        print(error, file=sys.stderr)
        return 1
    except (KeyboardInterrupt, BrokenPipeError):
        return 0
    return 0


async def _tail(settings: AlertsSettings, *, as_json: bool, until_idle: float | None) -> None:
    topic = Topics(settings.topic_prefix).signals
    wait = settings.alerts_fetch_wait_ms / 1000
    # A group of its own: whoever else reads the topic is not disturbed.
    group = f"{settings.topic_prefix}tail-{uuid.uuid4().hex[:8]}"
    feed = SignalFeed(
        KafkaConsumer(settings.kafka_bootstrap, topic, group=group, fetch_max_wait=wait),
        KafkaAdmin(settings.kafka_bootstrap, fetch_max_wait=wait),
        topic,
    )
    await tail(feed, write=_write, complain=_complain, as_json=as_json, until_idle=until_idle)


def _write(text: str) -> None:
    print(text, flush=True)


def _complain(text: str) -> None:
    print(text, file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m alerts")
    commands = parser.add_subparsers(dest="command", required=True)
    tail_parser = commands.add_parser(
        "tail", help="print every signal from the beginning of the topic, each once, then follow"
    )
    tail_parser.add_argument("--json", action="store_true", help="the whole signal as one line of JSON")
    tail_parser.add_argument(
        "--until-idle", type=float, metavar="SECONDS", help="end when nothing has come for so long"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
