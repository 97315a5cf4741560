"""What a half year came to: what people read, how much of it, and what was caught. In lines on a terminal."""

from collections.abc import Mapping

from alerts.channels.registry import Channel
from alerts.decisions.reasons import DecisionReason
from local import show, telling, verdicts
from local.choosing import chosen
from local.halfyear import HalfYear
from local.stories import CAST, DAYS, Story
from local.telling import Readers
from local.terminal import Terminal
from local.verdicts import Truth
from local.world import World, moment


def findings(world: World, found: HalfYear, readers: Readers, terminal: Terminal) -> None:
    truths = {customer.account_id: _truth(world, number) for number, customer in enumerate(world.customers)}
    _what_they_read(truths, found, readers, terminal)
    _how_much(found, readers, terminal)
    _what_was_caught(truths, found, terminal)


def _what_they_read(truths: Mapping[str, Truth], found: HalfYear, readers: Readers, terminal: Terminal) -> None:
    told = telling.by_story(
        (one for one in found.told if telling.of_trouble(one, truths[one.account_id])),
        {account_id: truth.story for account_id, truth in truths.items()},
    )
    # A recovery is told by its end.
    told.get(Story.RECOVERY, []).sort(key=lambda one: one.reason is not DecisionReason.RECOVERED)
    picked = chosen(
        {story: told[story] for story in CAST if story in told},
        [
            lambda one: one.message.channel is Channel.EMAIL,
            lambda one: one.message.channel is Channel.SLACK,
            lambda one: readers.language(one.message) == "ja",
            lambda one: one.reason is DecisionReason.RECOVERED,
        ],
    )
    terminal.headline("What the CSMs read: a message of each story, as its reader sees it.")
    for story, one in picked.items():
        terminal.line()
        terminal.line(f"{story}, {telling.when(one, truths[one.account_id])}. {readers.greeting(one.message)}")
        for text in telling.framed(one.message):
            terminal.line(text)


def _how_much(found: HalfYear, readers: Readers, terminal: Terminal) -> None:
    terminal.headline("How much they read, and why they were spared the rest, from the API of alerts.")
    for text in (
        *telling.summary(found.told, found.alerts),
        "",
        *telling.burden(found.told, readers, weeks=DAYS / 7),
        "",
        *telling.unsaid(found.alerts),
        *telling.hurried(found.alerts, day=found.played.posting / DAYS),
    ):
        terminal.line(text)


def _what_was_caught(truths: Mapping[str, Truth], found: HalfYear, terminal: Terminal) -> None:
    stories = {truth.account_id: truth.story + (" (left)" if truth.leaves else "") for truth in truths.values()}
    judged = verdicts.verdicts(truths.values(), verdicts.alarms_by_account(found.played.signals))
    terminal.headline("How every account reads on the last day, from scoring's API, the worst first.")
    for text in show.accounts(found.accounts, stories):
        terminal.line(text)
    terminal.headline("What was caught: an alarm after the trouble began and before notice was given.")
    for text in show.stories(verdicts.by_story(judged)):
        terminal.line(text)
    for text in show.summary(judged, verdicts.false_alarms(judged)):
        terminal.line(text)


def _truth(world: World, number: int) -> Truth:
    customer = world.customers[number]
    plot = customer.plot
    return Truth(
        account_id=customer.account_id,
        name=customer.name,
        story=plot.story,
        trouble=None if plot.trouble is None else moment(world, plot.trouble),
        leaves=None if plot.leaves is None else moment(world, plot.leaves),
    )
