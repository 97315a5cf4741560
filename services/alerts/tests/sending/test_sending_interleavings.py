"""Guarantee 7 in any order of events: three replicas, each step of each message on its own, crashes and lost leases."""

import random
from collections import Counter
from enum import Enum

import pytest
from sqlalchemy import text

from alerts.errors import Failure
from alerts.postgres.notification_queue import PostgresNotificationQueue
from alerts.routing.destination import Target
from alerts.sending.claims import AttemptOutcome, ClaimedMessage, Failed, Sent
from support.alerts_sending import DANA, DESK, SendingHarness

_PENDING = text("SELECT 1 FROM alerts.notification WHERE status = 'pending' LIMIT 1")
TARGETS = (DESK, DANA)
ACCOUNTS = ("a", "b")


class Stage(Enum):
    CLAIMED = 1
    RENEWED = 2  # whatever happens from here on until it is written down may repeat the message
    TRIED = 3


class Holding:
    def __init__(self, claimed: ClaimedMessage) -> None:
        self.claimed = claimed
        self.stage = Stage.CLAIMED
        self.outcome: AttemptOutcome = Sent()


class Simulation:
    """Everything that happened, as nobody inside can see it."""

    def __init__(self, sending: SendingHarness, seed: int) -> None:
        self.sending = sending
        self.random = random.Random(seed)
        self.replicas: dict[PostgresNotificationQueue, list[Holding]] = {sending.queue(): [] for _ in range(3)}
        self.arrived: list[str] = []
        self.excused: Counter[str] = Counter()  # how often a message may have been repeated

    async def step(self, *, failures: bool) -> None:
        replica = self.random.choice(list(self.replicas))
        holdings = self.replicas[replica]
        if holdings and self.random.random() < 0.75:
            await self._move(replica, self.random.choice(holdings), failures=failures)
        else:
            holdings.extend(Holding(claimed) for claimed in await self.sending.claim(replica))

    async def crash(self) -> None:
        replica = self.random.choice(list(self.replicas))
        self._excuse(self.replicas.pop(replica))
        self.replicas[self.sending.queue()] = []

    async def lose_leases(self) -> None:
        """Every replica is stopped for longer than a lease."""
        for holdings in self.replicas.values():
            self._excuse(holdings)
        await self.sending.let_leases_end()

    def _excuse(self, holdings: list[Holding]) -> None:
        for holding in holdings:
            if holding.stage is not Stage.CLAIMED:
                self.excused[holding.claimed.notification_id] += 1

    async def _move(self, replica: PostgresNotificationQueue, holding: Holding, *, failures: bool) -> None:
        claimed = holding.claimed
        if holding.stage is Stage.CLAIMED:
            if await replica.renew(claimed):
                holding.stage = Stage.RENEWED
            else:
                self.replicas[replica].remove(holding)
        elif holding.stage is Stage.RENEWED:
            holding.outcome = self._outcome() if failures else Sent()
            if isinstance(holding.outcome, Sent) or holding.outcome.maybe_told:
                self.arrived.append(claimed.notification_id)
            holding.stage = Stage.TRIED
        else:
            await replica.record(claimed, holding.outcome, ago=0.0)
            if isinstance(holding.outcome, Failed) and holding.outcome.maybe_told:
                self.excused[claimed.notification_id] += 1
            self.replicas[replica].remove(holding)

    def _outcome(self) -> AttemptOutcome:
        fate = self.random.random()
        if fate < 0.2:
            return Failed(Failure.UNAVAILABLE, "", maybe_told=False, retry_in=0.0)
        if fate < 0.3:
            return Failed(Failure.NO_ANSWER, "", maybe_told=True, retry_in=0.0)
        return Sent()

    async def finish(self) -> None:
        """Nothing more goes wrong."""
        while await self.sending.rows(_PENDING) or any(self.replicas.values()):
            await self.step(failures=False)


async def messages(sending: SendingHarness) -> dict[tuple[Target, str], list[str]]:
    made: dict[tuple[Target, str], list[str]] = {}
    for n in range(16):
        target, account = TARGETS[n % 2], ACCOUNTS[n // 2 % 2]
        made.setdefault((target, account), []).append(await sending.message(target, account=account, rank=n % 3))
    return made


@pytest.mark.parametrize("seed", range(3))
async def test_without_a_crash_every_message_arrives_once(sending: SendingHarness, seed: int) -> None:
    made = await messages(sending)
    simulation = Simulation(sending, seed)
    await simulation.finish()
    for names in made.values():
        assert [name for name in simulation.arrived if name in names] == names, "and an account's in their order"
    assert len(simulation.arrived) == 16


@pytest.mark.parametrize("seed", range(10))
async def test_whatever_goes_wrong_nothing_is_lost_and_only_what_was_interrupted_is_repeated(
    sending: SendingHarness, seed: int
) -> None:
    made = await messages(sending)
    simulation = Simulation(sending, seed)
    for _ in range(120):
        await simulation.step(failures=True)
        if simulation.random.random() < 0.05:
            await simulation.crash()
        if simulation.random.random() < 0.05:
            await simulation.lose_leases()
    await simulation.lose_leases()
    await simulation.finish()

    times = Counter(simulation.arrived)
    for names in made.values():
        firsts = [name for name in dict.fromkeys(simulation.arrived) if name in names]
        assert firsts == names, "none lost, and an account's in their order"
    for name in (name for names in made.values() for name in names):
        row, attempts = await sending.row(name), await sending.attempts(name)
        assert times[name] <= 1 + simulation.excused[name]
        assert (row.status, row.lease_token) == ("sent", None)
        assert None not in attempts
        assert attempts.count("sent") >= 1
        assert row.attempts == len(attempts)
        assert row.maybe_told or Failure.NO_ANSWER not in attempts
