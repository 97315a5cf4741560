"""News made into signals: everything a reader needs, so that it looks nothing up."""

from msgspec import Struct

from common.contracts import ids
from common.contracts.signals import Band, Facts, Forecast, Health, Kind, Receipt, Severity, Signal
from scoring.core.moments import to_datetime
from scoring.core.standing import News, Standing

# A flag that caps below this is as bad as red.
_CRITICAL_CAP = 30.0


class Telling(Struct, frozen=True):
    """What all signals of one look have in common."""

    account_id: str
    card_id: str
    at: float
    before: Health | None
    after: Health
    receipt: Receipt
    facts: Facts
    forecast: Forecast | None


def told(news: News, *, telling: Telling, standing: Standing, caps: dict[str, float]) -> Signal:
    """Opens an episode in `standing`, or repeats or closes the one that is open. `caps` are those of all flags."""
    signal_id = ids.signal_id(telling.account_id, telling.card_id, news.kind, news.to, news.cause)
    return Signal(
        signal_id=signal_id,
        account_id=telling.account_id,
        episode=_episode(news, signal_id, standing),
        card_id=telling.card_id,
        kind=news.kind,
        severity=severity(news, caps),
        to=news.to,
        cause=news.cause,
        at=to_datetime(telling.at),
        since=to_datetime(news.since),
        before=telling.before,
        after=telling.after,
        receipt=telling.receipt,
        facts=telling.facts,
        forecast=telling.forecast,
        history=news.history,
    )


def _episode(news: News, signal_id: str, standing: Standing) -> str:
    episode = standing.episode or signal_id
    if news.kind is Kind.BAND:
        standing.episode = None if news.to == Band.GREEN else episode
    return episode


def severity(news: News, caps: dict[str, float]) -> Severity:
    if news.kind is Kind.OUTCOME:
        return Severity.INFO
    if news.kind is Kind.MILESTONE_MISSED:
        return Severity.WARNING
    if news.kind is Kind.FLAG:
        return Severity.CRITICAL if caps[news.to] < _CRITICAL_CAP else Severity.WARNING
    if news.to == Band.RED:
        return Severity.CRITICAL
    better = news.to == Band.GREEN or news.was is Band.RED
    return Severity.INFO if better else Severity.WARNING
