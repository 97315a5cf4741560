"""How commands ask a service over HTTP: by address and key from the environment, again while it is busy or away."""

import time
from collections.abc import Callable, Collection, Mapping
from typing import Final

import httpx

_SECONDS: Final = 30.0
_BUSY: Final = (429, 502, 503, 504)
_LONGEST_PAUSE: Final = 10.0
_SHORTEST_PAUSE: Final = 0.05
_DEFAULTS: Final = {"SCORING_URL": "http://127.0.0.1:8081", "INGEST_URL": "http://127.0.0.1:8080"}
# Seconds: longer than a service takes to start.
PATIENCE: Final = 60.0


class ServiceFailed(Exception):
    """A key is missing, or a service gave no expected answer; the text is for the person at the terminal."""


def connect(environment: Mapping[str, str], address: str, key: str) -> httpx.Client:
    """A client of a service. `address` and `key` name environment variables. Raises `ServiceFailed`."""
    if not environment.get(key):
        raise ServiceFailed(f"{key} is not set: `python -m {address.split('_')[0].lower()} keys create` makes a key")
    headers = {"authorization": f"Bearer {environment[key]}"}
    return httpx.Client(base_url=environment.get(address) or _DEFAULTS[address], headers=headers, timeout=_SECONDS)


def ask(
    send: Callable[[], httpx.Response],
    service: str,
    *,
    sleep: Callable[[float], object] = time.sleep,
    patience: float = PATIENCE,
    statuses: Collection[int] = (),
    told: Callable[[str], object] = lambda reason: None,
) -> httpx.Response:
    """A 2xx answer, or one of these `statuses`. Repeats for `patience` seconds while the service is busy or away.

    Calls `told` with the reason before it repeats. Raises `ServiceFailed`.
    """
    waited, pause = 0.0, 1.0
    while True:
        rest = pause
        try:
            answer = send()
        except httpx.TransportError as error:
            reason = f"{service} cannot be reached: {error}"
        else:
            if answer.is_success or answer.status_code in statuses:
                return answer
            reason = f"{service} answered {answer.status_code}: {answer.text[:500]}"
            if answer.status_code not in _BUSY:
                raise ServiceFailed(reason)
            rest = _retry_after(answer, otherwise=pause)
        if waited >= patience:
            raise ServiceFailed(reason)
        told(reason)
        sleep(rest)
        waited, pause = waited + rest, min(2 * pause, _LONGEST_PAUSE)


def _retry_after(answer: httpx.Response, *, otherwise: float) -> float:
    """Seconds to wait, by the header. A date is ignored: our services send none."""
    value = answer.headers.get("retry-after", "")
    return max(float(value), _SHORTEST_PAUSE) if value.isascii() and value.isdigit() else otherwise
