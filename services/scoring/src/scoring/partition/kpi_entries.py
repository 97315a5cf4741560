"""What KPIs are made of: entries of counted events and of what the core decided, in the order of the log. Pure."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from msgspec import Struct

from common.contracts.events import Event
from common.contracts.signals import Band
from scoring.health import Account, HealthChange, MonthEnd, Scorer, Stage, Step
from scoring.health.facts import MERGED, RETRACTED, WRITES, said_facts
from scoring.health.moments import parse_day, to_date
from scoring.health.properties import hash_of, id_hash, number, parse_date, withdrawn_event
from scoring.partition.ticket_entries import TICKETS, said_of_ticket
from scoring.partition.words import label, words_of

# Names of entries that no event has.
HEALTH_CHANGED: Final = "health.changed"
MONTH_ENDED: Final = "month.ended"
ACCOUNT_ERASED: Final = "account.erased"

PLANNED, REACHED = "milestone.planned", "milestone.reached"
_CSAT: Final = "csat.answered"
ANSWERS: Final = ("nps.answered", _CSAT)
_FACTS: Final = frozenset(
    ("arr", "seats", "tier", "owner", "segment", "stage", "contract_start", "contract_end", "status", "merged_into")
)
# Of these a post that repeats the present value has no entry.
_REPEATED: Final = _FACTS & frozenset(WRITES["account.updated"])
DECIMALS: Final = 4  # of the values of metrics
_UPDATED: Final = "account.updated"
_ABOUT: Final = "about"
KPI_EVENTS: Final = frozenset([*WRITES, PLANNED, REACHED, *ANSWERS, *TICKETS, RETRACTED]) - {"account.away"}
"""The names of the events of which `entry_of` may make an entry."""
_OF_PEOPLE: Final = frozenset([*ANSWERS, *TICKETS])
_SIGN: Final = 1 << 63


class KpiEntry(Struct, frozen=True):
    """`at` is when it happened (event time, at most record time), `known_at` the record time; both in seconds.

    `key` names the event within its account, for a retraction; None where no event is the cause. `person` is who
    answered, or of whom the ticket's event is. `said` holds facts by their names, or what `name` brings. `words` are
    what the person wrote, apart from the rest because they are deleted with the person.
    """

    account_id: str
    name: str
    at: float
    known_at: float
    key: int | None
    person: bytes | None
    said: dict[str, Any]
    words: str | None = None


class HealthStanding(NamedTuple):
    """What is told of an account's health: an entry says each change of it."""

    band: Band | None
    stage: Stage


class KpiEntries:
    """The entries of one batch, in the order of the log."""

    def __init__(self) -> None:
        self._entries: list[KpiEntry] = []
        # As the last entries say it; None for a new account, of which there is none.
        self._standings: dict[str, HealthStanding | None] = {}

    def follow(self, account: Account, *, is_new: bool) -> None:
        """From now on changes of this account's health are noted."""
        self._standings[account.account_id] = None if is_new else HealthStanding(account.band, account.stage)

    def add(self, *entries: KpiEntry) -> None:
        self._entries += entries

    def note_health(self, account: Account, step: Step, scorer: Scorer, *, recorded: float) -> None:
        """Adds an entry for each band or stage that the step brought and the last entry does not say."""
        account_id = account.account_id
        for change in step.changes:
            self._note_change(account_id, change, recorded=recorded)
        if account.has_records and self._standings[account_id] != (account.band, account.stage):
            score = scorer.health(account, account.clock).score
            present = HealthChange(account.clock, account.band, account.stage, score)
            self._note_change(account_id, present, recorded=recorded)

    def note_months(self, months: Sequence[MonthEnd], *, recorded: float) -> None:
        for month in months:
            self._entries.append(month_entry(month, recorded=recorded))

    def rows(self) -> tuple[KpiEntry, ...]:
        return tuple(self._entries)

    def _note_change(self, account_id: str, change: HealthChange, *, recorded: float) -> None:
        standing = HealthStanding(change.band, change.stage)
        if self._standings[account_id] != standing:
            self._standings[account_id] = standing
            self._entries.append(health_entry(account_id, change, recorded=recorded))


def entry_of(event: Event, account: Account, *, recorded: float) -> KpiEntry | None:
    """The entry of an event that is about to be applied to the account; None if it brings nothing new.

    `recorded` is its record time in seconds.
    """
    at = _moment(event, account, recorded)
    said = _said(event, account, at)
    if said is None:
        return None
    person = None if event.user_id is None or event.name not in _OF_PEOPLE else person_key(event.user_id)
    return KpiEntry(event.account_id, event.name, at, recorded, signed(id_hash(event)), person, said, words_of(event))


def _moment(event: Event, account: Account, recorded: float) -> float:
    return min(event.time.timestamp(), max(recorded, account.clock))


def _said(event: Event, account: Account, at: float) -> dict[str, Any] | None:
    """None if the event has nothing to keep."""
    name, given = event.name, event.properties
    if name in WRITES:
        said = {field: value for field, value in said_facts(event).items() if field in _FACTS}
        if name == _UPDATED:
            said = {field: value for field, value in said.items() if _is_new(field, value, account, at)}
        return said if said or name not in (_UPDATED, MERGED) else None
    if name == RETRACTED:
        withdrawn = withdrawn_event(event)
        return None if withdrawn is None else {"retracts": signed(hash_of(*withdrawn))}
    if name in ANSWERS:
        score = number(given.get("score"))
        about = label(given.get(_ABOUT)) if name == _CSAT else None
        return None if score is None else {"score": score} | ({} if about is None else {_ABOUT: about})
    if name in TICKETS:
        return said_of_ticket(event)
    step: object = given.get("step")
    if not isinstance(step, str):
        return None
    if name == REACHED:
        # Systems post reached steps every night, too; the first time counts.
        return None if any(metric.is_done_twice(step, at) for metric in account.metrics) else {"step": step}
    due = parse_date(given.get("due"))
    return None if due is None or _repeats_plan(step, given.get("due"), account, at) else {"step": step, "due": due}


def _repeats_plan(step: str, due: object, account: Account, at: float) -> bool:
    """Whether the last two posts of a step's plan said the same: systems post plans every night, too."""
    day = parse_day(due)
    for metric in account.metrics:
        posts = metric.repeated_plan(step)
        if posts is not None and posts[0].day == day and at >= posts[0].moment:
            return True
    return False


def _is_new(field: str, value: object, account: Account, at: float) -> bool:
    """Whether a posted fact may matter to a KPI: systems post the same facts every night.

    A value that repeats the present one is kept once, so that it still stands if the event before it is retracted.
    """
    writer = account.writers.get(field)
    if writer is None or at < writer[0]:
        return True
    if getattr(account.posted, field) != value:
        return True
    former = account.former_facts
    return field not in former.writers or getattr(former.facts, field) != value


def restatements(event: Event, account: Account, *, recorded: float) -> list[KpiEntry]:
    """What posts of a later time say again, if the event, which is about to be applied, says something else.

    Of a repeated fact or plan most posts have no entry, so the value of a late event would stand for ever.
    """
    if event.name == PLANNED:
        return _restated_plan(event, account, recorded=recorded)
    return _restated_facts(event, account, recorded=recorded) if event.name in WRITES else []


def _restated_plan(event: Event, account: Account, *, recorded: float) -> list[KpiEntry]:
    """The account knows the last two posts of a plan; the first of them that is later than the event is said again."""
    step, at = event.properties.get("step"), _moment(event, account, recorded)
    if not isinstance(step, str):
        return []
    for metric in account.metrics:
        posts = metric.repeated_plan(step)
        if posts is None or posts[0].day == parse_day(event.properties.get("due")):
            continue
        later, first = posts
        post = first if at < first.moment else later
        if at < post.moment:
            said = {"step": step, "due": to_date(post.day)}
            return [KpiEntry(event.account_id, PLANNED, post.moment, recorded, signed(post.by), None, said)]
    return []


def _restated_facts(event: Event, account: Account, *, recorded: float) -> list[KpiEntry]:
    """The account knows the last two posts of each fact; the first that is later than the event is said again."""
    at = _moment(event, account, recorded)
    said: dict[tuple[float, int], dict[str, Any]] = {}
    for field, value in said_facts(event).items():
        present, former = getattr(account.posted, field), getattr(account.former_facts.facts, field)
        if field not in _REPEATED or field not in account.former_facts.writers or former != present or present == value:
            continue
        for writer in (account.former_facts.writers[field], account.writers[field]):
            if at < writer[0]:
                said.setdefault(writer, {})[field] = present
                break
    return [
        KpiEntry(event.account_id, _UPDATED, moment, recorded, signed(key), None, facts)
        for (moment, key), facts in sorted(said.items(), key=lambda one: one[0])
    ]


def health_entry(account_id: str, change: HealthChange, *, recorded: float) -> KpiEntry:
    """The band is of the moment from which it is shown. Its line may have been crossed before that."""
    said = {"band": change.band, "stage": change.stage, "score": round(change.score, 1)}
    return KpiEntry(account_id, HEALTH_CHANGED, change.at, recorded, None, None, said)


def month_entry(month: MonthEnd, *, recorded: float) -> KpiEntry:
    said = {
        "score": round(month.score, 1),
        "dimensions": {name: round(points, 1) for name, points in month.dimensions.items() if points is not None},
        "adoption": {name: round(value, DECIMALS) for name, value in month.adoption.items()},
    }
    return KpiEntry(month.account_id, MONTH_ENDED, month.at, recorded, None, None, said)


def person_key(user_id: str) -> bytes:
    """As entries name a person. No text: the id of a substitute begins with NUL, which no text of PostgreSQL holds."""
    return user_id.encode("utf-8", "surrogatepass")


def signed(key: int) -> int:
    """A hash of 64 bits as PostgreSQL stores it."""
    return key - 2 * _SIGN if key >= _SIGN else key
