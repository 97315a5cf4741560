"""What KPIs of one span need of each account. A KPI then adds up the accounts that a filter selects."""

from functools import cached_property
from typing import Final, NamedTuple

import numpy as np

from scoring.health.moments import DAY
from scoring.kpis.by_account import added_up, days_covered, has_any, sum_of
from scoring.kpis.contract_terms import TermOutcome
from scoring.kpis.entry_log import BAND, MONTH_SCORE, PLAN_OF, REACHED_OF, SCORE, Flags, Floats, Ints, person_of
from scoring.kpis.entry_view import LAST_DAY, EntryView
from scoring.kpis.kpi_rules import KpiRules

# A customer was in danger if they were red or leaving at some time in so many days before they decided.
DANGER_DAYS: Final = 90


class Movements(NamedTuple):
    """Changes of revenue in the span, in the deployment's currency a year: one amount for each account.

    `expansion` leaves out what came from accounts that were merged into this one in the span.
    """

    new: Floats
    returned: Floats
    expansion: Floats
    contraction: Floats
    lost: Floats
    up_sold: Flags
    cross_sold: Flags
    churned: Flags


class Decisions(NamedTuple):
    """Terms of contracts, one row each. `arr` is the revenue before the decision, of an open term the present one."""

    account: Ints
    due: Ints
    decided: Ints
    outcome: Ints
    arr: Floats

    def where(self, chosen: Flags) -> "Decisions":
        return Decisions(
            self.account[chosen], self.due[chosen], self.decided[chosen], self.outcome[chosen], self.arr[chosen]
        )


class Answers(NamedTuple):
    """Answers of people in the span, one row each."""

    account: Ints
    score: Floats


class SpanFigures:
    """From the beginning of day `first` to the end of day `last` (UTC; whole days since the epoch).

    `live_scores` are the accounts' scores now, if the span ends today: an entry's score may be older.
    """

    def __init__(
        self,
        view: EntryView,
        rules: KpiRules,
        first: int,
        last: int,
        *,
        live_scores: Floats | None = None,
    ) -> None:
        self.view = view
        self.rules = rules
        self.first = first
        self.last = last
        self._live_scores = live_scores
        self._at_end: dict[str, Floats] = {}
        self._last_answers: dict[str, Answers] = {}
        self._revenue: dict[int, tuple[Flags, Floats]] = {}

    # --- Who is a customer, and what they pay -------------------------------------------------------------------

    @cached_property
    def customers_before(self) -> Flags:
        """Who was a customer when the span began."""
        return self._revenue_on(self.first - 1)[0]

    @cached_property
    def customers(self) -> Flags:
        """Who is a customer when the span ends."""
        return self._revenue_on(self.last)[0]

    @cached_property
    def arr_before(self) -> Floats:
        """What customers paid when the span began: 0 for others, NaN if it is not known."""
        return self._revenue_on(self.first - 1)[1]

    @cached_property
    def arr(self) -> Floats:
        """What customers pay when the span ends: 0 for others, NaN if it is not known."""
        return self._revenue_on(self.last)[1]

    @cached_property
    def roots(self) -> Ints:
        """The account as which each one goes on at the end of the span. Later merges change nothing of it."""
        return self.view.roots(self.last)

    @cached_property
    def started(self) -> Flags:
        """The customers of the beginning, as the accounts that they go on as; without those that an erasure ended."""
        found = np.zeros(self.view.size, dtype=bool)
        found[self.roots[self.customers_before]] = True
        return found & ~self.erased

    @cached_property
    def arr_started(self) -> Floats:
        """What those of `started` paid when the span began."""
        paid = np.nan_to_num(np.where(self.customers_before, self.arr_before, 0.0))
        return np.where(self.started, added_up(self.roots, paid, self.view.size), 0.0)

    @cached_property
    def arr_kept(self) -> Floats:
        """What those of `started` pay when the span ends. An amount that is not known any more stays as it was."""
        return np.where(self.started, np.where(np.isnan(self.arr), self.arr_started, self.arr), 0.0)

    @cached_property
    def erased(self) -> Flags:
        """Accounts that were erased by the end, and had not left before: they neither stayed nor left."""
        revenue = self.view.revenue
        return self._at_day(revenue.erased & ~revenue.churned, self.last)

    @cached_property
    def movements(self) -> Movements:
        revenue, size = self.view.revenue, self.view.size
        rows = np.flatnonzero((revenue.day >= self.first) & (revenue.day <= self.last))
        account = revenue.account[rows]
        before = rows - 1
        has_before = (before >= 0) & (revenue.account[before] == account) if len(rows) else np.zeros(0, dtype=bool)
        was = has_before & revenue.customer[before]
        now = revenue.customer[rows]
        arr, arr_before = revenue.arr[rows], np.where(was, revenue.arr[before], 0.0)
        change = np.where(was & now, arr - arr_before, np.nan)
        seats, seats_before = revenue.seats[rows], np.where(has_before, revenue.seats[before], np.nan)
        # A comparison with an amount that is not known is false.
        grew = change > 0.0
        more_seats = grew & (seats > seats_before)
        is_new = now & ~was & revenue.first[rows]
        is_lost = was & ~now & revenue.churned[rows]
        merged = np.flatnonzero(was & ~now & revenue.merged[rows] & ~revenue.churned[rows] & ~revenue.erased[rows])
        grown, taken_over = self._merged_into(account[merged], revenue.day[rows[merged]], arr_before[merged])
        by_merge = grown + taken_over
        new = sum_of(account, is_new, arr, size)
        returned = sum_of(account, now & ~was & ~revenue.first[rows], arr, size)
        # Who goes on as an account that was no customer begins nothing: what it pays more or less is a rise or a fall.
        goes_on = (taken_over > 0.0) & (new + returned > 0.0)
        change_of_those = np.where(goes_on, new + returned - taken_over, 0.0)
        return Movements(
            new=np.where(goes_on, 0.0, new),
            returned=np.where(goes_on, 0.0, returned),
            expansion=np.maximum(sum_of(account, grew, change, size) - grown, 0.0) + np.maximum(change_of_those, 0.0),
            contraction=sum_of(account, change < 0.0, -change, size) + np.maximum(-change_of_those, 0.0),
            lost=sum_of(account, is_lost, arr_before, size),
            up_sold=has_any(account, grew & ~more_seats, size) & (by_merge == 0.0),
            cross_sold=has_any(account, more_seats, size) & (by_merge == 0.0),
            churned=has_any(account, is_lost, size),
        )

    def _merged_into(self, account: Ints, day: Ints, arr: Floats) -> tuple[Floats, Floats]:
        """What each account has of those merged into it: if it was a customer before, and if it was none."""
        pairs = zip(account.tolist(), day.tolist(), strict=True)
        into = np.array([self.view.root(each, on) for each, on in pairs], dtype=np.int64)
        rows = self.view.revenue_rows(into, day - 1)
        was = (rows >= 0) & self.view.revenue.customer[rows] if len(into) else np.zeros(0, dtype=bool)
        return sum_of(into, was, arr, self.view.size), sum_of(into, ~was, arr, self.view.size)

    @cached_property
    def revenue_so_far(self) -> Floats:
        """What each customer has paid and will have paid by the end of its contract, summed over the days.

        A contract without a known end counts up to the end of the span.
        """
        revenue, rows = self.view.revenue, self._rows_so_far
        account, arr = revenue.account[rows], np.nan_to_num(revenue.arr[rows])
        is_last = np.append(account[1:] != account[:-1], True)[: len(account)]
        to_come = np.where(is_last & revenue.customer[rows], np.fmax(revenue.end[rows] - self.last, 0.0), 0.0)
        return added_up(self.roots[account], arr * (self._days_of_rows + to_come) / 365.25, self.view.size)

    @cached_property
    def lifetime_days(self) -> Floats:
        """On how many days each customer was one by the end of the span; NaN if it never was, or goes on as another."""
        revenue, rows = self.view.revenue, self._rows_so_far
        chosen = np.flatnonzero(revenue.customer[rows])
        root, begin = self.roots[revenue.account[rows[chosen]]], revenue.day[rows[chosen]].astype(np.float64)
        days = days_covered(root, begin, begin + self._days_of_rows[chosen], self.view.size)
        return np.where(days > 0.0, days, np.nan)

    @cached_property
    def _rows_so_far(self) -> Ints:
        """The rows of revenue up to the end of the span."""
        return np.flatnonzero(self.view.revenue.day <= self.last)

    @cached_property
    def _days_of_rows(self) -> Floats:
        """For how many days each of these rows holds: until the account's next one, or the end of the span."""
        account, day = self.view.revenue.account[self._rows_so_far], self.view.revenue.day[self._rows_so_far]
        is_last = np.append(account[1:] != account[:-1], True)[: len(account)]
        until = np.where(is_last, self.last + 1, np.append(day[1:], 0)[: len(day)])
        return (until - day).astype(np.float64)

    # --- Onboarding ---------------------------------------------------------------------------------------------

    @cached_property
    def onboards(self) -> Flags:
        """Accounts that ever were a customer, and do not go on as another one."""
        revenue = self.view.revenue
        is_root: Flags = self.roots == np.arange(self.view.size)
        return is_root & has_any(self.roots[revenue.account], revenue.customer, self.view.size)

    @cached_property
    def start_days(self) -> Floats:
        """When each customer began: the first of the accounts that were merged into it."""
        return self._least(self.view.start_days)

    @cached_property
    def is_new(self) -> Flags:
        """Who became a customer in the span."""
        return self.onboards & (self.start_days >= self.first) & (self.start_days <= self.last)

    @cached_property
    def value_reached(self) -> Floats:
        """When each customer reached first value (seconds); infinity if it did not by the end of the span."""
        if self.rules.value is None:
            return np.full(self.view.size, np.inf)
        return self._reached(self.rules.value)

    @cached_property
    def onboarding_due(self) -> Floats:
        """The day on which the last step of onboarding is due; NaN without a start or without steps."""
        dues = [self._due(step) for step in self.rules.steps]
        if not dues:
            return np.full(self.view.size, np.nan)
        # A step is over at a moment: the day before is the last one.
        last: Floats = np.ceil(np.max(dues, axis=0) / DAY) - 1
        return last

    @cached_property
    def onboarded_on_time(self) -> Flags:
        """Whether every step of onboarding was reached before it was due."""
        found = np.ones(self.view.size, dtype=bool)
        for step in self.rules.steps:
            found &= self._reached(step) < self._due(step)
        return found

    def _reached(self, step: str) -> Floats:
        moments = self._least(self.view.first_moments(f"{REACHED_OF}{step}"))
        return np.where(moments < (self.last + 1) * DAY, moments, np.inf)

    def _due(self, step: str) -> Floats:
        """When the step is over (seconds): as planned, at the end of that day, else as the card says."""
        planned = self.view.values(f"{PLAN_OF}{step}", self.last)
        planned = np.where(np.isnan(planned), self._least(planned), planned)
        by_card = (self.start_days + self.rules.steps[step]) * DAY
        return np.where(np.isnan(planned), by_card, (planned + 1) * DAY)

    # --- Health and answers -------------------------------------------------------------------------------------

    def _least(self, values: Floats) -> Floats:
        """The least value of each customer's accounts, those that were merged into it included; NaN if none has one."""
        found = np.full(self.view.size, np.nan)
        np.fmin.at(found, self.roots, values)
        return found

    @cached_property
    def scores(self) -> Floats:
        """The last known score of each account; NaN if none is known."""
        noted = self.view.last_values((SCORE, MONTH_SCORE), self.last)
        return noted if self._live_scores is None else np.where(np.isnan(self._live_scores), noted, self._live_scores)

    def at_end(self, field: str) -> Floats:
        """A field of each account at the end of the span; NaN where it is not known."""
        if field not in self._at_end:
            self._at_end[field] = self.view.values(field, self.last)
        return self._at_end[field]

    @cached_property
    def at_risk(self) -> Flags:
        """Whose band is red or yellow at the end of the span."""
        bands, number = self.at_end(BAND), self.view.text_number
        found: Flags = (bands == number("red")) | (bands == number("yellow"))
        return found

    def last_answers(self, name: str) -> Answers:
        """The last answer of each person in the span; answers of nobody count each."""
        if name not in self._last_answers:
            self._last_answers[name] = self._find_last_answers(name)
        return self._last_answers[name]

    def _find_last_answers(self, name: str) -> Answers:
        answers, person = self.all_answers(name), self.view.column(person_of(name)).value[self._answer_rows(name)]
        numbers = np.arange(len(person))
        # Who is not known gets a number of their own. People have one in each account.
        person = np.where(np.isnan(person), -1.0 - numbers, person).astype(np.int64)
        order = np.lexsort((numbers, person, answers.account))
        account, person = answers.account[order], person[order]
        is_last = np.append((account[1:] != account[:-1]) | (person[1:] != person[:-1]), True)[: len(order)]
        return Answers(account[is_last], answers.score[order][is_last])

    def all_answers(self, name: str) -> Answers:
        column, rows = self.view.column(name), self._answer_rows(name)
        return Answers(column.account[rows], column.value[rows])

    def _answer_rows(self, name: str) -> Ints:
        at = self.view.column(name).at
        return np.flatnonzero((at >= self.first * DAY) & (at < (self.last + 1) * DAY))

    # --- Decisions ----------------------------------------------------------------------------------------------

    @cached_property
    def due(self) -> Decisions:
        """The terms that end in the span, whenever they were decided."""
        terms = self._decisions
        return terms.where((terms.due >= self.first) & (terms.due <= self.last))

    @cached_property
    def in_danger(self) -> Decisions:
        """The decisions made in the span by customers who had been red or leaving in the days before."""
        terms = self._decisions
        made = terms.where((terms.decided >= self.first) & (terms.decided <= self.last))
        red = _was(self.view, BAND, "red", made)
        leaving = _was(self.view, "status", "leaving", made)
        return made.where(red | leaving)

    @cached_property
    def _decisions(self) -> Decisions:
        terms = self.view.terms
        # The day before: what was paid before the decision.
        days = np.where(terms.outcome == TermOutcome.OPEN, self.last, terms.decided - 1)
        rows = self.view.revenue_rows(terms.account, days)
        arr = self.view.revenue.arr
        known = np.where(rows >= 0, arr[rows], 0.0) if len(arr) else np.zeros(len(rows))
        found = Decisions(terms.account, terms.due, terms.decided, terms.outcome, np.nan_to_num(known))
        # A term that nobody will decide any more: the account it goes on as has one of its own, or it was erased.
        revenue = self.view.revenue
        gone = self._at_day(revenue.merged | revenue.erased, LAST_DAY)
        return found.where((terms.outcome != TermOutcome.OPEN) | ~gone[terms.account])

    def _at_day(self, flags: Flags, day: int) -> Flags:
        """Of each account the flag of its row of revenue at the end of a day; false where there is none."""
        if len(flags) == 0:
            return np.zeros(self.view.size, dtype=bool)
        rows = self.view.revenue_rows(np.arange(self.view.size), np.full(self.view.size, day))
        return np.where(rows >= 0, flags[rows], False)

    def _revenue_on(self, day: int) -> tuple[Flags, Floats]:
        """Who is a customer at the end of a day, and what each pays."""
        if day not in self._revenue:
            self._revenue[day] = self._find_revenue(day)
        return self._revenue[day]

    def _find_revenue(self, day: int) -> tuple[Flags, Floats]:
        size, revenue = self.view.size, self.view.revenue
        if len(revenue.account) == 0:
            return np.zeros(size, dtype=bool), np.zeros(size)
        rows = self.view.revenue_rows(np.arange(size), np.full(size, day))
        return (rows >= 0) & revenue.customer[rows], np.where(rows >= 0, revenue.arr[rows], 0.0)


def _was(view: EntryView, field: str, text: str, made: Decisions) -> Flags:
    """Whether the field had this text at some time in the DANGER_DAYS before the decision was made."""
    column = view.column(field)
    if len(column.place) == 0 or len(made.account) == 0:
        return np.zeros(len(made.account), dtype=bool)
    is_it = column.value == view.text_number(text)
    so_far = np.append(0, np.cumsum(is_it))
    # Rows are by account and event time, so the rows of an account within two days are neighbours.
    span = 1 << 22
    key = column.account * span + np.clip(column.at // DAY, 0, span - 1).astype(np.int64)
    before = np.searchsorted(key, made.account * span + made.decided - DANGER_DAYS, side="left")
    # What the decision itself brings is of its day: who ended a contract is not leaving any more.
    until = np.searchsorted(key, made.account * span + made.decided, side="left")
    within = so_far[np.maximum(until, before)] - so_far[before] > 0
    stood = (before > 0) & (column.account[before - 1] == made.account) & is_it[before - 1]
    found: Flags = within | stood
    return found
