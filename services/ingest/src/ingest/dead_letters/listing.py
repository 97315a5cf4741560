"""`dead list`: the newest matching letters, and the number of all matching ones by reason."""

import heapq
from collections import Counter
from contextlib import aclosing
from typing import Any

import msgspec
from msgspec import Struct, field

from ingest.dead_letters.letter import DeadLetter
from ingest.dead_letters.reading import DeadTopic
from ingest.dead_letters.selection import LetterSelection

# Any program may write reasons, so the number of counted ones is bounded.
_MOST_REASONS = 50
OTHER_REASONS = "(others)"


class ListedLetter(Struct, frozen=True):
    letter: DeadLetter
    resent: bool


class LetterList(Struct):
    """`counts` has all matching letters by reason, `resent` those sent again. `newest` has at most `limit` letters."""

    newest: list[ListedLetter] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    resent: Counter[str] = field(default_factory=Counter)


async def list_letters(dead: DeadTopic, selection: LetterSelection, *, limit: int) -> LetterList:
    """Holds `limit` letters in memory, and one bit for each letter of a partition. Raises `BusUnavailable`."""
    found = LetterList()
    newest: list[tuple[int, int, int, ListedLetter]] = []
    for partition in selection.partitions(await dead.partitions()):
        resent = await dead.resent(partition, selection)
        async with aclosing(dead.letters(partition, selection)) as letters:
            async for letter in letters:
                listed = ListedLetter(letter, letter.position.offset in resent)
                _count(found, listed)
                # The position makes the order complete: letters themselves are never compared.
                entry = (letter.timestamp, *letter.position, listed)
                (heapq.heappush if len(newest) < limit else heapq.heappushpop)(newest, entry)
    found.newest = [listed for *_, listed in sorted(newest, key=lambda entry: entry[:3])]
    return found


def _count(found: LetterList, listed: ListedLetter) -> None:
    reason = listed.letter.reason
    if reason not in found.counts and len(found.counts) >= _MOST_REASONS:
        reason = OTHER_REASONS
    found.counts[reason] += 1
    if listed.resent:
        found.resent[reason] += 1


def as_json(found: LetterList) -> bytes:
    letters = [_as_fields(listed) for listed in found.newest]
    return msgspec.json.encode({"letters": letters, "counts": dict(found.counts), "resent": dict(found.resent)})


def _as_fields(listed: ListedLetter) -> dict[str, Any]:
    letter = listed.letter
    return {
        "position": str(letter.position),
        "at": letter.at,
        "reason": letter.reason,
        "origin": letter.origin,
        "source": letter.source,
        "account": letter.account,
        "event": letter.event,
        "event_id": letter.event_id,
        "attempt": letter.attempt,
        "resent": listed.resent,
    }
