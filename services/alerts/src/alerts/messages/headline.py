"""The title of a signal: what happened to whom, readable in a list of a hundred."""

from alerts.messages.message import Title, Tone
from alerts.messages.playbooks import NameCategory
from alerts.messages.reader import Recipient
from alerts.messages.tongue import BandChange, Scores
from alerts.words import is_worse, score_before, score_moves
from common.contracts.signals import Band, Kind, Severity, Signal

_TONES = {Band.RED: Tone.RED, Band.YELLOW: Tone.YELLOW, Band.GREEN: Tone.GREEN, Band.INSUFFICIENT: Tone.GREY}


def title(signal: Signal, reader: Recipient) -> Title:
    return Title(_tone(signal, reader), _text(signal, reader))


def scores(signal: Signal) -> Scores:
    return Scores(round(score_before(signal)), round(signal.after.score))


def capped_by(signal: Signal) -> str | None:
    """The flag that did most to bring a worse band, which makes it the news."""
    if signal.kind is not Kind.BAND or not is_worse(signal):
        return None
    most = score_moves(signal, limit=1).most
    return most[0].name if most and most[0].capped else None


def beside(signal: Signal, reader: Recipient) -> str:
    """The same in few words, for a message about this account."""
    match signal.kind:
        case Kind.BAND:
            return reader.language.now_in(Band(signal.to), scores(signal))
        case Kind.FLAG:
            return reader.called(NameCategory.FLAGS, signal.to)
        case Kind.OUTCOME:
            return reader.called(NameCategory.OUTCOMES, signal.to)
        case Kind.MILESTONE_MISSED:
            # By the signal's own year: a title must read the same whenever it is told, or threads fall apart.
            due, missed = reader.local(signal.since), reader.local(signal.at)
            step = reader.called(NameCategory.STEPS, signal.to)
            return reader.language.overdue(step, due, year=due.year != missed.year)


def _text(signal: Signal, reader: Recipient) -> str:
    language, name = reader.language, reader.account(signal)
    if signal.kind is not Kind.BAND:
        return language.of(name, beside(signal, reader))
    if flag := capped_by(signal):
        return language.of(name, language.comma.join([reader.called(NameCategory.FLAGS, flag), beside(signal, reader)]))
    return language.crossed(name, Band(signal.to), scores(signal), _shift(signal))


def _shift(signal: Signal) -> BandChange:
    if signal.before is None or signal.before.band is Band.INSUFFICIENT:
        return BandChange.FIRST
    if is_worse(signal):
        return BandChange.WORSE
    return BandChange.RECOVERED if signal.to == Band.GREEN else BandChange.EASED


def _tone(signal: Signal, reader: Recipient) -> Tone:
    match signal.kind:
        case Kind.BAND:
            return _TONES[Band(signal.to)]
        case Kind.OUTCOME:
            return Tone.GREEN if reader.is_good(signal.to) else Tone.GREY
        case _:
            # As bad as the account stands: a small thing is none where all is red already.
            critical = signal.severity is Severity.CRITICAL or signal.after.band is Band.RED
            return Tone.RED if critical else Tone.YELLOW
