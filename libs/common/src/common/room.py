"""Room for connections: each is an open file, and a process may open so many only."""

import resource
from dataclasses import replace
from typing import Final

import structlog

from common.connections import ConnectionLimits

_log = structlog.get_logger()
_OTHER_FILES: Final = 500


def make_room(limits: ConnectionLimits) -> ConnectionLimits:
    """Lets the process hold so many files open, as far as it may decide that itself: 1,024 is a common default. The
    limits that hold then: fewer connections, and said so, where the files do not suffice.
    """
    most, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = limits.connections + _OTHER_FILES
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if most != resource.RLIM_INFINITY and most < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    if allowed == wanted:
        return limits
    connections = min(limits.connections, max(allowed - _OTHER_FILES, allowed // 2))
    _log.warning("connections.lowered", wanted=limits.connections, connections=connections, files=allowed)
    return replace(limits, connections=connections)
