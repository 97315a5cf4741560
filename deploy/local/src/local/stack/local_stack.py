"""A stack that stays: its servers, sinks and services, each as a part that can be started, watched and asked."""

import asyncio
import os
import socket
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import httpx
import msgspec
from msgspec import Struct
from msgspec.structs import replace

from common.topics import TimeMode
from local.stack.deployment import Deployment, Keys, Ports
from local.stack.directory import StackDirectory
from local.stack.process_list import runs, write_private
from local.stack.processes import Process, Say, free_port, known_brokers, silent
from local.stack.servers import BROKER, Broker, Servers
from local.stack.services import ANSWER_SECONDS, Services, why_not_ready
from local.stack.sinks import SINKS, SinkPorts, start_sinks, wait_for_sinks, why_not_listening

POSTGRES = "PostgreSQL"
# Kept when the tables are emptied, so that the keys which users hold go on to open the services.
# Seconds: whoever tries the stack wants to see how a new account stands, not to wait for it.
FIRST_LOOK_SECONDS = 5
KEPT_TABLES = ("api_key", "schema_version")


class StackDescription(Struct, frozen=True, kw_only=True):
    """What a stack was started with: enough for later commands to find it, and to start a part of it again."""

    broker: Broker
    broker_port: int
    ports: Ports
    sink_ports: SinkPorts
    card: str
    keys: Keys = Keys(write="", read="", alerts="")

    @property
    def database(self) -> str:
        """The database that goes with this broker's log."""
        return f"churn_{self.broker}"


@dataclass(frozen=True)
class ManagedProcess:
    """A process of the stack. `start` raises `ServerError`; `why_not` says in words why it is not ready."""

    name: str
    log: Path
    address: str
    pid: Callable[[], int | None]
    start: Callable[[], None]
    why_not: Callable[[], str | None]


class LocalStack:
    """Either started here, or found running by another command."""

    def __init__(self, directory: StackDirectory, description: StackDescription) -> None:
        self.directory = directory
        self.description = description
        self._process_list = directory.process_list
        self.servers = Servers(
            directory.data,
            broker=description.broker,
            process_list=self._process_list,
            durable=True,
            port=description.broker_port,
        )
        deployment = Deployment(
            bootstrap=self.servers.bootstrap,
            database_url=self.servers.postgres.url(description.database),
            broker=description.broker,
            mode=TimeMode.WALL,
            card=Path(description.card),
            sink_ports=description.sink_ports,
            first_look_seconds=FIRST_LOOK_SECONDS,
            erasure_key=directory.erasure_key(),
            console=True,
        )
        self.services = Services(
            deployment, ports=description.ports, logs=directory.logs, process_list=self._process_list
        )
        self.services.use_keys(description.keys)

    def start(self, say: Say) -> None:
        """Returns when all of it is ready, with keys in the description.

        Raises `ServerError`; then nothing of it is left running.
        """
        with ExitStack() as undone:
            undone.callback(self.servers.stop)
            self.servers.start(say)
            sinks = self._start_sinks()
            undone.callback(sinks.stop)
            keys = self._database(say)
            self.services.migrate(say)
            if keys is None:
                say("creating keys")
                keys = self.services.create_keys()
                write_private(self.directory.keys(self.description.broker), msgspec.json.encode(keys))
            self.services.use_keys(keys)
            undone.callback(self.services.stop)
            self.services.start()
            self.services.wait_until_ready(say)
            wait_for_sinks(sinks, self.description.sink_ports)
            self.description = replace(self.description, keys=keys)
            environment = self.services.deployment.for_shell(self.description.ports, keys)
            write_private(self.directory.environment, environment.encode())
            self.leave_running()
            sinks.leave_running()
            undone.pop_all()

    def leave_running(self) -> None:
        self.services.leave_running()
        self.servers.leave_running()

    def parts(self) -> list[ManagedProcess]:
        """In the order of their start."""
        services = self.services
        postgres = self.servers.postgres
        return [
            ManagedProcess(
                name=POSTGRES,
                log=postgres.log,
                address=services.deployment.database_url,
                pid=lambda: postgres.pid,
                start=postgres.start,
                why_not=lambda: why_not_accepting(postgres.socket),
            ),
            ManagedProcess(
                name=BROKER,
                log=self.servers.broker_log,
                address=self.servers.bootstrap,
                pid=lambda: self._pid(BROKER),
                start=self._restart_broker,
                why_not=self._why_no_broker,
            ),
            ManagedProcess(
                name=SINKS,
                log=self.directory.logs / f"{SINKS}.log",
                address=f"http://127.0.0.1:{self.description.sink_ports.slack}",
                pid=lambda: self._pid(SINKS),
                start=lambda: _left(self._start_sinks()),
                why_not=lambda: why_not_listening(self.description.sink_ports),
            ),
            *(self._service(name) for name in services.names),
        ]

    def _service(self, name: str) -> ManagedProcess:
        url = self.services.url(name)

        def why_not() -> str | None:
            with httpx.Client(timeout=ANSWER_SECONDS, verify=False) as http:
                return why_not_ready(http, url)

        return ManagedProcess(
            name=name,
            log=self.services.log(name),
            address=url,
            pid=lambda: self._pid(name),
            start=lambda: _left(self.services.start_one(name)),
            why_not=why_not,
        )

    def _pid(self, name: str) -> int | None:
        entry = self._process_list.find(name)
        return entry.pid if entry is not None and runs(entry) else None

    def _start_sinks(self) -> Process:
        return start_sinks(
            self.description.sink_ports,
            messages=self.directory.messages,
            logs=self.directory.logs,
            process_list=self._process_list,
        )

    def _why_no_broker(self) -> str | None:
        return None if known_brokers(self.description.broker_port) else "does not answer"

    def _restart_broker(self) -> None:
        """Apache Kafka goes on with its log. The embedded broker has lost it, and no reader may miss that.

        So the services are stopped, their tables are emptied, and they begin anew; keys stay.
        """
        if self.description.broker is Broker.EMBEDDED:
            for name in reversed(self.services.names):
                self._process_list.end(name)
        self.servers.start_broker()
        if self.description.broker is Broker.EMBEDDED:
            asyncio.run(_empty(self.servers.postgres.url(self.description.database)))
            self.services.migrate()
            self.services.start()
        self.leave_running()

    def _database(self, say: Say = silent) -> Keys | None:
        """Makes it if there is none; the keys in it if it has all of them."""
        name, broker = self.description.database, self.description.broker
        postgres = self.servers.postgres
        known = asyncio.run(_exists(postgres.url(name)))
        if known and broker is Broker.EMBEDDED:
            say("dropping the database of the embedded broker's last log")
            postgres.drop_database(name)
            known = False
        if not known:
            say("creating a database")
            postgres.create_database(name)
            return None
        file = self.directory.keys(broker)
        keys = msgspec.json.decode(file.read_bytes(), type=Keys) if file.exists() else None
        return keys if keys is not None and keys.alerts and keys.console.scoring else None


def describe(*, broker: Broker, card: Path) -> StackDescription:
    """A new stack at the ports that its documentation names, or others where those are taken."""
    return StackDescription(
        broker=broker,
        broker_port=_port(9092),
        ports=Ports(
            ingest=_port(8080),
            scoring_api=_port(8081),
            scoring_worker=_port(8082),
            alerts=_port(8083),
            console=_port(8084),
        ),
        sink_ports=SinkPorts(slack=_port(8090), smtp=_port(8025)),
        card=os.fspath(card),
    )


def why_not_accepting(path: Path) -> str | None:
    """Of a server at a unix socket."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(ANSWER_SECONDS)
        try:
            client.connect(os.fspath(path))
        except OSError as error:
            return f"takes no connections ({error.strerror or error})"
    return None


def _left(process: Process) -> None:
    process.leave_running()


async def _exists(url: str) -> bool:
    try:
        connection = await asyncpg.connect(_for_asyncpg(url))
    except asyncpg.InvalidCatalogNameError:
        return False
    await connection.close()
    return True


async def _empty(url: str) -> None:
    """All tables of the services but those of keys and versions."""
    connection = await asyncpg.connect(_for_asyncpg(url))
    try:
        tables = await connection.fetch(
            "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables"
            " WHERE schemaname IN ('ingest', 'scoring', 'alerts') AND NOT tablename = ANY($1)",
            KEPT_TABLES,
        )
        if tables:
            await connection.execute(f"TRUNCATE {', '.join(row['name'] for row in tables)}")
    finally:
        await connection.close()


def _for_asyncpg(url: str) -> str:
    return url.replace("+asyncpg", "", 1)


def _port(preferred: int) -> int:
    """The preferred one if nobody has it."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", preferred))
        except OSError:
            return free_port()
    return preferred
