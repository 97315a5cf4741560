"""The job in Bytewax: keyed state with recovery; an epoch, and with it a snapshot of what changed, every second."""

import argparse
from datetime import timedelta

import bytewax.operators as op
from bytewax.connectors.kafka import KafkaSink, KafkaSinkMessage, KafkaSource, KafkaSourceMessage
from bytewax.dataflow import Dataflow
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.testing import run_main

from bench.peers.job import Account, Scorer, dump, scored, scorer, told
from bench.peers.stretch import Stretch, asked

EPOCH = timedelta(seconds=1)
Keyed = tuple[bytes, int]  # the record's value and time


class Held:
    """An account between two events. A snapshot is of its bytes, as small as ours."""

    def __init__(self, core: Scorer, account: Account) -> None:
        self.account = account
        self._core = core

    def __reduce__(self) -> tuple[type[bytes], tuple[bytes]]:
        return bytes, (dump(self._core, self.account),)


def keyed(message: KafkaSourceMessage) -> tuple[str, Keyed]:
    return message.key.decode(), (message.value, message.timestamp[1])


def flow(wanted: argparse.Namespace, core: Scorer, stretch: Stretch) -> Dataflow:
    made = Dataflow("churn")
    records = op.input("events", made, KafkaSource([wanted.bootstrap], [wanted.topic], tail=False))

    def one(held: Held | None, record: Keyed) -> tuple[Held, list[bytes]]:
        # What an account is called changes none of its arithmetic, and the mapper is not told the key.
        account = held.account if held is not None else core.create("")
        signals = scored(core, account, *record)
        stretch.took(1)
        stretch.signals += len(signals)
        return held or Held(core, account), [told(signal) for signal in signals]

    scores = op.stateful_map("score", op.map("key", records, keyed), one)
    signals = op.flat_map("signals", scores, _messages)
    op.output("out", signals, KafkaSink([wanted.bootstrap], wanted.signals))
    return made


def _messages(scores: tuple[str, list[bytes]]) -> list[KafkaSinkMessage[bytes, bytes]]:
    key, signals = scores
    return [KafkaSinkMessage(key.encode(), signal) for signal in signals]


def main() -> None:
    wanted = asked()
    stretch = Stretch(wanted.count)
    init_db_dir(wanted.folder, 1)
    made = flow(wanted, scorer(wanted.card), stretch)
    run_main(made, epoch_interval=EPOCH, recovery_config=RecoveryConfig(wanted.folder))
    stretch.tell()


if __name__ == "__main__":
    main()
