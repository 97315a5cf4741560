"""Turns readings of accounts, days and signals into answers."""

from datetime import datetime
from math import fsum
from urllib.parse import quote

from common.contracts.signals import Change, Facts, Forecast, Level, Signal
from common.erasures.substitutes import is_substitute
from scoring.api import answers
from scoring.api.account_reader import AccountReading
from scoring.api.band_words import band_in_words
from scoring.api.delay import Delay
from scoring.api.forecast_words import forecast_in_words
from scoring.cards.sentences import Phrase, sentence, why_it_moved, why_it_stands
from scoring.health import Card, Day, Summary, View
from scoring.health.metrics.definition import DEFAULT
from scoring.health.moments import to_datetime, zone_named
from scoring.postgres.queries import status_of
from scoring.postgres.snapshot import StoredAccountEntry

_DRIVERS_IN_A_LIST = 3


def listed(
    account_id: str,
    view: Summary,
    *,
    facts: Facts,
    card: Card,
    trend: tuple[answers.ScoreOnDay, ...] | None = None,
) -> answers.Listed:
    phrases = _drivers(view, card)[:_DRIVERS_IN_A_LIST]
    return answers.Listed(
        account_id=account_id,
        name=facts.name,
        tier=facts.tier,
        owner=facts.owner,
        arr=facts.arr,
        contract_end=facts.contract_end,
        stage=view.health.stage,
        status=status_of(facts),
        band=view.health.band,
        score=view.health.score,
        override=view.health.override,
        coverage=view.health.coverage,
        parent=facts.parent,
        drivers=tuple(map(str, phrases)),
        reasons=tuple(answers.Reason(phrase.name, phrase.points, phrase.words) for phrase in phrases),
        trend=trend,
        forecast=ahead(view.forecast, as_of=view.at, facts=facts),
        as_of=view.at,
    )


def without_health(account_id: str, *, facts: Facts, as_of: float, error: str | None = None) -> answers.Listed:
    """Of an account whose state cannot be read, with the error, or need not be."""
    return answers.Listed(
        account_id=account_id,
        name=facts.name,
        tier=facts.tier,
        owner=facts.owner,
        arr=facts.arr,
        contract_end=facts.contract_end,
        stage=facts.stage,
        status=status_of(facts),
        parent=facts.parent,
        as_of=to_datetime(as_of),
        error=error,
    )


def account(
    account_id: str,
    reading: AccountReading,
    *,
    facts: Facts,
    card: Card,
    card_id: str,
    delay: Delay | None,
    children: answers.Children | None,
) -> answers.Account:
    view = reading.view
    return answers.Account(
        account_id=account_id,
        score=view.health.score,
        band=view.health.band,
        band_words=band_in_words(view, card, status=status_of(facts)),
        lines=_lines(view, card),
        override=view.health.override,
        coverage=view.health.coverage,
        stage=view.health.stage,
        status=status_of(facts),
        merged_into=None if facts.merged_into is None else _link(facts.merged_into),
        dimensions=view.dimensions,
        drivers=drivers(view, card),
        forecast=ahead(view.forecast, as_of=view.at, facts=facts),
        change=moved(view.change, card, level=view.level, missed=_missed(view)),
        flags=view.flags,
        missed=view.missed,
        pending=view.pending,
        journey=view.journey,
        first_look=view.first_look,
        on_hold=view.on_hold,
        episode=view.episode,
        facts=facts,
        away=reading.away,
        contacts=reading.contacts,
        children=children,
        card_id=card_id,
        clock=to_datetime(reading.clock),
        as_of=view.at,
        held=delay,
    )


def _link(account_id: str) -> answers.AccountLink:
    return answers.AccountLink(account_id, f"/v1/accounts/{quote(account_id, safe='')}")


def drivers(view: View, card: Card) -> tuple[str, ...]:
    """What lowers or raises the score, the largest first, without parts too small to be named."""
    return tuple(map(str, _drivers(view, card)))


def _drivers(view: View | Summary, card: Card) -> tuple[Phrase, ...]:
    phrases = why_it_stands(view.level, card, missed=_missed(view))
    return tuple(phrase for phrase in phrases if phrase.name)


def ahead(forecast: Forecast | None, *, as_of: datetime, facts: Facts) -> answers.Ahead | None:
    if forecast is None:
        return None
    return answers.Ahead(
        band=forecast.band,
        at=forecast.at,
        time_zone=str(zone_named(facts.time_zone)),
        words=forecast_in_words(forecast, as_of=as_of, time_zone=facts.time_zone),
    )


def moved(change: Change, card: Card, *, level: Level, missed: tuple[str, ...] = ()) -> answers.Moved:
    """`level` is that of the same moment: it says which flag caps the score then."""
    return answers.Moved(
        words=sentence(change, why_it_moved(change, card, level=level, missed=missed)),
        since=change.since,
        before=change.before,
        after=change.after,
        parts=change.parts,
        events=change.events,
    )


def day(source: Day) -> answers.HistoryDay:
    return answers.HistoryDay(
        day=source.day,
        since=to_datetime(source.since),
        before=source.before,
        after=source.after,
        parts=source.parts,
        events=source.events,
    )


def signal(source: Signal, card: Card) -> answers.HistorySignal:
    return answers.HistorySignal(
        signal_id=source.signal_id,
        kind=source.kind,
        severity=source.severity,
        to=source.to,
        arr_before=source.arr_before,
        at=source.at,
        since=source.since,
        cause=source.cause,
        episode=source.episode,
        before=source.before,
        after=source.after,
        words=moved(source.receipt.change, card, level=source.receipt.level).words,
        history=source.history,
    )


def receipt(source: Signal, card: Card) -> answers.SignalReceipt:
    return answers.SignalReceipt(
        signal_id=source.signal_id,
        kind=source.kind,
        to=source.to,
        at=source.at,
        change=moved(source.receipt.change, card, level=source.receipt.level),
    )


def level(now: Level) -> answers.LevelNow:
    return answers.LevelNow(
        score=now.score,
        reference=now.reference,
        contributions=now.contributions,
        sum=fsum((now.reference, *(part.contribution for part in now.contributions))),
    )


def account_entry(source: StoredAccountEntry) -> answers.AccountEntry:
    return answers.AccountEntry(
        name=source.name,
        at=to_datetime(source.at),
        known_at=to_datetime(source.known_at),
        person=named_person(source.person),
        said=source.said,
        words=source.words,
        retracted_at=None if source.retracted_at is None else to_datetime(source.retracted_at),
    )


def named_person(key: bytes | None) -> str | None:
    """Who was erased has no name."""
    person = None if key is None else key.decode("utf-8", "replace")
    return None if person is None or is_substitute(person) else person


def _lines(view: View, card: Card) -> answers.BandThresholds:
    bands = card.bands.get(view.health.stage) or card.bands[DEFAULT]
    return answers.BandThresholds(bands.red, bands.yellow, bands.hysteresis, card.min_coverage)


def _missed(view: View | Summary) -> tuple[str, ...]:
    return tuple(missed.step for missed in view.missed)
