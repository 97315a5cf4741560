"""The services as processes: one deployment of them on a database and a topic prefix of its own."""

import asyncio
import os
import subprocess
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path

import httpx
import msgspec

from common import topics
from common.bus.kafka import KafkaAdmin
from local.stack.deployment import Deployment, Keys, Ports
from local.stack.process_list import ProcessList
from local.stack.processes import Process, Say, ServerError, last_lines, silent
from local.stack.servers import CHECKOUT

START_TIMEOUT = 60.0
COMMAND_TIMEOUT = 120.0
WATCH_SECONDS = 0.5
ANSWER_SECONDS = 2.0
# Started in this order and stopped the other way round: who writes last to the log goes last.
SERVICES = {
    "scoring worker": "scoring worker",
    "alerts": "alerts serve",
    "scoring api": "scoring api",
    "ingest": "ingest serve",
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
        return [name for name in SERVICES if name != "alerts" or self.deployment.sink_ports is not None]

    def log(self, name: str) -> Path:
        return self._logs / f"{name.replace(' ', '-')}.log"

    def url(self, name: str) -> str:
        return self.ports.url(name)

    def migrate(self, say: Say = silent) -> None:
        """Topics and tables. Raises `ServerError`."""
        say("creating topics and tables")
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


def _output(command: subprocess.Popen[str]) -> str:
    out, errors = command.communicate(timeout=COMMAND_TIMEOUT)
    if command.returncode:
        raise ServerError(f"{command.args!r} ended with {command.returncode}:\n{errors[-3000:]}")
    return out
