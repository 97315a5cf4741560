"""`python -m digest.play CARD ..`: plays the workload by each card and prints one digest, the form and the Python.

It needs the core and what that imports, nothing else.
"""

import platform
import sys
from collections.abc import Sequence
from hashlib import blake2b
from math import inf
from pathlib import Path
from random import Random

import msgspec

from common.contracts.signals import encode_signals_record
from digest.workload import DAYS, SEED, START, Record, records
from scoring.cards.country_days import country_days
from scoring.cards.identity import identify, use_pinned_time_zones
from scoring.cards.load import load
from scoring.core_form import core_form
from scoring.health.account import Account
from scoring.health.feeds import NO_PAUSES, FeedPause, Pauses
from scoring.health.first_look import FIRST_LOOK_SECONDS
from scoring.health.scorer import Scorer
from scoring.health.view import Step

ACCOUNTS = 60
EVENTS = 500
DAY = 86_400.0
# How often all accounts are told the time, and the most that one tick is later than the one before.
TICK = 2.5 * DAY


class Player:
    """Takes down all bytes and signals that come of the records."""

    def __init__(self, scorer: Scorer) -> None:
        self._scorer = scorer
        self._random = Random(SEED)
        self._accounts: dict[str, Account] = {}
        self._hash = blake2b(digest_size=16)
        self._pauses: Pauses = NO_PAUSES
        self.signals = 0

    def apply(self, record: Record) -> None:
        account = self._accounts.get(record.account_id)
        if account is None:
            account = self._accounts[record.account_id] = self._scorer.create(record.account_id, self._pauses)
        self._take_down(self._scorer.apply(account, record.event, record.at))
        if self._random.random() < 0.1:
            body = self._take_down_state(account)
            self._accounts[record.account_id] = self._scorer.load(record.account_id, body, self._pauses)

    def tick(self, at: float) -> None:
        """Of the accounts with something due every second one learns it here, the others by their next event."""
        for number, account in enumerate(self._accounts.values()):
            due = self._scorer.find_due(account)
            self._hash.update(repr(due).encode())
            if number % 2 and due is not None and due <= at:
                self._take_down(self._scorer.advance(account, at))

    def announce(self, pauses: Pauses) -> None:
        """These hold accounts from now on."""
        self._pauses = pauses
        for account_id, account in self._accounts.items():
            body = self._take_down_state(account)
            self._accounts[account_id] = self._scorer.load(account_id, body, pauses)

    def digest(self) -> str:
        for account in self._accounts.values():
            self._take_down_state(account)
        return self._hash.hexdigest()

    def _take_down(self, step: Step) -> None:
        self.signals += len(step.signals)
        for signal in step.signals:
            self._hash.update(encode_signals_record(signal))
        self._hash.update(msgspec.json.encode((step.days, step.mismatches)))

    def _take_down_state(self, account: Account) -> bytes:
        body = self._scorer.dump(account)
        self._hash.update(body)
        return body


def main(card_files: Sequence[str]) -> None:
    use_pinned_time_zones()
    players = [play(Path(file)) for file in card_files]
    together = blake2b("".join([player.digest() for player in players]).encode(), digest_size=16).hexdigest()
    signals = sum([player.signals for player in players])
    print(together, core_form(), platform.python_version(), f"signals={signals}")


def _announced(ticks: int, at: float) -> Pauses | None:
    """Every now and then a source is paused for four ticks and holds for one more; None if nothing is said."""
    source, since = f"source-{ticks // 40 % 3}", at - DAY
    match ticks % 40:
        case 20:
            return (FeedPause(source, since, inf),)
        case 24:
            return (FeedPause(source, since - 4 * TICK, at + DAY),)
        case 25:
            return NO_PAUSES
    return None


def play(card_file: Path) -> Player:
    card = load(card_file.read_text(encoding="utf-8"), str(card_file))
    player = Player(
        Scorer(card, identify(card), strict=False, calendars=country_days, first_look_seconds=FIRST_LOOK_SECONDS)
    )
    tick, ticks = START.timestamp(), 0
    for record in records(ACCOUNTS, EVENTS):
        while tick < record.at:
            player.tick(tick)
            if (pauses := _announced(ticks, tick)) is not None:
                player.announce(pauses)
            tick, ticks = tick + TICK, ticks + 1
        player.apply(record)
    # Silence tells on after the last event.
    player.tick(START.timestamp() + (DAYS + 200) * DAY)
    return player


if __name__ == "__main__":
    main(sys.argv[1:])
