"""What to try on a world that stays up."""

from common.contracts.signals import Severity
from local.demo.dataset import build_dataset
from local.demo.serve import account_to_lose, alert_to_ask, to_try
from local.demo.simulated_time import SimulatedResult
from local.demo.tables import AccountListing as Account
from local.replay.playback import PlaybackResult
from local.stack.servers import LOCAL
from support.notices import listed, notification

RED = listed(notification("n1"), account="cust-007", to="red")
KEPT = listed(account="cust-007", to="gone_quiet")
GREEN = Account("cust-002", "Cedar Labs", "low", 90.0, "green", ())
TECH = Account("cust-003", "Elm Bank", "tech", 97.0, "green", ())


def test_the_alert_to_ask_about_was_told_and_its_account_was_not_caught_up() -> None:
    other = listed(notification("n2"), account="cust-008", to="red")
    flag = listed(notification("n3"), account="cust-009", to="late", severity=Severity.WARNING)

    assert alert_to_ask([KEPT, RED, other, flag]) is RED
    assert alert_to_ask([RED, other, flag]) is other
    assert alert_to_ask([flag]) is flag


def test_the_account_to_lose_has_somebody_who_is_told() -> None:
    assert account_to_lose([GREEN, TECH]) is GREEN
    assert account_to_lose([TECH]) is TECH


def test_every_line_names_what_is_there() -> None:
    found = SimulatedResult(PlaybackResult([], 0, 1.0, 1.0), [], [KEPT, RED], [GREEN, TECH], 1.0)

    lines = to_try(build_dataset(7, accounts=8), found, LOCAL / "demo-1" / "env")

    text = "\n".join(lines)
    assert lines[0] == "  set -a; . .local/demo-1/env; set +a"
    assert "$SCORING_URL/v1/accounts/cust-007/history" in text
    assert f"$ALERTS_URL/v1/alerts/{RED.id}/ack" in text
    assert "alerts?account=cust-007&told=false" in text
    assert "alerts routes test cust-007" in text
    assert '"account_id": "cust-002", "name": "contract.cancel_requested", "time": "2025-07-07T09:00:00Z"' in text
