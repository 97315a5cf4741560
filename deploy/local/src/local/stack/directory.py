"""The folder of a stack that stays."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from local.stack.postgres import Postgres
from local.stack.process_list import ProcessList
from local.stack.processes import ServerError
from local.stack.servers import LOCAL, Broker


@dataclass(frozen=True)
class StackDirectory:
    """Where a stack keeps what it is, what it writes and who it is made of."""

    path: Path = LOCAL

    @property
    def data(self) -> Path:
        return self.path / "data"

    @property
    def logs(self) -> Path:
        return self.path / "log"

    @property
    def run(self) -> Path:
        return self.path / "run"

    @property
    def messages(self) -> Path:
        """What alerts has sent, as people would read it."""
        return self.path / "messages.log"

    @property
    def description(self) -> Path:
        """What `up` has description, kept for the next time."""
        return self.run / "stack.json"

    @property
    def environment(self) -> Path:
        """The same, for a shell to source."""
        return self.run / "env"

    @property
    def process_list(self) -> ProcessList:
        return ProcessList(self.run / "processes.json")

    @property
    def postgres(self) -> Postgres:
        return Postgres(self.data / "postgres")

    def keys(self, broker: Broker) -> Path:
        return self.data / f"keys-{broker}.json"

    @contextmanager
    def alone(self) -> Iterator[None]:
        """One command at a time. Raises `ServerError`."""
        self.run.mkdir(parents=True, exist_ok=True)
        with (self.run / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise ServerError("another `make up` or `make down` is at work") from error
            yield
