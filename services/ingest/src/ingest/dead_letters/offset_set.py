"""A set of offsets of one partition at one bit each, for millions of them. Pure."""


class OffsetSet:
    """Takes memory for the range from the first offset that it may hold to the greatest one added."""

    def __init__(self, first: int) -> None:
        self._first = first
        self._bits = bytearray()

    def add(self, offset: int, *, below: int) -> None:
        """Passes over what is not from `first` to `below`, so that no wrong offset costs memory."""
        place = offset - self._first
        if not 0 <= place < below - self._first:
            return
        if (missing := place // 8 + 1 - len(self._bits)) > 0:
            self._bits.extend(bytes(missing))
        self._bits[place // 8] |= 1 << place % 8

    def __contains__(self, offset: int) -> bool:
        place = offset - self._first
        return 0 <= place < len(self._bits) * 8 and bool(self._bits[place // 8] >> place % 8 & 1)
