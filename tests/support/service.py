"""One process of a service as a test handles it: asked, frozen, killed, and listened to through its log."""

import asyncio
import logging
import signal
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import msgspec

from local.stack.processes import ServerError, last_lines
from support.starts import Start, fresh

_log = logging.getLogger(__name__)

# Generous: the processes share their cores with others.
START_SECONDS = 60.0
END_SECONDS = 40.0


class Service:
    """Its log must be JSON, for that is where it tells its port."""

    def __init__(
        self, name: str, command: str, *, environment: Mapping[str, str], log: Path, start: Start = fresh
    ) -> None:
        self.name = name
        self.expected = True  # to be running; not after we ended it
        self._url: str | None = None
        self._process = start(command, environment=environment, log=log)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def output(self) -> str:
        """All that it has said, log or not."""
        return self._process.log.read_text(errors="replace")

    @property
    def running(self) -> bool:
        return self._process.running

    @property
    def url(self) -> str:
        """Raises `ServerError` while it does not listen."""
        if self._url is None:
            started = self.said("process.started")
            if not started:
                raise ServerError(f"{self.name} does not listen yet")
            self._url = f"http://127.0.0.1:{started[-1]['port']}"
        return self._url

    def said(self, event: str, **fields: Any) -> list[dict[str, Any]]:
        """Its log lines of this name in which these fields read so."""
        found = []
        for line in self._process.log.read_bytes().splitlines():
            with suppress(msgspec.DecodeError):
                said = msgspec.json.decode(line)
                if said.get("event") == event and fields.items() <= said.items():
                    found.append(said)
        return found

    def last_words(self) -> str:
        state = "running" if self.running else f"ended with {self._process.ended(timeout=1)}"
        return f"{self.name} ({state}): {last_lines(self._process.log)}"

    def wait_ready(self) -> None:
        """Raises `ServerError` with its last words."""
        try:
            self._process.wait_until(self.is_ready, timeout=START_SECONDS)
        except ServerError as error:
            raise ServerError(f"{self.name} did not start: {error}\n{self.last_words()}") from error

    async def ready(self) -> "Service":
        await asyncio.to_thread(self.wait_ready)
        return self

    def kill(self) -> None:
        """As the power cut does: SIGKILL."""
        self.expected = False
        self._process.kill()

    def freeze(self) -> None:
        self._process.signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._process.signal(signal.SIGCONT)

    async def terminate(self) -> int:
        """SIGTERM; its exit code."""
        self.expected = False
        self._process.signal(signal.SIGTERM)
        return await self.ended()

    async def ended(self) -> int:
        """Its exit code, once it has ended. Raises `ServerError` with its last words if it does not."""
        self.expected = False
        try:
            code = await asyncio.to_thread(self._process.ended, timeout=END_SECONDS)
        except ServerError as error:
            raise ServerError(f"{error}\n{self.last_words()}") from error
        if code != 0:
            _log.error(self.last_words())  # pytest shows it if the test expected another code
        return code

    def is_ready(self) -> bool:
        # Asked every 20 ms, so by the plainest client there is.
        with suppress(OSError, ServerError), urlopen(f"{self.url}/readyz", timeout=5.0):
            return True
        return False
