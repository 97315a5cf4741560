"""aiokafka repeats itself 150 times a second while a broker is away; a line a minute of each complaint is enough."""

import logging
import time
from collections.abc import Callable


class Repeats(logging.Filter):
    """Lets through one record of each (logger, level, message before its arguments) a minute, below warnings one a
    second: an outage may last for hours, and who uses aiokafka says so too.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._last: dict[tuple[str, int, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        kind = (record.name, record.levelno, str(record.msg))
        now = self._clock()
        if now - self._last.get(kind, float("-inf")) < (60.0 if record.levelno >= logging.WARNING else 1.0):
            return False
        self._last[kind] = now
        return True


def quieten_aiokafka() -> None:
    """A logger's filter does not see what its children log: each of them gets one, once."""
    for name in [name for name in logging.root.manager.loggerDict if name.split(".")[0] == "aiokafka"]:
        logger = logging.getLogger(name)
        if not any(isinstance(known, Repeats) for known in logger.filters):
            logger.addFilter(Repeats())
