"""Every query of the API."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import (
    Case,
    ColumnElement,
    Insert,
    Join,
    Select,
    Text,
    and_,
    any_,
    case,
    cast,
    exists,
    func,
    literal_column,
    or_,
    select,
)
from sqlalchemy.dialects import postgresql

from alerts.api.filter import AlertFilter
from alerts.errors import Failure
from alerts.postgres.schema import acknowledgement, alert, attempt, decision, gathered, notification
from alerts.signals.score import SEVERITY_RANK
from common.contracts.signals import Band, Kind, Severity

_EPISODE = 500

_ALERT = [column for column in alert.c if column is not alert.c.body]
_NOTIFICATION = [column for column in notification.c if column.name not in ("ways", "summary")]
_ACKNOWLEDGEMENT = [column.label(f"ack_{column.name}") for column in acknowledgement.c]


def alerts(wanted: AlertFilter, *, before: int | None, limit: int) -> Select[Any]:
    """The newest first; `before` is the `seq` that ended the page before."""
    query = _alerts().where(*_conditions(wanted))
    if before is not None:
        query = query.where(alert.c.seq < before)
    return query.order_by(alert.c.seq.desc()).limit(limit)


def owners(wanted: AlertFilter, *, limit: int) -> Select[Any]:
    """Whoever has the most critical alerts first."""
    owner = func.nullif(func.lower(func.btrim(alert.c.owner)), "").label("owner")
    critical = func.count().filter(alert.c.severity == Severity.CRITICAL.value)
    return (
        select(
            owner,
            func.count().label("alerts"),
            critical.label("critical"),
            func.count(alert.c.account_id.distinct()).label("accounts"),
            func.max(alert.c.at).label("newest"),
        )
        .select_from(_with_acknowledgement())
        .where(*_conditions(wanted))
        .group_by(owner)
        .order_by(critical.desc(), func.count().desc(), owner)
        .limit(limit)
    )


def one(signal_id: str) -> Select[Any]:
    return _alerts().where(alert.c.signal_id == signal_id)


def episode(account_id: str, name: str) -> Select[Any]:
    """The newest first."""
    return (
        select(alert.c.signal_id)
        .where(alert.c.account_id == account_id, alert.c.episode == name)
        .order_by(alert.c.seq.desc())
        .limit(_EPISODE)
    )


def worst(account_id: str, name: str, *, signal_id: str) -> Select[Any]:
    """The worst severity among this alert and the sent alerts of its episode, as a rank: the smaller, the worse.

    Nobody can have acknowledged what nobody was told yet.
    """
    sent = notification.c.status == "sent"
    told = or_(
        exists().where(
            notification.c.account_id == account_id, sent, alert.c.signal_id == any_(notification.c.signals)
        ),
        _told_with_others(sent),
    )
    return select(func.min(_rank(alert.c.severity))).where(
        alert.c.account_id == account_id,
        alert.c.episode == name,
        or_(alert.c.signal_id == signal_id, told),
    )


def decisions(signal_ids: Collection[str]) -> Select[Any]:
    return (
        select(decision)
        .where(decision.c.signal_id == func.any(list(signal_ids)))
        .order_by(decision.c.signal_id, decision.c.seq)
    )


def notifications(account_ids: Collection[str], signal_ids: Collection[str]) -> Select[Any]:
    """Every message with one of these signals; by account, which has an index.

    `others` are those of these signals that a message about many accounts tells.
    """
    among = (gathered.c.account_id == func.any(list(account_ids)), gathered.c.signal_id == func.any(list(signal_ids)))
    others = select(func.array_agg(gathered.c.signal_id)).where(
        gathered.c.gathering_id == notification.c.gathering_id, *among
    )
    return (
        select(*_NOTIFICATION, cast(notification.c.ways, Text).label("ways"), others.scalar_subquery().label("others"))
        .where(
            or_(
                and_(
                    notification.c.account_id == func.any(list(account_ids)),
                    notification.c.signals.overlap(list(signal_ids)),
                ),
                notification.c.gathering_id.in_(select(gathered.c.gathering_id).where(*among)),
            )
        )
        .order_by(notification.c.seq)
    )


def last_failures(notification_ids: Collection[str]) -> Select[Any]:
    return (
        select(attempt)
        .ext(postgresql.distinct_on(attempt.c.notification_id))
        .where(
            attempt.c.notification_id == func.any(list(notification_ids)),
            attempt.c.outcome.in_([failure.value for failure in Failure]),
        )
        .order_by(attempt.c.notification_id, attempt.c.n.desc())
    )


def attempts(notification_ids: Collection[str]) -> Select[Any]:
    return (
        select(attempt)
        .where(attempt.c.notification_id == func.any(list(notification_ids)))
        .order_by(attempt.c.notification_id, attempt.c.n)
    )


def acknowledgements(account_id: str, name: str) -> Select[Any]:
    return select(*_ACKNOWLEDGEMENT).where(
        acknowledgement.c.account_id == account_id, acknowledgement.c.episode == name
    )


def acknowledge(account_id: str, name: str, *, signal_id: str, severity: str, by: str, note: str | None) -> Insert:
    """No row comes back if the episode was acknowledged before, and was as bad then."""
    new = postgresql.insert(acknowledgement).values(
        account_id=account_id,
        episode=name,
        signal_id=signal_id,
        severity=severity,
        by=by,
        note=note,
        at=func.extract("epoch", func.clock_timestamp()),
    )
    replaced = {column: new.excluded[column] for column in ("signal_id", "severity", "by", "note", "at")}
    return new.on_conflict_do_update(
        index_elements=["account_id", "episode"],
        set_=replaced,
        where=_rank(new.excluded.severity) < _rank(acknowledgement.c.severity),
    ).returning(*_ACKNOWLEDGEMENT)


def _alerts() -> Select[Any]:
    return select(
        *_ALERT,
        cast(alert.c.body, Text).label("body"),
        func.coalesce(_acknowledged(), False).label("acknowledged"),
        *_ACKNOWLEDGEMENT,
    ).select_from(_with_acknowledgement())


def _with_acknowledgement() -> Join:
    return alert.outerjoin(
        acknowledgement,
        and_(acknowledgement.c.account_id == alert.c.account_id, acknowledgement.c.episode == alert.c.episode),
    )


def _acknowledged() -> ColumnElement[bool]:
    """A later alert that is worse is not acknowledged."""
    return _rank(acknowledgement.c.severity) <= _rank(alert.c.severity)


def _open() -> ColumnElement[bool]:
    later = alert.alias("later")
    # Green is told as a band, but where it follows from a retracted event.
    green = or_(
        and_(later.c.kind == Kind.BAND.value, later.c.to == Band.GREEN.value),
        and_(
            later.c.kind == Kind.RETRACTED.value,
            func.json_extract_path_text(later.c.body, "after", "band") == Band.GREEN.value,
        ),
    )
    ended = exists(literal_column("1")).where(
        later.c.account_id == alert.c.account_id,
        later.c.seq >= alert.c.seq,
        later.c.episode == alert.c.episode,
        green,
    )
    return and_(~alert.c.history, ~func.coalesce(_acknowledged(), False), ~ended)


def _conditions(wanted: AlertFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    for column, values in (
        (alert.c.account_id, wanted.accounts),
        (alert.c.tier, wanted.tiers),
        (alert.c.kind, wanted.kinds),
        (alert.c.to, wanted.tos),
        (alert.c.severity, wanted.severities),
        (alert.c.stage, wanted.stages),
    ):
        if values:
            found.append(column.in_([str(value) for value in values]))
    if wanted.owners:
        # PostgreSQL lowers both sides: Python and its locale may lower a letter differently.
        owner = func.lower(func.btrim(alert.c.owner))
        found.append(owner.in_([func.lower(func.btrim(asked)) for asked in wanted.owners]))
    if wanted.since is not None:
        found.append(alert.c.at >= wanted.since)
    if wanted.until is not None:
        found.append(alert.c.at <= wanted.until)
    if wanted.acknowledged is not None:
        acknowledged = func.coalesce(_acknowledged(), False)
        found.append(acknowledged if wanted.acknowledged else ~acknowledged)
    if wanted.open is not None:
        found.append(_open() if wanted.open else ~_open())
    return [*found, *_of_messages(wanted)]


def _of_messages(wanted: AlertFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    # A route led there, whether or not a message went out.
    if wanted.receivers:
        found.append(
            exists().where(decision.c.signal_id == alert.c.signal_id, decision.c.receiver.in_(wanted.receivers))
        )
    if wanted.messages:
        found.append(_in_messages(wanted.messages))
    if wanted.told is not None:
        sent = _message(wanted, notification.c.status == "sent")
        found.append(sent if wanted.told else ~sent)
    if wanted.statuses:
        found.append(_message(wanted, notification.c.status.in_([str(status) for status in wanted.statuses])))
    return found


def _message(wanted: AlertFilter, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    to_them = [notification.c.receiver.in_(wanted.receivers)] if wanted.receivers else []
    own = exists().where(
        notification.c.account_id == alert.c.account_id,
        alert.c.signal_id == func.any(notification.c.signals),
        *to_them,
        *conditions,
    )
    return or_(own, _told_with_others(*to_them, *conditions))


def _told_with_others(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether a message about many accounts tells it."""
    return exists().where(
        gathered.c.account_id == alert.c.account_id,
        gathered.c.signal_id == alert.c.signal_id,
        notification.c.gathering_id == gathered.c.gathering_id,
        *conditions,
    )


def _in_messages(names: Collection[str]) -> ColumnElement[bool]:
    asked = notification.c.notification_id.in_(list(names))
    own = select(func.unnest(notification.c.signals)).where(asked)
    many = select(gathered.c.signal_id).where(
        gathered.c.gathering_id.in_(select(notification.c.gathering_id).where(asked))
    )
    return or_(alert.c.signal_id.in_(own), alert.c.signal_id.in_(many))


def _rank(severity: ColumnElement[str]) -> Case[int]:
    return case(*((severity == name.value, rank) for name, rank in SEVERITY_RANK.items()))
