"""Garbage collector and heap settings of a process that runs for months."""

import asyncio
import ctypes
import gc

from common.stopping import stopped_within

# A batch makes thousands of short-lived objects that reference counting frees: frequent collections find nothing.
_GC_THRESHOLDS = (20_000, 20, 20)
_TRIM_SECONDS = 60.0


def tune_garbage_collector() -> None:
    """Exempts all imported objects from collection: scanning them pauses the process and frees nothing."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GC_THRESHOLDS)


async def trim_heap_periodically(stop: asyncio.Event, *, every: float = _TRIM_SECONDS) -> None:
    """Returns free heap memory to the kernel every so many seconds.

    glibc never returns the holes that large blocks leave in its heap. Mapping large blocks instead
    (M_MMAP_THRESHOLD) costs new pages for each of them. Trimming takes milliseconds, in a thread.
    """
    while not await stopped_within(every, stop):
        await asyncio.to_thread(trim_heap)


def trim_heap() -> None:
    """Does nothing where the C library has no `malloc_trim`."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
