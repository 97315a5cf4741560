"""Rounds interleaved between the contestants, so that a noisy minute hits them all alike."""

from collections.abc import Awaitable, Callable, Mapping

from msgspec import Struct


class Measured(Struct, frozen=True):
    """`cpu` is seconds of the process under test in the same stretch of time.

    `signals` is how many came of all that was read, where the contestant counts them.
    """

    events: int
    seconds: float
    cpu: float
    signals: int = 0

    @property
    def rate(self) -> float:
        return self.events / self.seconds

    @property
    def cpu_per_100k(self) -> float:
        return self.cpu / self.events * 100_000


Contestant = Callable[[], Awaitable[Measured]]


def order(names: list[str], number: int) -> list[str]:
    """Who goes when in a round: everybody is first once in a while."""
    turn = number % len(names) if names else 0
    return names[turn:] + names[:turn]


async def round_of(contestants: Mapping[str, Contestant], number: int, found: dict[str, list[Measured]]) -> None:
    for name in order(list(contestants), number):
        measured = await contestants[name]()
        found.setdefault(name, []).append(measured)
        print(
            f"    {name}: {measured.rate:,.0f} a second, {measured.cpu_per_100k:.2f} CPU-s for 100,000 "
            f"({measured.events:,} in {measured.seconds:.1f} s)",
            flush=True,
        )
