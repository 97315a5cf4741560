"""By whom a signal is caused, read off its body."""

import pytest

from scoring.worker.cause import Cause, cause_of


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        (b'{"type":"signal","cause":["web","e-1"],"at":"2026-03-02T00:00:00Z"}', Cause.EVENT),
        (b'{"type":"signal","cause":"silence@2026-03-02T00:00:00Z"}', Cause.SILENCE),
        (b"written by who knows whom", None),
        (b"{}", None),
        (None, None),
    ],
)
def test_a_signal_says_what_brought_it_about(body: bytes | None, cause: Cause | None) -> None:
    assert cause_of(body) is cause
