"""The connection guard (package `http_guard`) as our processes use it: its metric, log lines and answers."""

import resource

import structlog
from prometheus_client import Counter

from common.problems import Problem
from http_guard.limits import ConnectionLimits, raise_file_limit
from http_guard.refusals import ConnectionEnd, Refusal, RefusalAnswer

_log = structlog.get_logger()


def ended_connections() -> Counter:
    """A counter by `ConnectionEnd`, not registered yet."""
    text = "Connections refused, or ended for what the client did or did not do."
    counter = Counter("churn_http_connections_ended_total", text, ("reason",), registry=None)
    for reason in ConnectionEnd:
        counter.labels(reason)
    return counter


class ProblemRefusals:
    """Counts ended connections in `ended`, logs all but idle ones, and answers refusals with problems.

    The problem's code is the reason.
    """

    def __init__(self, ended: Counter) -> None:
        self._ended = ended

    def connection_ended(self, reason: ConnectionEnd, client: str | None) -> None:
        self._ended.labels(reason).inc()
        if reason is not ConnectionEnd.IDLE:
            _log.warning("request.refused", reason=reason.value, client=client)

    def answer(self, refusal: Refusal) -> RefusalAnswer:
        headers = {} if refusal.retry_after is None else {"retry-after": str(refusal.retry_after)}
        response = Problem(refusal.status, refusal.reason, refusal.detail, headers=headers).response()
        return RefusalAnswer(response.raw_headers, bytes(response.body))


def fit_to_file_limit(limits: ConnectionLimits) -> ConnectionLimits:
    """Raises the limit of open files as `raise_file_limit` does. Logs a warning if fewer connections fit."""
    fitting = raise_file_limit(limits)
    if fitting != limits:
        files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        _log.warning("connections.lowered", wanted=limits.connections, connections=fitting.connections, files=files)
    return fitting
