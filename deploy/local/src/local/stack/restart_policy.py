"""When a process that died is started again, and when no more. Pure: times in, decisions out."""

from dataclasses import dataclass, field

# Seconds before each start in a row; after the last of them the process is given up.
PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0)
# A process that has lived so long starts its row anew.
STEADY_SECONDS = 60.0


@dataclass
class RestartPolicy:
    """Of one process. `at` is seconds on any clock that never goes back."""

    pauses: tuple[float, ...] = PAUSES
    steady_seconds: float = STEADY_SECONDS
    deaths: int = 0
    _alive_since: float | None = field(default=None, repr=False)

    def seen_alive(self, at: float) -> None:
        if self._alive_since is None:
            self._alive_since = at
        elif at - self._alive_since >= self.steady_seconds:
            self.deaths = 0

    def died(self, at: float) -> float | None:
        """The moment of the next start; None if it has died too often in a row."""
        self._alive_since = None
        self.deaths += 1
        return at + self.pauses[self.deaths - 1] if self.deaths <= len(self.pauses) else None
