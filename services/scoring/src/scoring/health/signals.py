"""Transitions made into signals: each carries everything a reader needs, so that it looks nothing up."""

from typing import Final

from common.contracts import ids
from common.contracts.signals import Forecast, Health, Kind, Receipt, Severity, Signal
from scoring.health.account import Account
from scoring.health.bands import GREEN, INSUFFICIENT, RED
from scoring.health.draft import StepDraft
from scoring.health.evaluation import HealthSnapshot
from scoring.health.model import CardModel
from scoring.health.moments import to_datetime
from scoring.health.receipts import change, level, level_off_by, stage_name
from scoring.health.transitions import Transition

# A flag that caps below this is as bad as red.
_CRITICAL_CAP: Final = 30.0


def health_of(account: Account, at: HealthSnapshot) -> Health:
    # There is a band as soon as there is a record; without evidence it says so.
    band = account.state.band or INSUFFICIENT
    return Health(score=at.score, band=band, coverage=at.weights.coverage, stage=stage_name(account))


def emit(
    account: Account, told: list[Transition], at: HealthSnapshot, forecast: Forecast | None, draft: StepDraft
) -> None:
    """Adds the signals of one evaluation to the draft. Everything up to `at`, the last evaluation, is posted."""
    model = account.model
    receipt = Receipt(level(account, at), change(account, (), at.score))
    draft.check(level_off_by(receipt.level))
    after = health_of(account, at)
    for each in told:
        signal_id = ids.signal_id(account.account_id, model.card_id, each.kind, each.to, each.crossing.cause)
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
                before=draft.earlier,
                after=after,
                receipt=receipt,
                facts=account.facts,
                forecast=forecast,
                history=each.crossing.history,
            )
        )


def _episode(account: Account, told: Transition, signal_id: str) -> str:
    """Opens an episode, or repeats or closes the one that is open."""
    state = account.state
    episode = state.episode or signal_id
    if told.kind is Kind.BAND:
        state.episode = None if told.to == GREEN.value else episode
    return episode


def severity(told: Transition, model: CardModel) -> Severity:
    if told.kind is Kind.OUTCOME:
        return Severity.INFO
    if told.kind is Kind.MILESTONE_MISSED:
        return Severity.WARNING
    if told.kind is Kind.FLAG:
        return Severity.CRITICAL if model.flag_caps[told.to] < _CRITICAL_CAP else Severity.WARNING
    if told.to == RED.value:
        return Severity.CRITICAL
    better = told.to == GREEN.value or told.was is RED
    return Severity.INFO if better else Severity.WARNING
