"""Looks, days and signals as the answers tell them."""

from datetime import datetime
from math import fsum

from common.contracts.signals import Change, Facts, Forecast, Level, Signal
from scoring.api import answers
from scoring.api.account_reader import AccountLook
from scoring.api.delay import Delay
from scoring.api.words import forecast_in_words
from scoring.cards.words import sentence, why_it_moved, why_it_stands
from scoring.health import Card, Day, View
from scoring.health.moments import to_datetime, zone_named

_DRIVERS_IN_A_LIST = 3


def listed(account_id: str, look: AccountLook, *, facts: Facts, card: Card) -> answers.Listed:
    view = look.view
    return answers.Listed(
        account_id=account_id,
        name=facts.name,
        tier=facts.tier,
        owner=facts.owner,
        arr=facts.arr,
        contract_end=facts.contract_end,
        stage=view.health.stage,
        band=view.health.band,
        score=view.health.score,
        coverage=view.health.coverage,
        drivers=drivers(view, card)[:_DRIVERS_IN_A_LIST],
        forecast=ahead(view.forecast, as_of=view.at, facts=facts),
        as_of=view.at,
    )


def unreadable(account_id: str, *, facts: Facts, error: str, as_of: float) -> answers.Listed:
    return answers.Listed(
        account_id=account_id,
        name=facts.name,
        tier=facts.tier,
        owner=facts.owner,
        arr=facts.arr,
        contract_end=facts.contract_end,
        stage=facts.stage,
        as_of=to_datetime(as_of),
        error=error,
    )


def account(
    account_id: str, look: AccountLook, *, facts: Facts, card: Card, card_id: str, held: Delay | None
) -> answers.Account:
    view = look.view
    return answers.Account(
        account_id=account_id,
        score=view.health.score,
        band=view.health.band,
        coverage=view.health.coverage,
        stage=view.health.stage,
        dimensions=view.dimensions,
        drivers=drivers(view, card),
        forecast=ahead(view.forecast, as_of=view.at, facts=facts),
        change=moved(view.change, card, missed=_missed(view)),
        flags=view.flags,
        missed=view.missed,
        pending=view.pending,
        episode=view.episode,
        facts=facts,
        card_id=card_id,
        clock=to_datetime(look.clock),
        as_of=view.at,
        held=held,
    )


def drivers(view: View, card: Card) -> tuple[str, ...]:
    """What holds the score down, or up, the largest first; what is too small to be named is left out."""
    phrases = why_it_stands(view.level, card, missed=_missed(view))
    return tuple(str(phrase) for phrase in phrases if phrase.name)


def ahead(forecast: Forecast | None, *, as_of: datetime, facts: Facts) -> answers.Ahead | None:
    if forecast is None:
        return None
    return answers.Ahead(
        band=forecast.band,
        at=forecast.at,
        time_zone=str(zone_named(facts.time_zone)),
        words=forecast_in_words(forecast, as_of=as_of, time_zone=facts.time_zone),
    )


def moved(change: Change, card: Card, *, missed: tuple[str, ...] = ()) -> answers.Moved:
    return answers.Moved(
        words=sentence(change, why_it_moved(change, card, missed=missed)),
        since=change.since,
        before=change.before,
        after=change.after,
        parts=change.parts,
        events=change.events,
    )


def day(booked: Day) -> answers.HistoryDay:
    return answers.HistoryDay(
        day=booked.day,
        since=to_datetime(booked.since),
        before=booked.before,
        after=booked.after,
        parts=booked.parts,
        events=booked.events,
    )


def signal(told: Signal, card: Card) -> answers.HistorySignal:
    return answers.HistorySignal(
        signal_id=told.signal_id,
        kind=told.kind,
        severity=told.severity,
        to=told.to,
        at=told.at,
        since=told.since,
        cause=told.cause,
        episode=told.episode,
        before=told.before,
        after=told.after,
        words=moved(told.receipt.change, card).words,
        history=told.history,
    )


def receipt(told: Signal, card: Card) -> answers.SignalReceipt:
    return answers.SignalReceipt(
        signal_id=told.signal_id,
        kind=told.kind,
        to=told.to,
        at=told.at,
        change=moved(told.receipt.change, card),
    )


def level(now: Level) -> answers.LevelNow:
    return answers.LevelNow(
        score=now.score,
        reference=now.reference,
        contributions=now.contributions,
        sum=fsum((now.reference, *(part.contribution for part in now.contributions))),
    )


def _missed(view: View) -> tuple[str, ...]:
    return tuple(missed.step for missed in view.missed)
