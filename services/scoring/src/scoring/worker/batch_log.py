"""What the log says of a batch that was committed."""

import structlog

from scoring.health import RetractionResult
from scoring.partition.commit import AccountErasure, BatchReport, Commit, MentionsErasure, UserErasure

_log = structlog.get_logger()


def log_batch(commit: Commit, report: BatchReport, *, partition: int, seconds: float) -> None:
    """`seconds` is how long scoring and writing it took."""
    _log_erasure(commit, partition)
    if sample := report.other_content_sample:
        _log.warning(
            "event_id.reused",
            partition=partition,
            events=report.other_content,
            source=sample.source,
            account_id=sample.account_id,
            event_id=sample.event_id,
        )
    if vain := report.vain_retraction:
        _log.warning(
            "retraction.undid_nothing",
            partition=partition,
            events=report.retractions.total() - report.retractions[RetractionResult.UNDONE],
            source=vain.source,
            account_id=vain.account_id,
            event_id=vain.event_id,
        )
    _log.debug(
        "batch.scored",
        partition=partition,
        records=report.records,
        events=report.events,
        duplicates=report.duplicates,
        dead=len(report.dead),
        fired=report.fired,
        signals=len(commit.signals),
        seconds=round(seconds, 4),
    )


def _log_erasure(commit: Commit, partition: int) -> None:
    match commit.erasure:
        case AccountErasure() as erasure:
            _log.info("account.erased", partition=partition, offset=erasure.offset, erasure=erasure.erasure_id)
        case UserErasure() | MentionsErasure() as erasure:
            _log.info(
                "user.erased" if isinstance(erasure, UserErasure) else "mentions.erased",
                partition=partition,
                offset=erasure.offset,
                erasure=erasure.erasure_id,
                states=erasure.states,
                signals=erasure.signals,
            )
