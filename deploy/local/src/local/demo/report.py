"""What a half year came to: what people read, how much of it, and what was caught. In lines on a terminal."""

from collections.abc import Mapping

from alerts.channels.registry import Channel
from alerts.decisions.reasons import DecisionReason
from local.demo import detection, messages, tables
from local.demo.dataset import Dataset, moment
from local.demo.detection import GroundTruth
from local.demo.messages import Recipients
from local.demo.scenarios import DAYS, SCENARIOS, ScenarioKind
from local.demo.selection import select
from local.demo.simulated_time import SimulatedResult
from local.replay.evaluation import alarms_by_account
from local.terminal import Terminal


def print_report(dataset: Dataset, found: SimulatedResult, recipients: Recipients, terminal: Terminal) -> None:
    truths = {customer.account_id: _truth(dataset, number) for number, customer in enumerate(dataset.customers)}
    _what_they_read(truths, found, recipients, terminal)
    _how_much(found, recipients, terminal)
    _what_was_caught(truths, found, terminal)


def _what_they_read(
    truths: Mapping[str, GroundTruth], found: SimulatedResult, recipients: Recipients, terminal: Terminal
) -> None:
    delivered = messages.by_scenario(
        (one for one in found.delivered if messages.of_trouble(one, truths[one.account_id])),
        {account_id: truth.scenario for account_id, truth in truths.items()},
    )
    # A recovery is told by its end.
    delivered.get(ScenarioKind.RECOVERY, []).sort(key=lambda one: one.reason is not DecisionReason.RECOVERED)
    picked = select(
        {scenario: delivered[scenario] for scenario in SCENARIOS if scenario in delivered},
        [
            lambda one: one.message.channel is Channel.EMAIL,
            lambda one: one.message.channel is Channel.SLACK,
            lambda one: recipients.language(one.message) == "ja",
            lambda one: one.reason is DecisionReason.RECOVERED,
        ],
    )
    terminal.headline("What the CSMs read: a message of each story, as its reader sees it.")
    for scenario, one in picked.items():
        terminal.line()
        terminal.line(f"{scenario}, {messages.when(one, truths[one.account_id])}. {recipients.greeting(one.message)}")
        for text in messages.framed(one.message):
            terminal.line(text)


def _how_much(found: SimulatedResult, recipients: Recipients, terminal: Terminal) -> None:
    terminal.headline("How much they read, and why they were spared the rest, from the API of alerts.")
    for text in (
        *messages.summary(found.delivered, found.alerts),
        "",
        *messages.burden(found.delivered, recipients, weeks=DAYS / 7),
        "",
        *messages.unsaid(found.alerts),
        *messages.hurried(found.alerts, day=found.played.posting / DAYS),
    ):
        terminal.line(text)


def _what_was_caught(truths: Mapping[str, GroundTruth], found: SimulatedResult, terminal: Terminal) -> None:
    scenarios = {truth.account_id: truth.scenario + (" (left)" if truth.leaves else "") for truth in truths.values()}
    judged = detection.detect_all(truths.values(), alarms_by_account(found.played.signals))
    terminal.headline("How every account reads on the last day, from scoring's API, the worst first.")
    for text in tables.accounts(found.accounts, scenarios):
        terminal.line(text)
    terminal.headline("What was caught: an alarm after the trouble began and before notice was given.")
    for text in tables.scenarios(detection.by_scenario(judged)):
        terminal.line(text)
    for text in tables.summary(judged, detection.false_alarms(judged)):
        terminal.line(text)


def _truth(dataset: Dataset, number: int) -> GroundTruth:
    customer = dataset.customers[number]
    scenario = customer.scenario
    return GroundTruth(
        account_id=customer.account_id,
        name=customer.name,
        scenario=scenario.kind,
        trouble=None if scenario.trouble is None else moment(dataset, scenario.trouble),
        leaves=None if scenario.leaves is None else moment(dataset, scenario.leaves),
    )
