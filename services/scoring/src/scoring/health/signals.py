"""Transitions made into signals. Each carries everything that its readers need, so that they look nothing up."""

from typing import Final

from msgspec.structs import replace

from common.contracts import ids
from common.contracts.signals import Forecast, Health, Kind, Receipt, Severity, Signal
from scoring.health.account import Account
from scoring.health.band_carrier import carry_band
from scoring.health.bands import GREEN, INSUFFICIENT, RED
from scoring.health.evaluation import HealthSnapshot
from scoring.health.model import CardModel
from scoring.health.moments import to_datetime
from scoring.health.overrides import override_of
from scoring.health.quotes import quotes_of
from scoring.health.receipts import change, level, level_off_by
from scoring.health.step_draft import StepDraft
from scoring.health.transitions import Transition, is_better

# A flag with a cap below this has the severity of red.
CRITICAL_CAP: Final = 30.0


def health_of(account: Account, at: HealthSnapshot) -> Health:
    # An account has a band from its first record on; INSUFFICIENT while the evidence is too little.
    band = account.band or INSUFFICIENT
    override = override_of(account.override)
    return Health(score=at.score, band=band, coverage=at.weights.coverage, stage=account.stage, override=override)


def add_signals(
    account: Account, transitions: list[Transition], at: HealthSnapshot, forecast: Forecast | None, draft: StepDraft
) -> None:
    """Adds the signals of one evaluation to the draft. Everything up to `at`, the last evaluation, is posted."""
    model = account.model
    receipt = Receipt(level(account, at), change(account, (), at.score))
    draft.check_sum(level_off_by(receipt.level))
    after, contacts = health_of(account, at), account.people.contacts()
    for each in carry_band(account, transitions):
        signal_id = ids.signal_id(account.account_id, model.card_id, each.kind, each.to, each.crossing.cause)
        event = each.crossing.event
        draft.signals.append(
            Signal(
                signal_id=signal_id,
                account_id=account.account_id,
                episode=_episode(account, each, signal_id),
                card_id=model.card_id,
                kind=each.kind,
                severity=severity(each, model),
                to=each.to,
                cause=each.crossing.cause,
                at=to_datetime(at.at),
                since=to_datetime(each.crossing.since),
                before=_before(each, draft.health_before, after),
                after=after,
                receipt=receipt,
                facts=account.facts,
                forecast=forecast,
                history=each.crossing.history,
                arr_before=each.arr_before,
                contacts=contacts,
                said=quotes_of(event),
                happened_at=None if event is None else to_datetime(event.happened),
            )
        )


def _before(transition: Transition, before: Health | None, after: Health) -> Health | None:
    """Of a flag the bands before and after differ exactly where it brings the new one."""
    if transition.kind is Kind.FLAG and transition.brings is None and before is not None:
        return replace(before, band=after.band)
    return before


def _episode(account: Account, transition: Transition, signal_id: str) -> str:
    """Opens an episode, or repeats or closes the one that is open."""
    state = account.state
    episode = state.episode or _withdrawn_id(account, transition) or signal_id
    if transition.band is not None:
        state.episode = None if transition.band is GREEN else episode
    return episode


def _withdrawn_id(account: Account, transition: Transition) -> str | None:
    """The id of the signal that a retraction withdraws: outside of an episode of bands it was an episode of its own."""
    if transition.withdraws is None:
        return None
    cause = transition.crossing.cause
    return ids.signal_id(account.account_id, account.model.card_id, transition.withdraws, transition.to, cause)


def end_unheard_episode(account: Account, found: list[Transition]) -> None:
    """Green ends the open episode although it is not told, as of an account whose contract has ended."""
    if any([each.shown_only and each.kind is Kind.BAND and each.to == GREEN.value for each in found]):
        account.state.episode = None


def severity(transition: Transition, model: CardModel) -> Severity:
    if transition.kind is Kind.OUTCOME or transition.kind is Kind.RETRACTED:
        return Severity.INFO
    if transition.kind is Kind.MILESTONE_MISSED or transition.kind is Kind.CONTRACTION:
        return Severity.WARNING
    if transition.band is RED:
        return Severity.CRITICAL
    if transition.kind is Kind.FLAG:
        return Severity.CRITICAL if model.flag_caps[transition.to] < CRITICAL_CAP else Severity.WARNING
    return Severity.INFO if is_better(transition) else Severity.WARNING
