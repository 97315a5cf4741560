"""A process of ours while it runs: whether it is ready, whether it lives, and what it says of itself."""

import asyncio

import httpx
from prometheus_client.parser import text_string_to_metric_families

from local.stack.processes import Process, ServerError, last_lines

READY_SECONDS = 240.0
POLL = 0.05


class Started:
    """A process of ours that answers at `url`."""

    def __init__(self, name: str, process: Process, port: int) -> None:
        self.name = name
        self.process = process
        self.url = f"http://127.0.0.1:{port}"

    @property
    def pid(self) -> int:
        return self.process.pid

    async def ready(self) -> None:
        """Raises `ServerError` with its last words."""
        async with httpx.AsyncClient(timeout=5.0) as http:
            async with asyncio.timeout(READY_SECONDS):
                while not await _answers(http, self.url):
                    self.check()
                    await asyncio.sleep(POLL)

    def check(self) -> None:
        """Raises `ServerError` with its last words if it has ended."""
        if not self.process.running:
            raise ServerError(f"{self.name} has ended\n{last_lines(self.process.log)}")

    async def figures(self, name: str) -> dict[tuple[str, ...], float]:
        """Of one metric, by the values of its labels (without those that say who speaks)."""
        async with httpx.AsyncClient(timeout=10.0) as http:
            text = (await http.get(f"{self.url}/metrics")).text
        return {
            tuple(value for label, value in sample.labels.items() if label not in ("service", "process")): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == name
        }


async def _answers(http: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await http.get(f"{url}/readyz")).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False
