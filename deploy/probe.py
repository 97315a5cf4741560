"""Whether the process in this container answers: `probe.py [PATH]`, /healthz by default; exit code 0 if with 200."""

import os
import sys
from http.client import HTTPConnection, HTTPException

TIMEOUT = 2.0


def trouble(path: str, *, port: int) -> str | None:
    """None if all is well, else what is not, for `docker inspect`."""
    # urllib would ask the proxy that a container may have been told of.
    connection = HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        said = answer.read(1000).decode(errors="replace")
    except (OSError, HTTPException) as error:
        return f"{path}: {error!r}"
    finally:
        connection.close()
    return None if answer.status == 200 else f"{path}: {answer.status} {said}"


if __name__ == "__main__":
    sys.exit(trouble(sys.argv[1] if len(sys.argv) > 1 else "/healthz", port=int(os.environ.get("PROBE_PORT", "8080"))))
