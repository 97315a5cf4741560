"""Guarantee 7, on a broker and in processes: what stands after an import is one message per person."""

import pytest
from msgspec.structs import replace

from alerts.decisions.reasons import DecisionReason
from common.contracts.signals import Kind, Signal
from support.alerting import Alerting, red

GATHER = 3.0
CROWD = 60


def first_look(account_id: str) -> Signal:
    return replace(red(account_id), kind=Kind.FIRST_LOOK)


@pytest.mark.parametrize("dies", [False, True])
async def test_an_import_is_one_message_whoever_dies_before_it_goes_out(alerting: Alerting, *, dies: bool) -> None:
    """The accounts are in all partitions, a person's timer in one of them, the replicas share both.

    Half of the accounts lead to Slack, the others to a mailbox.
    """
    await alerting.up(2, ALERTS_GATHER_SECONDS=str(GATHER))
    accounts = [f"import-{n:03d}" for n in range(CROWD)]
    await alerting.tell(*(first_look(name) for name in accounts))
    await alerting.decided()
    assert alerting.office.messages == 0
    if dies:
        alerting.system.the("alerts").kill()
    await alerting.told(2)
    await alerting.holds("SELECT count(*) FROM alerts.gathering", [(0,)])
    await alerting.quiet()
    assert (len(alerting.office.slack.posts.all), len(alerting.office.mail.mails.all)) == (1, 1)
    reasons = [DecisionReason.GATHERED.value, DecisionReason.FIRST_LOOK.value]
    for name in accounts:
        assert await alerting.decisions(name) == reasons
    assert await alerting.system.rows("SELECT * FROM alerts.timer") == []
