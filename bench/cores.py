"""Who runs where: the process under test alone on one core, everything else on the others (Linux)."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from local.stack.processes import ServerError

Cores = frozenset[int]
CORES: Cores = frozenset(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else frozenset()
UNDER_TEST: Cores = frozenset({max(CORES)}) if CORES else frozenset()
BESIDE: Cores = CORES - UNDER_TEST


def check() -> None:
    """Raises `ServerError` where nothing can be kept apart."""
    if not BESIDE:
        raise ServerError("the bench needs Linux and at least two cores: one is for the process under test alone")


@contextmanager
def on(cores: Cores) -> Iterator[None]:
    """Whatever this thread starts in here runs on these cores for as long as it lives."""
    former = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, former)
