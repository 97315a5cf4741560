"""What a peer measures of itself: from its first event to its last, and the CPU time of all its threads meanwhile."""

import argparse
import json
import resource
import time
from collections.abc import Sequence


class Stretch:
    """`took` after each handful of events; the first handful starts the clock and is not counted."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._done = 0
        self._first = 0
        self._began = self._ended = (0.0, 0.0)
        self.signals = 0

    @property
    def over(self) -> bool:
        return self._done >= self._count

    def took(self, events: int) -> None:
        before, self._done = self._done, self._done + events
        if before == 0:
            self._first, self._began = self._done, _now()
        if self.over and before < self._count:
            self._ended = _now()

    def tell(self) -> None:
        """The last line that is printed is the result."""
        if not self.over:
            raise SystemExit(f"only {self._done} of {self._count} events came")
        seconds, cpu = (end - begin for begin, end in zip(self._began, self._ended, strict=True))
        told = {"events": self._done - self._first, "seconds": seconds, "cpu": cpu, "signals": self.signals}
        print(json.dumps(told), flush=True)


def asked(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--bootstrap", required=True)
    parser.add_argument("--topic", required=True)
    parser.add_argument("--count", type=int, required=True, help="events that are on the topic")
    parser.add_argument("--signals", required=True, help="the topic that signals go to")
    parser.add_argument("--card", default="deploy/scorecard.yml")
    parser.add_argument("--folder", default="", help="where state may be kept")
    return parser.parse_args(argv)


def _now() -> tuple[float, float]:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return time.monotonic(), used.ru_utime + used.ru_stime
