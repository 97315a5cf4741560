"""Sends the rows of a file in batches, and writes ingest's answers to the state and the report."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from ingest.importing import import_state
from ingest.importing.import_state import ImportState
from ingest.importing.job import ImportJob
from ingest.importing.order import TimeOrder
from ingest.importing.refused_report import RefusedReport
from ingest.importing.rows import EventToPost, RefusedRow
from ingest.importing.sender import BATCH_BYTES, BATCH_EVENTS, EventSender

# Refused rows wait for the next batch; this bounds the memory for a file that has only refused rows.
_MOST_REFUSED: Final = 5000


class ImportProgress(Struct, frozen=True):
    """`fraction` of the file is read, 0 to 1. This run has done `rows` rows in `seconds`."""

    state: ImportState
    rows: int
    fraction: float
    seconds: float


class ImportResult(Struct, frozen=True):
    """The state at the end, and the counts of this run."""

    state: ImportState
    rows: int
    seconds: float
    late: int
    repeated: int


class Importer:
    """One run of an import. `state` and `report` are the paths of its two files."""

    def __init__(
        self,
        job: ImportJob,
        sender: EventSender,
        *,
        state: Path,
        report: Path,
        batch_events: int = BATCH_EVENTS,
        progress: Callable[[ImportProgress], object] = lambda progress: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._job = job
        self._sender = sender
        self._state_file = state
        self._report_file = report
        self._batch_events = batch_events
        self._progress = progress
        self._clock = clock
        self._waiting: list[EventToPost] = []
        self._waiting_bytes = 0
        self._refused: list[RefusedRow] = []
        self._repeated = 0

    def run(self, begins: ImportState) -> ImportResult:
        """Sends all rows after the done ones. Raises `ImportFailed`; a later run goes on where this one stopped."""
        began, order, state = self._clock(), TimeOrder(), begins
        # Written first, so that missing permissions show before anything is sent.
        import_state.save(self._state_file, begins)
        report = RefusedReport(self._report_file, self._job.header, kept=begins.report_bytes)
        with self._job.outcomes(done=begins.done) as (outcomes, fraction):
            for outcome in outcomes:
                self._add(outcome, order)
                if self._is_full():
                    state = self._flush(state, report)
                    rows, seconds = state.done - begins.done, self._clock() - began
                    self._progress(ImportProgress(state, rows, fraction(), seconds))
        self._job.check_unchanged()
        state = replace(self._flush(state, report), finished=True)
        import_state.save(self._state_file, state)
        return ImportResult(state, state.done - begins.done, self._clock() - began, order.late, self._repeated)

    def _add(self, outcome: EventToPost | RefusedRow, order: TimeOrder) -> None:
        if isinstance(outcome, RefusedRow):
            self._refused.append(outcome)
            return
        order.add(outcome)
        self._waiting.append(outcome)
        self._waiting_bytes += len(outcome.body) + 1

    def _is_full(self) -> bool:
        return (
            len(self._waiting) >= self._batch_events
            or self._waiting_bytes >= BATCH_BYTES
            or len(self._refused) >= _MOST_REFUSED
        )

    def _flush(self, state: ImportState, report: RefusedReport) -> ImportState:
        """Writes the report before the state that refers to it, so that after a crash no refused row is lost."""
        answer = self._sender.send(self._waiting)
        refused = sorted([*self._refused, *answer.refused], key=lambda each: each.row.number)
        report.add(refused)
        done = replace(
            state,
            done=state.done + len(self._waiting) + len(self._refused),
            accepted=state.accepted + answer.accepted,
            refused=state.refused + len(refused),
            report_bytes=report.bytes,
        )
        import_state.save(self._state_file, done)
        self._repeated += answer.repeated
        self._waiting, self._waiting_bytes, self._refused = [], 0, []
        return done
