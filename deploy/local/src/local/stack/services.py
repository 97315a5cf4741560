"""The services as processes: one deployment of them on a database and a topic prefix of its own."""

import asyncio
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path

import httpx
import msgspec

from common import database, topics
from common.bus.kafka import KafkaAdmin
from common.database_errors import DATABASE_ERRORS, DatabaseUnavailable, error_text
from common.keys import KeyStore, KeysUnavailable, Scope
from local.stack.console_access import administrators_link
from local.stack.deployment import ConsoleKeys, Deployment, Keys, Ports
from local.stack.process_list import ProcessList
from local.stack.processes import Process, Say, ServerError, last_lines, silent

START_TIMEOUT = 60.0
WATCH_SECONDS = 0.5
ANSWER_SECONDS = 2.0
SCHEMAS = ("ingest", "scoring", "alerts", "console")
# Empty in a version whose scoring takes no announcements.
_ADMIN = [scope for scope in Scope if scope.value == "admin"]
# Started in this order and stopped the other way round: who writes last to the log goes last.
SERVICES = {
    "scoring worker": "scoring worker",
    "alerts": "alerts serve",
    "scoring api": "scoring api",
    "ingest": "ingest serve",
    "console": "console serve",
}


class Services:
    """`logs` is the folder of the processes' output."""

    def __init__(self, deployment: Deployment, *, ports: Ports, logs: Path, process_list: ProcessList) -> None:
        self.deployment = deployment
        self.ports = ports
        self._logs = logs
        self._process_list = process_list
        self._environment = deployment.environment(ports)
        self._processes: dict[str, Process] = {}

    @property
    def names(self) -> list[str]:
        """In the order of their start."""
        absent = set() if self.deployment.sink_ports is not None else {"alerts"}
        absent |= set() if self.deployment.console else {"console"}
        return [name for name in SERVICES if name not in absent]

    def log(self, name: str) -> Path:
        return self._logs / f"{name.replace(' ', '-')}.log"

    def url(self, name: str) -> str:
        return self.ports.url(name)

    def migrate(self, say: Say = silent) -> None:
        """Topics and tables. Raises `ServerError`."""
        say("creating topics and tables")
        asyncio.run(self._ensure_topics())
        asyncio.run(self._ensure_tables())

    def create_keys(self) -> Keys:
        """Raises `ServerError`."""
        return Keys(
            write=asyncio.run(self._create_key("ingest", "web", Scope.WRITE)),
            read=asyncio.run(self._create_key("scoring", "reports", Scope.READ)),
            alerts=asyncio.run(self._create_key("alerts", "reports", Scope.READ, Scope.WRITE)),
            announcements=asyncio.run(self._create_key("scoring", "ingest", *_ADMIN)) if _ADMIN else "",
            console=asyncio.run(self._create_console_keys()) if self.deployment.console else ConsoleKeys(),
        )

    def use_keys(self, keys: Keys) -> None:
        """For services that are started from now on: the keys by which they ask each other."""
        self._environment |= self.deployment.announcing(self.ports, keys)
        self.use_console_keys(keys)

    def use_console_keys(self, keys: Keys) -> None:
        """For a console that is started from now on."""
        self._environment |= self.deployment.console_keys(keys)

    def console_link(self) -> str:
        """Signs an administrator in to the console, once. Raises `ServerError`."""
        try:
            return asyncio.run(administrators_link(self.deployment.database_url, self.url("console")))
        except DatabaseUnavailable as error:
            raise ServerError(f"the console has no sign-in link: {error}") from error

    def start(self) -> None:
        """Returns at once."""
        for name in self.names:
            self.start_one(name)

    def start_one(self, name: str) -> Process:
        """Returns at once; in the process list it takes the place of the one of this name that ended."""
        command = [sys.executable, "-m", *SERVICES[name].split()]
        process = Process(command, log=self.log(name), env=self._environment)
        self._processes[name] = process
        self._process_list.put(name, process.pid)
        return process

    def wait_until_ready(self, say: Say = silent) -> None:
        """Raises `ServerError` with the last lines of the log of the one that is not."""
        # One client for all questions, without the certificates that take a while to load and are not needed.
        with httpx.Client(timeout=ANSWER_SECONDS, verify=False) as http:
            for name, process in self._processes.items():
                say(f"waiting for {name}")
                ready = partial(_ready, http, self.url(name))
                try:
                    process.wait_until(ready, timeout=START_TIMEOUT)
                except ServerError as error:
                    raise ServerError(f"{name} did not start: {error}\n{last_lines(process.log)}") from error
        # Another process at the same port answers for one that could not have it.
        for name, process in self._processes.items():
            if not process.running:
                raise ServerError(f"{name} did not start: it has ended\n{last_lines(process.log)}")

    def stop(self) -> None:
        for process in reversed(self._processes.values()):
            process.stop()
            self._process_list.remove(process.pid)
        self._processes.clear()

    def leave_running(self) -> None:
        for process in self._processes.values():
            process.leave_running()

    async def watch(self) -> None:
        """Until one of them ends, which raises `ServerError`."""
        while True:
            for name, process in self._processes.items():
                if not process.running:
                    raise ServerError(f"{name} has ended\n{last_lines(process.log)}")
            await asyncio.sleep(WATCH_SECONDS)

    async def _ensure_topics(self) -> None:
        deployment = self.deployment
        await topics.ensure(
            KafkaAdmin(deployment.bootstrap),
            deployment.topics,
            mode=deployment.mode,
            partitions=deployment.partitions,
            replication=1,
            retention_days=35,
        )

    async def _ensure_tables(self) -> None:
        for schema in SCHEMAS:
            try:
                await database.migrate(self.deployment.database_url, schema)
            except DATABASE_ERRORS as error:
                raise ServerError(f"{schema} has no tables: {error_text(error)}") from error

    async def _create_console_keys(self) -> ConsoleKeys:
        return ConsoleKeys(
            scoring=await self._create_key("scoring", "console", Scope.READ, Scope.ADMIN),
            alerts=await self._create_key("alerts", "console", Scope.READ, Scope.WRITE, Scope.ADMIN),
            # With `write` it can give the scopes of every sender.
            ingest=await self._create_key("ingest", "console", Scope.READ, Scope.WRITE, Scope.ADMIN),
        )

    async def _create_key(self, schema: str, source: str, *scopes: Scope) -> str:
        engine = database.engine(self.deployment.database_url, pool_size=1)
        try:
            return await KeyStore(engine, schema=schema).create(source=source, scopes=frozenset(scopes))
        except (*DATABASE_ERRORS, KeysUnavailable) as error:
            raise ServerError(f"{schema} has no key: {error}") from error
        finally:
            await engine.dispose()


def why_not_ready(http: httpx.Client, url: str) -> str | None:
    """What `/readyz` of a service says is wrong; None if it is ready."""
    try:
        answer = http.get(f"{url}/readyz")
    except httpx.TransportError as error:
        return f"/readyz does not answer ({type(error).__name__})"
    if answer.status_code == httpx.codes.OK:
        return None
    with suppress(msgspec.DecodeError, msgspec.ValidationError):
        checks = msgspec.json.decode(answer.content, type=_Readyz).checks
        if failed := [f"{name}: {reason}" for name, reason in checks.items() if reason != "ok"]:
            return ", ".join(failed)
    return f"/readyz answered {answer.status_code}"


class _Readyz(msgspec.Struct):
    checks: dict[str, str]


def _ready(http: httpx.Client, url: str) -> bool:
    return why_not_ready(http, url) is None
