"""`dead list`: the newest matching letters, and the number of all matching ones by reason."""

import heapq
from collections import Counter
from contextlib import aclosing

from msgspec import Struct, field
from msgspec.structs import replace

from common.bus.ports import PlainRecord
from ingest.dead_letters.letter import DeadLetter
from ingest.dead_letters.reading import DeadTopic, ScanTooLong
from ingest.dead_letters.selection import LetterSelection

# Any program may write reasons, so the number of counted ones is bounded.
_MOST_REASONS = 50
OTHER_REASONS = "(others)"


class ListedLetter(Struct, frozen=True):
    """In a list the letter's record has no bytes: a thousand of the largest would take a gigabyte."""

    letter: DeadLetter
    resent: bool


class LetterList(Struct):
    """`counts` has all matching letters by reason, `resent` those sent again. `newest` has at most `limit` letters.

    `complete` is false if limits have left out letters: then the counts are of those that were read.
    """

    newest: list[ListedLetter] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    resent: Counter[str] = field(default_factory=Counter)
    complete: bool = True


async def list_letters(dead: DeadTopic, selection: LetterSelection, *, limit: int) -> LetterList:
    """Holds `limit` letters in memory, and one bit for each letter of a partition. Raises `BusUnavailable`."""
    found = LetterList()
    newest: list[tuple[int, int, int, ListedLetter]] = []
    try:
        for partition in selection.partitions(await dead.partitions()):
            resent = await dead.resent(partition, selection)
            async with aclosing(dead.letters(partition, selection)) as letters:
                async for letter in letters:
                    listed = ListedLetter(_without_bytes(letter), letter.position.offset in resent)
                    _count(found, listed)
                    # The position makes the order complete: letters themselves are never compared.
                    entry = (letter.timestamp, *letter.position, listed)
                    (heapq.heappush if len(newest) < limit else heapq.heappushpop)(newest, entry)
    except ScanTooLong:
        found.complete = False
    found.complete = found.complete and not dead.older_left_out
    found.newest = [listed for *_, listed in sorted(newest, key=lambda entry: entry[:3])]
    return found


def _without_bytes(letter: DeadLetter) -> DeadLetter:
    return replace(letter, record=PlainRecord(*letter.position, letter.timestamp, None, None))


def _count(found: LetterList, listed: ListedLetter) -> None:
    reason = listed.letter.reason
    if reason not in found.counts and len(found.counts) >= _MOST_REASONS:
        reason = OTHER_REASONS
    found.counts[reason] += 1
    if listed.resent:
        found.resent[reason] += 1
