"""Splits a JSON array that cannot be decoded as a whole into its items, by its brackets and commas alone.

Only a body that msgspec refused comes here. A malformed item is cut out like any other, and answered by itself.
"""

import re
from typing import Final

# A run of what is no structure. In an item commas are none either, between items they are.
_TEXT: Final = rb'"(?:[^"\\]++|\\.)*+"'
_IN_ITEM: Final = re.compile(rb'(?:[^"\[\]{}]++|' + _TEXT + rb")*+([\[{]++|[\]}]++)", re.DOTALL)
_BETWEEN: Final = re.compile(rb'(?:[^"\[\]{},]++|' + _TEXT + rb")*+([\[{]++|[\]},])", re.DOTALL)
# Each step takes about half a microsecond, and everybody else waits for it.
_MOST_STEPS: Final = 200_000


def split_array(body: bytes, start: int, *, most_items: int) -> list[bytes] | None:
    """The items of the array that opens at `start`, undecoded; at most one more than `most_items`.

    None if the array does not end where the body ends: nobody can tell then where an item ends. None too for so many
    brackets that the search would hold up other requests.
    """
    items: list[bytes] = []
    begun = at = start + 1
    depth = 0
    for _ in range(_MOST_STEPS):
        found = (_IN_ITEM if depth else _BETWEEN).match(body, at)
        if found is None:
            return None
        mark, at = found[1], found.end()
        if mark[0] in b"[{":
            depth += len(mark)
        elif depth:
            # The run may close the item and the array behind it.
            inside = min(depth, len(mark))
            at -= len(mark) - inside
            depth -= inside
        elif mark == b",":
            items.append(body[begun : at - 1])
            begun = at
            if len(items) > most_items:
                return items
        elif mark == b"]" and not body[at:].strip(b" \t\r\n"):
            items.append(body[begun : at - 1])
            return items
        else:
            return None
    return None
