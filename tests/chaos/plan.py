"""What a campaign will do, drawn before any of it is done: the same seed draws the same plan."""

from collections.abc import Collection, Iterable
from random import Random

from msgspec import Struct

from chaos.faults import ABOUT, Fault

# A camp is a database, a topic prefix and processes of its own: what is compared after a round stays small.
ROUNDS_A_CAMP = 6
IN_A_CLUSTER = 5  # every fifth round, and one at the least
MOST_FAULTS = 3
BEGINS = (0.5, 4.0)
WORKERS = (1, 1, 2, 3)


class Strike(Struct, frozen=True):
    """A fault `after` so many seconds of traffic; `seed` is for all that is drawn while it is carried out."""

    fault: Fault
    after: float
    lasts: float
    seed: int


class Round(Struct, frozen=True):
    """`number` counts from 1."""

    number: int
    strikes: tuple[Strike, ...]
    seed: int

    @property
    def seconds(self) -> float:
        """Until the last fault is over."""
        return max(one.after + one.lasts for one in self.strikes)


class Camp(Struct, frozen=True):
    """Rounds that one deployment lives through, on one broker or on three, with so many `workers`."""

    cluster: bool
    workers: int
    rounds: tuple[Round, ...]


def campaign(seed: int, *, rounds: int, only: Collection[Fault] = ()) -> tuple[Camp, ...]:
    """`only` these faults; none means all. The rounds with one broker come first."""
    draw = Random(seed)
    wanted = [fault for fault in Fault if not only or fault in only]
    clustered = _clustered(rounds, wanted)
    first = _rounds(draw, wanted, cluster=False, numbers=range(1, rounds - clustered + 1))
    second = _rounds(draw, wanted, cluster=True, numbers=range(rounds - clustered + 1, rounds + 1))
    return (*_camps(draw, first, cluster=False), *_camps(draw, second, cluster=True))


def _rounds(draw: Random, wanted: Collection[Fault], *, cluster: bool, numbers: Iterable[int]) -> list[Round]:
    deck = _Deck(draw, [one for one in wanted if ABOUT[one].cluster in (None, cluster)])
    own = _Deck(draw, [one for one in wanted if cluster and ABOUT[one].cluster])
    return [_round(draw, number, own, deck) for number in numbers]


def _camps(draw: Random, rounds: list[Round], *, cluster: bool) -> list[Camp]:
    return [
        Camp(cluster, draw.choice(WORKERS), tuple(rounds[n : n + ROUNDS_A_CAMP]))
        for n in range(0, len(rounds), ROUNDS_A_CAMP)
    ]


def _clustered(rounds: int, wanted: Collection[Fault]) -> int:
    places = {ABOUT[one].cluster for one in wanted}
    if True not in places:
        return 0
    return rounds if places == {True} else max(1, rounds // IN_A_CLUSTER)


class _Deck:
    """Each fault comes once before any comes twice."""

    def __init__(self, draw: Random, faults: list[Fault]) -> None:
        self._draw = draw
        self._faults = faults
        self._left: list[Fault] = []

    def deal(self, beside: list[Fault]) -> Fault | None:
        """The next that can happen beside these, None if none can."""
        if not self._left:
            self._left = self._draw.sample(self._faults, len(self._faults))
        fault = next((one for one in self._left if all(_apart(one, other) for other in beside)), None)
        if fault is not None:
            self._left.remove(fault)
        return fault


def _round(draw: Random, number: int, own: _Deck, deck: _Deck) -> Round:
    """One fault or several, no two of them at the same target; `own` are those that happen here and nowhere else."""
    faults: list[Fault] = []
    for n in range(draw.randint(1, MOST_FAULTS)):
        fault = own.deal(faults) if n == 0 else None
        if fault is not None or (fault := deck.deal(faults)) is not None:
            faults.append(fault)
    strikes = tuple(
        Strike(fault, draw.uniform(*BEGINS), draw.uniform(*ABOUT[fault].seconds), draw.getrandbits(32))
        for fault in faults
    )
    return Round(number, strikes, draw.getrandbits(32))


def _apart(one: Fault, other: Fault) -> bool:
    return not set(ABOUT[one].targets) & set(ABOUT[other].targets)
