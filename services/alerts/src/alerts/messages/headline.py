"""The title of a signal: what happened to whom, readable in a list of a hundred."""

from alerts.languages.language import BandChange
from alerts.messages.message import Title
from alerts.messages.recipient import Recipient
from alerts.signals.score import is_worse, score_moves
from alerts.signals.signal_kinds import overriding, rules_of, scores
from common.contracts.signals import Band, Kind, Signal


def title(signal: Signal, recipient: Recipient) -> Title:
    return Title(rules_of(signal.kind).tone(signal, recipient), _text(signal, recipient))


def capping_flag(signal: Signal) -> str | None:
    """The flag that did most to bring a worse band: the title names it."""
    if signal.told_band is None or not is_worse(signal) or overriding(signal) is not None:
        return None
    if signal.kind is Kind.FLAG:
        return signal.to
    most = score_moves(signal, limit=1).most
    return most[0].name if most and most[0].capped else None


def without_account(signal: Signal, recipient: Recipient) -> str:
    """What happened, for a message whose title names the account already."""
    return rules_of(signal.kind).tell(signal, recipient)


def band_now(signal: Signal, recipient: Recipient) -> str:
    """The band that it tells, and the score; "" if it tells none."""
    band = signal.told_band
    return "" if band is None else recipient.language.now_in(band, scores(signal))


def _text(signal: Signal, recipient: Recipient) -> str:
    language, account = recipient.language, recipient.account(signal)
    # A flag that caps the score is the cause, so the title names it before the band.
    if flag := capping_flag(signal):
        return language.of(account, language.comma.join([recipient.flag(flag), band_now(signal, recipient)]))
    if signal.kind is not Kind.BAND or overriding(signal) is not None:
        return language.of(account, without_account(signal, recipient))
    return language.crossed(account, Band(signal.to), scores(signal), _band_change(signal))


def _band_change(signal: Signal) -> BandChange:
    # The first band of an account: there was no score to compare with.
    if signal.before is None or signal.before.band is Band.INSUFFICIENT:
        return BandChange.FIRST
    if is_worse(signal):
        return BandChange.WORSE
    return BandChange.RECOVERED if signal.to == Band.GREEN else BandChange.EASED
