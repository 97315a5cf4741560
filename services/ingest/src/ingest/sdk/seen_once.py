"""Remembers what was logged, so that it is logged once; bounded, because clients may invent values."""

from collections import OrderedDict
from collections.abc import Hashable


class SeenOnce:
    """Keeps the `most` that were seen last."""

    def __init__(self, *, most: int = 1_000) -> None:
        self._seen: OrderedDict[Hashable, None] = OrderedDict()
        self._most = most

    def is_first(self, one: Hashable) -> bool:
        """Whether it is not among the remembered ones; remembers it."""
        if one in self._seen:
            self._seen.move_to_end(one)
            return False
        self._seen[one] = None
        if len(self._seen) > self._most:
            self._seen.popitem(last=False)
        return True
