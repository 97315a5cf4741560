"""How a process that lives for months treats its memory."""

import asyncio
import ctypes
import gc

# A batch makes thousands of objects that die with it by themselves: to look at them each time finds nothing.
_COLLECT = (20_000, 20, 20)
_EVERY = 60.0  # seconds


def spare_what_stays() -> None:
    """What has been imported is never garbage; walking it takes the collector long, with everybody waiting."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECT)


async def keep_lean(stop: asyncio.Event, *, every: float = _EVERY) -> None:
    """Gives back what is free, every so many seconds.

    glibc keeps the holes that large blocks leave in its heap for ever. Not to put them there (M_MMAP_THRESHOLD) makes
    every large block pay for new pages; to empty the holes now and then takes milliseconds, in a thread.
    """
    while not stop.is_set():
        try:
            async with asyncio.timeout(every):
                await stop.wait()
        except TimeoutError:
            await asyncio.to_thread(give_back)


def give_back() -> None:
    """Of memory that is free, all that can be, to the kernel. Where there is no such call, nothing happens."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
