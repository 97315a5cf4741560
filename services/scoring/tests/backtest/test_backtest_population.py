"""Who was there, who was silent, who left: counted by hand."""

from math import inf

import numpy as np

from scoring.backtest.measuring.population import half_of, is_activity, observe, populate
from support.recorded import USED, event, recorded


def test_a_churn_is_confirmed_on_the_28th_day_of_a_silence_or_by_the_decision() -> None:
    population = populate(
        recorded(
            {
                "stays": range(60),
                "goes": [0, 5, 10],  # silent from day 11 on: day 38 is the 28th
                "pauses": [0, 27, 55],  # 26 and 27 days without activity, then 4 up to the end
                "comes back": [0, 28, 56],  # twice silent for 27 days
                "too late": [0, 29, 59],  # silent from day 1 to 28: on date 29 that is certain
                "decides": range(60),
                "decides first": [0, 5, 10],
                "never": [],  # silent from the day after its birth
            },
            days=60,
            left={"decides": 20, "decides first": 30},
        ),
        {USED},
    )

    confirmed = dict(zip(population.account_ids, population.confirmed.tolist(), strict=True))
    assert confirmed == {
        "stays": inf,
        "goes": 39,
        "pauses": inf,
        "comes back": inf,
        "too late": 29,
        "decides": 20,
        "decides first": 30,
        "never": 29,
    }


def test_who_is_present_can_be_alerted_from_day_14_until_a_churn_is_confirmed() -> None:
    population = populate(recorded({"stays": range(60), "goes": [0, 5, 10]}, days=60), {USED})

    assert list(population.alert_dates()) == list(range(14, 61))
    assert population.present(38).tolist() == [True, True]
    assert population.present(39).tolist() == [True, False]
    # 47 dates for the one (14 to 60), 25 (14 to 38) for the other.
    assert population.weeks() == (47 + 25) / 7
    assert population.churned.tolist() == [False, True]


def test_a_churn_that_no_alert_can_precede_by_14_days_does_not_count() -> None:
    population = populate(recorded({"first": range(60), "last": range(60)}, days=60, left={"first": 27}), {USED})

    assert population.churned.tolist() == [False, False]


def test_accounts_are_observed_every_7_days_while_they_are_not_yet_silent() -> None:
    population = populate(
        recorded({"stays": range(70), "goes": range(21), "leaves": range(70)}, days=70, left={"leaves": 40}), {USED}
    )

    observations = observe(population)

    # 14, 21, 28, 35, 42: the next 28 days of all of them are recorded.
    seen = list(zip(observations.account.tolist(), observations.date.tolist(), strict=True))
    stays, goes, leaves = 0, 1, 2
    assert seen == [
        *((account, 14) for account in (stays, goes, leaves)),
        *((account, 21) for account in (stays, goes, leaves)),
        *((account, 28) for account in (stays, goes, leaves)),
        (stays, 35),  # the other one's last activity was on day 20: on date 35 that is 15 days ago
        (leaves, 35),
        (stays, 42),
    ]
    silent = {one for one, silent in zip(seen, observations.silent.tolist(), strict=True) if silent}
    # On date 14 it was to come for another week.
    assert silent == {(goes, 21), (goes, 28)}
    decided = {one for one, decided in zip(seen, observations.decided.tolist(), strict=True) if decided}
    # The decision on day 40 lies within the 28 days from date 14 on, and is not yet over on date 35.
    assert decided == {(leaves, 14), (leaves, 21), (leaves, 28), (leaves, 35)}


def test_what_the_back_office_records_is_no_activity() -> None:
    names = ("session.started", "ticket.opened", "nps.answered", "account.updated", "milestone.planned", "invoice.paid")
    of_the_vendor = ("email.sent", "integration.synced", "ticket.resolved")

    assert [name for name in names if is_activity(name)] == ["session.started", "ticket.opened", "nps.answered"]
    assert not [name for name in of_the_vendor if is_activity(name)]
    assert is_activity("email.opened")


def test_an_event_that_people_did_not_do_ends_no_silence() -> None:
    reminder = event("goes", 30, "invoice.sent")
    population = populate(recorded({"goes": [0, 5]}, days=60, more=[reminder]), {USED})

    assert population.confirmed.tolist() == [34]


def test_the_halves_are_those_of_crc32() -> None:
    assert [half_of(f"account-{number}") for number in range(8)] == [0, 0, 0, 0, 1, 1, 1, 1]
    assert half_of("123456789") == 0xCBF43926 % 2


def test_some_accounts_alone_are_what_they_were_among_all() -> None:
    everybody = populate(recorded({"a": range(60), "b": [0, 5], "c": range(50)}, days=60, left={"c": 40}), {USED})

    some = everybody.of(np.asarray([2, 1]))

    assert some.account_ids == ("c", "b")
    assert some.confirmed.tolist() == [40, 34]
    assert some.counts.sum() == 52
