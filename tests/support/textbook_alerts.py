"""What was told of an account and what waits to be told, and how one evaluation moves that on.

Plain and slow: an evaluation makes another state and says what it tells. One that makes the same state changed nothing.
"""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from common.contracts import ids
from common.contracts.signals import Band, Kind, Signal
from scoring.health.card import Bands
from support.textbook_flags import NO_RULES, FlagRules
from support.textbook_history import DAY, PersonsBand

ACCOUNT, CARD = "acme", "card"
_EPOCH = datetime.fromtimestamp(0, UTC)
# An event that costs at least this much acts at once.
_SUDDEN = 5.0
_WORSE = {Band.GREEN: (Band.YELLOW, Band.RED), Band.YELLOW: (Band.RED,), Band.RED: ()}

Cause = tuple[str, str] | str


class ToldSignal(NamedTuple):
    """What is compared of a signal."""

    kind: Kind
    to: str
    at: datetime
    since: datetime
    cause: Cause
    history: bool
    episode: str
    brings: Band | None = None


class Crossed(NamedTuple):
    """A line crossed or a flag raised: since when and by what; `told` if nobody waits to hear of it."""

    since: float
    cause: Cause
    history: bool
    told: bool = False


class ModelRequest(NamedTuple):
    """A request of which more is to come: how the account stood before it, and what was crossed in it, and by what.

    `score` is None if nothing was before it.
    """

    before: "ModelState"
    since: float
    score: float | None
    crossed: dict[str, Crossed]
    decided: tuple[tuple[str, Crossed], ...] = ()


class ModelState(NamedTuple):
    """`band` is the one shown; `waiting` are worse ones whose line is crossed but that were not told yet.

    `missed` has the due moment of each step that was told as missed. `had_band`: there was evidence for a band once.
    `arr` is the amount that a contraction would fall from. `ended` while the contract has ended. `override` while the
    band is a person's. Within a request all but `request` is a draft, of which nothing is told.
    """

    band: Band | None = None
    had_band: bool = False
    waiting: dict[Band, Crossed] = {}  # noqa: RUF012 - replaced, never changed
    flags: dict[str, Crossed] = {}  # noqa: RUF012
    missed: dict[str, float] = {}  # noqa: RUF012
    episode: str | None = None
    arr: float | None = None
    ended: bool = False
    override: PersonsBand | None = None
    request: ModelRequest | None = None


class Evaluation(NamedTuple):
    """Health at a moment and what caused it to be evaluated.

    `flags` are those that are up, True if derived; `steps` are not done, by when they are due, `told` those of them
    whose miss is told; `lost` is how many points an event cost, `first` says that nothing was before it. At the end of
    a request `came` has what was crossed within it, and `decided` its outcomes. `arr` is what the contract is worth, a
    fall by the share `enough` is told. `ended` if the contract has ended. `caps` are those of the flags; `untold` are
    flags of which nobody hears now. `rules` are those of the card's flags. `override` is the band that a person has
    set.
    """

    at: float
    score: float
    sufficient: bool
    flags: dict[str, bool]
    steps: dict[str, float]
    told: dict[str, float]
    bands: Bands
    cause: Cause
    history: bool = False
    lost: float = 0.0
    first: bool = False
    outcomes: tuple[str, ...] = ()
    came: dict[str, Crossed] = {}  # noqa: RUF012
    arr: float | None = None
    enough: float = 0.2
    decided: tuple[tuple[str, Crossed], ...] = ()
    ended: bool = False
    caps: dict[str, float] = {}  # noqa: RUF012
    untold: frozenset[str] = frozenset()
    override: PersonsBand | None = None
    rules: FlagRules = NO_RULES

    @property
    def sudden(self) -> bool:
        return round(self.lost, 6) >= _SUDDEN

    def crossed(self, what: str = "") -> Crossed:
        return self.came.get(what, Crossed(self.at, self.cause, self.history))

    def is_over(self, crossed: Crossed, flag: str = "") -> bool:
        """The minimum duration has passed, or that of the flag."""
        return self.at >= crossed.since + self.rules.holds.get(flag, self.bands.min_duration * DAY)


def moved(state: ModelState, now: Evaluation) -> tuple[ModelState, list[ToldSignal]]:
    """Milestones, flags and outcomes are told before the band, but for the flag that brings it."""
    if state.request is not None:
        return _within(state, state.request, now), []
    told: list[ToldSignal] = []
    # Of who comes back the band is told as if nothing had been known.
    if state.ended and not now.ended:
        state = state._replace(band=None, waiting={})
    was, episode, state = state, state.episode, state._replace(ended=now.ended)
    state = _miss(state, now, told)
    state = _flag(state, now, told)
    expected = {flag.cause for name, flag in state.flags.items() if name in now.untold and _is_new(name, flag, was)}
    state = _contract(state, now, told)
    for outcome in now.outcomes:
        told.append(_signal(Kind.OUTCOME, outcome, now.crossed(), now, state.episode))
    for outcome, crossed in now.decided:
        told.append(_signal(Kind.OUTCOME, outcome, crossed, now, state.episode))
    state = _band(state, now, told)
    if now.ended:
        return _after_the_end(state, episode, told)
    # A worse band of the same silence as a flag that nobody hears of.
    if told and _is_worse(told[-1], was) and told[-1].cause in expected:
        return state._replace(episode=was.episode), told[:-1]
    return _carried(was, state, now, told)


def _after_the_end(
    state: ModelState, episode: str | None, told: list[ToldSignal]
) -> tuple[ModelState, list[ToldSignal]]:
    """Only outcomes are told; a band that nobody hears of opens no episode, but green ends one."""
    green = any(signal.kind is Kind.BAND and signal.to == Band.GREEN for signal in told)
    outcomes = [signal for signal in told if signal.kind is Kind.OUTCOME]
    return state._replace(episode=None if green else episode), outcomes


def _is_new(name: str, flag: Crossed, was: ModelState) -> bool:
    known = was.flags.get(name)
    return flag.told and not (known is not None and known.told)


def _is_worse(signal: ToldSignal, was: ModelState) -> bool:
    return signal.kind is Kind.BAND and signal.to != Band.GREEN and was.band is not Band.RED


def _carried(
    was: ModelState, state: ModelState, now: Evaluation, told: list[ToldSignal]
) -> tuple[ModelState, list[ToldSignal]]:
    """A worse band is told with the flag of the lowest cap, if that alone would bring it."""
    # Of who comes back the band is told by itself: none was known before.
    if not told or not _is_worse(told[-1], was) or was.band is None or now.override is not None:
        return state, told
    *others, band = told
    line = now.bands.red if band.to == Band.RED else now.bands.yellow
    low = [one for one in others if one.kind is Kind.FLAG and round(now.caps[one.to], 6) < line]
    if not low:
        return state, told
    first = min(low, key=lambda one: (now.caps[one.to], one.to))
    rest = [one._replace(episode=first.episode) for one in others if one is not first]
    return state._replace(episode=first.episode), [first._replace(brings=Band(band.to)), *rest]


def _within(state: ModelState, request: ModelRequest, now: Evaluation) -> ModelState:
    """One more evaluation within a request. What is no longer crossed is forgotten."""
    draft, _ = moved(state._replace(request=None), now)
    # A draft opens no episode and closes none.
    draft = draft._replace(episode=request.before.episode)
    if draft._replace(request=request) != state:
        crossed = {what: request.crossed.get(what, now.crossed()) for what in _is_crossed(request.before, now)}
        request = request._replace(crossed=crossed)
    decided = tuple((outcome, now.crossed()) for outcome in now.outcomes)
    return draft._replace(request=request._replace(decided=request.decided + decided))


def _is_crossed(before: ModelState, now: Evaluation) -> list[str]:
    """Seen from before the request."""
    crossed = [
        *now.flags,
        *(step for step, due in now.told.items() if due <= now.at and before.missed.get(step) != due),
    ]
    if _contracted(before, now):
        crossed.append("contraction")
    if now.override is not None or before.override is not None:
        return [*crossed, _person(now.override)]
    if not now.sufficient:
        return crossed
    if before.band in (None, Band.INSUFFICIENT) or (before.ended and not now.ended):
        return [*crossed, "known"]
    if before.band is not Band.RED and now.score < now.bands.red:
        crossed.append(Band.RED)
    if before.band is Band.GREEN and now.score < now.bands.yellow:
        crossed.append(Band.YELLOW)
    if reached(before.band, now.score, now.bands) not in (before.band, *_WORSE[before.band]):
        crossed.append("better")
    return crossed


def closed(state: ModelState, now: Evaluation) -> tuple[ModelState, list[ToldSignal]]:
    """The end of a request: what is told compares with before it, and a cause is what crossed."""
    assert state.request is not None
    before, score = state.request.before, state.request.score
    return moved(
        before,
        now._replace(
            lost=0.0 if score is None else score - now.score,
            first=score is None,
            outcomes=(),
            came=state.request.crossed,
            decided=state.request.decided,
        ),
    )


def _miss(state: ModelState, now: Evaluation, told: list[ToldSignal]) -> ModelState:
    if not now.told:
        return state
    late = {step: due for step, due in now.told.items() if due <= now.at and state.missed.get(step) != due}
    for step in sorted(late):
        by = now.crossed(step)
        missed = Crossed(late[step], by.cause, by.history)
        told.append(_signal(Kind.MILESTONE_MISSED, step, missed, now, state.episode))
    return state._replace(missed=state.missed | late) if late else state


def _flag(state: ModelState, now: Evaluation, told: list[ToldSignal]) -> ModelState:
    """A flag that an event raises is told at once, a derived one waits unless an event made a large step of it."""
    if not now.flags and not state.flags:
        return state
    flags = {}
    for name in sorted(now.flags):
        known = state.flags.get(name)
        crossed = known or now.crossed(name)
        at_once = known is None and name not in now.rules.holds and (now.sudden or not now.flags[name])
        waits = now.rules.waits_for_others(name, now.flags)
        if not crossed.told and not waits and (at_once or now.is_over(crossed, name)):
            if name not in now.untold and name not in now.rules.never_told:
                told.append(_signal(Kind.FLAG, name, crossed, now, state.episode))
            crossed = crossed._replace(told=True)
        flags[name] = crossed
    return state._replace(flags=flags)


def _contracted(state: ModelState, now: Evaluation) -> bool:
    if now.arr is None or state.arr is None or state.arr <= 0.0 or now.arr >= state.arr:
        return False
    return now.arr <= state.arr * (1.0 - now.enough)


def _contract(state: ModelState, now: Evaluation, told: list[ToldSignal]) -> ModelState:
    """A contract is compared with its highest amount since the last fall that was told."""
    if _contracted(state, now):
        told.append(_signal(Kind.CONTRACTION, "arr", now.crossed("contraction"), now, state.episode))
    elif now.arr is not None and state.arr is not None and now.arr <= state.arr:
        return state
    return state._replace(arr=now.arr)


def _band(state: ModelState, now: Evaluation, told: list[ToldSignal]) -> ModelState:
    was = state.band
    if now.override is not None or state.override is not None:
        return _set_by_a_person(state, now, told)
    if not now.sufficient:
        return state if was is Band.INSUFFICIENT else state._replace(band=Band.INSUFFICIENT, waiting={})
    band = reached(was, now.score, now.bands)
    if was is None or was is Band.INSUFFICIENT or band not in (was, *_WORSE[was]):
        what = "better" if was in _WORSE else "known"
        return _tell(state._replace(waiting={}), band, now.crossed(what), now, told)
    return _worse(state, was, now, told)


def _set_by_a_person(state: ModelState, now: Evaluation, told: list[ToldSignal]) -> ModelState:
    """A person's band holds until it is over; then the score is looked at as if there had been no band."""
    was, by = state.band, now.override
    state = state._replace(override=by, waiting={})
    if by is None and not now.sufficient:
        return state._replace(band=Band.INSUFFICIENT)
    band = reached(None, now.score, now.bands) if by is None else by.to
    return state if band is was else _tell(state, band, now.crossed(_person(by)), now, told)


def _person(by: PersonsBand | None) -> str:
    return "nobody" if by is None else f"person {by.place}"


def reached(told: Band | None, score: float, bands: Bands) -> Band:
    """A band is entered below its line, and left at the line plus hysteresis."""
    red = bands.red + (bands.hysteresis if told is Band.RED else 0.0)
    yellow = bands.yellow + (bands.hysteresis if told in (Band.RED, Band.YELLOW) else 0.0)
    if score < red:
        return Band.RED
    return Band.YELLOW if score < yellow else Band.GREEN


def _worse(state: ModelState, was: Band, now: Evaluation, told: list[ToldSignal]) -> ModelState:
    """Each line is waited for on its own; the worst whose wait is over is told."""
    waiting: dict[Band, Crossed] = {}
    ready: Band | None = None
    for band in _WORSE[was]:
        if now.score < (now.bands.red if band is Band.RED else now.bands.yellow):
            known = state.waiting.get(band)
            waiting[band] = known or now.crossed(band)
            if now.is_over(waiting[band]) or (known is None and now.sudden):
                ready = band
    if ready is None:
        return state if waiting == state.waiting else state._replace(waiting=waiting)
    still = {band: crossed for band, crossed in waiting.items() if band in _WORSE[ready]}
    return _tell(state._replace(waiting=still), ready, waiting[ready], now, told)


def _tell(state: ModelState, band: Band, crossed: Crossed, now: Evaluation, told: list[ToldSignal]) -> ModelState:
    """Where somebody stands at first is no change, unless it took until now to know; nor is green, if all was well."""
    quiet = not state.had_band and (now.first or now.history)
    state = state._replace(band=band, had_band=True)
    if quiet or (band is Band.GREEN and state.episode is None):
        return state
    signal = _signal(Kind.BAND, band, crossed, now, state.episode)
    told.append(signal)
    return state._replace(episode=None if band is Band.GREEN else signal.episode)


def _signal(kind: Kind, to: str, crossed: Crossed, now: Evaluation, episode: str | None) -> ToldSignal:
    """A signal outside any episode is its own."""
    own = ids.signal_id(ACCOUNT, CARD, kind, to, crossed.cause)
    times = moment(now.at), moment(crossed.since)
    return ToldSignal(kind, to, *times, crossed.cause, crossed.history, episode or own)


def as_told(signal: Signal) -> ToldSignal:
    s = signal
    brings = s.told_band if s.kind is Kind.FLAG else None
    return ToldSignal(s.kind, s.to, s.at, s.since, s.cause, s.history, s.episode, brings)


def moment(seconds: float) -> datetime:
    return _EPOCH + timedelta(seconds=seconds)
