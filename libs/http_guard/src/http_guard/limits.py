"""How many HTTP connections a process serves, and what each may cost."""

import resource
from dataclasses import dataclass, replace
from typing import Final

# Files other than the client connections that are served: lingering ones, log, database, broker, libraries.
_OTHER_FILES: Final = 500


@dataclass(frozen=True)
class ConnectionLimits:
    """Limits of one process (`connections`) and of each of its connections.

    `head_bytes` bounds the request line with all headers, and the framing of a chunked body.
    `head_seconds` runs from the first byte of a request to the end of its head. It also bounds the rest of a body
    whose request was answered early.
    `idle_seconds` bounds a connection without requests, and how long a client may take to read what was written.
    `linger_seconds` bounds how long a refused client may go on sending before it reads the answer, and `lingering` how
    many may at once.
    """

    connections: int = 4_000
    head_bytes: int = 65_536
    head_seconds: float = 10.0
    # Longer than the idle timeout of common load balancers: they close first and never reuse a closed connection.
    idle_seconds: int = 75
    linger_seconds: float = 2.0
    lingering: int = 200


def raise_file_limit(limits: ConnectionLimits) -> ConnectionLimits:
    """Raises the process's soft limit of open files (often 1,024) to what the connections need.

    If the hard limit is too low, returns limits with fewer connections.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = limits.connections + _OTHER_FILES
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    if allowed == wanted:
        return limits
    return replace(limits, connections=min(limits.connections, max(allowed - _OTHER_FILES, allowed // 2)))
