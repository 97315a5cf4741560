"""What it takes to remember ten million event ids: memory, a look-up, a start, the longest pause. JSON lines.

Times are CPU time, so that neighbours on the machine matter less. `bytes_an_id` is resident memory that is in use;
`resident_bytes_an_id` has what the C library keeps of freed memory too: some 30 MB, however many ids there are.

Each case runs in a process of its own, for the kernel's word on its memory:

    python -m bench.dedupe_memory               all of them, two minutes
    python -m bench.dedupe_memory counted 12    one of them: ids as they come, in twelve partitions
"""

import ctypes
import gc
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from random import Random
from uuid import UUID

from bench.series import percentile
from bench.usage import MEGABYTE, resident
from scoring.partition.dedupe import HOURS, BatchDedupe, SeenIds, digest
from scoring.partition.seen.generation import DIGEST

IDS = 10_000_000
LIMIT = 2_000_000  # SCORING_REMEMBERED_IDS
BATCH = 500
LOOKS = 100_000
LAST = HOURS + 5  # the hour at which a filling ends; those before the 25 that count are forgotten by then
CASES = (("named", 1), ("counted", 12), ("counted", 1), ("filled", 1), ("restored", 12), ("restored", 1))

Figures = dict[str, float]


def counted(partitions: int) -> Figures:
    """Ids as they come, for 30 hours of which 25 are remembered: a worker that has run for long."""
    return _filled(IDS // partitions, partitions, limit=max(LIMIT, IDS // partitions))


def filled(partitions: int) -> Figures:
    """Partitions that remember as many ids as they may: each new one pushes an old one out."""
    return _filled(LIMIT * (LAST + 1) // HOURS, partitions, limit=LIMIT)


def restored(partitions: int) -> Figures:
    """From what a database holds, a blob for each minute of 25 hours, to the moment before the first event."""
    each = IDS // partitions
    size = each // ((HOURS + 1) * 60) * DIGEST
    stored = [[(minute // 60, os.urandom(size)) for minute in range((HOURS + 1) * 60)] for _ in range(partitions)]
    ctypes.CDLL(None).malloc_trim(0)
    before = resident(os.getpid())
    partitioned = [SeenIds(max(LIMIT, each)) for _ in stored]
    seconds = []
    for seen, blobs in zip(partitioned, stored, strict=True):
        started = time.thread_time()
        seen.restore(blobs)
        seen.forget(HOURS)
        seconds.append(time.thread_time() - started)
    return _size(partitioned, before) | {"seconds": sum(seconds), "longest_of_a_partition": max(seconds)}


def named(_: int) -> Figures:
    """An event's digest."""
    rng = Random(7)
    names = [("web", f"acct_{rng.randrange(10**6)}", str(UUID(int=rng.getrandbits(128)))) for _ in range(LOOKS)]
    started = time.thread_time()
    for name in names:
        digest(*name)
    return {"digest_us": (time.thread_time() - started) / len(names) * 1e6}


def _filled(each: int, partitions: int, *, limit: int) -> Figures:
    ctypes.CDLL(None).malloc_trim(0)
    before = resident(os.getpid())
    partitioned = [SeenIds(limit) for _ in range(partitions)]
    samples: list[bytes] = []
    counting = 0.0
    keeping: list[float] = []
    for hour in range(LAST + 1):
        for _ in range(each // (HOURS + 1) // BATCH):
            for seen in partitioned:
                ids = _ids(BATCH)
                started = time.thread_time()
                window = BatchDedupe(seen, limit)
                for one in ids:
                    window.count_if_new(one, hour)
                blobs = window.blobs()
                known = time.thread_time()
                seen.extend(hour, blobs[hour])
                seen.forget(hour)
                keeping.append(time.thread_time() - known)
                counting += known - started
            samples.append(ids[0])
    return _size(partitioned, before) | {
        "count_us": counting / len(keeping) / BATCH * 1e6,
        "keep_us": sum(keeping) / len(keeping) / BATCH * 1e6,
        "pause_p999_ms": percentile(keeping, 0.999) * 1e3,
        "longest_pause_ms": max(keeping) * 1e3,
        **_looks(partitioned[-1], limit, samples),
    }


def _looks(seen: SeenIds, limit: int, samples: Sequence[bytes]) -> Figures:
    """Of ids that are new, of the last that were counted, and of any that are remembered."""
    newest = _ids(10)
    seen.extend(LAST, b"".join(newest))
    remembered = [one for one in samples if not BatchDedupe(seen, limit).count_if_new(one, LAST)]
    rng = Random(7)
    return {
        "look_new_us": _look(seen, limit, _ids(LOOKS)),
        "look_newest_us": _look(seen, limit, rng.choices(newest, k=LOOKS)),
        "look_known_us": _look(seen, limit, rng.choices(remembered, k=LOOKS)),
    }


def _look(seen: SeenIds, limit: int, ids: Sequence[bytes]) -> float:
    started = time.thread_time()
    for at in range(0, len(ids), BATCH):
        count = BatchDedupe(seen, limit).count_if_new
        for one in ids[at : at + BATCH]:
            count(one, LAST)
    return (time.thread_time() - started) / len(ids) * 1e6


def _size(partitioned: Sequence[SeenIds], before: float) -> Figures:
    gc.collect()
    remembered = sum(map(len, partitioned))
    each = MEGABYTE / remembered
    whole = (resident(os.getpid()) - before) * each
    ctypes.CDLL(None).malloc_trim(0)
    used = (resident(os.getpid()) - before) * each
    return {"ids": remembered, "bytes_an_id": used, "resident_bytes_an_id": whole}


def _ids(number: int) -> list[bytes]:
    blob = os.urandom(number * DIGEST)
    return [blob[i : i + DIGEST] for i in range(0, len(blob), DIGEST)]


def measured() -> Iterator[dict[str, str | float]]:
    """Every case, one after the other."""
    for case, partitions in CASES:
        command = [sys.executable, "-m", "bench.dedupe_memory", case, str(partitions)]
        yield json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main(arguments: Sequence[str]) -> None:
    if not arguments:
        for line in measured():
            print(json.dumps(line), flush=True)
        return
    case, partitions = arguments
    work = {"named": named, "counted": counted, "filled": filled, "restored": restored}[case]
    figures = {name: round(value, 3) for name, value in work(int(partitions)).items()}
    print(json.dumps({"case": case, "partitions": int(partitions), **figures}))


if __name__ == "__main__":
    main(sys.argv[1:])
