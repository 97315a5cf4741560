"""The answers of `dead list --json` and of the API: letters, and what became of those that were sent again. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from ingest.dead_letters.listing import LetterList, ListedLetter
from ingest.dead_letters.reasons import explain
from ingest.dead_letters.sending import ResendReport


class LetterAnswer(Struct, frozen=True, kw_only=True):
    """One dead letter. `source`, `account`, `event` and `event_id` are null where the record does not say them.

    `origin` is the service that wrote it. `attempt` says how often it was on the events topic, `resent` whether it was
    sent again. `means` and `do` explain the reason.
    """

    position: str
    at: datetime
    reason: str
    origin: str
    source: str | None
    account: str | None
    event: str | None
    event_id: str | None
    attempt: int
    resent: bool
    means: str
    do: str


class LettersAnswer(Struct, frozen=True, kw_only=True):
    """The newest matching letters, the newest last. `counts` has all that match by reason, `resent` those sent again.

    `complete` is false if the topic is too large to be read whole in time: then counts are of what was read.
    """

    letters: Sequence[LetterAnswer]
    counts: Mapping[str, int]
    resent: Mapping[str, int]
    complete: bool


class LetterRefusal(Struct, frozen=True):
    """A letter that is not sent again, and why."""

    position: str
    detail: str


class ResendAnswer(Struct, frozen=True, kw_only=True):
    """What became of the letters; with `dry_run` what would. `refused` counts by reason, `refusals` has the first 20.

    `complete` is false if the time was over first: ask again for the rest.
    """

    dry_run: bool
    sent: int
    refused: Mapping[str, int]
    refusals: Sequence[LetterRefusal]
    complete: bool


def letters_answer(found: LetterList) -> LettersAnswer:
    return LettersAnswer(
        letters=[_letter_answer(listed) for listed in found.newest],
        counts=dict(found.counts),
        resent=dict(found.resent),
        complete=found.complete,
    )


def resend_answer(report: ResendReport, *, dry_run: bool, complete: bool) -> ResendAnswer:
    return ResendAnswer(
        dry_run=dry_run,
        sent=report.sent,
        refused={reason.value: count for reason, count in report.refused.items()},
        refusals=[LetterRefusal(str(position), detail) for position, detail in report.refusals],
        complete=complete,
    )


def _letter_answer(listed: ListedLetter) -> LetterAnswer:
    letter = listed.letter
    explanation = explain(letter.reason, origin=letter.origin)
    return LetterAnswer(
        position=str(letter.position),
        at=letter.at,
        reason=letter.reason,
        origin=letter.origin,
        source=letter.source,
        account=letter.account,
        event=letter.event,
        event_id=letter.event_id,
        attempt=letter.attempt,
        resent=listed.resent,
        means=explanation.means,
        do=explanation.do,
    )
