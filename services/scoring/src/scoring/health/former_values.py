"""One value before the present one, so that a retraction can bring it back.

An entry begins with its event's moment and holds the hash of its event's id. `present` has the entry that counts for
each key, `former` the one before it by event time. Whatever was before that one is forgotten, so the state is bounded.
"""

from typing import Any, Final, TypeVar

K = TypeVar("K")
E = TypeVar("E", bound=tuple[Any, ...])

# The moment (UTC) of an event, what it said (raised or cleared, champion or not), and the hash of its id.
Mark = tuple[float, bool, int]
# The place of the hash in a mark.
MARK_HASH: Final = 2


def marks_of(stored: Any) -> dict[int, Mark]:
    """Marks by their key, as they come from a stored state."""
    return {key: (mark[0], mark[1], mark[2]) for key, mark in stored.items()}


def write_newest(present: dict[K, E], former: dict[K, E], key: K, entry: E) -> bool:
    """Writes an entry; whether it counts now. Of two at one moment the later in the log does.

    An entry that comes late is kept as the former one if it is newer than that.
    """
    newest = present.get(key)
    if newest is None:
        present[key] = entry
        return True
    if newest[0] <= entry[0]:
        present[key], former[key] = entry, newest
        return True
    before = former.get(key)
    if before is None or before[0] <= entry[0]:
        former[key] = entry
    return False


def write_earliest(present: dict[K, E], former: dict[K, E], key: K, entry: E) -> bool:
    """Writes an entry where the earliest counts; whether it counts now. Of two at one moment the first in the log does.

    Here the former one is the second earliest.
    """
    earliest = present.get(key)
    if earliest is None:
        present[key] = entry
        return True
    if entry[0] < earliest[0]:
        present[key], former[key] = entry, earliest
        return True
    second = former.get(key)
    if second is None or entry[0] < second[0]:
        former[key] = entry
    return False


def take_back(present: dict[K, E], former: dict[K, E], by: int, *, hash_at: int = 1) -> bool:
    """Takes back what the event with this hash wrote; whether any of it counted.

    The former entry comes back, or none. What counts no more, but would come back, is forgotten. `hash_at` is the place
    of the hash in an entry.
    """
    undone = False
    for key in [key for key, entry in former.items() if entry[hash_at] == by]:
        del former[key]
    for key in [key for key, entry in present.items() if entry[hash_at] == by]:
        undone = True
        before = former.pop(key, None)
        if before is None:
            del present[key]
        else:
            present[key] = before
    return undone
