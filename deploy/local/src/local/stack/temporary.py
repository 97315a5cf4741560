"""A stack for one run: servers and services below a folder of its own, all of it gone afterwards."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from common.topics import TimeMode
from local.stack.deployment import Deployment, Keys, Ports
from local.stack.postgres import Postgres
from local.stack.process_list import ListedProcess, ProcessList, runs, start_time, write_private
from local.stack.processes import Say, alive, silent
from local.stack.servers import CHECKOUT, LOCAL, Broker, Servers
from local.stack.services import Services
from local.stack.sinks import SinkPorts
from local.stack.termination import ignoring_signals

# Whose folder it is, so that a later run knows whether it is still used.
OWNER = "owner.json"


class TemporaryStack:
    """Servers that run, and room for deployments on them, each with a database and a topic prefix of its own."""

    def __init__(self, home: Path, *, broker: Broker, say: Say = silent) -> None:
        self._home = home
        self._say = say
        self._broker = broker
        self.process_list = ProcessList(home / "processes.json")
        self.servers = Servers(home, broker=broker, process_list=self.process_list, durable=True)
        self.logs = home / "log"
        self.environment = home / "env"

    def start(self) -> None:
        owner = os.getpid()
        write_private(self._home / OWNER, msgspec.json.encode(ListedProcess("owner", owner, start_time(owner) or "")))
        self.servers.start(self._say)

    @contextmanager
    def deployed(
        self,
        name: str,
        *,
        mode: TimeMode,
        card: Path,
        sink_ports: SinkPorts | None = None,
        first_look_seconds: int = 0,
        console: bool = False,
    ) -> Iterator[tuple[Services, Keys]]:
        """The services, ready, until the block is left; alerts is one of them if there are `sink_ports`, and the
        console if it is asked for.

        `first_look_seconds` of record time scoring waits before it says how a new account stands; 0: it does not.
        """
        deployment = Deployment(
            bootstrap=self.servers.bootstrap,
            database_url=self.servers.postgres.create_database(name),
            broker=self._broker,
            mode=mode,
            card=card,
            prefix=f"{name}.",
            sink_ports=sink_ports,
            first_look_seconds=first_look_seconds,
            console=console,
        )
        services = Services(deployment, ports=Ports(), logs=self.logs / name, process_list=self.process_list)
        services.migrate(self._say)
        try:
            self._say("creating keys")
            keys = services.create_keys()
            services.use_console_keys(keys)
            services.start()
            services.wait_until_ready(self._say)
            yield services, keys
        finally:
            services.stop()

    def remove(self) -> None:
        """Ends whatever still runs and deletes what it wrote."""
        self.servers.stop()
        self.process_list.end_all()
        self.servers.postgres.remove()
        shutil.rmtree(self._home, ignore_errors=True)


@contextmanager
def temporary_stack(purpose: str, *, broker: Broker, say: Say = silent) -> Iterator[TemporaryStack]:
    """Logs outlive a failure, in `.local/log/PURPOSE`; nothing else does."""
    say("removing what an earlier run left behind")
    _sweep(purpose)
    kept = LOCAL / "log" / purpose
    made = TemporaryStack(LOCAL / f"{purpose}-{os.getpid()}", broker=broker, say=say)
    try:
        made.start()
        yield made
    except Exception:
        shutil.rmtree(kept, ignore_errors=True)
        with suppress(FileNotFoundError):
            shutil.copytree(made.logs, kept)
        raise
    finally:
        say("ending and removing everything")
        with ignoring_signals():
            made.remove()


def kept_logs(purpose: str) -> Path:
    """Where a failed run's logs are, from the checkout."""
    return (LOCAL / "log" / purpose).relative_to(CHECKOUT)


def _sweep(purpose: str) -> None:
    """What a run left behind that was killed before it could clean up."""
    for home in LOCAL.glob(f"{purpose}-*"):
        number = home.name.rpartition("-")[2]
        if number.isdigit() and not _is_used(home, int(number)):
            ProcessList(home / "processes.json").end_all()
            Postgres(home / "postgres").remove()
            shutil.rmtree(home, ignore_errors=True)


def _is_used(home: Path, pid: int) -> bool:
    """Another process may have the number of the one that was killed."""
    try:
        return runs(msgspec.json.decode((home / OWNER).read_bytes(), type=ListedProcess))
    except (OSError, msgspec.DecodeError):
        return alive(pid)
