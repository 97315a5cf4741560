"""A stack for one run: servers and services below a folder of its own, all of it gone afterwards."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from common.topics import TimeMode
from local.stack.postgres import Postgres
from local.stack.process_list import ProcessList
from local.stack.processes import alive
from local.stack.servers import CHECKOUT, LOCAL, Broker, Servers
from local.stack.services import Deployment, Keys, Ports, Services
from local.stack.sinks import SinkPorts
from local.stack.termination import ignoring_signals


class TemporaryStack:
    """Servers that run, and room for deployments on them, each with a database and a topic prefix of its own."""

    def __init__(self, home: Path, *, broker: Broker) -> None:
        self._home = home
        self._broker = broker
        self.process_list = ProcessList(home / "processes.json")
        self.servers = Servers(home, broker=broker, process_list=self.process_list, durable=True)
        self.logs = home / "log"
        self.environment = home / "env"

    def start(self) -> None:
        self.servers.start()

    @contextmanager
    def deployed(
        self, name: str, *, mode: TimeMode, card: Path, sink_ports: SinkPorts | None = None
    ) -> Iterator[tuple[Services, Keys]]:
        """The services, ready, until the block is left; alerts is one of them if there are `sink_ports`."""
        deployment = Deployment(
            bootstrap=self.servers.bootstrap,
            database_url=self.servers.postgres.create_database(name),
            broker=self._broker,
            mode=mode,
            card=card,
            prefix=f"{name}.",
            sink_ports=sink_ports,
        )
        services = Services(deployment, ports=Ports(), logs=self.logs / name, process_list=self.process_list)
        services.migrate()
        try:
            services.start()
            keys = services.create_keys()
            services.wait_until_ready()
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
def temporary_stack(purpose: str, *, broker: Broker) -> Iterator[TemporaryStack]:
    """Logs outlive a failure, in `.local/log/PURPOSE`; nothing else does."""
    _sweep(purpose)
    kept = LOCAL / "log" / purpose
    made = TemporaryStack(LOCAL / f"{purpose}-{os.getpid()}", broker=broker)
    try:
        made.start()
        yield made
    except Exception:
        shutil.rmtree(kept, ignore_errors=True)
        with suppress(FileNotFoundError):
            shutil.copytree(made.logs, kept)
        raise
    finally:
        with ignoring_signals():
            made.remove()


def kept_logs(purpose: str) -> Path:
    """Where a failed run's logs are, from the checkout."""
    return (LOCAL / "log" / purpose).relative_to(CHECKOUT)


def _sweep(purpose: str) -> None:
    """What a run left behind that was killed before it could clean up."""
    for home in LOCAL.glob(f"{purpose}-*"):
        owner = home.name.rpartition("-")[2]
        if owner.isdigit() and not alive(int(owner)):
            ProcessList(home / "processes.json").end_all()
            Postgres(home / "postgres").remove()
            shutil.rmtree(home, ignore_errors=True)
