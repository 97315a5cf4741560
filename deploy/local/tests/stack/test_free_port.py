import socket
from pathlib import Path

import pytest

from local.stack import processes
from local.stack.processes import free_port

OUTGOING = Path("/proc/sys/net/ipv4/ip_local_port_range")


@pytest.mark.skipif(not OUTGOING.exists(), reason="this system does not say which ports outgoing connections take")
def test_no_outgoing_connection_takes_it() -> None:
    first = int(OUTGOING.read_text().split()[0])
    assert max(free_port() for _ in range(500)) < first


def test_nobody_listens_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as listener:
        taken = free_port()
        listener.bind(("127.0.0.1", taken))
        listener.listen()
        monkeypatch.setattr(processes, "_OWN_PORTS", (taken, taken + 9))
        assert taken not in {free_port() for _ in range(100)}


def test_no_port_is_given_twice_in_a_row() -> None:
    """Of 500 that are only drawn, two are equal in 99 of 100 tries."""
    ports = [free_port() for _ in range(500)]
    assert len(set(ports)) == len(ports)
