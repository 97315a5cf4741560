"""Asks several services at the same time for what a page shows."""

from collections.abc import Awaitable
from typing import TypeVar

from console.errors import ApiRefused, ApiUnavailable, ServiceName

Part = TypeVar("Part")


class Asking:
    """Every part is waited for: no request outlives the page that asked because another one was refused."""

    def __init__(self) -> None:
        self._away: dict[ServiceName, ApiUnavailable] = {}
        self._refusal: ApiRefused | None = None

    @property
    def away(self) -> tuple[ServiceName, ...]:
        """The services that did not answer."""
        return tuple(self._away)

    @property
    def refused(self) -> bool:
        return self._refusal is not None

    async def of(self, asked: Awaitable[Part], *, unknown: bool = False) -> Part | None:
        """None if the service is away or has refused; with `unknown` a 404 is no refusal."""
        try:
            return await asked
        except ApiUnavailable as error:
            self._away[error.service] = error
        except ApiRefused as error:
            if not (unknown and error.status == 404):
                self._refusal = self._refusal or error
        return None

    def check(self, *needed: object) -> None:
        """Raises `ApiRefused` if a service has refused, and `ApiUnavailable` if of the `needed` parts none came."""
        if self._refusal is not None:
            raise self._refusal
        if self._away and needed and all(part is None for part in needed):
            raise next(iter(self._away.values()))


async def nothing() -> None:
    """In the place of a part that is not asked for."""
