"""The job in Quix Streams: exactly once, state in its own store (RocksDB and a changelog topic).

Accounts are kept decoded beside the store and written through to it at every event, which spares it the reading
that its users would pay for.
"""

from quixstreams import Application, State

from bench.peers.job import Account, dump, scored, scorer, told
from bench.peers.stretch import Stretch, asked


def main() -> None:
    wanted = asked()
    stretch, core, accounts = Stretch(wanted.count), scorer(wanted.card), dict[str, Account]()

    def one(value: bytes, key: bytes, stamp: int, headers: object, state: State) -> list[bytes]:
        account_id = key.decode()
        account = accounts.get(account_id)
        if account is None:
            account = accounts[account_id] = core.create(account_id)
        signals = scored(core, account, value, stamp)
        state.set_bytes("account", dump(core, account))
        stretch.signals += len(signals)
        return [told(signal) for signal in signals]

    def processed(topic: str, partition: int, offset: int) -> None:
        stretch.took(1)
        if stretch.over:
            app.stop()

    app = Application(
        broker_address=wanted.bootstrap,
        consumer_group=f"{wanted.topic}.quix",
        auto_offset_reset="earliest",
        processing_guarantee="exactly-once",
        state_dir=wanted.folder,
        on_message_processed=processed,
        loglevel="WARNING",
    )
    events = app.topic(wanted.topic, key_deserializer="bytes", value_deserializer="bytes")
    signals = app.topic(wanted.signals, key_serializer="bytes", value_serializer="bytes")
    frame = app.dataframe(events)
    frame = frame.apply(one, stateful=True, metadata=True, expand=True)
    frame.to_topic(signals)
    app.run()
    stretch.tell()


if __name__ == "__main__":
    main()
