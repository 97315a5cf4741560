"""A sum in which everything fades from its own moment on: the state behind rates, ratios and distinct counts."""

from math import inf, log2

from msgspec import Struct


class Decayed(Struct, array_like=True):
    """`total` as of `newest`, the latest moment of all that was added. Order does not matter, late is exact."""

    total: float = 0.0
    newest: float = -inf

    def add(self, weight: float, *, moment: float, half_life: float) -> None:
        """`half_life` is seconds here and below."""
        if moment >= self.newest:
            self.total = self.total * faded(moment - self.newest, half_life) + weight
            self.newest = moment
        else:
            self.total += weight * faded(self.newest - moment, half_life)

    def log2_at(self, moment: float, half_life: float) -> float:
        if self.total <= 0.0:
            return -inf
        return log2(self.total) - (moment - self.newest) / half_life

    def falls_below(self, line: float, half_life: float) -> float:
        """The moment from which the sum is under `line` if nothing is added: maybe always, maybe never."""
        if line <= 0.0:
            return inf
        if self.total <= 0.0:
            return -inf
        return self.newest + (log2(self.total) - log2(line)) * half_life


def faded(age: float, half_life: float) -> float:
    """What is left of 1 after `age` seconds, which is never negative here."""
    return float(2.0 ** (-age / half_life))
