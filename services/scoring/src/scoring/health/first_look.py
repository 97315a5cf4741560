"""The first look at an account: what stands when a first sync or an import is over is told once, in one signal.

A look waits for a quiet time after the account's first record, and after each of its history. Until the first look
nothing is told of bands, missed steps and derived flags; they are shown. While an account is imported its clock follows
the event times of its history, so that the import gives days. The wait alone is in record time.
"""

from math import floor, inf
from typing import Final, final

from common.contracts import ids
from common.contracts.events import Event
from common.contracts.signals import Kind, Severity
from scoring.health import posting
from scoring.health.account import Account
from scoring.health.alert_state import AlertState
from scoring.health.band_carrier import carries
from scoring.health.bands import GREEN, INSUFFICIENT
from scoring.health.closures import AWAY
from scoring.health.evaluation import HealthSnapshot
from scoring.health.feeding import forget_beginning
from scoring.health.forecast import forecast
from scoring.health.incremental import end_horizon, forget_horizon
from scoring.health.journey_told import JOURNEY_KINDS
from scoring.health.signals import SignalBuilder, add_signals
from scoring.health.standing import TROUBLE, find_standing, gravity
from scoring.health.state_format import Crossing
from scoring.health.step_draft import StepDraft
from scoring.health.transitions import regard_as_told, return_to
from scoring.health.trigger import Transition, Trigger

# In seconds of record time: the quiet time that a look waits for, and the most that it waits after the first record.
FIRST_LOOK_SECONDS: Final = 900
AT_MOST_SECONDS: Final = 86_400.0
# The live events that leave an account at the time of its import: facts may come before the history does.
_FACTS: Final = ("account.updated", AWAY)


@final
class FirstLook:
    """A look that is waited for. It opened with the record of the time `began`; it is due at the whole second `due`.

    `first` if it is the account's first. While `importing` the account's clock follows the event times of its history
    and nothing else; until the first of these it is `provisional`, the time of the facts that came before.
    """

    __slots__ = ("began", "due", "first", "importing", "provisional")

    def __init__(self, began: float, due: float, *, first: bool, importing: bool, provisional: bool) -> None:
        self.began = began
        self.due = due
        self.first = first
        self.importing = importing
        self.provisional = provisional


def concerns_look(account: Account, event: Event) -> bool:
    """Whether the event may open a look or put it off, or is applied at another time than that of its record."""
    return event.history or account.importing or not account.has_records


def follow_record(account: Account, event: Event, at: float, moment: float, *, seconds: int, at_most: float) -> float:
    """Opens a look or puts it off, as an event of the record time `at` says; to be called before it is applied.

    `moment` is the event's time; a look waits for `seconds` without history, `at_most` for so long in all. Returns the
    time to which the account's clock goes. All that was due by `at` has fired.
    """
    look, is_new = account.look, not account.has_records
    if look is None:
        if account.is_merged or not (is_new or event.history):
            return at
        look = account.look = FirstLook(at, 0.0, first=is_new, importing=is_new, provisional=is_new)
        _put_off(account, look, at, seconds, at_most)
    elif event.history:
        _put_off(account, look, at, seconds, at_most)
    if not look.importing:
        return at
    if event.history:
        if look.provisional:
            look.provisional = False
            _begin_anew(account)
            return moment
        return max(account.clock, moment)
    if event.name in _FACTS and not _is_told(account, event):
        return at if is_new else account.clock
    look.importing = False
    return at


def _is_told(account: Account, event: Event) -> bool:
    """Whether it raises a flag or decides an outcome under this card, which are told as of the present."""
    reaction = account.model.reaction(event.name)
    return bool(reaction.fed_flags or reaction.outcomes)


def _put_off(account: Account, look: FirstLook, at: float, seconds: int, at_most: float) -> None:
    # Without LogAppendTime record times may go back; a look does not.
    look.due = max(look.due, float(min(floor(at) + seconds, floor(look.began) + at_most)))
    account.look_at = look.due
    end_horizon(account, look.due)


def drop_look(account: Account) -> None:
    """Nobody is told how the account stands, as it was merged; its clock is that of its records again."""
    account.look, account.look_at = None, inf


def cancel_look_timer(account: Account) -> None:
    """The look waits for the account's next event."""
    account.look_at = inf


def _begin_anew(account: Account) -> None:
    """The account begins where its history does, with what the facts so far have said."""
    anew = AlertState()
    anew.flags, anew.outcomes = account.state.flags, account.state.outcomes
    return_to(account, anew)
    forget_beginning(account)
    forget_horizon(account)


_NOT_LISTED_BY_LOOK: Final = (Kind.OUTCOME, Kind.CONTRACTION, Kind.VALUE_REACHED)


def told_meanwhile(account: Account, look: FirstLook, changes: list[Transition], trigger: Trigger) -> list[Transition]:
    """Those of the changes that are told although a look is open; the others are shown until it says what stands."""
    derived = [flag.name for flag in account.flags if flag.watched is not None]
    found: list[Transition] = []
    for each in changes:
        by_event = not isinstance(each.crossing.cause, str)
        first_request = trigger.first and by_event and not each.crossing.history
        if each.kind in _NOT_LISTED_BY_LOOK:
            # The look does not list these, so they are kept. Those of a first sync or an import are history.
            found.append(_as_history(each) if first_request or look.importing else each)
        elif each.kind in JOURNEY_KINDS:
            # The look lists what of the journey stands; that an onboarding is late it does not say.
            is_told = by_event or each.kind is Kind.ONBOARDING_LATE
            if is_told and not each.crossing.history and not look.first:
                found.append(each)
        elif each.kind is Kind.FLAG and each.to not in derived:
            # One that silence raises was announced by an event of the first request, and the look lists it.
            if by_event and not first_request:
                found.append(each)
        elif each.kind is Kind.RETRACTED or (by_event and not each.crossing.history and not look.first):
            found.append(each)
        elif carries(account, found, each) or (each.band is GREEN and not each.crossing.history):
            # A flag that is told at once tells its band with it. A recovery ends what such a flag has told.
            found.append(each)
    return found


def _as_history(each: Transition) -> Transition:
    return each._replace(crossing=each.crossing._replace(history=True))


def tell_look(account: Account, look: FirstLook, at: HealthSnapshot, draft: StepDraft) -> None:
    """Adds the one signal that says what stands, after a recovery that only history has brought.

    `at` is the account's last evaluation, up to which all is posted.
    """
    drop_look(account)
    regard_as_told(account, at.at, first=look.first)
    state, expected = account.state, forecast(account)
    signals, standing = SignalBuilder(account, at, expected, draft), find_standing(account)
    cause = ids.silence(int(look.due))
    if state.episode is not None and state.band is GREEN and not state.ended:
        # History alone has ended the episode. Whoever was told of the trouble is told that it is over.
        recovered = Transition(Kind.BAND, GREEN.value, Crossing(at.at, cause, False))
        add_signals(account, [recovered], at, expected, draft)
    band = signals.after.band
    episode = state.episode or signals.id_of(Kind.FIRST_LOOK, band.value, cause)
    if band is not INSUFFICIENT:
        state.episode = episode if band in TROUBLE else None
    draft.signals.append(
        signals.build(
            Kind.FIRST_LOOK,
            band.value,
            Crossing(look.began, cause, False),
            severity=gravity(account, standing[0]) if standing else Severity.INFO,
            episode=episode,
            before=None if look.first else draft.health_before,
            standing=tuple(standing),
        )
    )
    # A look tells the band.
    posting.open_change(account, at.at, at.score)
