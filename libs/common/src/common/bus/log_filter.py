"""A filter for repeated log lines: aiokafka logs 150 lines a second while a broker is away."""

import logging
import time
from collections.abc import Callable


class RepeatFilter(logging.Filter):
    """Passes one line a minute of each (logger, level, message template); below WARNING one a second.

    Nothing is lost by it: the services report outages in lines of their own.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._passed: dict[tuple[str, int, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        kind = (record.name, record.levelno, str(record.msg))
        now = self._clock()
        if now - self._passed.get(kind, float("-inf")) < (60.0 if record.levelno >= logging.WARNING else 1.0):
            return False
        self._passed[kind] = now
        return True


def filter_aiokafka_logs() -> None:
    # A logger's filter is not asked about what its child loggers log, so each child gets a filter.
    for name in [name for name in logging.root.manager.loggerDict if name.split(".")[0] == "aiokafka"]:
        logger = logging.getLogger(name)
        if not any(isinstance(known, RepeatFilter) for known in logger.filters):
            logger.addFilter(RepeatFilter())
