"""How a process that lives for months treats its memory."""

import ctypes
import gc

# A batch makes thousands of objects that die with it by themselves: to look at them each time finds nothing.
_COLLECT = (20_000, 20, 20)

# glibc's, from its malloc.h and as it is before anything was freed.
_MMAP_THRESHOLD = -3
_LARGE = 128 * 1024


def settle() -> None:
    """To be called once, when all is imported and before the work begins."""
    _spare_what_stays()
    _give_back_what_is_large()


def _spare_what_stays() -> None:
    """What has been imported is never garbage; walking it takes the collector long, with everybody waiting."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECT)


def _give_back_what_is_large() -> None:
    """glibc takes a large block for itself and gives it back when it is freed, until the first is freed: from then on
    blocks up to that size come from the heap, and the holes that they leave there stay.

    Set, the size of what is large stays as it is. Where there is no such setting, nothing happens.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, _LARGE)
