"""aiokafka repeats itself 150 times a second while a broker is away; one line a second of each is enough."""

import logging
import time
from collections.abc import Callable


class OncePerSecond(logging.Filter):
    """Lets through one record a second of each (logger, level, message before its arguments)."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._last: dict[tuple[str, int, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        kind = (record.name, record.levelno, str(record.msg))
        now = self._clock()
        if now - self._last.get(kind, float("-inf")) < 1.0:
            return False
        self._last[kind] = now
        return True


def quieten_aiokafka() -> None:
    """A logger's filter does not see what its children log: each of them gets one, once."""
    for name in [name for name in logging.root.manager.loggerDict if name.split(".")[0] == "aiokafka"]:
        logger = logging.getLogger(name)
        if not any(isinstance(known, OncePerSecond) for known in logger.filters):
            logger.addFilter(OncePerSecond())
