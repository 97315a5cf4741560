"""Transitions made into signals. Each carries everything that its readers need, so that they look nothing up."""

from typing import Final, final

from msgspec.structs import replace

from common.contracts import ids
from common.contracts.signals import Forecast, Health, Kind, OpenCondition, Receipt, Severity, Signal
from scoring.health.account import Account
from scoring.health.band_carrier import carry_band
from scoring.health.bands import GREEN, INSUFFICIENT, RED
from scoring.health.evaluation import HealthSnapshot
from scoring.health.journey_told import JOURNEY_KINDS
from scoring.health.model import CardModel
from scoring.health.moments import to_datetime
from scoring.health.overrides import override_of
from scoring.health.quotes import quotes_of
from scoring.health.receipts import change, level, level_off_by
from scoring.health.standing import find_for_review, find_steps_left, find_trouble, flag_severity
from scoring.health.state_format import Cause, Crossing
from scoring.health.step_draft import StepDraft
from scoring.health.trigger import Transition, is_better
from scoring.health.usage_review import review_usage


def health_of(account: Account, at: HealthSnapshot) -> Health:
    # An account has a band from its first record on; INSUFFICIENT while the evidence is too little.
    band = account.band or INSUFFICIENT
    override = override_of(account.override)
    return Health(score=at.score, band=band, coverage=at.weights.coverage, stage=account.stage, override=override)


@final
class SignalBuilder:
    """Makes the signals of one evaluation: what all of them say of the account is made once.

    `at` is the last evaluation, up to which all is posted.
    """

    __slots__ = ("account", "after", "at", "contacts", "forecast", "receipt")

    def __init__(self, account: Account, at: HealthSnapshot, forecast: Forecast | None, draft: StepDraft) -> None:
        self.account = account
        self.at = at
        self.forecast = forecast
        self.receipt = Receipt(level(account, at), change(account, (), at.score))
        draft.check_sum(level_off_by(self.receipt.level))
        self.after = health_of(account, at)
        self.contacts = account.people.contacts()

    def id_of(self, kind: Kind, to: str, cause: Cause) -> str:
        return ids.signal_id(self.account.account_id, self.account.model.card_id, kind, to, cause)

    def build(
        self,
        kind: Kind,
        to: str,
        crossing: Crossing,
        *,
        severity: Severity,
        episode: str,
        before: Health | None,
        arr_before: float | None = None,
        days: float | None = None,
        standing: tuple[OpenCondition, ...] = (),
    ) -> Signal:
        """A signal as all its readers need it; that of a renewal window has a usage review."""
        event = crossing.event
        return Signal(
            signal_id=self.id_of(kind, to, crossing.cause),
            account_id=self.account.account_id,
            episode=episode,
            card_id=self.account.model.card_id,
            kind=kind,
            severity=severity,
            to=to,
            cause=crossing.cause,
            at=to_datetime(self.at.at),
            since=to_datetime(crossing.since),
            before=before,
            after=self.after,
            receipt=self.receipt,
            facts=self.account.facts,
            forecast=self.forecast,
            history=crossing.history,
            arr_before=arr_before,
            standing=standing,
            contacts=self.contacts,
            said=quotes_of(event),
            happened_at=None if event is None else to_datetime(event.happened),
            review=review_usage(self.account, self.at) if kind is Kind.RENEWAL_WINDOW else None,
            days=days,
        )


def add_signals(
    account: Account, transitions: list[Transition], at: HealthSnapshot, forecast: Forecast | None, draft: StepDraft
) -> None:
    """Adds the signals of one evaluation to the draft. Everything up to `at`, the last evaluation, is posted."""
    signals = SignalBuilder(account, at, forecast, draft)
    for each in carry_band(account, transitions):
        draft.signals.append(
            signals.build(
                each.kind,
                each.to,
                each.crossing,
                severity=_severity(account, each),
                episode=_episode(account, each, signals.id_of(each.kind, each.to, each.crossing.cause)),
                before=_before(each, draft.health_before, signals.after),
                arr_before=each.arr_before,
                days=each.days,
                standing=tuple(_standing_with(account, each)),
            )
        )


def _standing_with(account: Account, transition: Transition) -> list[OpenCondition]:
    """The open conditions that a signal lists."""
    if transition.kind is Kind.RENEWAL_WINDOW:
        return find_for_review(account)
    return find_steps_left(account) if transition.kind is Kind.ONBOARDING_LATE else []


def _before(transition: Transition, before: Health | None, after: Health) -> Health | None:
    """The health before. A flag that brings no band has the same band before and after."""
    if transition.kind is Kind.FLAG and transition.brings is None and before is not None:
        return replace(before, band=after.band)
    return before


def _episode(account: Account, transition: Transition, signal_id: str) -> str:
    """The episode of a signal: one of its own, or the open one, which it opens or closes if it tells a band."""
    state = account.state
    if transition.kind in JOURNEY_KINDS:
        return signal_id
    if transition.withdraws in JOURNEY_KINDS:
        return _withdrawn_id(account, transition) or signal_id
    episode = state.episode or _withdrawn_id(account, transition) or signal_id
    if transition.band is not None:
        state.episode = None if transition.band is GREEN else episode
    return episode


def _withdrawn_id(account: Account, transition: Transition) -> str | None:
    """The id of the signal that a retraction withdraws, which is its episode if it had one of its own."""
    if transition.withdraws is None:
        return None
    cause = transition.crossing.cause
    return ids.signal_id(account.account_id, account.model.card_id, transition.withdraws, transition.to, cause)


def end_unheard_episode(account: Account, found: list[Transition]) -> None:
    """Ends the open episode where green is not told: of an account whose contract has ended, or that was merged."""
    is_green = any([each.shown_only and each.kind is Kind.BAND and each.to == GREEN.value for each in found])
    if is_green or account.is_merged:
        account.state.episode = None


_INFO: Final = (Kind.OUTCOME, Kind.RETRACTED, Kind.EXPANSION_READY, Kind.VALUE_REACHED)
_WARNING: Final = (Kind.MILESTONE_MISSED, Kind.CONTRACTION, Kind.ONBOARDING_LATE)


def _severity(account: Account, transition: Transition) -> Severity:
    if transition.kind is Kind.RENEWAL_WINDOW:
        return Severity.WARNING if find_trouble(account) else Severity.INFO
    return severity(transition, account.model)


def severity(transition: Transition, model: CardModel) -> Severity:
    if transition.kind in _INFO:
        return Severity.INFO
    if transition.kind in _WARNING:
        return Severity.WARNING
    if transition.band is RED:
        return Severity.CRITICAL
    if transition.kind is Kind.FLAG:
        return flag_severity(model, transition.to)
    return Severity.INFO if is_better(transition) else Severity.WARNING
