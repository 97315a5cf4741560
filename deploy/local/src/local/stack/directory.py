"""The folder of a stack that stays."""

import fcntl
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from local.stack.postgres import Postgres
from local.stack.process_list import ProcessList, write_private
from local.stack.processes import ServerError
from local.stack.servers import CHECKOUT, LOCAL, Broker


@dataclass(frozen=True)
class StackDirectory:
    """Where a stack keeps its data, its logs, and what later commands have to know of it (`run`)."""

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
        """What the stack was started with."""
        return self.run / "stack.json"

    @property
    def environment(self) -> Path:
        """Addresses and keys, for a shell to source."""
        return self.run / "env"

    @property
    def restarts(self) -> Path:
        """What the supervisor has restarted, and what it has given up."""
        return self.run / "restarts.json"

    @property
    def process_list(self) -> ProcessList:
        return ProcessList(self.run / "processes.json")

    @property
    def postgres(self) -> Postgres:
        return Postgres(self.data / "postgres")

    def erasure_key(self) -> str:
        """Made at the first start. It stays as long as the data: what is erased is known by it."""
        file = self.data / "erasure-key"
        if not file.exists():
            self.data.mkdir(parents=True, exist_ok=True)
            write_private(file, secrets.token_hex(32).encode())
        return file.read_text()

    def keys(self, broker: Broker) -> Path:
        return self.data / f"keys-{broker}.json"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One command at a time. Raises `ServerError`."""
        self.run.mkdir(parents=True, exist_ok=True)
        with (self.run / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise ServerError("another `make up` or `make down` is at work") from error
            yield


def from_checkout(path: Path) -> str:
    """As it is written in the checkout's folder."""
    return str(path.relative_to(CHECKOUT) if path.is_relative_to(CHECKOUT) else path)
