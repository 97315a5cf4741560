"""The title of a signal: what happened to whom, readable in a list of a hundred."""

from alerts.languages.language import BandChange
from alerts.messages.message import Title
from alerts.messages.recipient import Recipient
from alerts.signals.score import is_worse, score_moves
from alerts.signals.signal_kinds import rules_of, scores
from common.contracts.signals import Band, Kind, Signal


def title(signal: Signal, recipient: Recipient) -> Title:
    return Title(rules_of(signal.kind).tone(signal, recipient), _text(signal, recipient))


def capping_flag(signal: Signal) -> str | None:
    """The flag that did most to bring a worse band: the title names it."""
    if signal.kind is not Kind.BAND or not is_worse(signal):
        return None
    most = score_moves(signal, limit=1).most
    return most[0].name if most and most[0].capped else None


def without_account(signal: Signal, recipient: Recipient) -> str:
    """What happened, for a message whose title names the account already."""
    return rules_of(signal.kind).tell(signal, recipient)


def _text(signal: Signal, recipient: Recipient) -> str:
    language, account = recipient.language, recipient.account(signal)
    if signal.kind is not Kind.BAND:
        return language.of(account, without_account(signal, recipient))
    # A flag that caps the score is the cause, so the title names it before the band.
    if flag := capping_flag(signal):
        what = language.comma.join([recipient.flag(flag), without_account(signal, recipient)])
        return language.of(account, what)
    return language.crossed(account, Band(signal.to), scores(signal), _band_change(signal))


def _band_change(signal: Signal) -> BandChange:
    # The first band of an account: there was no score to compare with.
    if signal.before is None or signal.before.band is Band.INSUFFICIENT:
        return BandChange.FIRST
    if is_worse(signal):
        return BandChange.WORSE
    return BandChange.RECOVERED if signal.to == Band.GREEN else BandChange.EASED
