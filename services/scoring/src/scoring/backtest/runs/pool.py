"""Work on all processors: accounts are independent, so each process takes shares of them."""

import multiprocessing
import os
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from typing import TypeVar

Request = TypeVar("Request")
Share = TypeVar("Share")
Result = TypeVar("Result")

Progress = Callable[[int, int], None]
"""Told how many of how many shares are done."""


def work_on(
    shares: Sequence[Share],
    work: Callable[[Share], Result],
    *,
    prepare: Callable[[Request], None],
    request: Request,
    processes: int | None = None,
    progress: Progress = lambda done, total: None,
) -> list[Result]:
    """The result of each share, in their order. `prepare(request)` is called once in each process, before its work.

    `processes` is how many to use; None means one for each processor that this process may run on. With one, or with
    one share, everything happens in this process.
    """
    count = min(processes or len(os.sched_getaffinity(0)), len(shares))
    if count > 1:
        return _work_in_processes(shares, work, count, prepare, request, progress)
    prepare(request)
    results = []
    for share in shares:
        results.append(work(share))
        progress(len(results), len(shares))
    return results


def _work_in_processes(
    shares: Sequence[Share],
    work: Callable[[Share], Result],
    processes: int,
    prepare: Callable[[Request], None],
    request: Request,
    progress: Progress,
) -> list[Result]:
    # A forked process would inherit threads that do not run in it.
    context = multiprocessing.get_context("spawn")
    results: dict[int, Result] = {}
    waiting = iter(enumerate(shares))
    running: dict[Future[Result], int] = {}
    with ProcessPoolExecutor(processes, context, initializer=prepare, initargs=(request,)) as pool:

        def submit() -> None:
            # Few at a time: what waits to be sent is in memory twice.
            while len(running) < 2 * processes:
                index, share = next(waiting, (-1, None))
                if share is None:
                    return
                running[pool.submit(work, share)] = index

        submit()
        while running:
            for finished in wait(running, return_when=FIRST_COMPLETED).done:
                results[running.pop(finished)] = finished.result()
            progress(len(results), len(shares))
            submit()
    return [results[index] for index in range(len(shares))]
