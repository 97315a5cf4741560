"""A set of offsets of one partition that takes one bit for each, for millions of them. Pure."""


class OffsetSet:
    """Takes one bit for each offset from `first`, the smallest that it may hold, to the greatest one added."""

    def __init__(self, first: int) -> None:
        self._first = first
        self._bits = bytearray()

    def add(self, offset: int, *, below: int) -> None:
        """Ignores an offset outside `first` to `below`, so that a wrong one costs no memory."""
        place = offset - self._first
        if not 0 <= place < below - self._first:
            return
        if (missing := place // 8 + 1 - len(self._bits)) > 0:
            self._bits.extend(bytes(missing))
        self._bits[place // 8] |= 1 << place % 8

    def __contains__(self, offset: int) -> bool:
        place = offset - self._first
        return 0 <= place < len(self._bits) * 8 and bool(self._bits[place // 8] >> place % 8 & 1)
