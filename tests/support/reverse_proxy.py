"""Caddy with deploy/Caddyfile as a process, before services of this machine."""

import os
import shutil
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from local.stack.processes import Process, free_port
from local.stack.servers import CHECKOUT

CADDYFILE = CHECKOUT / "deploy" / "Caddyfile"
MISSING = "no caddy (Debian: caddy)"
START_SECONDS = 30.0


def available() -> bool:
    return shutil.which("caddy") is not None


def environment(home: Path) -> dict[str, str]:
    """Certificates and whatever else Caddy keeps go below `home`."""
    return {"HOME": str(home), "XDG_DATA_HOME": str(home), "XDG_CONFIG_HOME": str(home)}


@contextmanager
def before(
    upstreams: Mapping[str, int],
    *,
    directory: Path,
    seconds: Mapping[str, float] | None = None,
    without: str | None = None,
    scheme: str = "http",
) -> Iterator[dict[str, int]]:
    """Caddy's port for each service, by its name in the Caddyfile ("INGEST"); `upstreams` has the services' ports.

    `seconds` replaces the file's timeouts, by their names; `without` is a line to leave out. Raises `ServerError` if
    Caddy does not start.
    """
    directory.mkdir(parents=True, exist_ok=True)
    text = CADDYFILE.read_text()
    for name, value in (seconds or {}).items():
        text = with_timeout(text, name, value)
    if without is not None:
        assert without in text
        text = text.replace(without, "")
    config = directory / "Caddyfile"
    config.write_text(text)
    ports = {name: free_port() for name in ("INGEST", "SCORING", "ALERTS", "CONSOLE")}
    host = "localhost" if scheme == "https" else ""
    sites = {f"{name}_SITE": f"{scheme}://{host}:{port}" for name, port in ports.items()}
    behind = {f"{name}_UPSTREAM": f"127.0.0.1:{port}" for name, port in upstreams.items()}
    process = Process(
        ["caddy", "run", "--adapter", "caddyfile", "--config", str(config)],
        log=directory / "caddy.log",
        env={**os.environ, **environment(directory), **sites, **behind},
    )
    try:
        process.wait_until(lambda: all(map(_accepts, ports.values())), timeout=START_SECONDS)
        yield {name: ports[name] for name in upstreams}
    finally:
        process.stop()


def with_timeout(text: str, name: str, seconds: float) -> str:
    """The Caddyfile with another timeout, which must stand in it."""
    line = next(line for line in text.splitlines() if line.split()[:1] == [name])
    return text.replace(line, f"{name} {round(seconds * 1000)}ms")


def _accepts(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False
