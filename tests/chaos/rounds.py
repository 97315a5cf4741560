"""A round: traffic, faults at their moments, quiet, and the count."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from random import Random

import msgspec
from msgspec import Struct
from sqlalchemy.exc import DBAPIError

from alerts.errors import Failure
from chaos.check import Figures, Findings, Kind, Violation, checked
from chaos.faults import ABOUT, Fault
from chaos.plan import Round, Strike
from chaos.strikes import carry_out
from chaos.system_under_test import Missed, NotReady, SystemUnderTest
from chaos.witness import Witness

AFTERWARDS = 2.0  # seconds of traffic after the last fault
LEVEL_SECONDS = 180.0
ON_ITS_WAY = 0.3  # seconds, for what a worker had said when it was put to sleep
RESTING = 0.25
_POLL = 0.2
_STANDING = {
    "scored": "SELECT DISTINCT ON (partition) partition, to_offset FROM scoring.journal ORDER BY partition, seq DESC",
    "read": "SELECT partition, to_offset FROM alerts.progress",
    "untold": "SELECT count(*) FROM scoring.outbox",
    "waiting": "SELECT count(*) FROM alerts.alert WHERE waiting",
    "pending": "SELECT count(*) FROM alerts.notification WHERE status = 'pending'",
    "held": "SELECT count(*) FROM alerts.timer",
    "overdue": "SELECT count(*) FROM scoring.timer WHERE due < extract(epoch FROM now()) - 5",
}


class Outcome(Struct, frozen=True):
    """`struck` came about, `missed` did not; `figures` are the camp's up to now."""

    struck: tuple[Fault, ...]
    missed: tuple[Fault, ...]
    figures: Figures
    violations: tuple[Violation, ...]
    seconds: float
    unexplained: int = 0


class Rounds:
    """One after the other in the same camp."""

    def __init__(self, under_test: SystemUnderTest, witness: Witness, *, workers: int) -> None:
        self._under_test = under_test
        self._witness = witness
        self._workers = workers
        self._before = Figures()
        self._no_answers = 0

    async def fight(self, one: Round) -> Outcome:
        """Never raises what a fault could cause."""
        began = time.monotonic()
        missed: list[Fault] = []
        findings = Findings(self._before)
        violations: list[Violation] = []
        try:
            await self._befall(one, missed)
            await self._come_level()
            async with self._scoring_held():
                await self._come_to_the_end()
                findings = checked(await self._witness.evidence())
        except* NotReady as group:
            violations += [Violation(Kind.NOT_LEVEL, str(error)) for error in _leaves(group)]
        except* AssertionError as group:
            violations += [Violation(Kind.TABLE, f"the recount failed: {error}") for error in _leaves(group)]
        struck = tuple(strike.fault for strike in one.strikes if strike.fault not in missed)
        unexplained = await self._unexplained(struck, findings.figures)
        violations += [*findings.violations, *self._noticed(unexplained)]
        self._before = findings.figures
        seconds = time.monotonic() - began
        return Outcome(struck, tuple(missed), findings.figures, tuple(violations), seconds, unexplained)

    async def _befall(self, one: Round, missed: list[Fault]) -> None:
        under_test = self._under_test
        await under_test.stand(workers=self._workers)
        accounts = under_test.traffic.accounts
        under_test.traffic.rest(Random(one.seed).sample(accounts, round(len(accounts) * RESTING)))
        async with under_test.traffic.flowing():
            async with asyncio.TaskGroup() as strikes:
                for strike in one.strikes:
                    strikes.create_task(self._strike(strike, missed))
            await under_test.stand(workers=self._workers)
            await asyncio.sleep(AFTERWARDS)

    async def _strike(self, strike: Strike, missed: list[Fault]) -> None:
        await asyncio.sleep(strike.after)
        try:
            await carry_out(self._under_test, strike)
        except Missed:
            missed.append(strike.fault)

    async def _come_level(self) -> None:
        """All that was posted is scored, told, decided and sent; no timer is overdue, and alerts holds nothing back."""
        ends = await self._witness.ends(self._under_test.system.deployment.topics.events)

        async def level() -> bool:
            found = await self._standing()
            counts = ("untold", "waiting", "pending", "held", "overdue")
            return _reached(found["scored"], ends) and not any(found[name][0][0] for name in counts)

        await self._until(level)

    @asynccontextmanager
    async def _scoring_held(self) -> AsyncIterator[None]:
        """While its workers sleep, nothing that is counted changes."""
        workers = self._under_test.those("worker")
        for worker in workers:
            worker.freeze()
        try:
            await asyncio.sleep(ON_ITS_WAY)
            yield
        finally:
            for worker in workers:
                worker.thaw()

    async def _come_to_the_end(self) -> None:
        """All that has been told is decided and sent."""
        ends = await self._witness.ends(self._under_test.system.deployment.topics.signals)

        async def quiet() -> bool:
            found = await self._standing()
            return _reached(found["read"], ends) and not found["pending"][0][0]

        await self._until(quiet)

    async def _standing(self) -> Mapping[str, list[tuple[int, ...]]]:
        return await self._under_test.system.snapshot(_STANDING)

    async def _until(self, holds: Callable[[], Awaitable[bool]]) -> None:
        """Raises `NotReady` with what the system is waiting for."""
        deadline = time.monotonic() + LEVEL_SECONDS
        while True:
            with suppress(DBAPIError, OSError):
                if await holds():
                    return
            if time.monotonic() > deadline:
                raise NotReady(f"not level in {LEVEL_SECONDS:.0f} s: {await self._standing()}")
            await asyncio.sleep(_POLL)

    async def _unexplained(self, struck: Collection[Fault], figures: Figures) -> int:
        """Repeats of this round for which neither a fault accounts nor a channel that gave no answer in time."""
        query = f"SELECT count(*) FROM alerts.attempt WHERE outcome = '{Failure.NO_ANSWER.value}'"
        ((total,),) = await self._under_test.system.rows(query)
        silent, self._no_answers = total - self._no_answers, total
        repeats = figures.repeats - self._before.repeats
        if any(ABOUT[fault].repeats for fault in struck):
            return 0
        return max(0, int(repeats - silent))

    def _noticed(self, unexplained: int) -> list[Violation]:
        """What did not take the checker to see."""
        under_test = self._under_test
        found = [Violation(Kind.ENDED, words) for words in under_test.ended]
        found += [Violation(Kind.ANSWER, words) for words in under_test.traffic.complaints]
        under_test.ended.clear()
        under_test.traffic.complaints.clear()
        if unexplained:
            found.append(Violation(Kind.UNEXPLAINED, f"{unexplained} messages"))
        return found


def _leaves(group: BaseExceptionGroup[Exception]) -> Iterator[Exception]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error


def _reached(found: list[tuple[int, ...]], ends: Mapping[int, int]) -> bool:
    reached = {partition: offset for partition, offset in found}
    return all(reached.get(partition, 0) >= end for partition, end in ends.items())


def since(before: Figures, after: Figures) -> Figures:
    """What a round added."""
    return _joined(before, after, lambda one, other: other - one)


def added(one: Figures, other: Figures) -> Figures:
    return _joined(one, other, lambda first, second: first + second)


def _joined(one: Figures, other: Figures, join: Callable[[int, int], int]) -> Figures:
    pairs = zip(msgspec.structs.astuple(one), msgspec.structs.astuple(other), strict=True)
    return Figures(**dict(zip(Figures.__struct_fields__, (join(*pair) for pair in pairs), strict=True)))
