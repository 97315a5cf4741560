"""How a process is: what `/readyz`, `/healthz` and `/metrics` of it say. They need no key."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from msgspec import Struct
from prometheus_client.parser import text_string_to_metric_families

from console.clients.service_api import ServiceApi
from console.errors import ApiUnavailable, ServiceName

# Far above what any process of this project shows.
_MOST_CHARACTERS: Final = 5_000_000


class MetricSample(Struct, frozen=True):
    """One line of `/metrics`."""

    labels: Mapping[str, str]
    value: float


MetricSamples = Mapping[str, Sequence[MetricSample]]


class ProcessState(Struct, frozen=True, kw_only=True):
    """`checks` are those that do not pass, with their reasons; `core` is compiled, interpreted or None."""

    service: ServiceName
    ready: bool
    checks: Mapping[str, str]
    core: str | None
    samples: MetricSamples

    def value(self, name: str) -> float | None:
        """The sum over all labels; None if the process does not show it."""
        found = self.samples.get(name)
        return sum(one.value for one in found) if found else None

    def by_label(self, name: str, label: str) -> Mapping[str, float]:
        return {one.labels[label]: one.value for one in self.samples.get(name, ()) if label in one.labels}

    @property
    def version(self) -> str | None:
        found = self.samples.get("churn_build_info")
        return found[0].labels.get("version") if found else None


class ReadyzAnswer(Struct):
    status: str
    checks: dict[str, str] = {}


class HealthzAnswer(Struct):
    core: str | None = None


async def process_state(api: ServiceApi) -> ProcessState:
    """Raises `ApiUnavailable` if it does not answer, or not as a process of this project does."""
    (_, ready), (_, health), (_, metrics) = [await api.answer(path) for path in ("/readyz", "/healthz", "/metrics")]
    try:
        readyz = msgspec.json.decode(ready, type=ReadyzAnswer)
        healthz = msgspec.json.decode(health, type=HealthzAnswer)
        # Some thousand lines take tens of milliseconds, in which other requests go on.
        samples = await asyncio.to_thread(read_samples, metrics[:_MOST_CHARACTERS])
    except ValueError as error:
        raise ApiUnavailable(api.service, f"its answer cannot be read: {error}") from error
    return ProcessState(
        service=api.service,
        ready=readyz.status == "ready",
        checks={name: reason for name, reason in readyz.checks.items() if reason != "ok"},
        core=healthz.core,
        samples=samples,
    )


def read_samples(text: str) -> MetricSamples:
    """By name, of the Prometheus text format. Raises `ValueError`."""
    found: dict[str, list[MetricSample]] = {}
    for family in text_string_to_metric_families(text):
        for one in family.samples:
            found.setdefault(one.name, []).append(MetricSample(one.labels, one.value))
    return found
