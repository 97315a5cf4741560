"""Decides which merges are taken. A merged account goes on as another one, which may itself be merged. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct

from common.contracts.events import Event
from ingest.errors import FieldError, FieldErrorReason

MERGED: Final = "account.merged"
MOST_ALIASES: Final = 100_000
_INTO: Final = "properties.into"


class AliasesUnavailable(Exception):
    """The aliases cannot be read or written: answer 503, because an account of the request may have been merged."""


class Alias(Struct, frozen=True):
    """The account that a merged one goes on as; `at` is the time of the merge."""

    into: str
    at: datetime


class Merge(Struct, frozen=True):
    """What an event `account.merged` says, and the source and id of that event."""

    account_id: str
    alias: Alias
    source: str
    event_id: str


class DecidedMerges(Struct, frozen=True):
    """`written` are the merges to store, by account; `refused` says why others are not taken, by their place."""

    written: Mapping[str, Merge]
    refused: Mapping[int, FieldError]


def merge_of(event: Event) -> Merge:
    """The merge that an `account.merged` says; its properties must have been checked."""
    return Merge(event.account_id, Alias(event.properties["into"], event.time), event.source, event.event_id)


def decide_merges(stored: Mapping[str, Alias], merges: Sequence[Merge], *, room: int) -> DecidedMerges:
    """`stored` are the aliases of these accounts and of all that they lead to; `room` is how many more fit.

    Of several merges of one account the one with the latest time counts; of equal times the last one.
    """
    aliases, written, refused = dict(stored), dict[str, Merge](), dict[int, FieldError]()
    for place, merge in enumerate(merges):
        account_id, alias = merge.account_id, merge.alias
        before = aliases.get(account_id)
        if alias.into == account_id:
            refused[place] = _refused(FieldErrorReason.MERGE_CYCLE, "expected another account than account_id")
        elif before is not None and before.at > alias.at:
            continue
        elif account_id in _chain(aliases, alias.into):
            detail = f"{alias.into} goes on as {account_id}, by merges before this one"
            refused[place] = _refused(FieldErrorReason.MERGE_CYCLE, detail)
        elif before is None and room == 0:
            detail = f"{MOST_ALIASES:,} accounts were merged before, and no more can be: tell whoever operates ingest"
            refused[place] = _refused(FieldErrorReason.TOO_MANY_MERGES, detail)
        else:
            room -= before is None
            aliases[account_id], written[account_id] = alias, merge
    return DecidedMerges(written, refused)


def last_of_chains(aliases: Mapping[str, Alias]) -> dict[str, str]:
    """The final account of each merged one."""
    last: dict[str, str] = {}
    for account_id in aliases:
        chain = [account_id]
        # Somebody may have stored a circle by hand; the walk ends at the first account that comes twice.
        seen = {account_id}
        while (alias := aliases.get(chain[-1])) is not None and chain[-1] not in last and alias.into not in seen:
            chain.append(alias.into)
            seen.add(alias.into)
        end = last.get(chain[-1], chain[-1])
        last |= dict.fromkeys(chain[:-1], end)
    return last


def _chain(aliases: Mapping[str, Alias], account_id: str) -> Iterable[str]:
    """The account, and one after the other those that it goes on as. Stored aliases have no circle."""
    while (alias := aliases.get(account_id)) is not None:
        yield account_id
        account_id = alias.into
    yield account_id


def _refused(reason: FieldErrorReason, detail: str) -> FieldError:
    return FieldError(_INTO, reason, detail)
