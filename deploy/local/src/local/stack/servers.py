"""PostgreSQL and a Kafka broker as processes on this machine, below one folder."""

from enum import StrEnum
from pathlib import Path

from local.stack import apache_kafka
from local.stack.apache_kafka import ApacheKafka
from local.stack.embedded_broker import EmbeddedBroker
from local.stack.postgres import Postgres
from local.stack.process_list import ProcessList
from local.stack.processes import Process, Say, ServerError, free_port, silent

CHECKOUT = Path(__file__).resolve().parents[5]
LOCAL = CHECKOUT / ".local"
BROKER = "broker"


class Broker(StrEnum):
    """The embedded one needs nothing and forgets its log when it ends; Apache Kafka needs Java and Maven."""

    EMBEDDED = "embedded"
    KAFKA = "kafka"


class Servers:
    """What is started is in the process list at once; PostgreSQL is known by its data directory instead."""

    def __init__(
        self, home: Path, *, broker: Broker, process_list: ProcessList, durable: bool, port: int | None = None
    ) -> None:
        self._broker = broker
        self._home = home
        self._port = port or free_port()
        self._process_list = process_list
        self._kafka: EmbeddedBroker | ApacheKafka | None = None
        self.postgres = Postgres(home / "postgres", durable=durable)

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self._port}"

    @property
    def broker_log(self) -> Path:
        """What the broker writes."""
        embedded = self._home / "broker" / "embedded.log"
        return embedded if self._broker is Broker.EMBEDDED else self._home / "kafka" / "node-0" / "kafka.log"

    def start(self, say: Say = silent) -> None:
        say("starting PostgreSQL")
        self.postgres.start()
        self.start_broker(say)

    def start_broker(self, say: Say = silent) -> None:
        """In the process list it takes the place of the one that ended."""
        say("starting the broker")
        kafka = self._made()
        try:
            kafka.start()
        except BaseException:
            kafka.stop()
            raise
        self._kafka = kafka
        self._process_list.put(BROKER, _process(kafka).pid)

    def stop(self) -> None:
        """The broker first; PostgreSQL's data stays."""
        kafka, self._kafka = self._kafka, None
        if kafka is not None:
            kafka.stop()
            self._process_list.remove(_process(kafka).pid)
        self.postgres.stop()

    def leave_running(self) -> None:
        if self._kafka is not None:
            _process(self._kafka).leave_running()

    def _made(self) -> EmbeddedBroker | ApacheKafka:
        if self._broker is Broker.EMBEDDED:
            return EmbeddedBroker(self._home / "broker", port=self._port)
        if missing := apache_kafka.available():
            raise ServerError(f"BROKER=kafka: {missing}")
        return ApacheKafka(self._home / "kafka", libraries=apache_kafka.jars(LOCAL), ports=[self._port])


def _process(kafka: EmbeddedBroker | ApacheKafka) -> Process:
    return kafka.node() if isinstance(kafka, ApacheKafka) else kafka.process
