"""What is gathered for people: added to in the transaction that decides an account, told when its moment has passed."""

from collections.abc import Collection, Sequence
from typing import Protocol, TypeVar

from msgspec import Struct

from alerts.decisions.account import AccountDecisions, GatheredSignal, SignalDecision
from alerts.decisions.first_look import GatheredMember, ToldGathering, tell_gathering

PERSONS_AT_ONCE = 10  # in one transaction: each may have thousands of accounts

_Gathering = TypeVar("_Gathering")


class GatheringRows(Protocol[_Gathering]):
    """The rows of people, in an open transaction."""

    async def gather(
        self,
        looks: Sequence[tuple[GatheredSignal, float]],
        *,
        taken_out: Sequence[tuple[GatheredSignal, float]] = (),
        quiet: float,
    ) -> None:
        """Adds each look to its person's row, with the record time of its coming or going; locks these rows.

        They are told when none has come for `quiet` seconds.
        """

    async def due(self, *, most: int, regardless: bool = False) -> Sequence[_Gathering]:
        """At most so many of this partition whose moment every partition has passed, locked.

        `regardless`: it is enough that this partition has.
        """

    async def members(self, gathering: _Gathering, *, final: Collection[str]) -> Sequence[GatheredMember]: ...

    async def close(self, gathering: _Gathering, told: ToldGathering) -> None:
        """Writes what was decided, with the message; what comes from now on is gathered anew."""

    async def wake_owners(self) -> None:
        """Every owner looks at its timers once this transaction is committed."""


class ClosedGatherings(Struct, frozen=True):
    """`people` rows were told or found to have nothing to tell. `to_send`: there are new messages."""

    people: int = 0
    decisions: tuple[SignalDecision, ...] = ()
    to_send: bool = False


class GatheringService:
    """`quiet` is how many seconds have to pass without a first look before a person is told of those that came."""

    def __init__(self, *, quiet: float, final: frozenset[str]) -> None:
        self._quiet = quiet
        self._final = final

    async def gather(self, decided: Sequence[AccountDecisions], rows: GatheringRows[_Gathering]) -> None:
        looks = [(look, account.at) for account in decided for look in account.gathered]
        taken_out = [(look, account.at) for account in decided for look in account.taken_out]
        if looks or taken_out:
            await rows.gather(looks, taken_out=taken_out, quiet=self._quiet)

    async def close_due(self, rows: GatheringRows[_Gathering], *, regardless: bool) -> ClosedGatherings:
        """A row that is closed is deleted in the same transaction, so a second try finds nothing due."""
        due = await rows.due(most=PERSONS_AT_ONCE, regardless=regardless)
        decisions: list[SignalDecision] = []
        to_send = False
        for gathering in due:
            told = tell_gathering(await rows.members(gathering, final=self._final))
            await rows.close(gathering, told)
            decisions += [SignalDecision(name, reason) for name, reason in told.reasons.items()]
            to_send = to_send or bool(told.told)
        return ClosedGatherings(len(due), tuple(decisions), to_send)
