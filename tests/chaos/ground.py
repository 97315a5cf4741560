"""What a camp stands on: PostgreSQL that survives its death, and Apache Kafka on one broker or on three."""

import asyncio
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.stack import apache_kafka
from local.stack.apache_kafka import ApacheKafka
from local.stack.postgres import Postgres
from local.stack.processes import ServerError
from local.stack.servers import LOCAL

NODES_OF_A_CLUSTER = 3
PATIENCE = 60.0
_PAUSE = 0.2


class Ground:
    def __init__(self, home: Path, *, cluster: bool, libraries: Path) -> None:
        self.home = home
        self.cluster = cluster
        self.postgres = Postgres(home / "postgres")
        self.kafka = ApacheKafka(home / "kafka", libraries=libraries, nodes=NODES_OF_A_CLUSTER if cluster else 1)

    def start(self) -> None:
        self.postgres.start()
        self.kafka.start()

    def stop(self) -> None:
        self.kafka.stop()
        self.postgres.remove()

    async def revive_postgres(self) -> None:
        """After its death. It waits for the last of those that it served to end. Raises `ServerError`."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return await asyncio.to_thread(self.postgres.start)
            except ServerError:
                if time.monotonic() > deadline:
                    raise
            await asyncio.sleep(_PAUSE)

    async def revive_nodes(self, nodes: list[int]) -> None:
        """All together: one alone may wait for the others."""
        await asyncio.gather(*(asyncio.to_thread(self.kafka.start_node, node) for node in nodes))


@contextmanager
def ground(*, cluster: bool) -> Iterator[Ground]:
    """Servers that run, and nothing left of them afterwards. Raises `ServerError`."""
    if missing := apache_kafka.available():
        raise ServerError(f"Apache Kafka: {missing}")
    # Open to the user that PostgreSQL runs as if we are root.
    home = Path(tempfile.mkdtemp(prefix="chaos-"))
    home.chmod(0o755)
    made = Ground(home, cluster=cluster, libraries=apache_kafka.jars(LOCAL))
    try:
        made.start()
        yield made
    finally:
        made.stop()
        shutil.rmtree(home, ignore_errors=True)


def kept(logs: Path, *, name: str) -> Path:
    """A copy that outlives the run."""
    target = LOCAL / "log" / "chaos" / name
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(logs, target, copy_function=_copied)
    return target


def _copied(source: str, target: str) -> str:
    return shutil.copyfile(os.fspath(source), target)
