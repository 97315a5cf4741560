"""The services as processes: one deployment of them on a database and a topic prefix of its own."""

import asyncio
import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import httpx

from common import topics
from common.bus.kafka import KafkaAdmin
from common.topics import TimeMode, Topics
from local.stack.embedded_broker import FETCH_MAX_WAIT
from local.stack.process_list import ProcessList
from local.stack.processes import Process, ServerError, free_port
from local.stack.servers import CHECKOUT, Broker
from local.stack.sinks import SinkPorts, read_routes

START_TIMEOUT = 60.0
COMMAND_TIMEOUT = 120.0
WATCH_SECONDS = 0.5
# Started in this order and stopped the other way round: who writes last to the log goes last.
COMMANDS = {
    "scoring worker": "scoring worker",
    "alerts": "alerts serve",
    "scoring api": "scoring api",
    "ingest": "ingest serve",
}
ROUTES = CHECKOUT / "deploy" / "routes.yml"
PLAYBOOKS = CHECKOUT / "deploy" / "playbooks.yml"


@dataclass(frozen=True)
class Ports:
    ingest: int = field(default_factory=free_port)
    scoring_api: int = field(default_factory=free_port)
    scoring_worker: int = field(default_factory=free_port)
    alerts: int = field(default_factory=free_port)


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """What one set of services is told. Without `sink_ports` alerts is not started."""

    bootstrap: str
    database_url: str
    broker: Broker
    mode: TimeMode
    card: Path
    prefix: str = ""
    partitions: int = 12
    routes: Path = ROUTES
    sink_ports: SinkPorts | None = None

    @property
    def topics(self) -> Topics:
        return Topics(self.prefix)

    @property
    def fetch_wait(self) -> float:
        """Seconds that a fetch may wait for news."""
        return FETCH_MAX_WAIT if self.broker is Broker.EMBEDDED else 0.5

    def environment(self, ports: Ports) -> dict[str, str]:
        wait = str(round(self.fetch_wait * 1000))
        return {
            "KAFKA_BOOTSTRAP": self.bootstrap,
            "DATABASE_URL": self.database_url,
            "TOPIC_PREFIX": self.prefix,
            "PARTITIONS": str(self.partitions),
            "REPLICATION": "1",
            "TIME_MODE": self.mode,
            "HOST": "127.0.0.1",
            "LOG_FORMAT": "console",
            "LOG_LEVEL": "info",
            "INGEST_PORT": str(ports.ingest),
            "SCORING_API_PORT": str(ports.scoring_api),
            "SCORING_WORKER_PORT": str(ports.scoring_worker),
            "SCORING_GROUP": f"{self.prefix}scoring",
            "SCORING_CARD": str(self.card),
            "SCORING_FETCH_WAIT_MS": wait,
            "ALERTS_PORT": str(ports.alerts),
            "ALERTS_GROUP": f"{self.prefix}alerts",
            "ALERTS_ROUTES": str(self.routes),
            "ALERTS_PLAYBOOKS": str(PLAYBOOKS),
            "ALERTS_FETCH_WAIT_MS": wait,
            **(self.sink_ports.environment(read_routes(self.routes)) if self.sink_ports else {}),
        }


@dataclass(frozen=True)
class Keys:
    """`write` opens ingest, `read` scoring's API, `alerts` that of alerts, to acknowledge too."""

    write: str
    read: str
    alerts: str = ""  # of a stack older than alerts


class Services:
    """`logs` is the folder of the processes' output."""

    def __init__(self, deployment: Deployment, *, ports: Ports, logs: Path, process_list: ProcessList) -> None:
        self.deployment = deployment
        self.ports = ports
        self._logs = logs
        self._process_list = process_list
        self._environment = deployment.environment(ports)
        self._processes: dict[str, Process] = {}

    def migrate(self) -> None:
        """Topics and tables. Raises `ServerError`."""
        asyncio.run(self._ensure_topics())
        self._run("ingest migrate", "scoring migrate", "alerts migrate")

    def create_keys(self) -> Keys:
        """Raises `ServerError`."""
        printed = self._run(
            "ingest keys create --source web --scope write",
            "scoring keys create --source reports --scope read",
            "alerts keys create --source reports --scope read --scope write",
        )
        write, read, alerts = (text.split()[-1] for text in printed)
        return Keys(write=write, read=read, alerts=alerts)

    def start(self) -> None:
        """Returns at once."""
        for name, command in COMMANDS.items():
            if name == "alerts" and self.deployment.sink_ports is None:
                continue
            process = Process(
                [sys.executable, "-m", *command.split()],
                log=self._logs / f"{name.replace(' ', '-')}.log",
                env=self._environment,
            )
            self._processes[name] = process
            self._process_list.add(name, process.pid)

    def wait_until_ready(self) -> None:
        """Raises `ServerError` with the last lines of the log of the one that is not."""
        # One client for all questions, without the certificates that take a while to load and are not needed.
        with httpx.Client(timeout=2.0, verify=False) as http:
            for name, process in self._processes.items():
                _wait(name, process, partial(_ready, http, self.url(name)))

    def stop(self) -> None:
        for process in reversed(self._processes.values()):
            process.stop()
            self._process_list.remove(process.pid)
        self._processes.clear()

    def leave_running(self) -> None:
        for process in self._processes.values():
            process.leave_running()

    def url(self, name: str) -> str:
        ports: Mapping[str, int] = {
            "ingest": self.ports.ingest,
            "scoring api": self.ports.scoring_api,
            "scoring worker": self.ports.scoring_worker,
            "alerts": self.ports.alerts,
        }
        return f"http://127.0.0.1:{ports[name]}"

    def for_shell(self, keys: Keys) -> str:
        """What a shell sources, so that curl and the services' own commands find this deployment."""
        told = ("DATABASE_URL", "KAFKA_BOOTSTRAP", "TOPIC_PREFIX", "ALERTS_FETCH_WAIT_MS", "ALERTS_ROUTES")
        named = {name: self._environment[name] for name in told} | {
            "INGEST_URL": self.url("ingest"),
            "SCORING_URL": self.url("scoring api"),
            "ALERTS_URL": self.url("alerts"),
            "WRITE_KEY": keys.write,
            "READ_KEY": keys.read,
            "ALERTS_KEY": keys.alerts,
        }
        return "".join(f"{name}={shlex.quote(value)}\n" for name, value in named.items())

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

    def _run(self, *commands: str) -> list[str]:
        """What they print; side by side. Raises `ServerError`."""
        running = [self._command(command) for command in commands]
        try:
            return [_output(command) for command in running]
        finally:
            for command in running:
                if command.poll() is None:
                    command.kill()
                    command.communicate()

    def _command(self, words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", *words.split()],
            cwd=CHECKOUT,
            env={**os.environ, **self._environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )


def last_lines(log: Path, count: int = 15) -> str:
    lines = log.read_text(errors="replace").splitlines()[-count:] if log.exists() else []
    return "\n".join([f"the last lines of {log}:", *(f"    {line}" for line in lines)])


def _output(command: subprocess.Popen[str]) -> str:
    out, told = command.communicate(timeout=COMMAND_TIMEOUT)
    if command.returncode:
        raise ServerError(f"{command.args!r} ended with {command.returncode}:\n{told[-3000:]}")
    return out


def _wait(name: str, process: Process, ready: Callable[[], bool]) -> None:
    try:
        process.wait_until(ready, timeout=START_TIMEOUT)
    except ServerError as error:
        raise ServerError(f"{name} did not start: {error}\n{last_lines(process.log)}") from error


def _ready(http: httpx.Client, url: str) -> bool:
    try:
        return http.get(f"{url}/readyz").status_code == httpx.codes.OK
    except httpx.TransportError:
        return False
