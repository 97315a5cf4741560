"""What of `make up` runs, and why a part is not ready: read from the stack itself, nothing is changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import psutil

from local.stack.directory import from_checkout
from local.stack.local_stack import LocalStack, ManagedProcess
from local.stack.process_list import runs
from local.stack.supervisor import SUPERVISOR, Restarts, read_restarts, supervisor_log


@dataclass(frozen=True)
class PartStatus:
    """`why_not` says in words why it is not well; None if it is."""

    name: str
    pid: int | None
    since: datetime | None
    why_not: str | None
    address: str
    restarts: int = 0


def read_status(stack: LocalStack) -> list[PartStatus]:
    """Of every part, the supervisor last."""
    directory = stack.directory
    restarts = read_restarts(directory)
    entry = directory.process_list.find(SUPERVISOR)
    supervised = entry is not None and runs(entry)
    statuses = [_status(part, restarts.get(part.name, Restarts()), supervised) for part in stack.parts()]
    pid = entry.pid if entry is not None and supervised else None
    why_not = None if supervised else "does not run, so nothing is started again; `make up` starts it"
    return [*statuses, PartStatus(SUPERVISOR, pid, _since(pid), why_not, from_checkout(supervisor_log(directory)))]


def status_lines(statuses: Sequence[PartStatus]) -> list[str]:
    """A table; below it, whole, whatever is wrong."""
    rows = [
        ("name", "pid", "up since", "", "at"),
        *(
            (
                one.name,
                "-" if one.pid is None else str(one.pid),
                "-" if one.since is None else f"{one.since:%Y-%m-%d %H:%M:%S}",
                "ready" if one.why_not is None else "NOT READY",
                one.address,
            )
            for one in statuses
        ),
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    lines += [f"{one.name}: {one.why_not}" for one in statuses if one.why_not is not None]
    # Whoever sees only that all is well now would miss it.
    lines += [
        f"{one.name} has died and was started again; times so far: {one.restarts}" for one in statuses if one.restarts
    ]
    return lines


def _status(part: ManagedProcess, restarts: Restarts, supervised: bool) -> PartStatus:
    pid = part.pid()
    if pid is not None:
        why_not = part.why_not()
    elif restarts.gave_up:
        why_not = f"given up, it died again and again; {from_checkout(part.log)} says why, `make up` tries again"
    else:
        why_not = "does not run" + (", it will be started again" if supervised else "")
    return PartStatus(part.name, pid, _since(pid), why_not, part.address, restarts.count)


def _since(pid: int | None) -> datetime | None:
    try:
        return None if pid is None else datetime.fromtimestamp(psutil.Process(pid).create_time()).astimezone()
    except psutil.NoSuchProcess:
        return None
